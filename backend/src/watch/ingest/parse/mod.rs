//! The body of `POST /v1/samples`, from bytes to checked rows.
//!
//! Cast: [`Format`] from the content type, [`unpack`] undoes gzip within a limit, [`parse`] reads NDJSON,
//! CSV or JSON into [`Parsed`] rows, [`refuse_future`] holds them against the clock. `object` reads a row
//! of JSON, `row` checks the fields of any row, `error` says what is wrong with a body as a whole.
//!
//! Invariants:
//! - every row sent becomes exactly one [`Parsed`], in the order sent; a bad row never takes its
//!   neighbours with it, and a body is refused as a whole only when its rows can't be told apart or are
//!   too many;
//! - values are exact: they go from the text of the request to a [`Quantity`] without a float between;
//! - no input panics, and no input takes more memory than a small multiple of the unpacked limit;
//! - no two rows that are left have the same metric, channel, campaign, period, subject, time and key *as written*. Two
//!   spellings of one channel (its id and the tenant's key) can be told only after they were looked up,
//!   so whoever looks them up compares again.

mod csv;
mod error;
mod json;
mod ndjson;
mod object;
mod row;
mod unpack;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::samples::{RowCode, SampleResult};

use crate::measure::metrics::{Base, Book};

pub use self::csv::Lines;
pub use error::BodyError;
pub use row::{FIELDS, NOTES, shown};
pub use unpack::{UNPACKED_LIMIT, unpack};

/// The longest row: one line, one record or one element of the array, in bytes.
pub const MAX_ROW_BYTES: usize = 64 * 1024;
/// How far a sample's time may be ahead of the service's clock.
pub const FUTURE_SLACK: TimeDelta = TimeDelta::minutes(5);

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// A header and one record a line.
    Csv,
    /// `{"samples":[…]}`.
    Json,
}

impl Format {
    /// The format that a content type names. Parameters are ignored, but for a character set that is not
    /// UTF-8.
    ///
    /// # Errors
    /// [`BodyError::UnknownFormat`] for any other content type, or none.
    pub fn from_content_type(content_type: Option<&str>) -> Result<Self, BodyError> {
        let given = content_type.unwrap_or_default().trim();
        let unknown = || BodyError::UnknownFormat { content_type: shown(given) };
        let mut parts = given.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        for parameter in parts {
            if let Some((name, value)) = parameter.split_once('=')
                && name.trim().eq_ignore_ascii_case("charset")
            {
                let charset = value.trim().trim_matches('"');
                if !["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
                    return Err(unknown());
                }
            }
        }
        match essence.as_str() {
            "application/x-ndjson" => Ok(Self::Ndjson),
            "text/csv" => Ok(Self::Csv),
            "application/json" => Ok(Self::Json),
            _ => Err(unknown()),
        }
    }
}

/// What one request may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most rows, good and bad.
    pub max_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_rows: 10_000 }
    }
}

/// A row that says something: which metric, where, when, how much.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow<'a> {
    /// The line where it starts, from 1 (CSV: the header is line 1); in a JSON array its place, from 1.
    pub line: u32,
    /// A metric that takes samples.
    pub metric: Base<'a>,
    /// When; to the microsecond, since that is what the database keeps.
    pub at: DateTime<Utc>,
    /// The sender's own key of the row.
    pub key: Cow<'a, str>,
    /// The channel's id or the tenant's key of it, not yet looked up.
    pub channel: Option<Cow<'a, str>>,
    /// The campaign's id or the tenant's key of it, not yet looked up.
    pub campaign: Option<Cow<'a, str>>,
    /// Of a distinct count: the period in which its source counted.
    pub period: Option<Resolution>,
    /// What it is about, as written: a kind, a colon, a key.
    pub subject: Option<Cow<'a, str>>,
    /// How much, in the metric's unit.
    pub value: Quantity,
    /// Of several durations in one row: each of them, in ten-thousandths, with the value as their sum.
    pub many: Vec<i64>,
}

/// Why a row was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRefusal {
    /// As in [`SampleRow`].
    pub line: u32,
    /// The reason, from the closed list.
    pub code: RowCode,
    /// JSON pointer to the field (also for CSV); empty for the row as a whole.
    pub pointer: String,
    /// What is wrong with this row, in English.
    pub detail: String,
}

