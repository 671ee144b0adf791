//! Which library each part may use: the wire vocabulary has no I/O, the bot has no database, rules are pure, SQL
//! lives in stores, HTTP in routes, pools in the database's own folder.

use super::wings::place;
use super::{Tree, hold, repository};

/// The rooms of a domain that are not pure by their name.
const ROOMS: [&str; 4] = ["mod.rs", "store.rs", "routes.rs", "jobs.rs"];

fn in_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

fn in_routes(path: &str) -> bool {
    path.ends_with("/routes.rs") || path.contains("/routes/")
}

fn manifests(tree: &Tree) -> Vec<String> {
    const NEVER: [(&str, &[&str]); 2] = [
        ("shared/Cargo.toml", &["actix", "diesel", "tokio", "reqwest", "serenity", "poise", "redis", "tillwatch-"]),
        ("bot/Cargo.toml", &["tillwatch-backend", "diesel", "redis", "actix"]),
    ];
    let mut breaches = Vec::new();
    for (manifest, never) in NEVER {
        for (path, text) in tree.matching(|path| path == manifest) {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with("name"));
            for (number, line) in lines {
                if let Some(found) = never.iter().find(|name| line.starts_with(**name)) {
                    breaches.push(format!("{path}:{}: depends on `{found}`", number + 1));
                }
            }
        }
    }
    breaches
}

/// Names of crates used where they do not belong.
fn misplaced(tree: &Tree, crates: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("").filter(|(path, _)| !path.starts_with("tests/") && !allowed(path)) {
        for name in crates {
            breaches.extend(source.lines_of_crate(name).iter().map(|line| format!("{path}:{line}: names `{name}`")));
        }
    }
    breaches
}

fn sql(tree: &Tree) -> Vec<String> {
    misplaced(tree, &["diesel", "diesel_async", "diesel_migrations"], |path| {
        in_store(path)
            || path.starts_with("backend/src/platform/db/")
            || path == "backend/src/platform/jobs/queue.rs"
            // Turns a refused statement into an answer.
            || path == "backend/src/error.rs"
    })
}

fn http(tree: &Tree) -> Vec<String> {
    misplaced(tree, &["actix_web"], |path| {
        in_routes(path)
            || path.starts_with("backend/src/platform/http/")
            // They compose the edge and the routes, describe them, and turn an error into an answer.
            || ["router", "serve", "openapi", "openapi/sheets", "error"].iter().any(|name| path == format!("backend/src/{name}.rs"))
    })
}

fn pools(tree: &Tree) -> Vec<String> {
    const TYPES: [&str; 5] = ["Pool", "deadpool", "AsyncPgConnection", "AsyncDieselConnectionManager", "PgConnection"];
    let mut breaches = Vec::new();
    let outside = |path: &str| !path.starts_with("backend/src/platform/db/") && !path.starts_with("tests/");
    for (path, source) in tree.sources("").filter(|(path, _)| outside(path)) {
        let found = source.tokens.iter().filter(|token| TYPES.contains(&token.text.as_str()));
        breaches.extend(found.map(|token| format!("{path}:{}: `{}`", token.line, token.text)));
    }
    breaches
}

/// A domain's file that is none of the rooms and awaits nothing is a noun: pure, with time as an argument.
fn impure_nouns(tree: &Tree) -> Vec<String> {
    const NEVER: [&str; 3] = ["Tx", "SystemTx", "SystemTime"];
    const CRATES: [&str; 5] = ["actix_web", "tokio", "redis", "reqwest", "diesel"];
    const CLOCKS: [&[&str]; 4] = [
        &["Utc", ":", ":", "now"],
        &["Instant", ":", ":", "now"],
        &["Local", ":", ":", "now"],
        &["clock", ":", ":", "now"],
    ];
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("backend/src/") {
        let in_domain = place(path).is_some_and(|(wing, domain)| wing != "platform" && !domain.is_empty());
        let room = ROOMS.iter().any(|room| path.ends_with(&format!("/{room}"))) || in_store(path) || in_routes(path);
        let model = path.ends_with("/model.rs") || path.contains("/model/");
        let awaits = !source.lines_with(&["async"]).is_empty();
        if !in_domain || room || (awaits && !model) {
            continue;
        }
        let mut say = |lines: Vec<usize>, what: &str| {
            breaches.extend(lines.iter().map(|line| format!("{path}:{line}: a pure file names `{what}`")));
        };
        if model {
            say(source.lines_with(&["async"]), "async");
        }
        let app = source.paths().into_iter().filter(|path| path.segment(0) == "app").map(|path| path.line);
        say(app.collect(), "app");
        for name in NEVER {
            say(source.lines_with(&[name]), name);
        }
        for name in CRATES {
            say(source.lines_of_crate(name), name);
        }
        for words in CLOCKS {
            say(source.lines_with(words), &words.concat());
        }
    }
    breaches
}

/// The wall clock is read in one file, to the precision that the database keeps.
fn clocks(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    // The launcher of a local PostgreSQL waits for processes; it serves no rule.
    let outside =
        |path: &str| path != "backend/src/platform/clock.rs" && !path.starts_with("backend/src/platform/db/local/");
    for (path, source) in tree.sources("backend/src/").filter(|(path, _)| outside(path)) {
        for words in [&["Utc", ":", ":", "now"][..], &["Local", ":", ":", "now"], &["SystemTime"]] {
            breaches.extend(source.lines_with(words).iter().map(|line| format!("{path}:{line}: `{}`", words.concat())));
        }
    }
    breaches
}

