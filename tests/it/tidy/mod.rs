//! The house's own rules, held by reading its text: who may name whom, which rooms a domain has, how long a file is,
//! that what Markdown names exists, and what never stands in a file.
//!
//! Cast: [`Tree`] (the repository's files, or a planted few), [`source`] (Rust as tokens, so that comments, texts and
//! test code do not count), and one module for each family of rules: [`wings`] and [`tools`] (who depends on what),
//! [`rooms`] (the roles of files), [`paths`] (Markdown), [`words`] (what a line must not hold), [`shape`] (the tree as a whole).
//! Invariants: a rule is a function from a tree to its breaches; every rule has a test that plants a breach and sees
//! it found, so that no rule can fall asleep.

mod paths;
mod rooms;
mod shape;
mod source;
mod tools;
mod wings;
mod words;

use source::Source;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::{fs, io};

/// Files by their path from the repository's root; what is no UTF-8 text has an empty text.
struct Tree {
    files: BTreeMap<String, String>,
    /// The Rust files as tokens, read when first asked for.
    sources: OnceLock<BTreeMap<String, Source>>,
}

/// The repository, read once for all rules.
#[expect(clippy::panic, reason = "without the repository's files no rule can be held")]
fn repository() -> &'static Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| Tree::read().unwrap_or_else(|error| panic!("the repository cannot be read: {error}")))
}

impl Tree {
    /// The repository, without what `.gitignore` leaves out.
    fn read() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ignored = fs::read_to_string(root.join(".gitignore"))?;
        let mut ignored: Vec<&str> = ignored.lines().filter(|line| !line.is_empty()).collect();
        ignored.push("/.git");
        let mut tree = Self { files: BTreeMap::new(), sources: OnceLock::new() };
        tree.walk(root, "", &ignored)?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, ignored: &[&str]) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let left_out = ignored.iter().any(|pattern| match pattern.strip_prefix('*') {
                Some(suffix) => path.ends_with(suffix),
                None => pattern.trim_matches('/') == path,
            });
            // Python leaves these beside a script that is imported.
            if left_out || path.ends_with("__pycache__") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.walk(&entry.path(), &format!("{path}/"), ignored)?;
            } else {
                let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// A tree of these files only, for planting breaches.
    fn planted(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, sources: OnceLock::new() }
    }

    /// Path and text of every file whose path satisfies `wanted`.
    fn matching(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).filter(move |(path, _)| wanted(path))
    }

    /// The Rust files under `folder` (empty for all).
    fn rust(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.matching(move |path| path.starts_with(folder) && has_extension(path, "rs"))
    }

    /// The Rust files under `folder` (empty for all) as tokens.
    fn sources(&self, folder: &str) -> impl Iterator<Item = (&str, &Source)> {
        let read = || self.rust("").map(|(path, text)| (path.to_owned(), Source::of(path, text))).collect();
        let all = self.sources.get_or_init(read);
        all.iter().map(|(path, source)| (path.as_str(), source)).filter(move |(path, _)| path.starts_with(folder))
    }

    /// Whether this is a file, or a folder with files in it.
    fn exists(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let first_inside = self.files.range(folder.clone()..).next();
        self.files.contains_key(path) || first_inside.is_some_and(|(file, _)| file.starts_with(&folder))
    }
}

/// Whether `path` ends in `.extension`.
fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
}

/// Fails with every breach of a rule, and with why the rule is there.
#[track_caller]
fn hold(why: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{why}\n{} breach(es):\n  {}", breaches.len(), breaches.join("\n  "));
}

#[test]
fn the_repository_is_really_read() {
    let tree = repository();
    for path in ["Cargo.toml", "backend/src/lib.rs", "shared/src/lib.rs", "bot/src/lib.rs", "migrations", ".ci/run"] {
        assert!(tree.exists(path), "{path} is not there");
    }
    assert!(!tree.exists("target") && !tree.exists(".git"));
}
