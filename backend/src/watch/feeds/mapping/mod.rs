//! From a document to samples: what a mapping makes of its rows. Pure.
//!
//! Cast: [`document`] takes a document apart into rows, [`texts`] reads times and numbers as people write them. What comes
//! out are texts, which the checks of every other sample judge ([`crate::watch::ingest::parse::check`]), so a fetched row
//! is taken or refused as a sent one is. Invariants: values are exact, from the document's own digits; a bad row never
//! takes its neighbours with it; a document is refused as a whole only when it cannot be taken apart, has no such column,
//! or is too long; no input panics.

mod document;
mod texts;

use crate::platform::hex::hex;
use crate::watch::ingest::parse::{RowRefusal, TextRow, shown};
use chrono_tz::Tz;
use document::Cell;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::time::Instant;
use tillwatch_shared::feeds::{FeedFault, FeedField, FeedFormat, FeedMapping, FeedMeasure, FeedNumbers};
use tillwatch_shared::samples::RowCode;

pub(super) use texts::zone;

/// The most samples of a document, as of a request.
pub(super) const MOST_SAMPLES: usize = 10_000;
/// The most rows of a document, those without any figure among them.
const MOST_ROWS: usize = 100_000;
/// The longest text of a cell that is used, in bytes.
const LONGEST_TEXT: usize = 512;

/// What is wrong with a document as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The reason.
    pub(super) fault: FeedFault,
    /// A sentence, with the way to mend it.
    pub(super) detail: String,
    /// The columns that it has, where it is one of these that is missing: for a try, and kept nowhere.
    pub(super) columns: Vec<String>,
}

impl Broken {
    /// With its sentence.
    pub(super) fn new(fault: FeedFault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into(), columns: Vec::new() }
    }
}

/// What a mapping made of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The samples, and what cannot be one.
    pub(super) samples: Vec<Result<TextRow, RowRefusal>>,
    /// Figures that are empty, and so none.
    pub(super) empty: u32,
    /// The columns that the document has, as far as they are shown.
    pub(super) columns: Vec<String>,
}

/// How a document is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct How<'a> {
    /// How it is written.
    pub(super) format: FeedFormat,
    /// What of it is what.
    pub(super) mapping: &'a FeedMapping,
    /// The retailer's time zone.
    pub(super) zone: Tz,
    /// The key of rows that have none of their own: metric, place and time tell them apart.
    pub(super) made_key: &'a str,
    /// Reading is given up then.
    pub(super) until: Instant,
}

/// Reads a document.
pub(super) fn read(how: How<'_>, bytes: &[u8]) -> Result<Reading, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Broken::new(FeedFault::NotUtf8, format!("It is not UTF-8 at byte {at}. Have it written as UTF-8."))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut mapped = Mapped::new(how);
    let columns = match how.format {
        FeedFormat::Csv => document::csv(text, &mapped.columns.clone(), &mut |line, row| mapped.row(line, row))?,
        FeedFormat::Ndjson => document::ndjson(text, &mut |line, row| mapped.row(line, row))?,
        FeedFormat::Json => document::json(text, how.mapping.rows.as_deref(), &mut |line, row| mapped.row(line, row))?,
    };
    mapped.finish(columns)
}

/// The columns that a mapping names, each once.
fn columns(mapping: &FeedMapping) -> BTreeSet<&str> {
    let fields =
        mapping.measures.iter().map(|measure| &measure.metric).chain(&mapping.channel).chain(&mapping.campaign);
    let columns = fields.filter_map(|field| field.column.as_deref());
    let values = mapping.measures.iter().map(|measure| measure.value.as_str());
    columns
        .chain(values)
        .chain([mapping.time.column.as_str()])
        .chain(mapping.key_columns.iter().map(String::as_str))
        .collect()
}

/// The cells of a row, by column.
type Row<'r> = &'r dyn Fn(&str) -> Cell<'r>;
/// A row, or why it is none.
type Given<'r> = Result<Row<'r>, (RowCode, String)>;

/// The cells of a row that a mapping names, each looked up once.
struct Cells<'r> {
    columns: &'r [&'r str],
    cells: Vec<Cell<'r>>,
}

impl Cells<'_> {
    fn of(&self, column: &str) -> &Cell<'_> {
        let place = self.columns.binary_search(&column).ok();
        place.and_then(|place| self.cells.get(place)).unwrap_or(&Cell::Missing)
    }
}

