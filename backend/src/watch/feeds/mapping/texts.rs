//! Times and numbers as people and programs write them in tables. Pure.

use crate::measure::samples::calendar::day_start;
use crate::watch::ingest::parse::shown;
use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, SecondsFormat, TimeZone as _, Utc};
use chrono_tz::Tz;
use tillwatch_shared::feeds::{FeedNumbers, FeedTimeFormat};

/// The time zone of this name.
pub(in super::super) fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// A time, in RFC 3339. A local day is its first instant; of a time that the clocks show twice the first is meant, and one
/// that they skip is refused: its source means another zone.
pub(super) fn time(text: &str, format: FeedTimeFormat, zone: Tz) -> Result<String, String> {
    let told = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    match format {
        // What is no such time is told by the check that every sample passes.
        FeedTimeFormat::Rfc3339 => Ok(text.to_owned()),
        FeedTimeFormat::Date => date(text).map(|day| told(day_start(zone, day))).ok_or_else(|| {
            format!("`{}` is no day such as 2026-07-01, 2026/7/1, 20260701 or 2026年7月1日", shown(text))
        }),
        FeedTimeFormat::DateTime => {
            let parts = text.split_once(['T', ' ']).map(|(day, time)| (date(day), clock(time.trim())));
            let Some((Some(day), Some(time))) = parts else {
                return Err(format!(
                    "`{}` is no local day and time such as 2026-07-01 09:00 or 2026/7/1 9:00:30",
                    shown(text)
                ));
            };
            match zone.from_local_datetime(&day.and_time(time)) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(told(at.to_utc())),
                LocalResult::None => {
                    Err(format!("`{}` is skipped by the clocks of {zone}; mend `time_zone`", shown(text)))
                }
            }
        }
    }
}

/// A day, the year first: other orders mean one thing here and another there.
fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() == 8 && plain(text) {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
        return NaiveDate::from_ymd_opt(text.get(..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?);
    }
    let chinese = text.strip_suffix('日').map(|rest| rest.replacen('年', "-", 1).replacen('月', "-", 1));
    let text = chinese.as_deref().unwrap_or(text);
    let between = ['-', '/', '.'].into_iter().find(|between| text.contains(*between))?;
    let parts: Vec<&str> = text.split(between).map(str::trim).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let shaped = year.len() == 4 && month.len() <= 2 && day.len() <= 2 && parts.iter().all(|part| plain(part));
    let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    day.filter(|_| shaped)
}

/// A time of day, to the minute or finer.
fn clock(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S%.f"].into_iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// A number, written plainly. Thousands are in groups of three, or it is something else.
pub(super) fn number(text: &str, numbers: FeedNumbers) -> Result<String, String> {
    let refused = |way: &str| Err(format!("`{}` is no number {way}", shown(text)));
    let (between, before_decimals) = match numbers {
        FeedNumbers::Plain if text.contains(',') => {
            return refused(
                "written plainly; say in `numbers` whether a comma stands before decimals or between thousands",
            );
        }
        // What is no number is told by the check that every sample passes.
        FeedNumbers::Plain => return Ok(text.to_owned()),
        FeedNumbers::PointDecimal => (',', '.'),
        FeedNumbers::CommaDecimal => ('.', ','),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, decimals) =
        digits.split_once(before_decimals).map_or((digits, None), |(whole, decimals)| (whole, Some(decimals)));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = whole.split(between).collect();
    // `0.125` is no number in thousands: its author means decimals.
    let grouped = groups.len() == 1
        || (groups[0].len() <= 3 && !groups[0].starts_with('0') && groups[1..].iter().all(|group| group.len() == 3));
    if !grouped || !groups.iter().all(|group| plain(group)) || !decimals.is_none_or(plain) {
        return refused(match numbers {
            FeedNumbers::CommaDecimal => "such as 1.234,5",
            _ => "such as 1,234.5",
        });
    }
    let point = decimals.map(|decimals| format!(".{decimals}")).unwrap_or_default();
    Ok(format!("{sign}{}{point}", groups.concat()))
}
