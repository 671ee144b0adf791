//! A figure crosses a fixed line.

use super::{Case, Judge, refuse, side_of};
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Threshold, Verdict};
use tillwatch_shared::watch::{CreateRule, ThresholdSpec};

fn arithmetic(spec: &ThresholdSpec) -> Threshold {
    let mut rule = Threshold::new(side_of(spec.side), spec.line);
    rule.recovery_line = spec.recover;
    rule.min_volume = spec.minimum_volume;
    rule
}

impl Judge for ThresholdSpec {
    fn check(&self, _: &CreateRule, checks: &mut Checks) {
        if let Err(error) = arithmetic(self).check() {
            refuse(checks, &error);
        }
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        arithmetic(self).judge(case.judged, case.open)
    }
}
