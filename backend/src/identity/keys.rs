//! The process's keys, all derived from one secret by HKDF-SHA-256 (RFC 5869): the signing key of access tokens, the
//! key that refresh tokens' successors are derived with, the key of the bot that runs in this process, the key
//! under which tries to sign in are counted, the one that signs the audit log's seals, and the key of the tokens in mailed
//! links. (What seals secrets at rest has its own key: `platform/sealed.rs`.)
//!
//! While the secret is rotated, the one before is given too: its public key stays published, its tokens verify, and
//! a mail that was written under it is sent with the token that was promised, and a refresh token that it followed is
//! followed by the same one again.

use crate::error::{Error, Result};
use crate::identity::secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest as _, Sha256};
use tillwatch_shared::identity::{Jwk, Jwks};
use tillwatch_shared::ids::{MailId, TenantId};

/// A key that verifies access tokens.
pub struct VerifyingKey {
    /// Its id, from its public half.
    pub kid: String,
    /// The key.
    pub key: DecodingKey,
    public: [u8; 32],
}

/// The process's keys.
pub struct Keys {
    pub(super) signing: EncodingKey,
    pub(super) verifying: Vec<VerifyingKey>,
    /// The present one first.
    refresh: Vec<[u8; 32]>,
    bot_seed: [u8; 32],
    local: [u8; 32],
    tries: [u8; 32],
    audit: ([u8; 32], Option<[u8; 32]>),
    /// The present one first.
    mailed: Vec<[u8; 32]>,
}

impl Keys {
    /// The keys of `secret`, and the verifying key of the one before.
    ///
    /// # Errors
    /// When a key cannot be built.
    pub fn new(secret: [u8; 32], previous: Option<[u8; 32]>) -> Result<Self> {
        let seed = derive(&secret, "access-token-signing")?;
        let mut verifying = vec![verifying_key(&seed)?];
        let mut mailed = vec![derive(&secret, "mailed-links")?];
        let mut refresh = vec![derive(&secret, "refresh-successor")?];
        if let Some(previous) = previous {
            verifying.push(verifying_key(&derive(&previous, "access-token-signing")?)?);
            mailed.push(derive(&previous, "mailed-links")?);
            refresh.push(derive(&previous, "refresh-successor")?);
        }
        Ok(Self {
            signing: signing_key(&seed)?,
            verifying,
            refresh,
            bot_seed: derive(&secret, "bot")?,
            local: derive(&secret, "local-passwords")?,
            tries: derive(&secret, "sign-in-tries")?,
            mailed,
            audit: (
                derive(&secret, "audit-seals")?,
                previous.map(|previous| derive(&previous, "audit-seals")).transpose()?,
            ),
        })
    }

    /// The published keys.
    pub fn jwks(&self) -> Jwks {
        let jwk = |key: &VerifyingKey| Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: URL_SAFE_NO_PAD.encode(key.public),
            kid: key.kid.clone(),
            alg: "EdDSA".into(),
            usage: "sig".into(),
        };
        Jwks { keys: self.verifying.iter().map(jwk).collect() }
    }

    /// The refresh token that follows `token`; always the same one.
    pub fn successor(&self, token: &str) -> String {
        // There is always a present key.
        self.refresh.first().map_or_else(secret::refresh_token, |key| successor(key, token))
    }

    /// As [`Self::successor`], under whichever key gives the token that has this hash.
    pub fn successor_of(&self, token: &str, hash: &[u8]) -> Option<String> {
        let mut successors = self.refresh.iter().map(|key| successor(key, token));
        successors.find(|next| secret::hash(next) == hash)
    }

    /// Under which the tries to sign in with `text` are counted: a keyed hash, so that the count tells nobody which
    /// addresses were tried. `kind` tells e-mail addresses from clients' addresses.
    pub fn tries_key(&self, kind: &str, text: &str) -> [u8; 32] {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.tries) else {
            return Sha256::digest(text.as_bytes()).into();
        };
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The Ed25519 seeds of the audit log's seals: the one that signs, and the one before while it is rotated.
    pub fn audit_seeds(&self) -> ([u8; 32], Option<[u8; 32]>) {
        self.audit
    }

    /// The token of the link in a mail: made from the mail's ids each time it is needed, so that no row holds it.
    pub fn mailed_token(&self, tenant: TenantId, mail: MailId) -> String {
        // There is always a present key.
        self.mailed.first().map_or_else(secret::refresh_token, |key| mailed_token(key, tenant, mail))
    }

    /// As [`Self::mailed_token`], under whichever key gives the token that has this hash.
    pub fn mailed_token_of(&self, tenant: TenantId, mail: MailId, hash: &[u8]) -> Option<String> {
        let mut tokens = self.mailed.iter().map(|key| mailed_token(key, tenant, mail));
        tokens.find(|token| secret::hash(token) == hash)
    }

    /// The private key of the bot that runs in this process.
    pub fn bot_seed(&self) -> [u8; 32] {
        self.bot_seed
    }

    /// A password for something local to this installation: its database's roles, the demo's owners.
    pub fn local_password(&self, purpose: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.local) else {
            return secret::refresh_token();
        };
        mac.update(purpose.as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        secret::legible(&digest, 12)
    }

    /// Its public key.
    pub fn bot_public(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.bot_seed).verifying_key().to_bytes()
    }
}

