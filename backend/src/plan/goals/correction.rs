//! The monthly correction of a goal (动态调整机制): what the last month brought moves what is still to come. Pure.
//!
//! A sum: with r what the month brought of its plan, the days to come are scaled by r, bounded to a correction of three
//! tenths; what is over is settled at what it brought, so that the periods add up to the new target. A ratio: the
//! path to come is moved by the gap between the level and the path at the month's end, bounded to three tenths of the target. Within a
//! twentieth of the plan nothing is proposed, and what a goal is to be at most is never raised.

use super::course::{Course, DayFigure, sum_between};
use super::periods::{Stage, days_of};
use chrono::NaiveDate;
use tillwatch_shared::goals::GoalAim;
use tillwatch_shared::quantity::Quantity;

/// Days of a goal that a month must hold to say something of it.
pub const FEWEST_DAYS: i64 = 7;
/// Off its plan by less than this share, a month is as planned.
const AS_PLANNED: f64 = 0.05;
/// The largest correction of one month.
const LARGEST: f64 = 0.3;

/// What a month says of a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// What the month was to bring; of a ratio, where it was to be.
    pub planned: f64,
    /// What it brought; of a ratio, where it was.
    pub achieved: f64,
    /// The target that follows.
    pub target: Quantity,
    /// The periods that follow, all of them.
    pub stages: Vec<Stage>,
}

/// What the month from `first` to `last` says of a goal, its periods in steps of `step` ten-thousandths. `None` when it went
/// as planned, when it says too little, or when nothing is left to correct.
pub fn correction(
    course: &Course,
    days: &[DayFigure],
    (first, last): (NaiveDate, NaiveDate),
    step: i64,
) -> Option<Correction> {
    let begin = first.max(course.starts_on);
    if days_of(begin, last) < FEWEST_DAYS || last >= course.ends_on {
        return None;
    }
    let corrected =
        if course.adds_up { of_sum(course, days, (begin, last), step) } else { of_ratio(course, days, last) };
    let raises = |one: &Correction| course.aim == GoalAim::AtMost && one.target.to_f64() > course.target;
    corrected.filter(|one| one.stages != course.stages && !one.target.is_absurd() && !raises(one))
}

fn of_sum(course: &Course, days: &[DayFigure], (begin, last): (NaiveDate, NaiveDate), step: i64) -> Option<Correction> {
    let before = begin.pred_opt()?;
    let planned = course.expected(last) - course.expected(before);
    let achieved = sum_between(days, begin, last);
    if planned <= 0.0 || (achieved / planned - 1.0).abs() < AS_PLANNED {
        return None;
    }
    let most = if course.aim == GoalAim::AtMost { 1.0 } else { 1.0 + LARGEST };
    let factor = (achieved / planned).clamp(1.0 - LARGEST, most);
    let corrected = |stage: &Stage| {
        if stage.ends_on <= last {
            return settled(sum_between(days, stage.starts_on, stage.ends_on), step);
        }
        // Of a period that the month's end cuts, the days that are over are settled and the others corrected.
        let gone = days_of(stage.starts_on, last).max(0);
        #[expect(clippy::cast_precision_loss, reason = "days")]
        let left = (stage.days() - gone) as f64 / stage.days() as f64;
        let brought = if gone > 0 { sum_between(days, stage.starts_on, last) } else { 0.0 };
        settled(brought + stage.target.to_f64() * left * factor, step)
    };
    let targets: Option<Vec<Quantity>> = course.stages.iter().map(corrected).collect();
    let stages = with_targets(&course.stages, &targets?);
    let target = Quantity::checked_sum(stages.iter().map(|stage| stage.target))?;
    Some(Correction { planned, achieved, target, stages })
}

fn of_ratio(course: &Course, days: &[DayFigure], last: NaiveDate) -> Option<Correction> {
    let planned = course.expected(last);
    let achieved = course.value(days, last)?;
    let gap = achieved - planned;
    if gap.abs() < AS_PLANNED * planned.abs() || gap == 0.0 {
        return None;
    }
    let most = LARGEST * course.target.abs();
    let moved = settled(gap.clamp(-most, most), 1)?;
    let corrected = |stage: &Stage| {
        if stage.ends_on <= last { Some(stage.target) } else { stage.target.checked_add(moved) }
    };
    let targets: Option<Vec<Quantity>> = course.stages.iter().map(corrected).collect();
    let stages = with_targets(&course.stages, &targets?);
    let target = stages.last()?.target;
    Some(Correction { planned, achieved, target, stages })
}

/// A figure as a quantity in steps; `None` for what no quantity can hold.
pub fn settled(value: f64, step: i64) -> Option<Quantity> {
    let step = step.max(1);
    #[expect(clippy::cast_precision_loss, reason = "1 or 10,000")]
    let steps = (value * 10_000.0 / step as f64).round();
    // Below 2^53 the nearest double is the number itself.
    if steps.abs() >= 9_007_199_254_740_992.0 || !steps.is_finite() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    let steps = steps as i64;
    steps.checked_mul(step).map(Quantity::from_e4)
}

