//! Decomposing a goal into periods. Pure.
//!
//! A sum is spread over its periods by weights (days, or what the same days of the year before brought), each rounded to
//! the metric's smallest step so that they add up to the target exactly. A ratio goes a straight path from the baseline to
//! the target, day by day.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use tillwatch_shared::goals::GoalPeriod;
use tillwatch_shared::quantity::Quantity;

/// The smallest step of a metric that counts whole things, in ten-thousandths.
pub const WHOLE_E4: i64 = 10_000;

/// One period with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// What it is to bring; for a ratio, where it is to end.
    pub target: Quantity,
}

impl Stage {
    /// How many days it has.
    pub fn days(&self) -> i64 {
        days_of(self.starts_on, self.ends_on)
    }
}

/// How many days from one to the other, both counted.
pub fn days_of(first: NaiveDate, last: NaiveDate) -> i64 {
    (last - first).num_days() + 1
}

/// The periods from `first` to `last`: the first and the last one are cut where the goal begins and ends.
pub fn spans(
    first: NaiveDate,
    last: NaiveDate,
    period: GoalPeriod,
    week_start: Weekday,
) -> Vec<(NaiveDate, NaiveDate)> {
    let mut spans = Vec::new();
    let mut begin = first;
    while begin <= last {
        let end = end_of(begin, period, week_start).min(last);
        spans.push((begin, end));
        let Some(next) = end.succ_opt() else { break };
        begin = next;
    }
    spans
}

/// The last day of the week or month of `day`.
fn end_of(day: NaiveDate, period: GoalPeriod, week_start: Weekday) -> NaiveDate {
    let left = match period {
        GoalPeriod::Week => 6 - u64::from(day.weekday().days_since(week_start)),
        GoalPeriod::Month => u64::from(day.num_days_in_month().saturating_sub(u8::try_from(day.day()).unwrap_or(1))),
    };
    day.checked_add_days(Days::new(left)).unwrap_or(day)
}

/// `total` shared by `weights`, in steps of `step` ten-thousandths, as near as steps allow: the parts add up to it exactly.
/// Weights that are all zero count as equal. What no step divides goes to the last part.
pub fn split(total: Quantity, step: i64, weights: &[i64]) -> Vec<Quantity> {
    let step = i128::from(step.max(1));
    let none = weights.iter().all(|weight| *weight <= 0);
    let weight = |weight: &i64| if none { 1 } else { i128::from((*weight).max(0)) };
    let all: i128 = weights.iter().map(weight).sum();
    let total = i128::from(total.e4());
    let (mut gone, mut given) = (0_i128, 0_i128);
    let mut parts = Vec::with_capacity(weights.len());
    for (place, own) in weights.iter().map(weight).enumerate() {
        gone += own;
        // What all parts up to this one are to have together, so that no rounding piles up.
        let by_now = if place + 1 == weights.len() { total } else { (total * gone / all).div_euclid(step) * step };
        // A part of an i64 is one.
        parts.push(Quantity::from_e4(i64::try_from(by_now - given).unwrap_or(0)));
        given = by_now;
    }
    parts
}

/// Where each period of a ratio is to end, on the straight path from `from` (the baseline) to `to` (the target).
pub fn path(from: Quantity, to: Quantity, spans: &[(NaiveDate, NaiveDate)]) -> Vec<Quantity> {
    let (Some((first, _)), Some((_, last))) = (spans.first(), spans.last()) else { return Vec::new() };
    let all = i128::from(days_of(*first, *last));
    let way = i128::from(to.e4()) - i128::from(from.e4());
    let at = |end: &NaiveDate| {
        let gone = i128::from(days_of(*first, *end));
        let e4 = i128::from(from.e4()) + (way * gone).div_euclid(all);
        // Between two i64.
        Quantity::from_e4(i64::try_from(e4).unwrap_or(to.e4()))
    };
    spans.iter().map(|(_, end)| at(end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_begin_where_the_retailers_do_and_months_on_the_first() {
        let (first, last) = (day("2026-01-28"), day("2026-02-10"));
        let found = spans(first, last, GoalPeriod::Week, Weekday::Sun);
        // The 28th is a Wednesday.
        let texts: Vec<String> = found.iter().map(|(from, to)| format!("{from}/{to}")).collect();
        assert_eq!(texts, ["2026-01-28/2026-01-31", "2026-02-01/2026-02-07", "2026-02-08/2026-02-10"]);
        let months = spans(first, last, GoalPeriod::Month, Weekday::Mon);
        assert_eq!(months, [(first, day("2026-01-31")), (day("2026-02-01"), last)]);
        assert_eq!(
            spans(day("2024-02-10"), day("2024-03-01"), GoalPeriod::Month, Weekday::Mon)[0].1,
            day("2024-02-29")
        );
        assert_eq!(spans(first, first, GoalPeriod::Month, Weekday::Mon), [(first, first)]);
        assert!(spans(last, first, GoalPeriod::Week, Weekday::Mon).is_empty());
    }

    #[test]
    fn a_sum_is_shared_without_losing_a_cent() {
        let parts = |total: i64, step, weights: &[i64]| -> Vec<i64> {
            split(Quantity::from_e4(total), step, weights).into_iter().map(Quantity::e4).collect()
        };
        assert_eq!(parts(100, 1, &[1, 1, 1]), [33, 33, 34]);
        assert_eq!(parts(10 * WHOLE_E4, WHOLE_E4, &[7, 7, 7]), [30_000, 30_000, 40_000]);
        assert_eq!(parts(100, 1, &[0, 0]), [50, 50], "no history is no shape");
        assert_eq!(parts(90, 1, &[1, -5, 2]), [30, 0, 60], "a year with refunds only counts as none");
    }

    #[test]
    fn a_ratio_goes_a_straight_path() {
        let spans = spans(day("2026-03-01"), day("2026-03-20"), GoalPeriod::Week, Weekday::Sun);
        let path = path(Quantity::from_e4(20_000), Quantity::from_e4(40_000), &spans);
        let ends: Vec<i64> = path.into_iter().map(Quantity::e4).collect();
        assert_eq!(ends, [27_000, 34_000, 40_000]);
    }

    proptest! {
        #[test]
        fn parts_add_up_exactly(
            total in -1_000_000_000_000_000_i64..1_000_000_000_000_000, whole in any::<bool>(),
            weights in prop::collection::vec(-5_i64..1_000_000_000, 1..200),
        ) {
            let step = if whole { WHOLE_E4 } else { 1 };
            let parts = split(Quantity::from_e4(total), step, &weights);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|part| part.e4()).sum::<i64>(), total);
            prop_assert!(parts[..parts.len() - 1].iter().all(|part| part.e4() % step == 0));
        }

        #[test]
        fn periods_cover_every_day_once(start in 0_u64..5_000, length in 0_u64..1_100, month in any::<bool>()) {
            let first = day("2020-01-01") + Days::new(start);
            let last = first + Days::new(length);
            let period = if month { GoalPeriod::Month } else { GoalPeriod::Week };
            let found = spans(first, last, period, Weekday::Mon);
            prop_assert_eq!((found[0].0, found[found.len() - 1].1), (first, last));
            prop_assert!(found.windows(2).all(|two| two[0].1 + Days::new(1) == two[1].0));
            prop_assert!(found.len() <= 160);
        }
    }
}
