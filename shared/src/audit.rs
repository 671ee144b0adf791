//! Bodies of the audit log's chain of seals: its verification, and the lines of an export.

use crate::ids::{AuditId, TenantId};
use chrono::{DateTime, Utc};

words! {
    /// What is wrong with an audit log.
    pub enum AuditFaultKind {
        /// An entry is not what it was when it was sealed.
        EntryChanged = "entry_changed",
        /// An entry that was sealed is not there.
        EntryMissing = "entry_missing",
        /// An entry was put in before the sealed end afterwards.
        EntryAdded = "entry_added",
        /// An entry's time does not fit its id.
        EntryTime = "entry_time",
        /// A seal is not there.
        SealMissing = "seal_missing",
        /// A seal is not what it was when it was signed.
        SealChanged = "seal_changed",
        /// A seal was not signed by a key that is trusted.
        SealForged = "seal_forged",
        /// A head that was noted before is not in the chain any more.
        HeadLost = "head_lost",
    }
}

answers! {
    /// The first thing that is wrong with an audit log.
    pub struct AuditFault {
        /// What kind of thing.
        pub kind: AuditFaultKind,
        /// The entry, if it is about one.
        pub entry: Option<AuditId>,
        /// The seal, if it is about one.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 12))]
        pub seal: Option<i64>,
        /// The same in words.
        pub detail: String,
    }

    /// The newest seal. Whoever keeps its hash elsewhere can tell later that none of what it covers was cut off.
    pub struct AuditHead {
        /// Its number.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 12))]
        pub number: i64,
        /// Its hash, 64 hexadecimal digits.
        #[cfg_attr(feature = "openapi", schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"))]
        pub hash: String,
        /// When it was made.
        pub sealed_at: DateTime<Utc>,
    }

    /// A public key that seals are signed with (Ed25519).
    pub struct AuditKey {
        /// Its id.
        pub kid: String,
        /// The 32 bytes as base64url.
        pub public_key: String,
    }

    /// What verifying a part of the audit log's chain came to.
    pub struct AuditVerification {
        /// Whether everything that was looked at is as it was sealed.
        pub intact: bool,
        /// The first thing that is not.
        pub fault: Option<AuditFault>,
        /// The last seal that was found good, 0 for none.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 12))]
        pub verified_through: i64,
        /// Give this as `after` to verify on; absent at the end of the chain.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 10))]
        pub next: Option<i64>,
        /// The newest seal; absent before the first.
        pub head: Option<AuditHead>,
        /// Entries that wait for their seal; they are sealed when they are a minute old. Counted to 10,000.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 3))]
        pub unsealed: i64,
        /// The public keys that seals are signed with now. Keep them: they verify an export without the service.
        pub keys: Vec<AuditKey>,
    }
}

/// One line of an export.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AuditLine {
    /// The first line: what this is an export of.
    Export(AuditExportHead),
    /// An entry.
    Entry(Box<AuditLineEntry>),
    /// A seal; it follows the entries that it holds, save for those outside of the export.
    Seal(AuditLineSeal),
    /// The last line. Without it the file broke off.
    End(AuditExportEnd),
}

answers! {
    /// The first line of an export.
    pub struct AuditExportHead {
        /// The retailer.
        pub tenant: TenantId,
        /// Entries from this time on.
        pub from: DateTime<Utc>,
        /// Entries before this time.
        pub to: DateTime<Utc>,
        /// When it was made.
        pub exported_at: DateTime<Utc>,
        /// The newest seal of the retailer at that time.
        pub head: Option<AuditHead>,
        /// The public keys that seals are signed with.
        pub keys: Vec<AuditKey>,
    }

    /// A seal, as a line of an export.
    pub struct AuditLineSeal {
        /// Its number.
        pub number: i64,
        /// The canonical form of the entries' hashes.
        pub form: i32,
        /// The entries, sorted.
        pub entries: Vec<AuditId>,
        /// Their hashes, 64 hexadecimal digits each.
        pub hashes: Vec<String>,
        /// The highest entry so far.
        pub through: AuditId,
        /// The hash of the seal before.
        pub previous_hash: String,
        /// Its own hash.
        pub hash: String,
        /// Ed25519 over the hash, base64url.
        pub signature: String,
        /// Which key signed.
        pub kid: String,
        /// When.
        pub sealed_at: DateTime<Utc>,
    }

    /// The last line of an export.
    pub struct AuditExportEnd {
        /// How many entries.
        pub entries: u64,
        /// How many seals.
        pub seals: u64,
        /// Whether it holds everything from `from` to `to`.
        pub complete: bool,
        /// Where to go on when it does not: give it as `from`.
        pub next: Option<DateTime<Utc>>,
    }
}

/// An entry, as a line of an export. JSON stands as it is kept, to the last digit, since it is part of the hash.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLineEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `staff`, `api_token`, `rule`, `system`.
    pub actor_kind: String,
    /// The actor's id, if it has one.
    pub actor: Option<String>,
    /// From where.
    pub via: String,
    /// What.
    pub action: String,
    /// On what.
    pub object: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The changed fields before, as JSON text.
    pub before: Option<String>,
    /// The changed fields after, as JSON text.
    pub after: Option<String>,
    /// The request that did it.
    pub request_id: String,
}
