//! Every path that Markdown names exists: in a link, or between backticks when it looks like a path.

use super::{Tree, has_extension, hold, repository};

/// Endings that make a word without a slash a file's name.
const EXTENSIONS: [&str; 13] =
    ["rs", "md", "toml", "sql", "py", "json", "gz", "txt", "otf", "yml", "yaml", "lock", "sh"];

/// Folders that documents speak from: the root, and the backend's modules in the code map.
const BASES: [&str; 3] = ["", "backend/src/", "tests/it/"];

fn missing(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, text) in tree.matching(|path| has_extension(path, "md")) {
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for link in links(line) {
                let file = link.split('#').next().unwrap_or("");
                if !file.is_empty() && !tree.exists(&joined(&folder, file)) {
                    breaches.push(format!("{path}:{}: the link `{link}` leads nowhere", number + 1));
                }
            }
            for word in line.split('`').skip(1).step_by(2).filter(|word| !found(tree, &folder, word)) {
                breaches.push(format!("{path}:{}: there is no `{word}`", number + 1));
            }
        }
    }
    breaches
}

/// Links to files; addresses with a scheme are somebody else's.
fn links(line: &str) -> Vec<&str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .collect()
}

/// `folder` and a path from it as one path, with `..` taken in.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// Whether a word between backticks is no path, or one that exists.
fn found(tree: &Tree, folder: &str, word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/*".contains(c);
    let is_file = EXTENSIONS.iter().any(|extension| has_extension(word, extension));
    // An address of the API begins with a slash; `.json` is an ending, not a file; `FILE.csv` stands for any file.
    if word.starts_with('/') || !word.chars().all(plain) || word.trim_start_matches('.').len() < 3 {
        return true;
    }
    if EXTENSIONS.contains(&word.trim_start_matches('.')) || (!word.contains('/') && !is_file) {
        return true;
    }
    let bases = || BASES.into_iter().chain([folder]);
    if word.contains('*') {
        return bases().any(|base| tree.files.keys().any(|file| fits(&format!("{base}{word}"), file)));
    }
    if bases().any(|base| tree.exists(&joined(base, word))) {
        return true;
    }
    if !word.contains('/') {
        return tree.files.keys().any(|file| file.rsplit('/').next() == Some(word));
    }
    // `Asia/Shanghai` begins with nothing that we have, and is no file.
    let first = word.split('/').next().unwrap_or("");
    !is_file && !word.ends_with('/') && !bases().any(|base| tree.exists(&joined(base, first)))
}

/// Whether `file` is what `pattern` names; `*` stands for any part of a name.
fn fits(pattern: &str, file: &str) -> bool {
    let (patterns, names): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), file.split('/').collect());
    let pair = |(pattern, name): (&&str, &&str)| match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
    };
    patterns.len() <= names.len() && patterns.iter().zip(&names).all(pair)
}

#[test]
fn what_markdown_names_exists() {
    hold(
        "A map that names what was moved sends everybody astray, and nobody mends it by reading.",
        &missing(repository()),
    );
}

#[test]
fn a_dead_path_is_found() {
    let text = "See [it](gone.md), [us](../README.md#top), `backend/src/gone.rs`, `gone.toml`, `platform/gone`, `gone/`,\n\
        `backend/src/lib.rs`, `platform/db`, `lib.rs`, `migrations/*/up.sql`, `migrations/*/gone.sql`, `Asia/Shanghai`,\n\
        `/v1/campaigns`, `.json`, `application/json`, [out](https://example.org/gone.md).\n\
        ```\n`gone.rs`\n```\n";
    let tree = Tree::planted(&[
        ("docs/guide.md", text),
        ("README.md", ""),
        ("backend/src/lib.rs", ""),
        ("backend/src/platform/db/mod.rs", ""),
        ("migrations/1_first/up.sql", ""),
    ]);
    let found = missing(&tree);
    assert_eq!(found.len(), 6, "{found:#?}");
}
