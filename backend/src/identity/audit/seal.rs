//! A seal: some entries' hashes, tied to the seal before and signed. Pure.
//!
//! A seal's hash is SHA-256 over: the words `tillwatch-audit-seal-1` and a zero byte, the tenant (16 bytes), the
//! number (8), the hash of the seal before (32; zeros for the first), the time in microseconds (8), how many entries (4),
//! and for each, sorted by id, its id (16) and hash (32). Numbers are big-endian. The hash is signed with Ed25519 by a
//! key derived from the service's secret: whoever has the database alone can break the chain, not rebuild it. Since each
//! seal holds the one before, a good signature of the newest vouches for all, also for those of keys long gone.

use super::canon::{FORM, Hash};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use tillwatch_shared::audit::{AuditFault, AuditFaultKind, AuditKey};
use tillwatch_shared::ids::{AuditId, TenantId};
use uuid::Uuid;

/// Entries that a seal holds at most.
pub const MOST_ENTRIES: usize = 1_000;

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1.
    pub number: i64,
    /// The canonical form of the entries' hashes.
    pub form: i32,
    /// The entries, sorted, each with its hash.
    pub entries: Vec<(Uuid, Hash)>,
    /// The highest entry that this seal or one before it holds.
    pub through: Uuid,
    /// The hash of the seal before.
    pub previous: Hash,
    /// Its own hash.
    pub hash: Hash,
    /// Ed25519 over the hash.
    pub signature: [u8; 64],
    /// Which key signed.
    pub kid: String,
    /// When.
    pub sealed_at: DateTime<Utc>,
}

/// What the next seal is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Link {
    /// The number of the last seal; 0 before the first.
    pub number: i64,
    /// Its hash; zeros before the first.
    pub hash: Hash,
    /// The highest entry so far.
    pub through: Uuid,
}

/// The key that signs, and those that are trusted.
pub struct SealKeys {
    signing: SigningKey,
    trusted: Trusted,
}

/// Public keys by their id.
#[derive(Clone, Debug, Default)]
pub struct Trusted(HashMap<String, VerifyingKey>);

impl Trusted {
    /// Adds a public key.
    pub fn add(&mut self, key: VerifyingKey) {
        self.0.insert(kid(&key), key);
    }

    /// The key that [`AuditKey::public_key`] shows.
    pub fn parse(text: &str) -> Option<VerifyingKey> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok()
    }

    /// Whether `signature` over `hash` is of the key `kid`; `None` for a key that is not trusted.
    pub fn signed(&self, kid: &str, hash: &Hash, signature: &[u8; 64]) -> Option<bool> {
        let key = self.0.get(kid)?;
        Some(key.verify_strict(hash, &Signature::from_bytes(signature)).is_ok())
    }

    /// The keys as the wire shows them.
    pub fn to_wire(&self) -> Vec<AuditKey> {
        let show = |(kid, key): (&String, &VerifyingKey)| AuditKey {
            kid: kid.clone(),
            public_key: URL_SAFE_NO_PAD.encode(key.as_bytes()),
        };
        let mut keys: Vec<AuditKey> = self.0.iter().map(show).collect();
        keys.sort_by(|a, b| a.kid.cmp(&b.kid));
        keys
    }
}

impl SealKeys {
    /// The keys of these Ed25519 seeds: the first signs, all are trusted.
    pub fn new(signing: [u8; 32], before: Option<[u8; 32]>) -> Self {
        let signing = SigningKey::from_bytes(&signing);
        let mut trusted = Trusted::default();
        trusted.add(signing.verifying_key());
        if let Some(before) = before {
            trusted.add(SigningKey::from_bytes(&before).verifying_key());
        }
        Self { signing, trusted }
    }

    /// The keys that are trusted.
    pub fn trusted(&self) -> &Trusted {
        &self.trusted
    }

    /// The seal behind `link` over `entries`, of which there is at least one.
    pub fn seal(&self, tenant: TenantId, link: Link, mut entries: Vec<(Uuid, Hash)>, sealed_at: DateTime<Utc>) -> Seal {
        entries.sort_unstable();
        let number = link.number + 1;
        let hash = hash(tenant, number, &link.hash, sealed_at, &entries);
        let highest = entries.last().map_or(link.through, |(id, _)| *id);
        Seal {
            number,
            form: FORM,
            through: highest.max(link.through),
            previous: link.hash,
            hash,
            signature: self.signing.sign(&hash).to_bytes(),
            kid: kid(&self.signing.verifying_key()),
            sealed_at,
            entries,
        }
    }
}

