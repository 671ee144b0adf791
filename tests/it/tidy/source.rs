//! Rust files as tokens: comments and the insides of texts are gone, test code is cut out, paths are resolved.

use super::has_extension;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::str::FromStr as _;

/// One token: a word, a sign, a bracket, or `"` for any literal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A Rust file without its tests.
pub(super) struct Source {
    /// Its module, from the crate's root.
    module: Vec<String>,
    pub(super) tokens: Vec<Token>,
}

/// A path that a file names, from the crate's root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

impl Named {
    /// The segment at `place`, or nothing.
    pub(super) fn segment(&self, place: usize) -> &str {
        self.segments.get(place).map_or("", String::as_str)
    }
}

/// Whether a whole file is test code.
pub(super) fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/testing/")
}

impl Source {
    /// The file at `path`. A file that is no Rust has no tokens: the compiler says so better.
    pub(super) fn of(path: &str, text: &str) -> Self {
        let mut tokens = Vec::new();
        if has_extension(path, "rs") && !is_test_file(path) {
            flatten(TokenStream::from_str(text).unwrap_or_default(), &mut tokens);
            cut_tests(&mut tokens);
        }
        let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
        let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = inside.split('/').filter(|part| *part != "lib").map(str::to_owned).collect();
        Self { module, tokens }
    }

    fn text(&self, place: usize) -> &str {
        self.tokens.get(place).map_or("", |token| &token.text)
    }

    /// Whether `words` stand one behind the other at `place`.
    pub(super) fn at(&self, place: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.text(place + i) == *word)
    }

    /// The lines on which `words` stand one behind the other.
    pub(super) fn lines_with(&self, words: &[&str]) -> Vec<usize> {
        (0..self.tokens.len()).filter(|&place| self.at(place, words)).map(|place| self.tokens[place].line).collect()
    }

    /// The lines that name something of the crate `name`.
    pub(super) fn lines_of_crate(&self, name: &str) -> Vec<usize> {
        let own = |place: &usize| {
            let rooted = *place < 2 || !self.at(place - 2, &[":", ":"]);
            rooted && self.at(*place, &[name, ":", ":"])
        };
        (0..self.tokens.len()).filter(own).map(|place| self.tokens[place].line).collect()
    }

    /// Every path that begins with `crate`, `super` or `self`, from the crate's root, groups taken apart.
    pub(super) fn paths(&self) -> Vec<Named> {
        let mut found = Vec::new();
        let mut place = 0;
        while place < self.tokens.len() {
            let inner = place >= 2 && self.at(place - 2, &[":", ":"]);
            let starts = ["crate", "super", "self"].contains(&self.text(place)) && self.at(place + 1, &[":", ":"]);
            if starts && !inner {
                self.path(place, &[], &mut found);
            }
            place += 1;
        }
        found
    }

    /// Reads the path at `place` behind `before`; returns the place behind it.
    fn path(&self, mut place: usize, before: &[String], found: &mut Vec<Named>) -> usize {
        let mut segments = before.to_vec();
        let line = self.tokens.get(place).map_or(0, |token| token.line);
        let mut relative = false;
        loop {
            match self.text(place) {
                "crate" => segments.clear(),
                "self" if before.is_empty() => segments.clone_from(&self.module),
                "self" | "*" => {}
                "super" => {
                    if !relative {
                        segments.clone_from(&self.module);
                    }
                    relative = true;
                    segments.pop();
                }
                "{" => {
                    place += 1;
                    while !["}", ""].contains(&self.text(place)) {
                        let behind = self.path(place, &segments, found);
                        place = behind.max(place + 1);
                        if self.text(place) == "as" {
                            place += 2;
                        }
                        if self.text(place) == "," {
                            place += 1;
                        }
                    }
                    return place + 1;
                }
                word if word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') => {
                    segments.push(word.to_owned());
                }
                _ => break,
            }
            place += 1;
            if !self.at(place, &[":", ":"]) {
                break;
            }
            place += 2;
        }
        found.push(Named { segments, line });
        place
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let mut push = |text: String, line: usize| tokens.push(Token { text, line });
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => push(ident.to_string(), line),
            TokenTree::Punct(punct) => push(punct.as_char().to_string(), line),
            TokenTree::Literal(_) => push("\"".to_owned(), line),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned(), line);
                let end = group.span_close().start().line;
                flatten(group.stream(), tokens);
                tokens.push(Token { text: close.to_owned(), line: end });
            }
        }
    }
}

/// Takes out every item under `#[cfg(test)]`.
fn cut_tests(tokens: &mut Vec<Token>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let marked = |tokens: &[Token], at: usize| {
        MARK.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.text == *word))
    };
    let mut at = 0;
    while at < tokens.len() {
        if !marked(tokens, at) {
            at += 1;
            continue;
        }
        let mut depth = 0_usize;
        let mut end = at + MARK.len();
        while end < tokens.len() {
            match tokens[end].text.as_str() {
                "{" | "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                ";" if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        tokens.drain(at..(end + 1).min(tokens.len()));
    }
}

#[test]
fn paths_are_resolved_and_groups_taken_apart() {
    let text =
        "use crate::plan::{budgets, campaigns::{self, states as s}}; use super::store; fn f() { crate::a::b(); }";
    let found: Vec<String> =
        Source::of("backend/src/watch/rules/mod.rs", text).paths().iter().map(|p| p.segments.join("::")).collect();
    assert_eq!(found, ["plan::budgets", "plan::campaigns", "plan::campaigns::states", "watch::store", "a::b"]);
    let routes = Source::of("backend/src/watch/rules/routes.rs", "use super::super::alerts;").paths();
    assert_eq!(routes[0].segments, ["watch", "alerts"]);
}

#[test]
fn comments_texts_and_tests_do_not_count() {
    let text = "//! diesel::x\nfn f() { \"diesel::x\"; } // diesel::x\n#[cfg(test)]\nmod tests { use diesel::x; }\nuse diesel::y;";
    assert_eq!(Source::of("backend/src/a.rs", text).lines_of_crate("diesel"), [5]);
    assert!(Source::of("backend/src/a/tests.rs", text).tokens.is_empty());
}
