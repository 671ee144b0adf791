//! The roles of files: which folders the backend has, which rooms a domain has, and that what a room offers is really
//! mounted.

use super::wings::{WINGS, place};
use super::{Tree, has_extension, hold, repository};
use std::collections::BTreeSet;

/// Names that say nothing: what is in them belongs to a room or to a noun.
const SAYS_NOTHING: [&str; 12] = [
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "types",
    "service",
    "handlers",
    "controllers",
    "queries",
    "db",
];

fn misplaced(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut domains = BTreeSet::new();
    for (path, _) in tree.matching(|path| path.starts_with("backend/src/")) {
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        // The demo retailers are set up beside the wings, through their use cases; the document describes them all, the settings are read in a file of their own; the tests
        // of a file at the top may lie in a folder of its name.
        let beside = ["config", "demo", "openapi"].contains(&parts[0]) || parts.get(1) == Some(&"tests.rs");
        if parts.len() > 1 && !WINGS.contains(&parts[0]) && !beside {
            breaches.push(format!("{path}: `{}` is no wing", parts[0]));
        }
        let Some((wing, domain)) = place(path) else { continue };
        if !has_extension(path, "rs") {
            breaches.push(format!("{path}: only Rust lives in a wing; data goes to backend/assets or backend/demo"));
        }
        let stem = parts.last().map_or("", |name| name.trim_end_matches(".rs"));
        if wing != "platform" && (SAYS_NOTHING.contains(&stem) || parts.iter().any(|part| SAYS_NOTHING.contains(part)))
        {
            breaches
                .push(format!("{path}: the name says nothing; use a room (mod, model, store, routes, jobs) or a noun"));
        }
        if wing != "platform" && !domain.is_empty() {
            domains.insert((wing, domain));
        }
    }
    for (wing, domain) in domains {
        let essay = format!("backend/src/{wing}/{domain}/mod.rs");
        match tree.matching(|path| path == essay).next() {
            None => breaches.push(format!("{essay}: a domain has a `mod.rs`")),
            Some((_, text)) if text.lines().take_while(|line| line.starts_with("//!")).count() < 3 => {
                breaches.push(format!("{essay}: a domain begins with an essay: vocabulary, cast, invariants"));
            }
            Some(_) => {}
        }
    }
    breaches
}

/// Every `routes()`, `kinds()` and `sweeps()` is named by the router. Jobs have kinds, sweeps, or both.
fn unmounted(tree: &Tree) -> Vec<String> {
    let router = tree.matching(|path| path == "backend/src/router.rs").map(|(_, text)| text).collect::<String>();
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("backend/src/") {
        for (room, functions) in [("routes", ["routes"].as_slice()), ("jobs", ["kinds", "sweeps"].as_slice())] {
            if !path.ends_with(&format!("/{room}.rs")) || path.starts_with("backend/src/platform/") {
                continue;
            }
            let offered: Vec<&str> =
                functions.iter().copied().filter(|&name| !source.lines_with(&["pub", "fn", name]).is_empty()).collect();
            if offered.is_empty() {
                breaches.push(format!("{path}: has no `pub fn {}()`", functions.join("()` or `")));
            }
            let module = path.trim_start_matches("backend/src/").trim_end_matches(".rs").replace('/', "::");
            for function in offered {
                if !router.contains(&format!("{module}::{function}()")) {
                    breaches.push(format!("{path}: backend/src/router.rs does not name `{module}::{function}()`"));
                }
            }
        }
    }
    breaches
}

#[test]
fn a_domain_has_the_known_rooms() {
    hold(
        "Who knows one domain finds everything in all others: the essay and use cases in `mod`, rules in `model` or \
         nouns, SQL in `store`, HTTP in `routes`, deferred work in `jobs`.",
        &misplaced(repository()),
    );
}

#[test]
fn a_wrong_room_is_found() {
    let essay = "//! One.\n//! Two.\n//! Three.\n";
    let tree = Tree::planted(&[
        ("backend/src/plan/campaigns/mod.rs", essay),
        ("backend/src/plan/campaigns/utils.rs", ""),
        ("backend/src/plan/campaigns/list.json", ""),
        ("backend/src/plan/budgets/mod.rs", "//! Budgets.\n"),
        ("backend/src/plan/channels/store.rs", ""),
        ("backend/src/billing/mod.rs", ""),
    ]);
    assert_eq!(misplaced(&tree).len(), 5);
}

#[test]
fn what_a_room_offers_is_mounted() {
    hold(
        "An endpoint or a job that is not in the router's list does not exist for anybody, and nothing else would say so.",
        &unmounted(repository()),
    );
}

#[test]
fn an_unmounted_room_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/router.rs", "plan::campaigns::routes::routes(), watch::alerts::jobs::kinds()"),
        ("backend/src/plan/campaigns/routes.rs", "pub fn routes() {}"),
        ("backend/src/watch/alerts/jobs.rs", "pub fn kinds() {}"),
        ("backend/src/plan/channels/routes.rs", "pub fn routes() {}"),
        ("backend/src/watch/judging/jobs.rs", "fn other() {}"),
        ("backend/src/identity/directory/jobs.rs", "pub fn sweeps() {}"),
    ]);
    assert_eq!(unmounted(&tree).len(), 3);
}