fn kid(key: &VerifyingKey) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(key.as_bytes())[..9])
}

fn hash(tenant: TenantId, number: i64, previous: &Hash, at: DateTime<Utc>, entries: &[(Uuid, Hash)]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"tillwatch-audit-seal-1\0");
    hash.update(tenant.0.as_bytes());
    hash.update(number.to_be_bytes());
    hash.update(previous);
    hash.update(at.timestamp_micros().to_be_bytes());
    hash.update(u32::try_from(entries.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (id, entry) in entries {
        hash.update(id.as_bytes());
        hash.update(entry);
    }
    hash.finalize().into()
}

impl Seal {
    /// The link that the next seal is tied to.
    pub fn link(&self) -> Link {
        Link { number: self.number, hash: self.hash, through: self.through }
    }

    /// Checks that this seal follows `link` and is what it was when it was signed. A signature of a key that is not
    /// trusted is good enough only when a later seal `vouches`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn follows(&self, tenant: TenantId, link: &Link, trusted: &Trusted, vouches: bool) -> Result<(), AuditFault> {
        let number = link.number + 1;
        if self.number != number {
            let detail = format!("Seal {number} is missing: seal {} follows seal {}.", self.number, link.number);
            return Err(seal_fault(AuditFaultKind::SealMissing, number, detail));
        }
        let content = hash(tenant, number, &self.previous, self.sealed_at, &self.entries);
        let highest = self.entries.last().map_or(link.through, |(id, _)| *id);
        let sorted = self.entries.is_sorted_by(|one, next| one.0 < next.0) && !self.entries.is_empty();
        if content != self.hash || self.through != highest.max(link.through) || !sorted || self.form != FORM {
            let detail = format!("Seal {number} was changed: its content does not give its hash.");
            return Err(seal_fault(AuditFaultKind::SealChanged, number, detail));
        }
        if self.previous != link.hash {
            let detail = format!("Seal {number} does not hold the hash of seal {}.", link.number);
            return Err(seal_fault(AuditFaultKind::SealChanged, number, detail));
        }
        match trusted.signed(&self.kid, &self.hash, &self.signature) {
            Some(true) => Ok(()),
            None if vouches => Ok(()),
            Some(false) => {
                let detail = format!("Seal {number} was not signed by the service's key `{}`.", self.kid);
                Err(seal_fault(AuditFaultKind::SealForged, number, detail))
            }
            None => {
                let detail = format!(
                    "Seal {number} was signed by the key `{}`, which is not known here. After a rotation give \
                     SECRET_KEY_PREVIOUS, or the public key that was published then.",
                    self.kid
                );
                Err(seal_fault(AuditFaultKind::SealForged, number, detail))
            }
        }
    }

    /// Checks the entries of this seal against those that were `found`.
    ///
    /// # Errors
    /// The first that was changed or is missing.
    pub fn holds(&self, found: &HashMap<Uuid, Hash>) -> Result<(), AuditFault> {
        for (id, sealed) in &self.entries {
            let id = AuditId(*id);
            let (kind, what) = match found.get(&id.0) {
                Some(hash) if hash == sealed => continue,
                Some(_) => (AuditFaultKind::EntryChanged, "was changed after it was sealed"),
                None => (AuditFaultKind::EntryMissing, "is missing: it was removed after it was sealed"),
            };
            let detail = format!("The entry {id} {what} by seal {}.", self.number);
            return Err(AuditFault { kind, entry: Some(id), seal: Some(self.number), detail });
        }
        Ok(())
    }
}

/// An entry that lies before the sealed end and that no seal holds.
pub fn added(id: Uuid) -> AuditFault {
    let id = AuditId(id);
    let detail = format!("The entry {id} is held by no seal though later ones are: it was added afterwards.");
    AuditFault { kind: AuditFaultKind::EntryAdded, entry: Some(id), seal: None, detail }
}

/// A noted head that the chain does not hold any more.
pub fn head_lost(head: &str) -> AuditFault {
    let detail =
        format!("No seal has the hash {head}: seals that were there when it was noted are gone or were made anew.");
    AuditFault { kind: AuditFaultKind::HeadLost, entry: None, seal: None, detail }
}

fn seal_fault(kind: AuditFaultKind, number: i64, detail: String) -> AuditFault {
    AuditFault { kind, entry: None, seal: Some(number), detail }
}

/// The hash of 64 hexadecimal digits.
pub fn parse_hex(text: &str) -> Option<Hash> {
    crate::config::parse_key(text.trim())
}

#[cfg(test)]
mod tests;
