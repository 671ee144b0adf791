//! Reading what a rule judges: the series of its place, and its campaign's plan or its goal. For judging, back-tests and pictures.

use super::kinds::{Plan, SpendPlan};
use super::series::How;
use crate::error::Result;
use crate::measure::metrics::Definition;
use crate::measure::samples::buckets::{self, Counted, Whose};
use crate::plan::{campaigns, goals};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use chrono::{DateTime, Utc};
use std::ops::Range;
use tillwatch_shared::goals::GoalState;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::watch::{GoalPaceSpec, Rule, RuleBucket, RuleSpec};

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

/// The days and the budget of a rule's campaign, where its kind wants them and the campaign has them; or its goal.
///
/// # Errors
/// When the database fails.
pub async fn plan(tx: &mut Tx, tenant: TenantId, how: How<'_>, campaign: Option<CampaignId>) -> Result<Option<Plan>> {
    if let RuleSpec::GoalPace(spec) = how.spec {
        return Ok(goals::course_of(tx, tenant, spec.goal).await?.map(Plan::Goal));
    }
    let Some(campaign) = campaign.filter(|_| how.kind().wants_plan()) else { return Ok(None) };
    let campaign = campaigns::plan_of(tx, tenant, campaign).await?;
    let days = campaign.starts_on.zip(campaign.ends_on);
    let plan = |((starts_on, ends_on), budget): (_, tillwatch_shared::Money)| SpendPlan {
        starts_on,
        ends_on,
        budget: budget.major(),
    };
    Ok(days.zip(campaign.budget).map(plan).map(Plan::Spend))
}

/// Refuses a goal that is not there, not active, or of another metric or scope than the rule.
///
/// # Errors
/// When the database fails.
pub(super) async fn check_goal(
    tx: &mut Tx,
    who: &Who,
    rule: &Rule,
    spec: &GoalPaceSpec,
    checks: &mut Checks,
) -> Result<()> {
    let Some(goal) = goals::find(tx, who, spec.goal).await? else {
        checks.refuse("/spec/goal", "not_found", "There is no such goal.");
        return Ok(());
    };
    let active = goal.state == GoalState::Active;
    checks.ensure(active, "/spec/goal", "not_active", "The goal is not active. Activate it first.");
    let metric = goal.metric.as_deref() == Some(spec.metric.as_str());
    checks.ensure(metric, "/spec/metric", "contradiction", "The goal has another metric. Name the goal's.");
    let detail = "The goal has another scope. Name its channel and campaign, or neither.";
    checks.ensure(rule.channel == goal.channel, "/channel", "contradiction", detail);
    checks.ensure(rule.campaign == goal.campaign, "/campaign", "contradiction", detail);
    Ok(())
}
