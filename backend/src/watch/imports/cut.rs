//! Where whole rows end in a window of a file, so that a batch can be read without the rest. Pure.
//!
//! A line of NDJSON that is longer than the window is refused by itself and passed over, whatever its length. A record
//! of CSV or an element of JSON of that length means that a quote or a bracket is not closed: nothing behind it can be
//! told apart, so the file ends there with a sentence.

use crate::watch::ingest::parse::{BodyError, Format, MAX_ROW_BYTES, RowRefusal};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tillwatch_shared::samples::RowCode;

/// How far a file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Bytes that are behind.
    pub(super) offset: u64,
    /// Lines that are behind; of JSON, elements.
    pub(super) line: u32,
    /// The header of CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// The bytes so far of a line that is too long, whose end was not met yet.
    #[serde(default)]
    passing_over: u64,
    /// Whether the file of refused rows has begun.
    #[serde(default)]
    pub(super) errors_begun: bool,
    /// Bytes of the results so far.
    #[serde(default)]
    pub(super) result_bytes: u64,
    /// Bytes of the file of refused rows so far.
    #[serde(default)]
    pub(super) error_bytes: u64,
}

/// Why no more rows can be told apart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// The file as a whole.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// A record of CSV without an end.
    #[error(
        "The record that begins in line {line} does not end within a megabyte; a quote is probably not closed. The rows \
         before it were taken; mend it and send the file again."
    )]
    Unclosed {
        /// Where it begins.
        line: u32,
    },
}

/// Whole rows.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// As the parser takes them.
    pub(super) text: Cow<'a, [u8]>,
    /// A line that was too long for the window, which ended here; it comes behind the others.
    pub(super) too_long: Option<RowRefusal>,
    /// Lines of the file before the first line of `text`; negative where a header was put in front.
    before: i64,
}

impl Piece<'_> {
    /// The line of the file that a line of the text is.
    pub(super) fn line(&self, line: u32) -> u32 {
        u32::try_from(i64::from(line) + self.before).unwrap_or(u32::MAX)
    }
}

/// Cuts up to `most` rows out of `window`, which begins at `place`, and moves `place` behind them. `last`: the file
/// ends with the window.
pub(super) fn cut<'a>(
    format: Format,
    window: &'a [u8],
    last: bool,
    most: usize,
    place: &mut Place,
) -> Result<Piece<'a>, Broken> {
    match format {
        Format::Ndjson => Ok(lines(window, last, most, place)),
        Format::Csv => records(window, last, most, place),
        Format::Json => elements(window, last, most, place),
    }
}

fn lines<'a>(window: &'a [u8], last: bool, most: usize, place: &mut Place) -> Piece<'a> {
    let before = i64::from(place.line);
    let (mut end, mut rows) = (0, 0);
    if place.passing_over > 0 {
        return pass_over(window, last, place);
    }
    for newline in memchr::memchr_iter(b'\n', window) {
        rows += usize::from(!window[end..newline].trim_ascii().is_empty());
        end = newline + 1;
        place.line += 1;
        if rows == most {
            break;
        }
    }
    if last && rows < most && end < window.len() {
        end = window.len();
        place.line += 1;
    }
    if end == 0 && window.len() > MAX_ROW_BYTES {
        return pass_over(window, last, place);
    }
    place.offset += end as u64;
    Piece { text: Cow::Borrowed(&window[..end]), too_long: None, before }
}

/// Reads on in a line that is too long.
fn pass_over<'a>(window: &'a [u8], last: bool, place: &mut Place) -> Piece<'a> {
    let end = memchr::memchr(b'\n', window);
    let passed = end.map_or(window.len(), |end| end + 1);
    place.passing_over += passed as u64;
    place.offset += passed as u64;
    let before = i64::from(place.line);
    let over = end.is_some() || last;
    let too_long = over.then(|| {
        place.line += 1;
        let bytes = std::mem::take(&mut place.passing_over);
        let detail = format!("the row has {bytes} bytes; a row may have {MAX_ROW_BYTES}");
        RowRefusal::new(place.line, RowCode::RowTooLong, "", detail)
    });
    Piece { text: Cow::Borrowed(&window[..0]), too_long, before }
}

fn without_mark<'a>(window: &'a [u8], place: &mut Place) -> Result<&'a [u8], BodyError> {
    if place.offset > 0 {
        return Ok(window);
    }
    if window.starts_with(b"\xff\xfe") || window.starts_with(b"\xfe\xff") {
        return Err(BodyError::NotUtf8 { at: 0 });
    }
    let text = window.strip_prefix(b"\xef\xbb\xbf").unwrap_or(window);
    place.offset += (window.len() - text.len()) as u64;
    Ok(text)
}

