//! A copy of a part of the log, with the seals that prove it, as lines of JSON.
//!
//! It is read in pages, each in a short transaction of its own, and sent as it is read: the log only grows, so pages
//! of different moments fit together. Order: what it is, the entries by id, the seals, and how it ended.

use super::canon::Sealable;
use super::seal::Seal;
use super::sealing::{LATE, SAME_MOMENT, floor, head_to_wire};
use super::store::seals as store;
use super::{Entry, record};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::hex::hex;
use crate::platform::http::packer::Packer;
use crate::platform::http::who::{Who, actor_text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::audit::{AuditExportEnd, AuditExportHead, AuditLine, AuditLineEntry, AuditLineSeal};
use tillwatch_shared::ids::AuditId;
use uuid::Uuid;

/// Entries of an export at most.
pub const MOST: u64 = 100_000;
/// Entries of one page, and so of one transaction.
const PAGE: usize = 1_000;
/// Seals of one page.
const SEALS: i64 = 10;
/// What is to be sent next.
enum Next {
    Head,
    Entries(Uuid),
    Seals(i64),
    Nothing,
}

/// An export on its way.
pub struct Export {
    app: App,
    who: Who,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// The newest seal when it began: later ones are not part of it.
    last_seal: i64,
    next: Next,
    entries: u64,
    seals: u64,
    /// Where it broke off for its length.
    broke_off: Option<DateTime<Utc>>,
    packer: Packer,
}

/// Begins an export, which is itself an entry of the log.
///
/// # Errors
/// When the database fails.
pub async fn begin(app: &App, who: &Who, from: DateTime<Utc>, to: DateTime<Utc>, gzip: bool) -> Result<Export> {
    let after = Some(json!({ "from": from, "to": to }));
    let entry = Entry { action: "audit.exported", after, ..Entry::default() };
    app.db.write(who, async |tx| record(tx, who, entry).await).await?;
    Ok(Export {
        app: app.clone(),
        who: who.clone(),
        from,
        to,
        last_seal: 0,
        next: Next::Head,
        entries: 0,
        seals: 0,
        broke_off: None,
        packer: Packer::new(gzip),
    })
}

impl Export {
    /// Whether its bytes are packed with gzip.
    pub fn is_packed(&self) -> bool {
        self.packer.packs()
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn some(&mut self) -> Result<Option<Vec<u8>>> {
        let lines = match self.next {
            Next::Head => self.head().await?,
            Next::Entries(after) => self.entries(after).await?,
            Next::Seals(after) => self.seals(after).await?,
            Next::Nothing => return Ok(None),
        };
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line).map_err(Error::internal)?;
            text.push(b'\n');
        }
        Ok(Some(self.packer.next(text, matches!(self.next, Next::Nothing))?))
    }

    async fn head(&mut self) -> Result<Vec<AuditLine>> {
        let tenant = self.who.tenant;
        let head = self.app.db.read(&self.who, async |tx| store::head(tx, tenant).await).await?;
        self.last_seal = head.as_ref().map_or(0, |head| head.link.number);
        // The bounds are those of ids: an entry's id is above the floor of its millisecond.
        self.next = Next::Entries(floor(self.from));
        Ok(vec![AuditLine::Export(AuditExportHead {
            tenant,
            from: self.from,
            to: self.to,
            exported_at: now(),
            head: head.map(|head| head_to_wire(&head)),
            keys: self.app.seal_keys.trusted().to_wire(),
        })])
    }

    async fn entries(&mut self, after: Uuid) -> Result<Vec<AuditLine>> {
        let (tenant, last) = (self.who.tenant, floor(self.to));
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut found: Vec<Sealable> = self
            .app
            .db
            .read(&self.who, async |tx| {
                let ids = store::ids(tx, tenant, after, last, most).await?;
                Ok(store::sealable(tx, tenant, &ids).await?.into_values().collect())
            })
            .await?;
        found.sort_by_key(|entry| entry.id);
        self.entries += found.len() as u64;
        let full = self.entries >= MOST;
        self.next = match found.last() {
            Some(last) if found.len() == PAGE && !full => Next::Entries(last.id.0),
            last => {
                let time = last.and_then(|last| DateTime::from_timestamp_micros(last.at_micros));
                self.broke_off = time.filter(|_| full);
                Next::Seals(0)
            }
        };
        Ok(found.into_iter().map(|entry| AuditLine::Entry(Box::new(entry_line(entry)))).collect())
    }

    async fn seals(&mut self, after: i64) -> Result<Vec<AuditLine>> {
        let (tenant, first) = (self.who.tenant, floor(self.from));
        // A late entry's seal reaches no further than this behind the entry's own place.
        let end = floor(self.broke_off.unwrap_or(self.to) + LATE + SAME_MOMENT);
        let page = self
            .app
            .db
            .read(&self.who, async |tx| {
                let after = if after == 0 { store::before(tx, tenant, first).await? } else { after };
                store::seals(tx, tenant, after, SEALS).await
            })
            .await?;
        let mut reached = false;
        let mut lines = Vec::new();
        for one in page {
            reached = one.number >= self.last_seal || one.through >= end;
            self.next = Next::Seals(one.number);
            self.seals += 1;
            lines.push(AuditLine::Seal(seal_line(&one)));
            if reached {
                break;
            }
        }
        if reached || lines.is_empty() {
            self.next = Next::Nothing;
            lines.push(AuditLine::End(AuditExportEnd {
                entries: self.entries,
                seals: self.seals,
                complete: self.broke_off.is_none(),
                next: self.broke_off,
            }));
        }
        Ok(lines)
    }
}

fn entry_line(entry: Sealable) -> AuditLineEntry {
    AuditLineEntry {
        id: entry.id,
        at: DateTime::from_timestamp_micros(entry.at_micros).unwrap_or_default(),
        actor: actor_text(&entry.actor_kind, entry.actor),
        actor_kind: entry.actor_kind,
        via: entry.via,
        action: entry.action,
        object: entry.object,
        reason: entry.reason,
        before: entry.before,
        after: entry.after,
        request_id: entry.request_id,
    }
}

fn seal_line(one: &Seal) -> AuditLineSeal {
    AuditLineSeal {
        number: one.number,
        form: one.form,
        entries: one.entries.iter().map(|(id, _)| AuditId(*id)).collect(),
        hashes: one.entries.iter().map(|(_, hash)| hex(hash)).collect(),
        through: AuditId(one.through),
        previous_hash: hex(&one.previous),
        hash: hex(&one.hash),
        signature: URL_SAFE_NO_PAD.encode(one.signature),
        kid: one.kid.clone(),
        sealed_at: one.sealed_at,
    }
}
