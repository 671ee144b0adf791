//! Answers without what differs from run to run: ids become `[cmp 1]`, `[cmp 2]` in the order in which they appear,
//! times `[time]`, secrets and request ids their kind. What is equal stays equal, so a snapshot shows the relations.

use serde_json::Value;
use std::collections::BTreeMap;
use tillwatch_shared::ids;

/// `value` with every id, time, secret and request id replaced.
pub(crate) fn redacted(value: &Value) -> Value {
    let mut seen = BTreeMap::new();
    walk("", value, &mut seen)
}

fn walk(key: &str, value: &Value, seen: &mut BTreeMap<String, String>) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), walk(k, v, seen))).collect(),
        Value::Array(list) => list.iter().map(|v| walk(key, v, seen)).collect(),
        Value::String(text) => Value::String(word(key, text, seen)),
        other => other.clone(),
    }
}

fn word(key: &str, text: &str, seen: &mut BTreeMap<String, String>) -> String {
    match key {
        "request_id" | "access_token" | "refresh_token" | "secret" | "code" if key != "code" || is_link_code(text) => {
            return format!("[{key}]");
        }
        "starts_with" | "next_cursor" | "email" => return format!("[{key}]"),
        _ => {}
    }
    if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return "[time]".to_owned();
    }
    // A text may hold several ids (`/v1/campaigns/cmp_…/pause`).
    text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map(|part| {
            let id = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let known =
                id.split_once('_').is_some_and(|(prefix, rest)| prefix.len() == 3 && ids::decode(rest).is_some());
            if !known {
                return part.to_owned();
            }
            let prefix = &id[..3];
            let number = 1 + seen.keys().filter(|other| other.starts_with(prefix)).count();
            let name = seen.entry(id.to_owned()).or_insert_with(|| format!("[{prefix} {number}]"));
            part.replace(id, name)
        })
        .collect()
}

fn is_link_code(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[test]
fn ids_keep_their_relations_and_times_go() {
    let (one, two) = (ids::CampaignId::new(), ids::CampaignId::new());
    let value = serde_json::json!({
        "id": one, "other": two, "path": format!("/v1/campaigns/{one}/pause"), "at": chrono::Utc::now(), "n": 3,
        "code": "not_found", "request_id": "abc",
    });
    assert_eq!(
        redacted(&value),
        serde_json::json!({
            "id": "[cmp 1]", "other": "[cmp 2]", "path": "/v1/campaigns/[cmp 1]/pause", "at": "[time]", "n": 3,
            "code": "not_found", "request_id": "[request_id]",
        })
    );
}
