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

/// The longest memory of the detector is of 1,080 hours, or of 360 days (`docs/detector.md`): a series is replayed from
/// twice as far back, where what it began with hardly matters.
const HOURS_BACK: TimeDelta = TimeDelta::days(90);
const DAYS_BACK: TimeDelta = TimeDelta::days(730);

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

/// Figures in their band, one after the other, behind which an alert of a single figure is over.
const CALM: u32 = 3;

/// How far an episode of the detector has been told.
///
/// The detector holds one open until its slowest view is calm, which on days takes weeks. A person wants to know sooner
/// that a single bad figure is over, and to be told of the next one though it falls into the same episode.
#[derive(Clone, Copy)]
enum Told {
    /// There is none, or it is on a side that nobody asked for: a figure out of its band on the other side is news.
    Nothing,
    /// A single figure: so many of those behind it lay in their band.
    Single { calm: u32 },
    /// Several together: it lasts as long as the episode.
    Several,
    /// A single figure that is over.
    Over,
}

impl Told {
    /// What was told by a figure of this kind.
    const fn by(voice: Option<Voice>) -> Self {
        match voice {
            Some(Voice::Spike | Voice::Drop) => Self::Single { calm: 0 },
            _ => Self::Several,
        }
    }
}

/// A series being replayed.
struct Replay<'a> {
    spec: &'a AnomalySpec,
    detector: Learned,
    told: Told,
}

impl Replay<'_> {
    /// What is said of the next figure. One whose denominator is too small is not learned from either.
    fn next(&mut self, bucket: &Bucket) -> Verdict {
        let need = self.spec.minimum_volume;
        if bucket.denominator.is_some() && bucket.volume < need {
            return Verdict::NoData(NoDataReason::TooLittleVolume { have: bucket.volume, need });
        }
        let reading = self.detector.judge(bucket.start.and_utc().timestamp(), bucket.value().unwrap_or(f64::NAN));
        match reading.verdict() {
            Verdict::Firing(figures) if is_meant(self.spec, &figures) => {
                self.told = Told::by(reading.voice);
                Verdict::Firing(Figures { pattern: reading.voice, ..figures })
            }
            // An episode on the side that nobody asked for: learned, not told.
            Verdict::Firing(figures) => {
                self.told = Told::Nothing;
                Verdict::Holding(Figures { score: figures.score.min(0.5), ..figures })
            }
            Verdict::Holding(figures) => self.goes_on(figures),
            Verdict::NoData(reason) => Verdict::NoData(reason),
            over => {
                self.told = Told::Nothing;
                over
            }
        }
    }

    /// What is said of a figure of an episode that was open before it.
    fn goes_on(&mut self, figures: Figures) -> Verdict {
        let ordinary = figures.low.zip(figures.high).is_some_and(|(low, high)| (low..=high).contains(&figures.value));
        match (self.told, ordinary) {
            (Told::Single { calm }, true) if calm + 1 >= CALM => {
                self.told = Told::Over;
                Verdict::Recovered(figures)
            }
            (Told::Single { calm }, _) => {
                self.told = Told::Single { calm: if ordinary { calm + 1 } else { 0 } };
                Verdict::Holding(figures)
            }
            (Told::Over | Told::Nothing, false) if is_meant(self.spec, &figures) => {
                let above = figures.expected.is_some_and(|expected| figures.value > expected);
                let voice = if above { Voice::Spike } else { Voice::Drop };
                self.told = Told::by(Some(voice));
                Verdict::Firing(Figures { pattern: Some(voice), score: figures.score.max(0.5), ..figures })
            }
            _ => Verdict::Holding(figures),
        }
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
        let mut replay = Replay { spec: self, detector: Learned::new(), told: Told::Nothing };
        Some(buckets.iter().map(|bucket| replay.next(bucket)).collect())
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
    fn one_bad_day_is_over_after_three_ordinary_ones_and_the_next_is_told_again() {
        let day = |number: u32| {
            let weekend = f64::from(u8::from(number % 7 >= 5));
            if number == 180 || number == 186 { 5.0 } else { 1000.0 + 300.0 * weekend + f64::from(number * 37 % 50) }
        };
        let first = NaiveDate::from_ymd_opt(2025, 9, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let bucket = |number| Bucket::plain(first + TimeDelta::days(i64::from(number)), day(number));
        let days: Vec<Bucket> = (0..200).map(bucket).collect();
        let verdicts = spec(&json!(null)).replay(&days).unwrap();
        let is = |of: fn(&Verdict) -> bool| -> Vec<usize> {
            verdicts.iter().enumerate().filter(|(_, verdict)| of(verdict)).map(|(place, _)| place).collect()
        };
        assert_eq!(is(|verdict| matches!(verdict, Verdict::Firing(_))), [180, 186]);
        assert_eq!(is(|verdict| matches!(verdict, Verdict::Recovered(_))), [183, 189]);
    }

    #[test]
    fn what_comes_later_changes_nothing_that_was_said() {
        let series = hours(ordinary().chain([2.0, 500.0, 100.0]));
        let rule = spec(&json!(null));
        let whole = rule.replay(&series).unwrap();
        assert_eq!(rule.replay(&series[..400]).unwrap(), whole[..400]);
    }
}
