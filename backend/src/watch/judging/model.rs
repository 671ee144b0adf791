//! When a local day or hour is closed, and which of a series are judged. Pure: the time is an argument.

use crate::measure::samples::Touched;
use crate::measure::samples::calendar::day_start;
use crate::watch::rules::series::Calendar;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;
use tillwatch_shared::watch::RuleBucket;

/// A day is closed by the clock when it has been over for so long.
pub(super) const GRACE: TimeDelta = TimeDelta::hours(1);

/// And an hour, when it has been over for so long.
const GRACE_OF_HOURS: TimeDelta = TimeDelta::minutes(10);

/// What is judged at most before the newest closed day or hour, however long a series was silent.
const fn most(bucket: RuleBucket) -> TimeDelta {
    match bucket {
        RuleBucket::Day => TimeDelta::days(31),
        RuleBucket::Hour => TimeDelta::days(7),
    }
}

/// How far before the newest closed day or hour a series may end to be judged when it was never judged before: a partner
/// may report late, but what ended long ago is history.
const fn first(bucket: RuleBucket) -> TimeDelta {
    match bucket {
        RuleBucket::Day => TimeDelta::days(7),
        RuleBucket::Hour => TimeDelta::days(1),
    }
}

fn grace(bucket: RuleBucket) -> TimeDelta {
    match bucket {
        RuleBucket::Day => GRACE,
        RuleBucket::Hour => GRACE_OF_HOURS,
    }
}

/// The begin of the present day or hour, and when the clock closes it.
pub(super) fn next_closing(calendar: Calendar, at: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = calendar.start_of(at);
    (start, calendar.end_of(start) + grace(calendar.bucket))
}

/// Whether what came last came in live, and not from a file or a replay: a partner may report two days late, or the hours
/// of a day in one go at night.
pub(super) fn is_fresh(calendar: Calendar, newest: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    let late = match calendar.bucket {
        RuleBucket::Day => TimeDelta::days(2),
        RuleBucket::Hour => TimeDelta::hours(26),
    };
    calendar.end_of(newest) + late > at
}

/// The newest day or hour that the clock has closed: the day that a job was ordered to close, and, of a metric whose
/// samples come in live, the newest that has been over for long enough.
pub(super) fn closed_by_clock(
    calendar: Calendar,
    ordered: Option<NaiveDate>,
    live: bool,
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // Of a day that is closed every hour is.
    let ordered = ordered.map(|day| match calendar.bucket {
        RuleBucket::Day => day_start(calendar.zone, day),
        RuleBucket::Hour => calendar.before(day_start(calendar.zone, day + TimeDelta::days(1))),
    });
    let over = calendar.before(calendar.start_of(at - grace(calendar.bucket)));
    let ordered = ordered.filter(|start| calendar.end_of(*start) <= at);
    ordered.max(live.then_some(over))
}

/// The newest closed day or hour of a metric that has something to judge.
///
/// `newest` is the newest one in which it was counted anywhere in the retailer, `by_clock` one that the clock closed,
/// `judged` the newest that the rule has judged in any series.
pub(super) fn closed_through(
    calendar: Calendar,
    newest: DateTime<Utc>,
    by_clock: Option<DateTime<Utc>>,
    judged: Option<DateTime<Utc>>,
) -> DateTime<Utc> {
    // The newest one is still open, unless the clock closed it.
    let last = if by_clock.is_some_and(|start| start >= newest) { newest } else { calendar.before(newest) };
    // What was closed stays so: a late sample of it does not open it again.
    judged.map_or(last, |judged| judged.max(last))
}

/// From when on figures must be read to judge series that were last judged at `judged`.
pub(super) fn reads_from(
    calendar: Calendar,
    judged: impl Iterator<Item = DateTime<Utc>>,
    last: DateTime<Utc>,
) -> DateTime<Utc> {
    judged.fold(last - first(calendar.bucket), DateTime::min).max(last - most(calendar.bucket))
}

