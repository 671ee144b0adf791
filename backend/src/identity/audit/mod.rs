//! The audit log: who did what, on what, why, from where. Append-only: the service's role can add and read.
//!
//! Use [`record`] inside the transaction of the change, so that there is no change without its entry.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use tillwatch_shared::Page;
use tillwatch_shared::identity::AuditEntry;
use tillwatch_shared::ids::AuditId;

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

/// A page of the log, newest first, of one object if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, object: Option<&str>, paging: &Paging) -> Result<Page<AuditEntry>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, object, paging).await).await?;
    Ok(paging.page(rows, |row| row.audit_id, store::Row::into_entry))
}
