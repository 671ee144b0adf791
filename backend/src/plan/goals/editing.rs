//! A goal's periods edited by people, its archive, its history.

use super::course::sum_between;
use super::{figures, is_over, jobs, keep, model, named, proposals, reached, record, store, visible};
use crate::app::App;
use crate::error::Result;
use crate::identity::reach::{self, Place, Within};
use crate::identity::{staff, tenants};
use crate::plan::goals::periods::Stage;
use crate::platform::clock::now;
use crate::platform::http::page::PageParams;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::goals::{
    GoalChanged, GoalPeriods, GoalState, GoalStep, GoalVersion, PeriodShown, SetGoalPeriods,
};
use tillwatch_shared::ids::{GoalId, StaffId};
use uuid::Uuid;

/// The periods of a goal with what each has brought.
///
/// # Errors
/// 404.
pub async fn periods_of(app: &App, who: &Who, id: GoalId) -> Result<GoalPeriods> {
    let at = now();
    app.db
        .read(who, async |tx| {
            let goal = reached(tx, who, id, false).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            let stages = store::stages(tx, who.tenant, id).await?;
            let today = figures::today(&settings, at);
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let days = match model::metric(&goal, &book) {
                Some(metric) => figures::lately(tx, who, &settings, &goal, &metric, today).await?,
                None => Vec::new(),
            };
            let course = model::course(&goal, stages.clone(), &book);
            let newest = days.last().map(|one| one.day);
            let value = |stage: &Stage| {
                let through = newest?.min(stage.ends_on);
                let course = course.as_ref().filter(|_| through >= stage.starts_on)?;
                if course.adds_up {
                    Some(sum_between(&days, stage.starts_on, through))
                } else {
                    course.value(&days, through)
                }
            };
            let shown = |stage: &Stage| PeriodShown {
                starts_on: stage.starts_on,
                ends_on: stage.ends_on,
                target: stage.target,
                value: value(stage),
            };
            Ok(GoalPeriods { data: stages.iter().map(shown).collect(), version: goal.version })
        })
        .await
}

/// Sets the targets of a goal's periods, which add up to its target as before.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when the goal is over, 422 for periods that are not the goal's or do not add up.
pub async fn set_periods(
    app: &App,
    who: &Who,
    id: GoalId,
    version: &IfMatch,
    wanted: SetGoalPeriods,
) -> Result<GoalPeriods> {
    let at = now();
    let overtaken = app
        .db
        .write(who, async |tx| {
            let mut goal = reached(tx, who, id, true).await?;
            version.check(goal.version)?;
            if !matches!(goal.state, GoalState::Draft | GoalState::Active) {
                return Err(is_over(goal.state));
            }
            let before = store::stages(tx, who.tenant, id).await?;
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let mut checks = Checks::default();
            let after = model::edited(&before, &wanted.periods, &goal, &book, &mut checks);
            checks.done()?;
            let mut overtaken = false;
            if after != before {
                goal.version += 1;
                goal.updated_at = at.max(goal.updated_at);
                overtaken = proposals::supersede(tx, who, id, at).await?;
                keep(tx, who, &goal, &after, GoalStep::PeriodsChanged).await?;
                let told = |stages: &[Stage]| {
                    let told =
                        stages.iter().map(|stage| json!({ "starts_on": stage.starts_on, "target": stage.target }));
                    json!({ "periods": told.collect::<Vec<_>>() })
                };
                record(tx, who, "goal.periods_changed", &goal, Some(told(&before)), Some(told(&after))).await?;
            }
            Ok(overtaken)
        })
        .await?;
    if overtaken {
        app.wake(Topic::Jobs);
    }
    periods_of(app, who, id).await
}

/// Archives a goal: it is kept and can be read. One that is archived stays as it is.
///
/// # Errors
/// 404.
pub async fn archive(app: &App, who: &Who, id: GoalId) -> Result<GoalChanged> {
    let at = now();
    let answer = app
        .db
        .write(who, async |tx| {
            let mut goal = reached(tx, who, id, true).await?;
            let within = reach::within(tx, who).await?;
            if goal.state == GoalState::Archived {
                return Ok(GoalChanged { changed: false, goal: visible(goal, within.as_ref()) });
            }
            let before = json!({ "state": goal.state });
            let was_active = goal.state == GoalState::Active;
            goal.state = GoalState::Archived;
            goal.state_since = at;
            goal.updated_at = at.max(goal.updated_at);
            goal.version += 1;
            proposals::supersede(tx, who, id, at).await?;
            let stages = store::stages(tx, who.tenant, id).await?;
            keep(tx, who, &goal, &stages, GoalStep::Archived).await?;
            if was_active {
                jobs::tell_end(tx, who, id, at).await?;
            }
            record(tx, who, "goal.archived", &goal, Some(before), Some(json!({ "state": goal.state }))).await?;
            Ok(GoalChanged { changed: true, goal: visible(goal, within.as_ref()) })
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(answer)
}

/// A page of a goal's versions, newest first. Of one that once had another scope, a narrowed caller sees the versions that
/// they reach, so that their page may hold fewer than it could.
///
/// # Errors
/// 404; 422 for a bad limit, 400 for a cursor of another list.
pub async fn history(app: &App, who: &Who, id: GoalId, page: &PageParams) -> Result<Page<GoalVersion>> {
    let paging = page.of(who.tenant, "goal versions", &id.to_string())?;
    let (rows, within) = app
        .db
        .read(who, async |tx| {
            reached(tx, who, id, false).await?;
            let within = reach::within(tx, who).await?;
            let mut rows = store::versions::list(tx, who.tenant, id, &paging).await?;
            let of = |row: &GoalVersion| row.actor.as_ref()?.parse::<StaffId>().ok().map(|staff| staff.0);
            let people: Vec<Uuid> = rows.iter().filter_map(of).collect();
            let names = staff::named(tx, who.tenant, &people).await?;
            for row in &mut rows {
                row.actor_name = of(row).and_then(|person| names.get(&person).cloned());
                row.goal = visible(row.goal.clone(), within.as_ref());
            }
            Ok((rows, within))
        })
        .await?;
    let mut page = paging.page(rows, |row| store::versions::place(row.goal.version), |row| row);
    page.data.retain(|row| is_seen(row, within.as_ref()));
    Ok(page)
}

/// Whether a caller reaches what a goal was about in a version.
fn is_seen(version: &GoalVersion, within: Option<&Within>) -> bool {
    let place = Place { channel: version.goal.channel, campaign: version.goal.campaign };
    within.is_none_or(|within| within.holds(place))
}
