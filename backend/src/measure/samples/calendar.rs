//! Hours, days, weeks and months of a retailer's time zone, as UTC instants.
//!
//! Pure. A bucket is named by the instant at which it begins. Clocks that are set forward or back are met with two
//! rules: a full hour that the clocks show twice begins two buckets, and one that they skip begins with the first
//! instant after the skip. Invariants, held by properties: an instant lies in the bucket that its bucket begins, and
//! later instants lie in later buckets. (Only clocks that are set back across a midnight by less than that hour's
//! minutes, in Newfoundland until 2011, show an old day again; such an instant belongs to the day it shows.)

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _,
    Timelike as _, Utc, Weekday,
};
use chrono_tz::{GapInfo, Tz};
use tillwatch_shared::measure::Resolution;

/// The buckets that an instant belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// When its local hour began.
    pub hour: DateTime<Utc>,
    /// When its local day began.
    pub day: DateTime<Utc>,
    /// The local day.
    pub date: NaiveDate,
}

/// What a retailer calls a day, a week and a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its time zone.
    pub zone: Tz,
    /// The first day of its week.
    pub week: Weekday,
}

impl Calendar {
    /// When the bucket of this width that `at` lies in begins; a sample's own time for samples themselves.
    pub fn start(self, resolution: Resolution, at: DateTime<Utc>) -> DateTime<Utc> {
        let date = local_date(self.zone, at);
        match resolution {
            Resolution::Raw => at,
            Resolution::Hour => hour_start(self.zone, at),
            Resolution::Day => day_start(self.zone, date),
            Resolution::Week => day_start(self.zone, self.first_of_week(date)),
            Resolution::Month => day_start(self.zone, date.with_day(1).unwrap_or(date)),
        }
    }

    /// The first instant behind the bucket of this width that begins at `start`.
    pub fn end(self, resolution: Resolution, start: DateTime<Utc>) -> DateTime<Utc> {
        let date = local_date(self.zone, start);
        match resolution {
            Resolution::Raw => start,
            // The next full hour begins within an hour, or up to half an hour later where the clocks are set back.
            Resolution::Hour => {
                let next = [60, 61, 75, 90, 91].into_iter().map(|minutes| start + TimeDelta::minutes(minutes));
                let later = next.map(|at| hour_start(self.zone, at)).find(|next| *next > start);
                later.unwrap_or(start + TimeDelta::hours(1))
            }
            Resolution::Day => day_end(self.zone, date),
            Resolution::Week => {
                let first = self.first_of_week(date);
                day_start(self.zone, first.checked_add_days(Days::new(7)).unwrap_or(first))
            }
            Resolution::Month => day_start(self.zone, date.checked_add_months(Months::new(1)).unwrap_or(date)),
        }
    }
}

impl Calendar {
    fn first_of_week(self, date: NaiveDate) -> NaiveDate {
        let into = date.weekday().days_since(self.week);
        date.checked_sub_days(Days::new(u64::from(into))).unwrap_or(date)
    }
}

/// The buckets of `at` in `zone`.
pub fn buckets(zone: Tz, at: DateTime<Utc>) -> Buckets {
    let date = local_date(zone, at);
    Buckets { hour: hour_start(zone, at), day: day_start(zone, date), date }
}

/// The local day of `at`.
pub fn local_date(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The last instant, not after `at`, at which the local clock stood at the full hour of `at`, or at which it was set
/// forward past that.
pub fn hour_start(zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
    let local = at.with_timezone(&zone).naive_local();
    let full = local.date().and_time(NaiveTime::from_hms_opt(local.hour(), 0, 0).unwrap_or_default());
    match zone.from_local_datetime(&full) {
        LocalResult::Single(start) => start.to_utc(),
        LocalResult::Ambiguous(first, second) if second.to_utc() > at => first.to_utc(),
        LocalResult::Ambiguous(_, second) => second.to_utc(),
        LocalResult::None => after_gap(zone, full),
    }
}

/// The first instant of a local day; for a day that the zone skipped, the first instant of the next.
pub fn day_start(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(start) | LocalResult::Ambiguous(start, _) => start.to_utc(),
        LocalResult::None => after_gap(zone, midnight),
    }
}

