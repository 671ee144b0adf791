//! A campaign spends faster or slower than its plan and the days gone (预算进度).
//!
//! With T days from the campaign's first to its last and d of them gone, the plan is budget · d / T. Spent S by then, the
//! campaign ends at S · T / d if it goes on at the pace of all its days so far (the forecast). Days without spend count:
//! they are days gone.

use super::{Case, Judge, Plan, Silence, no_window, side_of};
use crate::platform::chart::ExpectedBy;
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Figures, NoDataReason, Verdict};
use chrono::TimeDelta;
use tillwatch_shared::watch::{BudgetPaceSpec, CreateRule, RuleBucket, Timing};

/// Longer campaigns are judged by what they spent within these days.
const LONGEST: TimeDelta = TimeDelta::days(800);

impl Judge for BudgetPaceSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        let detail = "A budget pace stands on a campaign with days and a budget. Name it.";
        checks.ensure(rule.campaign.is_some(), "/campaign", "required", detail);
        checks.ensure(rule.channel.is_none(), "/channel", "contradiction", "A budget pace takes no channel.");
        let percent = self.percent > 0.0 && self.percent <= 1_000.0;
        checks.ensure(percent, "/spec/percent", "out_of_range", "Takes more than 0 to 1000 per cent.");
        if let Some(recover) = self.recover_percent {
            let holds = (0.0..=self.percent).contains(&recover);
            checks.ensure(holds, "/spec/recover_percent", "out_of_range", "Takes 0 to as much as `percent`.");
        }
        let days = (1..=365).contains(&self.minimum_days);
        checks.ensure(days, "/spec/minimum_days", "out_of_range", "Takes 1 to 365 days.");
        let daily = rule.timing.bucket == RuleBucket::Day;
        checks.ensure(daily, "/timing/bucket", "contradiction", "A budget pace is judged by days.");
        no_window(rule, checks);
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let Some(Plan::Spend(plan)) = case.plan else { return Verdict::NoData(NoDataReason::NoValue) };
        let day = case.judged.start.date();
        if day > plan.ends_on && case.open {
            // There is no pace any more, so there is nothing to be told of: what it came to stands in the figures.
            let value = case.judged.numerator;
            return Verdict::Recovered(Figures { value, expected: Some(plan.budget), ..Figures::default() });
        }
        if day < plan.starts_on || day > plan.ends_on {
            return Verdict::NoData(NoDataReason::NoValue);
        }
        let days = |span: TimeDelta| u32::try_from(span.num_days() + 1).unwrap_or(u32::MAX);
        let (gone, all) = (days(day - plan.starts_on), days(plan.ends_on - plan.starts_on));
        if gone < u32::from(self.minimum_days) {
            let need = u32::from(self.minimum_days);
            return Verdict::NoData(NoDataReason::TooLittleHistory { have: gone, need });
        }
        let spent = case.judged.numerator;
        let planned = plan.budget * f64::from(gone) / f64::from(all);
        if planned <= 0.0 {
            return Verdict::NoData(NoDataReason::NoSpread);
        }
        let side = side_of(self.side);
        let reach = self.percent / 100.0 * planned;
        let back = self.recover_percent.unwrap_or(self.percent / 2.0) / 100.0 * planned;
        let (line, recovery) = (side.towards(planned, reach), side.towards(planned, back));
        let Some(figures) = Figures::against(side, spent, line, recovery, reach) else {
            return Verdict::NoData(NoDataReason::OutOfRange);
        };
        let forecast = spent * f64::from(all) / f64::from(gone);
        let figures = Figures { expected: Some(planned), forecast: Some(forecast), ..figures };
        Verdict::of(figures, side.past(spent, line) >= 0.0, side.past(spent, recovery) <= 0.0, case.open)
    }

    fn look_back(&self, _: &Timing) -> TimeDelta {
        LONGEST
    }

    fn silence(&self) -> Silence {
        Silence::Nothing
    }

    fn sums_up(&self) -> bool {
        true
    }

    fn wants_plan(&self) -> bool {
        true
    }

    fn expected_by(&self) -> ExpectedBy {
        ExpectedBy::Plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::rules::detect::Bucket;
    use crate::watch::rules::kinds::SpendPlan;
    use chrono::NaiveDate;
    use serde_json::json;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, number).unwrap()
    }

    /// What is said of the last of these days' spend, of a campaign from the 1st to the 10th with a budget of 1000.
    fn last(side: &str, spend: &[f64], open: bool) -> Verdict {
        let plan = Plan::Spend(SpendPlan { starts_on: day(1), ends_on: day(10), budget: 1_000.0 });
        let last = day(u32::try_from(spend.len()).unwrap()).and_hms_opt(0, 0, 0).unwrap();
        let judged = Bucket::plain(last, spend.iter().sum());
        let rule: BudgetPaceSpec = serde_json::from_value(json!({ "side": side })).unwrap();
        let timing = Timing::default();
        rule.judge(&Case { earlier: &[], judged: &judged, peers: &[], timing: &timing, plan: Some(&plan), open })
    }

    #[test]
    fn spending_a_fifth_over_the_plan_of_the_days_gone_fires_with_the_forecast() {
        let Verdict::Firing(figures) = last("above", &[100.0, 100.0, 0.0, 280.0], false) else { panic!("480 of 400") };
        assert_eq!((figures.value.to_bits(), figures.expected), (480.0_f64.to_bits(), Some(400.0)));
        assert_eq!((figures.line, figures.forecast), (Some(480.0), Some(1_200.0)));
        assert!(matches!(last("above", &[100.0, 100.0, 100.0, 150.0], true), Verdict::Holding(_)));
        assert!(matches!(last("above", &[100.0, 100.0, 100.0, 140.0], true), Verdict::Recovered(_)));
        assert!(matches!(last("below", &[100.0, 100.0, 100.0, 20.0], false), Verdict::Firing(_)));
        assert!(matches!(last("below", &[100.0, 100.0, 100.0, 100.0], false), Verdict::Quiet(_)));
    }

    #[test]
    fn the_first_days_and_those_outside_the_campaign_are_not_judged() {
        assert!(matches!(
            last("above", &[500.0, 500.0], false),
            Verdict::NoData(NoDataReason::TooLittleHistory { .. })
        ));
        assert!(matches!(last("below", &[0.0; 11], false), Verdict::NoData(NoDataReason::NoValue)));
        assert!(matches!(last("below", &[0.0; 11], true), Verdict::Recovered(_)), "what is over has no pace");
    }
}
