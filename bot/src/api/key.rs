//! The bot's own key, and the short assertion that it signs to get a token.
//!
//! Invariants: an assertion lives 60 seconds at most and carries an id of its own, so that the service can refuse
//! its second use; the key never appears in a log (its `Debug` is blind).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// Who the bot says it is.
const BOT: &str = "tillwatch-bot";
/// Whom the assertion is for.
const SERVICE: &str = "tillwatch";
/// Seconds that an assertion lives.
const LIFETIME: i64 = 55;
/// What stands before the 32 bytes of the seed in a PKCS#8 v1 document of an Ed25519 key (RFC 8410, section 7):
/// a sequence of 46 bytes, version 0, the algorithm 1.3.101.112, and the seed as an octet string in an octet string.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The bot's Ed25519 private key.
#[derive(Clone)]
pub struct BotKey(EncodingKey);

/// Text that is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bot's key must be 32 bytes in base64 (44 characters, or 43 without the padding)")]
pub struct BadKey;

/// What an assertion claims (RFC 7523).
#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    sub: &'static str,
    aud: &'static str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl BotKey {
    /// The key of this seed: the 32 bytes of RFC 8032 from which key and signature are derived.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let mut document = [0_u8; 48];
        let (prefix, rest) = document.split_at_mut(PKCS8.len());
        prefix.copy_from_slice(&PKCS8);
        rest.copy_from_slice(&seed);
        Self(EncodingKey::from_ed_der(&document))
    }

    /// The key whose seed this text is, in base64 or base64url, with or without padding.
    pub fn from_base64(text: &str) -> Result<Self, BadKey> {
        let text = text.trim().trim_end_matches('=');
        let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).map_err(|_| BadKey)?;
        bytes.try_into().map(Self::from_seed).map_err(|_| BadKey)
    }

    /// A signed assertion, good from `now` for less than a minute.
    pub(super) fn assertion(&self, now: DateTime<Utc>) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.timestamp();
        let jti = uuid::Uuid::now_v7().simple().to_string();
        let claims = Claims { iss: BOT, sub: BOT, aud: SERVICE, iat, exp: iat + LIFETIME, jti };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.0)
    }
}

impl std::fmt::Debug for BotKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BotKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};

    /// The first test vector of RFC 8032, section 7.1.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn an_assertion_verifies_with_the_seeds_public_key_and_lives_under_a_minute() {
        let now = Utc::now();
        let token = BotKey::from_base64(SEED).unwrap().assertion(now).unwrap();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[SERVICE]);
        rules.set_issuer(&[BOT]);
        let read = jsonwebtoken::decode::<serde_json::Value>(
            &token,
            &DecodingKey::from_ed_components(PUBLIC).unwrap(),
            &rules,
        );
        let claims = read.unwrap().claims;
        assert_eq!(claims["sub"], BOT);
        assert!(claims["exp"].as_i64().unwrap() - now.timestamp() <= 60);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
    }

    #[test]
    fn two_assertions_of_one_second_have_ids_of_their_own() {
        let (key, now) = (BotKey::from_seed([7; 32]), Utc::now());
        assert_ne!(key.assertion(now).unwrap(), key.assertion(now).unwrap());
    }

    #[test]
    fn a_key_of_a_wrong_length_is_refused_and_a_key_is_never_printed() {
        assert!(BotKey::from_base64("c2hvcnQ=").is_err());
        assert!(BotKey::from_base64("not base64!").is_err());
        assert_eq!(format!("{:?}", BotKey::from_base64(SEED).unwrap()), "BotKey(…)");
        let url = SEED.replace('+', "-").replace('/', "_");
        assert!(BotKey::from_base64(url.trim_end_matches('=')).is_ok());
    }
}
