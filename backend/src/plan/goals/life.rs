//! What each day brings an active goal by itself: it is reached or missed, or its last month proposes a correction.
//!
//! A sum that is to be at least its target is reached as soon as it is; every other goal is judged when its deadline is a
//! whole day past, so that late figures of the last day are in. What was decided stays decided: a later correction of a sample
//! changes the figures and not the verdict. A month's correction is proposed on its successor's first days, as soon as its
//! last day has data, from the fourth on in any case, and to the sixth: figures that come later correct nothing. It is
//! held against a plan that stood when the month ended; one that was made or changed afterwards was not missed in it.

use super::correction::{self, Correction, settled};
use super::course::{Course, DayFigure};
use super::model::step;
use super::periods::Stage;
use super::proposals::supersede as overtake;
use super::store::proposals::{self, Proposal};
use super::{figures, jobs, keep, model, named, record, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::Definition;
use crate::measure::samples::calendar::day_end;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use serde_json::json;
use tillwatch_shared::goals::{Goal, GoalAim, GoalState, GoalStep, PeriodCorrected, PeriodTarget, ProposalState};
use tillwatch_shared::ids::{GoalId, ProposalId};

/// Days that a deadline must be past before a goal is judged.
const GRACE: TimeDelta = TimeDelta::days(1);
/// From this day of a month on a proposal waits for no more data of the month before.
const WAITS_UNTIL: u32 = 4;
/// The last day of a month on which one is made for the month before.
const PROPOSES_UNTIL: u32 = 6;

/// Looks at a goal as of `at`. One that is not active is left alone.
///
/// # Errors
/// 404; when the database fails.
pub async fn check(app: &App, who: &Who, id: GoalId, at: DateTime<Utc>) -> Result<()> {
    let tells = app
        .db
        .write(who, async |tx| {
            let goal = store::get(tx, who.tenant, id, true).await?;
            let stages = store::stages(tx, who.tenant, id).await?;
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let (Some(course), Some(metric)) = (model::course(&goal, stages, &book), model::metric(&goal, &book))
            else {
                return Ok(false);
            };
            if goal.state != GoalState::Active {
                return Ok(false);
            }
            let settings = tenants::settings(tx, who.tenant).await?;
            let today = figures::today(&settings, at);
            let days = figures::lately(tx, who, &settings, &goal, &metric, today).await?;
            let verdict = verdict(&course, &days, today);
            match verdict {
                Some(state) => end(tx, who, goal, &course, state, at).await.map(|()| true),
                None => propose(tx, who, &settings, (&goal, &metric), (&course, &days), at).await,
            }
        })
        .await?;
    if tells {
        app.wake(Topic::Jobs);
    }
    Ok(())
}

/// What became of a goal by the morning of `today`; `None` while it goes on.
pub fn verdict(course: &Course, days: &[DayFigure], today: NaiveDate) -> Option<GoalState> {
    let yesterday = today.pred_opt()?;
    let value = course.value(days, yesterday.min(course.ends_on));
    let reached = value.is_some_and(|value| course.is_reached(value));
    let early = course.adds_up && course.aim == GoalAim::AtLeast && yesterday >= course.starts_on;
    if reached && early {
        return Some(GoalState::Reached);
    }
    let over = today > course.ends_on + GRACE;
    over.then_some(if reached { GoalState::Reached } else { GoalState::Missed })
}

async fn end(
    tx: &mut Tx,
    who: &Who,
    mut goal: Goal,
    course: &Course,
    state: GoalState,
    at: DateTime<Utc>,
) -> Result<()> {
    let before = json!({ "state": goal.state });
    goal.state = state;
    goal.state_since = at;
    goal.updated_at = at.max(goal.updated_at);
    goal.version += 1;
    overtake(tx, who, goal.id, at).await?;
    let (step, action) = match state {
        GoalState::Reached => (GoalStep::Reached, "goal.reached"),
        _ => (GoalStep::Missed, "goal.missed"),
    };
    keep(tx, who, &goal, &course.stages, step).await?;
    jobs::tell_end(tx, who, goal.id, at).await?;
    record(tx, who, action, &goal, Some(before), Some(json!({ "state": state }))).await
}

/// Proposes what the last month says, once; whether it did.
async fn propose(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    (goal, metric): (&Goal, &Definition<'_>),
    (course, days): (&Course, &[DayFigure]),
    at: DateTime<Utc>,
) -> Result<bool> {
    let today = figures::today(settings, at);
    let Some(month) = month_to_judge(days, today) else { return Ok(false) };
    if proposals::of_month(tx, who.tenant, goal.id, month.0).await? {
        return Ok(false);
    }
    let ended = day_end(settings.time_zone, month.1);
    let stood = store::versions::as_of(tx, who.tenant, goal.id, ended).await?;
    if !stood.is_some_and(|(then, periods)| is_same_plan(&then, &periods, goal, &course.stages)) {
        return Ok(false);
    }
    let Some(found) = correction::correction(course, days, month, step(metric)) else { return Ok(false) };
    let Some(proposal) = proposal((goal, metric), course, &found, month.0, at) else { return Ok(false) };
    // What an earlier month proposed has been overtaken by this one.
    overtake(tx, who, goal.id, at).await?;
    let made = proposals::insert(tx, who.tenant, &proposal).await?;
    if made {
        let after = json!({ "goal": goal.id, "month": month.0, "target": proposal.target_after });
        let before = json!({ "target": proposal.target_before });
        let entry = Entry {
            action: "goal_proposal.made",
            object: Some(proposal.id.to_string()),
            before: Some(before),
            after: Some(after),
            ..Entry::default()
        };
        audit::record(tx, who, entry).await?;
        jobs::tell_proposal(tx, who, proposal.id, at).await?;
    }
    Ok(made)
}

/// Whether a goal was pursued `then` with the target, the days and the periods that it has now.
fn is_same_plan(then: &Goal, periods: &[PeriodTarget], goal: &Goal, stages: &[Stage]) -> bool {
    let shape = |goal: &Goal| (goal.target, goal.starts_on, goal.ends_on);
    let planned = periods.iter().map(|period| (period.starts_on, period.target));
    then.state == GoalState::Active
        && shape(then) == shape(goal)
        && planned.eq(stages.iter().map(|stage| (stage.starts_on, stage.target)))
}

/// The month before `today`'s, from its first to its last day, once its figures are in and while it is not long past.
pub fn month_to_judge(days: &[DayFigure], today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let last = today.with_day(1)?.pred_opt()?;
    let first = last.with_day(1)?;
    let complete = days.last().is_some_and(|newest| newest.day >= last);
    let is_in = complete || today.day() >= WAITS_UNTIL;
    (is_in && today.day() <= PROPOSES_UNTIL).then_some((first, last))
}

/// `None` for what would turn the goal round.
fn proposal(
    (goal, metric): (&Goal, &Definition<'_>),
    course: &Course,
    found: &Correction,
    month: NaiveDate,
    at: DateTime<Utc>,
) -> Option<Proposal> {
    if model::aim(metric, goal.baseline, found.target) != course.aim {
        return None;
    }
    let changed = course.stages.iter().zip(&found.stages).filter(|(before, after)| before != after);
    let periods = changed.map(|(before, after)| PeriodCorrected {
        starts_on: before.starts_on,
        before: before.target,
        after: after.target,
    });
    Some(Proposal {
        id: ProposalId::new(),
        goal: goal.id,
        month,
        state: ProposalState::Open,
        planned: settled(found.planned, 1)?,
        achieved: settled(found.achieved, 1)?,
        target_before: goal.target?,
        target_after: found.target,
        periods: periods.collect(),
        made_at: at,
        decided_at: None,
        decided_by: None,
        decision_reason: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::metrics::Book;
    use tillwatch_shared::quantity::Quantity;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn course(adds_up: bool, aim: GoalAim) -> Course {
        let (starts_on, ends_on) = (day("2026-03-01"), day("2026-03-31"));
        let target = Quantity::from_units(100).unwrap();
        Course {
            adds_up,
            aim,
            baseline: None,
            target: 100.0,
            starts_on,
            ends_on,
            stages: vec![Stage { starts_on, ends_on, target }],
            active: true,
        }
    }

    fn of_day(text: &str, above: f64) -> Vec<DayFigure> {
        vec![DayFigure { day: day(text), above, below: Some(1.0) }]
    }

    #[test]
    fn a_sum_is_reached_at_once_and_everything_else_is_judged_behind_its_deadline() {
        let sum = course(true, GoalAim::AtLeast);
        assert_eq!(verdict(&sum, &of_day("2026-03-05", 100.0), day("2026-03-06")), Some(GoalState::Reached));
        assert_eq!(verdict(&sum, &of_day("2026-03-05", 99.0), day("2026-04-01")), None, "the last day may be late");
        assert_eq!(verdict(&sum, &of_day("2026-03-05", 99.0), day("2026-04-02")), Some(GoalState::Missed));
        let cap = course(true, GoalAim::AtMost);
        assert_eq!(verdict(&cap, &of_day("2026-03-05", 10.0), day("2026-03-06")), None);
        assert_eq!(verdict(&cap, &of_day("2026-03-05", 10.0), day("2026-04-02")), Some(GoalState::Reached));
        let ratio = course(false, GoalAim::AtLeast);
        assert_eq!(verdict(&ratio, &of_day("2026-03-20", 120.0), day("2026-03-21")), None);
        assert_eq!(verdict(&ratio, &of_day("2026-03-20", 120.0), day("2026-04-02")), Some(GoalState::Reached));
        assert_eq!(verdict(&ratio, &[], day("2026-04-02")), Some(GoalState::Missed), "nothing was counted");
    }

    #[test]
    fn a_month_is_judged_when_its_last_day_has_data_or_three_days_were_waited() {
        let march = Some((day("2026-03-01"), day("2026-03-31")));
        assert_eq!(month_to_judge(&of_day("2026-03-31", 1.0), day("2026-04-01")), march);
        assert_eq!(month_to_judge(&of_day("2026-03-30", 1.0), day("2026-04-01")), None);
        assert_eq!(month_to_judge(&of_day("2026-03-30", 1.0), day("2026-04-04")), march);
        assert_eq!(month_to_judge(&[], day("2026-01-06")), Some((day("2025-12-01"), day("2025-12-31"))));
        assert_eq!(month_to_judge(&of_day("2026-03-31", 1.0), day("2026-04-07")), None, "it is long past");
    }

    #[test]
    fn a_correction_that_would_turn_the_goal_round_is_not_proposed() {
        let wanted = json!({ "name": "Spend", "metric": "spend", "target": 100, "baseline": 90 });
        let goal = model::draft(serde_json::from_value(wanted).unwrap(), DateTime::UNIX_EPOCH);
        let (metric, course) = (model::metric(&goal, Book::shipped()).unwrap(), course(true, GoalAim::AtLeast));
        let to = |target| {
            let target = Quantity::from_units(target).unwrap();
            let found = Correction { planned: 31.0, achieved: 25.0, target, stages: course.stages.clone() };
            proposal((&goal, &metric), &course, &found, day("2026-03-01"), DateTime::UNIX_EPOCH).is_some()
        };
        assert_eq!([to(90), to(89)], [true, false]);
    }

    #[test]
    fn a_month_is_held_against_the_plan_that_stood_when_it_ended() {
        let stages = course(true, GoalAim::AtLeast).stages;
        let periods: Vec<PeriodTarget> =
            stages.iter().map(|stage| PeriodTarget { starts_on: stage.starts_on, target: stage.target }).collect();
        let wanted = json!({ "name": "Spring", "target": 100, "starts_on": "2026-03-01", "ends_on": "2026-03-31" });
        let mut goal = model::draft(serde_json::from_value(wanted).unwrap(), DateTime::UNIX_EPOCH);
        assert!(!is_same_plan(&goal, &periods, &goal, &stages), "it was not pursued yet");
        goal.state = GoalState::Active;
        assert!(is_same_plan(&Goal { name: "Autumn".to_owned(), ..goal.clone() }, &periods, &goal, &stages));
        let lower = Quantity::from_units(90);
        assert!(!is_same_plan(&Goal { target: lower, ..goal.clone() }, &periods, &goal, &stages));
        let later = Some(day("2026-04-30"));
        assert!(!is_same_plan(&Goal { ends_on: later, ..goal.clone() }, &periods, &goal, &stages));
        let edited = [PeriodTarget { target: lower.unwrap(), ..periods[0].clone() }];
        assert!(!is_same_plan(&goal, &edited, &goal, &stages));
        assert!(!is_same_plan(&goal, &[], &goal, &stages));
    }
}
