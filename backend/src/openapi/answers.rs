//! What follows from an endpoint itself: its security and permission, the headers that it takes and gives, and the
//! refusals of its kind.

use super::SCHEME;
use crate::platform::http::admission::is_limited;
use crate::platform::http::endpoint::{Access, Endpoint};
use serde_json::{Map, Value, json};
use tillwatch_shared::errors::Code;
use utoipa::openapi::path::HttpMethod;

/// What an idempotency key does.
const KEY: &str = "A key of your own for this request, at most 255 visible characters. Sending the request again with \
    the same key within 24 hours makes no second effect and gives the same answer.";

/// What it does where rows have keys of their own.
const KEYED_ROWS: &str = " It is seldom needed here: each row has a key of its own, so that sending it again changes \
    nothing. A request with a key may have 10 MiB. An answer of more than 64 KiB is not kept; then the rows are taken once \
    more, which changes nothing, and answered so.";

/// Adds it to the description of `endpoint`.
pub(super) fn complete(operation: &mut Value, endpoint: &Endpoint, components: &mut Value) {
    let anonymous = endpoint.access == Access::Anonymous;
    operation["security"] = if anonymous { json!([{}]) } else { json!([{ SCHEME: [] }]) };
    let said = operation["description"].as_str().unwrap_or_default();
    let asks = asks(endpoint);
    operation["description"] = json!(if said.is_empty() { asks } else { format!("{said}\n\n{asks}") });
    if takes_a_key(endpoint) {
        let rows = if endpoint.has_keyed_rows() { KEYED_ROWS } else { "" };
        let key = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": format!("{KEY}{rows}"),
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            "example": "coupons-18-2026-11-22",
        });
        match operation["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(key),
            None => operation["parameters"] = json!([key]),
        }
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        succeed(status, answer, components);
        files(answer);
        if is_limited(endpoint.access) {
            tell_limits(answer);
        }
    }
    for (status, what) in refusals(operation, endpoint) {
        // Each is spelled out once, among the components.
        let name =
            if anonymous && status == 401 { "Refused_401_sign_in".to_owned() } else { format!("Refused_{status}") };
        operation["responses"][status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
        if components["responses"].get(&name).is_none() {
            components["responses"][name] = refusal(status, what, anonymous);
        }
    }
}

/// Adds the headers of limits to an answer.
fn tell_limits(answer: &mut Value) {
    let text = json!({ "type": "string", "maxLength": 300 });
    let policy = "The limits that this request is counted against, as `\"name\";q=requests;w=seconds`.";
    let limit = "What is left of them, as `\"name\";r=requests;t=seconds until it is full`.";
    for (name, what) in [("RateLimit-Policy", policy), ("RateLimit", limit)] {
        // Absent when the request was broken off before anybody was counted.
        answer["headers"][name] = json!({ "description": what, "required": false, "schema": text });
    }
}

/// In words what a caller must show.
fn asks(endpoint: &Endpoint) -> String {
    let asks = match endpoint.access {
        Access::Anonymous => "Asks for nothing.".to_owned(),
        Access::SignedIn => "Asks for any valid credential.".to_owned(),
        Access::Bot => "Asks for the chat bot's own credential.".to_owned(),
        Access::Permission(permission) => format!("Asks for the permission `{permission}`."),
    };
    if endpoint.fresh {
        return format!("{asks} The caller must have confirmed who they are within the last ten minutes.");
    }
    asks
}

/// Whether an idempotency key is taken: by every POST with an effect that asks for a permission.
fn takes_a_key(endpoint: &Endpoint) -> bool {
    endpoint.method == HttpMethod::Post && matches!(endpoint.access, Access::Permission(_)) && endpoint.has_effect()
}

fn header(what: &str, schema: &Value) -> Value {
    json!({ "description": what, "required": true, "schema": schema })
}

fn request_id() -> Value {
    header(
        "The request's id: the one that was sent, or one that was made.",
        &json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$" }),
    )
}

