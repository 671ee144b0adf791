//! Ticks for the time axis, on the round hours, days and months of the reader's time zone.

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::Locale;

/// A tick of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    /// Where it stands.
    pub(super) at: DateTime<Utc>,
    /// What is written below it.
    pub(super) label: String,
}

/// Distance between two ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Minutes(u32),
    Days(i64),
    Months(u32),
}

const MINUTES: [u32; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
const DAYS: [i64; 6] = [1, 2, 3, 4, 7, 14];
const MONTHS: [u32; 8] = [1, 2, 3, 6, 12, 24, 60, 120];

/// Whether times of day are shown, not only dates: the range is shorter than three days.
pub(super) fn is_intraday(from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    to - from < Duration::days(3)
}

/// The time on the wall; at the very ends of the calendar, where no offset fits, UTC.
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    let utc = at.naive_utc();
    utc.checked_add_offset(zone.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc)
}

/// At most about `most` ticks between two times, both included.
///
/// Steps of days are counted back from the last day, so that the newest day, the one an alert is
/// about, has a label; hours and months stand on multiples of their step.
pub(super) fn ticks(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz, locale: Locale, most: i64) -> Vec<Tick> {
    let (first, last) = (local(from, zone), local(to, zone));
    let step = step_for(from, to, most.max(1));
    let chosen = match step {
        Step::Minutes(minutes) => minute_ticks(first, last, minutes),
        Step::Days(days) => day_ticks(first, last, days),
        Step::Months(months) => month_ticks(first, last, months),
    };
    chosen
        .into_iter()
        // A local time that the clocks skip has no tick; one that occurs twice stands at its first.
        .filter_map(|local| Some((local, zone.from_local_datetime(&local).earliest()?.to_utc())))
        .filter(|(_, at)| (from..=to).contains(at))
        .map(|(local, at)| Tick { at, label: tick_label(local, step, locale) })
        .collect()
}

/// A label as wide as the widest that [`ticks`] can give for the range.
pub(super) fn widest_label(from: DateTime<Utc>, to: DateTime<Utc>, locale: Locale) -> &'static str {
    let months = to - from > Duration::days(110);
    match locale {
        Locale::En if months => "12/2026",
        Locale::ZhCn if months => "2026年12月",
        Locale::En => "12/28",
        Locale::ZhCn => "12月28日",
    }
}

fn step_for(from: DateTime<Utc>, to: DateTime<Utc>, most: i64) -> Step {
    let span = to - from;
    let enough = |length: Duration| span.num_seconds() / length.num_seconds() < most;
    let minutes = MINUTES.into_iter().map(|m| (Step::Minutes(m), Duration::minutes(i64::from(m))));
    let days = DAYS.into_iter().map(|d| (Step::Days(d), Duration::days(d)));
    let months = MONTHS.into_iter().map(|m| (Step::Months(m), Duration::days(30 * i64::from(m))));
    minutes
        .filter(|_| is_intraday(from, to))
        .chain(days)
        .chain(months)
        .find(|(_, length)| enough(*length))
        // Beyond a lifetime: as many decades as it takes.
        .map_or_else(
            || Step::Months(u32::try_from(span.num_days() / 3_600 / most + 1).unwrap_or(1_000) * 120),
            |(step, _)| step,
        )
}

fn minute_ticks(first: NaiveDateTime, last: NaiveDateTime, minutes: u32) -> Vec<NaiveDateTime> {
    let start = midnight(first.date());
    let step = Duration::minutes(i64::from(minutes));
    let mut ticks = Vec::new();
    // Starts at midnight: at most 3 + 1 days of ticks, and of one-minute ticks a few hours.
    let skipped = (first - start).num_minutes() / i64::from(minutes);
    let mut tick = start + Duration::minutes(skipped * i64::from(minutes));
    while tick <= last {
        ticks.push(tick);
        tick += step;
    }
    ticks
}

fn day_ticks(first: NaiveDateTime, last: NaiveDateTime, days: i64) -> Vec<NaiveDateTime> {
    let mut ticks = Vec::new();
    let mut day = Some(last.date());
    while let Some(date) = day.filter(|date| *date >= first.date()) {
        ticks.push(midnight(date));
        day = date.checked_sub_signed(Duration::days(days));
    }
    ticks.reverse();
    ticks
}

fn month_ticks(first: NaiveDateTime, last: NaiveDateTime, months: u32) -> Vec<NaiveDateTime> {
    let mut ticks = Vec::new();
    // Steps of up to a year start in January, longer ones in a year they divide.
    let years = i32::try_from(months.div_ceil(12)).unwrap_or(1);
    let mut month = NaiveDate::from_ymd_opt(first.year() - first.year().rem_euclid(years), 1, 1);
    while let Some(date) = month.filter(|date| *date <= last.date()) {
        ticks.push(midnight(date));
        month = date.checked_add_months(Months::new(months));
    }
    ticks
}

fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(chrono::NaiveTime::MIN)
}

fn tick_label(local: NaiveDateTime, step: Step, locale: Locale) -> String {
    match step {
        Step::Minutes(_) if local.num_seconds_from_midnight() > 0 => clock(local),
        Step::Minutes(_) | Step::Days(_) => day(local.date(), locale),
        Step::Months(months) if months < 12 => month(local.date(), locale),
        Step::Months(_) => match locale {
            Locale::En => local.year().to_string(),
            Locale::ZhCn => format!("{}年", local.year()),
        },
    }
}

/// `14:05`.
pub(super) fn clock(local: NaiveDateTime) -> String {
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// `11/21` or `11月21日`.
pub(super) fn day(date: NaiveDate, locale: Locale) -> String {
    match locale {
        Locale::En => format!("{}/{}", date.month(), date.day()),
        Locale::ZhCn => format!("{}月{}日", date.month(), date.day()),
    }
}

/// `11/2026` or `2026年11月`.
fn month(date: NaiveDate, locale: Locale) -> String {
    match locale {
        Locale::En => format!("{}/{}", date.month(), date.year()),
        Locale::ZhCn => format!("{}年{}月", date.year(), date.month()),
    }
}

/// `11/21/2026` or `2026年11月21日`, with the time of day where one is given.
pub(super) fn full(local: NaiveDateTime, with_time: bool, locale: Locale) -> String {
    let date = local.date();
    let text = match locale {
        Locale::En => format!("{}/{}", day(date, locale), date.year()),
        Locale::ZhCn => format!("{}年{}", date.year(), day(date, locale)),
    };
    if with_time { format!("{text} {}", clock(local)) } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn labels(from: &str, to: &str, zone: Tz, locale: Locale) -> Vec<String> {
        ticks(utc(from), utc(to), zone, locale, 6).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn days_are_those_of_the_time_zone_and_the_newest_has_a_label() {
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(
            labels("2026-11-07T16:00:00Z", "2026-11-20T16:00:00Z", zone, Locale::ZhCn),
            ["11月9日", "11月12日", "11月15日", "11月18日", "11月21日"]
        );
        let zone = chrono_tz::America::New_York;
        assert_eq!(
            labels("2026-10-30T04:00:00Z", "2026-11-03T05:00:00Z", zone, Locale::En),
            ["10/30", "10/31", "11/1", "11/2", "11/3"],
            "across the end of summer time"
        );
    }

    #[test]
    fn hours_months_and_years_stand_on_round_values() {
        let zone = chrono_tz::America::New_York;
        assert_eq!(
            labels("2026-03-07T21:00:00Z", "2026-03-08T21:00:00Z", zone, Locale::En),
            ["18:00", "3/8", "06:00", "12:00"]
        );
        assert_eq!(
            labels("2026-01-10T00:00:00Z", "2026-06-20T00:00:00Z", Tz::UTC, Locale::ZhCn),
            ["2026年2月", "2026年3月", "2026年4月", "2026年5月", "2026年6月"]
        );
        assert_eq!(
            labels("1999-06-01T00:00:00Z", "2026-06-20T00:00:00Z", Tz::UTC, Locale::En),
            ["2000", "2005", "2010", "2015", "2020", "2025"]
        );
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(local(DateTime::<Utc>::MAX_UTC, zone), DateTime::<Utc>::MAX_UTC.naive_utc());
        assert!(ticks(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, zone, Locale::En, 6).len() < 10);
    }

    #[test]
    fn dates_in_full_carry_the_year() {
        let local = utc("2026-11-21T14:05:00Z").naive_utc();
        assert_eq!(full(local, true, Locale::En), "11/21/2026 14:05");
        assert_eq!(full(local, false, Locale::ZhCn), "2026年11月21日");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_range_has_few_ticks_in_order_and_inside(
            start in -2_000_000_000i64..4_000_000_000, span in 0i64..4_000_000_000, shrink in 0u32..8, most in 2i64..9,
        ) {
            let from = DateTime::from_timestamp(start, 0).expect("in range");
            let to = from + Duration::seconds(span / 10i64.pow(shrink));
            let found = ticks(from, to, chrono_tz::Europe::Berlin, Locale::En, most);
            prop_assert!(i64::try_from(found.len()).expect("few") <= most + 1, "{found:?}");
            prop_assert!(found.is_sorted_by(|a, b| a.at < b.at));
            prop_assert!(found.iter().all(|tick| from <= tick.at && tick.at <= to));
        }
    }
}
