//! Asking every operation of the document, and judging the answers.

use super::cases::{Case, Theirs, cases};
use super::probes::fingerprint;
use super::seed::{Other, Seeded};
use crate::harness::{Answer, Client};
use crate::openapi::operations;
use serde_json::Value;
use tillwatch_backend::openapi;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;

/// The program's document.
pub(super) fn document() -> Value {
    serde_json::to_value(openapi::document(&endpoints())).expect("JSON")
}

/// The operations of a document that nobody has said how to ask, as sentences.
pub(super) fn missing(document: &Value, mine: &Seeded) -> Vec<String> {
    let ids = operations(document).into_iter().map(|(_, _, operation)| operation["operationId"].to_string());
    ids.filter(|id| cases(id.trim_matches('"'), mine).is_empty())
        .map(|id| format!("{id} has no case: add it to tests/it/isolation/cases.rs"))
        .collect()
}

/// Asks every operation as another's admin, as nobody and as the owner's own admin. Sentences of what was wrong.
pub(super) async fn suite(mine: &Seeded, other: &Other) -> Vec<String> {
    let document = document();
    let mut wrong = missing(&document, mine);
    let operations = operations(&document);
    assert_eq!(operations.len(), endpoints().len(), "the document lists the operations");
    let before = fingerprint(&mine.tenant.database, &mine.tenant).await;
    for (path, method, operation) in &operations {
        let id = operation["operationId"].as_str().unwrap_or_default();
        for case in &cases(id, mine) {
            let caller = if case.ends_session { &other.leaving } else { &other.admin };
            let answer = ask(caller, method, path, case).await;
            wrong.extend(judge_theirs(id, &answer, case.theirs));
            wrong.extend(leaks(id, &answer, mine, case));
            let answer = ask(&mine.tenant.anonymous, method, path, case).await;
            let open = operation["security"] == serde_json::json!([{}]);
            if !open && answer.status != 401 {
                wrong.push(format!("{id} answers nobody with {}", answer.status));
            }
            wrong.extend(leaks(id, &answer, mine, case));
        }
    }
    let after = fingerprint(&mine.tenant.database, &mine.tenant).await;
    for (table, (before, after)) in before.iter().map(|(table, rows)| (table, (Some(rows), after.get(table)))) {
        if before != after {
            wrong.push(format!("{table}: somebody else changed the retailer's rows"));
        }
    }
    wrong.extend(own(mine, &operations).await);
    wrong
}

/// The same questions by the owner's own admin: they reach the objects, so that the ids above were real.
async fn own(mine: &Seeded, operations: &[(String, String, Value)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, method, operation) in operations {
        let id = operation["operationId"].as_str().unwrap_or_default();
        for case in cases(id, mine) {
            let caller = if case.ends_session { &mine.leaving } else { &mine.admin };
            let answer = ask(caller, method, path, &case).await;
            let reached = match case.theirs {
                Theirs::Refused(code) => answer.status == code.status(),
                // A state that does not allow it, or a key that is taken, is an answer about the object.
                _ => (200..300).contains(&answer.status) || matches!(answer.status, 409 | 412),
            };
            // Archived by a question before this one they still are known.
            let unknown = answer.text().contains("\"unknown_");
            if !reached || unknown {
                wrong.push(format!("{id} answers the retailer's own admin with {}: {}", answer.status, answer.text()));
            }
        }
    }
    wrong
}

/// The operations that changed something of the retailer and left no entry in its audit log under their request's id.
pub(super) async fn unaudited(mine: &Seeded) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut audited = 0;
    for (path, method, operation) in &operations(&document()) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        for (number, case) in cases(id, mine).iter().enumerate() {
            let caller = if case.ends_session { &mine.leaving } else { &mine.admin };
            let request = format!("audit-{id}-{number}");
            // What the operation before has left to the worker is none of this one's doing.
            mine.tenant.settled().await;
            let before = fingerprint(&mine.tenant.database, &mine.tenant).await;
            let answer = ask_with(caller, method, path, case, &[("x-request-id", &request)]).await;
            let query = format!(
                "SELECT count(*) FROM audit_entries WHERE tenant_id = '{}' AND request_id = '{request}'",
                mine.tenant.id.0
            );
            if mine.tenant.database.number(&query).await > 0 {
                audited += 1;
            } else if method != "get" && (200..300).contains(&answer.status) {
                let after = fingerprint(&mine.tenant.database, &mine.tenant).await;
                let changed: Vec<_> = after.iter().filter(|(table, rows)| before.get(*table) != Some(rows)).collect();
                if !changed.is_empty() {
                    wrong.push(format!("{id} changed {changed:?} and left no entry: {}", answer.text()));
                }
            }
        }
    }
    assert!(audited >= 15, "only {audited} operations left an entry");
    wrong
}

