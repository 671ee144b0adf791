//! From a reply to lines of a terminal. Pure.
//!
//! Invariants: what people wrote is cleaned of control characters before it is drawn, so that a campaign's name can
//! neither move the cursor nor colour the screen nor pretend to be a line of ours; no line is wider than the
//! terminal, East Asian characters counted as two.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::reply::{Reply, Tone};

/// The narrowest width that is drawn for, in columns.
const NARROWEST: usize = 32;
/// The widest: longer lines are hard to read.
const WIDEST: usize = 100;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// The terminal shows colours, and nobody asked for none.
    pub colours: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colours && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "1",
        Tone::Good => "1;32",
        Tone::Warning => "1;33",
        Tone::Critical => "1;31",
        Tone::Refused => "33",
    }
}

/// Text without what a terminal obeys: control characters, and marks that reverse the reading direction. A line
/// break stays, a tab becomes a space.
pub(super) fn clean(text: &str) -> String {
    let obeyed = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !obeyed(*c)).collect()
}

/// The same on one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(&text.replace('\n', " "))
}

/// A reply: first line, text, fields in a column, small print.
pub(super) fn reply(reply: &Reply, style: Style, columns: usize) -> String {
    let width = columns.clamp(NARROWEST, WIDEST);
    let mut out = String::new();
    for line in wrapped(&clean_line(&reply.title), width) {
        push(&mut out, &style.paint(colour(reply.tone), &line));
    }
    for line in wrapped(&clean(&reply.body), width - 2) {
        push(&mut out, &format!("  {line}"));
    }
    for line in fields(reply, style, width - 2) {
        push(&mut out, &format!("  {line}"));
    }
    if let Some(footer) = &reply.footer {
        for line in wrapped(&clean_line(footer), width - 2) {
            push(&mut out, &format!("  {}", style.paint("2", &line)));
        }
    }
    out
}

/// An alert in a frame, with `notes` under it.
pub(super) fn framed(reply: &Reply, notes: &[String], style: Style, columns: usize) -> String {
    let width = columns.clamp(NARROWEST, WIDEST);
    let edge = colour(reply.tone);
    let bar = style.paint(edge, "│");
    let inner = width - 2;
    let mut out = String::new();
    let mut title = wrapped(&clean_line(&reply.title), width - 6).into_iter();
    let first = title.next().unwrap_or_default();
    let rule = "─".repeat(width.saturating_sub(first.width() + 4));
    push(&mut out, &format!("{} {} {}", style.paint(edge, "┌─"), style.paint(edge, &first), style.paint(edge, &rule)));
    let rest = title.map(|line| style.paint(edge, &line));
    let body = wrapped(&clean(&reply.body), inner);
    let notes = notes.iter().flat_map(|note| wrapped(&clean_line(note), inner)).map(|line| style.paint("2", &line));
    for line in rest.chain(body).chain(fields(reply, style, inner)).chain(notes) {
        push(&mut out, &format!("{bar} {line}"));
    }
    push(&mut out, &style.paint(edge, &format!("└{}", "─".repeat(width - 1))));
    out
}

/// Fields as two columns: names as wide as the widest, values beside them.
fn fields(reply: &Reply, style: Style, width: usize) -> Vec<String> {
    let cleaned: Vec<(String, String)> =
        reply.fields.iter().map(|field| (clean_line(&field.name), clean(&field.value))).collect();
    let widest = cleaned.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, value) in cleaned {
        if widest + 2 > width / 2 {
            // Usages of commands are long: the value goes below the name.
            lines.extend(wrapped(&name, width).into_iter().map(|line| style.paint("1", &line)));
            lines.extend(wrapped(&value, width - 4).into_iter().map(|line| format!("    {line}")));
            continue;
        }
        let gap = " ".repeat(widest - name.width() + 2);
        let indent = " ".repeat(widest + 2);
        for (place, line) in wrapped(&value, width - widest - 2).into_iter().enumerate() {
            lines.push(if place == 0 {
                format!("{}{gap}{line}", style.paint("2", &name))
            } else {
                format!("{indent}{line}")
            });
        }
    }
    lines
}

