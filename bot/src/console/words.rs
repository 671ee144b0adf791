//! From a typed line to a command, by the commands' own descriptions. Pure.
//!
//! Invariants: any line means something ([`Typed`]), none panics; a leading `/` changes nothing, so that the words of
//! a chat work here too; a name may stand in quotes of any common kind.

use crate::command::Command;
use crate::commands::spec::{BECAUSE, CommandSpec, Entry, Kind, OptionSpec};
use crate::commands::{ENTRIES, all};
use tillwatch_shared::watch::Transport;

/// What a typed line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// An empty line.
    Nothing,
    /// To leave.
    Quit,
    /// A command.
    Command(Command),
    /// Not a command; the words that should have named one.
    Unknown(String),
    /// Bytes that are no text.
    NoText,
    /// A command that lacks what it is about.
    Incomplete(&'static CommandSpec),
}

/// Opening and closing quotes.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’'), ('「', '」'), ('《', '》')];

/// The words of every command.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    all().map(|spec| spec.path).chain(["quit"])
}

/// How a command is typed.
pub(super) fn usage(spec: &CommandSpec) -> String {
    spec.usage(Transport::Console)
}

/// What a typed line means.
pub(super) fn parse(line: &str) -> Typed {
    let line = line.trim();
    let line = line.strip_prefix('/').unwrap_or(line).trim_start();
    let (first, rest) = word(line);
    let first = first.to_lowercase();
    if first.is_empty() {
        return Typed::Nothing;
    }
    if ["quit", "exit", "q"].contains(&first.as_str()) {
        return Typed::Quit;
    }
    for entry in ENTRIES {
        match entry {
            Entry::One(spec) if spec.is_called(&first) => return read(spec, rest, line),
            Entry::Group(group) if group.name == first || group.also.contains(&first.as_str()) => {
                let (verb, behind) = word(rest);
                let verb = verb.to_lowercase();
                if let Some(spec) = group.commands.iter().find(|spec| spec.is_called(&verb)) {
                    return read(spec, behind, line);
                }
                let bare = group.commands.iter().find(|spec| spec.bare.is_some_and(|fits| fits(&verb)));
                return bare.map_or_else(|| unknown(line, 2), |spec| read(spec, rest, line));
            }
            Entry::Group(group) => {
                if let Some(spec) = group.commands.iter().find(|spec| spec.short.contains(&first.as_str())) {
                    return read(spec, rest, line);
                }
            }
            Entry::One(_) => {}
        }
    }
    unknown(line, 2)
}

/// A command with what is typed behind its words: a reason last, behind "because" or a quoted name; a text that stands
/// alone is all of the rest, of two the first is one word; a number and a flag are words.
fn read(spec: &'static CommandSpec, rest: &str, line: &str) -> Typed {
    let option = |fits: fn(&Kind) -> bool| spec.options.iter().filter(move |option| fits(&option.kind));
    let texts: Vec<&OptionSpec> = option(|kind| matches!(kind, Kind::Text(_))).collect();
    let asks = option(|kind| *kind == Kind::Reason).next();
    let (rest, reason) = match (asks, texts.as_slice()) {
        (None, _) => (rest, None),
        (Some(_), [_]) => name_and_reason(rest),
        (Some(_), _) => because(rest).unwrap_or((rest, None)),
    };
    let mut command = Command::new(spec);
    if let (Some(asks), Some(reason)) = (asks, reason) {
        command = command.with(asks.name, reason);
    }
    match texts.as_slice() {
        [] => {}
        [one] => command = command.with(one.name, unquoted(rest)),
        [first, second, ..] => {
            let (one, behind) = word(rest);
            let mut behind: Vec<&str> = behind.split_whitespace().collect();
            for flag in spec.options {
                let Kind::Flag(words) = flag.kind else { continue };
                let said = |word: &&str| words.iter().any(|known| word.eq_ignore_ascii_case(known));
                if behind.iter().any(said) {
                    command = command.with(flag.name, "true");
                    behind.retain(|word| !said(word));
                }
            }
            let behind = behind.join(" ");
            let value = second.before.iter().find_map(|word| strip_word(&behind, word)).unwrap_or(&behind);
            command = command.with(first.name, one).with(second.name, value);
        }
    }
    for number in option(|kind| *kind == Kind::Number) {
        match rest.trim() {
            "" => {}
            typed if typed.parse::<usize>().is_ok() => command = command.with(number.name, typed),
            _ => return unknown(line, 3),
        }
    }
    let lacks = spec.options.iter().any(|option| option.required && command.given().text(option).is_none());
    if lacks { Typed::Incomplete(spec) } else { Typed::Command(command) }
}

/// What stands before "because", and the reason after it.
fn because(text: &str) -> Option<(&str, Option<&str>)> {
    BECAUSE.iter().find_map(|because| split_at_word(text, because)).map(|(before, reason)| (before, Some(reason)))
}

/// A name and the reason after it: what follows a quoted name, or what follows "because".
fn name_and_reason(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    if let Some((name, rest)) = quoted(text) {
        let rest = rest.trim_start().trim_start_matches([':', '：', ',', '，']).trim_start();
        let reason = BECAUSE.iter().find_map(|because| strip_word(rest, because)).unwrap_or(rest);
        return (name, Some(reason));
    }
    because(text).unwrap_or((text, None))
}

/// The text after `word`, if it starts with it. A Latin word must end there; a Chinese one need not.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends = !word.is_ascii() || rest.is_empty() || rest.starts_with(char::is_whitespace);
    (start.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// What stands before and after the first `word` that stands by itself.
fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    for (at, _) in text.char_indices() {
        let (before, after) = text.split_at(at);
        let begins = !word.is_ascii() || before.is_empty() || before.ends_with(char::is_whitespace);
        if let Some(rest) = strip_word(after, word).filter(|_| begins) {
            return Some((before, rest));
        }
    }
    None
}

/// A quoted name and what follows it. A quote that is never closed is part of the name: `'tis the season`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (open, close) = QUOTES.into_iter().find(|(open, _)| text.starts_with(*open))?;
    let inner = text.strip_prefix(open)?;
    // A closing quote ends a word: the one in `'n' roll's` does not.
    let end = inner.char_indices().find(|(at, c)| {
        let after = inner.get(at + c.len_utf8()..).unwrap_or_default();
        *c == close && (open != '\'' || after.is_empty() || after.starts_with(|c: char| !c.is_alphanumeric()))
    })?;
    Some((inner.get(..end.0)?, inner.get(end.0 + close.len_utf8()..)?))
}

/// A name without the quotes around all of it.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    quoted(text).filter(|(_, after)| after.trim().is_empty()).map_or(text, |(name, _)| name)
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// What was meant to name a command: so many words, short enough to be repeated.
fn unknown(line: &str, words: usize) -> Typed {
    Typed::Unknown(line.split_whitespace().take(words).collect::<Vec<_>>().join(" ").chars().take(40).collect())
}

#[cfg(test)]
mod tests;
