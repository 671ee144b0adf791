//! What a sound document is: one rule a sentence, each of which is shown to find a document that breaks it.

use super::{document, operations};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A rule: what is wrong with a document, as sentences.
type Rule = fn(&Value) -> Vec<String>;

/// Every rule with its sentence.
const RULES: &[(&str, Rule)] = &[
    ("it has the form of OpenAPI 3.1", form),
    ("every reference leads to something and every schema is used", references),
    ("every operation has an id of its domain, a summary and a tag", identity),
    ("every parameter has a place, words and a schema, and every one of the path is there", parameters),
    ("every operation succeeds somehow, and every refusal is a problem", answers),
    ("every body has an example with all its required fields", examples),
    ("every answer names the headers that it carries", headers),
    ("every text, list and integer has its limits", limits),
    ("every object of a request is closed", closed),
];

/// Calls `look` with every object of `value` and its JSON pointer.
fn walk(pointer: &str, value: &Value, look: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(pointer, map);
            for (key, value) in map {
                // An example holds values, not schemas; a field may be called so.
                if pointer.ends_with("/properties") || !["example", "examples"].contains(&key.as_str()) {
                    walk(&format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), value, look);
                }
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

fn form(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if document["openapi"].as_str().map(|version| &version[..4]) != Some("3.1.") {
        wrong.push("it is no OpenAPI 3.1".to_owned());
    }
    for part in ["/info/title", "/info/version", "/info/description", "/servers/0/url"] {
        if document.pointer(part).and_then(Value::as_str).is_none_or(str::is_empty) {
            wrong.push(format!("it has no {part}"));
        }
    }
    wrong
}

fn references(document: &Value) -> Vec<String> {
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    walk("", document, &mut |pointer, map| {
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            match target.strip_prefix('#').and_then(|target| document.pointer(target)) {
                None => wrong.push(format!("{pointer}: {target} is not there")),
                Some(_) => drop(used.insert(target.to_owned())),
            }
        }
    });
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().into_iter().flat_map(Map::keys) {
            if !used.contains(&format!("#/components/{kind}/{name}")) {
                wrong.push(format!("{name} is used by nothing"));
            }
        }
    }
    wrong
}

fn identity(document: &Value) -> Vec<String> {
    let (mut wrong, mut ids) = (Vec::new(), BTreeSet::new());
    let described: Vec<&str> = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|tag| tag["description"].as_str().is_some_and(|what| !what.is_empty()))
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    for (path, method, operation) in operations(document) {
        let (id, tag) = (operation["operationId"].as_str().unwrap_or(""), operation["tags"][0].as_str().unwrap_or(""));
        if id.is_empty() || !ids.insert(id.to_owned()) {
            wrong.push(format!("{method} {path} has no id of its own"));
        }
        // What a reader looks for in one place, though the address begins otherwise.
        let beside = [("series_", "metrics"), ("kpis_", "metrics"), ("leaked_tokens_", "api_tokens")];
        let belongs = |(start, home): &(&str, &str)| id.starts_with(start) && *home == tag;
        if tag.is_empty() || !(id.starts_with(tag) || beside.iter().any(belongs)) {
            wrong.push(format!("{id} does not begin with its tag `{tag}`"));
        }
        if !described.contains(&tag) {
            wrong.push(format!("the tag `{tag}` has no description: add it to TAGS in backend/src/openapi.rs"));
        }
        if operation["summary"].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("{method} {path} has no summary"));
        }
    }
    wrong
}

fn parameters(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(document) {
        let place = format!("{method} {path}");
        let mut seen = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, lies) = (parameter["name"].as_str().unwrap_or(""), parameter["in"].as_str().unwrap_or(""));
            let right = seen.insert((lies, name))
                && ["path", "query", "header"].contains(&lies)
                && (lies != "path" || parameter["required"] == true)
                && parameter["schema"].is_object()
                && parameter["description"].as_str().is_some_and(|words| !words.is_empty());
            if !right {
                wrong.push(format!("{place}: the parameter {name} is there twice or not described whole"));
            }
        }
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let described = seen.iter().filter(|(lies, _)| *lies == "path").map(|(_, name)| *name).collect();
        if named != described {
            wrong.push(format!("{place}: the path has {named:?} and {described:?} are described"));
        }
    }
    wrong
}