/// The first of a series that is judged: the last judged one again, since late samples may have changed it, or its
/// `newest` when none was.
pub(super) fn first_judged(
    calendar: Calendar,
    judged: Option<DateTime<Utc>>,
    newest: DateTime<Utc>,
    last: DateTime<Utc>,
) -> DateTime<Utc> {
    match judged {
        Some(judged) => judged.max(last - most(calendar.bucket)),
        None => newest.max(last - first(calendar.bucket)),
    }
}

/// The metrics of a write: those counted on another day than today, and those counted today.
///
/// Another day is closed, or is about to close one before it, so it has to be judged soon. Today closes nothing that
/// its first sample has not closed already.
pub(super) fn by_day<'a>(touched: &Touched<'a>, today: NaiveDate) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
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

    const DAYS: Calendar = Calendar { zone: New_York, bucket: RuleBucket::Day };
    const HOURS: Calendar = Calendar { zone: New_York, bucket: RuleBucket::Hour };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn start(text: &str) -> DateTime<Utc> {
        day_start(New_York, day(text))
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn closed(newest: &str, ordered: Option<&str>, judged: Option<&str>, at: &str) -> NaiveDate {
        let by_clock = closed_by_clock(DAYS, ordered.map(day), false, utc(at));
        let last = closed_through(DAYS, start(newest), by_clock, judged.map(start));
        last.with_timezone(&New_York).date_naive()
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
    fn the_clock_closes_live_days_and_hours_behind_a_grace_and_no_replay() {
        let at = |text| closed_by_clock(HOURS, None, true, utc(text));
        assert_eq!(at("2026-03-03T06:09:59Z"), Some(utc("2026-03-03T04:00:00Z")));
        assert_eq!(at("2026-03-03T06:10:00Z"), Some(utc("2026-03-03T05:00:00Z")));
        assert_eq!(closed_by_clock(HOURS, None, false, utc("2026-03-03T06:10:00Z")), None, "it comes from a file");
        assert_eq!(closed_by_clock(DAYS, None, true, utc("2026-03-03T05:59:59Z")), Some(start("2026-03-01")));
        assert_eq!(closed_by_clock(DAYS, None, true, utc("2026-03-03T06:00:00Z")), Some(start("2026-03-02")));
        // Of an ordered day every hour is closed, the last one begins at 23:00.
        let hour = closed_by_clock(HOURS, Some(day("2026-03-02")), false, utc("2026-03-03T06:00:00Z"));
        assert_eq!(hour, Some(utc("2026-03-03T04:00:00Z")));
        assert!(is_fresh(DAYS, start("2026-03-02"), utc("2026-03-05T04:59:59Z")));
        assert!(!is_fresh(DAYS, start("2026-03-02"), utc("2026-03-05T05:00:00Z")));
        assert!(is_fresh(HOURS, utc("2026-03-02T10:00:00Z"), utc("2026-03-03T12:59:59Z")));
        assert!(!is_fresh(HOURS, utc("2026-03-02T10:00:00Z"), utc("2026-03-03T13:00:00Z")));
        assert_eq!(
            next_closing(HOURS, utc("2026-03-03T06:20:00Z")),
            (utc("2026-03-03T06:00:00Z"), utc("2026-03-03T07:10:00Z"))
        );
    }

    #[test]
    fn a_series_goes_on_where_it_stopped_and_begins_with_its_newest_day() {
        let last = start("2026-03-31");
        let first = |judged: Option<&str>, newest: &str| first_judged(DAYS, judged.map(start), start(newest), last);
        assert_eq!(first(Some("2026-03-27"), "2026-03-31"), start("2026-03-27"));
        assert_eq!(first(Some("2025-12-01"), "2026-03-31"), last - TimeDelta::days(31), "31 days at most");
        assert_eq!(first(None, "2026-03-29"), start("2026-03-29"), "it reports two days late");
        assert_eq!(first(None, "2026-01-01"), last - TimeDelta::days(7), "it ended long ago");
        let reads = |judged: &[&str]| reads_from(DAYS, judged.iter().map(|text| start(text)), last);
        assert_eq!(reads(&["2026-03-30", "2026-03-20"]), start("2026-03-20"));
        assert_eq!(reads(&["2026-03-30"]), last - TimeDelta::days(7));
        assert_eq!(reads(&["2025-03-30"]), last - TimeDelta::days(31));
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