impl RowRefusal {
    /// A refusal of the field at `pointer`.
    pub fn new(line: u32, code: RowCode, pointer: &str, detail: impl Into<String>) -> Self {
        Self { line, code, pointer: pointer.to_owned(), detail: detail.into() }
    }
}

impl From<RowRefusal> for SampleResult {
    fn from(refusal: RowRefusal) -> Self {
        Self::refused(refusal.line, refusal.code, refusal.pointer, refusal.detail)
    }
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed<'a> {
    /// Checked, ready to be looked up and stored.
    Row(SampleRow<'a>),
    /// Not taken.
    Refused(RowRefusal),
}

impl Parsed<'_> {
    /// Its line; see [`SampleRow::line`].
    #[must_use]
    pub fn line(&self) -> u32 {
        match self {
            Self::Row(row) => row.line,
            Self::Refused(refusal) => refusal.line,
        }
    }
}

impl<'a> From<Result<SampleRow<'a>, RowRefusal>> for Parsed<'a> {
    fn from(result: Result<SampleRow<'a>, RowRefusal>) -> Self {
        match result {
            Ok(row) => Self::Row(row),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// Reads the rows of an unpacked body, whose metrics are those of `book`. What needs the clock or the tenant's data is
/// left to the caller: [`refuse_future`], channels, campaigns.
///
/// # Errors
/// When the body has no rows, too many rows, or can't be taken apart into rows.
pub fn parse<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: Limits,
    book: &'a Book,
) -> Result<Vec<Parsed<'a>>, BodyError> {
    parse_piece(format, bytes, limits, book, |line| line)
}

/// As [`parse`], for a piece of a longer text: `whole` makes a line of the piece a line of the text.
///
/// # Errors
/// As [`parse`].
pub fn parse_piece<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: Limits,
    book: &'a Book,
    whole: impl Fn(u32) -> u32,
) -> Result<Vec<Parsed<'a>>, BodyError> {
    // What spreadsheets call "Unicode text" is UTF-16 and never valid here.
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(BodyError::NotUtf8 { at: 0 });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rows = match format {
        Format::Ndjson => ndjson::parse(bytes, limits, book),
        Format::Csv => csv::parse(bytes, limits, book),
        Format::Json => json::parse(bytes, limits, book),
    }?;
    if rows.is_empty() {
        return Err(BodyError::Empty);
    }
    for row in &mut rows {
        let (Parsed::Row(SampleRow { line, .. }) | Parsed::Refused(RowRefusal { line, .. })) = row;
        *line = whole(*line);
    }
    refuse_duplicates(&mut rows);
    Ok(rows)
}

/// A row that was read elsewhere, as texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// As in [`SampleRow`].
    pub line: u32,
    /// The metric's key.
    pub metric: String,
    /// RFC 3339.
    pub at: String,
    /// The sender's own key of the row.
    pub key: String,
    /// A plain decimal number.
    pub value: String,
    /// The channel's id or the tenant's key of it.
    pub channel: Option<String>,
    /// The campaign's id or the tenant's key of it.
    pub campaign: Option<String>,
}

/// Checks rows that were read elsewhere as those of a body are checked; what was refused there stays refused.
pub fn check<'a>(rows: &'a [Result<TextRow, RowRefusal>], book: &'a Book) -> Vec<Parsed<'a>> {
    let mut checker = row::Checker::new(book);
    let mut checked = |row: &'a TextRow| {
        let cells = row::Cells {
            metric: &row.metric,
            at: &row.at,
            key: Cow::Borrowed(&row.key),
            value: &row.value,
            channel: row.channel.as_deref().map(Cow::Borrowed),
            campaign: row.campaign.as_deref().map(Cow::Borrowed),
            period: None,
            subject: None,
        };
        checker.check(row.line, cells)
    };
    let mut parsed: Vec<Parsed<'a>> = rows
        .iter()
        .map(|row| match row {
            Ok(row) => checked(row).into(),
            Err(refusal) => Parsed::Refused(refusal.clone()),
        })
        .collect();
    refuse_ambiguous(&mut parsed);
    refuse_duplicates(&mut parsed);
    parsed
}

