//! Random numbers that are the same on every machine: a seed tells the series.
//!
//! Sources: the generator is `SplitMix64` (Steele, Lea, Flood 2014); normal numbers by Box and Muller (1958), Poisson ones by
//! Knuth's product, gamma ones by Marsaglia and Tsang (2000).

use std::f64::consts::TAU;

/// Above this mean a Poisson number is taken from the normal curve.
const POISSON_IS_NORMAL: f64 = 60.0;
/// The least uniform number, whose logarithm still is a number.
const LEAST: f64 = 1e-12;

/// A stream of random numbers.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike.
        let mut random = Self(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 0x5851_F42D_4C95_7F2D);
        random.uniform();
        random
    }

    /// Evenly from 0 (with it) to 1 (without it).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Evenly between two numbers.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.uniform() * of.len() as f64) as usize]
    }

    /// Mean 0, standard deviation 1.
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.uniform().max(LEAST), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
    }

    /// Mean 1, standard deviation 1, never negative.
    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().max(LEAST).ln()
    }

    /// A count of this mean.
    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        if mean > POISSON_IS_NORMAL {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut count, mut product, end) = (0.0, 1.0, (-mean).exp());
        loop {
            product *= self.uniform();
            if product <= end {
                return count;
            }
            count += 1.0;
        }
    }

    /// Mean 1 and variance 1 / `shape`; `shape` at least 1.
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().max(LEAST).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }
}
