//! Figures: the values of one bucket by the metrics that they are of, and what is computed from them.
//!
//! Pure. Values stay exact until a finished figure.

use super::bins::Bins;
use crate::measure::metrics::{Kind, Plan, Term};
use tillwatch_shared::measure::Quantiles;
use tillwatch_shared::quantity::Quantity;

/// The values of one bucket, and how many samples stand behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    values: Vec<(String, Quantity)>,
    bins: Vec<(String, Bins)>,
    /// How many samples stand behind the values.
    pub(super) samples: i64,
    /// The key of the sample that a value came from, where it came from one.
    pub(super) source: Option<String>,
}

impl Parts {
    /// Adds to the sum of a metric; `None` when it leaves the range that is kept.
    #[must_use]
    pub(super) fn add(&mut self, metric: &str, sum: Quantity, samples: i64) -> Option<()> {
        self.samples = self.samples.saturating_add(samples);
        match self.values.iter_mut().find(|(key, _)| key == metric) {
            Some((_, here)) => *here = here.checked_add(sum)?,
            None => self.values.push((metric.to_owned(), sum)),
        }
        Some(())
    }

    /// Sets the value of a metric.
    pub(super) fn set(&mut self, metric: &str, value: Quantity) {
        self.values.retain(|(key, _)| key != metric);
        self.values.push((metric.to_owned(), value));
    }

    /// Adds durations of a metric.
    pub(super) fn add_durations(&mut self, metric: &str, bin: i32, count: i64) {
        if !self.bins.iter().any(|(key, _)| key == metric) {
            self.bins.push((metric.to_owned(), Bins::default()));
        }
        for (_, bins) in self.bins.iter_mut().filter(|(key, _)| key == metric) {
            bins.add(bin, count);
        }
    }

    /// When all is there: nothing came of the other `sums`, and the value of durations is their median.
    pub(super) fn settle(&mut self, sums: &[&str]) {
        for key in sums {
            if self.value(key).is_none() {
                self.set(key, Quantity::ZERO);
            }
        }
        for (key, bins) in std::mem::take(&mut self.bins) {
            self.samples = self.samples.saturating_add(bins.count());
            if let Some(median) = bins.quantile(50) {
                self.set(&key, Quantity::from_e4(median));
            }
            self.bins.push((key, bins));
        }
    }

    /// The value of a metric.
    pub(super) fn value(&self, metric: &str) -> Option<Quantity> {
        self.values.iter().find(|(key, _)| key == metric).map(|(_, value)| *value)
    }

    /// The quantiles of a duration, in its unit.
    pub(super) fn quantiles(&self, metric: &str) -> Option<Quantiles> {
        let (_, bins) = self.bins.iter().find(|(key, _)| key == metric)?;
        let at = |percent| bins.quantile(percent).map(|e4| Quantity::from_e4(e4).to_f64());
        Some(Quantiles { p50: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)? })
    }

    /// The figure of a metric.
    pub(super) fn figure(&self, plan: &Plan<'_>) -> Option<f64> {
        plan.figure(&|key| self.value(key))
    }

    /// What a rule divides: `numerator` holds the factor of a ratio already, so that the quotient is in the metric's
    /// unit. A denominator below zero counts as zero: there is no figure then, as where a part has no value. `None` where
    /// a metric of another kind has no figure.
    pub(super) fn fraction(&self, plan: &Plan<'_>) -> Option<(f64, Option<f64>)> {
        let Kind::Ratio { numerator, denominator, factor } = plan.metric.kind else {
            return self.figure(plan).map(|figure| (figure, None));
        };
        let (Some(above), Some(below)) = (self.total(numerator), self.total(denominator)) else {
            return Some((0.0, Some(0.0)));
        };
        Some((above * factor, Some(below.max(0.0))))
    }

    /// The signed sum of `terms` in units.
    #[expect(clippy::cast_precision_loss, reason = "added exactly before; a ratio is a double")]
    fn total(&self, terms: &[Term<'_>]) -> Option<f64> {
        let mut sum = 0_i128;
        for term in terms {
            let value = i128::from(self.value(term.key())?.e4());
            sum += if matches!(term, Term::Plus(_)) { value } else { -value };
        }
        Some(sum as f64 / 10_000.0)
    }
}