fn with_targets(stages: &[Stage], targets: &[Quantity]) -> Vec<Stage> {
    stages.iter().zip(targets).map(|(stage, target)| Stage { target: *target, ..*stage }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::goals::periods::WHOLE_E4;
    use chrono::Days;

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn stage(from: NaiveDate, to: NaiveDate, target: i64) -> Stage {
        Stage { starts_on: from, ends_on: to, target: Quantity::from_units(target).unwrap() }
    }

    /// Months from January to March, and a week that the end of January cuts.
    fn course(adds_up: bool, stages: Vec<Stage>) -> Course {
        let (first, last) = (stages[0], stages[stages.len() - 1]);
        let sum: f64 = stages.iter().map(|stage| stage.target.to_f64()).sum();
        Course {
            adds_up,
            aim: GoalAim::AtLeast,
            baseline: (!adds_up).then_some(2.0),
            target: if adds_up { sum } else { last.target.to_f64() },
            starts_on: first.starts_on,
            ends_on: last.ends_on,
            stages,
            active: true,
        }
    }

    fn months() -> Vec<Stage> {
        vec![stage(day(1, 1), day(1, 31), 310), stage(day(2, 1), day(2, 28), 280), stage(day(3, 1), day(3, 31), 310)]
    }

    fn january(a_day: f64) -> Vec<DayFigure> {
        (0..31).map(|number| DayFigure { day: day(1, 1) + Days::new(number), above: a_day, below: Some(1.0) }).collect()
    }

    fn february(a_day: f64) -> impl Iterator<Item = DayFigure> {
        (0..28).map(move |number| DayFigure { day: day(2, 1) + Days::new(number), above: a_day, below: Some(1.0) })
    }

    const JANUARY: fn() -> (NaiveDate, NaiveDate) = || (day(1, 1), day(1, 31));

    fn targets(found: &Correction) -> Vec<f64> {
        found.stages.iter().map(|stage| stage.target.to_f64()).collect()
    }

    #[test]
    fn a_month_at_eighty_per_cent_scales_what_is_to_come_and_settles_what_is_over() {
        let found = correction(&course(true, months()), &january(8.0), JANUARY(), WHOLE_E4).unwrap();
        assert_eq!((found.planned, found.achieved), (310.0, 248.0));
        assert_eq!(targets(&found), [248.0, 224.0, 248.0]);
        assert_eq!(found.target.to_f64().to_bits(), 720.0_f64.to_bits());
    }

    #[test]
    fn a_month_corrects_by_three_tenths_at_most_and_not_at_all_when_it_went_as_planned() {
        let found = correction(&course(true, months()), &january(1.0), JANUARY(), WHOLE_E4).unwrap();
        assert_eq!(targets(&found), [31.0, 196.0, 217.0]);
        let more = correction(&course(true, months()), &january(30.0), JANUARY(), WHOLE_E4).unwrap();
        assert_eq!(targets(&more), [930.0, 364.0, 403.0]);
        assert_eq!(correction(&course(true, months()), &january(9.6), JANUARY(), WHOLE_E4), None);
    }

    #[test]
    fn what_a_goal_is_to_be_at_most_is_lowered_and_never_raised() {
        let cap = Course { aim: GoalAim::AtMost, ..course(true, months()) };
        assert_eq!(correction(&cap, &january(12.0), JANUARY(), WHOLE_E4), None);
        let less = correction(&cap, &january(8.0), JANUARY(), WHOLE_E4).unwrap();
        assert_eq!(targets(&less), [248.0, 224.0, 248.0]);
        // After a month of little, one beyond its plan raises nothing that is to come.
        let two: Vec<DayFigure> = january(1.0).into_iter().chain(february(11.0)).collect();
        let after = correction(&cap, &two, (day(2, 1), day(2, 28)), WHOLE_E4).unwrap();
        assert_eq!(targets(&after), [31.0, 308.0, 310.0]);
        let path = vec![stage(day(1, 1), day(1, 31), 3), stage(day(2, 1), day(2, 28), 2)];
        let falling = Course { aim: GoalAim::AtMost, ..course(false, path) };
        assert_eq!(correction(&falling, &january(4.0), JANUARY(), 1), None);
        assert!(correction(&falling, &january(2.5), JANUARY(), 1).is_some());
    }

    #[test]
    fn a_week_that_the_months_end_cuts_is_settled_in_its_first_part() {
        let weeks =
            vec![stage(day(1, 20), day(1, 26), 70), stage(day(1, 27), day(2, 2), 70), stage(day(2, 3), day(2, 9), 70)];
        let found = correction(&course(true, weeks), &january(8.0), JANUARY(), 1).unwrap();
        // Five days at 8, two to come at 10 · 0.8.
        assert_eq!(targets(&found), [56.0, 56.0, 56.0]);
        assert_eq!(found.target.to_f64().to_bits(), 168.0_f64.to_bits());
    }

    #[test]
    fn a_ratios_path_is_moved_by_its_gap() {
        let path = vec![stage(day(1, 1), day(1, 31), 3), stage(day(2, 1), day(2, 28), 4)];
        let found = correction(&course(false, path.clone()), &january(2.5), JANUARY(), 1).unwrap();
        assert_eq!((found.planned, found.achieved), (3.0, 2.5));
        assert_eq!(targets(&found), [3.0, 3.5]);
        assert_eq!(correction(&course(false, path.clone()), &january(3.1), JANUARY(), 1), None);
        let far = correction(&course(false, path), &january(30.0), JANUARY(), 1).unwrap();
        assert_eq!(targets(&far), [3.0, 5.2]);
    }

    #[test]
    fn what_says_too_little_or_comes_too_late_corrects_nothing() {
        let late = vec![stage(day(1, 26), day(2, 28), 100)];
        assert_eq!(correction(&course(true, late), &january(0.1), JANUARY(), 1), None);
        assert_eq!(correction(&course(true, months()), &january(1.0), (day(3, 1), day(3, 31)), 1), None);
        assert_eq!(settled(f64::NAN, 1), None);
        assert_eq!(settled(1e300, 1), None);
    }
}
