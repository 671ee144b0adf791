//! A document taken apart into rows, and a row into its cells. Pure.
//!
//! A table has one row a record, JSON one an object. What a cell holds is cut out as it is written: a number keeps its
//! digits.

use super::{Broken, Given};
use crate::watch::ingest::parse::{Lines, MAX_ROW_BYTES, shown};
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use tillwatch_shared::feeds::FeedFault;
use tillwatch_shared::samples::RowCode;

/// What may stand between the cells of a table.
const BETWEEN: [u8; 3] = [b',', b';', b'\t'];
/// Columns that are shown, and how long each.
const SHOWN: usize = 100;
/// The most columns of a table.
const MOST_COLUMNS: usize = 1_000;
/// Elements of an array that are looked at.
const LOOKED_AT: usize = super::MOST_ROWS + 1;

/// What a row has in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// The row has no such column.
    Missing,
    /// Nothing, or only blanks.
    Empty,
    /// A text, without the blanks around it.
    Text(Cow<'a, str>),
    /// A number of JSON, as it is written.
    Number(&'a str),
    /// Another thing of JSON.
    Other,
}

/// Takes a line and its row.
type Take<'t> = dyn FnMut(u32, Given<'_>) -> Result<(), Broken> + 't;

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn shortened<'c>(columns: impl Iterator<Item = &'c str>) -> Vec<String> {
    columns.take(SHOWN).map(shown).collect()
}

/// Reads a table that has these columns, whatever stands between its cells; the columns that it has.
pub(super) fn csv(text: &str, wanted: &[&str], take: &mut Take<'_>) -> Result<Vec<String>, Broken> {
    let reader = |between| {
        csv::ReaderBuilder::new().delimiter(between).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes())
    };
    let has_all = |between: &u8| {
        let mut reader = reader(*between);
        let header = reader.headers().ok();
        header.is_some_and(|header| wanted.iter().all(|wanted| header.iter().any(|column| column == *wanted)))
    };
    let between = BETWEEN.iter().copied().find(has_all);
    let mut reader = reader(between.unwrap_or(BETWEEN[0]));
    let unreadable = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        Broken::new(FeedFault::NotCsv, format!("It is no table that can be read, from line {line} on."))
    };
    let header = reader.headers().map_err(unreadable)?.clone();
    if header.is_empty() || header.iter().all(str::is_empty) {
        return Err(Broken::new(FeedFault::NotCsv, "It is empty. A table has at least a header."));
    }
    if header.len() > MOST_COLUMNS || header.as_slice().len() > MAX_ROW_BYTES {
        let detail = format!("Its header has more than {MOST_COLUMNS} columns or {MAX_ROW_BYTES} bytes.");
        return Err(Broken::new(FeedFault::NotCsv, detail));
    }
    for column in wanted {
        let detail = match header.iter().filter(|name| name == column).count() {
            1 => continue,
            0 => "It has no column `{}`. Mend the mapping or the address; a try shows what it has.",
            _ => "It has the column `{}` more than once, so nobody can tell which is meant. Have one renamed.",
        };
        let broken = Broken::new(FeedFault::MissingColumn, detail.replace("{}", &shown(column)));
        return Err(Broken { columns: shortened(header.iter()), ..broken });
    }
    let place: HashMap<&str, usize> = header.iter().enumerate().map(|(place, name)| (name, place)).collect();
    let mut lines = Lines::of(text.as_bytes());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(unreadable)? {
        if record.iter().all(str::is_empty) {
            continue;
        }
        let from = record.position().map_or(0, csv::Position::byte);
        let line = lines.line_of(usize::try_from(from).unwrap_or(usize::MAX));
        if record.len() != header.len() {
            let detail = format!("the row has {} cells and the header {}", record.len(), header.len());
            take(line, Err((RowCode::MalformedRow, detail)))?;
            continue;
        }
        if record.as_slice().len() > MAX_ROW_BYTES {
            take(line, Err((RowCode::MalformedRow, format!("the row is longer than {MAX_ROW_BYTES} bytes"))))?;
            continue;
        }
        let cell = |column: &str| match place.get(column).and_then(|place| record.get(*place)) {
            None => Cell::Missing,
            Some("") => Cell::Empty,
            Some(text) => Cell::Text(Cow::Borrowed(text)),
        };
        take(line, Ok(&cell))?;
    }
    Ok(shortened(header.iter()))
}

