//! What every rule answers with.
//!
//! Cast: [`Verdict`] (what it says), [`NoDataReason`] (why it says nothing), [`Figures`] (why it says so), [`score`] (how
//! alarming that is).
//!
//! Invariants: firing wins over holding, holding over recovery; figures are finite; the score of a firing verdict is at
//! least 0.5, of any other at most 0.5.

use serde::{Deserialize, Serialize};

use super::Side;
use super::learned::Voice;

/// What a rule says of one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "detail")]
pub enum Verdict {
    /// It cannot judge; an open alert stays as it is.
    NoData(NoDataReason),
    /// Nothing is wrong and no alert was open.
    Quiet(Figures),
    /// The line is broken.
    Firing(Figures),
    /// An alert was open and the value is back past the recovery line.
    Recovered(Figures),
    /// Between the lines: an open alert stays open, none is opened.
    Holding(Figures),
}

impl Verdict {
    /// Sorts a judged bucket into its verdict; `fires` wins over `recovers`.
    pub(in crate::watch::rules) fn of(figures: Figures, fires: bool, recovers: bool, open: bool) -> Self {
        match (fires, recovers, open) {
            (true, _, _) => Self::Firing(figures),
            (false, false, _) => Self::Holding(figures),
            (false, true, true) => Self::Recovered(figures),
            (false, true, false) => Self::Quiet(figures),
        }
    }

    /// Whether an alert is open after this verdict, given whether one was open before: the whole of the hysteresis.
    #[must_use]
    pub fn leaves_open(&self, was_open: bool) -> bool {
        match self {
            Self::Firing(_) => true,
            Self::Holding(_) | Self::NoData(_) => was_open,
            Self::Quiet(_) | Self::Recovered(_) => false,
        }
    }

    /// The figures, where it could judge.
    #[must_use]
    pub fn figures(&self) -> Option<&Figures> {
        match self {
            Self::NoData(_) => None,
            Self::Quiet(figures) | Self::Firing(figures) | Self::Recovered(figures) | Self::Holding(figures) => {
                Some(figures)
            }
        }
    }

    /// The score of the figures; 0 without data, since nothing is known against the bucket.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.figures().map_or(0.0, |figures| figures.score)
    }
}

/// Why a rule could not judge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum NoDataReason {
    /// Fewer comparable earlier buckets than the rule asks for.
    TooLittleHistory {
        /// Comparable buckets found.
        have: u32,
        /// Comparable buckets asked for.
        need: u32,
    },
    /// Too little behind the value for it to mean anything (three visitors have no conversion rate).
    TooLittleVolume {
        /// Volume found, in the unit of the bucket's volume.
        have: f64,
        /// Volume asked for.
        need: f64,
    },
    /// The bucket has no value: nothing reported, or a denominator of 0.
    NoValue,
    /// The baseline is constant at zero: there is no spread, nor a size to take a share of, to measure against.
    NoSpread,
    /// Numbers so large that the arithmetic overflows.
    OutOfRange,
}

/// Why a verdict is what it is. Absent figures do not exist for the rule that judged. All are finite.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// The judged value, in the metric's unit.
    pub value: f64,
    /// What was expected: mean or median of the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// The standard deviation (or its robust estimate) that was used, after the floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// True where `sigma` is the floor, since the baseline itself spreads less.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sigma_floored: bool,
    /// Number of buckets in the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// (value - expected) / sigma; negative below the expectation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// The value at which the rule fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<f64>,
    /// The value that ends a breach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<f64>,
    /// How far the value is past the line, at least 0; absent while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overshoot: Option<f64>,
    /// The overshoot as a share of the line's size (0.25 = a quarter past it); absent for a line of 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overshoot_share: Option<f64>,
    /// Lower edge of the band of ordinary values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper edge of the band of ordinary values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where a campaign's spend ends at this pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<f64>,
    /// Which kind of change a learned anomaly is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Voice>,
    /// See [`score`].
    pub score: f64,
}

impl Figures {
    /// Figures of `value` against a line; `scale` as in [`score`]. `None` when something overflowed.
    pub(in crate::watch::rules) fn against(
        side: Side,
        value: f64,
        line: f64,
        recovery: f64,
        scale: f64,
    ) -> Option<Self> {
        let past = side.past(value, line);
        let overshoot = (past >= 0.0).then_some(past);
        let share = overshoot.filter(|_| line != 0.0).map(|over| over / line.abs());
        let finite = past.is_finite() && recovery.is_finite() && share.is_none_or(f64::is_finite);
        finite.then(|| Self {
            value,
            line: Some(line),
            recovery: Some(recovery),
            overshoot,
            overshoot_share: share,
            score: score(past, scale),
            ..Self::default()
        })
    }
}

/// How alarming a value is, from 0 to 1: `r / (1 + r)`, where `r = max(0, 1 + past / scale)` is how far out the value lies
/// in multiples of the way to the line.
///
/// `past` is the signed distance past the line ([`Side::past`]), `scale` (above 0) the way from the point where there is
/// nothing to worry about to the line: k sigma for a deviation, the size of the line for a threshold, the money that the
/// line allows for a stop-loss. So the score is 0 on the expectation (or at no cost) and better than that, 0.5 exactly on
/// the line, 2/3 twice as far out, 3/4 three times; it never decreases as the value gets worse.
#[must_use]
pub fn score(past: f64, scale: f64) -> f64 {
    let out = (1.0 + past / scale).max(0.0);
    // The same as out / (1 + out), and 1 for an infinite one.
    1.0 - 1.0 / (1.0 + out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_score_is_half_on_the_line_and_creeps_up_to_one() {
        for (past, expected) in [(-4.0, 0.0), (-2.0, 0.0), (0.0, 0.5), (4.0, 0.75), (6.0, 0.8), (f64::INFINITY, 1.0)] {
            assert_eq!(score(past, 2.0).to_bits(), f64::to_bits(expected), "{past}");
        }
    }

    #[test]
    fn figures_in_json_name_only_what_exists() {
        let figures = Figures { value: 90.0, line: Some(100.0), score: 0.4, ..Figures::default() };
        let json = serde_json::to_string(&Verdict::Holding(figures)).unwrap();
        assert_eq!(json, r#"{"state":"holding","detail":{"value":90.0,"line":100.0,"score":0.4}}"#);
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), Verdict::Holding(figures));
        let no_data = Verdict::NoData(NoDataReason::TooLittleHistory { have: 3, need: 6 });
        let json = serde_json::to_string(&no_data).unwrap();
        assert_eq!(json, r#"{"state":"no_data","detail":{"reason":"too_little_history","have":3,"need":6}}"#);
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), no_data);
    }

    proptest! {
        #[test]
        fn a_worse_value_never_scores_lower(a in -1e9..1e9, b in -1e9..1e9, scale in 1e-6..1e9) {
            let (good, bad) = if a < b { (a, b) } else { (b, a) };
            let (low, high) = (score(good, scale), score(bad, scale));
            prop_assert!((0.0..=1.0).contains(&low) && low <= high && high <= 1.0);
        }
    }
}