/// Refuses all rows that are the same figure with different values: nobody can tell which is meant, or whether they add up.
fn refuse_ambiguous(rows: &mut [Parsed<'_>]) {
    let mut groups: HashMap<Identity<'_>, Vec<usize>> = HashMap::with_capacity(rows.len());
    for (index, parsed) in rows.iter().enumerate() {
        if let Parsed::Row(row) = parsed {
            groups.entry(Identity(row)).or_default().push(index);
        }
    }
    let value = |index: usize| match &rows[index] {
        Parsed::Row(row) => Some(row.value),
        Parsed::Refused(_) => None,
    };
    let differ = |group: &Vec<usize>| group.iter().any(|index| value(*index) != value(group[0]));
    let unclear: Vec<usize> = groups.into_values().filter(differ).flatten().collect();
    for index in unclear {
        if let Parsed::Row(row) = &rows[index] {
            let detail =
                "several rows are the same figure with different values; name the columns that tell them apart";
            let line = row.line;
            rows[index] = Parsed::Refused(RowRefusal::new(line, RowCode::DuplicateKey, "/key", detail.to_owned()));
        }
    }
}

/// Whether a row names a metric that is not in the book it was read with: the retailer may have one of its own.
pub fn names_unknown(rows: &[Parsed<'_>]) -> bool {
    rows.iter().any(|row| matches!(row, Parsed::Refused(refusal) if refusal.code == RowCode::UnknownMetric))
}

/// Refuses rows whose time is more than [`FUTURE_SLACK`] after `now`.
pub fn refuse_future(rows: &mut [Parsed<'_>], now: DateTime<Utc>) {
    for parsed in rows {
        let Parsed::Row(row) = parsed else { continue };
        if row.at.signed_duration_since(now) <= FUTURE_SLACK {
            continue;
        }
        let detail = format!(
            "`{}` is more than 5 minutes ahead of the service's clock ({})",
            row.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            now.to_rfc3339_opts(SecondsFormat::Secs, true)
        );
        *parsed = Parsed::Refused(RowRefusal::new(row.line, RowCode::FutureTime, "/at", detail));
    }
}

/// What makes a sample the same sample.
struct Identity<'r>(&'r SampleRow<'r>);

impl Identity<'_> {
    fn parts(&self) -> (i64, &str, &str, Option<&str>, Option<&str>) {
        let row = self.0;
        (row.at.timestamp_micros(), &row.key, row.metric.key, row.channel.as_deref(), row.campaign.as_deref())
    }

    /// What few rows have; not hashed.
    fn rest(&self) -> (Option<Resolution>, Option<&str>) {
        (self.0.period, self.0.subject.as_deref())
    }
}

impl Hash for Identity<'_> {
    /// The same parts with fewer calls of the hasher than their own `Hash` makes, since every good row
    /// passes here. The lengths keep "ab" + "c" from "a" + "bc".
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (at, key, metric, channel, campaign) = self.parts();
        let (channel, campaign) = (channel.unwrap_or_default(), campaign.unwrap_or_default());
        state.write_i64(at);
        state.write_usize(key.len());
        state.write_usize(channel.len());
        for text in [key, metric, channel, campaign] {
            state.write(text.as_bytes());
        }
    }
}

impl PartialEq for Identity<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts() && self.rest() == other.rest()
    }
}

impl Eq for Identity<'_> {}

/// Refuses each row that an earlier one of the request already is. Which of the two values holds is the
/// sender's to say, in a later request.
fn refuse_duplicates(rows: &mut [Parsed<'_>]) {
    // The hasher is the standard, keyed one: the keys come from outside.
    let mut first = HashMap::with_capacity(rows.len());
    let mut twice = Vec::new();
    for (index, parsed) in rows.iter().enumerate() {
        let Parsed::Row(row) = parsed else { continue };
        match first.entry(Identity(row)) {
            Entry::Vacant(free) => {
                free.insert(row.line);
            }
            Entry::Occupied(taken) => twice.push((index, row.line, *taken.get())),
        }
    }
    drop(first);
    for (index, line, earlier) in twice {
        let detail = format!(
            "line {earlier} has the same metric, channel, campaign, time and key; send a correction in a later request"
        );
        rows[index] = Parsed::Refused(RowRefusal::new(line, RowCode::DuplicateKey, "/key", detail));
    }
}

#[cfg(test)]
mod tests;
