//! What a question about a series asks for: its time window, and where the page before ended.
//!
//! Pure. A window holds the buckets that overlap it. Every refusal names the parameter and the way to mend it.

use super::calendar::{Calendar, day_end, day_start, is_sane, local_date};
use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::Resolution;
use uuid::Uuid;

/// The window when none is asked for, and the longest one.
const fn spans(resolution: Resolution) -> (TimeDelta, TimeDelta, &'static str) {
    match resolution {
        Resolution::Raw => (TimeDelta::hours(24), TimeDelta::days(7), "7 days of samples"),
        Resolution::Hour => (TimeDelta::hours(48), TimeDelta::days(31), "31 days of hours"),
        Resolution::Day => (TimeDelta::days(30), TimeDelta::days(400), "400 days of days"),
        Resolution::Week => (TimeDelta::weeks(12), TimeDelta::days(1_830), "five years of weeks"),
        Resolution::Month => (TimeDelta::days(365), TimeDelta::days(3_660), "ten years of months"),
    }
}

/// An hour more, since a span of days may hold the night in which the clocks were set back.
const SLACK: TimeDelta = TimeDelta::hours(2);

/// Half-open: what begins in `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The first instant.
    pub(super) from: DateTime<Utc>,
    /// The first instant after.
    pub(super) to: DateTime<Utc>,
}

impl Window {
    /// The window from `from` to `to`, each an RFC 3339 time or a local date (then the whole day is in it). Without
    /// `to` it ends now (days and wider: with today), without `from` it has the usual length. Weeks and months are whole.
    ///
    /// # Errors
    /// 422 for text that is neither, for an empty window and for one that is too long.
    pub(super) fn new(
        calendar: Calendar,
        now: DateTime<Utc>,
        resolution: Resolution,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self> {
        let zone = calendar.zone;
        let of_days = !matches!(resolution, Resolution::Raw | Resolution::Hour);
        let (usual, longest, longest_words) = spans(resolution);
        let to = match to {
            Some(text) => match point("to", text)? {
                Point::Day(day) => day_end(zone, day),
                Point::At(at) => at,
            },
            None if of_days => day_end(zone, local_date(zone, now)),
            // What is stored for this very moment is in the window.
            None => now + TimeDelta::microseconds(1),
        };
        let from = match from {
            Some(text) => match point("from", text)? {
                Point::Day(day) => day_start(zone, day),
                Point::At(at) => at,
            },
            // Noon of the first day, so that a night of 23 or 25 hours does not change which day that is.
            None if of_days => to - usual + TimeDelta::hours(12),
            None => to - usual,
        };
        if from >= to {
            return Err(Error::field("?from", "out_of_range", "The window is empty: `from` has to lie before `to`."));
        }
        if to - from > longest + SLACK {
            let detail = format!("At most {longest_words} can be read at once. Ask for a shorter window.");
            return Err(Error::field("?from", "out_of_range", detail));
        }
        let last = calendar.start(resolution, to - TimeDelta::microseconds(1));
        let to = match resolution {
            Resolution::Week | Resolution::Month => calendar.end(resolution, last),
            Resolution::Raw | Resolution::Hour | Resolution::Day => to,
        };
        Ok(Self { from: calendar.start(resolution, from), to })
    }
}

enum Point {
    Day(NaiveDate),
    At(DateTime<Utc>),
}

/// A point in time as a parameter gives it.
fn point(name: &str, text: &str) -> Result<Point> {
    let parsed = if let Ok(day) = text.parse::<NaiveDate>() {
        Some((Point::Day(day), day.and_time(chrono::NaiveTime::MIN).and_utc()))
    } else {
        DateTime::parse_from_rfc3339(text).ok().map(|at| (Point::At(at.to_utc()), at.to_utc()))
    };
    let pointer = format!("?{name}");
    let Some((point, at)) = parsed else {
        // In a query string a bare `+` is a blank.
        let plus = if text.contains(' ') { " Write the `+` of an offset as `%2B`." } else { "" };
        let detail = format!("`{name}` takes a date such as 2026-07-01 or a time such as 2026-07-01T09:00:00Z.{plus}");
        return Err(Error::field(&pointer, "invalid", detail));
    };
    if !is_sane(at) {
        return Err(Error::field(&pointer, "out_of_range", format!("`{name}` goes from the year 2000 to 2199.")));
    }
    Ok(point)
}

/// A date parameter.
///
/// # Errors
/// 422 for anything that is no date between 2000 and 2199.
pub(super) fn date(name: &str, text: &str) -> Result<NaiveDate> {
    match point(name, text)? {
        Point::Day(day) => Ok(day),
        Point::At(_) => {
            Err(Error::field(&format!("?{name}"), "invalid", format!("`{name}` takes a date such as 2026-07-01.")))
        }
    }
}

/// The place behind which a page starts: a bucket's begin, or a sample's time, series and key.
pub(super) type Place = (DateTime<Utc>, Uuid, String);

/// Opaque cursors of one question: they work for the same tenant and parameters only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursors {
    binding: [u8; 16],
}

