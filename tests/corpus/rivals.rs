//! Three usual baselines: rolling z, rolling MAD, MAD of the same time of day.
//!
//! Each sees rows before the judged one only, and alerts once in an episode, as ours does: again only after a day (at least
//! six rows) without a row past the line. Each has its usual setting, and the one of [`settings`] that is best in
//! hindsight on the very series that are measured: more than anybody could know beforehand.

use std::collections::VecDeque;

use super::Series;

/// Makes a median absolute deviation a standard deviation (for normal data).
const MAD_TO_SIGMA: f64 = 1.4826;
/// A middle that stands still has no spread; then this share of its size is one.
const LEAST_SPREAD: f64 = 0.02;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rival {
    RollingZ,
    RollingMad,
    TimeOfDayMad,
}

/// Days looked back upon, and the line in sigmas.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Setting {
    pub(crate) days: usize,
    pub(crate) line: f64,
}

impl Rival {
    pub(crate) const ALL: [Self; 3] = [Self::RollingZ, Self::RollingMad, Self::TimeOfDayMad];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RollingZ => "rolling z",
            Self::RollingMad => "rolling MAD",
            Self::TimeOfDayMad => "time-of-day MAD",
        }
    }

    /// A week and three sigmas; 3.5 for the MAD (Iglewicz and Hoaglin 1993), two weeks where a day gives one value.
    pub(crate) fn usual(self) -> Setting {
        match self {
            Self::RollingZ => Setting { days: 7, line: 3.0 },
            Self::RollingMad => Setting { days: 7, line: 3.5 },
            Self::TimeOfDayMad => Setting { days: 14, line: 3.5 },
        }
    }

    /// Days to choose from.
    pub(crate) fn days(self) -> &'static [usize] {
        match self {
            Self::RollingZ | Self::RollingMad => &[1, 3, 7, 14],
            Self::TimeOfDayMad => &[7, 14, 21, 28],
        }
    }

    /// How many sigmas each row is away from the ones before; 0 where there are too few.
    pub(crate) fn distances(self, series: &Series, days: usize) -> Vec<f64> {
        let per_day = series.per_day();
        // A day's rows would be one for a series of days.
        let window = (days * per_day).max(days.min(30) + 20);
        match self {
            Self::RollingZ => rolling_z(&series.values, window),
            Self::RollingMad => rolling_mad(&series.values, window),
            Self::TimeOfDayMad => time_of_day(series, days),
        }
    }
}

/// Lines to choose from.
pub(crate) const LINES: [f64; 12] = [2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 13.0, 17.0, 25.0];

/// The rows that alert.
pub(crate) fn alerts(series: &Series, distances: &[f64], line: f64) -> Vec<usize> {
    let calm = (24 * 3_600).max(6 * series.step);
    let mut alerts = Vec::new();
    let mut busy: Option<i64> = None;
    for (row, distance) in distances.iter().enumerate() {
        if distance.abs() > line {
            let time = series.times[row];
            if busy.is_none_or(|busy| time - busy > calm) {
                alerts.push(row);
            }
            busy = Some(time);
        }
    }
    alerts
}

/// Fewest earlier rows that say anything.
const FEWEST: usize = 7;

fn rolling_z(values: &[f64], window: usize) -> Vec<f64> {
    let mut distances = vec![0.0; values.len()];
    let (mut sum, mut squares) = (0.0, 0.0);
    for row in 0..values.len() {
        let n = row.min(window);
        if n >= window.clamp(FEWEST, 30) {
            let mean = sum / n as f64;
            let sigma = (squares / n as f64 - mean * mean).max(0.0).sqrt().max(LEAST_SPREAD * mean.abs()).max(1e-9);
            distances[row] = (values[row] - mean) / sigma;
        }
        sum += values[row];
        squares += values[row] * values[row];
        if row >= window {
            sum -= values[row - window];
            squares -= values[row - window] * values[row - window];
        }
    }
    distances
}

fn rolling_mad(values: &[f64], window: usize) -> Vec<f64> {
    // Two weeks of five minutes would be 4,032 values to go through for each row; every few of them tell the same.
    let every = window.div_ceil(600);
    let keep = window / every;
    let mut distances = vec![0.0; values.len()];
    let (mut sorted, mut queue): (Vec<f64>, VecDeque<f64>) = (Vec::new(), VecDeque::new());
    for (row, value) in values.iter().enumerate() {
        if sorted.len() >= keep.clamp(FEWEST, 30) {
            distances[row] = distance_of_sorted(&sorted, *value);
        }
        if row % every == 0 {
            if queue.len() == keep
                && let Some(oldest) = queue.pop_front()
            {
                sorted.remove(sorted.partition_point(|kept| *kept < oldest));
            }
            sorted.insert(sorted.partition_point(|kept| kept < value), *value);
            queue.push_back(*value);
        }
    }
    distances
}

fn time_of_day(series: &Series, days: usize) -> Vec<f64> {
    let per_day = series.per_day();
    (0..series.values.len())
        .map(|row| {
            let back = (1..=days).filter_map(|day| row.checked_sub(day * per_day));
            let mut past: Vec<f64> = back.map(|row| series.values[row]).collect();
            past.sort_by(f64::total_cmp);
            if past.len() < FEWEST { 0.0 } else { distance_of_sorted(&past, series.values[row]) }
        })
        .collect()
}

/// Distance from the median in median absolute deviations (made sigmas).
fn distance_of_sorted(sorted: &[f64], value: f64) -> f64 {
    let half = sorted.len() / 2;
    let middle = sorted[half];
    // From the middle outwards, always to the nearer side: the deviations in their order.
    let (mut left, mut right, mut deviation) = (half, half, 0.0);
    for _ in 0..half {
        let below = if left > 0 { middle - sorted[left - 1] } else { f64::INFINITY };
        let above = sorted.get(right + 1).map_or(f64::INFINITY, |next| next - middle);
        if below <= above {
            left -= 1;
            deviation = below;
        } else {
            right += 1;
            deviation = above;
        }
    }
    (value - middle) / (MAD_TO_SIGMA * deviation).max(LEAST_SPREAD * middle.abs()).max(1e-9)
}
