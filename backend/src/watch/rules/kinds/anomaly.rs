//! A figure is out of the ordinary for its series, as far as it was learned ([`learned`]).
//!
//! The detector learns as it goes, so a series is replayed from far enough back that what it began with is forgotten: late
//! figures and corrections are learned as if they had come in time, and no state is kept that could go stale.

use super::{Case, Judge, within};
use crate::platform::validate::Checks;
use crate::watch::rules::detect::learned::{Learned, Voice};
use crate::watch::rules::detect::{Bucket, Figures, NoDataReason, Verdict};
use chrono::TimeDelta;
use tillwatch_shared::watch::{AnomalySpec, CreateRule, Pattern, RuleBucket, Side, Timing};

/// The detector forgets within about 18 days, at least 100 figures (`docs/detector.md`): what lies three times as far back
/// does not matter.
const HOURS_BACK: TimeDelta = TimeDelta::days(60);
const DAYS_BACK: TimeDelta = TimeDelta::days(330);

/// The wire's word for what spoke.
pub const fn pattern(voice: Voice) -> Pattern {
    match voice {
        Voice::Spike => Pattern::Spike,
        Voice::Drop => Pattern::Drop,
        Voice::Burst => Pattern::Burst,
        Voice::Level => Pattern::Level,
        Voice::Trend => Pattern::Trend,
        Voice::Spread => Pattern::Spread,
    }
}

/// What is said of the next figure. One whose denominator is too small is not learned from either.
fn next(spec: &AnomalySpec, detector: &mut Learned, bucket: &Bucket) -> Verdict {
    if bucket.denominator.is_some() && bucket.volume < spec.minimum_volume {
        let (have, need) = (bucket.volume, spec.minimum_volume);
        return Verdict::NoData(NoDataReason::TooLittleVolume { have, need });
    }
    let reading = detector.judge(bucket.start.and_utc().timestamp(), bucket.value().unwrap_or(f64::NAN));
    match reading.verdict() {
        Verdict::Firing(figures) if is_meant(spec, &figures) => {
            Verdict::Firing(Figures { pattern: reading.voice, ..figures })
        }
        // An episode on the side that nobody asked for: learned, not told.
        Verdict::Firing(figures) => Verdict::Holding(Figures { score: figures.score.min(0.5), ..figures }),
        other => other,
    }
}

/// Whether the figure lies on the side that was asked for.
fn is_meant(spec: &AnomalySpec, figures: &Figures) -> bool {
    let expected = figures.expected.unwrap_or(figures.value);
    match spec.side {
        None => true,
        Some(Side::Below) => figures.value < expected,
        Some(Side::Above) => figures.value > expected,
    }
}

impl Judge for AnomalySpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        within(checks, "minimum_volume", self.minimum_volume, 0.0, 1e15);
        let once = rule.timing.lasts == 1;
        checks.ensure(once, "/timing/for", "contradiction", "An anomaly is an episode by itself. Leave `for` out.");
    }

    fn judge(&self, case: &Case<'_>) -> Verdict {
        let mut all = case.earlier.to_vec();
        all.push(*case.judged);
        self.replay(&all).and_then(|mut verdicts| verdicts.pop()).unwrap_or(Verdict::NoData(NoDataReason::NoValue))
    }

    fn replay(&self, buckets: &[Bucket]) -> Option<Vec<Verdict>> {
        let mut detector = Learned::new();
        Some(buckets.iter().map(|bucket| next(self, &mut detector, bucket)).collect())
    }

    fn look_back(&self, timing: &Timing) -> TimeDelta {
        match timing.bucket {
            RuleBucket::Hour => HOURS_BACK,
            RuleBucket::Day => DAYS_BACK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use serde_json::json;

    fn hours(values: impl IntoIterator<Item = f64>) -> Vec<Bucket> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let bucket = |(i, value)| Bucket::plain(first + TimeDelta::hours(i), value);
        (0..).zip(values).map(bucket).collect()
    }

    /// Four weeks of hours with a day in them and a little noise.
    fn ordinary() -> impl Iterator<Item = f64> {
        (0..672_u32).map(|hour| 100.0 + 40.0 * f64::from((hour % 24).abs_diff(12)) + f64::from(hour * 37 % 11))
    }

    fn spec(side: &serde_json::Value) -> AnomalySpec {
        serde_json::from_value(json!({ "metric": "sales", "side": side })).unwrap()
    }

    #[test]
    fn a_collapse_is_told_once_with_its_pattern_and_only_on_the_side_that_was_asked_for() {
        let series = hours(ordinary().chain([2.0, 2.0, 2.0]));
        let fired = |side| {
            let verdicts = spec(&side).replay(&series).unwrap();
            verdicts
                .iter()
                .skip(660)
                .filter(|verdict| matches!(verdict, Verdict::Firing(_)))
                .cloned()
                .collect::<Vec<_>>()
        };
        let told = fired(json!(null));
        let [Verdict::Firing(figures)] = &told[..] else { panic!("one alert an episode: {told:?}") };
        assert!(figures.pattern.is_some() && figures.score >= 0.5 && figures.expected.unwrap() > 100.0, "{figures:?}");
        assert_eq!(fired(json!("below")), told);
        assert_eq!(fired(json!("above")), []);
    }

    #[test]
    fn what_comes_later_changes_nothing_that_was_said() {
        let series = hours(ordinary().chain([2.0, 500.0, 100.0]));
        let rule = spec(&json!(null));
        let whole = rule.replay(&series).unwrap();
        assert_eq!(rule.replay(&series[..400]).unwrap(), whole[..400]);
    }
}