impl Cursors {
    /// The cursors of the question that `parameters` ask, apart from `limit`.
    pub(super) fn of(tenant: TenantId, parameters: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(tenant.0.as_bytes());
        for text in parameters {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let mut binding = [0; 16];
        binding.copy_from_slice(&hash.finalize()[..16]);
        Self { binding }
    }

    /// The cursor behind `place`.
    pub(super) fn encode(&self, (at, series, key): &Place) -> String {
        let at = at.timestamp_micros().to_be_bytes();
        URL_SAFE_NO_PAD.encode([self.binding.as_slice(), &at, series.as_bytes(), key.as_bytes()].concat())
    }

    /// The place that a cursor names.
    ///
    /// # Errors
    /// 400 for a cursor of another question or tenant.
    pub(super) fn decode(&self, text: &str) -> Result<Place> {
        self.read(text).ok_or_else(|| {
            Error::new(Code::InvalidCursor, "This cursor belongs to another series or window. Start again without one.")
        })
    }

    fn read(&self, text: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let rest = bytes.strip_prefix(&self.binding)?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (series, key) = rest.split_first_chunk::<16>()?;
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*at)).filter(|at| is_sane(*at))?;
        // No key has a control character; PostgreSQL would refuse the worst of them.
        let key = std::str::from_utf8(key).ok().filter(|key| !key.contains(char::is_control))?;
        Some((at, Uuid::from_bytes(*series), key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;
    use chrono_tz::Asia::Shanghai;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn calendar(zone: Tz) -> Calendar {
        Calendar { zone, week: chrono::Weekday::Mon }
    }

    #[test]
    fn weeks_and_months_are_whole() {
        // A Tuesday to a Wednesday two weeks later.
        let weeks = window(Shanghai, Resolution::Week, Some("2026-11-03"), Some("2026-11-11"));
        assert_eq!(weeks, (utc("2026-11-01T16:00:00Z"), utc("2026-11-15T16:00:00Z")));
        let months = window(Shanghai, Resolution::Month, Some("2026-01-31"), Some("2026-02-01"));
        assert_eq!(months, (utc("2025-12-31T16:00:00Z"), utc("2026-02-28T16:00:00Z")));
        let usual = window(Shanghai, Resolution::Month, None, None);
        assert_eq!(usual, (utc("2025-10-31T16:00:00Z"), utc("2026-11-30T16:00:00Z")));
    }

    fn now() -> DateTime<Utc> {
        utc("2026-11-10T17:20:00Z")
    }

    fn window(
        zone: Tz,
        resolution: Resolution,
        from: Option<&str>,
        to: Option<&str>,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let window = Window::new(calendar(zone), now(), resolution, from, to).unwrap();
        (window.from, window.to)
    }

    #[test]
    fn usual_windows_hold_30_days_48_hours_or_24_hours() {
        // 30 days over the night with 25 hours, up to and with today.
        let days = window(New_York, Resolution::Day, None, None);
        assert_eq!(days, (utc("2026-10-12T04:00:00Z"), utc("2026-11-11T05:00:00Z")));
        let hours = window(Shanghai, Resolution::Hour, None, None);
        assert_eq!(hours, (utc("2026-11-08T17:00:00Z"), utc("2026-11-10T17:20:00.000001Z")));
        let raw = window(Shanghai, Resolution::Raw, None, None);
        assert_eq!(raw, (utc("2026-11-09T17:20:00.000001Z"), utc("2026-11-10T17:20:00.000001Z")));
    }

    #[test]
    fn dates_are_whole_local_days_and_times_are_widened_to_their_buckets() {
        let days = window(Shanghai, Resolution::Hour, Some("2026-11-01"), Some("2026-11-02"));
        assert_eq!(days, (utc("2026-10-31T16:00:00Z"), utc("2026-11-02T16:00:00Z")));
        let times = window(Shanghai, Resolution::Day, Some("2026-11-01T09:00:00+08:00"), Some("2026-11-02T00:00:00Z"));
        assert_eq!(times, (utc("2026-10-31T16:00:00Z"), utc("2026-11-02T00:00:00Z")));
        let year = window(New_York, Resolution::Day, Some("2025-10-07"), Some("2026-11-10"));
        assert_eq!((year.1 - year.0).num_days(), 400);
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_the_way_to_mend_it() {
        let refused = |resolution, from: &str, to: &str| {
            let error = Window::new(calendar(Shanghai), now(), resolution, Some(from), Some(to)).unwrap_err();
            assert_eq!(error.code, Code::ValidationFailed);
            (error.fields[0].pointer.clone(), error.detail)
        };
        let (pointer, detail) = refused(Resolution::Day, "2025-10-01", "2026-11-10");
        assert!(pointer == "?from" && detail.contains("400 days"), "{detail}");
        assert!(refused(Resolution::Hour, "2026-10-01", "2026-11-10").1.contains("31 days"));
        assert!(refused(Resolution::Raw, "2026-11-01", "2026-11-10").1.contains("7 days"));
        assert!(refused(Resolution::Day, "2026-11-10T00:00:00Z", "2026-11-10T00:00:00Z").1.contains("empty"));
        assert_eq!(refused(Resolution::Day, "2026-11-01", "tomorrow").0, "?to");
        assert!(refused(Resolution::Day, "2026-11-01T00:00:00 08:00", "2026-11-02").1.contains("%2B"));
        for far in ["+262142-12-31", "-262143-01-01", "0001-01-01", "2200-01-01", "9999-12-31T23:59:59Z"] {
            assert!(refused(Resolution::Day, far, far).1.contains("2000"), "{far}");
        }
        assert!(date("day", "2026-02-30").is_err() && date("day", "2026-02-03T00:00:00Z").is_err());
        assert_eq!(date("day", "2026-02-03").unwrap(), NaiveDate::from_ymd_opt(2026, 2, 3).unwrap());
    }

    #[test]
    fn a_cursor_works_for_its_own_tenant_and_question_only() {
        let tenant = TenantId::new();
        let place = (now(), Uuid::from_u128(5), "键 1".to_owned());
        let cursors = Cursors::of(tenant, &["spend", "", "raw"]);
        let text = cursors.encode(&place);
        assert_eq!(cursors.decode(&text).unwrap(), place);
        assert!(Cursors::of(TenantId::new(), &["spend", "", "raw"]).decode(&text).is_err());
        let forged = cursors.encode(&(now(), Uuid::from_u128(5), "\0".to_owned()));
        assert!(cursors.decode(&forged).is_err(), "a key that no sample can have");
        assert!(Cursors::of(tenant, &["spend", "raw", ""]).decode(&text).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_or_a_window_panic(text in ".{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let cursors = Cursors::of(TenantId(Uuid::nil()), &[]);
            let _ = cursors.decode(&text);
            let forged = URL_SAFE_NO_PAD.encode([cursors.binding.as_slice(), &bytes].concat());
            let _ = cursors.decode(&forged);
            let _ = Window::new(calendar(Shanghai), now(), Resolution::Day, Some(&text), None);
        }
    }
}
