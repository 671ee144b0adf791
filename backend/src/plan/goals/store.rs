//! The only SQL of goals; their versions' is in [`versions`], their corrections' in [`proposals`].

pub(super) mod proposals;
pub(super) mod versions;

use super::Filter;
use super::periods::Stage;
use crate::error::{Error, Result};
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{goal_periods as periods, goals};
use crate::platform::http::page::Paging;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::goals::{Goal, GoalState};
use tillwatch_shared::ids::{CampaignId, ChannelId, GoalId, StaffId, TenantId};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = goals)]
struct Row {
    goal_id: Uuid,
    name: String,
    metric: Option<String>,
    channel_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    baseline_e4: Option<i64>,
    baseline_source: Option<String>,
    target_e4: Option<i64>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    owner_id: Option<Uuid>,
    relevance: String,
    campaigns: Vec<Uuid>,
    period: String,
    spread: String,
    state: String,
    state_since: DateTime<Utc>,
    achievable_anyway: Option<String>,
    activated_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// How many goals there are, the archived ones aside.
pub(super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(goals::table
        .filter(goals::tenant_id.eq(tenant.0))
        .filter(goals::state.ne(GoalState::Archived.as_str()))
        .count()
        .get_result(tx)
        .await?)
}

impl Row {
    fn into_goal(self) -> Result<Goal> {
        let baseline_source = self.baseline_source.map(|source| source.parse().map_err(Error::internal)).transpose()?;
        Ok(Goal {
            id: GoalId(self.goal_id),
            name: self.name,
            metric: self.metric,
            channel: self.channel_id.map(ChannelId),
            campaign: self.campaign_id.map(CampaignId),
            baseline: self.baseline_e4.map(Quantity::from_e4),
            baseline_source,
            target: self.target_e4.map(Quantity::from_e4),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            owner: self.owner_id.map(StaffId),
            relevance: self.relevance,
            campaigns: self.campaigns.into_iter().map(CampaignId).collect(),
            period: self.period.parse().map_err(Error::internal)?,
            spread: self.spread.parse().map_err(Error::internal)?,
            state: self.state.parse().map_err(Error::internal)?,
            state_since: self.state_since,
            achievable_anyway: self.achievable_anyway,
            activated_at: self.activated_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// What can change of a goal, as columns.
macro_rules! columns {
    ($goal:expr) => {
        (
            goals::name.eq(&$goal.name),
            goals::metric.eq(&$goal.metric),
            goals::channel_id.eq($goal.channel.map(|id| id.0)),
            goals::campaign_id.eq($goal.campaign.map(|id| id.0)),
            goals::baseline_e4.eq($goal.baseline.map(Quantity::e4)),
            goals::baseline_source.eq($goal.baseline_source.map(|source| source.as_str())),
            goals::target_e4.eq($goal.target.map(Quantity::e4)),
            goals::starts_on.eq($goal.starts_on),
            goals::ends_on.eq($goal.ends_on),
            goals::owner_id.eq($goal.owner.map(|id| id.0)),
            goals::relevance.eq(&$goal.relevance),
            goals::campaigns.eq($goal.campaigns.iter().map(|id| id.0).collect::<Vec<Uuid>>()),
            goals::period.eq($goal.period.as_str()),
            goals::spread.eq($goal.spread.as_str()),
            goals::state.eq($goal.state.as_str()),
            goals::state_since.eq($goal.state_since),
            goals::achievable_anyway.eq(&$goal.achievable_anyway),
            goals::activated_at.eq($goal.activated_at),
            goals::updated_at.eq($goal.updated_at),
            goals::version.eq($goal.version),
        )
    };
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, goal: &Goal) -> Result<()> {
    diesel::insert_into(goals::table)
        .values((
            goals::tenant_id.eq(tenant.0),
            goals::goal_id.eq(goal.id.0),
            goals::created_at.eq(goal.created_at),
            columns!(goal),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, tenant: TenantId, goal: &Goal) -> Result<()> {
    diesel::update(goals::table.filter(goals::tenant_id.eq(tenant.0)).filter(goals::goal_id.eq(goal.id.0)))
        .set(columns!(goal))
        .execute(tx)
        .await?;
    Ok(())
}

/// One goal; locked, nobody else changes it until the transaction ends.
pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: GoalId, lock: bool) -> Result<Goal> {
    let query =
        goals::table.select(Row::as_select()).filter(goals::tenant_id.eq(tenant.0)).filter(goals::goal_id.eq(id.0));
    let found: Option<Row> =
        if lock { query.for_no_key_update().first(tx).await } else { query.first(tx).await }.optional()?;
    found.ok_or_else(|| Error::not_found("goal"))?.into_goal()
}

/// A page of goals, newest first. A tenant has few, and only its own are looked at.
pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    filter: &Filter,
    paging: &Paging,
) -> Result<Vec<Goal>> {
    let query = goals::table.select(Row::as_select()).filter(goals::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, goals::goal_id, newest);
    query = reached!(query, goals, within);
    query = match filter.state {
        Some(state) => query.filter(goals::state.eq(state.as_str())),
        None => query.filter(goals::state.ne(GoalState::Archived.as_str())),
    };
    if let Some(metric) = &filter.metric {
        query = query.filter(goals::metric.eq(metric));
    }
    if let Some(channel) = filter.channel {
        query = query.filter(goals::channel_id.eq(channel.0));
    }
    if let Some(campaign) = filter.campaign {
        query = query.filter(goals::campaign_id.eq(campaign.0));
    }
    if let Some(owner) = filter.owner {
        query = query.filter(goals::owner_id.eq(owner.0));
    }
    if let Some(q) = &filter.q {
        query = query.filter(goals::name.ilike(crate::plan::names::prefix_pattern(q)));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_goal).collect()
}

/// The periods of a goal, in order.
pub(super) async fn stages(tx: &mut Tx, tenant: TenantId, id: GoalId) -> Result<Vec<Stage>> {
    let rows: Vec<(NaiveDate, NaiveDate, i64)> = periods::table
        .select((periods::starts_on, periods::ends_on, periods::target_e4))
        .filter(periods::tenant_id.eq(tenant.0))
        .filter(periods::goal_id.eq(id.0))
        .order(periods::starts_on)
        .load(tx)
        .await?;
    let stage = |(starts_on, ends_on, e4)| Stage { starts_on, ends_on, target: Quantity::from_e4(e4) };
    Ok(rows.into_iter().map(stage).collect())
}

/// Makes `stages` the periods of a locked goal.
pub(super) async fn set_stages(tx: &mut Tx, tenant: TenantId, id: GoalId, stages: &[Stage]) -> Result<()> {
    diesel::delete(periods::table.filter(periods::tenant_id.eq(tenant.0)).filter(periods::goal_id.eq(id.0)))
        .execute(tx)
        .await?;
    let row = |stage: &Stage| {
        (
            periods::tenant_id.eq(tenant.0),
            periods::goal_id.eq(id.0),
            periods::starts_on.eq(stage.starts_on),
            periods::ends_on.eq(stage.ends_on),
            periods::target_e4.eq(stage.target.e4()),
        )
    };
    let rows: Vec<_> = stages.iter().map(row).collect();
    if !rows.is_empty() {
        diesel::insert_into(periods::table).values(rows).execute(tx).await?;
    }
    Ok(())
}
