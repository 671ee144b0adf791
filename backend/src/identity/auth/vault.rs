//! Secrets that must be read again, sealed at rest: `XChaCha20-Poly1305` under a key derived from `SECRET_KEY`.
//!
//! What is sealed is bound to its owner, so that a row moved to another login opens nothing. While `SECRET_KEY` is
//! rotated the key before opens still, and a sweep seals anew what it finds (`auth/jobs.rs`).

use crate::error::{Error, Result};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Bytes of the nonce, which stands before what it sealed.
const NONCE: usize = 24;

/// A sealed secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
    /// The id of the key.
    pub with: String,
}

/// The keys that seal and open.
pub struct Vault {
    keys: Vec<(String, XChaCha20Poly1305)>,
}

impl Vault {
    /// The vault of a key, and of the one before.
    pub fn new(current: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        let key = |key: &[u8; 32]| (id(key), XChaCha20Poly1305::new(key.into()));
        Self { keys: std::iter::once(current).chain(previous).map(key).collect() }
    }

    /// The id of the key that seals.
    pub fn current(&self) -> &str {
        self.keys.first().map_or("", |(id, _)| id)
    }

    /// Seals `secret` for `owner`.
    ///
    /// # Errors
    /// When the cipher refuses.
    pub fn seal(&self, owner: Uuid, secret: &[u8]) -> Result<Sealed> {
        let (with, key) = self.keys.first().ok_or_else(|| Error::internal("a vault without a key"))?;
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        let sealed = key.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::internal("cannot seal"))?;
        Ok(Sealed { bytes: [nonce.as_slice(), &sealed].concat(), with: with.clone() })
    }

    /// Opens what was sealed for `owner`; nothing when no key of ours has sealed it, or it was changed.
    pub fn open(&self, owner: Uuid, sealed: &Sealed) -> Option<Vec<u8>> {
        let (_, key) = self.keys.iter().find(|(id, _)| *id == sealed.with)?;
        let (nonce, sealed) = sealed.bytes.split_first_chunk::<NONCE>()?;
        key.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: owner.as_bytes() }).ok()
    }
}

/// What names a key without telling it.
fn id(key: &[u8; 32]) -> String {
    let digest = Sha256::new().chain_update(b"vault key id").chain_update(key).finalize();
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_alone() {
        let (vault, owner) = (Vault::new(&[1; 32], None), Uuid::now_v7());
        let sealed = vault.seal(owner, b"a secret of ours").unwrap();
        assert!(!sealed.bytes.windows(6).any(|part| part == b"secret"));
        assert_eq!(vault.open(owner, &sealed).unwrap(), b"a secret of ours");
        assert_eq!(vault.open(Uuid::now_v7(), &sealed), None, "moved to another login");
        let mut changed = sealed.clone();
        changed.bytes[30] ^= 1;
        assert_eq!(vault.open(owner, &changed), None);
        changed.bytes.truncate(10);
        assert_eq!(vault.open(owner, &changed), None);
        assert_ne!(vault.seal(owner, b"a secret of ours").unwrap(), sealed, "no nonce is used twice");
    }

    #[test]
    fn the_key_before_opens_and_the_present_one_seals() {
        let (before, owner) = (Vault::new(&[1; 32], None), Uuid::now_v7());
        let sealed = before.seal(owner, b"secret").unwrap();
        let rotated = Vault::new(&[2; 32], Some(&[1; 32]));
        assert_eq!(rotated.open(owner, &sealed).unwrap(), b"secret");
        assert_eq!(rotated.seal(owner, b"secret").unwrap().with, rotated.current());
        assert_ne!(sealed.with, rotated.current());
        assert_eq!(Vault::new(&[2; 32], None).open(owner, &sealed), None, "the key before is gone");
    }
}
