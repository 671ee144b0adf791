//! Corrections: listed, accepted and refused by people.

use super::periods::Stage;
use super::store::proposals::{self, Proposal};
use super::words::{self, Reason};
use super::{jobs, keep, model, named, reached, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::reach;
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::{self, Book};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::{HashMap, hash_map};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::goals::{Goal, GoalProposal, GoalState, GoalStep, ProposalDecided, ProposalState};
use tillwatch_shared::ids::{GoalId, ProposalId, TenantId};

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The goal is changed.
    Accept,
    /// It stays.
    Refuse,
}

impl Decision {
    const fn state(self) -> ProposalState {
        match self {
            Self::Accept => ProposalState::Accepted,
            Self::Refuse => ProposalState::Refused,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Accept => "goal_proposal.accepted",
            Self::Refuse => "goal_proposal.refused",
        }
    }
}

fn shown(proposal: Proposal, goal: &Goal, book: &Book, settings: &Settings) -> GoalProposal {
    let reason = model::metric(goal, book).map(|metric| {
        words::reason(&Reason {
            metric: &metric,
            currency: &settings.currency,
            month: proposal.month,
            planned: proposal.planned.to_f64(),
            achieved: proposal.achieved.to_f64(),
            before: proposal.target_before.to_f64(),
            after: proposal.target_after.to_f64(),
        })
    });
    let [reason_en, reason_zh] = reason.unwrap_or_default();
    GoalProposal {
        id: proposal.id,
        goal: proposal.goal,
        goal_name: goal.name.clone(),
        month: proposal.month,
        state: proposal.state,
        planned: proposal.planned.to_f64(),
        achieved: proposal.achieved.to_f64(),
        target_before: proposal.target_before,
        target_after: proposal.target_after,
        periods: proposal.periods,
        reason_en,
        reason_zh,
        made_at: proposal.made_at,
        decided_at: proposal.decided_at,
        decided_by: proposal.decided_by,
        decision_reason: proposal.decision_reason,
    }
}

/// The correction of a goal that waits for a decision.
pub(super) async fn open_of(
    tx: &mut Tx,
    settings: &Settings,
    goal: &Goal,
    book: &Book,
) -> Result<Option<GoalProposal>> {
    let found = proposals::open_of(tx, settings.id, goal.id).await?;
    Ok(found.map(|proposal| shown(proposal, goal, book, settings)))
}

/// A correction as the chat shows it; `None` when the retailer has no such one.
///
/// # Errors
/// When the database fails.
pub async fn told(tx: &mut Tx, tenant: TenantId, id: ProposalId) -> Result<Option<GoalProposal>> {
    let proposal = match proposals::get(tx, tenant, id).await {
        Err(error) if error.code == Code::NotFound => return Ok(None),
        found => found?,
    };
    let goal = store::get(tx, tenant, proposal.goal, false).await?;
    let book = named::book_of(tx, tenant, &goal).await?;
    let settings = tenants::settings(tx, tenant).await?;
    Ok(Some(shown(proposal, &goal, &book, &settings)))
}

/// What waits of a locked goal is overtaken, and the chat shows that. Whether anything was: a job is due then, for which
/// the caller wakes the workers after the commit.
///
/// # Errors
/// When the database fails.
pub(super) async fn supersede(tx: &mut Tx, who: &Who, goal: GoalId, at: DateTime<Utc>) -> Result<bool> {
    let overtaken = proposals::supersede(tx, who.tenant, goal, at).await?;
    for id in &overtaken {
        jobs::tell_proposal(tx, who, *id, at).await?;
    }
    Ok(!overtaken.is_empty())
}

