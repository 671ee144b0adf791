//! Retention: how long samples are kept as they came. What was added up of them is kept for good.
//!
//! A retailer keeps samples for a number of months, 25 unless it says otherwise, so that each month can be held against
//! the one two years before. A *mark* says from when on samples are kept; it is the beginning of a local month and never goes back.
//! A round first removes what lies before a mark that was set a while ago, then moves the mark. Pure: `model`. Invariants:
//! rollups lose nothing; a sample before the mark is refused, since nobody could tell any more whether it is new or a
//! correction; nothing is removed before whatever was being written when the mark was set is done.

pub mod jobs;
mod model;
pub mod routes;
mod store;

pub use model::SURELY_KEPT;

use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::samples::{SampleRetention, UpdateSampleRetention};

/// Samples that are removed in one transaction.
const SLICE: i64 = 5_000;
/// Transactions of one retailer in one round, so that nobody's backlog keeps the others waiting.
const SLICES: usize = 200;

/// How long samples are kept.
///
/// # Errors
/// When the database fails.
pub async fn get(app: &App, who: &Who) -> Result<SampleRetention> {
    app.db.read(who, async |tx| Ok(store::get(tx, who.tenant).await?.wire())).await
}

/// Keeps samples for another number of months. What was removed does not come back.
///
/// # Errors
/// 412 when `version` is stale, 422 for a number that is not offered.
pub async fn update(app: &App, who: &Who, version: &IfMatch, wanted: UpdateSampleRetention) -> Result<SampleRetention> {
    let mut checks = Checks::default();
    checks.ensure(model::MONTHS.contains(&wanted.months), "/months", "out_of_range", "Takes 3 to 120 months.");
    checks.done()?;
    app.db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let before = store::get(tx, who.tenant).await?;
            version.check(before.version)?;
            if before.months == wanted.months {
                return Ok(before.wire());
            }
            let after = model::Retention { months: wanted.months, version: before.version + 1, ..before };
            store::put(tx, who.tenant, &after).await?;
            let (was, is) = (Some(json!({ "months": before.months })), Some(json!({ "months": after.months })));
            let entry = Entry { action: "samples.retention_changed", before: was, after: is, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after.wire())
        })
        .await
}

/// From when on samples are taken, if any were removed.
///
/// # Errors
/// When the database fails.
pub async fn kept_from(tx: &mut Tx, tenant: TenantId) -> Result<Option<DateTime<Utc>>> {
    Ok(store::get(tx, tenant).await?.mark.map(|(kept_from, _)| kept_from))
}

/// One round of `tenant`: removes what lies before the mark, some thousand at a time, and moves the mark to where it
/// belongs at `now`. Doing it again changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn keep(app: &App, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    let who = Who::system(tenant, "schedule", "sample-retention");
    let retention = app.db.read(&who, async |tx| store::get(tx, tenant).await).await?;
    if let Some(before) = retention.removable(now) {
        for _ in 0..SLICES {
            let removed = app.db.write(&who, async |tx| store::remove(tx, tenant, before, SLICE).await).await?;
            if removed < SLICE {
                break;
            }
        }
    }
    app.db
        .write(&who, async |tx| {
            tenants::lock(tx, tenant).await?;
            let retention = store::get(tx, tenant).await?;
            let zone = tenants::settings(tx, tenant).await?.time_zone;
            let Some(mark) = retention.next_mark(zone, now) else { return Ok(()) };
            if !store::has_before(tx, tenant, mark).await? {
                return Ok(());
            }
            store::put(tx, tenant, &model::Retention { mark: Some((mark, now)), ..retention }).await?;
            let after = Some(json!({ "kept_from": mark }));
            audit::record(tx, &who, Entry { action: "samples.kept_from", after, ..Entry::default() }).await
        })
        .await
}
