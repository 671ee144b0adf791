//! Activating a goal: only one without gaps is pursued.

use super::{checked, jobs, keep, named, reached, record, store, visible};
use crate::app::App;
use crate::error::Result;
use crate::identity::{reach, tenants};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use serde_json::json;
use tillwatch_shared::goals::{ActivateGoal, GoalChanged, GoalState, GoalStep, SmartCheck};
use tillwatch_shared::ids::GoalId;

/// Activates a goal that passes the check; one that is active stays as it is.
///
/// # Errors
/// 404, 409 when the goal is over, 422 with every letter that lacks something.
pub async fn activate(app: &App, who: &Who, id: GoalId, wish: ActivateGoal) -> Result<GoalChanged> {
    let mut checks = Checks::default();
    checks.optional_text("/achievable_anyway", wish.achievable_anyway.as_deref(), 1, super::model::LONGEST_TEXT);
    checks.done()?;
    let at = now();
    let answer = app
        .db
        .write(who, async |tx| {
            let before = reached(tx, who, id, true).await?;
            let within = reach::within(tx, who).await?;
            match before.state {
                GoalState::Active => {
                    return Ok(GoalChanged { changed: false, goal: visible(before, within.as_ref()) });
                }
                GoalState::Draft => {}
                over => return Err(super::is_over(over)),
            }
            let settings = tenants::settings(tx, who.tenant).await?;
            let book = named::book_to_pursue(tx, who.tenant, &before).await?;
            let check = checked(tx, who, &settings, (&before, &book), wish.achievable_anyway.as_deref(), at).await?;
            insist(&check)?;
            let mut goal = before.clone();
            // A reason that was not needed is not kept as one.
            let overridden = check.lines.iter().any(|line| line.overridden);
            goal.achievable_anyway = wish.achievable_anyway.or(goal.achievable_anyway).filter(|_| overridden);
            goal.state = GoalState::Active;
            goal.state_since = at;
            goal.activated_at = Some(at);
            goal.updated_at = at.max(before.updated_at);
            goal.version += 1;
            let stages = store::stages(tx, who.tenant, id).await?;
            keep(tx, who, &goal, &stages, GoalStep::Activated).await?;
            jobs::order(tx, who, &settings, id, at).await?;
            let after = json!({ "state": goal.state, "achievable_anyway": goal.achievable_anyway });
            record(tx, who, "goal.activated", &goal, Some(json!({ "state": before.state })), Some(after)).await?;
            Ok(GoalChanged { changed: true, goal: visible(goal, within.as_ref()) })
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(answer)
}

/// Refuses a goal with gaps, each by its letter.
///
/// # Errors
/// 422.
pub(super) fn insist(check: &SmartCheck) -> Result<()> {
    let mut checks = Checks::default();
    for line in check.lines.iter().filter(|line| !line.passed) {
        checks.refuse(&format!("/check/{}", line.letter), "missing", line.detail_en.clone());
    }
    checks.done()
}
