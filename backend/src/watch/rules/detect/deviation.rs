//! Deviation, the 2-sigma rule: a value more than k standard deviations on the bad side of its comparable past
//! (低于平均水平2个标准差).
//!
//! Cast: [`Deviation`] (settings), [`Deviation::judge`] (finds the baseline in a history), [`Deviation::judge_against`]
//! (judges against a baseline already found), [`Comparable`] (what a baseline keeps of a bucket), [`Method`].
//!
//! Formulas, over the n values x of the baseline:
//! - mean and sample sigma: m = Σx / n, s = √(Σ(x - m)² / (n - 1));
//! - median and MAD: m = median(x), s = 1.4826 · median(|x - m|), the factor that makes it sigma for normal data;
//! - s is at least `sigma_floor_share` · |m| and at least `sigma_floor`;
//! - z = (value - m) / s, line = m ∓ k · s, band m ± k · s.
//!
//! Invariants and choices
//! - "More than k sigma" is meant literally: a value exactly on the line does not fire.
//! - The baseline holds comparable buckets before the judged one, never the judged one or a later one.
//! - Buckets are equal witnesses whatever their volume: a person can check the mean by hand. Each one's value is a ratio
//!   of sums; those of a ratio under the minimum volume bear no witness.
//! - Buckets that were breaches stay in the baseline. Leaving them out would freeze it: a lasting change of level would
//!   alert for ever. So a slump becomes the new normal within a window; whoever wants single bad days to leave
//!   no trace takes median and MAD, which up to half the window cannot move far.
//! - A flat baseline has no spread, so anything would be infinitely unusual; the floor of 1 % of the mean says that a
//!   change of 2 % (k = 2) is noise. Constant zeros have no size either: then the answer is
//!   [`NoSpread`](NoDataReason::NoSpread), unless `sigma_floor` gives one.

use std::collections::VecDeque;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Bucket, Figures, NoDataReason, RuleError, Season, Side, Verdict, require};

/// Makes the median absolute deviation of normally distributed data equal to their standard deviation: 1 / Φ⁻¹(3/4).
pub const MAD_TO_SIGMA: f64 = 1.4826;

/// How middle and spread of the baseline are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Mean and sample standard deviation.
    #[default]
    MeanSigma,
    /// Median and median absolute deviation: not moved by single outliers.
    MedianMad,
}

impl FromStr for Method {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        match text {
            "mean" => Ok(Self::MeanSigma),
            "median" => Ok(Self::MedianMad),
            _ => Err(RuleError::UnknownWord { field: "method", expected: "mean, median" }),
        }
    }
}

/// Settings of a deviation rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deviation {
    /// Which side of the mean is bad; below by default.
    pub side: Side,
    /// Sigmas between the mean and the line; 2 by default.
    pub k: f64,
    /// Sigmas between the mean and the recovery line; half of `k` by default, at most `k`.
    pub k_recover: Option<f64>,
    /// Comparable buckets looked back upon; 8 by default.
    pub window: u32,
    /// Comparable buckets without which nothing is judged; 6 by default.
    pub min_history: u32,
    /// Least volume, in the unit of the buckets' volume; 0 (the default) asks for none. Of a ratio the judged bucket
    /// must have it, and those of the baseline; of any other metric the baseline must have it on average, since
    /// there a collapse of the value is a collapse of the volume and must not hide itself.
    pub min_volume: f64,
    /// Mean and sigma, or median and MAD.
    pub method: Method,
    /// Which buckets are comparable; same weekday by default.
    pub season: Season,
    /// Least sigma as a share of the mean's size; 0.01 by default.
    pub sigma_floor_share: f64,
    /// Least sigma in the metric's unit; 0 by default.
    pub sigma_floor: f64,
}

impl Default for Deviation {
    fn default() -> Self {
        Self {
            side: Side::Below,
            k: 2.0,
            k_recover: None,
            window: 8,
            min_history: 6,
            min_volume: 0.0,
            method: Method::MeanSigma,
            season: Season::WEEKDAY,
            sigma_floor_share: 0.01,
            sigma_floor: 0.0,
        }
    }
}

/// What a baseline keeps of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparable {
    /// Its value, in the metric's unit.
    pub value: f64,
    /// Its volume.
    pub volume: f64,
}

impl Deviation {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// Names the first setting out of its range.
    pub fn check(&self) -> Result<(), RuleError> {
        let recover = self.recover_at();
        require(self.k.is_finite() && self.k > 0.0, "k", "more than 0")?;
        require(recover >= 0.0 && recover <= self.k, "k_recover", "between 0 and k")?;
        require((2..=1_000).contains(&self.window), "window", "between 2 and 1000")?;
        require((2..=self.window).contains(&self.min_history), "min_history", "between 2 and the window")?;
        require(self.min_volume.is_finite() && self.min_volume >= 0.0, "min_volume", "0 or more")?;
        require((0.0..=1.0).contains(&self.sigma_floor_share), "sigma_floor_share", "between 0 and 1")?;
        require(self.sigma_floor.is_finite() && self.sigma_floor >= 0.0, "sigma_floor", "0 or more")
    }

