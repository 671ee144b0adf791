//! Samples: single counted values, stored once each, corrected exactly, and added up by hour and day.
//!
//! Vocabulary: a *series* is what one metric counts for one channel and one campaign (either may be none). A *sample*
//! is one value of a series at one time under the source's key; sending it again changes nothing, sending it with
//! another value corrects it. A *rollup* is the sum of a series over a local hour or day; of what is not added, it is
//! the last value, and of durations also how many there were of each length. Weeks and months are put together from
//! days when they are asked for, save for a distinct count, which has a rollup of the very period that it was counted
//! for and no other. A *level* holds until the next value of its series, for 35 days at most.
//!
//! Cast: [`record`] writes a batch inside the caller's transaction; [`buckets`] and [`query`] read rollups for rules,
//! pictures and people, `values` puts them together by kind, `kpis` is the screen of one day, `reached` says whose.
//! Pure: `model` (ids, order, adding up), `kinds` (what is not added), `bins` (durations by length), `parts` (figures),
//! [`calendar`] (local hours to months), `window` (what a question asks for). `store` has the only SQL.
//!
//! Invariants: a rollup is exactly what its samples say, at every commit; a batch is written whole or not at all;
//! every writer locks series, then samples of sums, their day and hour rollups, then other samples and theirs, each in
//! the same order, so writers wait for each other but never in a circle; ratios are computed from sums. A batch of sums
//! alone asks the database nothing about other kinds.

mod bins;
pub mod buckets;
pub mod calendar;
mod kinds;
mod kpis;
mod model;
mod parts;
pub mod query;
mod reached;
pub mod routes;
pub mod spans;
mod store;
mod values;
mod window;

pub use model::Touched;

use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::measure::metrics::Base;
use crate::platform::db::Tx;
use calendar::Calendar;
use chrono::{DateTime, Utc, Weekday};
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// A sample to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewSample<'a> {
    /// What is counted.
    pub metric: Base<'a>,
    /// For which channel, if for one.
    pub channel: Option<ChannelId>,
    /// For which campaign, if for one.
    pub campaign: Option<CampaignId>,
    /// Of which subject (content item, keyword, product), if of one.
    pub subject: Option<Uuid>,
    /// Of a distinct count: the period in which its source counted, an hour or wider.
    pub period: Option<Resolution>,
    /// When. The table keeps microseconds.
    pub at: DateTime<Utc>,
    /// The source's key of this value: 1 to 128 characters.
    pub key: &'a str,
    /// The value, in the metric's unit.
    pub value: Quantity,
    /// Of several durations in one sample: each of them, in ten-thousandths, with the value as their sum.
    pub many: &'a [i64],
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
pub struct Recorded<'a> {
    /// What became of each sample, in the caller's order.
    pub outcomes: Vec<Outcome>,
    /// By how much the total of a campaign's metric changed, in ten-thousandths; none that are zero.
    pub campaign_deltas: BTreeMap<(CampaignId, &'a str), i64>,
    /// What rules must judge again: per metric and channel, the local days on which something changed.
    pub touched: Touched<'a>,
}

/// Rows of one statement: more do not get faster, and a statement stays well under its time-out.
const BATCH: usize = 5_000;

/// From this many rows on it is tried first whether all are new, which has to be undone if it fails. For fewer the two
/// round trips of the savepoint cost more than looking for conflicts does.
const WORTH_A_TRY: usize = 200;

/// Stores `rows` as part of `tx` and adds them to the rollups of `zone`'s hours and days. No two rows may have the
/// same metric, channel, campaign, subject, period, time (to the microsecond) and key.
///
/// # Errors
/// 422 when a sum would leave the range that is kept (about 9.2e14 units); 500 for repeated rows, which the caller has to
/// refuse before; otherwise when the database fails. After an error the transaction must be rolled back.
pub async fn record<'a>(
    tx: &mut Tx,
    tenant: TenantId,
    zone: Tz,
    rows: &[NewSample<'a>],
    now: DateTime<Utc>,
) -> Result<Recorded<'a>> {
    if rows.is_empty() {
        return Ok(Recorded::default());
    }
    let batch = model::arrange(tenant, rows).map_err(|_| Error::internal("a sample is there twice in one batch"))?;
    store::ensure_series(tx, tenant, &batch.series, now).await?;
    let mut outcomes = vec![Outcome::Accepted; rows.len()];
    // Once something was known already, the rest probably is too: a request that is sent again.
    let mut probably_new = batch.samples.len() >= WORTH_A_TRY;
    for samples in batch.samples.chunks(BATCH) {
        if probably_new && store::insert_new(tx, tenant, samples).await? {
            continue;
        }
        probably_new = false;
        for (index, outcome) in store::insert_or_correct(tx, tenant, samples).await? {
            outcomes[index] = outcome;
        }
    }
    let mut tally = model::tally(zone, &batch, &outcomes).map_err(|beyond| out_of_range(&beyond.metric))?;
    let new = outcomes.iter().filter(|outcome| **outcome == Outcome::Accepted).count();
    store::add_to_rollups(tx, tenant, &tally, new).await?;
    if !batch.others.is_empty() {
        tally.touched.append(&mut record_others(tx, tenant, zone, &batch, &mut outcomes).await?);
    }
    Ok(Recorded { outcomes, campaign_deltas: tally.campaigns, touched: tally.touched })
}

/// Stores what is not added, and renews its rollups.
async fn record_others<'a>(
    tx: &mut Tx,
    tenant: TenantId,
    zone: Tz,
    batch: &model::Arranged<'a>,
    outcomes: &mut [Outcome],
) -> Result<Touched<'a>> {
    let by_week = batch.series.iter().any(|(_, key)| key.period == Some(Resolution::Week));
    let week = if by_week { tenants::week_start(tx, tenant).await? } else { Weekday::Mon };
    let mut before = HashMap::new();
    for samples in batch.others.chunks(BATCH) {
        for written in store::insert_or_correct_others(tx, tenant, samples).await? {
            outcomes[written.index] = written.outcome;
            before.insert(written.index, written.before);
        }
    }
    let changes = kinds::changes(Calendar { zone, week }, batch, outcomes, &before)
        .map_err(|beyond| out_of_range(&beyond.metric))?;
    store::renew(tx, tenant, &changes.renewed).await?;
    store::add_durations(tx, tenant, &changes).await?;
    Ok(changes.touched)
}

/// A sum that cannot be kept.
fn out_of_range(what: &str) -> Error {
    let detail = format!("A sum of `{what}` would go beyond 922337203685477 units. Check the values and their unit.");
    Error::new(Code::ValidationFailed, detail)
}
