//! The rules for one row, whatever it was written in.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::{Quantity, QuantityError};
use tillwatch_shared::samples::RowCode;

use super::{RowRefusal, SampleRow};
use crate::measure::metrics::{Base, Book, Definition, Kind};
use crate::measure::subjects;

/// The fields of a row, in the order of [`Cells`].
pub const FIELDS: [&str; 8] = ["metric", "at", "key", "value", "channel", "campaign", "period", "subject"];
/// Their pointers.
pub(super) const POINTERS: [&str; 8] =
    ["/metric", "/at", "/key", "/value", "/channel", "/campaign", "/period", "/subject"];
/// The columns that a file of refused rows has beside the fields. They are passed over, so that such a file can be
/// mended and sent as it is.
pub const NOTES: [&str; 4] = ["error_line", "error_code", "error_detail", "error_row"];
pub(super) const METRIC: usize = 0;
pub(super) const AT: usize = 1;
pub(super) const KEY: usize = 2;
pub(super) const VALUE: usize = 3;
pub(super) const CHANNEL: usize = 4;
pub(super) const CAMPAIGN: usize = 5;
pub(super) const PERIOD: usize = 6;
pub(super) const SUBJECT: usize = 7;

/// The longest key, channel or campaign, in characters.
const LONGEST_KEY: usize = 128;
/// 2000-01-01T00:00:00Z. Older samples are mistakes (a default date, seconds taken for milliseconds).
const OLDEST_SECOND: i64 = 946_684_800;
/// How many rows of a request get a proposal for their unknown metric. Looking for the nearest key takes
/// a thousand times as long as a good row, and whoever made the same slip ten thousand times needs it once.
const PROPOSALS: u32 = 50;
/// The most durations of one row.
const MOST_DURATIONS: usize = 1_000;
/// The most durations in the lists of one request or batch: as many as it has rows, since each is stored and counted as
/// one.
pub(super) const MOST_LISTED: usize = 10_000;

/// The texts of a row. What the row keeps is borrowed for as long as the request where it can be.
pub(super) struct Cells<'t, 'a> {
    pub(super) metric: &'t str,
    pub(super) at: &'t str,
    pub(super) key: Cow<'a, str>,
    pub(super) value: &'t str,
    pub(super) channel: Option<Cow<'a, str>>,
    pub(super) campaign: Option<Cow<'a, str>>,
    pub(super) period: Option<Cow<'a, str>>,
    pub(super) subject: Option<Cow<'a, str>>,
}

/// Checks the rows of one request.
pub(super) struct Checker<'a> {
    book: &'a Book,
    proposals_left: u32,
    listed_left: usize,
}

impl<'a> Checker<'a> {
    pub(super) const fn new(book: &'a Book) -> Self {
        Self { book, proposals_left: PROPOSALS, listed_left: MOST_LISTED }
    }

    /// The row, or its first fault in the order of the fields.
    pub(super) fn check(&mut self, line: u32, cells: Cells<'_, 'a>) -> Result<SampleRow<'a>, RowRefusal> {
        let refuse =
            |(code, detail): (RowCode, String), field: usize| RowRefusal::new(line, code, POINTERS[field], detail);
        let (metric, base) = self.metric(cells.metric).map_err(|fault| refuse(fault, METRIC))?;
        let at = time(cells.at).map_err(|fault| refuse(fault, AT))?;
        name(&cells.key).map_err(|fault| refuse(fault, KEY))?;
        if let Some(channel) = &cells.channel {
            name(channel).map_err(|fault| refuse(fault, CHANNEL))?;
        }
        if let Some(campaign) = &cells.campaign {
            name(campaign).map_err(|fault| refuse(fault, CAMPAIGN))?;
        }
        let period = period(&metric, cells.period.as_deref()).map_err(|fault| refuse(fault, PERIOD))?;
        let (value, many) = amounts(&metric, cells.value).map_err(|fault| refuse(fault, VALUE))?;
        if let Some(text) = &cells.subject {
            subject(text).map_err(|fault| refuse(fault, SUBJECT))?;
        }
        let Some(left) = self.listed_left.checked_sub(many.len()) else {
            let detail = format!(
                "the lists of one request or batch have at most {MOST_LISTED} durations in all; send this row in a later \
                 one"
            );
            return Err(refuse((RowCode::TooManyDurations, detail), VALUE));
        };
        self.listed_left = left;
        let Cells { key, channel, campaign, subject, .. } = cells;
        Ok(SampleRow { line, metric: base, at, key, channel, campaign, period, subject, value, many })
    }

    fn metric(&mut self, key: &str) -> Result<(Definition<'a>, Base<'a>), (RowCode, String)> {
        if self.book.own(key).is_some_and(|own| own.archived_at.is_some()) {
            return Err((RowCode::ArchivedMetric, format!("`{key}` is archived and takes no samples any more")));
        }
        let found = self.book.find(key);
        match found.map(|metric| (metric, metric.base())) {
            Some((metric, Some(base))) => Ok((metric, base)),
            Some((metric, None)) => Err((RowCode::ComputedMetric, computed(&metric))),
            None => {
                let mut detail = format!("there is no metric `{}`", shown(key));
                if self.proposals_left > 0 {
                    self.proposals_left -= 1;
                    if let Some(near) = self.book.suggest(key) {
                        detail.extend(["; did you mean `", near, "`?"]);
                    }
                }
                Err((RowCode::UnknownMetric, detail))
            }
        }
    }
}