    /// Sigmas between the mean and the recovery line.
    #[must_use]
    pub fn recover_at(&self) -> f64 {
        self.k_recover.unwrap_or(self.k / 2.0)
    }

    /// Judges a bucket against the comparable ones among `history`, which is in order of time and may reach past the
    /// judged bucket (a late correction is judged in its own place); `open` says whether an alert of this rule is open.
    #[must_use]
    pub fn judge(&self, history: &[Bucket], judged: &Bucket, open: bool) -> Verdict {
        let slot = self.season.slot(judged.start);
        let mut baseline = VecDeque::new();
        for bucket in history.iter().filter(|past| past.start < judged.start && self.season.slot(past.start) == slot) {
            self.remember(&mut baseline, bucket);
        }
        self.judge_against(baseline.make_contiguous(), judged, open)
    }

    /// Adds a judged bucket to the baseline of its slot, which keeps the last `window`; one that can bear no witness
    /// (no value, a ratio of too little volume) is passed over.
    pub fn remember(&self, baseline: &mut VecDeque<Comparable>, bucket: &Bucket) {
        let Some(value) = bucket.value() else { return };
        if self.lacks_volume(bucket) {
            return;
        }
        while baseline.len() >= self.window as usize {
            baseline.pop_front();
        }
        baseline.push_back(Comparable { value, volume: bucket.volume });
    }

    /// Judges a bucket against its baseline: comparable buckets before it, in any order.
    #[must_use]
    pub fn judge_against(&self, baseline: &[Comparable], judged: &Bucket, open: bool) -> Verdict {
        let Some(value) = judged.value() else {
            return Verdict::NoData(NoDataReason::NoValue);
        };
        if self.lacks_volume(judged) {
            return Verdict::NoData(NoDataReason::TooLittleVolume { have: judged.volume, need: self.min_volume });
        }
        let n = u32::try_from(baseline.len()).unwrap_or(u32::MAX);
        // Two values are the least that have a spread, whatever the settings say.
        let need = self.min_history.max(2);
        if n < need {
            return Verdict::NoData(NoDataReason::TooLittleHistory { have: n, need });
        }
        let volume = baseline.iter().map(|past| past.volume).sum::<f64>() / f64::from(n);
        if judged.denominator.is_none() && self.min_volume > 0.0 && volume < self.min_volume {
            return Verdict::NoData(NoDataReason::TooLittleVolume { have: volume, need: self.min_volume });
        }
        let mut values: Vec<f64> = baseline.iter().map(|past| past.value).collect();
        let (middle, spread) = match self.method {
            Method::MeanSigma => mean_and_sigma(&values),
            Method::MedianMad => median_and_mad(&mut values),
        };
        self.verdict(value, n, middle, spread, open)
    }

    fn verdict(&self, value: f64, n: u32, middle: f64, spread: f64, open: bool) -> Verdict {
        let floor = self.sigma_floor.max(self.sigma_floor_share * middle.abs());
        let sigma = spread.max(floor);
        if !(middle.is_finite() && sigma.is_finite()) {
            return Verdict::NoData(NoDataReason::OutOfRange);
        }
        if sigma <= 0.0 {
            // Constant at zero. On the good side or unchanged is certainly no breach; how bad the bad side is, none knows.
            if self.side.past(value, middle) > 0.0 {
                return Verdict::NoData(NoDataReason::NoSpread);
            }
            let calm = Figures { value, expected: Some(middle), sigma: Some(0.0), n: Some(n), ..Figures::default() };
            return Verdict::of(calm, false, true, open);
        }
        let reach = self.k * sigma;
        let line = self.side.towards(middle, reach);
        let recovery = self.side.towards(middle, self.recover_at() * sigma);
        let z = (value - middle) / sigma;
        let (low, high) = (middle - reach, middle + reach);
        let Some(figures) = Figures::against(self.side, value, line, recovery, reach)
            .filter(|_| z.is_finite() && low.is_finite() && high.is_finite())
        else {
            return Verdict::NoData(NoDataReason::OutOfRange);
        };
        let figures = Figures {
            expected: Some(middle),
            sigma: Some(sigma),
            sigma_floored: spread < floor,
            n: Some(n),
            z: Some(z),
            low: Some(low),
            high: Some(high),
            ..figures
        };
        let fires = self.side.past(value, line) > 0.0;
        Verdict::of(figures, fires, self.side.past(value, recovery) <= 0.0, open)
    }

    /// A ratio of too small a denominator.
    fn lacks_volume(&self, bucket: &Bucket) -> bool {
        bucket.denominator.is_some() && self.min_volume > 0.0 && bucket.volume < self.min_volume
    }
}

/// Mean and sample standard deviation of at least two values, in two passes (the one-pass form cancels).
fn mean_and_sigma(values: &[f64]) -> (f64, f64) {
    let n = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Median and scaled median absolute deviation.
fn median_and_mad(values: &mut [f64]) -> (f64, f64) {
    let middle = median(values);
    for value in &mut *values {
        *value = (*value - middle).abs();
    }
    (middle, MAD_TO_SIGMA * median(values))
}

/// Median of at least one value: the middle one, or the mean of the middle two.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}

#[cfg(test)]
mod tests;
