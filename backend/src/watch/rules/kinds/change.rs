//! A figure rises or falls against an earlier one (环比, 同比).
//!
//! The change is (value - before)/|before|, so that a fall is below zero also from a loss. It fires when the change
//! reaches the percentage and the least difference on the bad side, and resolves past a smaller percentage. Where the
//! earlier figure is missing, or zero, there is no change to speak of.

use super::{Case, Judge, side_of, width, within};
use crate::platform::chart::ExpectedBy;
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Bucket, Figures, NoDataReason, Verdict};
use chrono::TimeDelta;
use tillwatch_shared::watch::{ChangeSpec, CreateRule, RuleBucket, Timing, Versus};

/// How far back the earlier figure lies.
fn distance(versus: Versus, timing: Timing) -> TimeDelta {
    match versus {
        Versus::Previous => width(timing.bucket) * i32::from(timing.window),
        Versus::Week => TimeDelta::weeks(1),
        Versus::Month => TimeDelta::weeks(4),
        // A whole number of weeks: the same weekday.
        Versus::Year => TimeDelta::weeks(52),
    }
}

fn lacks_volume(bucket: &Bucket, least: f64) -> Option<NoDataReason> {
    (bucket.volume < least).then_some(NoDataReason::TooLittleVolume { have: bucket.volume, need: least })
}

impl Judge for ChangeSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        let near = rule.timing.bucket == RuleBucket::Day || self.versus != Versus::Year;
        let detail = "Hours are compared with those before, of the week before, or of four weeks before.";
        checks.ensure(near, "/spec/versus", "contradiction", detail);
        let percent = self.percent > 0.0 && self.percent <= 100_000.0;
        checks.ensure(percent, "/spec/percent", "out_of_range", "Takes more than 0 to 100000 per cent.");
        if let Some(recover) = self.recover_percent {
            let holds = (0.0..=self.percent).contains(&recover);
            checks.ensure(holds, "/spec/recover_percent", "out_of_range", "Takes 0 to as much as `percent`.");
        }
        within(checks, "absolute", self.absolute, 0.0, 1e15);
        within(checks, "minimum_volume", self.minimum_volume, 0.0, 1e15);
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let Some(value) = case.judged.value() else { return Verdict::NoData(NoDataReason::NoValue) };
        let start = case.judged.start - distance(self.versus, *case.timing);
        let found = case.earlier.binary_search_by_key(&start, |bucket| bucket.start).ok();
        let Some((bucket, before)) = found.and_then(|at| Some((&case.earlier[at], case.earlier[at].value()?))) else {
            return Verdict::NoData(NoDataReason::TooLittleHistory { have: 0, need: 1 });
        };
        let judged_is_ratio = case.judged.denominator.is_some();
        let judged = judged_is_ratio.then(|| lacks_volume(case.judged, self.minimum_volume)).flatten();
        if let Some(reason) = lacks_volume(bucket, self.minimum_volume).or(judged) {
            return Verdict::NoData(reason);
        }
        if before == 0.0 {
            return Verdict::NoData(NoDataReason::NoSpread);
        }
        let side = side_of(self.side);
        let reach = (self.percent / 100.0 * before.abs()).max(self.absolute);
        let back = self.recover_percent.unwrap_or(self.percent / 2.0) / 100.0 * before.abs();
        let line = side.towards(before, reach);
        let recovery = side.towards(before, back.min(reach));
        let Some(figures) = Figures::against(side, value, line, recovery, reach) else {
            return Verdict::NoData(NoDataReason::OutOfRange);
        };
        let figures = Figures { expected: Some(before), ..figures };
        let fires = side.past(value, line) >= 0.0;
        Verdict::of(figures, fires, side.past(value, recovery) <= 0.0, case.open)
    }

    fn look_back(&self, timing: &Timing) -> TimeDelta {
        distance(self.versus, *timing)
    }

    fn expected_by(&self) -> ExpectedBy {
        match self.versus {
            Versus::Week => ExpectedBy::LastWeek,
            Versus::Previous | Versus::Month | Versus::Year => ExpectedBy::Earlier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use serde_json::{Value, json};

    fn spec(more: &Value) -> ChangeSpec {
        let mut spec = json!({ "metric": "sales", "side": "below", "versus": "previous", "percent": 20 });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    /// Judges the last of some days in a row.
    fn last(spec: &ChangeSpec, days: &[f64], window: u16, open: bool) -> Verdict {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let bucket =
            |(i, value): (usize, &f64)| Bucket::plain(first + TimeDelta::days(i64::try_from(i).unwrap()), *value);
        let buckets: Vec<Bucket> = days.iter().enumerate().map(bucket).collect();
        let (judged, earlier) = buckets.split_last().unwrap();
        let timing = Timing { window, ..Timing::default() };
        spec.judge(&Case { earlier, judged, peers: &[], timing: &timing, plan: None, open })
    }

    #[test]
    fn a_fall_of_a_fifth_fires_and_half_of_it_recovers() {
        let rule = spec(&json!({}));
        let Verdict::Firing(figures) = last(&rule, &[100.0, 80.0], 1, false) else { panic!("a fifth less") };
        assert_eq!((figures.expected, figures.line, figures.score), (Some(100.0), Some(80.0), 0.5));
        assert!(matches!(last(&rule, &[100.0, 81.0], 1, false), Verdict::Holding(_)));
        assert!(matches!(last(&rule, &[100.0, 89.0], 1, true), Verdict::Holding(_)));
        assert!(matches!(last(&rule, &[100.0, 90.0], 1, true), Verdict::Recovered(_)));
        assert!(matches!(last(&rule, &[100.0, 300.0], 1, false), Verdict::Quiet(_)), "a rise is no fall");
        let rise = spec(&json!({ "side": "above" }));
        assert!(matches!(last(&rise, &[100.0, 120.0], 1, false), Verdict::Firing(_)));
        // From a loss of 100 to one of 120 is a fall.
        assert!(matches!(last(&rule, &[-100.0, -120.0], 1, false), Verdict::Firing(_)));
    }

    #[test]
    fn small_figures_and_absent_ones_are_not_judged() {
        let rule = spec(&json!({ "absolute": 50, "minimum_volume": 10 }));
        assert!(matches!(last(&rule, &[100.0, 60.0], 1, false), Verdict::Holding(_)), "40 less are under 50");
        assert!(matches!(last(&rule, &[100.0, 50.0], 1, false), Verdict::Firing(_)));
        assert!(matches!(last(&rule, &[9.0, 1.0], 1, true), Verdict::NoData(NoDataReason::TooLittleVolume { .. })));
        assert!(matches!(last(&spec(&json!({})), &[0.0, 5.0], 1, true), Verdict::NoData(NoDataReason::NoSpread)));
        assert!(matches!(last(&rule, &[60.0], 1, true), Verdict::NoData(NoDataReason::TooLittleHistory { .. })));
    }

    #[test]
    fn each_earlier_figure_lies_where_it_says() {
        let days: Vec<f64> = (0..400).map(f64::from).collect();
        let before = |versus: &str, window| {
            last(&spec(&json!({ "versus": versus })), &days, window, false).figures().unwrap().expected
        };
        assert_eq!(
            [before("previous", 1), before("previous", 7), before("week", 1), before("month", 1), before("year", 1)],
            [Some(398.0), Some(392.0), Some(392.0), Some(371.0), Some(35.0)]
        );
    }
}
