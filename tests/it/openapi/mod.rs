//! The OpenAPI document is the committed one, it is sound ([`rules`]), and what it promises is served.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod rules;

use crate::harness::Tenant;
use serde_json::Value;
use std::path::Path;
use tillwatch_backend::openapi;
use tillwatch_backend::platform::http::endpoint::{Access, Endpoint};
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The document as JSON.
pub(crate) fn document() -> Value {
    serde_json::to_value(openapi::document(&endpoints())).expect("JSON")
}

/// Every operation with its path and method.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            item.get(*method).map(|operation| (path.clone(), (*method).to_owned(), operation.clone()))
        })
    });
    each.collect()
}

#[test]
fn the_committed_document_is_the_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let made = openapi::document(&endpoints()).to_pretty_json().expect("JSON") + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &made).expect("docs/openapi.json is written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "docs/openapi.json differs from the program: run `UPDATE_OPENAPI=1 cargo test openapi`");
}

#[test]
fn every_operation_says_its_security_its_permission_and_its_refusals() {
    let document = document();
    let described = operations(&document);
    assert_eq!(described.len(), endpoints().len(), "an operation hides another");
    for endpoint in &endpoints() {
        let place = format!("{} {}", endpoint.method_name(), endpoint.path);
        let operation = &document["paths"][&endpoint.path][endpoint.method_name().to_lowercase()];
        let has = |status: u16| operation["responses"].get(status.to_string()).is_some();
        let says = |text: &str| assert!(operation["description"].as_str().unwrap().contains(text), "{place}: {text}");
        assert!(has(400) && has(503), "{place} does not name 400 and 503");
        assert_eq!(has(429), endpoint.access != Access::Bot, "{place} and 429");
        // The retailer to go to is named in the body; where nothing was counted there is no picture.
        let others = ["/v1/sessions/switch", "/v1/reports/weekly-picture", "/v1/reports/metric-picture"];
        let names_an_object = endpoint.path.contains('{') || others.contains(&endpoint.path.as_str());
        assert_eq!(has(404), names_an_object, "{place} and 404");
        // What a person alone has is not for a token; a job has files when it is over.
        let of_a_state =
            ["/v1/sessions", "/v1/me/places", "/v1/second-factor", "/v1/jobs/{id}/result", "/v1/jobs/{id}/errors"];
        let of_a_state = of_a_state.contains(&endpoint.path.as_str());
        assert_eq!(has(409), endpoint.method_name() != "GET" || of_a_state, "{place} and 409");
        let takes =
            |name: &str| operation["parameters"].as_array().is_some_and(|all| all.iter().any(|p| p["name"] == name));
        assert_eq!(takes("If-Match"), ["PUT", "PATCH", "DELETE"].contains(&endpoint.method_name()), "{place}");
        assert_eq!((has(412), has(428)), (takes("If-Match"), takes("If-Match")), "{place}, 412 and 428");
        let body = operation.get("requestBody").is_some();
        assert_eq!((has(413), has(415)), (body, body), "{place}, 413 and 415");
        assert!(has(422) || !body, "{place} does not name 422");
        let of_a_tenant = matches!(endpoint.access, Access::Permission(_));
        assert_eq!(
            takes("Idempotency-Key"),
            of_a_tenant && endpoint.method_name() == "POST" && endpoint.has_effect(),
            "{place}"
        );
        if endpoint.access == Access::Anonymous {
            assert_eq!(operation["security"], serde_json::json!([{}]), "{place}");
            assert!(!has(403), "{place}: nobody lacks a permission");
        } else {
            assert_eq!(operation["security"], serde_json::json!([{ "bearer": [] }]), "{place}");
            assert!(has(401) && has(403), "{place} does not name 401 and 403");
        }
        match endpoint.access {
            Access::Anonymous => says("Asks for nothing."),
            Access::SignedIn => says("any valid credential"),
            Access::Bot => says("the chat bot's own credential"),
            Access::Permission(permission) => says(&format!("permission `{permission}`")),
        }
    }
}

#[test]
fn the_document_lists_every_code_and_every_permission() {
    let document = document();
    let description = document["info"]["description"].as_str().unwrap();
    for code in Code::ALL {
        assert!(description.contains(&format!("| `{code}` | {} |", code.status())), "{code}");
    }
    let listed = |schema: &str| document["components"]["schemas"][schema]["enum"].as_array().unwrap().len();
    assert_eq!(listed("Code"), Code::ALL.len());
    assert_eq!(listed("Permission"), Permission::ALL.len());
}

/// It reads the tests' text: an answer that is asserted with `refused(Code::X)`, or a code's word in a text that a test
/// compares. It sees that somebody thought of the code, not that the assertion runs; that is the business of the test
/// which it finds.
#[test]
fn every_code_is_reached_by_a_test() {
    // A fault of ours has no way to be provoked from outside; its shape is made by the same function as the others'.
    const NOT_PROVOKED: [Code; 1] = [Code::Internal];
    let tests = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
    let unit = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("backend/src"));
    for code in Code::ALL {
        let (variant, word) = (format!("Code::{code:?}"), format!("\"{code}\""));
        let asserted = |text: &String| text.contains(&format!("refused({variant})")) || text.contains(&word);
        let in_a_unit_test = |text: &String| {
            text.split("#[cfg(test)]").nth(1).is_some_and(|tests| tests.contains(&variant) && tests.contains("#[test]"))
        };
        let reached = tests.iter().any(asserted) || unit.iter().any(in_a_unit_test);
        assert!(reached || NOT_PROVOKED.contains(code), "no test reaches {code}");
    }
}

/// The text of every Rust file under `folder`.
fn read_all(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(read_all(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            texts.push(std::fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

#[tokio::test]
async fn every_operation_is_served_and_a_wrong_method_is_told_the_right_ones() {
    let owner = Tenant::sign_up().await.owner;
    let all = endpoints();
    for endpoint in &all {
        let path = endpoint.path.replace("{id}", "nothing");
        // Without a credential the answer comes from the operation itself, not from a missing route.
        let answer = owner.bearing("").send(endpoint.method_name(), &path, &[], None).await;
        let said = answer.body["detail"].as_str().unwrap_or_default();
        assert!(!said.contains("nothing at this address") && answer.status != 405, "{}: {said}", answer.asked);
        let same: Vec<&Endpoint> = all.iter().filter(|other| other.path == endpoint.path).collect();
        let answer = owner.send("DELETE", &path, &[], None).await;
        for other in &same {
            assert!(answer.header("allow").contains(other.method_name()), "{path}: {}", answer.header("allow"));
        }
        answer.refused(Code::MethodNotAllowed);
    }
    owner.get("/v1/nothing-here").await.refused(Code::NotFound);
}
