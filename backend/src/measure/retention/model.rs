//! Which samples are kept. Pure.

use crate::measure::samples::calendar::Calendar;
use chrono::{DateTime, Months, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use std::ops::RangeInclusive;
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::samples::SampleRetention;

/// How long samples may be kept.
pub(super) const MONTHS: RangeInclusive<u16> = 3..=120;
/// How long they are kept unless a retailer says otherwise.
const USUAL: u16 = 25;
/// A sample that is no older is kept by everybody.
pub const SURELY_KEPT: TimeDelta = TimeDelta::days(80);
/// Whatever was being written when a mark was set is done so much later: a request is given up after 10 s, a job after 25.
const SETTLED: TimeDelta = TimeDelta::minutes(10);

/// What a retailer keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retention {
    /// For how many months.
    pub(super) months: u16,
    /// From when on samples are kept, and when that was set.
    pub(super) mark: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// For `If-Match`.
    pub(super) version: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { months: USUAL, mark: None, version: 1 }
    }
}

impl Retention {
    /// As the wire shows it.
    pub(super) fn wire(self) -> SampleRetention {
        let kept_from = self.mark.map(|(kept_from, _)| kept_from);
        SampleRetention { months: self.months, kept_from, version: self.version }
    }

    /// What may be removed at `now`: everything before this.
    pub(super) fn removable(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.mark.filter(|(_, set)| *set + SETTLED <= now).map(|(kept_from, _)| kept_from)
    }

    /// Where the mark belongs at `now`, if that is further on: the beginning of a local month.
    pub(super) fn next_mark(self, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let calendar = Calendar { zone, week: Weekday::Mon };
        let oldest = now.checked_sub_months(Months::new(u32::from(self.months)))?;
        let mark = calendar.start(Resolution::Month, oldest);
        self.mark.is_none_or(|(kept_from, _)| kept_from < mark).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn whole_local_months_are_kept_and_the_mark_never_goes_back() {
        let shanghai = chrono_tz::Asia::Shanghai;
        let now = utc("2026-11-22T12:00:00Z");
        let usual = Retention::default();
        assert_eq!(usual.next_mark(shanghai, now), Some(utc("2024-09-30T16:00:00Z")));
        let marked = Retention { months: 60, mark: Some((utc("2024-09-30T16:00:00Z"), now)), ..usual };
        assert_eq!(marked.next_mark(shanghai, now), None);
        assert_eq!(Retention { months: 25, ..marked }.next_mark(shanghai, now), None);
        let shorter = Retention { months: 3, ..marked };
        assert_eq!(shorter.next_mark(shanghai, now), Some(utc("2026-07-31T16:00:00Z")));
    }

    #[test]
    fn nothing_is_removed_while_something_may_still_be_written() {
        let set = utc("2026-11-22T12:00:00Z");
        let marked = Retention { mark: Some((utc("2024-09-30T16:00:00Z"), set)), ..Retention::default() };
        assert_eq!(marked.removable(set + TimeDelta::minutes(9)), None);
        assert_eq!(marked.removable(set + TimeDelta::minutes(10)), Some(utc("2024-09-30T16:00:00Z")));
        assert_eq!(Retention::default().removable(set), None);
    }

    #[test]
    fn what_is_surely_kept_is_younger_than_any_mark() {
        let now = utc("2026-05-31T23:59:59Z");
        let shortest = Retention { months: *MONTHS.start(), ..Retention::default() };
        for zone in [chrono_tz::Pacific::Kiritimati, chrono_tz::Asia::Shanghai, chrono_tz::America::New_York] {
            assert!(shortest.next_mark(zone, now).unwrap() < now - SURELY_KEPT);
        }
    }
}
