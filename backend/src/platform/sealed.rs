//! Secrets that must be read again are kept sealed: encrypted and bound to their place, under a key that is derived
//! from the process's secret and never stored.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes (draft-irtf-cfrg-xchacha): nonces need no counter. A seal names its
//! tenant, its purpose and its object, so that one that is copied to another row opens nothing. While the secret is
//! rotated, what was sealed under the one before still opens.

use crate::error::{Error, Result};
use crate::platform::hex::hex;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::ids::TenantId;
use uuid::Uuid;

/// The first byte of what this version seals.
const FORM: u8 = 1;
const NONCE: usize = 24;

/// Where a sealed secret belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose it is; `None` for what belongs to a login and so to no retailer.
    pub tenant: Option<TenantId>,
    /// What it is for: a short word of ours.
    pub purpose: &'a str,
    /// The object that has it.
    pub object: Uuid,
}

impl Place<'_> {
    fn text(&self) -> Vec<u8> {
        // The ids have a fixed length, so no two places read the same.
        let tenant = self.tenant.map_or(Uuid::nil(), |tenant| tenant.0);
        [tenant.as_bytes().as_slice(), self.object.as_bytes(), self.purpose.as_bytes()].concat()
    }
}

/// Seals and opens.
pub struct Sealer {
    current: XChaCha20Poly1305,
    previous: Option<XChaCha20Poly1305>,
    key: String,
}

impl Sealer {
    /// The sealer of `secret`, which also opens what the one before had sealed.
    ///
    /// # Errors
    /// When a key cannot be derived.
    pub fn new(secret: &[u8; 32], previous: Option<&[u8; 32]>) -> Result<Self> {
        let (current, key) = cipher(secret)?;
        let previous = previous.map(cipher).transpose()?.map(|(cipher, _)| cipher);
        Ok(Self { current, previous, key })
    }

    /// `plain`, sealed for `place`.
    ///
    /// # Errors
    /// When it is too long for the cipher, which nothing that is kept in a row is.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self
            .current
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &place.text() })
            .map_err(|_| Error::internal("a secret could not be sealed"))?;
        Ok([[FORM].as_slice(), &nonce, &sealed].concat())
    }

    /// What was sealed for `place`.
    ///
    /// # Errors
    /// When it was sealed under another secret or for another place, or was changed.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        let failed = || Error::internal(format!("a sealed {} does not open", place.purpose));
        let (form, rest) = sealed.split_first().ok_or_else(failed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().filter(|_| *form == FORM).ok_or_else(failed)?;
        let place = place.text();
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|cipher| cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: &place }).ok())
            .ok_or_else(failed)
    }

    /// What names the key that seals, without telling it: kept beside a seal, it lets a sweep find those of another key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether seals of another secret than the current one open, too.
    pub fn is_rotating(&self) -> bool {
        self.previous.is_some()
    }

    /// What was sealed for `place` under the secret before, sealed under the current one; `None` when it is already.
    ///
    /// # Errors
    /// When it opens under neither.
    pub fn reseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let current = Self { current: self.current.clone(), previous: None, key: self.key.clone() };
        if current.open(place, sealed).is_ok() {
            return Ok(None);
        }
        self.seal(place, &self.open(place, sealed)?).map(Some)
    }
}

/// The cipher of a secret, and the name of its key.
fn cipher(secret: &[u8; 32]) -> Result<(XChaCha20Poly1305, String)> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"tillwatch"), secret)
        .expand(b"sealed-at-rest", &mut key)
        .map_err(|e| Error::internal(e.to_string()))?;
    let digest = Sha256::new().chain_update(b"sealing key").chain_update(key).finalize();
    let name = hex(&digest[..6]);
    Ok((XChaCha20Poly1305::new(&key.into()), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let sealer = Sealer::new(&[1; 32], None).unwrap();
        let place = Place { tenant: Some(TenantId::new()), purpose: "webhook secret", object: Uuid::now_v7() };
        let sealed = sealer.seal(place, "密钥".as_bytes()).unwrap();
        assert_eq!(sealer.open(place, &sealed).unwrap(), "密钥".as_bytes());
        assert_ne!(sealer.seal(place, "密钥".as_bytes()).unwrap(), sealed, "no two seals are alike");
        for other in [
            Place { tenant: Some(TenantId::new()), ..place },
            Place { tenant: None, ..place },
            Place { purpose: "second factor", ..place },
            Place { object: Uuid::now_v7(), ..place },
        ] {
            assert!(sealer.open(other, &sealed).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_changed_or_broken_seal_does_not_open() {
        let sealer = Sealer::new(&[1; 32], None).unwrap();
        let place = Place { tenant: Some(TenantId::new()), purpose: "webhook secret", object: Uuid::now_v7() };
        let sealed = sealer.seal(place, b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(place, &changed).is_err(), "byte {at}");
            assert!(sealer.open(place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn while_the_secret_is_rotated_both_open_and_afterwards_one() {
        let place = Place { tenant: Some(TenantId::new()), purpose: "webhook secret", object: Uuid::now_v7() };
        let sealed = Sealer::new(&[1; 32], None).unwrap().seal(place, b"secret").unwrap();
        let rotating = Sealer::new(&[2; 32], Some(&[1; 32])).unwrap();
        assert_eq!(rotating.open(place, &sealed).unwrap(), b"secret");
        let afterwards = Sealer::new(&[2; 32], None).unwrap();
        assert_eq!(rotating.key(), afterwards.key());
        assert!(afterwards.open(place, &sealed).is_err() && rotating.is_rotating() && !afterwards.is_rotating());
        let again = rotating.reseal(place, &sealed).unwrap().expect("sealed anew");
        assert_eq!(afterwards.open(place, &again).unwrap(), b"secret");
        assert_eq!(rotating.reseal(place, &again).unwrap(), None);
    }
}
