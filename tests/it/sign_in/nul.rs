//! The character U+0000, which PostgreSQL does not keep: in every text of every body and query of the document, it is
//! a refusal and never a fault of ours.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::feed::sample;
use crate::harness::{Answer, Client, Tenant};
use crate::openapi::operations;
use serde_json::{Map, Value, json};
use tillwatch_backend::openapi;
use tillwatch_backend::platform::http::endpoint::Access;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::DeliveryId;
use tillwatch_shared::permissions::Role;

/// The document, and the ids of things that are there, by their prefix.
struct Examples {
    document: Value,
    ids: Map<String, Value>,
}

impl Examples {
    /// Values that fit a schema: one of each variant.
    fn of(&self, schema: &Value) -> Vec<Value> {
        if let Some(target) = schema["$ref"].as_str() {
            return self.of(self.document.pointer(target.trim_start_matches('#')).expect("a schema"));
        }
        if let Some(variants) = schema["oneOf"].as_array() {
            return variants.iter().filter(|variant| variant["type"] != "null").flat_map(|v| self.of(v)).collect();
        }
        let kinds = schema["type"].as_array();
        let kind = kinds.map_or(Some(&schema["type"]), |kinds| kinds.iter().find(|kind| **kind != "null"));
        match kind.and_then(Value::as_str) {
            Some("object") => self.objects(schema),
            Some("array") => self.of(&schema["items"]).into_iter().map(|item| json!([item])).collect(),
            Some("string") => vec![self.text(schema)],
            Some("integer") => vec![schema.get("minimum").cloned().unwrap_or(json!(1))],
            Some("boolean") => vec![json!(false)],
            _ => vec![json!(1)],
        }
    }

    /// An object with every property, one for each variant of each.
    fn objects(&self, schema: &Value) -> Vec<Value> {
        let mut made = vec![Map::new()];
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let values = self.of(property);
            let first = made[0].clone();
            for object in &mut made {
                object.insert(name.clone(), values[0].clone());
            }
            for value in values.into_iter().skip(1) {
                let mut other = first.clone();
                other.insert(name.clone(), value);
                made.push(other);
            }
        }
        made.into_iter().map(Value::Object).collect()
    }

    fn text(&self, schema: &Value) -> Value {
        let prefix = schema["pattern"].as_str().and_then(|pattern| pattern.strip_prefix('^')?.split('_').next());
        if let Some(id) = prefix.and_then(|prefix| self.ids.get(prefix)) {
            return id.clone();
        }
        let given =
            [schema["enum"].get(0), schema.get("example"), schema["examples"].get(0)].into_iter().flatten().next();
        let plain = match schema["format"].as_str() {
            Some("date") => "2026-11-01",
            Some("date-time") => "2026-11-01T00:00:00Z",
            _ => "something",
        };
        given.cloned().unwrap_or_else(|| json!(plain))
    }
}

/// The body once for each of its texts, with U+0000 in that one.
fn spoiled(body: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    texts("", body, &mut places);
    let spoil = |pointer: String| {
        let mut copy = body.clone();
        let place = copy.pointer_mut(&pointer).expect("a text");
        *place = json!(format!("{}\0", place.as_str().unwrap_or_default()));
        (pointer, copy)
    };
    places.into_iter().map(spoil).collect()
}

fn texts(pointer: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(pointer.to_owned()),
        Value::Object(map) => {
            for (key, value) in map {
                texts(&format!("{pointer}/{key}"), value, places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                texts(&format!("{pointer}/{index}"), value, places);
            }
        }
        _ => {}
    }
}

async fn send(caller: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
    caller.send(&method.to_uppercase(), path, &headers, Some(body.to_string().into_bytes())).await
}

#[tokio::test]
async fn no_text_of_a_body_breaks_the_service() {
    let retailer = Tenant::sign_up().await;
    let (channel, campaign) = (retailer.channel("A").await, retailer.campaign("B").await);
    let rule = retailer.stop_loss(&campaign, 100).await;
    let ids = json!({ "chn": channel, "cmp": campaign, "rul": rule, "dlv": DeliveryId::new() });
    let document = serde_json::to_value(openapi::document(&endpoints())).expect("JSON");
    let examples = Examples { document, ids: ids.as_object().cloned().unwrap_or_default() };
    let bot = retailer.bot().await;
    let mut tried = 0;
    for endpoint in &endpoints() {
        let operation = &examples.document["paths"][&endpoint.path][endpoint.method_name().to_lowercase()];
        let content = &operation["requestBody"]["content"]["application/json"];
        let bodies = match endpoint.path.as_str() {
            _ if content.is_null() => continue,
            // Rows have results of their own: see below.
            "/v1/samples" => continue,
            _ => examples.of(&content["schema"]),
        };
        let kinds = [("channels", "chn"), ("campaigns", "cmp"), ("rules", "rul"), ("deliveries", "dlv")];
        let kind = kinds.iter().find(|(part, _)| endpoint.path.contains(part)).map_or("", |(_, kind)| kind);
        let path = endpoint.path.replace("{id}", examples.ids.get(kind).and_then(Value::as_str).unwrap_or("nothing"));
        let caller = match endpoint.access {
            Access::Anonymous => &retailer.anonymous,
            Access::Bot => &bot,
            Access::SignedIn | Access::Permission(_) => &retailer.owner,
        };
        for (pointer, body) in bodies.iter().flat_map(spoiled) {
            let answer = send(caller, endpoint.method_name(), &path, &body).await;
            assert!((400..500).contains(&answer.status), "{} {pointer}: {}", answer.asked, answer.text());
            tried += 1;
        }
    }
    assert!(tried > 60, "the document has texts: {tried}");
    let row = sample("spend", "2026-01-01T00:00:00Z", "k", 1);
    let mut rows = spoiled(&row);
    for name in ["channel", "campaign"] {
        let mut placed = row.clone();
        placed[name] = json!("a\0b");
        rows.push((name.to_owned(), placed));
    }
    for (pointer, row) in rows {
        let answer = retailer.owner.post("/v1/samples", json!({ "samples": [row] })).await;
        assert!(answer.status < 500, "{pointer}: {}", answer.text());
        assert!(answer.status >= 400 || answer.body["refused"] == 1, "{pointer}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_text_of_a_query_or_a_path_breaks_the_service() {
    let retailer = Tenant::sign_up().await;
    let document = serde_json::to_value(openapi::document(&endpoints())).expect("JSON");
    let mut tried = 0;
    for (path, method, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query" && method == "get") {
            let name = parameter["name"].as_str().expect("a name");
            let campaign = retailer.campaign("C").await;
            let path = path.replace("/campaigns/{id}", &format!("/campaigns/{campaign}"));
            let metric = if path == "/v1/series" && name != "metric" { "metric=spend&" } else { "" };
            let answer = retailer.owner.get(&format!("{path}?{metric}{name}=a%00b")).await;
            assert!((400..500).contains(&answer.status), "{}: {}", answer.asked, answer.text());
            tried += 1;
        }
    }
    assert!(tried > 20, "the document has parameters: {tried}");
    let problem = retailer.owner.get("/v1/audit-entries?object=%00").await.refused(Code::ValidationFailed);
    assert_eq!(problem["errors"][0]["pointer"], "?object");
    // What is refused is audited with its address, whatever that says.
    let viewer = retailer.staff(Role::Viewer).await;
    viewer.post("/v1/campaigns/cmp_%00/pause", json!({ "reason": "Mine" })).await.refused(Code::PermissionDenied);
    let denied = retailer.audited().await;
    assert!(denied.iter().any(|entry| entry["action"] == "permission.denied"), "{denied:?}");
}
