//! Subjects: what a sample may be about beside its channel and campaign.
//!
//! A *subject* is a content item, a keyword or a product, under the source's own key; it is there from the first sample
//! that names it. What is counted for subjects adds up with everything else: a source sends either the parts or the
//! whole. Pure: `model` (ids and how a subject is written). Invariants: the id follows from retailer, kind and key, so
//! writers agree on it without asking; a subject is never changed nor removed.

mod model;
pub mod routes;
mod store;

pub use model::{Named, Room, id, read};

use crate::app::App;
use crate::error::Result;
use crate::identity::reach;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use tillwatch_shared::Page;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::{Subject, SubjectKind};
use uuid::Uuid;

/// The most subjects of a retailer. Who writes at the same time as others may come to a few more.
pub const MOST: i64 = 20_000;

/// What room there is for those of `ids` that are not there yet.
///
/// # Errors
/// When the database fails.
pub async fn room(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Room> {
    if ids.is_empty() {
        return Ok(Room::default());
    }
    let known = store::known(tx, tenant, ids).await?;
    let new: HashSet<Uuid> = ids.iter().copied().filter(|id| !known.contains(id)).collect();
    // Most writes name no new one, and count none.
    let left = if new.is_empty() { 0 } else { MOST - store::count(tx, tenant).await? };
    Ok(Room { new, left })
}

/// Makes the subjects that are not there yet. No two of them are the same.
///
/// # Errors
/// When the database fails.
pub async fn ensure(tx: &mut Tx, tenant: TenantId, mut named: Vec<Named<'_>>, now: DateTime<Utc>) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    // The same order for every writer.
    named.sort_unstable();
    named.dedup();
    store::ensure(tx, tenant, &named, now).await
}

/// A page of subjects: of one kind, if asked, and of the channels that the caller reaches.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, kind: Option<SubjectKind>, paging: &Paging) -> Result<Page<Subject>> {
    let rows = app
        .db
        .read(who, async |tx| {
            let reached = reach::within(tx, who).await?.map(|within| within.channels);
            store::list(tx, who.tenant, kind, reached.as_deref(), paging).await
        })
        .await?;
    Ok(paging.page(rows, |subject| subject.id.0, |subject| subject))
}