/// Reads one object a line; the members of the first.
pub(super) fn ndjson(text: &str, take: &mut Take<'_>) -> Result<Vec<String>, Broken> {
    let mut columns = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut readable = false;
    for (place, line) in lines {
        let members = members(line);
        readable |= members.is_some();
        // Something else altogether is not shown line by line.
        if !readable && place > 100 {
            break;
        }
        object(number(place + 1), members, &mut columns, take)?;
    }
    if readable || text.trim().is_empty() {
        return Ok(columns);
    }
    Err(Broken::new(FeedFault::NotJson, "None of its lines is an object of JSON."))
}

/// Reads the objects of the array at `rows`; the members of the first.
pub(super) fn json(text: &str, rows: Option<&str>, take: &mut Take<'_>) -> Result<Vec<String>, Broken> {
    let not_json = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        Broken::new(FeedFault::NotJson, format!("It is not JSON from line {line}, column {column} on."))
    };
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let place = rows.unwrap_or_default();
    let array = at(whole.get(), place);
    let elements: Option<Elements<'_>> = array.and_then(|array| serde_json::from_str(array).ok());
    let Some(Elements(elements)) = elements else {
        let detail = if place.is_empty() {
            "The document is no array. Say in `mapping.rows` where in it the array is, as a JSON pointer such as `/data`."
                .to_owned()
        } else {
            format!("There is no array at `{}` in it. Mend `mapping.rows`.", shown(place))
        };
        return Err(Broken::new(FeedFault::NotJson, detail));
    };
    let mut columns = Vec::new();
    for (place, element) in elements.iter().enumerate() {
        object(number(place + 1), members(element.get()), &mut columns, take)?;
    }
    Ok(columns)
}

/// The first elements of an array, each as it is written.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(First)
    }
}

struct First;

impl<'de> Visitor<'de> for First {
    type Value = Elements<'de>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < LOOKED_AT
            && let Some(element) = sequence.next_element()?
        {
            elements.push(element);
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Elements(elements))
    }
}

/// The members of an object, each as it is written.
type Members<'a> = HashMap<String, &'a RawValue>;

fn members(text: &str) -> Option<Members<'_>> {
    (text.len() <= MAX_ROW_BYTES).then(|| serde_json::from_str(text).ok()).flatten()
}

fn object(
    line: u32,
    members: Option<Members<'_>>,
    columns: &mut Vec<String>,
    take: &mut Take<'_>,
) -> Result<(), Broken> {
    let Some(members) = members else {
        let detail = format!("the row is no object of JSON of at most {MAX_ROW_BYTES} bytes");
        return take(line, Err((RowCode::MalformedRow, detail)));
    };
    if columns.is_empty() {
        let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
        names.sort_unstable();
        *columns = shortened(names.into_iter());
    }
    let cell = |column: &str| cell(member(&members, column));
    take(line, Ok(&cell))
}

/// What stands under a name, or at a pointer.
fn member<'a>(members: &Members<'a>, column: &str) -> Option<&'a str> {
    let Some(pointer) = column.strip_prefix('/') else { return members.get(column).map(|member| member.get()) };
    let (first, rest) = pointer.split_once('/').map_or((pointer, None), |(first, rest)| (first, Some(rest)));
    let member = members.get(unescaped(first).as_ref())?.get();
    match rest {
        None => Some(member),
        Some(rest) => at(member, &format!("/{rest}")),
    }
}

/// What stands at a pointer (RFC 6901) in a value.
fn at<'a>(value: &'a str, pointer: &str) -> Option<&'a str> {
    let mut here = value;
    for step in pointer.split('/').skip(1) {
        if here.trim() == "null" {
            return Some(here);
        }
        here = if here.trim_start().starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(here).ok()?;
            elements.get(step.parse::<usize>().ok()?)?.get()
        } else {
            let members: Members<'_> = serde_json::from_str(here).ok()?;
            members.get(unescaped(step).as_ref())?.get()
        };
    }
    Some(here)
}

fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}

fn cell(token: Option<&str>) -> Cell<'_> {
    let Some(token) = token.map(str::trim) else { return Cell::Missing };
    match token.as_bytes().first() {
        Some(b'n') => Cell::Empty,
        Some(b'"') => match serde_json::from_str::<String>(token) {
            Ok(text) if text.trim().is_empty() => Cell::Empty,
            Ok(text) => Cell::Text(Cow::Owned(text.trim().to_owned())),
            // Half of a surrogate pair.
            Err(_) => Cell::Other,
        },
        Some(b'-' | b'0'..=b'9') => Cell::Number(token),
        _ => Cell::Other,
    }
}