/// The first instant after a local day.
pub fn day_end(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    day_start(zone, day.checked_add_days(Days::new(1)).unwrap_or(day))
}

/// The same weekday a week before.
pub fn week_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(7)).unwrap_or(day)
}

/// The first instant after the gap that `local` lies in. Every gap in the tables has an end; the local time read as
/// UTC stands in for the impossible.
fn after_gap(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    GapInfo::new(&local, &zone).and_then(|gap| gap.end).map_or_else(|| local.and_utc(), |end| end.to_utc())
}

/// Years in which samples and questions about them may lie.
pub fn is_sane(at: DateTime<Utc>) -> bool {
    (1999..=2199).contains(&at.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use chrono_tz::America::{Havana, New_York, Sao_Paulo};
    use chrono_tz::Asia::{Kathmandu, Kolkata, Shanghai};
    use chrono_tz::Australia::Lord_Howe;
    use chrono_tz::Pacific::Apia;
    use proptest::prelude::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_of_new_york_has_23_24_or_25_hours() {
        for (date, start, hours) in [
            ("2026-03-08", "2026-03-08T05:00:00Z", 23),
            ("2026-07-01", "2026-07-01T04:00:00Z", 24),
            ("2026-11-01", "2026-11-01T04:00:00Z", 25),
        ] {
            assert_eq!(day_start(New_York, day(date)), utc(start));
            assert_eq!((day_end(New_York, day(date)) - utc(start)).num_hours(), hours, "{date}");
        }
    }

    #[test]
    fn an_hour_shown_twice_is_two_buckets() {
        // 01:30 EDT and 01:30 EST of the same night.
        assert_eq!(hour_start(New_York, utc("2026-11-01T05:30:00Z")), utc("2026-11-01T05:00:00Z"));
        assert_eq!(hour_start(New_York, utc("2026-11-01T06:30:00Z")), utc("2026-11-01T06:00:00Z"));
        let both = ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"].map(|at| buckets(New_York, utc(at)).day);
        assert_eq!(both, [utc("2026-11-01T04:00:00Z"); 2]);
    }

    #[test]
    fn half_hours_and_quarters_begin_where_the_local_clock_is_full() {
        assert_eq!(hour_start(Kolkata, utc("2026-05-01T10:29:59.9Z")), utc("2026-05-01T09:30:00Z"));
        assert_eq!(hour_start(Kolkata, utc("2026-05-01T10:30:00Z")), utc("2026-05-01T10:30:00Z"));
        assert_eq!(day_start(Kolkata, day("2026-05-01")), utc("2026-04-30T18:30:00Z"));
        assert_eq!(hour_start(Kathmandu, utc("2026-05-01T10:20:00Z")), utc("2026-05-01T10:15:00Z"));
        assert_eq!(day_start(Shanghai, day("2026-05-01")), utc("2026-04-30T16:00:00Z"));
    }

    #[test]
    fn a_midnight_or_a_day_that_does_not_exist_begins_after_the_gap() {
        // Brazil went from 00:00 to 01:00, Cuba went from 01:00 back to 00:00, Samoa skipped a whole Friday.
        assert_eq!(day_start(Sao_Paulo, day("2018-11-04")), utc("2018-11-04T03:00:00Z"));
        assert_eq!(hour_start(Sao_Paulo, utc("2018-11-04T03:10:00Z")), utc("2018-11-04T03:00:00Z"));
        assert_eq!(day_start(Havana, day("2025-11-02")), utc("2025-11-02T04:00:00Z"));
        assert_eq!((day_end(Havana, day("2025-11-02")) - day_start(Havana, day("2025-11-02"))).num_hours(), 25);
        assert_eq!(day_start(Apia, day("2011-12-30")), utc("2011-12-30T10:00:00Z"));
        assert_eq!(day_start(Apia, day("2011-12-31")), utc("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn half_an_hour_of_daylight_saving() {
        // Forward at 02:00 to 02:30: that local hour begins at 02:30.
        assert_eq!(hour_start(Lord_Howe, utc("2025-10-04T15:45:00Z")), utc("2025-10-04T15:30:00Z"));
        // Back at 02:00 to 01:30: the local hour from 01:00 lasts an hour and a half.
        assert_eq!(hour_start(Lord_Howe, utc("2026-04-04T15:20:00Z")), utc("2026-04-04T14:00:00Z"));
    }

    #[test]
    fn the_same_weekday_a_week_before() {
        assert_eq!(week_before(day("2026-03-03")), day("2026-02-24"));
        assert_eq!(week_before(NaiveDate::MIN), NaiveDate::MIN);
        assert_eq!(day_end(Shanghai, NaiveDate::from_ymd_opt(2199, 12, 31).unwrap()), utc("2199-12-31T16:00:00Z"));
    }

    #[test]
    fn a_week_begins_on_the_retailers_own_day_and_a_month_on_its_first() {
        let calendar = |zone, week| Calendar { zone, week };
        // Thursday, 1 January 2026, 09:00 in Shanghai.
        let at = utc("2026-01-01T01:00:00Z");
        let monday = calendar(Shanghai, Weekday::Mon);
        assert_eq!(monday.start(Resolution::Week, at), utc("2025-12-28T16:00:00Z"));
        assert_eq!(monday.end(Resolution::Week, utc("2025-12-28T16:00:00Z")), utc("2026-01-04T16:00:00Z"));
        assert_eq!(calendar(Shanghai, Weekday::Sun).start(Resolution::Week, at), utc("2025-12-27T16:00:00Z"));
        assert_eq!(calendar(Shanghai, Weekday::Thu).start(Resolution::Week, at), utc("2025-12-31T16:00:00Z"));
        assert_eq!(monday.start(Resolution::Month, at), utc("2025-12-31T16:00:00Z"));
        // November has an hour more in New York.
        let american = calendar(New_York, Weekday::Sun);
        let november = american.start(Resolution::Month, utc("2026-11-15T12:00:00Z"));
        assert_eq!(november, utc("2026-11-01T04:00:00Z"));
        assert_eq!(american.end(Resolution::Month, november), utc("2026-12-01T05:00:00Z"));
    }

    fn zones() -> impl Strategy<Value = Tz> {
        prop::sample::select(vec![
            New_York,
            Kolkata,
            Shanghai,
            Sao_Paulo,
            Havana,
            Lord_Howe,
            Apia,
            Kathmandu,
            Tz::UTC,
            Tz::Europe__London,
            Tz::Africa__Casablanca,
            Tz::Asia__Tehran,
        ])
    }

    proptest! {
        #[test]
        fn buckets_hold_their_instants_and_their_own_start(zone in zones(), second in 1_325_376_000_i64..2_000_000_000) {
            let at = DateTime::from_timestamp(second, 0).unwrap();
            let found = buckets(zone, at);
            prop_assert!(found.day <= found.hour && found.hour <= at);
            prop_assert!(at - found.hour < TimeDelta::minutes(91) && at - found.day < TimeDelta::hours(26));
            prop_assert!(at < day_end(zone, found.date));
            let again = buckets(zone, found.hour);
            prop_assert_eq!((again.hour, again.day), (found.hour, found.day));
            prop_assert_eq!(buckets(zone, found.day), Buckets { hour: found.day, ..found });
        }

        #[test]
        fn a_bucket_of_any_width_holds_its_instant_and_ends_where_the_next_begins(
            zone in zones(),
            second in 1_325_376_000_i64..2_000_000_000,
            week in 0_usize..7,
        ) {
            use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
            let calendar = Calendar { zone, week: [Mon, Tue, Wed, Thu, Fri, Sat, Sun][week] };
            let at = DateTime::from_timestamp(second, 0).unwrap();
            for resolution in [Resolution::Hour, Resolution::Day, Resolution::Week, Resolution::Month] {
                let start = calendar.start(resolution, at);
                let end = calendar.end(resolution, start);
                prop_assert!(start <= at && at < end, "{resolution} {start} {at} {end}");
                prop_assert_eq!(calendar.start(resolution, start), start);
                prop_assert_eq!(calendar.start(resolution, end), end);
            }
        }

        #[test]
        fn buckets_never_go_back(zone in zones(), second in 1_325_376_000_i64..2_000_000_000, step in 0_i64..200_000) {
            let [earlier, later] = [second, second + step].map(|s| buckets(zone, DateTime::from_timestamp(s, 0).unwrap()));
            prop_assert!(earlier.hour <= later.hour && earlier.day <= later.day && earlier.date <= later.date);
        }
    }
}