fn successor(key: &[u8; 32], token: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return secret::refresh_token();
    };
    mac.update(token.as_bytes());
    secret::refresh_from(mac.finalize().into_bytes().into())
}

fn mailed_token(key: &[u8; 32], tenant: TenantId, mail: MailId) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return secret::refresh_token();
    };
    mac.update(tenant.0.as_bytes());
    mac.update(mail.0.as_bytes());
    secret::mailed_from(mac.finalize().into_bytes().into())
}

fn derive(secret: &[u8; 32], purpose: &str) -> Result<[u8; 32]> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"tillwatch"), secret)
        .expand(purpose.as_bytes(), &mut key)
        .map_err(|e| Error::internal(e.to_string()))?;
    Ok(key)
}

fn signing_key(seed: &[u8; 32]) -> Result<EncodingKey> {
    let der = SigningKey::from_bytes(seed).to_pkcs8_der().map_err(Error::internal)?;
    Ok(EncodingKey::from_ed_der(der.as_bytes()))
}

fn verifying_key(seed: &[u8; 32]) -> Result<VerifyingKey> {
    let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
    Ok(VerifyingKey { kid: kid(&public), key: public_key(&public)?, public })
}

/// A public Ed25519 key for verifying.
///
/// # Errors
/// When the bytes are no key.
pub fn public_key(public: &[u8; 32]) -> Result<DecodingKey> {
    DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public)).map_err(Error::internal)
}

fn kid(public: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..9])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_are_published_while_one_is_rotated() {
        let keys = Keys::new([1; 32], Some([2; 32])).unwrap();
        let before = Keys::new([2; 32], None).unwrap();
        assert_eq!(keys.jwks().keys[1], before.jwks().keys[0]);
        assert_ne!(keys.jwks().keys[0], keys.jwks().keys[1]);
    }

    #[test]
    fn a_mail_written_before_a_rotation_keeps_its_token() {
        let (tenant, mail) = (TenantId::new(), MailId::new());
        let token = Keys::new([1; 32], None).unwrap().mailed_token(tenant, mail);
        let hash = secret::hash(&token);
        let rotated = Keys::new([2; 32], Some([1; 32])).unwrap();
        assert_eq!(rotated.mailed_token_of(tenant, mail, &hash), Some(token.clone()));
        assert_ne!(rotated.mailed_token(tenant, mail), token);
        assert_eq!(rotated.mailed_token_of(tenant, MailId::new(), &hash), None);
        assert_eq!(Keys::new([2; 32], None).unwrap().mailed_token_of(tenant, mail, &hash), None);
    }

    #[test]
    fn a_successor_is_always_the_same_and_needs_the_key() {
        let (one, other) = (Keys::new([1; 32], None).unwrap(), Keys::new([2; 32], None).unwrap());
        assert_eq!(one.successor("twr_x"), one.successor("twr_x"));
        assert_ne!(one.successor("twr_x"), other.successor("twr_x"));
    }

    #[test]
    fn a_successor_made_before_a_rotation_is_found_again() {
        let next = Keys::new([1; 32], None).unwrap().successor("twr_x");
        let hash = secret::hash(&next);
        let rotated = Keys::new([2; 32], Some([1; 32])).unwrap();
        assert_ne!(rotated.successor("twr_x"), next);
        assert_eq!(rotated.successor_of("twr_x", &hash), Some(next));
        assert_eq!(rotated.successor_of("twr_y", &hash), None);
        assert_eq!(Keys::new([2; 32], None).unwrap().successor_of("twr_x", &hash), None);
    }
}
