//! What may stand in a goal, and what may change in which state. Pure.
//!
//! ```text
//! draft ──activate──▶ active ──its target, or its deadline──▶ reached | missed
//!   └──────────────────┴──────────archive────────────────────────┴──▶ archived
//! ```

use super::course::Course;
use super::periods::{Stage, WHOLE_E4};
use crate::error::{Error, Result};
use crate::measure::metrics::{Book, Definition, Direction, Kind};
use crate::plan::check_name;
use crate::platform::validate::Checks;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use tillwatch_shared::goals::{BaselineSource, CreateGoal, Goal, GoalAim, GoalState, PeriodTarget, UpdateGoal};
use tillwatch_shared::ids::GoalId;
use tillwatch_shared::quantity::Quantity;

/// The longest text of why a goal matters, and of why it is pursued all the same.
pub const LONGEST_TEXT: usize = 500;
/// The most campaigns that pursue one goal.
pub const MOST_CAMPAIGNS: usize = 20;
/// Which metrics goals take.
const TAKEN: &str = "A goal takes a sum, of the catalogue or your own, or a ratio of sums of the catalogue: \
                     `GET /v1/metrics` lists them by kind.";

/// A draft of what is wanted, at `at`.
pub fn draft(wanted: CreateGoal, at: DateTime<Utc>) -> Goal {
    Goal {
        id: GoalId::new(),
        name: wanted.name,
        metric: wanted.metric,
        channel: wanted.channel,
        campaign: wanted.campaign,
        baseline: wanted.baseline,
        baseline_source: wanted.baseline.map(|_| BaselineSource::Given),
        target: wanted.target,
        starts_on: wanted.starts_on,
        ends_on: wanted.ends_on,
        owner: wanted.owner,
        relevance: wanted.relevance,
        campaigns: wanted.campaigns,
        period: wanted.period,
        spread: wanted.spread,
        state: GoalState::Draft,
        state_since: at,
        achievable_anyway: None,
        activated_at: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

/// The goal with what is wanted of it.
pub fn changed(before: &Goal, wanted: UpdateGoal) -> Goal {
    let mut goal = before.clone();
    goal.name = wanted.name.unwrap_or(goal.name);
    goal.metric = wanted.metric.unwrap_or(goal.metric);
    goal.channel = wanted.channel.unwrap_or(goal.channel);
    goal.campaign = wanted.campaign.unwrap_or(goal.campaign);
    if let Some(baseline) = wanted.baseline {
        goal.baseline = baseline;
        goal.baseline_source = baseline.map(|_| BaselineSource::Given);
    }
    goal.target = wanted.target.unwrap_or(goal.target);
    goal.starts_on = wanted.starts_on.unwrap_or(goal.starts_on);
    goal.ends_on = wanted.ends_on.unwrap_or(goal.ends_on);
    goal.owner = wanted.owner.unwrap_or(goal.owner);
    goal.relevance = wanted.relevance.unwrap_or(goal.relevance);
    goal.campaigns = wanted.campaigns.unwrap_or(goal.campaigns);
    goal.period = wanted.period.unwrap_or(goal.period);
    goal.spread = wanted.spread.unwrap_or(goal.spread);
    goal.achievable_anyway = wanted.achievable_anyway.or(goal.achievable_anyway);
    goal
}

/// Whether a goal is decomposed anew after a change.
pub fn is_decomposed_anew(before: &Goal, after: &Goal) -> bool {
    let shape = |goal: &Goal| {
        let scope = (goal.metric.clone(), goal.channel, goal.campaign);
        (scope, goal.target, goal.starts_on, goal.ends_on, goal.period, goal.spread, goal.baseline)
    };
    shape(before) != shape(after)
}

/// Whether a baseline that was not given is to be looked up anew after a change.
pub fn is_measured_anew(before: &Goal, after: &Goal) -> bool {
    let place = |goal: &Goal| {
        (goal.metric.clone(), goal.channel, goal.campaign, goal.starts_on, goal.ends_on, goal.baseline_source)
    };
    after.baseline_source != Some(BaselineSource::Given) && place(before) != place(after)
}

/// The metric of a goal, in a book that has it if there is such a one.
pub fn metric<'b>(goal: &Goal, book: &'b Book) -> Option<Definition<'b>> {
    book.find(goal.metric.as_deref()?)
}

