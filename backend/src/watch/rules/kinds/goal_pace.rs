//! A goal falls behind its plan, or its forecast misses the target (目标进度).
//!
//! The arithmetic is the goal's own ([`crate::plan::goals::course`]): the pace is what it brought against what was to be
//! expected by then, the forecast an interval at its deadline. It fires when the pace is under a line or the whole 80 %
//! interval misses the target, and resolves half-way back to the plan, with the target within the interval. A goal that is over
//! or not active any more fires no longer.

use super::{Case, Judge, Plan, no_window};
use crate::plan::goals::course::DayFigure;
use crate::plan::goals::forecast::MOST_WEEKS;
use crate::platform::chart::ExpectedBy;
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Bucket, Figures, NoDataReason, Side, Verdict};
use chrono::TimeDelta;
use tillwatch_shared::goals::{GoalAim, GoalOutlook};
use tillwatch_shared::watch::{CreateRule, GoalPaceSpec, RuleBucket, Timing};

impl Judge for GoalPaceSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        let line = self.pace_under > 0.0 && self.pace_under <= 100.0;
        checks.ensure(line, "/spec/pace_under", "out_of_range", "Takes more than 0 to 100 per cent.");
        let days = (1..=365).contains(&self.minimum_days);
        checks.ensure(days, "/spec/minimum_days", "out_of_range", "Takes 1 to 365 days.");
        let daily = rule.timing.bucket == RuleBucket::Day;
        checks.ensure(daily, "/timing/bucket", "contradiction", "A goal's pace is judged by days.");
        let detail = "A goal has one scope: name its channel or campaign, or neither.";
        checks.ensure(!rule.per_channel, "/per_channel", "contradiction", detail);
        no_window(rule, checks);
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let Some(Plan::Goal(course)) = case.plan else { return Verdict::NoData(NoDataReason::NoValue) };
        let day = case.judged.start.date();
        if day < course.starts_on {
            return Verdict::NoData(NoDataReason::NoValue);
        }
        let gone = u32::try_from((day - course.starts_on).num_days() + 1).unwrap_or(u32::MAX);
        let need = u32::from(self.minimum_days);
        if gone < need {
            return Verdict::NoData(NoDataReason::TooLittleHistory { have: gone, need });
        }
        let figure = |bucket: &Bucket| DayFigure {
            day: bucket.start.date(),
            above: bucket.numerator,
            below: bucket.denominator,
        };
        let days: Vec<DayFigure> = case.earlier.iter().chain([case.judged]).map(figure).collect();
        let standing = course.standing(&days, day);
        let Some(value) = standing.value else { return Verdict::NoData(NoDataReason::NoValue) };
        let (expected, share) = (standing.expected, self.pace_under / 100.0);
        if expected <= 0.0 {
            return Verdict::NoData(NoDataReason::NoSpread);
        }
        let half = f64::midpoint(1.0, share);
        let (side, line, recovery) = match course.aim {
            GoalAim::AtLeast => (Side::Below, expected * share, expected * half),
            GoalAim::AtMost => (Side::Above, expected / share, expected / half),
        };
        // With a line on the plan itself, the plan is the scale.
        let reach = if share < 1.0 { (expected - line).abs() } else { expected };
        let Some(figures) = Figures::against(side, value, line, recovery, reach) else {
            return Verdict::NoData(NoDataReason::OutOfRange);
        };
        let forecast = standing.forecast.map(|forecast| forecast.value);
        let mut figures = Figures { expected: Some(expected), forecast, ..figures };
        let over = !course.active || day > course.ends_on;
        let misses = self.forecast && standing.outlook == GoalOutlook::OffTrack;
        let fires = !over && (misses || side.past(value, line) >= 0.0);
        if fires {
            // Missed by the forecast alone it is as bad as on the line.
            figures.score = figures.score.max(0.5);
        }
        Verdict::of(figures, fires, over || (!misses && side.past(value, recovery) <= 0.0), case.open)
    }

    /// The weeks that its forecast rests on; the goal's own days are read besides.
    fn look_back(&self, _: &Timing) -> TimeDelta {
        TimeDelta::weeks(MOST_WEEKS)
    }

    fn expected_by(&self) -> ExpectedBy {
        ExpectedBy::Plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::goals::course::Course;
    use crate::plan::goals::periods::Stage;
    use crate::watch::rules::series::How;
    use chrono::{Days, NaiveDate};
    use chrono_tz::Tz;
    use serde_json::{Value, json};
    use tillwatch_shared::ids::GoalId;
    use tillwatch_shared::quantity::Quantity;
    use tillwatch_shared::watch::RuleSpec;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(number)
    }

    /// Thirty days from day 28 on, ten a day.
    fn course(aim: GoalAim, active: bool) -> Plan {
        let (starts_on, ends_on, target) = (day(28), day(57), Quantity::from_units(300).unwrap());
        let stages = vec![Stage { starts_on, ends_on, target }];
        Plan::Goal(Course { adds_up: true, aim, baseline: None, target: 300.0, starts_on, ends_on, stages, active })
    }

    /// What is said of day `last`, after 28 days of ten and then `a_day`.
    fn judged(more: &Value, plan: &Plan, a_day: f64, last: u64, open: bool) -> Verdict {
        let mut spec = json!({ "goal": GoalId::new(), "metric": "sales" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let spec: GoalPaceSpec = serde_json::from_value(spec).unwrap();
        let bucket = |number: u64| {
            let value = if number < 28 { 10.0 } else { a_day };
            Bucket::plain(day(number).and_hms_opt(0, 0, 0).unwrap(), value)
        };
        let buckets: Vec<Bucket> = (0..=last).map(bucket).collect();
        let (judged, earlier) = buckets.split_last().unwrap();
        let timing = Timing::default();
        spec.judge(&Case { earlier, judged, peers: &[], timing: &timing, plan: Some(plan), open })
    }

    #[test]
    fn a_goal_behind_its_plan_fires_and_half_way_back_resolves() {
        let (plan, no_forecast) = (course(GoalAim::AtLeast, true), json!({ "forecast": false }));
        let Verdict::Firing(figures) = judged(&no_forecast, &plan, 8.0, 37, false) else { panic!("80 of 100") };
        assert_eq!(
            (figures.value.to_bits(), figures.expected, figures.line),
            (80.0_f64.to_bits(), Some(100.0), Some(90.0))
        );
        assert!(figures.forecast.is_some_and(|forecast| (240.0..300.0).contains(&forecast)), "{figures:?}");
        assert!(matches!(judged(&no_forecast, &plan, 9.2, 37, true), Verdict::Holding(_)));
        assert!(matches!(judged(&no_forecast, &plan, 9.6, 37, true), Verdict::Recovered(_)));
        assert!(matches!(judged(&no_forecast, &plan, 9.6, 37, false), Verdict::Quiet(_)));
    }

    #[test]
    fn a_forecast_that_misses_fires_though_the_pace_is_fair() {
        let plan = course(GoalAim::AtLeast, true);
        // 92 per cent of the plan, day after day alike: the interval is narrow and under the target.
        assert!(matches!(judged(&json!({}), &plan, 9.2, 55, false), Verdict::Firing(figures) if figures.score >= 0.5));
        assert!(matches!(judged(&json!({}), &plan, 10.5, 55, true), Verdict::Recovered(_)));
    }

    #[test]
    fn no_more_is_read_than_the_goal_and_the_weeks_of_its_forecast() {
        let spec: GoalPaceSpec = serde_json::from_value(json!({ "goal": GoalId::new(), "metric": "sales" })).unwrap();
        let (spec, timing) = (RuleSpec::GoalPace(spec), Timing::default());
        let how = How { spec: &spec, timing: &timing, zone: Tz::UTC };
        let at = |number: u64| day(number).and_hms_opt(0, 0, 0).unwrap().and_utc();
        let plan = course(GoalAim::AtLeast, true);
        // 26 weeks, and the days that a row of breaches may need.
        assert_eq!(how.begin_of_reading(at(400), None), at(400 - 182 - 3));
        assert_eq!(how.begin_of_reading(at(57), Some(&plan)), at(57) - TimeDelta::days(185));
        assert_eq!(how.begin_of_reading(at(300), Some(&plan)), at(28), "the goal began before");
    }

    #[test]
    fn a_cap_fires_on_the_other_side() {
        let plan = course(GoalAim::AtMost, true);
        assert!(matches!(judged(&json!({ "forecast": false }), &plan, 12.0, 37, false), Verdict::Firing(_)));
        assert!(matches!(judged(&json!({ "forecast": false }), &plan, 8.0, 37, true), Verdict::Recovered(_)));
    }

    #[test]
    fn the_first_days_and_other_days_are_not_judged_and_a_goal_that_is_over_resolves() {
        let plan = course(GoalAim::AtLeast, true);
        assert!(matches!(judged(&json!({}), &plan, 1.0, 33, false), Verdict::NoData(_)));
        assert!(matches!(judged(&json!({}), &plan, 1.0, 20, false), Verdict::NoData(_)));
        assert!(matches!(judged(&json!({}), &course(GoalAim::AtLeast, false), 1.0, 40, true), Verdict::Recovered(_)));
        assert!(matches!(judged(&json!({}), &plan, 1.0, 60, true), Verdict::Recovered(_)));
    }
}
