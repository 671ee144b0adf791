//! What each campaign has cost and brought so far: one running total per campaign and metric, kept by the very
//! transaction that writes the samples, so that a stop-loss line judges what is really booked.
//!
//! Amounts are exact, in ten-thousandths of the metric's unit (`e4`; for `spend`, of the currency's major unit).
//! Invariants: totals are touched in one order (campaign, metric) by everybody, since two writers in different order
//! deadlock; a correction arrives as the difference, so a total is always the sum of its samples.

mod store;

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use std::collections::{BTreeMap, HashMap};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, TenantId};

/// The metric that is a campaign's cost.
pub const SPEND: &str = "spend";

/// Adds `deltas` to the totals in one statement and returns the new totals, one for each campaign and metric that
/// was named, sorted. Deltas of the same total are summed first, so any order and repetition may be given. It takes
/// row locks: call it behind all other writes of the transaction, save for pausing.
///
/// # Errors
/// 422 when a total would pass what can be counted.
pub async fn add_totals(
    tx: &mut Tx,
    tenant: TenantId,
    deltas: &[(CampaignId, &str, i64)],
) -> Result<Vec<(CampaignId, String, i64)>> {
    if deltas.is_empty() {
        return Ok(Vec::new());
    }
    let sums = summed(deltas).ok_or_else(too_much)?;
    let mut totals = store::add(tx, tenant, &sums).await?.ok_or_else(too_much)?;
    totals.sort_unstable();
    Ok(totals)
}

/// The totals of one campaign by metric, in ten-thousandths. A metric without samples is absent.
///
/// # Errors
/// When the database fails.
pub async fn totals(tx: &mut Tx, tenant: TenantId, campaign: CampaignId) -> Result<HashMap<String, i64>> {
    Ok(store::of_campaign(tx, tenant, campaign).await?.into_iter().collect())
}

/// One sum for each total, in the order in which totals are touched; `None` when a sum overflows.
fn summed<'a>(deltas: &[(CampaignId, &'a str, i64)]) -> Option<BTreeMap<(CampaignId, &'a str), i64>> {
    let mut sums = BTreeMap::new();
    for &(campaign, metric, delta) in deltas {
        let sum: &mut i64 = sums.entry((campaign, metric)).or_default();
        *sum = sum.checked_add(delta)?;
    }
    Some(sums)
}

fn too_much() -> Error {
    Error::new(
        Code::ValidationFailed,
        "A campaign's total would pass 922 trillion, more than can be counted. Check the unit of the values.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_of_one_total_are_summed_and_totals_are_in_one_order() {
        let (a, b) = (CampaignId::new(), CampaignId::new());
        let sums = summed(&[(b, "spend", 5), (a, "spend", 1), (b, "sales", 2), (b, "spend", -7)]).unwrap();
        let order: Vec<_> = sums.into_iter().collect();
        assert_eq!(order, [((a, "spend"), 1), ((b, "sales"), 2), ((b, "spend"), -2)]);
    }

    #[test]
    fn a_sum_beyond_counting_is_refused() {
        let a = CampaignId::new();
        assert_eq!(summed(&[(a, "spend", i64::MAX), (a, "spend", 1)]), None);
    }
}
