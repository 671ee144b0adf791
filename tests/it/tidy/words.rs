//! What no line may hold: work put off, silenced lints, skipped tests, unproven panics, places of one machine, secrets.

use super::source::is_test_file;
use super::{Tree, has_extension, hold, repository};
use std::collections::BTreeSet;

/// These files name what they forbid.
const THESE: &str = "tests/it/tidy/";

/// The lines outside these files that hold one of `words`.
fn lines_with<'a>(tree: &'a Tree, words: &'a [&'a str], wanted: impl Fn(&str) -> bool + 'a) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, text) in tree.matching(move |path| !path.starts_with(THESE) && wanted(path)) {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                breaches.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    breaches
}

fn put_off(tree: &Tree) -> Vec<String> {
    lines_with(tree, &["TODO", "FIXME", "XXX:", "HACK:", "todo!(", "unimplemented!("], |path| path != "Cargo.lock")
}

fn silenced(tree: &Tree) -> Vec<String> {
    let mut breaches = lines_with(tree, &["#[allow(", "#![allow(", "#[ignore"], |path| has_extension(path, "rs"));
    for (path, text) in tree.rust("").filter(|(path, _)| !path.starts_with(THESE)) {
        for (number, _) in text.match_indices("#[expect(").chain(text.match_indices("#![expect(")) {
            let attribute = text[number..].split(")]").next().unwrap_or("");
            if !attribute.contains("reason =") {
                breaches.push(format!("{path}:{}: an expectation without a reason", line_of(text, number)));
            }
        }
    }
    breaches
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].lines().count() + 1
}

/// Calls that can end the program, without a comment or an expectation in the three lines above that proves them.
fn unproven(tree: &Tree) -> Vec<String> {
    const ENDS: [&[&str]; 5] = [
        &[".", "unwrap", "(", ")"],
        &[".", "expect", "("],
        &["panic", "!", "("],
        &["unreachable", "!", "("],
        &["process", ":", ":", "abort"],
    ];
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("").filter(|(path, _)| !is_test_file(path)) {
        let lines: Vec<&str> = tree.files.get(path).map(|text| text.lines().collect()).unwrap_or_default();
        for words in ENDS {
            for line in source.lines_with(words) {
                let proven =
                    |line: &&str| line.contains("// ") || line.contains("#[expect(") || line.contains("reason =");
                if !lines[line.saturating_sub(4)..line].iter().any(proven) {
                    breaches.push(format!("{path}:{line}: `{}` without a comment that proves it", words.concat()));
                }
            }
        }
    }
    breaches
}

fn places(tree: &Tree) -> Vec<String> {
    const WORDS: [&str; 9] = [
        "/work/",
        "/root/",
        "/home/",
        "/Users/",
        "pypi.org",
        "pythonhosted.org",
        "index.crates.io",
        "static.crates.io",
        "registry.npmjs.org",
    ];
    let mut breaches = lines_with(tree, &WORDS, |path| path != "Cargo.lock");
    // Where Homebrew lives on every Linux machine that has it.
    breaches.retain(|breach| {
        !breach.starts_with("backend/src/platform/db/local/binaries.rs") || !breach.ends_with("`/home/`")
    });
    breaches
}

/// What looks like a credential somebody could use.
fn secrets(tree: &Tree) -> Vec<String> {
    let mut breaches = lines_with(tree, &["PRIVATE KEY-----", "AKIA", "xoxb-"], |path| path != "Cargo.lock");
    for (path, text) in tree.matching(|path| !path.starts_with(THESE)) {
        for (place, mark) in text.match_indices("tw_live_") {
            let body: Vec<char> = text[place + mark.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
            // Thirty-six zeros are nobody's.
            if body.len() >= 36 && body.iter().collect::<BTreeSet<_>>().len() > 9 {
                breaches.push(format!("{path}:{}: an API token", line_of(text, place)));
            }
        }
    }
    breaches
}

#[test]
fn nothing_is_put_off_in_the_code() {
    hold("What is put off in a comment is found by nobody: do it, or write an issue.", &put_off(repository()));
}

#[test]
fn no_lint_is_silenced_and_no_test_skipped() {
    hold(
        "`#[expect(…, reason)]` says why and complains when it is no longer needed; an ignored test protects nothing.",
        &silenced(repository()),
    );
}

#[test]
fn a_panic_is_proven_impossible() {
    hold(
        "A panic in a handler is a lost request, in a job a lost lease. A comment beside it proves that it cannot happen.",
        &unproven(repository()),
    );
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    hold(
        "The repository builds on any machine; where packages come from is that machine's setting.",
        &places(repository()),
    );
}

#[test]
fn no_file_holds_a_secret() {
    hold("What is committed once is public for ever.", &secrets(repository()));
}

#[test]
fn planted_words_are_found() {
    let one = |text: &str| Tree::planted(&[("backend/src/a.rs", text)]);
    assert_eq!(put_off(&one("// TODO later\nfn f() { todo!() }")).len(), 2);
    assert_eq!(silenced(&one("#[allow(dead_code)]\n#[ignore]\n#[expect(\n    dead_code\n)]\nfn f() {}")).len(), 3);
    assert!(silenced(&one("#[expect(dead_code, reason = \"because\")]\nfn f() {}")).is_empty());
    assert_eq!(unproven(&one("fn f() {\n\n\n\n    x.unwrap();\n    x.expect(\"\");\n    panic!(\"\");\n}")).len(), 3);
    assert!(unproven(&one("fn f() {\n    // It was checked above.\n    x.unwrap();\n}")).is_empty());
    assert!(unproven(&one("#[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }")).is_empty());
    let [root, home] = ["root", "home"];
    assert_eq!(places(&one(&format!("const A: &str = \"/{root}/x\";\n// see /{home}/me/x"))).len(), 2);
    let token = format!("tw_live_{}", "aB3dE5gH7".repeat(4) + "xyz");
    assert_eq!(secrets(&one(&format!("const A: &str = \"{token}\";"))).len(), 1);
    assert!(secrets(&one("tw_live_<30 base62>")).is_empty());
}
