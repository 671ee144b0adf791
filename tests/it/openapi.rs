//! The OpenAPI document is the committed one, it is sound, and what it promises is served.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use crate::harness::Tenant;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use tillwatch_backend::openapi;
use tillwatch_backend::platform::http::endpoint::{Access, Endpoint};
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The document as JSON.
fn document() -> Value {
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

/// Calls `look` with every object of `value` and its JSON pointer.
fn walk(pointer: &str, value: &Value, look: &mut impl FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(pointer, map);
            for (key, value) in map {
                walk(&format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), value, look);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(&format!("{pointer}/{index}"), value, look);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk("", &document, &mut |pointer, map| {
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').unwrap_or_else(|| panic!("{pointer}: {target} leaves the document"));
            assert!(document.pointer(target).is_some(), "{pointer}: {target} is not there");
            used.insert(target.to_owned());
        }
    });
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        // A page holds its rows' schema within itself.
        let in_a_page = used.contains(&format!("/components/schemas/Page_{name}"));
        assert!(in_a_page || used.contains(&format!("/components/schemas/{name}")), "{name} is used by nothing");
    }
}

#[test]
fn it_has_the_form_of_openapi_3_1() {
    let document = document();
    assert_eq!(document["openapi"].as_str().map(|v| &v[..4]), Some("3.1."));
    assert_eq!(document["info"]["title"], "Tillwatch");
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no id"));
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{place} has no summary");
        let tag = operation["tags"][0].as_str().unwrap_or_else(|| panic!("{place} has no tag"));
        assert!(id.starts_with(tag) || tag == "metrics", "{id} does not begin with its domain {tag}");
        check_parameters(&place, &path, &operation);
        check_answers(&place, &operation);
        let body = &operation["requestBody"];
        assert!(
            body.is_null() || body["content"].as_object().is_some_and(|c| !c.is_empty()),
            "{place}: a body of no type"
        );
        assert!(method != "get" || body.is_null(), "{place}: GET has no body");
    }
}

fn check_parameters(place: &str, path: &str, operation: &Value) {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for parameter in &parameters {
        let (name, lies) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
        assert!(seen.insert((lies.to_owned(), name.to_owned())), "{place}: {name} is there twice");
        assert!(["path", "query", "header"].contains(&lies), "{place}: {name} lies in {lies}");
        assert!(lies != "path" || parameter["required"] == true, "{place}: {name} must be required");
        assert!(parameter["schema"].is_object(), "{place}: {name} has no schema");
    }
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        assert!(seen.contains(&("path".to_owned(), name.to_owned())), "{place}: {name} is not described");
    }
    let in_path = seen.iter().filter(|(lies, _)| lies == "path").count();
    assert_eq!(in_path, path.matches('{').count(), "{place}: a path parameter that is not in the path");
}

fn check_answers(place: &str, operation: &Value) {
    let answers = operation["responses"].as_object().unwrap_or_else(|| panic!("{place} answers nothing"));
    assert!(answers.keys().any(|status| status.starts_with('2')), "{place} never succeeds");
    for (status, answer) in answers {
        assert!(answer["description"].is_string(), "{place} {status} has no description");
        if !status.starts_with('2') {
            let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{place} {status}");
        }
    }
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
        for status in [400, 422, 503] {
            assert!(has(status), "{place} does not name {status}");
        }
        assert_eq!(has(404), endpoint.path.contains("{id}"), "{place} and 404");
        assert_eq!(has(428), endpoint.method_name() == "PATCH", "{place} and 428");
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
fn strings_and_integers_of_requests_have_limits() {
    let document = document();
    let mut names: Vec<String> = Vec::new();
    for (_, _, operation) in operations(&document) {
        walk("", &operation["requestBody"], &mut |_, map| {
            names.extend(map.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()).map(str::to_owned));
        });
    }
    let mut unlimited = Vec::new();
    while let Some(name) = names.pop() {
        walk("", &document["components"]["schemas"][&name], &mut |pointer, map| {
            let is = |kind: &str| match map.get("type") {
                Some(Value::String(one)) => one == kind,
                Some(Value::Array(several)) => several.iter().any(|t| t == kind),
                _ => false,
            };
            let limited = ["enum", "const", "format", "pattern", "maxLength"].iter().any(|key| map.contains_key(*key));
            if is("string") && !limited || is("array") && !map.contains_key("maxItems") {
                unlimited.push(format!("{name}{pointer}"));
            }
        });
    }
    assert_eq!(unlimited, Vec::<String>::new());
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
