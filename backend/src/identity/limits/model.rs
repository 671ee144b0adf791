//! The local day, and when a count is too much. Pure.

use crate::error::{Error, Result};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use tillwatch_shared::errors::Code;

/// A day's count of samples.
#[derive(Clone, Copy, Debug)]
pub struct Counting {
    /// The local day.
    pub day: NaiveDate,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// Samples that it may have.
    pub limit: i64,
}

impl Counting {
    /// Checks that `samples` of the day are not too many.
    ///
    /// # Errors
    /// 429 until the day ends.
    pub(super) fn check(&self, samples: i64, now: DateTime<Utc>) -> Result<()> {
        if samples <= self.limit {
            return Ok(());
        }
        let detail = format!(
            "The retailer's limit is {} samples a day, and this would pass it. Nothing was taken. The day ends at {} \
             local midnight; send the rest then, or ask for a larger plan.",
            self.limit,
            self.ends_at.format("%Y-%m-%dT%H:%M:%SZ,")
        );
        let mut refused = Error::new(Code::TooManyRequests, detail);
        let left = (self.ends_at - now).num_seconds().max(0) + 1;
        refused.retry_after = u32::try_from(left).ok();
        Err(refused)
    }
}

/// The local day of `at`, and when it ends: at the first moment that the next one has, where midnight is skipped.
pub(super) fn day(zone: Tz, at: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let day = at.with_timezone(&zone).date_naive();
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(chrono::NaiveTime::MIN);
    let begins =
        (0..96).find_map(|quarter| zone.from_local_datetime(&(next + TimeDelta::minutes(15 * quarter))).earliest());
    (day, begins.map_or(at + TimeDelta::days(1), |begins| begins.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_ends_at_the_local_midnight_or_when_the_next_one_begins() {
        let shanghai = day(chrono_tz::Asia::Shanghai, at("2026-05-01T15:59:59Z"));
        assert_eq!((shanghai.0.to_string(), shanghai.1), ("2026-05-01".to_owned(), at("2026-05-01T16:00:00Z")));
        // Where the clock springs from midnight to one.
        let beirut = day(chrono_tz::Asia::Beirut, at("2024-03-30T20:00:00Z"));
        assert_eq!(beirut.1, at("2024-03-30T22:00:00Z"));
    }

    #[test]
    fn the_last_sample_is_taken_and_the_next_waits_for_midnight() {
        let (day, ends_at) = day(Tz::UTC, at("2026-05-01T23:59:00Z"));
        let counting = Counting { day, ends_at, limit: 10 };
        assert!(counting.check(10, at("2026-05-01T23:59:00Z")).is_ok());
        let refused = counting.check(11, at("2026-05-01T23:59:00Z")).unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::TooManyRequests, Some(61)));
    }
}
