//! A figure lies more than some standard deviations off its own history, or off its peers of the same time.
//!
//! Peers are the other channels; the judged one is left out of its own baseline. There are at least six channels: with
//! n of them, a single one can lie at most (n - 1)/√n standard deviations off a mean that it is part of (Samuelson 1968),
//! which is under 2 for five and over it for six, so a rule of 2 sigma on five would be a matter of chance.

use super::{Case, Judge, refuse, side_of};
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Bucket, Comparable, Deviation, Method, NoDataReason, Season, Verdict};
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::ops::RangeInclusive;
use tillwatch_shared::watch::{Baseline, Comparison, CreateRule, DeviationSpec, RuleBucket, Timing};

/// How many weeks a deviation can look back upon.
const WEEKS: RangeInclusive<u16> = 3..=52;

/// And how many where it judges hours, of which a week has 168.
const MOST_WEEKS_OF_HOURS: u16 = 12;

/// The fewest channels among which one can be judged against the others.
pub(in crate::watch::rules) const FEWEST_CHANNELS: u32 = 6;

fn arithmetic(spec: &DeviationSpec, bucket: RuleBucket) -> Deviation {
    Deviation {
        side: side_of(spec.side),
        k: spec.sigmas,
        k_recover: spec.recover_sigmas,
        window: u32::from(spec.window),
        min_history: u32::from(spec.minimum_history),
        min_volume: spec.minimum_volume,
        method: match spec.baseline {
            Baseline::MeanSigma => Method::MeanSigma,
            Baseline::MedianMad => Method::MedianMad,
        },
        season: match bucket {
            RuleBucket::Day => Season::WEEKDAY,
            RuleBucket::Hour => Season::WEEKDAY_HOUR,
        },
        ..Deviation::default()
    }
}

/// How far back the baseline reaches: a week more than it needs, for a week without figures.
fn weeks_back(spec: &DeviationSpec) -> TimeDelta {
    TimeDelta::weeks(i64::from(spec.window) + 1)
}

/// Judges one channel against the others of the same time.
fn among_peers(spec: &DeviationSpec, peers: &[Bucket], judged: &Bucket, open: bool) -> Verdict {
    let mut rule = arithmetic(spec, RuleBucket::Day);
    rule.window = u32::try_from(peers.len()).unwrap_or(u32::MAX).max(1);
    rule.min_history = FEWEST_CHANNELS - 1;
    let mut others: VecDeque<Comparable> = VecDeque::new();
    for peer in peers {
        rule.remember(&mut others, peer);
    }
    rule.judge_against(others.make_contiguous(), judged, open)
}

impl Judge for DeviationSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        checks.ensure(WEEKS.contains(&self.window), "/spec/window", "out_of_range", "Takes 3 to 52 weeks.");
        let near = rule.timing.bucket == RuleBucket::Day || self.window <= MOST_WEEKS_OF_HOURS;
        checks.ensure(near, "/spec/window", "out_of_range", "Takes 3 to 12 weeks where hours are judged.");
        let history = WEEKS.contains(&self.minimum_history) && self.minimum_history <= self.window;
        let detail = "Takes 3 to as many weeks as the window.";
        checks.ensure(history, "/spec/minimum_history", "out_of_range", detail);
        if let Err(error) = arithmetic(self, rule.timing.bucket).check() {
            refuse(checks, &error);
        }
        let detail = "Peers are the other channels: a rule that compares with them judges each channel by itself.";
        checks.ensure(!self.wants_peers() || rule.per_channel, "/per_channel", "required", detail);
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        if self.wants_peers() {
            return among_peers(self, case.peers, case.judged, case.open);
        }
        if case.judged.value().is_none() {
            return Verdict::NoData(NoDataReason::NoValue);
        }
        // No further back than is read for a single figure, so that a replay of months says what was said live.
        let since = case.judged.start - weeks_back(self);
        let begin = case.earlier.partition_point(|bucket| bucket.start < since);
        arithmetic(self, case.timing.bucket).judge(&case.earlier[begin..], case.judged, case.open)
    }

    fn look_back(&self, _: &Timing) -> TimeDelta {
        if self.wants_peers() { TimeDelta::zero() } else { weeks_back(self) }
    }

    fn wants_peers(&self) -> bool {
        self.comparison == Comparison::Peers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDateTime;
    use serde_json::json;

    fn peers(values: &[f64]) -> Vec<Bucket> {
        values.iter().map(|value| Bucket::plain(NaiveDateTime::default(), *value)).collect()
    }

    fn spec() -> DeviationSpec {
        serde_json::from_value(json!({ "metric": "sales", "side": "below", "comparison": "peers" })).unwrap()
    }

    #[test]
    fn one_channel_among_six_is_judged_against_the_other_five() {
        // 98, 99, 100, 101, 102: mean 100, squared distances 10, so a standard deviation of the root of 2.5.
        let others = peers(&[98.0, 99.0, 100.0, 101.0, 102.0]);
        let low = Bucket::plain(NaiveDateTime::default(), 90.0);
        let Verdict::Firing(figures) = among_peers(&spec(), &others, &low, false) else { panic!("90 is low") };
        assert_eq!((figures.expected, figures.n), (Some(100.0), Some(5)));
        assert!((figures.z.unwrap() + 10.0 / 2.5_f64.sqrt()).abs() < 1e-9);
        let ordinary = Bucket::plain(NaiveDateTime::default(), 99.0);
        assert!(matches!(among_peers(&spec(), &others, &ordinary, false), Verdict::Quiet(_)));
        // Four others are too few to say anything, however low it is.
        let verdict = among_peers(&spec(), &others[1..], &low, true);
        assert_eq!(verdict, Verdict::NoData(NoDataReason::TooLittleHistory { have: 4, need: 5 }));
        assert!(verdict.leaves_open(true));
    }
}
