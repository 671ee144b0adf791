//! A channel: one way to look at a series, as a deviation that should be near 0. It learns how large the deviation usually
//! is (a robust scale) and how its two tails run, and says how surprising one is.
//!
//! The scale is an exponentially weighted mean of absolute deviations, cut at a few scales before they count (Huber 1964):
//! single outliers hardly move it.
//!
//! A channel that looks at means of many rows changes slowly: if one row is high, so is the next. Counting rows would take one
//! wave for many. So its tails learn from the highest row of each *block* as long as about half its memory (block maxima, as
//! in Gumbel 1958; the count of independent clusters is Leadbetter's extremal index, 1983), and what it says is how often
//! such a block comes, expressed per row like that of the others.

use serde::{Deserialize, Serialize};

use super::tail::Tail;

/// Deviations without which a channel says nothing.
const FEWEST: f32 = 8.0;
/// A scale out of few deviations may be too small: they count as √(n / (n + this)) of what they seem.
const DOUBT: f32 = 10.0;
/// An absolute deviation counts at most this many scales: at first, and later on.
const CUT: (f32, f32) = (6.0, 3.5);
/// Until so many deviations are seen the wider cut holds.
const FIRST: f32 = 20.0;
/// Tails learn from here on, when the scale means something.
const TAILS_FROM: f32 = 15.0;
/// Makes a mean absolute deviation a standard deviation: √(π / 2), and a little for what the cut takes.
const TO_SIGMA: f32 = 1.28;
/// A threshold moves by this over the number of blocks seen, within these bounds.
const STEP: f32 = 2.5;
const STEPS: (f32, f32) = (0.005, 0.25);
/// Share of the rows beyond the threshold where each row is a block, as in Siffer et al. (2 %), and of longer blocks: their
/// highest rows are larger, and fewer.
const SHARE: (f32, f32) = (0.025, 0.11);
/// Blocks in memories of the channel.
const BLOCK: f32 = 0.5;

/// What a channel remembers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Channel {
    /// The usual size of a deviation.
    scale: f32,
    /// Deviations seen, at most the window.
    seen: f32,
    up: Tail,
    down: Tail,
    /// Rows of the block so far, and its highest and lowest, in scales.
    rows: f32,
    highest: f32,
    lowest: f32,
}

/// How a channel is asked and taught for one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// What should be near 0.
    pub(super) deviation: f32,
    /// The scale is at least this.
    pub(super) floor: f32,
    /// Rows over which the channel takes means: 1 for none.
    pub(super) memory: f32,
}

impl Look {
    fn block(&self) -> f32 {
        (BLOCK * self.memory).max(1.0)
    }

    fn share(&self) -> f32 {
        if self.block() > 1.0 { SHARE.1 } else { SHARE.0 }
    }
}

impl Channel {
    pub(super) const NEW: Self =
        Self { scale: 0.0, seen: 0.0, up: Tail::NEW, down: Tail::NEW, rows: 0.0, highest: 0.0, lowest: 0.0 };

    /// The usual size of a deviation, at least `floor`.
    pub(super) fn scale(&self, floor: f32) -> f32 {
        self.scale.max(floor)
    }

    /// How surprising a deviation is: -ln of the share of rows that begin one like it; 0 for an ordinary one.
    pub(super) fn surprise(&self, look: Look) -> f32 {
        if self.seen < FEWEST {
            return 0.0;
        }
        let size = look.deviation / self.scale(look.floor) * self.belief();
        let beyond = if size >= 0.0 { self.up.beyond(size) } else { self.down.beyond(-size) };
        beyond.map_or(0.0, |beyond| beyond + at_threshold(look))
    }

    /// The deviations, below and above, that surprise this much.
    pub(super) fn band(&self, surprise: f32, look: Look) -> (f32, f32) {
        let one = self.scale(look.floor) / self.belief();
        let beyond = surprise - at_threshold(look);
        (-one * self.down.size(beyond), one * self.up.size(beyond))
    }

    /// Learns from a deviation; the scale remembers `window` of them, `belief` says how far the row is to be believed.
    pub(super) fn learn(&mut self, look: Look, window: f32, belief: f32) {
        let Look { deviation, floor, .. } = look;
        self.seen = (self.seen + 1.0).min(window);
        if self.seen <= 1.0 {
            self.scale = deviation.abs().max(floor);
            return;
        }
        let cut = if self.seen < FIRST { CUT.0 } else { CUT.1 };
        let counted = deviation.abs().min(cut * self.scale(floor));
        self.scale += belief / self.seen * (TO_SIGMA * counted - self.scale);
        if self.seen > TAILS_FROM {
            self.learn_tails(look, belief);
        }
    }

    fn learn_tails(&mut self, look: Look, belief: f32) {
        let size = look.deviation / self.scale(look.floor);
        self.rows += 1.0;
        // Rows of a lasting event are no examples of an ordinary block's highest.
        if belief >= 1.0 {
            self.highest = self.highest.max(size);
            self.lowest = self.lowest.min(size);
        }
        let block = look.block();
        if self.rows < block {
            return;
        }
        let step = (STEP * block / self.seen).clamp(STEPS.0, STEPS.1);
        self.up.learn(self.highest, look.share(), step, belief);
        self.down.learn(-self.lowest, look.share(), step, belief);
        (self.rows, self.highest, self.lowest) = (0.0, 0.0, 0.0);
    }

    fn belief(&self) -> f32 {
        let seen = self.seen.max(1.0);
        (seen / (seen + DOUBT)).sqrt()
    }
}

/// The surprise of a deviation on the threshold: a block in so many, so many rows each.
fn at_threshold(look: Look) -> f32 {
    (look.block() / look.share()).ln()
}
