//! Quiet hours: hours of the local day in which a rule's alerts wait to be told. Pure; the time is an argument.

use crate::platform::time_of_day;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use tillwatch_shared::tenant::QuietHours;

fn time_of(text: &str) -> Option<NaiveTime> {
    NaiveTime::from_num_seconds_from_midnight_opt(60 * u32::try_from(time_of_day::parse(text)?).ok()?, 0)
}

/// When what is raised at `at` may be told: at once, or when the quiet hours that `at` lies in are over.
pub fn speaks_at(quiet: Option<&QuietHours>, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
    let hours = quiet.and_then(|quiet| Some((time_of(&quiet.from)?, time_of(&quiet.until)?)));
    let Some((from, until)) = hours else { return at };
    let local = at.with_timezone(&zone).naive_local();
    let time = local.time();
    let over_midnight = until <= from;
    let is_quiet = if over_midnight { time >= from || time < until } else { time >= from && time < until };
    if !is_quiet {
        return at;
    }
    let ends_tomorrow = over_midnight && time >= from;
    let day = if ends_tomorrow { local.date() + Days::new(1) } else { local.date() };
    // A time that the clocks skip is over an hour later; one that they show twice, the first time.
    let end = day.and_time(until);
    let end = zone.from_local_datetime(&end).earliest().or_else(|| {
        let behind = end + TimeDelta::hours(1);
        zone.from_local_datetime(&behind).earliest()
    });
    end.map_or(at, |end| end.to_utc().max(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;
    use chrono_tz::Asia::Shanghai;

    fn hours(from: &str, until: &str) -> QuietHours {
        QuietHours { from: from.to_owned(), until: until.to_owned() }
    }

    fn told(quiet: &QuietHours, zone: Tz, at: &str) -> String {
        speaks_at(Some(quiet), zone, at.parse().unwrap()).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn what_is_raised_at_night_is_told_in_the_morning_of_the_retailers_zone() {
        let night = hours("22:00", "07:30");
        // 23:00, 02:00, 07:29, 07:30 and 21:59 in Shanghai.
        for (at, expected) in [
            ("2026-03-01T15:00:00Z", "2026-03-01T23:30:00Z"),
            ("2026-03-01T18:00:00Z", "2026-03-01T23:30:00Z"),
            ("2026-03-01T23:29:00Z", "2026-03-01T23:30:00Z"),
            ("2026-03-01T23:30:00Z", "2026-03-01T23:30:00Z"),
            ("2026-03-01T13:59:00Z", "2026-03-01T13:59:00Z"),
        ] {
            assert_eq!(told(&night, Shanghai, at), expected, "{at}");
        }
        let noon = hours("12:00", "13:00");
        assert_eq!(told(&noon, Shanghai, "2026-03-01T04:30:00Z"), "2026-03-01T05:00:00Z");
        assert_eq!(told(&noon, Shanghai, "2026-03-01T05:00:00Z"), "2026-03-01T05:00:00Z");
        let at = "2026-03-01T15:00:00Z".parse().unwrap();
        assert_eq!(speaks_at(None, Shanghai, at), at);
    }

    #[test]
    fn an_end_that_the_clocks_skip_is_met_an_hour_later() {
        // Forward at 02:00 to 03:00 on 8 March 2026.
        assert_eq!(told(&hours("22:00", "02:30"), New_York, "2026-03-08T05:30:00Z"), "2026-03-08T07:30:00Z");
    }
}
