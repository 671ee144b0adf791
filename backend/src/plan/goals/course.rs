//! How a goal stands against its plan: what it brought, what was to be expected, its pace. Pure.
//!
//! A sum's figure is what all days since the first one brought. A ratio's is the ratio of the sums of the last
//! [`LEVEL_DAYS`] days, those before the goal's first day too: a level that no single day moves much. What is expected of a
//! sum are the periods that are over and of the present one its days' share; of a ratio the path from one period's end to the
//! next one's.

use super::forecast::{Forecast, forecast};
use super::periods::{Stage, days_of};
use chrono::{Days, NaiveDate};
use tillwatch_shared::goals::{GoalAim, GoalOutlook};

/// Days whose ratio is a ratio's level.
pub const LEVEL_DAYS: u64 = 28;

/// What was counted on one local day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayFigure {
    /// The day.
    pub day: NaiveDate,
    /// The sum; of a ratio the numerator times its factor.
    pub above: f64,
    /// Of a ratio the denominator.
    pub below: Option<f64>,
}

/// A goal as arithmetic sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Whether its metric adds up: a sum, not a ratio.
    pub adds_up: bool,
    /// Which way it goes.
    pub aim: GoalAim,
    /// From where it starts.
    pub baseline: Option<f64>,
    /// What it is to reach.
    pub target: f64,
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Its periods, in order, from the first day to the last.
    pub stages: Vec<Stage>,
    /// Whether it is pursued now.
    pub active: bool,
}

/// How a goal stands at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The day.
    pub through: NaiveDate,
    /// What it brought; `None` for a ratio of nothing.
    pub value: Option<f64>,
    /// What it was to bring.
    pub expected: f64,
    /// 1 is as planned, more is better.
    pub pace: Option<f64>,
    /// Where it will be.
    pub forecast: Option<Forecast>,
    /// What that means.
    pub outlook: GoalOutlook,
}

impl Course {
    /// The first of the days whose ratio is the level of `day`.
    pub fn level_begins(&self, day: NaiveDate) -> NaiveDate {
        day.checked_sub_days(Days::new(LEVEL_DAYS - 1)).unwrap_or(day)
    }

    /// What it has brought by the end of `through`.
    pub fn value(&self, days: &[DayFigure], through: NaiveDate) -> Option<f64> {
        if self.adds_up {
            return Some(sum_between(days, self.starts_on, through.min(self.ends_on)));
        }
        let through = through.min(self.ends_on);
        ratio_between(days, self.level_begins(through), through)
    }

    /// What it is to have brought by the end of `through`.
    pub fn expected(&self, through: NaiveDate) -> f64 {
        let mut so_far = if self.adds_up { 0.0 } else { self.baseline.unwrap_or(self.target) };
        for stage in &self.stages {
            let target = stage.target.to_f64();
            if through < stage.starts_on {
                break;
            }
            #[expect(clippy::cast_precision_loss, reason = "days")]
            let part = days_of(stage.starts_on, through.min(stage.ends_on)) as f64 / stage.days() as f64;
            so_far += if self.adds_up { target * part } else { (target - so_far) * part };
        }
        so_far
    }

    /// Whether a figure is what the goal wants. A double's last digits do not decide.
    pub fn is_reached(&self, value: f64) -> bool {
        let grain = self.target.abs() * 1e-9;
        match self.aim {
            GoalAim::AtLeast => value >= self.target - grain,
            GoalAim::AtMost => value <= self.target + grain,
        }
    }

    /// How it goes: 1 is as planned, more is better. `None` where there is nothing to compare.
    pub fn pace(&self, value: f64, expected: f64) -> Option<f64> {
        let (above, below) = match self.aim {
            GoalAim::AtLeast => (value, expected),
            GoalAim::AtMost => (expected, value),
        };
        (below > 0.0).then(|| above / below).filter(|pace| pace.is_finite())
    }

    /// How it stands at the end of `through`, given what was counted up to then.
    pub fn standing(&self, days: &[DayFigure], through: NaiveDate) -> Standing {
        let days = &days[..days.partition_point(|one| one.day <= through)];
        let (value, expected) = (self.value(days, through), self.expected(through));
        let begun = through >= self.starts_on;
        let pace = value.filter(|_| begun).and_then(|value| self.pace(value, expected));
        let over = through >= self.ends_on;
        let forecast = if over { None } else { forecast(self, days, through) };
        let outlook = match (&forecast, value) {
            (None, Some(value)) if over => {
                if self.is_reached(value) {
                    GoalOutlook::OnTrack
                } else {
                    GoalOutlook::OffTrack
                }
            }
            (None, _) => GoalOutlook::NotEnoughData,
            (Some(forecast), _) => self.outlook(forecast),
        };
        Standing { through, value, expected, pace, forecast, outlook }
    }

    /// The day through whose end it is told on `today`: the last one with data; once its deadline is over, that.
    pub fn told_through(&self, days: &[DayFigure], today: NaiveDate) -> NaiveDate {
        if today > self.ends_on {
            return self.ends_on;
        }
        days.last().map(|one| one.day).or(today.pred_opt()).unwrap_or(today)
    }

