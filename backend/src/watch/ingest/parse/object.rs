//! One row written as an object of JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use tillwatch_shared::samples::RowCode;

use super::row::{
    AT, CAMPAIGN, CHANNEL, Cells, Checker, FIELDS, KEY, METRIC, PERIOD, POINTERS, SUBJECT, VALUE, listed, shown,
};
use super::{MAX_ROW_BYTES, RowRefusal, SampleRow};

/// Reads and checks the row in `text`.
pub(super) fn read<'a>(checker: &mut Checker<'a>, line: u32, text: &'a str) -> Result<SampleRow<'a>, RowRefusal> {
    let tokens = tokens(text).map_err(|error| {
        RowRefusal::new(line, RowCode::MalformedRow, "", format!("not a JSON object: {}", told(&error)))
    })?;
    if let Some(name) = &tokens.unknown {
        // A JSON pointer writes ~ and / inside a name as ~0 and ~1 (RFC 6901).
        let pointer = format!("/{}", shown(name).replace('~', "~0").replace('/', "~1"));
        let detail = format!("a sample has no field `{}`; it has {}", shown(name), listed(&FIELDS));
        return Err(RowRefusal::new(line, RowCode::UnknownField, &pointer, detail));
    }
    let metric = required(line, &tokens, METRIC)?;
    let at = required(line, &tokens, AT)?;
    let key = required(line, &tokens, KEY)?;
    let value = tokens.fields[VALUE].ok_or_else(|| missing(line, VALUE))?;
    // A list is for the checker to judge: several durations may stand in one row.
    if !value.starts_with(|c: char| c == '-' || c == '[' || c.is_ascii_digit()) {
        return Err(wrong_type(line, VALUE, "a number", value));
    }
    let cells = Cells {
        metric: &metric,
        at: &at,
        key,
        value,
        channel: optional(line, &tokens, CHANNEL)?,
        campaign: optional(line, &tokens, CAMPAIGN)?,
        period: optional(line, &tokens, PERIOD)?,
        subject: optional(line, &tokens, SUBJECT)?,
    };
    checker.check(line, cells)
}

/// The refusal of a row that is longer than a row may be.
pub(super) fn too_long(line: u32, bytes: usize) -> RowRefusal {
    let detail = format!("the row has {bytes} bytes; a row may have {MAX_ROW_BYTES}");
    RowRefusal::new(line, RowCode::RowTooLong, "", detail)
}

/// The refusal of a row without a required field.
pub(super) fn missing(line: u32, field: usize) -> RowRefusal {
    let detail = format!("`{}` is missing", FIELDS[field]);
    RowRefusal::new(line, RowCode::MissingField, POINTERS[field], detail)
}

/// What `serde_json` says, without its line (the row's own line is known) and without long quotations.
pub(super) fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let sentence = match text.rfind(" at line ") {
        Some(end) => &text[..end],
        None => &text,
    };
    let short: String = sentence.chars().take(160).collect();
    format!("{short} at column {}", error.column())
}

fn required<'a>(line: u32, tokens: &Tokens<'a>, field: usize) -> Result<Cow<'a, str>, RowRefusal> {
    match tokens.fields[field] {
        Some(token) => string(line, field, token),
        None => Err(missing(line, field)),
    }
}

/// An optional field; `null` is the same as leaving it out.
fn optional<'a>(line: u32, tokens: &Tokens<'a>, field: usize) -> Result<Option<Cow<'a, str>>, RowRefusal> {
    match tokens.fields[field] {
        None | Some("null") => Ok(None),
        Some(token) => string(line, field, token).map(Some),
    }
}

fn string(line: u32, field: usize, token: &str) -> Result<Cow<'_, str>, RowRefusal> {
    let Some(inner) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Err(wrong_type(line, field, "a string", token));
    };
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    // Escapes are left to the library; half of a surrogate pair is what it may still refuse.
    serde_json::from_str(token).map(Cow::Owned).map_err(|error| {
        RowRefusal::new(line, RowCode::MalformedRow, POINTERS[field], format!("not a JSON string: {}", told(&error)))
    })
}

fn wrong_type(line: u32, field: usize, wanted: &str, token: &str) -> RowRefusal {
    let given = match token.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    let detail = format!("`{}` is {given} and should be {wanted}", FIELDS[field]);
    RowRefusal::new(line, RowCode::WrongType, POINTERS[field], detail)
}

/// The fields' tokens as written, cut out of the row but not yet read: so a field of the wrong type is
/// named, and a number keeps its digits.
#[derive(Default)]
struct Tokens<'a> {
    fields: [Option<&'a str>; FIELDS.len()],
    unknown: Option<String>,
}

fn tokens(text: &str) -> serde_json::Result<Tokens<'_>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let tokens = reader.deserialize_map(TokensVisitor)?;
    reader.end()?;
    Ok(tokens)
}

struct TokensVisitor;

impl<'a> Visitor<'a> for TokensVisitor {
    type Value = Tokens<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of a sample")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Tokens<'a>, A::Error> {
        let mut tokens = Tokens::default();
        while let Some(name) = map.next_key()? {
            match name {
                Name::Field(field) => {
                    let token: &'a RawValue = map.next_value()?;
                    if tokens.fields[field].replace(token.get()).is_some() {
                        let twice = format!("the field `{}` is there twice", FIELDS[field]);
                        return Err(A::Error::custom(twice));
                    }
                }
                Name::Unknown(name) => {
                    map.next_value::<IgnoredAny>()?;
                    tokens.unknown.get_or_insert(name);
                }
            }
        }
        Ok(tokens)
    }
}

/// A field's name.
enum Name {
    Field(usize),
    Unknown(String),
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match FIELDS.iter().position(|field| *field == name) {
            Some(field) => Name::Field(field),
            None => Name::Unknown(name.to_owned()),
        })
    }
}
