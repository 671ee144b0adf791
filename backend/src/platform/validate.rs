//! Checks on request bodies: every wrong field is told at once, by JSON pointer, with the way to mend it.

use crate::error::{Error, Result};
use tillwatch_shared::errors::{Code, FieldProblem};

/// Gathers refused fields; [`Checks::done`] makes them one 422.
#[derive(Debug, Default)]
pub struct Checks {
    refused: Vec<FieldProblem>,
}

impl Checks {
    /// Refuses the field at `pointer` for `reason` (a short machine-readable word).
    pub fn refuse(&mut self, pointer: &str, reason: &str, detail: impl Into<String>) {
        self.refused.push(FieldProblem { pointer: pointer.into(), code: reason.into(), detail: detail.into() });
    }

    /// Text of `min` to `max` characters without control characters, not only blanks.
    pub fn text(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length > max {
            self.refuse(pointer, "too_long", format!("Has {length} characters; at most {max} are kept. Shorten it."));
        } else if length < min || (min > 0 && text.trim().is_empty()) {
            self.refuse(pointer, "required", format!("Needs at least {min} character(s)."));
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            self.refuse(pointer, "control_character", "Holds control characters. Remove them.");
        }
    }

    /// As [`Self::text`], on one line: a name.
    pub fn line(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        self.text(pointer, text, min, max);
        self.ensure(!text.contains('\n'), pointer, "control_character", "Has several lines. A name has one.");
    }

    /// As [`Self::text`], if there is any.
    pub fn optional_text(&mut self, pointer: &str, text: Option<&str>, min: usize, max: usize) {
        if let Some(text) = text {
            self.text(pointer, text, min, max);
        }
    }

    /// As [`Self::line`], if there is any.
    pub fn optional_line(&mut self, pointer: &str, text: Option<&str>, min: usize, max: usize) {
        if let Some(text) = text {
            self.line(pointer, text, min, max);
        }
    }

    /// A filter by a metric's key, if there is any: `snake_case` of at most 40 letters, as every key is. One that no metric
    /// has lists nothing.
    pub fn optional_key(&mut self, pointer: &str, key: Option<&str>) {
        let Some(key) = key else { return };
        let mut letters = key.bytes();
        let shaped = letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
            && key.len() <= 40;
        self.ensure(
            shaped,
            pointer,
            "invalid_key",
            "A metric's key is written like `sales`: `GET /v1/metrics` lists them.",
        );
    }

    /// An e-mail address: a name and a host with an `@` between, no blanks, at most 254 bytes (RFC 5321, 4.5.3.1.3).
    pub fn email(&mut self, pointer: &str, email: &str) {
        let shaped = email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.len() > 2
                && !email.contains(|c: char| c.is_whitespace() || c.is_control())
                && !host.contains('@')
        });
        self.ensure(shaped && email.len() <= 254, pointer, "invalid", "Is not an e-mail address.");
    }

    /// Refuses unless `holds`.
    pub fn ensure(&mut self, holds: bool, pointer: &str, reason: &str, detail: &str) {
        if !holds {
            self.refuse(pointer, reason, detail);
        }
    }

    /// The gathered refusals as one error.
    pub fn into_error(self) -> Error {
        let detail = self.refused.iter().map(|f| format!("{}: {}", f.pointer, f.detail)).collect::<Vec<_>>().join(" ");
        let mut error = Error::new(Code::ValidationFailed, detail);
        error.fields = self.refused;
        error
    }

    /// `Ok` when nothing was refused.
    pub fn done(self) -> Result<()> {
        if self.refused.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_line_and_a_text_may_have_several() {
        let refused = |check: fn(&mut Checks, &str), text: &str| {
            let mut checks = Checks::default();
            check(&mut checks, text);
            checks.done().is_err()
        };
        let line: fn(&mut Checks, &str) = |checks, text| checks.line("/name", text, 1, 5);
        let text: fn(&mut Checks, &str) = |checks, text| checks.text("/reason", text, 1, 5);
        assert!(refused(line, "a\nb") && !refused(text, "a\nb"));
        for wrong in ["", "  ", "\u{0}a", "六个字的名字"] {
            assert!(refused(line, wrong) && refused(text, wrong), "{wrong:?}");
        }
        assert!(!refused(line, "五个字名字"));
    }
}
