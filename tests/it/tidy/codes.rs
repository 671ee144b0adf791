//! The closed list of error codes: each is reached by an integration test, so that none is a promise only.

use super::{Tree, hold, repository};
use tillwatch_shared::errors::Code;

/// The codes that no integration test names, as a variant or as its word on the wire.
fn unreached(tree: &Tree) -> Vec<String> {
    let tests: Vec<&str> = tree
        .rust("tests/it/")
        .filter(|(path, _)| !path.starts_with("tests/it/tidy/") && !path.starts_with("tests/it/fake_discord/"))
        .map(|(_, text)| text)
        .collect();
    Code::ALL
        .iter()
        .filter(|code| {
            let (variant, word) = (format!("Code::{code:?}"), format!("\"{code}\""));
            !tests.iter().any(|text| text.contains(&variant) || text.contains(&word))
        })
        .map(|code| format!("`{code}` is in the list and no test reaches it"))
        .collect()
}

#[test]
fn every_error_code_is_reached_by_a_test() {
    hold(
        "A caller writes code for every error code of the document; one that cannot happen misleads them.",
        &unreached(repository()),
    );
}

#[test]
fn an_unreached_code_is_found() {
    let tree = Tree::planted(&[("tests/it/a.rs", "Code::NotFound, \"state_conflict\"")]);
    assert_eq!(unreached(&tree).len(), Code::ALL.len() - 2);
}