/// The end of each record of CSV in `text`, blank lines in front of it taken in.
fn record_ends(text: &[u8], last: bool, most: usize) -> Vec<usize> {
    let mut reader = csv_core::Reader::new();
    let (mut field, mut bounds) = ([0_u8; 1024], [0_usize; 64]);
    let (mut at, mut ends) = (0, Vec::new());
    while ends.len() < most {
        let rest = &text[at..];
        let (read, taken, _, _) = reader.read_record(rest, &mut field, &mut bounds);
        at += taken;
        match read {
            csv_core::ReadRecordResult::Record => ends.push(at),
            csv_core::ReadRecordResult::OutputFull | csv_core::ReadRecordResult::OutputEndsFull => {}
            // With nothing left, an empty text says that the file ends here.
            csv_core::ReadRecordResult::InputEmpty if last => {}
            csv_core::ReadRecordResult::InputEmpty | csv_core::ReadRecordResult::End => break,
        }
    }
    // The library ends a record at the first of a carriage return and a newline.
    for end in &mut ends {
        *end += usize::from(text[*end - 1] == b'\r' && text.get(*end) == Some(&b'\n'));
    }
    if !last && ends.last() == Some(&text.len()) && text.ends_with(b"\r") {
        // Whether a newline follows is not to be seen yet.
        ends.pop();
    }
    ends
}

fn line_ends(text: &[u8]) -> usize {
    let lone = memchr::memchr_iter(b'\r', text).filter(|&at| text.get(at + 1) != Some(&b'\n')).count();
    memchr::memchr_iter(b'\n', text).count() + lone
}

fn records<'a>(window: &'a [u8], last: bool, most: usize, place: &mut Place) -> Result<Piece<'a>, Broken> {
    let text = without_mark(window, place)?;
    // A file may end without the end of its last line, which a record before another one always has.
    let count = |text: &[u8]| u32::try_from(line_ends(text)).unwrap_or(u32::MAX);
    let ends = record_ends(text, last, most + usize::from(place.header.is_none()));
    if ends.is_empty() && !last {
        return Err(Broken::Unclosed { line: place.line + 1 });
    }
    let mut from = 0;
    if place.header.is_none() {
        let Some(end) = ends.first().copied() else { return Err(BodyError::Empty.into()) };
        let lead = text[..end].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        place.header = Some(String::from_utf8_lossy(text[lead..end].trim_ascii_end()).into_owned());
        place.line += count(&text[..end]);
        from = end;
    }
    let header = place.header.as_deref().unwrap_or_default();
    let end = ends.last().copied().unwrap_or(0).max(from);
    // Behind the last record there may be blank lines.
    let end = if last && ends.len() < most { text.len() } else { end };
    let before = i64::from(place.line) - i64::from(count(header.as_bytes())) - 1;
    let whole = [header.as_bytes(), b"\n", &text[from..end]].concat();
    place.line += count(&text[from..end]);
    place.offset += end as u64;
    Ok(Piece { text: Cow::Owned(whole), too_long: None, before })
}

fn elements<'a>(window: &'a [u8], last: bool, most: usize, place: &mut Place) -> Result<Piece<'a>, Broken> {
    let bad = |detail: String| Broken::Body(BodyError::BadJson { detail });
    let text = without_mark(window, place)?;
    let mut at = 0;
    if place.header.is_none() {
        at = opening(text).ok_or_else(|| bad("it does not begin with `{\"samples\":[`".to_owned()))?;
        place.header = Some(String::new());
    }
    let before = i64::from(place.line);
    let blank = |at: usize| at + text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let (mut behind, mut rows) = (at, Vec::new());
    while rows.len() < most {
        at = blank(at);
        match text.get(at) {
            // The end of the list, and of the document; what follows may lie behind the window.
            Some(b']') if !last => break,
            Some(b']') => {
                let closing = blank(at + 1);
                let end = (closing + 1).min(text.len());
                if text.get(closing) != Some(&b'}') || blank(end) < text.len() {
                    return Err(bad("something else than `]}` ends it".to_owned()));
                }
                behind = text.len();
                break;
            }
            None => break,
            Some(_) => {}
        }
        if place.line > 0 {
            if text[at] != b',' {
                return Err(bad(format!("a comma is missing behind element {}", place.line)));
            }
            at = blank(at + 1);
        }
        let Some(end) = element_end(text, at) else { break };
        rows.push(&text[at..end]);
        place.line += 1;
        (at, behind) = (end, end);
    }
    if behind < text.len() && (last && rows.len() < most || rows.is_empty()) {
        let next = place.line + 1;
        let detail = format!("element {next} does not end, or not within a megabyte; the rows before it were taken");
        return Err(bad(detail));
    }
    place.offset += behind as u64;
    let whole = [b"{\"samples\":[", rows.join(&b","[..]).as_slice(), b"]}"].concat();
    Ok(Piece { text: Cow::Owned(whole), too_long: None, before })
}

/// Where the first element may begin, behind `{"samples":[`.
fn opening(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    for token in [&b"{"[..], b"\"samples\"", b":", b"["] {
        rest = rest.trim_ascii_start().strip_prefix(token)?;
    }
    Some(text.len() - rest.len())
}

/// Where the element that begins at `at` ends; `None` when the window ends before.
fn element_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, &byte) in text.iter().enumerate().skip(at) {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b']' if depth == 0 => return Some(index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
