//! The labelled corpus: generated series of every shape that a detector of anomalies should see, or should leave alone.
//!
//! Cast: [`Series`] (rows and labelled windows), [`all`] (every family for some seeds), [`cost`], [`mentions`], [`shop`] (the
//! families), [`scoring`] (what counts as a hit), [`rivals`] (three usual baselines), [`table`] (all of it side by side),
//! [`random`].
//!
//! Invariants: the same seed makes the same series on every machine; a family draws its own numbers, so a new family changes
//! no other; level, noise and season differ from seed to seed; what is published is measured on [`HELD_OUT`].

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rows and seconds are small, and what is made of them is noise"
)]

use std::ops::Range;

pub(crate) mod cost;
pub(crate) mod mentions;
pub(crate) mod random;
pub(crate) mod rivals;
pub(crate) mod scoring;
pub(crate) mod shop;
pub(crate) mod table;

use random::Random;

/// Seeds that were not looked at while the detector's constants were chosen (those were 0 to 7 and 100 to 105): what is
/// published is measured on these.
pub(crate) const HELD_OUT: Range<u64> = 200..206;

/// Seconds of an hour and of a day.
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
/// A Monday, 2023-11-13 00:00 UTC: where every series begins.
pub(crate) const START: i64 = 1_699_833_600;

/// A labelled series.
pub(crate) struct Series {
    pub(crate) family: &'static str,
    /// Seconds since 1970, ascending.
    pub(crate) times: Vec<i64>,
    /// One for each time.
    pub(crate) values: Vec<f64>,
    /// First and last second of what deserves an alert.
    pub(crate) windows: Vec<(i64, i64)>,
    /// Seconds from row to row where none is missing.
    pub(crate) step: i64,
}

impl Series {
    pub(crate) fn new(family: &'static str, step: i64) -> Self {
        Self { family, times: Vec::new(), values: Vec::new(), windows: Vec::new(), step }
    }

    pub(crate) fn push(&mut self, time: i64, value: f64) {
        self.times.push(time);
        self.values.push(value);
    }

    /// Labels `rows` rows (a regular series' rows, missing ones too) from the row `from` on.
    pub(crate) fn label(&mut self, from: usize, rows: usize) {
        let start = START + from as i64 * self.step;
        self.windows.push((start, start + rows as i64 * self.step));
    }

    /// Rows of a day.
    pub(crate) fn per_day(&self) -> usize {
        usize::try_from((DAY / self.step).max(1)).unwrap_or(1)
    }
}

/// Every family for each of the seeds.
pub(crate) fn all(seeds: Range<u64>) -> Vec<Series> {
    let mut series = Vec::new();
    for seed in seeds {
        cost::families(seed, &mut series);
        mentions::families(seed, &mut series);
        shop::families(seed, &mut series);
    }
    series
}

/// The random numbers of a family and seed.
fn stream(family: &str, seed: u64) -> Random {
    // FNV-1a: a name is a number, the same everywhere.
    let name = family
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    Random::new(name ^ seed.wrapping_mul(7_919))
}

/// A day's wave, highest at 15:00: -`size` to `size`.
fn daily(time: i64, size: f64) -> f64 {
    let hour = time.rem_euclid(DAY) as f64 / HOUR as f64;
    size * ((hour - 15.0) / 24.0 * std::f64::consts::TAU).cos()
}

/// -`size` at the weekend.
fn weekly(time: i64, size: f64) -> f64 {
    let weekend = (time / DAY + 3).rem_euclid(7) >= 5;
    if weekend { -size } else { 0.0 }
}
