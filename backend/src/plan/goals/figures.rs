//! What goals read of what is counted: the days of their metric in their scope, their baseline and the shape of last year.

use super::correction::settled;
use super::course::{DayFigure, between, ratio_between, sum_between};
use super::forecast::MOST_WEEKS;
use super::model::{self, step};
use super::periods::{Stage, days_of, path, spans, split};
use super::smart::HISTORY_DAYS;
use crate::error::Result;
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::{Book, Definition};
use crate::measure::samples::buckets::{self, Whose};
use crate::measure::samples::calendar::{day_end, day_start, local_date};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tillwatch_shared::goals::{BaselineSource, Goal, GoalSpread};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;

/// Weeks before a goal that tell its baseline.
const BASELINE_WEEKS: i64 = 8;
/// A year in whole weeks, so that weekdays fall on weekdays.
const YEAR: TimeDelta = TimeDelta::weeks(52);

/// The retailer's local day of `at`.
pub(super) fn today(settings: &Settings, at: DateTime<Utc>) -> NaiveDate {
    local_date(settings.time_zone, at)
}

/// The days from `first` to `last` on which a goal's metric was counted in its scope, as far as `who` reaches, in order.
pub(super) async fn days(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    goal: &Goal,
    metric: &Definition<'_>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<DayFigure>> {
    if last < first {
        return Ok(Vec::new());
    }
    let zone = settings.time_zone;
    let whose = Whose { channel: goal.channel, campaign: goal.campaign };
    let span = day_start(zone, first)..day_end(zone, last);
    let counted = buckets::seen_by(tx, who, metric, Resolution::Day, whose, span).await?;
    let figure = |one: &buckets::Counted| DayFigure {
        day: local_date(zone, one.start),
        above: one.numerator,
        below: one.denominator,
    };
    Ok(counted.iter().map(figure).collect())
}

/// The days that say how a goal stands: since it began, and those that its forecast rests on, up to yesterday.
pub(super) async fn lately(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    goal: &Goal,
    metric: &Definition<'_>,
    today: NaiveDate,
) -> Result<Vec<DayFigure>> {
    let rests_on = today - TimeDelta::weeks(MOST_WEEKS) - TimeDelta::days(1);
    let first = goal.starts_on.map_or(rests_on, |starts_on| starts_on.min(rests_on));
    days(tx, who, settings, goal, metric, (first, today - TimeDelta::days(1))).await
}

/// The days that a draft is checked by, today's too.
pub(super) async fn history(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    goal: &Goal,
    metric: &Definition<'_>,
    today: NaiveDate,
) -> Result<Vec<DayFigure>> {
    let first = today.checked_sub_days(Days::new(HISTORY_DAYS)).unwrap_or(today);
    let first = goal.starts_on.map_or(first, |starts_on| starts_on.min(first));
    days(tx, who, settings, goal, metric, (first, today)).await
}

/// What the weeks before a goal say of its baseline: for a sum what its days would bring like them, for a ratio that of the
/// last 28 days. Nothing where no whole week is stored.
pub(super) async fn measure_baseline(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    (goal, book): (&mut Goal, &Book),
    today: NaiveDate,
) -> Result<()> {
    (goal.baseline, goal.baseline_source) = (None, None);
    let (Some(metric), Some(starts_on)) = (model::metric(goal, book), goal.starts_on) else { return Ok(()) };
    let last = starts_on.min(today) - TimeDelta::days(1);
    let first = last - TimeDelta::weeks(BASELINE_WEEKS) + TimeDelta::days(1);
    let days = days(tx, who, settings, goal, &metric, (first, last)).await?;
    let ends_on = goal.ends_on.unwrap_or(starts_on);
    let Some(baseline) = baseline(&days, metric.is_sum(), last, days_of(starts_on, ends_on)) else { return Ok(()) };
    goal.baseline = settled(baseline, 1);
    goal.baseline_source = goal.baseline.map(|_| BaselineSource::Stored);
    Ok(())
}