#[test]
fn the_wire_has_no_io_and_the_bot_no_database() {
    hold(
        "The wire vocabulary compiles into any client; the bot is a client like any other, so whatever it can do a \
         customer's own program can.",
        &manifests(repository()),
    );
}

#[test]
fn a_forbidden_dependency_is_found() {
    let tree = Tree::planted(&[
        ("shared/Cargo.toml", "name = \"tillwatch-shared\"\n[dependencies]\ntokio.workspace = true\nserde = \"1\"\n"),
        ("bot/Cargo.toml", "[dependencies]\ntillwatch-shared.workspace = true\ntillwatch-backend.workspace = true\n"),
    ]);
    assert_eq!(manifests(&tree).len(), 2);
}

#[test]
fn sql_lives_in_stores() {
    hold(
        "Every query of a table in one file: only so can one see that each names its tenant and uses an index.",
        &sql(repository()),
    );
}

#[test]
fn http_lives_in_routes() {
    hold("Use cases are also called by jobs and by other domains, who have no request.", &http(repository()));
}

#[test]
fn pools_stay_with_the_database() {
    hold(
        "Whoever holds a pool can ask without a tenant. Handlers reach the database through the tenant transaction only.",
        &pools(repository()),
    );
}

#[test]
fn misplaced_sql_http_and_pools_are_found() {
    let text = "use diesel::prelude::*; use actix_web::web; fn f(p: Pool) { diesel_async::x(); }";
    let tree = Tree::planted(&[("backend/src/plan/campaigns/mod.rs", text), ("bot/src/api.rs", "use diesel::x;")]);
    assert_eq!((sql(&tree).len(), http(&tree).len(), pools(&tree).len()), (3, 1, 1));
    let allowed = Tree::planted(&[
        ("backend/src/plan/campaigns/store.rs", "use diesel::prelude::*;"),
        ("backend/src/plan/campaigns/routes.rs", "use actix_web::web;"),
        ("backend/src/platform/db/mod.rs", "use diesel::x; struct A(Pool);"),
    ]);
    assert!(sql(&allowed).is_empty() && http(&allowed).is_empty() && pools(&allowed).is_empty());
}

#[test]
fn rules_are_pure() {
    hold(
        "A rule that reads the clock or the database cannot be tested for a day that is past, nor replayed.",
        &impure_nouns(repository()),
    );
}

#[test]
fn an_impure_rule_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/plan/campaigns/model.rs", "use crate::app::App; async fn f(tx: &mut Tx) { Utc::now(); }"),
        ("backend/src/watch/rules/detect/season.rs", "fn f() { Instant::now(); tokio::spawn(x); }"),
        ("backend/src/watch/alerts/picture.rs", "async fn f(app: &App) {}"),
        ("backend/src/plan/names.rs", "fn f(at: DateTime<Utc>) {}"),
    ]);
    assert_eq!(impure_nouns(&tree).len(), 6);
}

#[test]
fn one_file_reads_the_clock() {
    hold(
        "PostgreSQL keeps microseconds: a time of another precision is not equal to itself after a round trip.",
        &clocks(repository()),
    );
}

#[test]
fn another_clock_is_found() {
    let tree = Tree::planted(&[
        ("backend/src/plan/campaigns/mod.rs", "fn f() { let now = chrono::Utc::now(); }"),
        ("backend/src/platform/clock.rs", "fn f() { Utc::now(); }"),
    ]);
    assert_eq!(clocks(&tree).len(), 1);
}

/// Who may go where is a value of the process's start, and what serves starts with public addresses only.
fn other_policies(tree: &Tree) -> Vec<String> {
    let policy = "backend/src/platform/outbound/policy.rs";
    let mut breaches = Vec::new();
    for (path, source) in tree.sources("").filter(|(path, _)| !path.starts_with("tests/") && *path != policy) {
        for line in source.lines_with(&["for_tests"]) {
            breaches.push(format!("{path}:{line}: an address policy for tests"));
        }
        // A client of its own would go anywhere.
        let at_home = path.starts_with("backend/src/platform/outbound/") || !path.starts_with("backend/");
        let clients = if at_home { Vec::new() } else { source.lines_of_crate("reqwest") };
        breaches.extend(clients.iter().map(|line| format!("{path}:{line}: names `reqwest`")));
    }
    breaches
}

#[test]
fn what_serves_goes_to_public_addresses_only() {
    hold(
        "An address that a customer gives must not lead into our network, whatever is configured: requests go through \
         `platform::outbound`, and only tests make it another policy than `public_only`.",
        &other_policies(repository()),
    );
}

#[test]
fn another_policy_is_found() {
    let tree = Tree::planted(&[
        ("backend/cli/parts.rs", "fn f() { AddressPolicy::for_tests(all, lookup, None); }"),
        ("backend/src/watch/alerts/mod.rs", "fn f() { reqwest::get(url); }"),
        ("backend/src/platform/outbound/mod.rs", "use reqwest::Client;"),
        ("bot/src/api.rs", "use reqwest::Client;"),
        ("tests/it/x.rs", "fn f() { AddressPolicy::for_tests(all, lookup, None); }"),
    ]);
    assert_eq!(other_policies(&tree).len(), 2);
}