fn answers(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(document) {
        let place = format!("{method} {path}");
        let answers = operation["responses"].as_object().cloned().unwrap_or_default();
        if !answers.keys().any(|status| status.starts_with('2')) {
            wrong.push(format!("{place} never succeeds"));
        }
        for (status, answer) in &answers {
            let answer = resolved(document, answer);
            if answer["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{place} {status} has no description"));
            }
            let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            if !status.starts_with('2') && schema != "#/components/schemas/Problem" {
                wrong.push(format!("{place} {status} is no problem"));
            }
        }
        if !operation["requestBody"].is_null()
            && (method == "get" || operation["requestBody"]["content"].as_object().is_none_or(Map::is_empty))
        {
            wrong.push(format!("{place} has a body that it cannot have, or one of no type"));
        }
    }
    wrong
}

/// The schema itself behind a reference.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|target| document.pointer(target.trim_start_matches('#')));
    target.unwrap_or(schema)
}

/// What of `example` the schema asks for and is not there.
fn lacks(document: &Value, schema: &Value, example: &Value) -> Vec<String> {
    let schema = resolved(document, schema);
    let mut missing = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        match example.get(name) {
            None => missing.push(name.to_owned()),
            Some(value) => missing.extend(lacks(document, &schema["properties"][name], value)),
        }
    }
    missing
}

fn examples(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(document) {
        let bodies = operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, answer)| (status.as_str(), resolved(document, answer)));
        for (status, body) in bodies.chain([("body", &operation["requestBody"])]) {
            for (kind, media) in body["content"].as_object().into_iter().flatten() {
                // A picture is shown by itself, and nobody reads a packed file.
                if kind.starts_with("image/") || kind == "application/gzip" {
                    continue;
                }
                let missing = lacks(document, &media["schema"], &media["example"]);
                if media["example"].is_null() || !missing.is_empty() {
                    wrong.push(format!("{method} {path} {status} {kind} has no whole example: {missing:?}"));
                }
            }
        }
    }
    wrong
}

fn headers(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(document) {
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            let answer = resolved(document, answer);
            let body = resolved(document, &answer["content"]["application/json"]["schema"]);
            let of_status = match status.as_str() {
                "201" => Some("Location"),
                // What goes on in the background is followed as a job; other things are only taken.
                "202"
                    if answer["content"]["application/json"]["schema"]["$ref"]
                        .as_str()
                        .is_some_and(|s| s.ends_with("/LongJob")) =>
                {
                    Some("Location")
                }
                "401" => Some("WWW-Authenticate"),
                "429" | "503" => Some("Retry-After"),
                _ => None,
            };
            let version = body["properties"].get("version").map(|_| "ETag");
            for name in [Some("X-Request-Id"), of_status, version].into_iter().flatten() {
                if answer["headers"][name]["schema"].is_null() {
                    wrong.push(format!("{method} {path} {status} does not name {name}"));
                }
            }
        }
    }
    wrong
}

fn limits(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    walk("", document, &mut |pointer, map| {
        let is = |kind: &str| match map.get("type") {
            Some(Value::String(one)) => one == kind,
            Some(Value::Array(several)) => several.iter().any(|one| one == kind),
            _ => false,
        };
        let any = |keys: &[&str]| keys.iter().any(|key| map.contains_key(*key));
        let limited = (!is("string") || any(&["enum", "const", "format", "pattern", "maxLength"]))
            && (!is("array") || any(&["maxItems"]))
            && (!is("integer") || any(&["enum"]) || any(&["minimum"]) && any(&["maximum"]));
        if !limited {
            wrong
                .push(format!("{pointer} has no limits: say them, or add its name to backend/src/openapi/glossary.rs"));
        }
    });
    wrong
}