/// The baseline of a goal of `length` days, from the days up to `last`.
fn baseline(days: &[DayFigure], adds_up: bool, last: NaiveDate, length: i64) -> Option<f64> {
    let first = days.first()?.day;
    if !adds_up {
        return ratio_between(days, last - TimeDelta::days(27), last);
    }
    let weeks = days_of(first, last) / 7;
    if weeks < 1 {
        return None;
    }
    let sum = sum_between(days, last - TimeDelta::weeks(weeks) + TimeDelta::days(1), last);
    #[expect(clippy::cast_precision_loss, reason = "days")]
    let share = length as f64 / (7 * weeks) as f64;
    Some(sum * share)
}

/// A goal's periods; none while metric, target or days are missing. Last year's shape that is not stored is refused.
pub(super) async fn decompose(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    (goal, book): (&Goal, &Book),
    checks: &mut Checks,
) -> Result<Vec<Stage>> {
    let metric = model::metric(goal, book);
    let (Some(metric), Some(target), Some(first), Some(last)) = (metric, goal.target, goal.starts_on, goal.ends_on)
    else {
        return Ok(Vec::new());
    };
    let spans = spans(first, last, goal.period, tenants::week_start(tx, settings.id).await?);
    let targets = if metric.is_sum() {
        let weights = match goal.spread {
            GoalSpread::Days => spans.iter().map(|(first, last)| days_of(*first, *last)).collect(),
            GoalSpread::LastYear => {
                let days = days(tx, who, settings, goal, &metric, (first - YEAR, last - YEAR)).await?;
                last_year(&days, &spans, checks)
            }
        };
        split(target, step(&metric), &weights)
    } else {
        path(goal.baseline.unwrap_or(target), target, &spans)
    };
    Ok(stages(&spans, &targets))
}

/// What each period's days of the year before brought, as weights.
fn last_year(days: &[DayFigure], spans: &[(NaiveDate, NaiveDate)], checks: &mut Checks) -> Vec<i64> {
    let mut missing = None;
    let weight = |(first, last): &(NaiveDate, NaiveDate)| {
        let found = between(days, *first - YEAR, *last - YEAR);
        if found.is_empty() {
            missing = missing.or(Some((*first, *last)));
        }
        let sum: f64 = found.iter().map(|one| one.above).sum();
        settled(sum, 1).map_or(0, Quantity::e4)
    };
    let weights = spans.iter().map(weight).collect();
    if let Some((first, last)) = missing {
        let (from, to) = (first - YEAR, last - YEAR);
        let detail = format!(
            "Nothing is stored from {from} to {to}, which the period from {first} would follow. Spread by days."
        );
        checks.refuse("/spread", "not_stored", detail);
    }
    weights
}

fn stages(spans: &[(NaiveDate, NaiveDate)], targets: &[Quantity]) -> Vec<Stage> {
    let stage = |((starts_on, ends_on), target): (&(NaiveDate, NaiveDate), &Quantity)| Stage {
        starts_on: *starts_on,
        ends_on: *ends_on,
        target: *target,
    };
    spans.iter().zip(targets).map(stage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(number)
    }

    fn counted(from: i64, to: i64) -> Vec<DayFigure> {
        (from..=to).map(|number| DayFigure { day: day(number), above: 10.0, below: Some(4.0) }).collect()
    }

    #[test]
    fn a_baseline_is_what_the_goals_days_would_bring_like_the_weeks_before() {
        assert_eq!(baseline(&counted(0, 55), true, day(55), 30), Some(300.0));
        // Ten days are one whole week.
        assert_eq!(baseline(&counted(46, 55), true, day(55), 14), Some(140.0));
        assert_eq!(baseline(&counted(50, 55), true, day(55), 14), None);
        assert_eq!(baseline(&counted(50, 55), false, day(55), 14), Some(2.5));
        assert_eq!(baseline(&[], false, day(55), 14), None);
    }

    #[test]
    fn last_years_shape_is_refused_where_nothing_is_stored() {
        let spans = [(day(364), day(370)), (day(371), day(377))];
        let mut checks = Checks::default();
        assert_eq!(last_year(&counted(0, 13), &spans, &mut checks), [700_000, 700_000]);
        checks.done().unwrap();
        let mut checks = Checks::default();
        last_year(&counted(0, 6), &spans, &mut checks);
        assert_eq!(checks.into_error().fields[0].code, "not_stored");
    }
}
