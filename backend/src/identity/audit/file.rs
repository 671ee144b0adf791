//! Verifying an export without the service: its file and a public key are enough. Pure but for the reading.
//!
//! What it proves: every entry of the file is what was sealed, and none of the sealed ones of its time is missing. What it
//! cannot: entries that no seal holds yet, and what lies outside of the file's seals.

use super::canon::{Hash, Sealable};
use super::seal::{self, Link, Seal, Trusted};
use super::sealing::{floor, late};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use tillwatch_shared::audit::{AuditExportEnd, AuditExportHead, AuditFault, AuditLine, AuditLineEntry, AuditLineSeal};
use tillwatch_shared::ids::{ApiTokenId, RuleId, StaffId};
use uuid::Uuid;

/// Why a file is not good.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line of it is none of an export.
    #[error("line {line}: {why}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It has no last line.
    #[error("it broke off: its last line is missing. Export it again")]
    BrokeOff,
    /// Something is not as it was sealed.
    #[error("{}", .0.detail)]
    Fault(AuditFault),
}

/// What a good file holds.
#[derive(Debug)]
pub struct FileReport {
    /// What it is an export of.
    pub head: AuditExportHead,
    /// How it ended.
    pub end: AuditExportEnd,
    /// Entries that no seal of the file holds.
    pub unsealed: usize,
    /// Whether the keys were the file's own: then only their comparison with the published ones proves who signed.
    pub own_keys: bool,
}

#[derive(Default)]
struct Contents {
    entries: HashMap<Uuid, Hash>,
    seals: Vec<Seal>,
}

/// Verifies an export. Without `trusted` keys, the file's own are taken.
///
/// # Errors
/// What is wrong with the file, or the first thing in it that is not as it was sealed.
pub fn verify(file: impl BufRead, trusted: Option<Trusted>) -> Result<FileReport, FileError> {
    let (mut head, mut end) = (None, None);
    let mut contents = Contents::default();
    for (index, text) in file.lines().enumerate() {
        let wrong = |why: String| FileError::Line { line: index + 1, why };
        let line: AuditLine = serde_json::from_str(&text?).map_err(|error| wrong(error.to_string()))?;
        match (line, &head, &end) {
            (AuditLine::Export(first), None, None) => head = Some(first),
            (AuditLine::Entry(entry), Some(head), None) => {
                let (entry, tenant) =
                    (sealable(*entry).ok_or_else(|| wrong("the actor is no id".into()))?, head.tenant);
                let hash = entry.hash(tenant).map_err(|error| wrong(error.to_string()))?;
                contents.entries.insert(entry.id.0, hash);
            }
            (AuditLine::Seal(seal), Some(_), None) => {
                contents.seals.push(read_seal(&seal).ok_or_else(|| wrong("a hash or signature is none".into()))?);
            }
            (AuditLine::End(last), Some(_), None) => end = Some(last),
            _ => return Err(wrong("does not belong here".into())),
        }
    }
    let (Some(head), Some(end)) = (head, end) else { return Err(FileError::BrokeOff) };
    let own_keys = trusted.is_none();
    let trusted = trusted.unwrap_or_else(|| {
        let mut own = Trusted::default();
        head.keys.iter().filter_map(|key| Trusted::parse(&key.public_key)).for_each(|key| own.add(key));
        own
    });
    let unsealed = contents.check(&head, &end, &trusted).map_err(FileError::Fault)?;
    Ok(FileReport { head, end, unsealed, own_keys })
}

impl Contents {
    /// Checks the seals and what they hold; the number of entries that none holds.
    fn check(&self, head: &AuditExportHead, end: &AuditExportEnd, trusted: &Trusted) -> Result<usize, AuditFault> {
        let range = floor(head.from)..floor(end.next.unwrap_or(head.to));
        let newest = self.seals.last();
        let vouched = newest.is_some_and(|one| trusted.signed(&one.kid, &one.hash, &one.signature) == Some(true));
        let mut sealed = HashSet::new();
        let mut link = self.seals.first().map_or_else(Link::default, |first| {
            let through = if first.number == 1 { Uuid::nil() } else { first.through };
            Link { number: first.number - 1, hash: first.previous, through }
        });
        for (index, one) in self.seals.iter().enumerate() {
            let last_vouches = vouched && index + 1 < self.seals.len();
            one.follows(head.tenant, &link, trusted, last_vouches)?;
            link = one.link();
            let mut inside = one.clone();
            inside.entries.retain(|(id, _)| range.contains(id));
            inside.holds(&self.entries)?;
            sealed.extend(one.entries.iter().map(|(id, _)| *id));
        }
        let mut unsealed: Vec<Uuid> = self.entries.keys().copied().filter(|id| !sealed.contains(id)).collect();
        unsealed.sort_unstable();
        let reached = newest.map_or(Uuid::nil(), |one| one.through);
        // Younger ones may have been without a seal when the file was made.
        match unsealed.first().filter(|id| **id < late(reached)) {
            Some(id) => Err(seal::added(*id)),
            None => Ok(unsealed.len()),
        }
    }
}

fn sealable(line: AuditLineEntry) -> Option<Sealable> {
    let actor = match (line.actor_kind.as_str(), &line.actor) {
        (_, None) => None,
        ("staff", Some(id)) => Some(id.parse::<StaffId>().ok()?.0),
        ("api_token", Some(id)) => Some(id.parse::<ApiTokenId>().ok()?.0),
        ("rule", Some(id)) => Some(id.parse::<RuleId>().ok()?.0),
        _ => return None,
    };
    Some(Sealable {
        id: line.id,
        at_micros: line.at.timestamp_micros(),
        actor_kind: line.actor_kind,
        actor,
        via: line.via,
        action: line.action,
        object: line.object,
        reason: line.reason,
        before: line.before,
        after: line.after,
        request_id: line.request_id,
    })
}

fn read_seal(line: &AuditLineSeal) -> Option<Seal> {
    if line.entries.len() != line.hashes.len() {
        return None;
    }
    let hashes = line.hashes.iter().map(|hash| seal::parse_hex(hash)).collect::<Option<Vec<Hash>>>()?;
    Some(Seal {
        number: line.number,
        form: line.form,
        entries: line.entries.iter().map(|id| id.0).zip(hashes).collect(),
        through: line.through.0,
        previous: seal::parse_hex(&line.previous_hash)?,
        hash: seal::parse_hex(&line.hash)?,
        signature: URL_SAFE_NO_PAD.decode(&line.signature).ok()?.try_into().ok()?,
        kid: line.kid.clone(),
        sealed_at: line.sealed_at,
    })
}
