//! The only SQL of goals' corrections.

use crate::error::{Error, Result};
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{goal_proposals as proposals, goals};
use crate::platform::http::page::Paging;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tillwatch_shared::goals::{PeriodCorrected, ProposalState};
use tillwatch_shared::ids::{GoalId, ProposalId, StaffId, TenantId};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// A correction as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plan::goals) struct Proposal {
    pub(in crate::plan::goals) id: ProposalId,
    pub(in crate::plan::goals) goal: GoalId,
    pub(in crate::plan::goals) month: NaiveDate,
    pub(in crate::plan::goals) state: ProposalState,
    pub(in crate::plan::goals) planned: Quantity,
    pub(in crate::plan::goals) achieved: Quantity,
    pub(in crate::plan::goals) target_before: Quantity,
    pub(in crate::plan::goals) target_after: Quantity,
    pub(in crate::plan::goals) periods: Vec<PeriodCorrected>,
    pub(in crate::plan::goals) made_at: DateTime<Utc>,
    pub(in crate::plan::goals) decided_at: Option<DateTime<Utc>>,
    pub(in crate::plan::goals) decided_by: Option<StaffId>,
    pub(in crate::plan::goals) decision_reason: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = proposals)]
struct Row {
    proposal_id: Uuid,
    goal_id: Uuid,
    month: NaiveDate,
    state: String,
    planned_e4: i64,
    achieved_e4: i64,
    target_before_e4: i64,
    target_after_e4: i64,
    periods: Value,
    made_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<Uuid>,
    decision_reason: Option<String>,
}

impl Row {
    fn into_proposal(self) -> Result<Proposal> {
        Ok(Proposal {
            id: ProposalId(self.proposal_id),
            goal: GoalId(self.goal_id),
            month: self.month,
            state: self.state.parse().map_err(Error::internal)?,
            planned: Quantity::from_e4(self.planned_e4),
            achieved: Quantity::from_e4(self.achieved_e4),
            target_before: Quantity::from_e4(self.target_before_e4),
            target_after: Quantity::from_e4(self.target_after_e4),
            periods: serde_json::from_value(self.periods).map_err(Error::internal)?,
            made_at: self.made_at,
            decided_at: self.decided_at,
            decided_by: self.decided_by.map(StaffId),
            decision_reason: self.decision_reason,
        })
    }
}

/// Adds a correction; `false` when the goal has one of that month.
pub(in crate::plan::goals) async fn insert(tx: &mut Tx, tenant: TenantId, proposal: &Proposal) -> Result<bool> {
    let added = diesel::insert_into(proposals::table)
        .values((
            proposals::tenant_id.eq(tenant.0),
            proposals::proposal_id.eq(proposal.id.0),
            proposals::goal_id.eq(proposal.goal.0),
            proposals::month.eq(proposal.month),
            proposals::state.eq(proposal.state.as_str()),
            proposals::planned_e4.eq(proposal.planned.e4()),
            proposals::achieved_e4.eq(proposal.achieved.e4()),
            proposals::target_before_e4.eq(proposal.target_before.e4()),
            proposals::target_after_e4.eq(proposal.target_after.e4()),
            proposals::periods.eq(serde_json::to_value(&proposal.periods).map_err(Error::internal)?),
            proposals::made_at.eq(proposal.made_at),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added > 0)
}

/// Whether a goal has a correction of a month.
pub(in crate::plan::goals) async fn of_month(
    tx: &mut Tx,
    tenant: TenantId,
    goal: GoalId,
    month: NaiveDate,
) -> Result<bool> {
    let query = proposals::table
        .filter(proposals::tenant_id.eq(tenant.0))
        .filter(proposals::goal_id.eq(goal.0))
        .filter(proposals::month.eq(month));
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(tx).await?)
}

/// One correction.
pub(in crate::plan::goals) async fn get(tx: &mut Tx, tenant: TenantId, id: ProposalId) -> Result<Proposal> {
    let found: Option<Row> = proposals::table
        .select(Row::as_select())
        .filter(proposals::tenant_id.eq(tenant.0))
        .filter(proposals::proposal_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    found.ok_or_else(|| Error::not_found("proposal"))?.into_proposal()
}

/// The correction of a goal that waits for a decision.
pub(in crate::plan::goals) async fn open_of(tx: &mut Tx, tenant: TenantId, goal: GoalId) -> Result<Option<Proposal>> {
    let found: Option<Row> = proposals::table
        .select(Row::as_select())
        .filter(proposals::tenant_id.eq(tenant.0))
        .filter(proposals::goal_id.eq(goal.0))
        .filter(proposals::state.eq(ProposalState::Open.as_str()))
        .order(proposals::month.desc())
        .first(tx)
        .await
        .optional()?;
    found.map(Row::into_proposal).transpose()
}

/// Writes what was decided of a correction whose goal is locked.
pub(in crate::plan::goals) async fn decide(tx: &mut Tx, tenant: TenantId, proposal: &Proposal) -> Result<()> {
    diesel::update(
        proposals::table.filter(proposals::tenant_id.eq(tenant.0)).filter(proposals::proposal_id.eq(proposal.id.0)),
    )
    .set((
        proposals::state.eq(proposal.state.as_str()),
        proposals::decided_at.eq(proposal.decided_at),
        proposals::decided_by.eq(proposal.decided_by.map(|id| id.0)),
        proposals::decision_reason.eq(&proposal.decision_reason),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// What waits of a locked goal is overtaken: which that was.
pub(in crate::plan::goals) async fn supersede(
    tx: &mut Tx,
    tenant: TenantId,
    goal: GoalId,
    at: DateTime<Utc>,
) -> Result<Vec<ProposalId>> {
    let overtaken: Vec<Uuid> = diesel::update(
        proposals::table
            .filter(proposals::tenant_id.eq(tenant.0))
            .filter(proposals::goal_id.eq(goal.0))
            .filter(proposals::state.eq(ProposalState::Open.as_str())),
    )
    .set((proposals::state.eq(ProposalState::Superseded.as_str()), proposals::decided_at.eq(at)))
    .returning(proposals::proposal_id)
    .get_results(tx)
    .await?;
    Ok(overtaken.into_iter().map(ProposalId).collect())
}

/// A page of corrections, newest first.
pub(in crate::plan::goals) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    (goal, state): (Option<GoalId>, Option<ProposalState>),
    paging: &Paging,
) -> Result<Vec<Proposal>> {
    let query = proposals::table
        .inner_join(
            goals::table.on(goals::tenant_id.eq(proposals::tenant_id).and(goals::goal_id.eq(proposals::goal_id))),
        )
        .select(Row::as_select())
        .filter(proposals::tenant_id.eq(tenant.0))
        .filter(goals::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, proposals::proposal_id, newest);
    query = reached!(query, goals, within);
    if let Some(goal) = goal {
        query = query.filter(proposals::goal_id.eq(goal.0));
    }
    if let Some(state) = state {
        query = query.filter(proposals::state.eq(state.as_str()));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_proposal).collect()
}
