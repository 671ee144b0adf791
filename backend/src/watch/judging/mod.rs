//! Judging: holding the numbers against the rules.
//!
//! A stop-loss is judged inside the write that brings the cost ([`stop_loss`]). The other rules judge closed local
//! days, by job, behind the write ([`daily`]): a day is closed when a later day has samples of the rule's metric
//! anywhere in the retailer, or when it has been over for an hour by the clock while samples came in live. Late and
//! corrected samples have the last judged day judged again; older days are history and raise nothing.
//! Cast: [`jobs`]; what is pure lies with the rules ([`crate::watch::rules::series`]). Invariants: one transaction judges one rule,
//! behind a lock on the rule; judging again changes nothing.

pub mod daily;
pub mod jobs;
pub mod stop_loss;
mod store;

use crate::error::Result;
use crate::measure::samples::Touched;
use crate::measure::samples::calendar::{day_end, local_date};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::watch::rules::detect;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;
use std::collections::BTreeSet;
use tillwatch_shared::watch::Figures;

/// A day is closed by the clock when it has been over for so long.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// Has the rules on what was touched judged soon; and, where today was touched, once more when today is closed.
///
/// # Errors
/// When the database fails.
pub async fn after_samples(tx: &mut Tx, who: &Who, zone: Tz, touched: &Touched, at: DateTime<Utc>) -> Result<()> {
    let metrics: BTreeSet<&str> = touched.keys().map(|(metric, _)| *metric).collect();
    if metrics.is_empty() {
        return Ok(());
    }
    queue::enqueue(tx, who, jobs::JUDGE_DAYS, &json!({ "metrics": metrics }), at).await?;
    let today = local_date(zone, at);
    if touched.values().any(|days| days.contains(&today)) {
        let payload = json!({ "metrics": metrics, "closed": today });
        let once = format!("{}/{}/{today}/{}", who.tenant, jobs::JUDGE_DAYS, Vec::from_iter(metrics).join(","));
        queue::enqueue_once(tx, who, jobs::JUDGE_DAYS, &payload, day_end(zone, today) + GRACE, &once).await?;
    }
    Ok(())
}

/// The figures of a verdict as the wire shows them.
pub fn wire_figures(figures: &detect::Figures) -> Figures {
    Figures {
        value: figures.value,
        expected: figures.expected,
        sigma: figures.sigma,
        n: figures.n.map(|n| n as usize),
        z: figures.z,
        line: figures.line,
        overshoot: figures.overshoot,
        overshoot_share: figures.overshoot_share,
        low: figures.low,
        high: figures.high,
        score: figures.score,
    }
}