/// Every POST of the retailer's own admin, sent twice under one key: a success is shown again, byte by byte but for what is
/// shown once. Sentences of what was wrong, and how many were shown again.
pub(super) async fn repeated(mine: &Seeded) -> (Vec<String>, usize) {
    let (mut wrong, mut shown_again) = (Vec::new(), 0);
    for (path, method, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        for (number, case) in cases(id, mine).iter().enumerate() {
            let taken = operation["parameters"].as_array().into_iter().flatten();
            let takes_a_key = taken.clone().any(|parameter| parameter["name"] == "Idempotency-Key");
            if !takes_a_key || case.ends_session || matches!(case.theirs, Theirs::Refused(_)) {
                continue;
            }
            let key = format!("{id}-{number}");
            let first = ask_with(&mine.admin, &method, &path, case, &[("idempotency-key", &key)]).await;
            let again = ask_with(&mine.admin, &method, &path, case, &[("idempotency-key", &key)]).await;
            let replayed = again.header("idempotency-replayed") == "true";
            if (200..300).contains(&first.status) != replayed || first.status != again.status {
                wrong.push(format!("{id}: {} and then {}: {}", first.status, again.status, again.text()));
            }
            if !replayed {
                continue;
            }
            shown_again += 1;
            let secrets = ["secret", "code", "recovery_codes"].iter().any(|name| first.body.get(name).is_some());
            if !secrets && first.bytes != again.bytes {
                wrong.push(format!("{id}: {} and then {}", first.text(), again.text()));
            }
        }
    }
    (wrong, shown_again)
}

pub(super) async fn ask(caller: &Client, method: &str, path: &str, case: &Case) -> Answer {
    ask_with(caller, method, path, case, &[]).await
}

async fn ask_with(caller: &Client, method: &str, path: &str, case: &Case, more: &[(&str, &str)]) -> Answer {
    let path = path.replace("{id}", &case.id) + &case.query;
    let mut headers = more.to_vec();
    if case.body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    if ["patch", "put"].contains(&method) {
        headers.push(("if-match", "\"1\""));
    }
    let body = case.body.as_ref().map(|body| body.to_string().into_bytes());
    caller.send(&method.to_uppercase(), &path, &headers, body).await
}

fn judge_theirs(id: &str, answer: &Answer, theirs: Theirs) -> Option<String> {
    let code = answer.body["code"].as_str().unwrap_or_default();
    let success = (200..300).contains(&answer.status);
    let right = match theirs {
        Theirs::NotFound => code == Code::NotFound.as_str(),
        Theirs::Nothing => {
            let list = ["data", "points"].iter().find_map(|key| answer.body[*key].as_array());
            success && list.is_some_and(Vec::is_empty) || code == Code::NotFound.as_str()
        }
        Theirs::Own => success,
        Theirs::UnknownReference => [Code::NotFound, Code::ValidationFailed].iter().any(|c| c.as_str() == code),
        Theirs::RowsRefused => {
            let rows = answer.body["results"].as_array().map_or(0, Vec::len);
            success && rows == 2 && answer.body["refused"] == 2
        }
        Theirs::Refused(wanted) => code == wanted.as_str(),
    };
    (!right).then(|| format!("{id} answers another's admin with {}, not {theirs:?}: {}", answer.status, answer.text()))
}

/// The canaries that an answer shows and the question did not hold.
pub(super) fn leaks(id: &str, answer: &Answer, mine: &Seeded, case: &Case) -> Vec<String> {
    let asked = format!("{} {} {:?}", case.id, case.query, case.body);
    let seen = format!("{:?} {}", answer.headers, answer.text());
    let told = mine.canaries().into_iter().filter(|canary| !asked.contains(canary) && seen.contains(canary));
    told.map(|canary| format!("{id} shows {canary} to somebody else: {seen}")).collect()
}
