//! The only SQL of goals' versions.

use crate::error::{Error, Result};
use crate::plan::goals::periods::Stage;
use crate::platform::db::Tx;
use crate::platform::db::schema::goal_versions as versions;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Who, actor_text};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tillwatch_shared::goals::{Goal, GoalStep, GoalVersion, PeriodTarget};
use tillwatch_shared::ids::{GoalId, TenantId};
use uuid::Uuid;

/// Keeps a goal as it is now.
pub(in crate::plan::goals) async fn keep(
    tx: &mut Tx,
    who: &Who,
    goal: &Goal,
    stages: &[Stage],
    step: GoalStep,
    at: DateTime<Utc>,
) -> Result<()> {
    let target = |stage: &Stage| PeriodTarget { starts_on: stage.starts_on, target: stage.target };
    let stages: Vec<PeriodTarget> = stages.iter().map(target).collect();
    diesel::insert_into(versions::table)
        .values((
            versions::tenant_id.eq(who.tenant.0),
            versions::goal_id.eq(goal.id.0),
            versions::version.eq(goal.version),
            versions::at.eq(at),
            versions::step.eq(step.as_str()),
            versions::actor_kind.eq(who.actor.kind()),
            versions::actor_id.eq(who.actor.id()),
            versions::via.eq(&who.via),
            versions::goal.eq(serde_json::to_value(goal).map_err(Error::internal)?),
            versions::periods.eq(serde_json::to_value(stages).map_err(Error::internal)?),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A goal with its periods as it was before `at`; `None` if it was not there yet.
pub(in crate::plan::goals) async fn as_of(
    tx: &mut Tx,
    tenant: TenantId,
    id: GoalId,
    at: DateTime<Utc>,
) -> Result<Option<(Goal, Vec<PeriodTarget>)>> {
    let found: Option<(Value, Value)> = versions::table
        .select((versions::goal, versions::periods))
        .filter(versions::tenant_id.eq(tenant.0))
        .filter(versions::goal_id.eq(id.0))
        .filter(versions::at.lt(at))
        .order(versions::version.desc())
        .first(tx)
        .await
        .optional()?;
    let Some((goal, periods)) = found else { return Ok(None) };
    let goal = serde_json::from_value(goal).map_err(Error::internal)?;
    Ok(Some((goal, serde_json::from_value(periods).map_err(Error::internal)?)))
}

/// A version's place in its list, as cursors carry it.
pub(in crate::plan::goals) fn place(version: i64) -> Uuid {
    Uuid::from_u64_pair(0, version.unsigned_abs())
}

/// The versions of a goal behind the cursor's, newest first, without the names of people.
pub(in crate::plan::goals) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    id: GoalId,
    paging: &Paging,
) -> Result<Vec<GoalVersion>> {
    type Row = (DateTime<Utc>, String, String, Option<Uuid>, String, Value, Value);
    let before = paging.after.map_or(i64::MAX, |place| i64::try_from(place.as_u64_pair().1).unwrap_or(i64::MAX));
    let rows: Vec<Row> = versions::table
        .select((
            versions::at,
            versions::step,
            versions::actor_kind,
            versions::actor_id,
            versions::via,
            versions::goal,
            versions::periods,
        ))
        .filter(versions::tenant_id.eq(tenant.0))
        .filter(versions::goal_id.eq(id.0))
        .filter(versions::version.lt(before))
        .order(versions::version.desc())
        .limit(paging.fetch())
        .load(tx)
        .await?;
    let version = |(at, step, actor_kind, actor, via, goal, periods): Row| {
        Ok(GoalVersion {
            goal: serde_json::from_value(goal).map_err(Error::internal)?,
            periods: serde_json::from_value(periods).map_err(Error::internal)?,
            step: step.parse().map_err(Error::internal)?,
            at,
            actor: actor_text(&actor_kind, actor),
            actor_name: None,
            actor_kind,
            via,
        })
    };
    rows.into_iter().map(version).collect()
}