/// Why a computed metric takes no samples. Ad platforms call sales by spend "ROI", which is ROAS: whoever sends either
/// is asked which of the two it is.
fn computed(metric: &Definition<'_>) -> String {
    let (key, parts) = (metric.key, listed(&metric.parts()));
    let mut detail = format!("`{key}` is computed; send its parts {parts}");
    if matches!(key, "roi" | "roas") {
        detail.push_str(
            ". Say which of the two your source means: ROI is (sales - spend) / spend, ROAS is sales / spend, which ad \
             platforms often call ROI. To keep the platform's own figure, define a metric of your own for it",
        );
    }
    detail
}

/// The period of a distinct count, which is a day unless it is said; nothing else has one.
fn period(metric: &Definition<'_>, text: Option<&str>) -> Result<Option<Resolution>, (RowCode, String)> {
    match (metric.kind, text) {
        (Kind::Distinct, None) => Ok(Some(Resolution::Day)),
        (Kind::Distinct, Some(text)) => {
            let period = text.parse().ok().filter(|period| *period != Resolution::Raw);
            let detail = || format!("`{}` is no period; it is hour, day, week or month", shown(text));
            period.map(Some).ok_or_else(|| (RowCode::InvalidPeriod, detail()))
        }
        (_, None) => Ok(None),
        (_, Some(_)) => {
            let detail = format!("`{}` is no distinct count, so it has no period; leave the field out", metric.key);
            Err((RowCode::InvalidPeriod, detail))
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

/// A subject: its kind, a colon, its key.
fn subject(text: &str) -> Result<(), (RowCode, String)> {
    let Some(named) = subjects::read(text) else {
        let detail = format!(
            "`{}` names no subject; write its kind and its key, such as product:sku-1042, keyword:… or content:…",
            shown(text)
        );
        return Err((RowCode::InvalidSubject, detail));
    };
    name(named.key)
}

/// Characters that nobody sees but that make two keys different, or turn the text around them: controls,
/// line and paragraph separators, zero-width spaces, marks and overrides of direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The value of a row, and the durations that it is the sum of if it lists several: `[12.5, 20]`, or `12.5;20` in a table.
fn amounts(metric: &Definition<'_>, text: &str) -> Result<(Quantity, Vec<i64>), (RowCode, String)> {
    let listed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if listed.is_none() && !text.contains(';') {
        return Ok((amount(metric, text)?, Vec::new()));
    }
    if metric.kind != Kind::Duration {
        let detail = "`value` is an array and should be a number; only durations come several at once";
        return Err((RowCode::WrongType, detail.to_owned()));
    }
    let mut many = Vec::new();
    let mut sum = Quantity::ZERO;
    for word in listed.unwrap_or(text).split([',', ';']) {
        let one = amount(metric, word.trim())?;
        let too_large = || (RowCode::AbsurdValue, "the durations add up to more than is kept".to_owned());
        sum = sum.checked_add(one).ok_or_else(too_large)?;
        many.push(one.e4());
        if many.len() > MOST_DURATIONS {
            let detail = format!("a row takes at most {MOST_DURATIONS} durations; send the rest under another key");
            return Err((RowCode::RowTooLong, detail));
        }
    }
    Ok((sum, many))
}

fn amount(metric: &Definition<'_>, text: &str) -> Result<Quantity, (RowCode, String)> {
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
pub fn shown(text: &str) -> String {
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