    fn outlook(&self, forecast: &Forecast) -> GoalOutlook {
        let best = match self.aim {
            GoalAim::AtLeast => forecast.of_80.1,
            GoalAim::AtMost => forecast.of_80.0,
        };
        if self.is_reached(forecast.value) {
            GoalOutlook::OnTrack
        } else if self.is_reached(best) {
            GoalOutlook::AtRisk
        } else {
            GoalOutlook::OffTrack
        }
    }
}

/// The days from `first` to `last` among days in order.
pub fn between(days: &[DayFigure], first: NaiveDate, last: NaiveDate) -> &[DayFigure] {
    let begin = days.partition_point(|one| one.day < first);
    let end = days.partition_point(|one| one.day <= last);
    &days[begin..end.max(begin)]
}

/// What the days from `first` to `last` brought; a day on which nothing was counted brought nothing.
pub fn sum_between(days: &[DayFigure], first: NaiveDate, last: NaiveDate) -> f64 {
    between(days, first, last).iter().map(|one| one.above).sum()
}

/// The ratio of the sums of the days from `first` to `last`.
pub fn ratio_between(days: &[DayFigure], first: NaiveDate, last: NaiveDate) -> Option<f64> {
    let days = between(days, first, last);
    let below: f64 = days.iter().filter_map(|one| one.below).sum();
    (below > 0.0).then(|| days.iter().map(|one| one.above).sum::<f64>() / below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::quantity::Quantity;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(number - 1)
    }

    fn stage(first: u64, last: u64, target: i64) -> Stage {
        Stage { starts_on: day(first), ends_on: day(last), target: Quantity::from_units(target).unwrap() }
    }

    fn course(adds_up: bool, stages: Vec<Stage>) -> Course {
        let last = *stages.last().unwrap();
        let sum: f64 = stages.iter().map(|stage| stage.target.to_f64()).sum();
        Course {
            adds_up,
            aim: GoalAim::AtLeast,
            baseline: (!adds_up).then_some(2.0),
            target: if adds_up { sum } else { last.target.to_f64() },
            starts_on: stages[0].starts_on,
            ends_on: last.ends_on,
            stages,
            active: true,
        }
    }

    fn counted(days: impl IntoIterator<Item = (u64, f64, Option<f64>)>) -> Vec<DayFigure> {
        days.into_iter().map(|(number, above, below)| DayFigure { day: day(number), above, below }).collect()
    }

    #[test]
    fn a_sum_is_held_against_the_periods_gone_and_the_days_share_of_the_present_one() {
        let course = course(true, vec![stage(11, 20, 100), stage(21, 30, 200)]);
        let days = counted((1..=25).map(|number| (number, 11.0, None)));
        let standing = course.standing(&days, day(25));
        assert_eq!((standing.value, standing.expected), (Some(165.0), 200.0));
        assert_eq!(standing.pace, Some(0.825));
        assert_eq!(standing.outlook, GoalOutlook::OffTrack, "{standing:?}");
        let before = course.standing(&days, day(10));
        assert_eq!((before.value, before.expected, before.pace), (Some(0.0), 0.0, None));
        let after = course.standing(&days, day(40));
        assert_eq!((after.value, after.expected, after.forecast), (Some(165.0), 300.0, None));
    }

    #[test]
    fn a_goal_that_is_over_has_no_forecast_though_its_last_days_brought_nothing() {
        let course = course(true, vec![stage(11, 30, 200)]);
        let days = counted((1..=25).map(|number| (number, 11.0, None)));
        assert_eq!(course.told_through(&days, day(30)), day(25));
        assert_eq!(course.told_through(&[], day(30)), day(29));
        let through = course.told_through(&days, day(31));
        assert_eq!(through, day(30));
        let standing = course.standing(&days, through);
        assert_eq!((standing.value, standing.expected, standing.forecast), (Some(165.0), 200.0, None));
        assert_eq!(standing.outlook, GoalOutlook::OffTrack);
    }

    #[test]
    fn a_cap_goes_well_when_less_was_brought() {
        let mut course = course(true, vec![stage(1, 10, 100)]);
        course.aim = GoalAim::AtMost;
        assert_eq!(course.pace(40.0, 50.0), Some(1.25));
        assert_eq!(course.pace(0.0, 50.0), None);
        assert!(course.is_reached(100.0) && !course.is_reached(101.0));
    }

    #[test]
    fn a_ratio_is_a_level_on_a_path_and_never_a_mean_of_ratios() {
        let course = course(false, vec![stage(29, 38, 3), stage(39, 48, 4)]);
        let expected: Vec<f64> = [28, 33, 38, 43, 60].iter().map(|number| course.expected(day(*number))).collect();
        assert_eq!(expected, [2.0, 2.5, 3.0, 3.5, 4.0]);
        // One day of a thousand visitors outweighs one of ten.
        let days = counted([(10, 100.0, Some(10.0)), (30, 3_000.0, Some(1_000.0)), (31, 0.0, Some(0.0))]);
        assert_eq!(course.value(&days, day(31)), Some(3_100.0 / 1_010.0));
        assert_eq!(course.value(&days, day(40)), Some(3.0), "28 days back");
        assert_eq!(course.standing(&[], day(31)).outlook, GoalOutlook::NotEnoughData);
    }
}
