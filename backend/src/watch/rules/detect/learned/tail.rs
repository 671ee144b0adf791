//! The tail of a distribution, learned as it comes: how seldom is a deviation of this size?
//!
//! Peaks over threshold (Pickands 1975; as a stream: Siffer, Fouque, Termier, Largouët, "Anomaly detection in streams with
//! extreme value theory", KDD 2017). A threshold moves until a known share of all deviations lie beyond it (stochastic
//! approximation of a quantile, Robbins and Monro 1951); their mean excess is the scale of a generalised Pareto tail.
//!
//! Own choice: its shape is not fitted (a shape fitted to few excesses is noise; fitting it lost more than it won on the
//! corpus). It is near that of an exponential tail, and heavier as long as few excesses were seen. Deviations are taken on
//! the scale of `unit.rs`, where a power law has an exponential tail.

use serde::{Deserialize, Serialize};

/// Where a threshold begins: the 97th percentile of a normal deviation, in standard deviations.
const FIRST_THRESHOLD: f32 = 1.9;
/// Where the mean excess begins; of a normal deviation it is 0.4.
const FIRST_EXCESS: f32 = 0.5;
/// How many excesses that first guess weighs.
const GUESS: f32 = 8.0;
/// Excesses that the mean remembers: old storms are forgotten.
const MEMORY: f32 = 70.0;
/// The tail's shape when it is known well, and what not knowing it adds (divided by the excesses seen).
const SHAPE: (f32, f32) = (0.02, 0.6);
/// One excess counts at most this many mean excesses: an anomaly must not teach at once that it is ordinary.
const LONGEST_EXCESS: f32 = 8.0;
/// Bounds of the threshold and of the mean excess, in scales of the channel.
const THRESHOLDS: (f32, f32) = (1.0, 8.0);
const EXCESSES: (f32, f32) = (0.2, 5.0);
/// A row that is believed less than this teaches the mean excess nothing.
const BELIEVED: f32 = 0.5;

/// One side of a channel's distribution; deviations in scales of the channel, at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    threshold: f32,
    /// Mean excess over the threshold.
    excess: f32,
    /// Excesses seen, the guess's among them, at most [`MEMORY`].
    seen: f32,
}

impl Tail {
    pub(super) const NEW: Self = Self { threshold: FIRST_THRESHOLD, excess: FIRST_EXCESS, seen: GUESS };

    /// -ln of the probability of a deviation this far out or farther, given one beyond the threshold; `None` for one that
    /// is not beyond it.
    pub(super) fn beyond(&self, size: f32) -> Option<f32> {
        if size <= self.threshold {
            return None;
        }
        let shape = self.shape();
        Some((shape * (size - self.threshold) / self.excess).ln_1p() / shape)
    }

    /// The deviation that is this improbable: the inverse of [`beyond`](Self::beyond).
    pub(super) fn size(&self, beyond: f32) -> f32 {
        let shape = self.shape();
        self.threshold + self.excess * (shape * beyond.max(0.0)).exp_m1() / shape
    }

    /// Learns from a deviation. `share` of all shall lie beyond the threshold, `step` is how far it may move, `belief` how far
    /// the row is to be believed.
    pub(super) fn learn(&mut self, size: f32, share: f32, step: f32, belief: f32) {
        let beyond = size > self.threshold;
        let towards = if beyond { 1.0 - share } else { -share };
        self.threshold = (self.threshold + step * belief * towards).clamp(THRESHOLDS.0, THRESHOLDS.1);
        if beyond && belief > BELIEVED {
            let excess = (size - self.threshold).clamp(0.0, LONGEST_EXCESS * self.excess);
            self.seen = (self.seen + 1.0).min(MEMORY);
            self.excess = (self.excess + (excess - self.excess) / self.seen).clamp(EXCESSES.0, EXCESSES.1);
        }
    }

    fn shape(&self) -> f32 {
        SHAPE.0 + SHAPE.1 / self.seen
    }
}