/// The words and headers of a success.
fn succeed(status: &str, answer: &mut Value, components: &Value) {
    if answer["description"].as_str().is_none_or(str::is_empty) {
        answer["description"] = json!(match status {
            "201" => "It was made.",
            "202" => "It was taken on and is being done.",
            _ => "It was done.",
        });
    }
    let mut headers = answer["headers"].as_object().cloned().unwrap_or_default();
    headers.insert("X-Request-Id".to_owned(), request_id());
    // What goes on in the background is followed as a job; other things are only taken.
    let job = answer["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/LongJob";
    if status == "201" || (status == "202" && job) {
        let uri = json!({ "type": "string", "format": "uri-reference", "maxLength": 200 });
        headers.insert("Location".to_owned(), header("Where to find it.", &uri));
    }
    if is_versioned(answer, components) {
        let tag = json!({ "type": "string", "pattern": "^\"[0-9]{1,19}\"$", "maxLength": 21 });
        headers.insert("ETag".to_owned(), header("The version, for `If-Match`.", &tag));
    }
    answer["headers"] = Value::Object(headers);
}

/// The most characters of a file that is handed out: what an import of 100 MiB can grow to.
const LONGEST_FILE: u64 = 1024 * 1024 * 1024;

/// Files: a text has its longest form; a picture or a packed file is bytes, for which a schema has no words.
fn files(answer: &mut Value) {
    for (kind, media) in answer.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
        if kind.starts_with("image/") || kind == "application/gzip" {
            *media = json!({});
        } else if media["schema"]["type"] == "string" {
            media["schema"]["maxLength"] = json!(LONGEST_FILE);
        }
    }
}

/// Whether the body is an object with a version.
fn is_versioned(answer: &Value, components: &Value) -> bool {
    let reference = answer["content"]["application/json"]["schema"]["$ref"].as_str();
    let name = reference.and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    components["schemas"][name]["properties"].get("version").is_some()
}

/// The statuses that it can refuse with beside those that it names itself, and what each means.
fn refusals(operation: &Value, endpoint: &Endpoint) -> Vec<(u16, &'static str)> {
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let lies = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let precondition = parameters.iter().any(|parameter| parameter["name"] == "If-Match");
    let (anonymous, body) = (endpoint.access == Access::Anonymous, operation.get("requestBody").is_some());
    let mut statuses =
        vec![(400, "The request cannot be read."), (503, "The service or its database is busy; see `Retry-After`.")];
    let mut add = |holds: bool, status: u16, what: &'static str| {
        if holds {
            statuses.push((status, what));
        }
    };
    add(is_limited(endpoint.access), 429, "Too many requests, or too many at once; see `Retry-After`.");
    add(!anonymous, 401, "No credential, or one that does not work.");
    add(anonymous && body, 401, "The credential in the body does not work.");
    add(!anonymous, 403, "The credential lacks the permission.");
    // What an operation says itself: an object may be named in the body, and a reading may be for people alone.
    let says = |status: &str| operation["responses"].get(status).is_some();
    add(endpoint.path.contains('{') || says("404"), 404, "There is no such object in this retailer.");
    add(endpoint.method != HttpMethod::Get || says("409"), 409, "The object's state does not allow it.");
    add(precondition, 412, "The object has changed since it was read.");
    add(body, 413, "The body is too large.");
    add(body, 415, "The content type or encoding is not supported.");
    add(body || lies("query") || takes_a_key(endpoint), 422, "One or more fields are not valid.");
    add(precondition, 428, "`If-Match` is missing.");
    statuses
}

/// A refusal of this status.
fn refusal(status: u16, what: &str, anonymous: bool) -> Value {
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), request_id());
    if [429, 503].contains(&status) {
        let seconds = json!({ "type": "integer", "minimum": 0, "maximum": 86_400 });
        headers.insert("Retry-After".to_owned(), header("Seconds to wait.", &seconds));
    }
    if status == 401 {
        let scheme = json!({ "type": "string", "maxLength": 200 });
        headers.insert("WWW-Authenticate".to_owned(), header("The scheme that is asked for.", &scheme));
    }
    let code = code_of(status, anonymous);
    let example = json!({
        "type": format!("/docs/errors#{code}"), "title": code.title(), "status": status, "code": code,
        "detail": what, "instance": "/v1/example", "request_id": "0192f0c12e5a70008000000000000001",
    });
    let mut refusal = json!({
        "description": what,
        "headers": headers,
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "example": example,
        }},
    });
    tell_limits(&mut refusal);
    refusal
}

/// The code that shows what a status is like: the first of the list, save where another one is more usual.
fn code_of(status: u16, anonymous: bool) -> Code {
    match (status, anonymous) {
        (401, true) => Code::SignInFailed,
        (403, _) => Code::PermissionDenied,
        _ => Code::ALL.iter().copied().find(|code| code.status() == status).unwrap_or(Code::Internal),
    }
}
