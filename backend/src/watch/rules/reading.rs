//! Reading what a rule judges: the series of its place, and its campaign's plan. For judging, back-tests and pictures.

use super::kinds::SpendPlan;
use super::series::How;
use crate::error::Result;
use crate::measure::metrics::Definition;
use crate::measure::samples::buckets::{self, Counted, Whose};
use crate::plan::campaigns;
use crate::platform::db::Tx;
use chrono::{DateTime, Utc};
use std::ops::Range;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::watch::RuleBucket;

/// Where a rule judges.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Each channel by itself.
    pub per_channel: bool,
}

/// The width of a bucket as it is stored.
pub fn resolution(bucket: RuleBucket) -> Resolution {
    match bucket {
        RuleBucket::Hour => Resolution::Hour,
        RuleBucket::Day => Resolution::Day,
    }
}

/// What was counted in `span` in each series that the rule judges: of its channel or campaign, of all together, or of each
/// channel.
///
/// # Errors
/// When the database fails.
pub async fn series(
    tx: &mut Tx,
    tenant: TenantId,
    how: How<'_>,
    metric: &Definition<'_>,
    scope: Scope,
    span: Range<DateTime<Utc>>,
) -> Result<Vec<(Option<ChannelId>, Vec<Counted>)>> {
    let resolution = resolution(how.calendar().bucket);
    if scope.per_channel {
        let by_channel = buckets::by_channel(tx, tenant, metric, resolution, scope.campaign, span).await?;
        return Ok(by_channel.into_iter().map(|(channel, rows)| (Some(channel), rows)).collect());
    }
    let whose = Whose { channel: scope.channel, campaign: scope.campaign };
    Ok(vec![(scope.channel, buckets::of(tx, tenant, metric, resolution, whose, span).await?)])
}

/// The days and the budget of a rule's campaign, where its kind wants them and the campaign has them.
///
/// # Errors
/// When the database fails.
pub async fn plan(
    tx: &mut Tx,
    tenant: TenantId,
    how: How<'_>,
    campaign: Option<CampaignId>,
) -> Result<Option<SpendPlan>> {
    let Some(campaign) = campaign.filter(|_| how.kind().wants_plan()) else { return Ok(None) };
    let campaign = campaigns::plan_of(tx, tenant, campaign).await?;
    let days = campaign.starts_on.zip(campaign.ends_on);
    Ok(days.zip(campaign.budget).map(|((starts_on, ends_on), budget)| SpendPlan {
        starts_on,
        ends_on,
        budget: budget.major(),
    }))
}
