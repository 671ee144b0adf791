//! Deferred work of goals: each active one is looked at every morning, and its end and its corrections are told to upper
//! wings.

use super::{life, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants::{self, Settings};
use crate::measure::samples::calendar::day_end;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, queue};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tillwatch_shared::goals::GoalState;
use tillwatch_shared::ids::{GoalId, ProposalId};

/// The kind of job that tells upper wings that a goal is pursued no more. Its payload is a [`GoalEnded`].
pub const GOAL_ENDED: &str = "goal_ended";

/// What a job of the kind [`GOAL_ENDED`] says.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GoalEnded {
    /// The goal.
    pub goal_id: GoalId,
}

/// The kind of job that tells upper wings that a correction of a goal was proposed, decided or overtaken. Its payload is
/// a [`ProposalMoved`].
pub const GOAL_PROPOSAL: &str = "goal_proposal";

/// What a job of the kind [`GOAL_PROPOSAL`] says.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ProposalMoved {
    /// The correction.
    pub proposal_id: ProposalId,
}

/// The job that looks at a goal.
const CHECK: &str = "goal_check";
/// How long after midnight: yesterday's figures come in at night.
const AFTER_MIDNIGHT: TimeDelta = TimeDelta::hours(3);

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: CHECK, perform: check }]
}

#[derive(Deserialize)]
struct OneGoal {
    goal_id: GoalId,
}

/// Orders the look at a goal of the next local morning; one that waits already is enough.
///
/// # Errors
/// When the database fails.
pub(super) async fn order(tx: &mut Tx, who: &Who, settings: &Settings, id: GoalId, at: DateTime<Utc>) -> Result<()> {
    let today = super::figures::today(settings, at);
    let once = format!("{}/{CHECK}/{id}/{today}", who.tenant);
    let run_at = day_end(settings.time_zone, today) + AFTER_MIDNIGHT;
    queue::enqueue_once(tx, who, CHECK, &json!({ "goal_id": id }), run_at, &once).await?;
    Ok(())
}

/// Tells upper wings that a goal was reached, missed or archived.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_end(tx: &mut Tx, who: &Who, id: GoalId, at: DateTime<Utc>) -> Result<()> {
    queue::enqueue(tx, who, GOAL_ENDED, &json!(GoalEnded { goal_id: id }), at).await
}

/// Tells upper wings that a correction was proposed, decided or overtaken.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_proposal(tx: &mut Tx, who: &Who, id: ProposalId, at: DateTime<Utc>) -> Result<()> {
    queue::enqueue(tx, who, GOAL_PROPOSAL, &json!(ProposalMoved { proposal_id: id }), at).await
}

fn check(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let OneGoal { goal_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        let at = now();
        // Before the look and by itself: one that fails must not stop the goal's clock.
        app.db
            .write(&who, async |tx| {
                let active = store::get(tx, who.tenant, goal_id, false).await?.state == GoalState::Active;
                let settings = tenants::settings(tx, who.tenant).await?;
                if active { order(tx, &who, &settings, goal_id, at).await } else { Ok(()) }
            })
            .await?;
        life::check(app, &who, goal_id, at).await
    })
}