/// Lines of at most `width` columns, broken at spaces and beside East Asian characters, or where nothing else is left. An
/// empty text has no lines.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    if text.is_empty() {
        return lines;
    }
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for piece in pieces(paragraph) {
            if used > 0 && used + piece.trim_end().width() > width {
                lines.push(line.trim_end().to_owned());
                (line, used) = (String::new(), 0);
            }
            for c in piece.chars() {
                let wide = c.width().unwrap_or(0);
                if used + wide > width && c != ' ' {
                    lines.push(line.trim_end().to_owned());
                    (line, used) = (String::new(), 0);
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A text in the pieces that stay together: a word with the spaces behind it, an East Asian character with the punctuation
/// that must not be parted from it.
fn pieces(text: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "，。、；：！？）》」』”’…%";
    const NEVER_LAST: &str = "（《「『“‘¥$";
    let wide = |c: char| c.width().unwrap_or(0) > 1;
    let (mut pieces, mut start, mut before) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        let ends = before.is_some_and(|before: char| {
            let parted = before == ' ' || ((wide(before) || wide(c)) && !NEVER_FIRST.contains(c));
            parted && c != ' ' && !NEVER_LAST.contains(before)
        });
        if ends {
            pieces.extend(text.get(start..at));
            start = at;
        }
        before = Some(c);
    }
    pieces.extend(text.get(start..));
    pieces
}

fn push(out: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _written = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Style = Style { colours: false };

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let hostile = Reply::say(Tone::Critical, "Sale\x1b[2J\x1b]0;owned\x07\nFAKE", "a\u{9b}31mb\u{202e}c\r").field(
            "n\x1b[A",
            "v\x08\u{2066}w",
            true,
        );
        for drawn in [reply(&hostile, PLAIN, 80), framed(&hostile, &["x\x1b[0m".to_owned()], PLAIN, 80)] {
            assert!(!drawn.chars().any(|c| c.is_control() && c != '\n'), "{drawn:?}");
            assert!(!drawn.contains(['\u{202e}', '\u{2066}']));
            assert!(drawn.contains("Sale[2J]0;owned FAKE"), "the title stays one line: {drawn}");
        }
    }

    #[test]
    fn colours_are_used_only_where_they_are_wanted() {
        let some = Reply::say(Tone::Good, "Done", "");
        assert_eq!(reply(&some, PLAIN, 80), "Done\n");
        assert_eq!(reply(&some, Style { colours: true }, 80), "\x1b[1;32mDone\x1b[0m\n");
    }

    #[test]
    fn an_alert_stands_in_a_frame_with_its_figures_in_columns() {
        let alert = Reply::say(Tone::Critical, "⛔ firing · Stop", "It crossed the line.")
            .field("Value", "$1,512.40", true)
            .field("Line", "$1,500.00", true);
        let drawn = framed(&alert, &["Type: alerts ack 1".to_owned()], PLAIN, 60);
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines[0].starts_with("┌─ ⛔ firing · Stop ──"));
        assert_eq!(
            &lines[1..5],
            ["│ It crossed the line.", "│ Value  $1,512.40", "│ Line   $1,500.00", "│ Type: alerts ack 1"]
        );
        assert!(lines[5].starts_with("└──"));
    }

    #[test]
    fn chinese_is_broken_between_characters_and_no_line_begins_with_a_full_stop() {
        let lines = wrapped("此后您以 Mei Lin 的员工账号及其权限操作。完", 20);
        assert_eq!(lines, ["此后您以 Mei Lin 的", "员工账号及其权限操", "作。完"]);
        assert_eq!(wrapped("two words and one", 9), ["two words", "and one"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(title in ".{0,80}", body in "[a-z 警告\n]{0,200}", name in "[a-z警]{1,30}", columns in 10_usize..140) {
            let some = Reply::say(Tone::Plain, title, body.clone()).field(name, body, true);
            let limit = columns.clamp(NARROWEST, WIDEST);
            for drawn in [reply(&some, PLAIN, columns), framed(&some, &[], PLAIN, columns)] {
                for line in drawn.lines() {
                    prop_assert!(line.width() <= limit, "{} > {limit}: {line:?}", line.width());
                }
            }
        }
    }
}