/// A page of corrections, newest first, of one goal and in one state if named.
///
/// # Errors
/// 422 for a bad limit, 400 for a cursor of another list.
pub async fn list(
    app: &App,
    who: &Who,
    goal: Option<GoalId>,
    state: Option<ProposalState>,
    page: &PageParams,
) -> Result<Page<GoalProposal>> {
    let paging = page.of(who.tenant, "goal proposals", &format!("{goal:?} {state:?}"))?;
    let rows = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            let rows = proposals::list(tx, who.tenant, within.as_ref(), (goal, state), &paging).await?;
            let mut goals: HashMap<GoalId, Goal> = HashMap::new();
            for row in &rows {
                if let hash_map::Entry::Vacant(place) = goals.entry(row.goal) {
                    place.insert(store::get(tx, who.tenant, row.goal, false).await?);
                }
            }
            let keys = goals.values().filter_map(|goal| goal.metric.as_deref());
            let book = metrics::book_of(tx, who.tenant, keys).await?;
            let told = |row: Proposal| goals.get(&row.goal).map(|goal| shown(row, goal, &book, &settings));
            Ok(rows.into_iter().filter_map(told).collect::<Vec<_>>())
        })
        .await?;
    Ok(paging.page(rows, |proposal| proposal.id.0, |proposal| proposal))
}

/// Accepts or refuses a correction, as a person; one that was decided so already stays as it is.
///
/// # Errors
/// 403 for a program, 404, 409 when it was decided otherwise or overtaken, 422 for a bad reason.
pub async fn decide(
    app: &App,
    who: &Who,
    id: ProposalId,
    decision: Decision,
    reason: Option<String>,
) -> Result<ProposalDecided> {
    let mut checks = Checks::default();
    checks.optional_text("/reason", reason.as_deref(), 1, model::LONGEST_TEXT);
    checks.done()?;
    let at = now();
    let decided = app
        .db
        .write(who, async |tx| {
            let goal = proposals::get(tx, who.tenant, id).await?.goal;
            // The goal's lock is the correction's too, so it is read again behind it.
            let goal = reached(tx, who, goal, true).await.map_err(|refused| match refused.code {
                Code::NotFound => Error::not_found("proposal"),
                _ => refused,
            })?;
            let mut proposal = proposals::get(tx, who.tenant, id).await?;
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            if who.staff().is_none() {
                let detail = "A correction of a goal is decided by a person. Ask somebody to sign in and decide.";
                return Err(Error::new(Code::PermissionDenied, detail));
            }
            if proposal.state == decision.state() {
                return Ok(ProposalDecided { changed: false, proposal: shown(proposal, &goal, &book, &settings) });
            }
            if proposal.state != ProposalState::Open || goal.state != GoalState::Active {
                let detail = format!("This correction is `{}` and can be decided no more.", proposal.state);
                return Err(Error::conflict(detail));
            }
            proposal.state = decision.state();
            proposal.decided_at = Some(at);
            proposal.decided_by = who.staff();
            proposal.decision_reason = reason;
            proposals::decide(tx, who.tenant, &proposal).await?;
            if decision == Decision::Accept {
                correct(tx, who, goal.clone(), &proposal, at).await?;
            }
            let entry = Entry {
                action: decision.action(),
                object: Some(id.to_string()),
                reason: proposal.decision_reason.as_deref(),
                before: Some(json!({ "goal": goal.id, "target": proposal.target_before })),
                after: Some(json!({ "state": proposal.state, "target": proposal.target_after })),
            };
            audit::record(tx, who, entry).await?;
            jobs::tell_proposal(tx, who, id, at).await?;
            Ok(ProposalDecided { changed: true, proposal: shown(proposal, &goal, &book, &settings) })
        })
        .await?;
    if decided.changed {
        app.wake(Topic::Jobs);
    }
    Ok(decided)
}

/// Gives a locked goal the target and the periods of an accepted correction.
async fn correct(tx: &mut Tx, who: &Who, mut goal: Goal, proposal: &Proposal, at: DateTime<Utc>) -> Result<()> {
    let after: HashMap<_, _> = proposal.periods.iter().map(|period| (period.starts_on, period.after)).collect();
    let stages = store::stages(tx, who.tenant, goal.id).await?;
    let corrected =
        |stage: Stage| Stage { target: after.get(&stage.starts_on).copied().unwrap_or(stage.target), ..stage };
    let stages: Vec<Stage> = stages.into_iter().map(corrected).collect();
    goal.target = Some(proposal.target_after);
    goal.updated_at = at.max(goal.updated_at);
    goal.version += 1;
    keep(tx, who, &goal, &stages, GoalStep::Corrected).await
}
