//! Samples: single counted values, stored once each, corrected exactly, and added up by hour and day.
//!
//! Vocabulary: a *series* is what one metric counts for one channel and one campaign (either may be none). A
//! *sample* is one value of a series at one time under the source's key; sending it again changes nothing, sending
//! it with another value corrects it. A *rollup* is the sum of a series over a local hour or day.
//!
//! Cast: [`record`] writes a batch inside the caller's transaction; [`buckets`] and [`query`] read rollups for rules, pictures and
//! people, `reached` says whose. Pure: `model` (ids, order, adding up, figures), [`calendar`] (local hours and days), `window` (what a
//! question asks for). `store` has the only SQL.
//!
//! Invariants: a rollup is the exact sum of its samples, at every commit; a batch is written whole or not at all;
//! every writer locks series, then samples, then day and hour rollups, each in the same order, so writers wait for
//! each other but never in a circle; ratios are computed from sums.

pub mod buckets;
pub mod calendar;
mod model;
pub mod query;
mod reached;
pub mod routes;
pub mod spans;
mod store;
mod window;

pub use model::Touched;

use crate::error::{Error, Result};
use crate::measure::metrics::Metric;
use crate::platform::db::Tx;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::quantity::Quantity;

/// A sample to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewSample<'a> {
    /// What is counted; a sum.
    pub metric: &'static Metric,
    /// For which channel, if for one.
    pub channel: Option<ChannelId>,
    /// For which campaign, if for one.
    pub campaign: Option<CampaignId>,
    /// When. The table keeps microseconds.
    pub at: DateTime<Utc>,
    /// The source's key of this value: 1 to 128 characters.
    pub key: &'a str,
    /// The value, in the metric's unit.
    pub value: Quantity,
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Accepted,
    /// It was known with another value, which it replaces.
    Corrected {
        /// The value that it replaces.
        from: Quantity,
    },
    /// It was known with this value.
    Unchanged,
}

/// What a batch did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// What became of each sample, in the caller's order.
    pub outcomes: Vec<Outcome>,
    /// By how much the total of a campaign's metric changed, in ten-thousandths; none that are zero.
    pub campaign_deltas: BTreeMap<(CampaignId, &'static str), i64>,
    /// What rules must judge again: per metric and channel, the local days on which something changed.
    pub touched: Touched,
}

/// Rows of one statement: more do not get faster, and a statement stays well under its time-out.
const BATCH: usize = 5_000;

/// Stores `rows` as part of `tx` and adds them to the rollups of `zone`'s hours and days. No two rows may have the
/// same metric, channel, campaign, time (to the microsecond) and key.
///
/// # Errors
/// 422 when a sum would leave the range that is kept (about 9.2e14 units); 500 for repeated rows and for metrics
/// that take no samples, which the caller has to refuse before; otherwise when the database fails. After an error
/// the transaction must be rolled back.
pub async fn record(
    tx: &mut Tx,
    tenant: TenantId,
    zone: Tz,
    rows: &[NewSample<'_>],
    now: DateTime<Utc>,
) -> Result<Recorded> {
    if rows.is_empty() {
        return Ok(Recorded::default());
    }
    if let Some(row) = rows.iter().find(|row| !row.metric.is_sum()) {
        return Err(Error::internal(format!("`{}` is computed and takes no samples", row.metric.key)));
    }
    let batch = model::arrange(tenant, rows).map_err(|_| Error::internal("a sample is there twice in one batch"))?;
    store::ensure_series(tx, tenant, &batch.series, now).await?;
    let mut outcomes = vec![Outcome::Accepted; rows.len()];
    // Once something was known already, the rest probably is too: a request that is sent again.
    let mut probably_new = true;
    for samples in batch.samples.chunks(BATCH) {
        if probably_new && store::insert_new(tx, tenant, samples).await? {
            continue;
        }
        probably_new = false;
        for (index, outcome) in store::insert_or_correct(tx, tenant, samples).await? {
            outcomes[index] = outcome;
        }
    }
    let tally = model::tally(zone, &batch, &outcomes).map_err(|beyond| out_of_range(beyond.metric))?;
    let new = outcomes.iter().filter(|outcome| **outcome == Outcome::Accepted).count();
    store::add_to_rollups(tx, tenant, &tally, new).await?;
    Ok(Recorded { outcomes, campaign_deltas: tally.campaigns, touched: tally.touched })
}

/// A sum that cannot be kept.
fn out_of_range(what: &str) -> Error {
    let detail = format!("A sum of `{what}` would go beyond 922337203685477 units. Check the values and their unit.");
    Error::new(Code::ValidationFailed, detail)
}
