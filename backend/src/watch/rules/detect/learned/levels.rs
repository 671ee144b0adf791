//! Where a series stands: its levels over several lengths of time, and how restless it is.
//!
//! All are exponentially weighted means on the scale of `unit.rs`, so each is one number. The *slow* level is what the series is
//! compared with; it moves by a few scales at most for a row, so that a spike does not lift it. The *fast* one follows at
//! once, season and all: what is sudden stands out from it. The three *means* over half an hour, four hours and most of a
//! day (in rows at least 2, 4 and 6), without the season, show what a single row does not: bursts, levels, trends.
//! *Restlessness* is the mean step from row to row in its usual size, as a logarithm; from row to row and not from a level,
//! so that one jump counts once.

use serde::{Deserialize, Serialize};

use super::channel::Look;

/// The channels, in the order in which they are kept.
pub(super) const SUDDEN: usize = 0;
pub(super) const POINT: usize = 1;
pub(super) const SHORT: usize = 2;
pub(super) const MIDDLE: usize = 3;
pub(super) const LONG: usize = 4;
pub(super) const SPREAD: usize = 5;
/// How many there are.
pub(super) const CHANNELS: usize = 6;

/// Least scale of what is seen on the asinh scale: a change of 0.3 % is noise, however quiet the series was.
pub(super) const FLOOR: f32 = 0.003;
/// Least scale of restlessness (a logarithm).
const SPREAD_FLOOR: f32 = 0.15;
/// A step counts as at most this many usual ones.
const LONGEST_STEP: f32 = 3.0;
/// Steps between rows that vary independently are √2 times as large as distances from their mean: about what this takes off.
const STEP_SHARE: f32 = 0.75;
/// The usual step is at least this when restlessness is asked.
const STEP_FLOOR: f32 = 0.02;
/// Restlessness lies above this: a flat line is as flat as can be.
const FLATTEST: f32 = 0.02;
/// Days of the slow level's memory; and how much faster it moves when an event does not end.
const SLOW_DAYS: f32 = 10.0;
const RELEARN: f32 = 5.0;
/// The slow level moves for a row as if that lay at most this many scales away.
const SLOW_CUT: f32 = 3.0;

/// How long things are, in rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    fast: f32,
    means: [f32; 3],
    spread: f32,
    slow: f32,
}

impl Lengths {
    /// For so many rows a day.
    pub(super) fn of(per_day: f32) -> Self {
        Self {
            fast: (per_day / 18.0).clamp(2.5, 12.0),
            means: [
                (per_day / 48.0).clamp(2.0, 12.0),
                (per_day / 6.0).clamp(4.0, 96.0),
                (per_day * 0.75).clamp(6.0, 1_440.0),
            ],
            spread: (per_day / 3.0).clamp(8.0, 144.0),
            slow: (per_day * SLOW_DAYS).clamp(20.0, 10_000.0),
        }
    }
}

/// What a series' levels are, all on the asinh scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Levels {
    pub(super) slow: f32,
    fast: f32,
    before: f32,
    means: [f32; 3],
    /// Mean step in usual ones, and the usual logarithm of that.
    restless: f32,
    usual: f32,
}

impl Levels {
    pub(super) const NEW: Self = Self { slow: 0.0, fast: 0.0, before: 0.0, means: [0.0; 3], restless: 1.0, usual: 0.0 };

    /// Stands at `y` altogether.
    pub(super) fn begin(&mut self, y: f32) {
        *self = Self { slow: y, fast: y, before: y, means: [y; 3], ..Self::NEW };
    }

    /// `missing` rows never came: what was just before means less and less, and the expectation takes its place.
    pub(super) fn forget(&mut self, missing: f32, expected: f32, lengths: Lengths) {
        let fade = |from: f32, to: f32, length: f32| to + (from - to) * (1.0 - 1.0 / length).powf(missing);
        self.fast = fade(self.fast, expected, lengths.fast);
        self.before = fade(self.before, expected, lengths.fast);
        for (mean, length) in self.means.iter_mut().zip(lengths.means) {
            *mean = fade(*mean, self.slow, length);
        }
    }

    /// Takes a row into the means, and says how each channel is to look at it. `season` is what the season adds, `step` the
    /// usual distance from the fast level, `chance` the standard deviation that a count has anyway.
    pub(super) fn take(&mut self, y: f32, season: f32, step: f32, chance: f32, lengths: Lengths) -> [Look; CHANNELS] {
        let rest = y - season;
        let stepped = (STEP_SHARE * (y - self.before).abs() / step.max(STEP_FLOOR)).min(LONGEST_STEP);
        self.restless += (stepped - self.restless) / lengths.spread;
        let floor = FLOOR.max(chance);
        let mut looks = [Look { deviation: y - self.fast, floor, memory: lengths.fast }; CHANNELS];
        looks[POINT] = Look { deviation: rest - self.slow, floor, memory: 1.0 };
        for (at, (mean, length)) in self.means.iter_mut().zip(lengths.means).enumerate() {
            *mean += (rest - *mean) / length;
            // A mean with exponential weights of this length has the variance of one row over 2 n - 1.
            let floor = FLOOR.max(chance / (2.0 * length - 1.0).sqrt());
            looks[SHORT + at] = Look { deviation: *mean - self.slow, floor, memory: length };
        }
        let deviation = self.restless.max(FLATTEST).ln() - self.usual;
        looks[SPREAD] = Look { deviation, floor: SPREAD_FLOOR, memory: lengths.spread };
        looks
    }

    /// Moves the levels, after the row was judged: `rows` were seen, `scale` is the usual distance from the slow level,
    /// `belief` how far the row is to be believed, `relearn` whether an event goes on that does not end.
    pub(super) fn learn(&mut self, y: f32, looks: &[Look; CHANNELS], lengths: Lengths, with: Learning) {
        let Learning { rows, scale, window, belief, relearn } = with;
        self.before = y;
        self.fast += (y - self.fast) / lengths.fast;
        let usual = looks[SPREAD].deviation.clamp(-1.0, 1.0) / rows.min(window);
        self.usual += usual * belief.max(0.3);
        let cut = SLOW_CUT * scale;
        let moved = looks[POINT].deviation.clamp(-cut, cut) / lengths.slow.min(rows);
        self.slow += if relearn { moved * RELEARN } else { moved };
    }
}

/// How [`Levels::learn`] is to learn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learning {
    pub(super) rows: f32,
    pub(super) scale: f32,
    /// Rows that scales remember.
    pub(super) window: f32,
    pub(super) belief: f32,
    pub(super) relearn: bool,
}
