//! Access tokens (RFC 9068, `EdDSA`) and the bot's assertions. One algorithm is pinned; `typ` and `kid` are required;
//! key addresses in the header are never followed.

use super::keys::{Keys, public_key};
use crate::error::{Error, Result};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{SessionId, StaffId, TenantId};

/// How long an access token works, in seconds.
pub const ACCESS_SECONDS: u32 = 600;
const ISSUER: &str = "tillwatch";
const AUDIENCE: &str = "tillwatch-api";
const TYPE: &str = "at+jwt";
const BOT: &str = "tillwatch-bot";
/// Clocks may differ by so much.
const LEEWAY: u64 = 5;

/// A signed statement of the service, which opens nothing: its type is another than an access token's.
#[derive(Clone, Copy, Debug)]
pub enum DocumentKind {
    /// A certificate of erasure.
    Erasure,
}

impl DocumentKind {
    const fn typ(self) -> &'static str {
        match self {
            Self::Erasure => "tillwatch-erasure+jwt",
        }
    }
}

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The staff, or the bot.
    pub sub: String,
    /// The session; absent for the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The retailer; absent for the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<TenantId>,
    iat: i64,
    nbf: i64,
    /// Unix time at which it stops working.
    pub exp: i64,
}

impl Claims {
    /// Whether the bot itself holds the token.
    pub fn is_bot(&self) -> bool {
        self.sub == BOT && self.sid.is_none() && self.tid.is_none()
    }
}

impl Keys {
    /// An access token for a staff's session.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn access_token(
        &self,
        tenant: TenantId,
        staff: StaffId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.sign(staff.to_string(), Some(session), Some(tenant), now)
    }

    /// An access token for the bot.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn bot_token(&self, now: DateTime<Utc>) -> Result<String> {
        self.sign(BOT.to_owned(), None, None, now)
    }

    fn sign(&self, sub: String, sid: Option<SessionId>, tid: Option<TenantId>, now: DateTime<Utc>) -> Result<String> {
        let iat = now.timestamp();
        let exp = iat + i64::from(ACCESS_SECONDS);
        let claims = Claims { iss: ISSUER.into(), aud: AUDIENCE.into(), sub, sid, tid, iat, nbf: iat, exp };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = self.verifying.first().map(|key| key.kid.clone());
        encode(&header, &claims, &self.signing).map_err(Error::internal)
    }

    /// A signed statement of the service, with the key that is published first.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn document(&self, kind: DocumentKind, claims: &impl Serialize) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.typ().to_owned());
        header.kid = self.verifying.first().map(|key| key.kid.clone());
        encode(&header, claims, &self.signing).map_err(Error::internal)
    }

    /// What a token says, when it is one of ours and in its time.
    ///
    /// # Errors
    /// 401.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        let invalid = || Error::new(Code::CredentialInvalid, "The access token is not valid. Sign in again.");
        let header = decode_header(token).map_err(|_| invalid())?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
            return Err(invalid());
        }
        let key = self.verifying.iter().find(|key| Some(&key.kid) == header.kid.as_ref()).ok_or_else(invalid)?;
        decode_with(token, &key.key, ISSUER, AUDIENCE).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
                Error::new(Code::CredentialExpired, "The access token has expired. Refresh it.")
            }
            _ => invalid(),
        })
    }
}

fn decode_with(token: &str, key: &DecodingKey, issuer: &str, audience: &str) -> jsonwebtoken::errors::Result<Claims> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[audience]);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    rules.validate_nbf = true;
    rules.leeway = LEEWAY;
    decode::<Claims>(token, key, &rules).map(|data| data.claims)
}

/// What makes an assertion of the bot work once: its id, and until when the id must be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The assertion's `jti`.
    pub id: String,
    /// When the assertion is past believing, our tolerance included.
    pub until: DateTime<Utc>,
}

/// Checks the bot's assertion: signed with its key, for us, at most a minute long, with an id of its own.
///
/// # Errors
/// 401.
pub fn check_assertion(assertion: &str, bot_key: &[u8; 32], now: DateTime<Utc>) -> Result<Once> {
    #[derive(Deserialize)]
    struct Assertion {
        sub: String,
        iat: i64,
        exp: i64,
        jti: String,
    }
    let invalid = || Error::new(Code::CredentialInvalid, "The assertion is not valid for this service's bot key.");
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[BOT]);
    rules.set_audience(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.leeway = LEEWAY;
    let said = decode::<Assertion>(assertion, &public_key(bot_key)?, &rules).map_err(|_| invalid())?.claims;
    let brief = said.exp - said.iat <= 60 && (now.timestamp() - said.iat).abs() <= 90;
    let named = (1..=64).contains(&said.jti.chars().count());
    if said.sub != BOT || !brief || !named {
        return Err(invalid());
    }
    // Twice the tolerance, so that the sweep's clock may differ from ours as well.
    let until =
        DateTime::from_timestamp(said.exp, 0).ok_or_else(invalid)? + TimeDelta::seconds(2 * LEEWAY.cast_signed());
    Ok(Once { id: said.jti, until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::now;

    #[test]
    fn our_own_token_verifies_and_forgeries_do_not() {
        let keys = Keys::new([1; 32], None).unwrap();
        let (tenant, staff, session) = (TenantId::new(), StaffId::new(), SessionId::new());
        let token = keys.access_token(tenant, staff, session, now()).unwrap();
        let claims = keys.verify(&token).unwrap();
        assert_eq!((claims.tid, claims.sid, claims.sub), (Some(tenant), Some(session), staff.to_string()));
        // Another process's key.
        assert!(Keys::new([2; 32], None).unwrap().verify(&token).is_err());
        // After a rotation with the old secret still given, it verifies.
        assert!(Keys::new([2; 32], Some([1; 32])).unwrap().verify(&token).is_ok());
        // Another type of token, another audience, a token from the past.
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = keys.verifying.first().map(|k| k.kid.clone());
        let plain = encode(&header, &claims_with(&keys, &token, |_| ()), &keys.signing).unwrap();
        assert!(keys.verify(&plain).is_err());
        header.typ = Some(TYPE.into());
        let other = encode(&header, &claims_with(&keys, &token, |c| c.aud = "other".into()), &keys.signing).unwrap();
        assert!(keys.verify(&other).is_err());
        let past = claims_with(&keys, &token, |c| c.exp -= 10_000);
        let past = encode(&header, &past, &keys.signing).unwrap();
        assert_eq!(keys.verify(&past).unwrap_err().code, Code::CredentialExpired);
        // HS256 with the public key as the secret.
        let hs = EncodingKey::from_secret(keys.jwks().keys[0].x.as_bytes());
        let mut weak = Header::new(Algorithm::HS256);
        weak.typ = Some(TYPE.into());
        weak.kid.clone_from(&header.kid);
        assert!(keys.verify(&encode(&weak, &claims_with(&keys, &token, |_| ()), &hs).unwrap()).is_err());
    }

    use jsonwebtoken::EncodingKey;

    fn claims_with(keys: &Keys, token: &str, change: impl FnOnce(&mut Claims)) -> Claims {
        let mut claims = keys.verify(token).unwrap();
        change(&mut claims);
        claims
    }
}