/// Refuses what can stand in no goal, and in no active one.
pub fn check(goal: &Goal, book: &Book, checks: &mut Checks) {
    check_name(checks, "/name", &goal.name);
    let known = metric(goal, book);
    for (pointer, figure) in [("/target", goal.target), ("/baseline", goal.baseline)] {
        if let Some(figure) = figure {
            check_figure(checks, pointer, figure, known.as_ref());
        }
    }
    for (pointer, day) in [("/starts_on", goal.starts_on), ("/ends_on", goal.ends_on)] {
        let sane = day.is_none_or(|day| (2000..=2100).contains(&day.year()));
        checks.ensure(sane, pointer, "out_of_range", "A goal's days lie in the years 2000 to 2100.");
    }
    if let (Some(first), Some(last)) = (goal.starts_on, goal.ends_on) {
        let detail = "The deadline lies before the first day.";
        checks.ensure(first <= last, "/ends_on", "out_of_order", detail);
        let detail = "A goal lasts at most three years. Set an earlier deadline.";
        checks.ensure((last - first).num_days() < super::smart::LONGEST, "/ends_on", "out_of_range", detail);
    }
    checks.text("/relevance", &goal.relevance, 0, LONGEST_TEXT);
    checks.optional_text("/achievable_anyway", goal.achievable_anyway.as_deref(), 1, LONGEST_TEXT);
    if goal.campaigns.len() > MOST_CAMPAIGNS {
        let detail = format!("At most {MOST_CAMPAIGNS} campaigns pursue one goal.");
        checks.refuse("/campaigns", "too_many", detail);
    }
    for (place, campaign) in goal.campaigns.iter().enumerate() {
        let twice = goal.campaigns[..place].contains(campaign);
        checks.ensure(!twice, &format!("/campaigns/{place}"), "duplicate", "Is listed twice. Remove one.");
    }
}

/// Refuses a metric that no goal is set on.
pub fn check_metric(key: &str, book: &Book, checks: &mut Checks) {
    let Some(metric) = book.find(key) else {
        let nearest = book.suggest(key).map(|near| format!(" Did you mean `{near}`?"));
        let detail = format!("There is no such metric.{}", nearest.unwrap_or_default());
        return checks.refuse("/metric", "unknown_metric", detail);
    };
    // Only sums, and ratios of sums, are put together from days.
    let adds_up = book.plan(metric).is_some_and(|plan| plan.adds_up());
    if !adds_up {
        let kind = match metric.kind {
            Kind::Distinct => "a distinct count",
            Kind::Level { .. } => "a level",
            Kind::Duration => "a duration",
            Kind::Model => "what a model reckons",
            Kind::Formula(_) => "a formula, which is computed anew for each span and not put together from its days",
            Kind::Sum | Kind::Ratio { .. } => "a ratio of what does not add up",
        };
        return checks.refuse("/metric", "wrong_kind", format!("`{key}` is {kind}. {TAKEN}"));
    }
    let archived = is_archived(key, book);
    let detail = "This metric is archived: it takes no samples any more. Set the goal on another.";
    checks.ensure(!archived, "/metric", "archived_metric", detail);
}

/// Whether a metric is one of the retailer's own that was archived.
pub fn is_archived(key: &str, book: &Book) -> bool {
    book.own(key).is_some_and(|own| own.archived_at.is_some())
}

/// Refuses a figure that a metric cannot have. A baseline may lie between two whole things, no other figure may.
fn check_figure(checks: &mut Checks, pointer: &str, figure: Quantity, metric: Option<&Definition<'_>>) {
    checks.ensure(!figure.is_absurd(), pointer, "too_large", "Is larger in size than 100000000000.");
    let whole = pointer == "/baseline" || metric.is_none_or(|metric| !metric.whole) || figure.is_whole();
    checks.ensure(whole, pointer, "not_whole", "The metric counts whole things: give a whole number.");
    let signed = metric.is_none_or(|metric| metric.may_be_negative) || !figure.is_negative();
    checks.ensure(signed, pointer, "negative", "The metric is never negative.");
}

