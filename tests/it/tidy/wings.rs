//! Who may name whom: wings depend downwards only, a domain's store and routes are its own, no two domains of a wing
//! need each other.

use super::source::Named;
use super::{Tree, hold, repository};
use std::collections::{BTreeMap, BTreeSet};

/// The wings, lowest first.
pub(super) const WINGS: [&str; 7] = ["platform", "identity", "measure", "people", "plan", "watch", "insight"];

/// What composes the wings, and what they therefore must not name.
const ABOVE_ALL: [&str; 5] = ["router", "serve", "openapi", "demo", "telemetry"];

/// Wing and domain of a file or path; a file that lies in the wing itself has an empty domain.
type Place<'a> = (&'a str, &'a str);

/// Where the file lies, if it lies in a wing.
pub(super) fn place(path: &str) -> Option<Place<'_>> {
    let mut parts = path.strip_prefix("backend/src/")?.split('/');
    let wing = WINGS.into_iter().find(|wing| Some(*wing) == path.split('/').nth(2))?;
    parts.next();
    let domain = parts.next().filter(|part| !part.contains('.')).unwrap_or("");
    Some((wing, domain))
}

fn height(wing: &str) -> Option<usize> {
    WINGS.iter().position(|known| *known == wing)
}

/// Every file of a wing with what it names of the crate.
fn named(tree: &Tree) -> Vec<(&str, Place<'_>, Vec<Named>)> {
    tree.sources("backend/src/").filter_map(|(path, source)| Some((path, place(path)?, source.paths()))).collect()
}

fn upward(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, (wing, _), names) in named(tree) {
        for name in names {
            let above = height(name.segment(0)) > height(wing) || ABOVE_ALL.contains(&name.segment(0));
            if above {
                breaches.push(format!("{path}:{}: `{wing}` names `{}`", name.line, name.segments.join("::")));
            }
        }
    }
    breaches
}

/// A store is private to its domain, so the compiler holds the rest; routes are named by the router alone.
fn foreign_rooms(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("backend/src/") {
        for line in source.lines_with(&["pub", "mod", "store"]) {
            breaches.push(format!("{path}:{line}: a store is private; re-export what others may call"));
        }
        for line in source.lines_with(&[")", "mod", "store"]) {
            breaches.push(format!("{path}:{line}: a store is private to its domain"));
        }
        if path != "backend/src/router.rs" {
            for line in source.lines_with(&["routes", ":", ":"]) {
                breaches.push(format!("{path}:{line}: only the router names routes"));
            }
        }
        let own = place(path).unwrap_or_default();
        for name in source.paths() {
            let foreign = own != (name.segment(0), name.segment(1));
            if foreign && height(name.segment(0)) > Some(0) && name.segments.iter().skip(2).any(|s| s == "store") {
                breaches.push(format!("{path}:{}: another domain's store: `{}`", name.line, name.segments.join("::")));
            }
        }
    }
    breaches
}

/// Which domains of its own wing each domain names.
fn neighbours(tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, (wing, domain), names) in named(tree) {
        for name in names {
            let other = name.segment(1);
            let is_domain = tree.exists(&format!("backend/src/{wing}/{other}/mod.rs"));
            // The platform has parts, not domains: its edge and its database know each other.
            if wing != "platform" && !domain.is_empty() && name.segment(0) == wing && other != domain && is_domain {
                graph.entry(format!("{wing}::{domain}")).or_default().insert(format!("{wing}::{other}"));
            }
        }
    }
    graph
}

fn circles(tree: &Tree) -> Vec<String> {
    let graph = neighbours(tree);
    let reaches = |from: &str, to: &str| {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            for next in graph.get(at).into_iter().flatten() {
                if next == to {
                    return true;
                }
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        false
    };
    let mut breaches = Vec::new();
    for (from, others) in &graph {
        for to in others {
            if from < to && reaches(to, from) {
                breaches.push(format!("`{from}` names `{to}`, which comes back to it"));
            } else if reaches(to, from) && !graph.get(to).is_some_and(|back| back.contains(from)) {
                breaches.push(format!("`{from}` names `{to}`, which comes back to it by a detour"));
            }
        }
    }
    breaches
}

#[test]
fn wings_depend_downwards_only() {
    hold(
        "A lower wing that knows an upper one can be neither understood nor changed alone. What must travel up is a \
         job or an event row that the upper wing registered for.",
        &upward(repository()),
    );
}

#[test]
fn an_upward_dependency_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/measure/samples/mod.rs", "use crate::plan::budgets;"),
        ("backend/src/platform/jobs/worker.rs", "fn f() { crate::watch::judging::jobs::kinds(); }"),
        ("backend/src/watch/rules/mod.rs", "use crate::router; use crate::{plan, insight::reports};"),
        ("backend/src/watch/fine.rs", "use crate::{plan::campaigns, app::App};"),
    ]);
    assert_eq!(upward(&tree).len(), 4);
}

#[test]
fn stores_and_routes_are_private_to_their_domain() {
    hold(
        "A domain whose tables or handlers others use has no use cases of its own any more: its rules can be walked \
         around.",
        &foreign_rooms(repository()),
    );
}

#[test]
fn a_foreign_store_or_routes_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/plan/campaigns/mod.rs", "pub mod store; pub(crate) mod store;"),
        ("backend/src/watch/alerts/mod.rs", "use crate::plan::campaigns::store as campaigns;"),
        ("backend/src/watch/rules/mod.rs", "fn f() { alerts::routes::routes(); }"),
        ("backend/src/plan/budgets/mod.rs", "mod store; use super::campaigns::store;"),
        ("backend/src/plan/channels/mod.rs", "mod store; use super::channels::store; fn f() { store::get(); }"),
        ("backend/src/router.rs", "fn f() { alerts::routes::routes(); }"),
    ]);
    assert_eq!(foreign_rooms(&tree).len(), 5);
}

#[test]
fn no_two_domains_of_a_wing_need_each_other() {
    hold(
        "Two domains that need each other are one domain in two folders. Move what both need into a third.",
        &circles(repository()),
    );
}

#[test]
fn a_circle_of_domains_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/watch/a/mod.rs", "use super::b;"),
        ("backend/src/watch/b/mod.rs", "use crate::watch::c;"),
        ("backend/src/watch/c/mod.rs", "use crate::watch::a;"),
        ("backend/src/plan/d/mod.rs", "use crate::plan::e;"),
        ("backend/src/plan/e/mod.rs", ""),
    ]);
    let found = circles(&tree);
    assert!(found.iter().any(|line| line.contains("watch::a")) && !found.iter().any(|line| line.contains("plan")));
}
