//! CSV: a header that names the columns, in any order, and one record a row.
//!
//! Cells are taken without the blanks around them, an empty cell is a field left out, and a record of
//! empty cells only (spreadsheets add them at the end) is a blank line.

use std::borrow::Cow;

use ::csv::{ByteRecord, Reader, ReaderBuilder};
use tillwatch_shared::samples::RowCode;

use crate::measure::metrics::Book;

use super::row::{
    AT, CAMPAIGN, CHANNEL, Cells, Checker, FIELDS, KEY, METRIC, NOTES, PERIOD, POINTERS, SUBJECT, VALUE, shown,
};
use super::{BodyError, Limits, MAX_ROW_BYTES, Parsed, RowRefusal, SampleRow, object};

/// Reads every record after the header.
pub(super) fn parse<'a>(bytes: &'a [u8], limits: Limits, book: &'a Book) -> Result<Vec<Parsed<'a>>, BodyError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(BodyError::Empty);
    }
    let columns = Columns::read(&record)?;
    let mut lines = Lines::of(bytes);
    let mut checker = Checker::new(book);
    let mut parsed = Vec::new();
    let mut rows = 0;
    while next(&mut reader, &mut record)? {
        rows += 1;
        if rows > limits.max_rows {
            // Only counted, so that the answer can say how to split.
            continue;
        }
        let from = record.position().map_or(0, ::csv::Position::byte);
        let line = lines.line_of(usize::try_from(from).unwrap_or(usize::MAX));
        parsed.push(columns.row(&mut checker, line, &record).into());
    }
    if rows > limits.max_rows {
        return Err(BodyError::TooManyRows { rows, max: limits.max_rows });
    }
    Ok(parsed)
}

/// The next record that is not blank.
fn next(reader: &mut Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, BodyError> {
    // Bytes in memory don't fail and any byte and any number of cells is taken; but the library says it may.
    while reader.read_byte_record(record).map_err(|error| BodyError::BadCsvHeader { detail: error.to_string() })? {
        if record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which cell holds which field.
struct Columns {
    of: [Option<usize>; FIELDS.len()],
    count: usize,
}

impl Columns {
    fn read(header: &ByteRecord) -> Result<Self, BodyError> {
        let bad = |detail| BodyError::BadCsvHeader { detail };
        let mut of = [None; FIELDS.len()];
        for (index, cell) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(cell.trim_ascii());
            if NOTES.contains(&name.as_ref()) {
                continue;
            }
            let Some(field) = FIELDS.iter().position(|field| *field == name) else {
                let hint = if name.contains([';', '\t']) { "; separate the columns by commas" } else { "" };
                return Err(bad(format!("unknown column `{}`{hint}", shown(&name))));
            };
            if of[field].replace(index).is_some() {
                return Err(bad(format!("the column `{name}` is there twice")));
            }
        }
        for field in [METRIC, AT, KEY, VALUE] {
            if of[field].is_none() {
                return Err(bad(format!("the column `{}` is missing", FIELDS[field])));
            }
        }
        let count = header.len();
        Ok(Self { of, count })
    }

    fn row<'a>(&self, checker: &mut Checker<'a>, line: u32, record: &ByteRecord) -> Result<SampleRow<'a>, RowRefusal> {
        if record.as_slice().len() > MAX_ROW_BYTES {
            return Err(object::too_long(line, record.as_slice().len()));
        }
        if record.len() != self.count {
            let detail = format!(
                "the row has {} cells and the header {}; a cell with a comma or a quote needs quotes around it",
                record.len(),
                self.count
            );
            return Err(RowRefusal::new(line, RowCode::MalformedRow, "", detail));
        }
        let required = |field| match self.cell(line, record, field) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(object::missing(line, field)),
            Err(refusal) => Err(refusal),
        };
        let optional = |field| self.cell(line, record, field).map(|cell| cell.map(|text| Cow::Owned(text.to_owned())));
        let cells = Cells {
            metric: required(METRIC)?,
            at: required(AT)?,
            key: Cow::Owned(required(KEY)?.to_owned()),
            value: required(VALUE)?,
            channel: optional(CHANNEL)?,
            campaign: optional(CAMPAIGN)?,
            period: optional(PERIOD)?,
            subject: optional(SUBJECT)?,
        };
        checker.check(line, cells)
    }

    /// The text of a field, `None` when its cell is empty or has no column.
    fn cell<'r>(&self, line: u32, record: &'r ByteRecord, field: usize) -> Result<Option<&'r str>, RowRefusal> {
        let Some(cell) = self.of[field].and_then(|index| record.get(index)) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(cell).map_err(|_| {
            RowRefusal::new(line, RowCode::MalformedRow, POINTERS[field], "not UTF-8; save the file as \"CSV UTF-8\"")
        })?;
        let text = text.trim();
        Ok((!text.is_empty()).then_some(text))
    }
}

/// Counts lines up to where a record starts. The library's own count is that of the place where it began
/// to look, before the blank lines in front of the record.
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// Those of a whole table.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of the first record that starts at `from` or after it. `from` never goes back.
    pub fn line_of(&mut self, from: usize) -> u32 {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = from.saturating_add(blank).min(self.bytes.len());
        let passed = self.bytes.get(self.at..start).unwrap_or_default();
        // A lone carriage return ends a record too, as it does for the library.
        let returns = memchr::memchr_iter(b'\r', passed).filter(|&at| passed.get(at + 1) != Some(&b'\n')).count();
        let newlines = memchr::memchr_iter(b'\n', passed).count() + returns;
        self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        self.at = self.at.max(start);
        self.line
    }
}
