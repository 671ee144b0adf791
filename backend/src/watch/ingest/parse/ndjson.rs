//! NDJSON: one object a line. Lines are cut before anything is read, so a bad one spoils only itself.

use tillwatch_shared::samples::RowCode;

use crate::measure::metrics::Book;

use super::row::Checker;
use super::{BodyError, Limits, MAX_ROW_BYTES, Parsed, RowRefusal, object};

/// Reads every line that is not blank.
pub(super) fn parse<'a>(bytes: &'a [u8], limits: Limits, book: &'a Book) -> Result<Vec<Parsed<'a>>, BodyError> {
    let rows = lines(bytes).count();
    if rows > limits.max_rows {
        return Err(BodyError::TooManyRows { rows, max: limits.max_rows });
    }
    let mut checker = Checker::new(book);
    let mut parsed = Vec::with_capacity(rows);
    for (number, line) in lines(bytes) {
        parsed.push(read(&mut checker, number, line));
    }
    Ok(parsed)
}

fn read<'a>(checker: &mut Checker<'a>, number: u32, line: &'a [u8]) -> Parsed<'a> {
    if line.len() > MAX_ROW_BYTES {
        return Parsed::Refused(object::too_long(number, line.len()));
    }
    match std::str::from_utf8(line) {
        Ok(text) => object::read(checker, number, text).into(),
        Err(error) => Parsed::Refused(RowRefusal::new(
            number,
            RowCode::MalformedRow,
            "",
            format!("not UTF-8 at byte {} of the line", error.valid_up_to()),
        )),
    }
}

/// The lines that are not blank, with their numbers from 1.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    ends.zip(1..)
        .map(move |(end, number)| {
            let line = bytes.get(start..end).unwrap_or_default();
            start = end + 1;
            (number, line.trim_ascii())
        })
        .filter(|(_, line)| !line.is_empty())
}
