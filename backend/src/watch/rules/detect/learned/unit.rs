//! The scale on which a series is looked at: y = asinh(x / unit).
//!
//! Costs and counts grow by factors, so they are looked at as logarithms; but a logarithm has no zero and no negative
//! numbers. The inverse hyperbolic sine (Johnson 1949; Burbidge, Magee, Robb 1988) is linear below the unit and a logarithm
//! above it. The unit is [`SHARE`] of the typical size of the first values; of whole numbers it is at least [`LEAST_COUNT`],
//! since between 0 and 1 of a count lies chance, not a factor.

use serde::{Deserialize, Serialize};

/// Values that tell the unit.
pub(super) const FIRST: usize = 12;
/// Of the typical size: what is smaller differs in pieces, what is larger in factors.
const SHARE: f32 = 0.05;
/// The unit of counts, at least.
const LEAST_COUNT: f32 = 1.5;
/// What is smaller than this has no size.
const TINY: f32 = 1e-30;
/// The scale is turned back up to here: e to the 80th of a unit is more than anything means.
const FARTHEST: f32 = 80.0;
/// A count's expectation is not believed to be less than this when chance is asked: one in a while is no wonder.
const LEAST_MEAN: f64 = 0.3;

/// The scale itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    /// 0 as long as every value was 0.
    unit: f32,
    /// Whether a value was negative.
    negative: bool,
}

impl Scale {
    /// A value on the scale.
    pub(super) fn of(self, value: f64) -> f32 {
        if self.unit == 0.0 { 0.0 } else { (value / f64::from(self.unit)).asinh() as f32 }
    }

    /// Back from the scale, in the values' unit; not below 0 where no value ever was.
    pub(super) fn back(self, y: f32) -> f64 {
        let value = f64::from(self.unit) * f64::from(y.clamp(-FARTHEST, FARTHEST)).sinh();
        if self.negative { value } else { value.max(0.0) }
    }
}

/// The unit, and what tells it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) scale: Scale,
    /// Whether every value so far was a whole number: a count.
    whole: bool,
    first: [f32; FIRST],
    have: u8,
}

impl Unit {
    pub(super) const NEW: Self =
        Self { scale: Scale { unit: 0.0, negative: false }, whole: true, first: [0.0; FIRST], have: 0 };

    /// Takes a value. While the unit is not known it answers with the mean of the first values on the scale so far.
    pub(super) fn take(&mut self, value: f64) -> Option<f32> {
        self.whole &= value.fract() == 0.0;
        self.scale.negative |= value < 0.0;
        let have = usize::from(self.have);
        if have == FIRST {
            if self.scale.unit == 0.0 && value != 0.0 {
                // Zeros only until now: the first value that is none tells its size.
                self.scale.unit = self.of_typical(value.abs() as f32);
            }
            return None;
        }
        self.first[have] = value as f32;
        self.have += 1;
        let first = &self.first[..=have];
        let mut sizes = [0.0; FIRST];
        for (size, value) in sizes.iter_mut().zip(first) {
            *size = value.abs();
        }
        let sizes = &mut sizes[..=have];
        sizes.sort_unstable_by(f32::total_cmp);
        let n = (have + 1) as f32;
        // Half median, half mean: the median of a count that is mostly 0 says nothing, the mean alone believes one spike.
        let typical = 0.5 * sizes[sizes.len() / 2] + 0.5 * sizes.iter().map(|size| size / n).sum::<f32>();
        self.scale.unit = self.of_typical(typical);
        Some(self.first[..=have].iter().map(|value| self.scale.of(f64::from(*value))).sum::<f32>() / n)
    }

    fn of_typical(&self, typical: f32) -> f32 {
        if typical < TINY {
            0.0
        } else if self.whole {
            (SHARE * typical).max(LEAST_COUNT)
        } else {
            SHARE * typical
        }
    }

    /// For counts: the standard deviation that chance alone gives around the expectation `y`, on the scale (Poisson, by the
    /// slope of the scale there); 0 for other numbers.
    pub(super) fn chance(&self, y: f32) -> f32 {
        if !self.whole || self.scale.unit == 0.0 {
            return 0.0;
        }
        let (mean, unit) = (self.scale.back(y).max(0.0), f64::from(self.scale.unit));
        ((mean + LEAST_MEAN) / (mean * mean + unit * unit)).sqrt() as f32
    }
}
