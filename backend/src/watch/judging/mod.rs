//! Judging: holding the numbers against the rules.
//!
//! A stop-loss is judged inside the write that brings the cost ([`stop_loss`]). The other rules judge closed local days
//! or hours, by job, behind the write ([`closed`]): a day is closed when a later day has samples of the rule's metric
//! anywhere in the retailer, or when it has been over for an hour by the clock while samples came in live; an hour in the
//! same way, ten minutes behind its end. Late and corrected samples have the last judged one judged again; older ones are
//! history and raise nothing. A rule that judges hours or minds silence, and one that has something open, is judged by
//! the clock too: so data that vanish are told, and never taken for a recovery.
//!
//! Cast: [`jobs`]; pure: `model` (what is closed and judged) and [`crate::watch::rules::series`] (what a rule says
//! of it). Invariants: one transaction judges closed figures of one rule, behind a lock on the rule; judging again
//! changes nothing; what was closed stays closed; how far a series was judged never goes back.

pub mod closed;
pub mod jobs;
mod model;
pub mod stop_loss;
mod store;

use crate::error::Result;
use crate::measure::samples::Touched;
use crate::measure::samples::calendar::{day_end, local_date};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;

/// Has the rules on what was touched judged soon, if that can have closed a day or changed a closed one; and, where
/// today was touched, once more when today is closed. Says whether a job is due now, so that jobs are to be woken behind
/// the commit.
///
/// # Errors
/// When the database fails.
pub async fn after_samples(tx: &mut Tx, who: &Who, zone: Tz, touched: &Touched<'_>, at: DateTime<Utc>) -> Result<bool> {
    let today = local_date(zone, at);
    let (mut soon, of_today) = model::by_day(touched, today);
    if !of_today.is_empty() {
        let payload = json!({ "metrics": of_today, "closed": today });
        let metrics: Vec<&str> = of_today.iter().copied().collect();
        let once = format!("{}/{}/{today}/{}", who.tenant, jobs::JUDGE_DAYS, metrics.join(","));
        let closing = day_end(zone, today) + model::GRACE;
        // Who orders the closing brings the first samples of today, and so may have closed yesterday.
        if queue::enqueue_once(tx, who, jobs::JUDGE_DAYS, &payload, closing, &once).await? {
            soon.extend(of_today);
        }
    }
    if !soon.is_empty() {
        queue::enqueue(tx, who, jobs::JUDGE_DAYS, &json!({ "metrics": soon }), at).await?;
    }
    Ok(!soon.is_empty())
}
