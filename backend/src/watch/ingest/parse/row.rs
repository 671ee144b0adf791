//! The rules for one row, whatever it was written in.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use tillwatch_shared::quantity::{Quantity, QuantityError};
use tillwatch_shared::samples::RowCode;

use super::{RowRefusal, SampleRow};
use crate::measure::metrics::{self, Metric};

/// The fields of a row, in the order of [`Cells`].
pub const FIELDS: [&str; 6] = ["metric", "at", "key", "value", "channel", "campaign"];
/// Their pointers.
pub(super) const POINTERS: [&str; 6] = ["/metric", "/at", "/key", "/value", "/channel", "/campaign"];
/// The columns that a file of refused rows has beside the fields. They are passed over, so that such a file can be
/// mended and sent as it is.
pub const NOTES: [&str; 4] = ["error_line", "error_code", "error_detail", "error_row"];
pub(super) const METRIC: usize = 0;
pub(super) const AT: usize = 1;
pub(super) const KEY: usize = 2;
pub(super) const VALUE: usize = 3;
pub(super) const CHANNEL: usize = 4;
pub(super) const CAMPAIGN: usize = 5;

/// The longest key, channel or campaign, in characters.
const LONGEST_KEY: usize = 128;
/// 2000-01-01T00:00:00Z. Older samples are mistakes (a default date, seconds taken for milliseconds).
const OLDEST_SECOND: i64 = 946_684_800;
/// How many rows of a request get a proposal for their unknown metric. Looking for the nearest key takes
/// a thousand times as long as a good row, and whoever made the same slip ten thousand times needs it once.
const PROPOSALS: u32 = 50;

/// The texts of a row. What the row keeps is borrowed for as long as the request where it can be.
pub(super) struct Cells<'t, 'a> {
    pub(super) metric: &'t str,
    pub(super) at: &'t str,
    pub(super) key: Cow<'a, str>,
    pub(super) value: &'t str,
    pub(super) channel: Option<Cow<'a, str>>,
    pub(super) campaign: Option<Cow<'a, str>>,
}

/// Checks the rows of one request.
pub(super) struct Checker {
    proposals_left: u32,
}

impl Checker {
    pub(super) const fn new() -> Self {
        Self { proposals_left: PROPOSALS }
    }

    /// The row, or its first fault in the order of the fields.
    pub(super) fn check<'a>(&mut self, line: u32, cells: Cells<'_, 'a>) -> Result<SampleRow<'a>, RowRefusal> {
        let refuse =
            |(code, detail): (RowCode, String), field: usize| RowRefusal::new(line, code, POINTERS[field], detail);
        let metric = self.metric(cells.metric).map_err(|fault| refuse(fault, METRIC))?;
        let at = time(cells.at).map_err(|fault| refuse(fault, AT))?;
        name(&cells.key).map_err(|fault| refuse(fault, KEY))?;
        if let Some(channel) = &cells.channel {
            name(channel).map_err(|fault| refuse(fault, CHANNEL))?;
        }
        if let Some(campaign) = &cells.campaign {
            name(campaign).map_err(|fault| refuse(fault, CAMPAIGN))?;
        }
        let value = amount(metric, cells.value).map_err(|fault| refuse(fault, VALUE))?;
        Ok(SampleRow { line, metric, at, key: cells.key, channel: cells.channel, campaign: cells.campaign, value })
    }

    fn metric(&mut self, key: &str) -> Result<&'static Metric, (RowCode, String)> {
        match metrics::find(key) {
            Some(metric) if metric.is_sum() => Ok(metric),
            Some(metric) => Err((
                RowCode::ComputedMetric,
                format!("`{key}` is computed; send its parts {}", listed(&metric.parts())),
            )),
            None => {
                let mut detail = format!("there is no metric `{}`", shown(key));
                if self.proposals_left > 0 {
                    self.proposals_left -= 1;
                    if let Some(near) = metrics::suggest(key) {
                        detail.extend(["; did you mean `", near, "`?"]);
                    }
                }
                Err((RowCode::UnknownMetric, detail))
            }
        }
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, (RowCode, String)> {
    let invalid = || {
        (
            RowCode::InvalidTime,
            format!("`{}` is not an RFC 3339 time with an offset, such as 2026-07-01T09:00:00+08:00", shown(text)),
        )
    };
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?;
    if at.timestamp() < OLDEST_SECOND {
        let detail = format!("`{}` is before 2000-01-01", shown(text));
        return Err((RowCode::TooOld, detail));
    }
    // The database keeps microseconds: two times that it could not tell apart must not differ here.
    DateTime::from_timestamp_micros(at.timestamp_micros()).ok_or_else(invalid)
}

/// A key, channel or campaign.
fn name(text: &str) -> Result<(), (RowCode, String)> {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte);
    let detail = if text.trim_ascii().is_empty() {
        "it is empty".to_owned()
    } else if text.len() <= LONGEST_KEY && text.as_bytes().iter().all(plain) {
        return Ok(());
    } else if text.chars().count() > LONGEST_KEY {
        format!("it is longer than {LONGEST_KEY} characters")
    } else if let Some(hidden) = text.chars().find(|&c| is_hidden(c)) {
        format!("it has the unprintable character U+{:04X}", u32::from(hidden))
    } else if text.trim().is_empty() {
        "it is empty".to_owned()
    } else {
        return Ok(());
    };
    Err((RowCode::InvalidKey, detail))
}

/// Characters that nobody sees but that make two keys different, or turn the text around them: controls,
/// line and paragraph separators, zero-width spaces, marks and overrides of direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn amount(metric: &Metric, text: &str) -> Result<Quantity, (RowCode, String)> {
    let value = Quantity::parse(text).map_err(|error| {
        let code = match error {
            QuantityError::NotANumber | QuantityError::NotFinite => RowCode::NotANumber,
            QuantityError::TooManyDecimals => RowCode::TooManyDecimals,
            QuantityError::TooLarge => RowCode::AbsurdValue,
        };
        (code, format!("`{}` is {error}", shown(text)))
    })?;
    if value.is_negative() && !metric.may_be_negative {
        let detail = format!("`{}` cannot be negative, it is {value}", metric.key);
        return Err((RowCode::NegativeValue, detail));
    }
    if metric.whole && !value.is_whole() {
        let detail = format!("`{}` takes whole numbers only, it is {value}", metric.key);
        return Err((RowCode::NotWhole, detail));
    }
    Ok(value)
}

/// A sender's text inside a message: short, and without characters that could break it.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String =
        text.chars().take(LONGEST).map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// "`a`", "`a` and `b`", "`a`, `b` and `c`".
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
