//! JSON: `{"samples":[…]}`. The document is taken apart into the texts of its rows first; each is then read
//! like a line of NDJSON, so a bad row spoils only itself.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::measure::metrics::Book;

use super::row::{Checker, shown};
use super::{BodyError, Limits, MAX_ROW_BYTES, Parsed, object};

/// Reads every element of `samples`.
pub(super) fn parse<'a>(bytes: &'a [u8], limits: Limits, book: &'a Book) -> Result<Vec<Parsed<'a>>, BodyError> {
    let text = std::str::from_utf8(bytes).map_err(|error| BodyError::NotUtf8 { at: error.valid_up_to() })?;
    if text.trim_ascii().is_empty() {
        return Err(BodyError::Empty);
    }
    let Elements { kept, count } = elements(text, limits.max_rows).map_err(|error| {
        let place = error.line();
        BodyError::BadJson { detail: format!("{} of line {place}", object::told(&error)) }
    })?;
    if count > limits.max_rows {
        return Err(BodyError::TooManyRows { rows: count, max: limits.max_rows });
    }
    let mut checker = Checker::new(book);
    Ok(kept
        .into_iter()
        .zip(1..)
        .map(|(row, number)| {
            if row.len() > MAX_ROW_BYTES {
                return Parsed::Refused(object::too_long(number, row.len()));
            }
            object::read(&mut checker, number, row).into()
        })
        .collect())
}

/// The texts of the rows: the first ones, and how many there are in all.
struct Elements<'a> {
    kept: Vec<&'a str>,
    count: usize,
}

fn elements(text: &str, keep: usize) -> serde_json::Result<Elements<'_>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let elements = reader.deserialize_map(Document { keep })?;
    reader.end()?;
    Ok(elements)
}

/// The object around the rows.
struct Document {
    keep: usize,
}

impl<'a> Visitor<'a> for Document {
    type Value = Elements<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the field `samples`")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Elements<'a>, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != "samples" {
                let unknown = format!("unknown field `{}`", shown(&name));
                return Err(A::Error::custom(unknown));
            }
            if found.is_some() {
                return Err(A::Error::duplicate_field("samples"));
            }
            found = Some(map.next_value_seed(Rows { keep: self.keep })?);
        }
        found.ok_or_else(|| A::Error::missing_field("samples"))
    }
}

/// The array of rows.
struct Rows {
    keep: usize,
}

impl<'a> DeserializeSeed<'a> for Rows {
    type Value = Elements<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Elements<'a>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Rows {
    type Value = Elements<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of samples")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Elements<'a>, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < self.keep {
            let Some(row) = seq.next_element::<&'a RawValue>()? else {
                let count = kept.len();
                return Ok(Elements { kept, count });
            };
            kept.push(row.get());
        }
        let mut count = kept.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Elements { kept, count })
    }
}