fn closed(document: &Value) -> Vec<String> {
    let (mut wrong, mut seen, mut waiting) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (_, _, operation) in operations(document) {
        waiting.push(operation["requestBody"].clone());
    }
    while let Some(value) = waiting.pop() {
        walk("", &value, &mut |_, map| {
            if let Some(target) =
                map.get("$ref").and_then(Value::as_str).filter(|target| seen.insert((*target).to_owned()))
            {
                waiting.push(resolved(document, &json!({ "$ref": target })).clone());
            }
            if map.get("type").is_some_and(|kind| kind == "object")
                && map.get("additionalProperties") != Some(&json!(false))
            {
                wrong.push(format!("an object of a request is open: {:?}", map.get("description")));
            }
        });
    }
    wrong
}

#[test]
fn the_document_is_sound() {
    let document = document();
    for (sentence, rule) in RULES {
        assert_eq!(rule(&document), Vec::<String>::new(), "{sentence}");
    }
}

#[test]
fn a_document_that_breaks_a_rule_is_found() {
    let sound = document();
    let without = |pointer: &str, name: &str| {
        let mut document = sound.clone();
        let lost = document.pointer_mut(pointer).and_then(Value::as_object_mut).and_then(|map| map.remove(name));
        assert!(lost.is_some(), "{pointer} has no {name}");
        document
    };
    let with = |pointer: &str, value: Value| {
        let mut document = sound.clone();
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        document
    };
    let (create, get) = ("/paths/~1v1~1campaigns/post", "/paths/~1v1~1campaigns~1{id}/get");
    let campaign = "/components/schemas/Campaign/properties";
    let new = "/components/schemas/CreateCampaign/properties";
    let planted: &[(usize, Value)] = &[
        (0, with("/openapi", json!("3.0.3"))),
        (0, without("/info", "description")),
        (1, with(&format!("{new}/budget"), json!({ "$ref": "#/components/schemas/Purse" }))),
        (1, with("/components/schemas/Problem/properties/code", json!({ "type": "string" }))),
        (2, with(&format!("{create}/operationId"), json!("campaigns_list"))),
        (2, with(&format!("{create}/operationId"), json!("make"))),
        (2, without(create, "summary")),
        (3, without(&format!("{get}/parameters/0"), "description")),
        (3, without(get, "parameters")),
        (4, without(&format!("{create}/responses"), "201")),
        (4, without("/components/responses/Refused_409/content", "application/problem+json")),
        (4, with(&format!("{create}/responses/201/description"), json!(""))),
        (5, without(&format!("{create}/requestBody/content/application~1json"), "example")),
        (5, without(&format!("{create}/responses/201/content/application~1json/example"), "state")),
        (6, without(&format!("{create}/responses/201/headers"), "Location")),
        (6, without(&format!("{get}/responses/200/headers"), "ETag")),
        (6, without("/components/responses/Refused_503/headers", "Retry-After")),
        (6, without("/components/responses/Refused_404/headers", "X-Request-Id")),
        (7, with(&format!("{campaign}/name"), json!({ "type": "string" }))),
        (7, without(&format!("{campaign}/channels"), "maxItems")),
        (7, without(&format!("{campaign}/version"), "maximum")),
        (7, with("/paths/~1v1~1campaigns/get/parameters/0/schema", json!({ "type": "string" }))),
        (8, without("/components/schemas/CreateCampaign", "additionalProperties")),
        (8, without("/components/schemas/RuleSpec/oneOf/0", "additionalProperties")),
    ];
    for (number, (place, document)) in planted.iter().enumerate() {
        let (sentence, rule) = RULES[*place];
        assert!(!rule(document).is_empty(), "planted fault {number} is not found by: {sentence}");
    }
    assert_eq!(planted.iter().map(|(place, _)| place).collect::<BTreeSet<_>>().len(), RULES.len());
}
