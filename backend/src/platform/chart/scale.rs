//! Round ticks for the value axis.
//!
//! Steps are 1, 2 or 5 times a power of ten, the classic choice for readable axes (Heckbert,
//! "Nice numbers for graph labels", Graphics Gems, 1990). The axis starts at zero unless the
//! values are far from it compared with their spread, where a zero would flatten what broke.

/// A value axis: its ends are ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// Lower end.
    pub(super) low: f64,
    /// Upper end, above `low`.
    pub(super) high: f64,
    /// Distance between two ticks: 1, 2 or 5 times a power of ten.
    pub(super) step: f64,
    /// Tick values from `low` to `high`.
    pub(super) ticks: Vec<f64>,
}

/// How many steps an axis has, about: three to five before its ends are rounded outward.
const STEPS: f64 = 3.5;
/// Zero joins the axis when the values' spread is at least this share of their magnitude.
const ZERO_SHARE: f64 = 0.3;
/// Room above and below the values, as a share of the axis, for markers and labels.
const HEADROOM: f64 = 0.06;

impl Axis {
    /// The axis for finite values between `low` and `high` (`low <= high`), both within 10^15.
    pub(super) fn covering(low: f64, high: f64) -> Self {
        let (low, high) = with_room(low, high);
        let step = nice_step((high - low) / STEPS);
        let first = (low / step).floor();
        let last = (high / step).ceil();
        let mut ticks = Vec::new();
        let mut index = first;
        while index <= last {
            // Adding 0.0 turns the -0.0 that a negative first index can give into 0.0.
            ticks.push(index * step + 0.0);
            index += 1.0;
        }
        Self { low: first * step, high: last * step, step, ticks }
    }

    /// Where a value lies on the axis: 0 at its lower end, 1 at its upper.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// Widens the range: to zero where that is sensible, and by some headroom.
fn with_room(low: f64, high: f64) -> (f64, f64) {
    let magnitude = low.abs().max(high.abs());
    if magnitude == 0.0 {
        return (0.0, 1.0);
    }
    // Values that differ by less than a double can be trusted for are all equal.
    let spread = high - low;
    let equal = spread <= magnitude * 1e-9;
    let from_zero = equal || spread >= magnitude * ZERO_SHARE;
    let base = if from_zero && low >= 0.0 { 0.0 } else { low };
    let top = if from_zero && high <= 0.0 { 0.0 } else { high };
    let room = (top - base) * HEADROOM;
    (if base == 0.0 { 0.0 } else { base - room }, if top == 0.0 { 0.0 } else { top + room })
}

/// The 1, 2 or 5 times a power of ten that is nearest to `rough` (positive, finite) by ratio.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let fraction = rough / power;
    // Between two steps the border is their geometric mean.
    let nice = if fraction < 2f64.sqrt() {
        1.0
    } else if fraction < 10f64.sqrt() {
        2.0
    } else if fraction < 50f64.sqrt() {
        5.0
    } else {
        10.0
    };
    nice * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticks(low: f64, high: f64) -> Vec<f64> {
        Axis::covering(low, high).ticks
    }

    #[test]
    fn axes_that_a_person_would_draw() {
        assert_eq!(ticks(0.0, 5_200.0), [0.0, 2_000.0, 4_000.0, 6_000.0]);
        assert_eq!(ticks(12.0, 93.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(10_100.0, 10_900.0), [10_000.0, 10_200.0, 10_400.0, 10_600.0, 10_800.0, 11_000.0]);
        assert_eq!(ticks(-30.0, 55.0), [-40.0, -20.0, 0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(-80.0, -10.0), [-100.0, -80.0, -60.0, -40.0, -20.0, 0.0]);
        assert_eq!(ticks(0.0, 0.0).last(), Some(&1.0));
        assert_eq!(ticks(42.0, 42.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn ticks_are_round_even_few_and_cover_the_values(
            a in -1e15..1e15f64, share in -1.0..1.0f64, shrink in 0i32..18,
        ) {
            let a = a / 10f64.powi(shrink);
            let (low, high) = if share < 0.0 { (a - a.abs() * -share, a) } else { (a, a + a.abs() * share) };
            let axis = Axis::covering(low, high);
            prop_assert!(axis.low <= low && high <= axis.high, "{axis:?} misses {low}..{high}");
            prop_assert!((3..=9).contains(&axis.ticks.len()), "{axis:?}");
            let mantissa = axis.step / 10f64.powf((axis.step * 1.000_001).log10().floor());
            prop_assert!([1.0, 2.0, 5.0].iter().any(|nice| (mantissa - nice).abs() < 1e-6), "{axis:?}");
            for pair in axis.ticks.windows(2) {
                prop_assert!(((pair[1] - pair[0]) / axis.step - 1.0).abs() < 1e-3, "{axis:?}");
            }
            prop_assert!(axis.share(low) >= 0.0 && axis.share(high) <= 1.0);
        }
    }
}
