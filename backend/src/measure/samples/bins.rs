//! Durations counted by length, and the quantiles that follow from the counts.
//!
//! Pure. The lengths fall into bins that are exact up to 127 ten-thousandths and then 64 to each power of two, as in
//! `HdrHistogram` (Gil Tene, 2012): a bin's middle differs from whatever lies in it by at most one part in 128 (0.8 %), and
//! the range that is taken has fewer than 3,000 bins. Counts are whole numbers: they are added over hours, channels and
//! campaigns in any order, and a correction takes back exactly what was counted. No logarithm is taken, so every machine
//! agrees on the bin.

use std::collections::BTreeMap;

/// Bins to each power of two, as a power of two.
const SUB_BITS: u32 = 6;

/// The bin of a length in ten-thousandths; what is below zero counts as zero.
pub(super) fn bin(e4: i64) -> i32 {
    let length = e4.max(0).unsigned_abs();
    let bits = u64::BITS - length.leading_zeros();
    let shift = bits.saturating_sub(SUB_BITS + 1);
    // At most 57 * 64 + 127, which fits.
    i32::try_from((u64::from(shift) << SUB_BITS) + (length >> shift)).unwrap_or(i32::MAX)
}

/// The middle of a bin, in ten-thousandths.
fn middle(bin: i32) -> i64 {
    let bin = i64::from(bin.max(0));
    let per_power = 1_i64 << SUB_BITS;
    if bin < 2 * per_power {
        return bin;
    }
    let shift = (bin / per_power - 1).min(56);
    let sub = bin - shift * per_power;
    sub.saturating_mul(1 << shift).saturating_add((1 << shift) / 2)
}

/// How many durations fell into each bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bins {
    counts: BTreeMap<i32, i64>,
}

impl Bins {
    /// Adds what another hour, channel or correction counted.
    pub(super) fn add(&mut self, bin: i32, count: i64) {
        let here = self.counts.entry(bin).or_default();
        *here = here.saturating_add(count);
    }

    /// How many there are.
    pub(super) fn count(&self) -> i64 {
        self.counts.values().filter(|count| **count > 0).sum()
    }

    /// The length, in ten-thousandths, that `percent` of all do not pass, by the nearest rank; `None` of nothing.
    pub(super) fn quantile(&self, percent: i64) -> Option<i64> {
        let count = self.count();
        let rank = i128::from(count) * i128::from(percent);
        let rank = ((rank + 99) / 100).max(1);
        let mut passed = 0_i128;
        for (bin, here) in self.counts.iter().filter(|(_, here)| **here > 0) {
            passed += i128::from(*here);
            if passed >= rank {
                return Some(middle(*bin));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lengths: impl IntoIterator<Item = i64>) -> Bins {
        let mut bins = Bins::default();
        lengths.into_iter().for_each(|length| bins.add(bin(length), 1));
        bins
    }

    #[test]
    fn quantiles_of_a_hundred_seconds() {
        // 1 to 100 seconds.
        let bins = of((1..=100).map(|second| second * 10_000));
        for (percent, second) in [(50, 50.0), (90, 90.0), (95, 95.0), (99, 99.0), (100, 100.0)] {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let found = bins.quantile(percent).unwrap() as f64 / 10_000.0;
            assert!((found / second - 1.0).abs() < 1.0 / 128.0, "p{percent}: {found}");
        }
        assert_eq!(bins.count(), 100);
        assert_eq!(Bins::default().quantile(50), None);
    }

    #[test]
    fn the_largest_value_that_is_taken_has_few_bins_before_it() {
        assert!(bin(1_000_000_000_000_000) < 3_000);
        assert_eq!((bin(0), bin(-5), bin(127), bin(128)), (0, 0, 127, 128));
        assert!(middle(bin(i64::MAX)) > i64::MAX / 2);
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut bins = of([10_000, 20_000, 900_000]);
        bins.add(bin(900_000), -1);
        assert_eq!(bins.quantile(99), of([10_000, 20_000]).quantile(99));
        assert_eq!(bins.count(), 2);
    }

    proptest! {
        #[test]
        fn a_bin_is_never_off_by_more_than_one_part_in_128(e4 in 0_i64..2_000_000_000_000_000) {
            let off = (middle(bin(e4)) - e4).abs();
            prop_assert!(off * 128 <= e4, "{e4}: {}", middle(bin(e4)));
        }

        #[test]
        fn a_longer_one_is_never_in_an_earlier_bin(e4 in 0_i64..2_000_000_000_000_000, more in 0_i64..1_000_000) {
            prop_assert!(bin(e4) <= bin(e4 + more));
        }
    }
}
