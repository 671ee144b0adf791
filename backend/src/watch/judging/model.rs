//! When a local day is closed, and which days of a series are judged. Pure: the time is an argument.

use crate::measure::samples::Touched;
use crate::measure::samples::calendar::day_end;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// A day is closed by the clock when it has been over for so long.
pub(super) const GRACE: TimeDelta = TimeDelta::hours(1);

/// Days before the newest closed one that are judged at most, however long a series was silent.
const MOST_DAYS: TimeDelta = TimeDelta::days(31);

/// Days before the newest closed one that a series' newest day may lie back to be judged when the series was never
/// judged before: a partner may report late, but what ended long ago is history.
const FIRST_DAYS: TimeDelta = TimeDelta::days(7);

/// The newest closed day of a metric.
///
/// `newest` is the newest day on which it was counted anywhere in the retailer, `by_clock` a day that the clock
/// closed, `judged` the newest day that the rule has judged in any series.
pub(super) fn closed_through(
    zone: Tz,
    newest: NaiveDate,
    by_clock: Option<NaiveDate>,
    judged: Option<NaiveDate>,
    at: DateTime<Utc>,
) -> NaiveDate {
    // The newest day is still open, unless the clock closed it.
    let clock_closed_it = by_clock.is_some_and(|day| day >= newest && day_end(zone, day) <= at);
    let last = if clock_closed_it { newest } else { newest - TimeDelta::days(1) };
    // A day that was closed stays so: a late sample of it does not open it again.
    judged.map_or(last, |judged| judged.max(last))
}

/// The first day whose figures must be read to judge series that were last judged on the days `judged`.
pub(super) fn reads_from(judged: impl Iterator<Item = NaiveDate>, last: NaiveDate) -> NaiveDate {
    judged.fold(last - FIRST_DAYS, NaiveDate::min).max(last - MOST_DAYS)
}

/// The first day of a series that is judged: the last judged one again, since late samples may have changed it, or its
/// `newest` when none was.
pub(super) fn first_day(judged: Option<NaiveDate>, newest: NaiveDate, last: NaiveDate) -> NaiveDate {
    match judged {
        Some(judged) => judged.max(last - MOST_DAYS),
        None => newest.max(last - FIRST_DAYS),
    }
}

/// The metrics of a write: those counted on another day than today, and those counted today.
///
/// Another day is closed, or is about to close one before it, so it has to be judged soon. Today closes nothing that
/// its first sample has not closed already.
pub(super) fn by_day(touched: &Touched, today: NaiveDate) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let (mut other_days, mut of_today) = (BTreeSet::new(), BTreeSet::new());
    for ((metric, _), days) in touched {
        if days.contains(&today) {
            of_today.insert(*metric);
        }
        if days.iter().any(|day| *day != today) {
            other_days.insert(*metric);
        }
    }
    (other_days, of_today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn closed(newest: &str, by_clock: Option<&str>, judged: Option<&str>, at: &str) -> NaiveDate {
        closed_through(New_York, day(newest), by_clock.map(day), judged.map(day), at.parse().unwrap())
    }

    #[test]
    fn a_day_is_closed_by_a_later_one_or_by_the_clock() {
        // 01:00 in New York.
        let at = "2026-03-03T06:00:00Z";
        assert_eq!(closed("2026-03-02", None, None, at), day("2026-03-01"));
        assert_eq!(closed("2026-03-02", Some("2026-03-02"), None, at), day("2026-03-02"));
        assert_eq!(
            closed("2026-03-02", Some("2026-03-02"), None, "2026-03-03T04:59:59Z"),
            day("2026-03-01"),
            "not over"
        );
        // A clock that comes behind the data has nothing to say.
        assert_eq!(closed("2026-03-03", Some("2026-03-02"), None, at), day("2026-03-02"));
    }

    #[test]
    fn a_day_that_the_clock_closed_is_not_opened_by_a_late_sample_of_it() {
        let at = "2026-03-03T06:30:00Z";
        assert_eq!(closed("2026-03-02", None, Some("2026-03-02"), at), day("2026-03-02"));
        assert_eq!(closed("2026-03-02", None, Some("2026-02-27"), at), day("2026-03-01"));
    }

    #[test]
    fn a_series_goes_on_where_it_stopped_and_begins_with_its_newest_day() {
        let last = day("2026-03-31");
        assert_eq!(first_day(Some(day("2026-03-27")), last, last), day("2026-03-27"));
        assert_eq!(first_day(Some(day("2025-12-01")), last, last), day("2026-02-28"), "31 days at most");
        assert_eq!(first_day(None, day("2026-03-29"), last), day("2026-03-29"), "it reports two days late");
        assert_eq!(first_day(None, day("2026-01-01"), last), day("2026-03-24"), "it ended long ago");
        assert_eq!(reads_from([day("2026-03-30"), day("2026-03-20")].into_iter(), last), day("2026-03-20"));
        assert_eq!(reads_from([day("2026-03-30")].into_iter(), last), day("2026-03-24"));
        assert_eq!(reads_from([day("2025-03-30")].into_iter(), last), day("2026-02-28"));
    }

    #[test]
    fn only_what_can_close_or_change_a_closed_day_is_judged_soon() {
        let touched: Touched = [
            (("orders", None), ["2026-03-03"].as_slice()),
            (("sales", None), &["2026-03-02", "2026-03-03"]),
            (("spend", None), &["2026-03-04"]),
        ]
        .map(|(series, days)| (series, days.iter().map(|text| day(text)).collect()))
        .into();
        let (other_days, of_today) = by_day(&touched, day("2026-03-03"));
        assert_eq!(other_days, BTreeSet::from(["sales", "spend"]));
        assert_eq!(of_today, BTreeSet::from(["orders", "sales"]));
    }
}
