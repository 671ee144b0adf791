//! The input of a back-test, line by line.
//!
//! Cast: [`Rows`] (reads, splits, checks the order), [`Row`] (one of them).
//!
//! Invariants: no more than one line is in memory; rows come out in ascending order of time, as strict as [`Order`] says.

use std::io::{BufRead, Read};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{BacktestError, Excerpt, Fault, LARGEST_VALUE, LONGEST_LINE};

/// One row of the input.
#[derive(Debug)]
pub(super) struct Row {
    /// The timestamp as written.
    pub(super) stamp: String,
    /// The value as written.
    pub(super) figure: String,
    /// For order and distances: UTC, or the wall clock taken for UTC where no offset is written.
    pub(super) instant: DateTime<Utc>,
    /// The wall clock as written.
    pub(super) local: NaiveDateTime,
    /// `None` where nothing was reported.
    pub(super) value: Option<f64>,
}

/// How strictly rows are held to the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Each moment once.
    Strict,
    /// A moment may come again; without offsets the clock may go back by an hour, as it does each autumn.
    Loose,
}

/// How far a clock without an offset may go back.
const AUTUMN: TimeDelta = TimeDelta::hours(1);

/// Reads rows and holds them to the order of time.
pub(super) struct Rows<R> {
    input: R,
    order: Order,
    line: u64,
    bytes: Vec<u8>,
    /// Made once: building its tables for each line would take nearly all of the time.
    csv: csv_core::Reader,
    /// Where the fields of a line are unquoted to.
    fields: Vec<u8>,
    /// The row before: its moment, and whether it had an offset.
    before: Option<(DateTime<Utc>, bool)>,
}

impl<R: BufRead> Rows<R> {
    /// Rows from the start of `input`.
    pub(super) fn new(input: R, order: Order) -> Self {
        Self {
            input,
            order,
            line: 0,
            bytes: Vec::new(),
            csv: csv_core::Reader::new(),
            fields: vec![0; LONGEST_LINE],
            before: None,
        }
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, BacktestError> {
        while self.read_line()? {
            let mut text = std::str::from_utf8(&self.bytes).map_err(|_| self.fault(None, Fault::NotUtf8))?;
            if self.line == 1 {
                text = text.trim_start_matches('\u{feff}');
            }
            if text.trim().is_empty() {
                continue;
            }
            let [stamp, figure] =
                split(text, &mut self.csv, &mut self.fields).map_err(|fault| self.fault(None, fault))?;
            if self.line == 1 && is_header(&stamp, &figure).map_err(|fault| self.fault(None, fault))? {
                continue;
            }
            return self.row(stamp, figure).map(Some);
        }
        Ok(None)
    }

    /// Reads the next line into `bytes`, ended by `\n` whatever ends it in the file; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, BacktestError> {
        self.bytes.clear();
        self.line += 1;
        let mut bounded = (&mut self.input).take(LONGEST_LINE as u64 + 1);
        let length = bounded.read_until(b'\n', &mut self.bytes).map_err(BacktestError::Input)?;
        if length > LONGEST_LINE {
            return Err(self.fault(None, Fault::TooLong));
        }
        while self.bytes.pop_if(|byte| matches!(byte, b'\r' | b'\n')).is_some() {}
        self.bytes.push(b'\n');
        Ok(length > 0)
    }

    fn row(&mut self, stamp: String, figure: String) -> Result<Row, BacktestError> {
        let (instant, local, has_offset) =
            timestamp(&stamp).ok_or_else(|| self.fault(Some(1), Fault::Timestamp(Excerpt::of(&stamp))))?;
        if let Some((before, had_offset)) = self.before {
            let excerpt = Excerpt::of(&stamp);
            if had_offset != has_offset {
                return Err(self.fault(Some(1), Fault::MixedOffsets(excerpt)));
            }
            let loose = self.order == Order::Loose;
            if instant == before && !loose {
                return Err(self.fault(Some(1), Fault::Duplicate(excerpt)));
            }
            let back = if loose && !has_offset { AUTUMN } else { TimeDelta::zero() };
            if before - instant > back {
                return Err(self.fault(Some(1), Fault::OutOfOrder(excerpt)));
            }
        }
        self.before = Some((instant, has_offset));
        let value = number(&figure).map_err(|fault| self.fault(Some(2), fault))?;
        Ok(Row { stamp, figure, instant, local, value })
    }

    fn fault(&self, column: Option<u8>, fault: Fault) -> BacktestError {
        BacktestError::Line { line: self.line, column, fault }
    }
}

/// Splits a line, which ends with `\n`, into its two fields by the rules of CSV.
fn split(line: &str, csv: &mut csv_core::Reader, fields: &mut [u8]) -> Result<[String; 2], Fault> {
    let mut ends = [0; 64];
    let (result, _, _, count) = csv.read_record(line.as_bytes(), fields, &mut ends);
    match result {
        csv_core::ReadRecordResult::Record => {}
        csv_core::ReadRecordResult::OutputEndsFull => {
            return Err(Fault::Columns { found: ends.len() });
        }
        _ => return Err(Fault::OpenQuote),
    }
    if count != 2 {
        return Err(Fault::Columns { found: count });
    }
    let text = |from: usize, to: usize| String::from_utf8_lossy(&fields[from..to]).into_owned();
    Ok([text(0, ends[0]), text(ends[0], ends[1])])
}

/// Whether the first line is the header; words that are none are refused, lest a column is taken for another.
fn is_header(stamp: &str, figure: &str) -> Result<bool, Fault> {
    let (first, second) = (stamp.trim(), figure.trim());
    if first.eq_ignore_ascii_case("timestamp") && second.eq_ignore_ascii_case("value") {
        return Ok(true);
    }
    let words = timestamp(first).is_none() && !second.is_empty() && second.parse::<f64>().is_err();
    if words { Err(Fault::Header(Excerpt::of(&format!("{first},{second}")))) } else { Ok(false) }
}

/// Moment, wall clock, and whether an offset is written. Shorter forms are filled up to RFC 3339 and parsed as that.
fn timestamp(text: &str) -> Option<(DateTime<Utc>, NaiveDateTime, bool)> {
    let text = text.trim();
    let time = text.get(11..).unwrap_or_default();
    let has_offset = time.contains(['Z', 'z', '+', '-']);
    let parsed = if has_offset {
        DateTime::parse_from_rfc3339(text)
    } else {
        let rest = match text.len() {
            10 => "T00:00:00Z",
            16 => ":00Z",
            _ => "Z",
        };
        DateTime::parse_from_rfc3339(&format!("{text}{rest}"))
    };
    let parsed = parsed.ok()?;
    Some((parsed.to_utc(), parsed.naive_local(), has_offset))
}

/// The value; `None` for an empty field.
fn number(text: &str) -> Result<Option<f64>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.contains(|c: char| c.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| digits).ok_or_else(|| Fault::Number(Excerpt::of(text)))?;
    if value.abs() > LARGEST_VALUE { Err(Fault::TooLarge(Excerpt::of(text))) } else { Ok(Some(value)) }
}
