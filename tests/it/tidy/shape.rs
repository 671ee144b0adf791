//! The tree as a whole: what lies at the top, how long a file is, how a module begins.

use super::{Tree, has_extension, hold, repository};
use std::collections::BTreeSet;

/// What may lie at the top of the repository.
const TOP: [&str; 23] = [
    // The product.
    "Cargo.toml",
    "Cargo.lock",
    "backend",
    "bot",
    "shared",
    "migrations",
    "k8s",
    "tests",
    "benches",
    // Its papers.
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "docs",
    // Tools' configuration.
    ".ci",
    ".gitignore",
    ".gitattributes",
    ".squawk.toml",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "Dockerfile",
];

/// Lines that a file may have.
const MOST_LINES: usize = 400;
/// A longer file says why within its first ten lines, behind these words.
const LONGER: &str = "Longer than 400 lines:";
/// Or that a program wrote it.
const GENERATED: &str = "@generated";

fn strangers(tree: &Tree) -> Vec<String> {
    let top: BTreeSet<&str> = tree.files.keys().filter_map(|path| path.split('/').next()).collect();
    top.into_iter()
        .filter(|name| !TOP.contains(name))
        .map(|name| format!("{name}: does not belong at the top"))
        .collect()
}

fn too_long(tree: &Tree) -> Vec<String> {
    tree.matching(|path| ["rs", "sql", "py", "md", "sh"].iter().any(|extension| has_extension(path, extension)))
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .filter(|(_, text)| !text.lines().take(10).any(|line| line.contains(LONGER) || line.contains(GENERATED)))
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect()
}

fn wordless(tree: &Tree) -> Vec<String> {
    // A `tests.rs` beside its module says it by its name.
    tree.rust("")
        .filter(|(path, _)| !path.ends_with("/tests.rs"))
        .filter(|(_, text)| !text.starts_with("//! ") && !text.lines().take(3).any(|line| line.contains(GENERATED)))
        .map(|(path, _)| format!("{path}: does not begin with `//!`"))
        .collect()
}

#[test]
fn the_top_holds_only_what_belongs_there() {
    hold("The top is what a newcomer sees first.", &strangers(repository()));
}

#[test]
fn files_are_short() {
    hold(
        "A file that fits into one's head is changed with confidence. A longer one says why at its top.",
        &too_long(repository()),
    );
}

#[test]
fn every_module_says_what_it_is() {
    hold("The first line of a file answers the first question about it.", &wordless(repository()));
}

#[test]
fn planted_shapes_are_found() {
    let long = "//! A.\n".repeat(401);
    let reasoned = format!("//! B. Longer than 400 lines: one table.\n{long}");
    let tree = Tree::planted(&[
        ("backend/src/a.rs", &long),
        ("backend/src/b.rs", &reasoned),
        ("backend/src/c.rs", "fn f() {}"),
        ("notes.txt", ""),
        ("scratch/x.rs", "//! X."),
    ]);
    assert_eq!(too_long(&tree), ["backend/src/a.rs: 401 lines"]);
    assert_eq!(wordless(&tree), ["backend/src/c.rs: does not begin with `//!`"]);
    assert_eq!(strangers(&tree).len(), 2);
}
