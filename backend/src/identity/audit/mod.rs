//! The audit log: who did what, on what, why, from where. Append-only: the service's role can add and read.
//!
//! Use [`record`] inside the transaction of the change, so that there is no change without its entry. What nobody did
//! leaves none: a token's last use, a refresh token's successor, counters.
//!
//! Vocabulary: a *seal* covers some entries and the seal before it, and is signed; the seals of a retailer are its
//! *chain*, the newest is its *head*. Cast: [`canon`] (what of an entry is hashed) and [`seal`] (both pure), [`sealing`]
//! (making and verifying the chain), [`export`] and [`file`](mod@file) (a copy that is verified without the service), [`jobs`].
//! Invariants: entries and seals are added and read, never changed; every entry is in one seal some minutes after it
//! was written, as long as a worker runs; whoever changes the database without the service's key is found, and what they changed is named.

pub mod canon;
pub mod export;
pub mod file;
pub mod jobs;
pub mod routes;
pub mod seal;
pub mod sealing;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use tillwatch_shared::Page;
use tillwatch_shared::identity::AuditEntry;
use tillwatch_shared::ids::AuditId;
use uuid::Uuid;

/// What is to be remembered of a change.
#[derive(Debug, Default)]
pub struct Entry<'a> {
    /// `object.verb`, in the past tense: `campaign.paused`.
    pub action: &'a str,
    /// The object's id as text.
    pub object: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<&'a str>,
    /// The changed fields before; never secrets or personal data.
    pub before: Option<serde_json::Value>,
    /// The changed fields after; never secrets or personal data.
    pub after: Option<serde_json::Value>,
}

/// Adds an entry as part of `tx`.
///
/// # Errors
/// When the database fails.
pub async fn record(tx: &mut Tx, who: &Who, entry: Entry<'_>) -> Result<()> {
    store::insert(tx, AuditId::new(), who, entry, now()).await
}

/// Which entries are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// About this object.
    pub object: Option<String>,
    /// By this actor.
    pub actor: Option<Uuid>,
    /// This action, or those that begin so when it ends in a point.
    pub action: Option<String>,
    /// From here.
    pub via: Option<String>,
    /// Of this request.
    pub request_id: Option<String>,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    /// A text that tells filters apart.
    pub fn binding(&self) -> String {
        format!("{self:?}")
    }
}

/// A page of the log, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, filter: &Filter, paging: &Paging) -> Result<Page<AuditEntry>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, filter, paging).await).await?;
    Ok(paging.page(rows, |row| row.audit_id, store::Row::into_entry))
}