struct Mapped<'a> {
    how: How<'a>,
    zone: Tz,
    reading: Reading,
    /// The columns that are named, in order.
    columns: Vec<&'a str>,
    /// Columns that no row had so far.
    unseen: BTreeSet<&'a str>,
    rows: usize,
}

impl<'a> Mapped<'a> {
    fn new(how: How<'a>) -> Self {
        let zone = how.mapping.time.time_zone.as_deref().and_then(zone).unwrap_or(how.zone);
        let unseen = columns(how.mapping);
        let columns = unseen.iter().copied().collect();
        Self { how, zone, reading: Reading::default(), columns, unseen, rows: 0 }
    }

    /// Takes a row; breaks off when the document has too many.
    fn row(&mut self, line: u32, row: Given<'_>) -> Result<(), Broken> {
        self.rows += 1;
        if self.rows > MOST_ROWS {
            return Err(too_many("100,000 rows"));
        }
        if Instant::now() > self.how.until {
            let detail =
                "Reading it takes too long. Have the address give fewer rows, or use fewer and shorter JSON pointers.";
            return Err(Broken::new(FeedFault::TooManyRows, detail));
        }
        let row = match row {
            Ok(row) => row,
            Err((code, detail)) => return self.add(Err(RowRefusal::new(line, code, "", detail))),
        };
        let columns = self.columns.clone();
        let row = &Cells { columns: &columns, cells: columns.iter().map(|column| row(column)).collect() };
        self.unseen.retain(|column| matches!(row.of(column), Cell::Missing));
        let mapping = self.how.mapping;
        for measure in &mapping.measures {
            match row.of(&measure.value) {
                Cell::Missing | Cell::Empty => self.reading.empty = self.reading.empty.saturating_add(1),
                value => {
                    let sample = self.sample(line, row, measure, value);
                    self.add(sample)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, sample: Result<TextRow, RowRefusal>) -> Result<(), Broken> {
        if self.reading.samples.len() >= MOST_SAMPLES {
            return Err(too_many("10,000 samples"));
        }
        self.reading.samples.push(sample);
        Ok(())
    }

    fn sample(
        &self,
        line: u32,
        row: &Cells<'_>,
        measure: &FeedMeasure,
        value: &Cell<'_>,
    ) -> Result<TextRow, RowRefusal> {
        let mapping = self.how.mapping;
        let refuse = |code, pointer: &str, detail: String| RowRefusal::new(line, code, pointer, detail);
        let missing = |pointer: &str, column: &str| {
            refuse(RowCode::MissingField, pointer, format!("`{}` is empty in this row", shown(column)))
        };
        let metric = field(&measure.metric, row)
            .map_err(|detail| refuse(RowCode::WrongType, "/metric", detail))?
            .ok_or_else(|| missing("/metric", measure.metric.column.as_deref().unwrap_or_default()))?;
        let time = text(row.of(&mapping.time.column), &mapping.time.column)
            .map_err(|detail| refuse(RowCode::InvalidTime, "/at", detail))?
            .ok_or_else(|| missing("/at", &mapping.time.column))?;
        let at = texts::time(&time, mapping.time.format, self.zone)
            .map_err(|detail| refuse(RowCode::InvalidTime, "/at", detail))?;
        let place = |wanted: &Option<FeedField>, pointer: &str| {
            let found = wanted.as_ref().map(|wanted| field(wanted, row)).transpose();
            found.map(Option::flatten).map_err(|detail| refuse(RowCode::WrongType, pointer, detail))
        };
        let (channel, campaign) = (place(&mapping.channel, "/channel")?, place(&mapping.campaign, "/campaign")?);
        let value = match value {
            Cell::Number(long) if long.len() > LONGEST_TEXT => {
                return Err(refuse(RowCode::NotANumber, "/value", too_long(&measure.value)));
            }
            Cell::Text(long) if long.len() > LONGEST_TEXT => {
                return Err(refuse(RowCode::NotANumber, "/value", too_long(&measure.value)));
            }
            // JSON's own number has one meaning.
            Cell::Number(token) => (*token).to_owned(),
            Cell::Text(text) => texts::number(text, mapping.numbers.unwrap_or(FeedNumbers::Plain))
                .map_err(|detail| refuse(RowCode::NotANumber, "/value", detail))?,
            _ => {
                let detail = format!("`{}` is neither a number nor a text", shown(&measure.value));
                return Err(refuse(RowCode::WrongType, "/value", detail));
            }
        };
        let key = self.key(row).map_err(|(column, detail)| match detail {
            Some(detail) => refuse(RowCode::WrongType, "/key", detail),
            None => missing("/key", column),
        })?;
        Ok(TextRow { line, metric, at, key, value, channel, campaign })
    }

    /// The row's key; an empty column and, where it is not merely empty, what is wrong with it.
    fn key(&self, row: &Cells<'_>) -> Result<String, (&'a str, Option<String>)> {
        let mut parts = Vec::with_capacity(self.how.mapping.key_columns.len());
        for column in &self.how.mapping.key_columns {
            let part = text(row.of(column), column).map_err(|detail| (column.as_str(), Some(detail)))?;
            parts.push(part.ok_or((column.as_str(), None))?);
        }
        Ok(match parts.as_slice() {
            [] => self.how.made_key.to_owned(),
            parts => {
                let mut digest = Sha256::new();
                // The feed's own key keeps two tills with the same numbers apart.
                for part in [self.how.made_key].into_iter().chain(parts.iter().map(String::as_str)) {
                    // The length keeps "ab" and "c" from "a" and "bc".
                    digest.update(part.len().to_be_bytes());
                    digest.update(part.as_bytes());
                }
                let digest: [u8; 32] = digest.finalize().into();
                hex(&digest[..16])
            }
        })
    }

    fn finish(self, columns: Vec<String>) -> Result<Reading, Broken> {
        if self.rows > 0
            && let Some(column) = self.missing()
            && (self.reading.samples.iter().any(Result::is_ok) || self.all_missing())
        {
            let detail = format!(
                "It has nothing under `{}`. Mend the mapping or the address; a try shows what it has.",
                shown(column)
            );
            return Err(Broken { columns, ..Broken::new(FeedFault::MissingColumn, detail) });
        }
        Ok(Reading { columns, ..self.reading })
    }

    /// A column without which there is no figure at all, and which no row had. Objects often leave out what is empty, so any
    /// other column may be absent.
    fn missing(&self) -> Option<&'a str> {
        let mapping = self.how.mapping;
        let mut needed = vec![mapping.time.column.as_str()];
        needed.extend(mapping.measures.iter().filter_map(|measure| measure.metric.column.as_deref()));
        needed.extend(mapping.key_columns.iter().map(String::as_str));
        let unseen = |column: &&str| self.unseen.contains(column);
        let values: Vec<&str> = mapping.measures.iter().map(|measure| measure.value.as_str()).collect();
        let without_figures = values.iter().all(unseen).then(|| values.first().copied()).flatten();
        needed.into_iter().find(unseen).or(without_figures)
    }

    /// Whether rows could be read at all, and what is refused is so for what is missing.
    fn all_missing(&self) -> bool {
        self.reading.samples.iter().all(|sample| match sample {
            Ok(_) => true,
            Err(refusal) => refusal.code == RowCode::MissingField,
        })
    }
}

fn too_many(what: &str) -> Broken {
    let detail = format!("It has more than {what}. Have the address give fewer rows: those of the last days, say.");
    Broken::new(FeedFault::TooManyRows, detail)
}

fn too_long(column: &str) -> String {
    format!("`{}` is longer than {LONGEST_TEXT} bytes in this row", shown(column))
}

/// The text of a field in a row; `None` where it is empty.
fn field(field: &FeedField, row: &Cells<'_>) -> Result<Option<String>, String> {
    match (&field.constant, &field.column) {
        (Some(constant), _) => Ok(Some(constant.clone())),
        (None, Some(column)) => text(row.of(column), column),
        (None, None) => Ok(None),
    }
}

/// The text of a cell; a number's digits are one, too.
fn text(cell: &Cell<'_>, column: &str) -> Result<Option<String>, String> {
    match cell {
        Cell::Missing | Cell::Empty => Ok(None),
        // Before it is copied for each figure of the row.
        Cell::Text(text) if text.len() > LONGEST_TEXT => Err(too_long(column)),
        Cell::Number(token) if token.len() > LONGEST_TEXT => Err(too_long(column)),
        Cell::Text(text) => Ok(Some(text.clone().into_owned())),
        Cell::Number(token) => Ok(Some((*token).to_owned())),
        Cell::Other => Err(format!("`{}` is neither a text nor a number", shown(column))),
    }
}

#[cfg(test)]
mod tests;
