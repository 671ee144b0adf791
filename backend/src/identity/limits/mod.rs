//! What a retailer may use, how much it has used, and the refusal of more.
//!
//! Vocabulary: a *limit* comes from the plan or is the retailer's own ([`crate::identity::tenants`]); a *day* is the retailer's
//! local day. Samples of a day are counted in one row, raised in the last statement that locks anything before a write
//! commits, so that writers of one retailer wait for each other no longer than a commit takes. Staff and tokens are
//! counted where they lie, under the lock of the retailer's row. Invariants: a limit is never passed, however many ask at once;
//! what is sent again and changes nothing is not counted again. Requests are limited by the edge, which keeps its own count.

mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
pub use model::Counting;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::tenant::{Limit, TenantLimits};

/// The limits of the retailer that asks, and what is used of them.
///
/// # Errors
/// When the database fails.
pub async fn get(app: &App, who: &Who) -> Result<TenantLimits> {
    let (at, tenant) = (now(), who.tenant);
    app.db
        .read(who, async |tx| {
            let zone = tenants::settings(tx, tenant).await?.time_zone;
            let standing = tenants::standing(tx, tenant).await?;
            let (limits, own) = (standing.limits(), standing.own);
            let (day, day_ends_at) = model::day(zone, at);
            let samples = store::samples(tx, tenant, day).await?;
            let (staff, tokens) = (store::staff(tx, tenant).await?, store::tokens(tx, tenant, at).await?);
            let quota = standing.quota();
            let per_minute = i64::from(app.limits.of_tenant(quota.per_minute));
            let concurrent = i64::from(app.limits.concurrent(quota.concurrent));
            let show = |limit: i64, used: Option<i64>, own: Option<i64>| Limit { limit, used, own: own.is_some() };
            Ok(TenantLimits {
                plan: standing.plan,
                requests_per_minute: show(per_minute, None, own.requests_per_minute),
                concurrent_requests: show(concurrent, None, own.concurrent_requests),
                samples_per_day: show(limits.samples_per_day, Some(samples), own.samples_per_day),
                staff: show(limits.staff, Some(staff), own.staff),
                api_tokens: show(limits.api_tokens, Some(tokens), own.api_tokens),
                day_ends_at,
            })
        })
        .await
}

/// Begins to take samples: the time zone in which they are counted, and the day's limit. Nothing is refused yet, also when
/// the day is used up: what was taken before and is sent again, since its answer was lost, is answered as ever.
///
/// # Errors
/// When the database fails.
pub async fn begin_counting(tx: &mut Tx, tenant: TenantId, at: DateTime<Utc>) -> Result<(Tz, Counting)> {
    let (zone, standing) = tenants::for_counting(tx, tenant).await?;
    let (day, ends_at) = model::day(zone, at);
    Ok((zone, Counting { day, ends_at, limit: standing.limits().samples_per_day }))
}

/// Counts `samples` that were taken or corrected. The last of a write's statements that locks anything.
///
/// # Errors
/// 429 until the local midnight when they pass the limit: the transaction must be rolled back, and nothing of it counts.
pub async fn count(tx: &mut Tx, tenant: TenantId, counting: &Counting, samples: u32, at: DateTime<Utc>) -> Result<()> {
    if samples == 0 {
        return Ok(());
    }
    counting.check(store::add_samples(tx, tenant, counting.day, i64::from(samples)).await?, at)
}

/// Makes sure that one more API token may be made; the retailer's row is locked until the transaction ends.
///
/// # Errors
/// 409 when there are as many as are allowed.
pub async fn room_for_token(tx: &mut Tx, tenant: TenantId, at: DateTime<Utc>) -> Result<()> {
    let limit = tenants::lock_standing(tx, tenant).await?.limits().api_tokens;
    if store::tokens(tx, tenant, at).await? < limit {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "The retailer's limit is {limit} API tokens that work. Revoke one, or ask for a larger plan."
    )))
}

/// Makes sure that one more staff may come in; the retailer's row is locked until the transaction ends.
///
/// # Errors
/// 409 when there are as many as are allowed.
pub async fn room_for_staff(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    let limit = tenants::lock_standing(tx, tenant).await?.limits().staff;
    if store::staff(tx, tenant).await? < limit {
        return Ok(());
    }
    Err(Error::conflict(format!("The retailer's limit is {limit} staff. Disable one, or ask for a larger plan.")))
}
