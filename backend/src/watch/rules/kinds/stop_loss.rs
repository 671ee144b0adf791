//! A campaign's cost reaches a line (止损线). Judged by the write that brings the cost, on exact totals; a back-test adds
//! the hours up.

use super::{Case, Drawn, Judge};
use crate::measure::metrics::{self, Metric};
use crate::platform::validate::Checks;
use crate::watch::rules::detect::stop_loss::{self as detect, LossVerdict};
use crate::watch::rules::detect::{NoDataReason, Verdict};
use crate::watch::rules::model::cost_ratio;
use chrono::TimeDelta;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::{CreateRule, RuleBucket, StopLossSpec, Timing};

/// A campaign's cost counts from its first sample on, which lies within these days.
const WHOLE_LIFE: TimeDelta = TimeDelta::days(9_000);

/// Whether a stop-loss can stand on it: `spend`, or a cost made of it.
pub fn is_cost(metric: &Metric) -> bool {
    metric.key == "spend" || cost_ratio(metric).is_some_and(|(cost, _)| cost == "spend")
}

/// What the stop-loss says of a campaign's totals by metric, in ten-thousandths; `None` for a metric that is gone.
pub fn verdict(spec: &StopLossSpec, total: impl Fn(&str) -> i64) -> Option<LossVerdict> {
    let metric = metrics::find(&spec.metric)?;
    match cost_ratio(metric) {
        None => Some(detect::judge(total(metric.key), spec.line.e4())),
        Some((cost, actions)) => {
            // Actions are counted in whole things, so nothing is lost.
            let actions = total(actions) / detect::SCALE;
            Some(detect::judge_ratio(total(cost), actions, spec.line.e4(), spec.minimum_spend.e4()))
        }
    }
}

impl Judge for StopLossSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        checks.ensure(rule.campaign.is_some(), "/campaign", "required", "A stop-loss stands on a campaign. Name it.");
        checks.ensure(rule.channel.is_none(), "/channel", "contradiction", "A stop-loss takes no channel.");
        checks.ensure(self.line.e4() > 0, "/spec/line", "out_of_range", "The line is more than zero.");
        checks.ensure(!self.line.is_absurd(), "/spec/line", "out_of_range", "The line is at most 100 billion.");
        let minimum = !self.minimum_spend.is_negative() && !self.minimum_spend.is_absurd();
        checks.ensure(minimum, "/spec/minimum_spend", "out_of_range", "Takes 0 to 100 billion.");
        if let Some(metric) = metrics::find(&self.metric) {
            let detail = "A stop-loss watches `spend`, or a cost made of it, such as `cpa` or `cac`.";
            checks.ensure(is_cost(metric), "/spec/metric", "not_a_cost", detail);
        }
        let plain = rule.timing == Timing::default();
        checks.ensure(plain, "/timing", "contradiction", "A stop-loss is judged by every write. Leave the timing out.");
        let detail = "A stop-loss speaks at any hour. Leave the quiet hours out.";
        checks.ensure(rule.quiet_hours.is_none(), "/quiet_hours", "contradiction", detail);
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let (cost, actions) = (e4(case.judged.numerator), e4(case.judged.denominator.unwrap_or(0.0)));
        let ratio = metrics::find(&self.metric).and_then(cost_ratio);
        let total = |key: &str| if ratio.is_some_and(|(_, of)| of == key) { actions } else { cost };
        match verdict(self, total) {
            Some(LossVerdict::Breached(figures)) => Verdict::Firing(figures.to_figures()),
            Some(LossVerdict::Within(figures)) if case.open => Verdict::Recovered(figures.to_figures()),
            Some(LossVerdict::Within(figures)) => Verdict::Quiet(figures.to_figures()),
            Some(LossVerdict::TooLittleCost { have, need }) => Verdict::NoData(NoDataReason::TooLittleVolume {
                have: Quantity::from_e4(have).to_f64(),
                need: Quantity::from_e4(need).to_f64(),
            }),
            None => Verdict::NoData(NoDataReason::NoValue),
        }
    }

    fn look_back(&self, _: &Timing) -> TimeDelta {
        WHOLE_LIFE
    }

    fn bucket(&self, _: &Timing) -> RuleBucket {
        RuleBucket::Hour
    }

    fn sums_up(&self) -> bool {
        true
    }

    fn drawn(&self) -> Drawn {
        Drawn::Cost
    }
}

/// A total again in ten-thousandths: of a double 15 digits are exact, which no campaign's cost has.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a double saturates")]
fn e4(units: f64) -> i64 {
    (units * 10_000.0).round() as i64
}