/// (value - before) / |before|, so that a rise is above zero also from a loss; `None` when either is missing or
/// `before` is zero.
pub(super) fn change(value: Option<f64>, before: Option<f64>) -> Option<f64> {
    let (value, before) = (value?, before?);
    let change = (value - before) / before.abs();
    change.is_finite().then_some(change)
}

#[cfg(test)]
mod tests {
    use super::super::bins::bin;
    use super::*;
    use crate::measure::metrics::{Book, find};

    fn units(units: i64) -> Quantity {
        Quantity::from_units(units).unwrap()
    }

    #[test]
    fn a_ratio_whose_part_has_no_value_divides_by_nothing() {
        let book = Book::shipped();
        let plan = book.plan(*find("visit_frequency").unwrap()).unwrap();
        let mut parts = Parts::default();
        parts.add("visits", units(12), 2).unwrap();
        parts.settle(&["visits"]);
        assert_eq!((parts.figure(&plan), parts.fraction(&plan)), (None, Some((0.0, Some(0.0)))));
        parts.set("unique_visitors", units(4));
        assert_eq!((parts.figure(&plan), parts.fraction(&plan)), (Some(3.0), Some((12.0, Some(4.0)))));
    }

    #[test]
    fn durations_are_told_by_quantiles_and_counted() {
        let mut parts = Parts::default();
        for seconds in [10, 20, 30, 600] {
            parts.add_durations("queue_time", bin(seconds * 10_000), 1);
        }
        parts.settle(&[]);
        let quantiles = parts.quantiles("queue_time").unwrap();
        assert!((quantiles.p50 / 20.0 - 1.0).abs() < 0.008 && (quantiles.p99 / 600.0 - 1.0).abs() < 0.008);
        assert_eq!(parts.samples, 4);
        assert!(parts.value("queue_time").is_some() && parts.quantiles("first_response").is_none());
    }

    #[test]
    fn a_sum_that_leaves_the_range_is_no_sum() {
        let mut parts = Parts::default();
        parts.add("sales", Quantity::from_e4(i64::MAX), 1).unwrap();
        assert_eq!(parts.add("sales", Quantity::from_e4(1), 1), None);
    }

    fn of_sums(metric: &str, list: &[(&str, i64)]) -> (Option<f64>, Option<(f64, Option<f64>)>) {
        let book = Book::shipped();
        let plan = book.plan(*find(metric).unwrap()).unwrap();
        let mut parts = Parts::default();
        for (key, value) in list {
            parts.add(key, units(*value), 1).unwrap();
        }
        parts.settle(&plan.keys(crate::measure::metrics::Takes::Sums));
        (parts.figure(&plan), parts.fraction(&plan))
    }

    #[test]
    fn a_ratio_is_of_sums_and_absent_without_a_denominator() {
        let some = of_sums("ctr", &[("clicks", 2), ("impressions", 1010)]);
        assert_eq!(some, (Some(200.0 / 1010.0), Some((200.0, Some(1010.0)))));
        assert_eq!(of_sums("ctr", &[("clicks", 2)]).0, None);
        assert_eq!(of_sums("ctr", &[("clicks", 2), ("impressions", -1)]).1, Some((200.0, Some(0.0))));
        assert_eq!(of_sums("roi", &[("sales", 300), ("spend", 100)]).1, Some((20_000.0, Some(100.0))));
        assert_eq!(of_sums("spend", &[("spend", 100)]).1, Some((100.0, None)));
    }

    #[test]
    fn a_change_needs_both_figures_and_a_base() {
        assert_eq!(change(Some(150.0), Some(100.0)), Some(0.5));
        assert_eq!(change(Some(50.0), Some(100.0)), Some(-0.5));
        // From a loss of 10 to a gain of 5 is a rise, and to a loss of 15 is none.
        assert_eq!(change(Some(5.0), Some(-10.0)), Some(1.5));
        assert_eq!(change(Some(-15.0), Some(-10.0)), Some(-0.5));
        assert_eq!(change(Some(1.0), Some(0.0)), None);
        assert_eq!(change(Some(0.0), Some(0.0)), None);
        assert_eq!(change(None, Some(1.0)), None);
        assert_eq!(change(Some(1.0), None), None);
    }
}