/// Refuses what is settled once a goal is active.
pub fn check_settled(before: &Goal, after: &Goal, checks: &mut Checks) {
    let detail = "Is settled while the goal is active. Archive the goal and make another one.";
    checks.ensure(after.metric == before.metric, "/metric", "fixed", detail);
    checks.ensure(after.channel == before.channel, "/channel", "fixed", detail);
    checks.ensure(after.campaign == before.campaign, "/campaign", "fixed", detail);
    checks.ensure(after.starts_on == before.starts_on, "/starts_on", "fixed", detail);
    let detail = "An active goal has one. Set another instead.";
    checks.ensure(after.target.is_some(), "/target", "required", detail);
    checks.ensure(after.ends_on.is_some(), "/ends_on", "required", detail);
    checks.ensure(after.owner.is_some(), "/owner", "required", detail);
    let why = !after.relevance.trim().is_empty() || !after.campaigns.is_empty();
    checks.ensure(why, "/relevance", "required", "An active goal says why it matters, or names a campaign.");
}

/// Refuses a change that would turn an active goal round: from at least its target to at most, or back.
///
/// # Errors
/// 422.
pub fn check_way(before: &Goal, after: &Goal, book: &Book) -> Result<()> {
    let way = |goal: &Goal| Some(aim(&metric(goal, book)?, goal.baseline, goal.target?));
    let (Some(was), Some(is), Some(baseline)) = (way(before), way(after), after.baseline.or(before.baseline)) else {
        return Ok(());
    };
    if was == is {
        return Ok(());
    }
    let side = match was {
        GoalAim::AtLeast => "at least its target, which does not lie under",
        GoalAim::AtMost => "at most its target, which lies under",
    };
    let detail = format!(
        "The goal is to be {side} its baseline, {baseline} with this change. Keep the target on its side, or archive the goal \
         and make another one."
    );
    Err(Error::field("/target", "turns_round", detail))
}

/// The periods with what a person wants of them.
pub fn edited(stages: &[Stage], wanted: &[PeriodTarget], goal: &Goal, book: &Book, checks: &mut Checks) -> Vec<Stage> {
    let named: Vec<NaiveDate> = wanted.iter().map(|one| one.starts_on).collect();
    let there: Vec<NaiveDate> = stages.iter().map(|stage| stage.starts_on).collect();
    if named != there {
        let detail = "Name every period of the goal once, in order, by its first day. Read them first.";
        checks.refuse("/periods", "incomplete", detail);
        return stages.to_vec();
    }
    let metric = metric(goal, book);
    for (place, one) in wanted.iter().enumerate() {
        let pointer = format!("/periods/{place}/target");
        check_figure(checks, &pointer, one.target, metric.as_ref());
    }
    let target = goal.target.unwrap_or(Quantity::ZERO);
    if metric.is_none_or(|metric| metric.is_sum()) {
        let sum = Quantity::checked_sum(wanted.iter().map(|one| one.target));
        if sum != Some(target) {
            let sum = sum.map_or_else(|| "too much".to_owned(), |sum| sum.to_string());
            let detail = format!("The periods add up to {sum}, the goal's target is {target}. Spread the difference.");
            checks.refuse("/periods", "wrong_sum", detail);
        }
    } else if wanted.last().map(|one| one.target) != Some(target) {
        let detail = format!("The last period ends at the goal's target, {target}.");
        checks.refuse("/periods", "wrong_end", detail);
    }
    stages.iter().zip(wanted).map(|(stage, one)| Stage { target: one.target, ..*stage }).collect()
}

/// Which way a goal goes: as the metric does; one that has no better way goes from its baseline to its target.
pub fn aim(metric: &Definition<'_>, baseline: Option<Quantity>, target: Quantity) -> GoalAim {
    let falls = baseline.is_some_and(|baseline| target < baseline);
    match (metric.direction, falls) {
        (Direction::LowerIsBetter, _) | (Direction::Neutral, true) => GoalAim::AtMost,
        (Direction::HigherIsBetter, _) | (Direction::Neutral, false) => GoalAim::AtLeast,
    }
}

/// The smallest step of a metric's figures, in ten-thousandths.
pub const fn step(metric: &Definition<'_>) -> i64 {
    if metric.whole { WHOLE_E4 } else { 1 }
}

/// The goal as arithmetic sees it; `None` while metric, target or days are missing.
pub fn course(goal: &Goal, stages: Vec<Stage>, book: &Book) -> Option<Course> {
    let metric = metric(goal, book)?;
    let target = goal.target?;
    Some(Course {
        adds_up: metric.is_sum(),
        aim: aim(&metric, goal.baseline, target),
        baseline: goal.baseline.map(Quantity::to_f64),
        target: target.to_f64(),
        starts_on: goal.starts_on?,
        ends_on: goal.ends_on?,
        stages,
        active: goal.state == GoalState::Active,
    })
}

#[cfg(test)]
mod tests;
