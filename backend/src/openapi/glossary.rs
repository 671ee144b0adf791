//! What a field's name means wherever it stands: the longest form it can have, and an example.
//!
//! A name of a campaign in a request is the same thing as in an answer, so it has one entry here and not a dozen
//! attributes beside structs. What a body says of itself wins. A field whose name has no entry and that says nothing of
//! its limits stays without, and the document's tests name it.

use super::kinds;
use crate::measure::metrics::{self, Metric};
use crate::watch::ingest::parse::UNPACKED_LIMIT;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::webhooks::EventType;

/// One line with something to read on it: no control characters, not only blanks.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// As [`LINE`], on several lines.
const LINES: &str = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$";
/// Any text, even none, on several lines.
const ANY: &str = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$";
/// An external key: as [`LINE`], without blanks at its ends, and unlike an id.
const KEY: &str =
    r"^(?!chn_|cmp_)[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$";
/// Anything that a keyboard types.
const PASSWORD: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// An id in a chat: as [`LINE`], without a slash.
const CHAT: &str = r"^[^/\u0000-\u001f\u007f-\u009f]*[^/\s\u0000-\u001f\u007f-\u009f][^/\u0000-\u001f\u007f-\u009f]*$";

/// A text: its name, the most characters it has, an example.
const TEXTS: &[(&str, u32, &str)] = &[
    ("access_token", 4096, "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln"),
    ("action", 64, "campaign.paused"),
    ("actor", 64, "stf_1BoGGnUpDfnNHm6bRBKnHx"),
    ("actor_kind", 16, "staff"),
    ("actor_name", 120, "Mei Lin"),
    ("after", 100_000, "{}"),
    ("alg", 16, "EdDSA"),
    ("algorithm", 64, "CRC-32"),
    ("alphabet", 128, "0123456789ABC"),
    ("assertion", 2048, "eyJhbGciOiJFZERTQSJ9.e30.c2ln"),
    ("before", 100_000, "{}"),
    ("by", 64, "stf_1BoGGnUpDfnNHm6bRBKnHx"),
    ("channel", 64, "1189998819991197253"),
    ("client", 300, "Firefox on Linux"),
    ("code", 64, "too_long"),
    ("codes", 32, "4kq7-9xwm"),
    ("columns", 200, "cost"),
    ("crv", 16, "Ed25519"),
    ("currency", 3, "USD"),
    ("description", 1000, "A campaign was paused."),
    ("detail", 2000, "Has 130 characters; at most 120 are kept. Shorten it."),
    ("email", 254, "mei@harbour.example"),
    ("error", 500, "the channel is gone"),
    ("example", 128, "tw_live_0000000000000000000000000000000000000"),
    ("external_key", 128, "coupons-18"),
    ("family", 16, "financial"),
    ("formula", 500, "spend / orders"),
    ("hash", 64, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("hashes", 64, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("headers", 64, "Authorization"),
    ("instance", 2048, "/v1/campaigns"),
    ("key", 64, "sales"),
    ("key_columns", 200, "receipt"),
    ("kid", 64, "2f6c1a"),
    ("kind", 64, "threshold"),
    ("kty", 8, "OKP"),
    ("last_error", 1000, "the channel is gone"),
    ("mail_failure", 500, "the address does not exist"),
    ("message", 64, "1189998819991197999"),
    ("metric", 64, "sales"),
    ("metric_en", 120, "Sales"),
    ("metric_zh", 120, "销售额"),
    ("name", 120, "Autumn coupons"),
    ("name_en", 120, "Sales"),
    ("name_zh", 120, "销售额"),
    ("network", 64, "203.0.113.0/24"),
    ("next_cursor", 800, "Zm9vYmFy"),
    ("object", 64, "cmp_1BoGGnUpDfnNHm6bRBKnHx"),
    ("objective", 2000, "More orders at the weekend"),
    ("otpauth_uri", 1024, "otpauth://totp/Tillwatch:mei@harbour.example?secret=JBSWY3DPEHPK3PXP"),
    ("password", 128, "correct horse battery"),
    ("pattern", 300, "tw_live_[0-9A-Za-z]{36}"),
    ("pointer", 500, "/name"),
    ("prefix", 32, "tw_live_"),
    ("previous_hash", 64, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("public_key", 64, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
    ("reason", 500, "Coupons cost more than they bring"),
    ("refresh_token", 256, "twr_5kqGq0m2Vn1bJc8u3hYxTz"),
    ("report_url", 300, "/v1/leaked-tokens"),
    ("request_id", 64, "0192f0c12e5a70008000000000000001"),
    ("residency", 2, "CN"),
    ("retailer", 120, "Harbour Grocers"),
    ("rule_name", 120, "Coupons stop at $1,500"),
    ("secret", 128, "tw_live_0000000000000000000000000000000000000"),
    ("server", 64, "1189998819991190000"),
    ("server_ref", 64, "1189998819991190000"),
    ("signature", 128, "c2lnbmF0dXJl"),
    ("staff", 120, "Mei Lin"),
    ("starts_with", 32, "tw_live_4fQz"),
    ("state_reason", 500, "Stop-loss reached"),
    ("time_zone", 64, "America/New_York"),
    ("title", 200, "One or more fields are not valid."),
    ("token_type", 16, "Bearer"),
    ("type", 100, "/docs/errors#validation_failed"),
    ("unit", 32, "money"),
    ("url", 2048, "https://hooks.shop.example/tillwatch"),
    ("use", 8, "sig"),
    ("user", 64, "1189998819991191111"),
    ("user_ref", 64, "1189998819991191111"),
    ("via", 200, "api"),
    ("x", 64, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
];

/// A list: its name, the most it holds.
const LISTS: &[(&str, u32)] = &[
    ("built_in", 16),
    ("channels", 100),
    ("codes", 16),
    // Every page has at most 200 rows, a page of a series 1000 points, and the catalogue fits in as many.
    ("data", 1000),
    ("entries", 10_000),
    ("errors", 100),
    ("events", 64),
    ("hashes", 10_000),
    ("keys", 16),
    ("permissions", 64),
    ("places", 100),
    ("results", 10_000),
    ("scopes", 64),
    ("stopped", 10_000),
];

/// An integer: its name, the least and the most it is, an example.
const NUMBERS: &[(&str, i64, i64, i64)] = &[
    ("entries", 0, 1_000_000_000_000, 12),
    ("form", 1, 100, 1),
    ("line", 1, 10_485_761, 4),
    ("number", 1, 1_000_000_000_000, 12),
    ("seals", 0, 1_000_000_000_000, 12),
    ("version", 1, 9_007_199_254_740_991, 3),
];

/// A text of a request: its name, and what it looks like.
const FORMS: &[(&str, &str)] = &[
    ("account", LINE),
    ("holder", LINE),
    ("code", LINE),
    ("external_key", KEY),
    ("name", LINE),
    ("name_en", LINE),
    ("name_zh", LINE),
    ("classifier", LINE),
    ("formula", LINE),
    ("objective", ANY),
    ("reason", LINES),
    ("source", LINES),
    ("token", PASSWORD),
    ("retailer", LINE),
    ("server", CHAT),
    ("channel", CHAT),
    ("user", CHAT),
    ("new", PASSWORD),
    ("password", PASSWORD),
];

/// A text of a request: its name, and its format.
const FORMATS: &[(&str, &str)] = &[("email", "email"), ("time_zone", "iana-time-zone"), ("url", "https-url")];

/// The names of the schemas that requests are made of.
pub(super) fn requests(paths: &Value, components: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut waiting = Vec::new();
    for item in paths.as_object().into_iter().flat_map(|paths| paths.values()) {
        for operation in item.as_object().into_iter().flat_map(|item| item.values()) {
            references(&operation["requestBody"], &mut waiting);
        }
    }
    while let Some(name) = waiting.pop() {
        if names.insert(name.clone()) {
            references(&components["schemas"][&name], &mut waiting);
        }
    }
    names
}

/// The schemas that `value` refers to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str() {
                    Some(target) if key == "$ref" => found.extend(target.rsplit('/').next().map(str::to_owned)),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Gives every field of the components its limits and example. `requests` are the schemas that requests are made of:
/// they are closed, and a text in them has its form.
pub(super) fn fill(components: &mut Value, requests: &BTreeSet<String>) {
    kinds::flatten(&mut components["schemas"]);
    for (name, schema) in components["schemas"].as_object_mut().into_iter().flatten() {
        let asked = requests.contains(name);
        let permissions = Permission::ALL.iter();
        match name.as_str() {
            "CreateApiToken" => {
                only(schema, "scopes", permissions.filter(|one| one.for_tokens()).map(|one| one.as_str()));
            }
            "CreateRole" | "UpdateRole" => {
                only(schema, "permissions", permissions.filter(|one| one.for_custom_roles()).map(|one| one.as_str()));
            }
            "CreateWebhook" | "UpdateWebhook" => {
                let events = EventType::ALL.iter().filter(|kind| kind.can_be_asked_for());
                only(schema, "events", events.map(|kind| kind.as_str()));
            }
            "RuleSpec" => kinds::name_metrics(schema, keys),
            "CreateRule" | "UpdateRule" => kinds::form_message(schema),
            _ => {}
        }
        limit("", schema, asked);
    }
}

/// The list `field` takes only these of the words that there are.
fn only(schema: &mut Value, field: &str, words: impl Iterator<Item = &'static str>) {
    schema["properties"][field]["items"] = json!({ "type": "string", "enum": words.collect::<Vec<_>>() });
}

/// Gives every body that is plain text its longest form: the most bytes that are taken.
pub(super) fn fill_texts(operation: &mut Value) {
    let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
    for (_, media) in content.into_iter().flatten() {
        if is(&media["schema"], "string") {
            set(&mut media["schema"], "maxLength", json!(UNPACKED_LIMIT));
        }
    }
}

/// Gives every parameter of an operation its words, limits and example.
pub(super) fn fill_parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if parameter["description"].as_str().is_none_or(str::is_empty) {
            parameter["description"] = json!(if name == "id" { "The object's id." } else { "See the operation." });
        }
        if name == "If-Match" {
            parameter["schema"] = json!({ "type": "string", "pattern": "^\"[0-9]{1,18}\"$", "maxLength": 20 });
            parameter["example"] = json!("\"1\"");
        }
        let lies_in_query = parameter["in"] == "query";
        let said = parameter["schema"].clone();
        match name.as_str() {
            "cursor" => parameter["schema"]["format"] = json!("cursor"),
            "day" => parameter["schema"] = json!({ "type": "string", "format": "date" }),
            "from" | "to" if lies_in_query && said.get("format").is_none() => {
                let either =
                    [json!({ "type": "string", "format": "date" }), json!({ "type": "string", "format": "date-time" })];
                parameter["schema"] = json!({ "anyOf": either });
            }
            _ => {}
        }
        if let Some(example) = said.get("example").filter(|_| parameter.get("example").is_none()) {
            parameter["example"] = example.clone();
        }
        if name == "metric" {
            parameter["schema"] = json!({ "type": "string", "pattern": kinds::METRIC_KEY, "maxLength": 40 });
        }
        if lies_in_query && parameter["schema"]["type"] == "string" && !is_shaped(&parameter["schema"]) {
            parameter["schema"]["pattern"] = json!(ANY);
        }
        limit(&name, &mut parameter["schema"], false);
    }
}

/// The metrics' keys, sorted.
fn keys(wanted: &dyn Fn(&Metric) -> bool) -> Vec<&'static str> {
    let mut keys: Vec<&str> = metrics::all().iter().filter(|metric| wanted(metric)).map(|metric| metric.key).collect();
    keys.sort_unstable();
    keys
}

fn is(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// Whether a text says already what it looks like.
fn is_shaped(schema: &Value) -> bool {
    ["enum", "const", "format", "pattern"].iter().any(|key| schema.get(*key).is_some())
}

/// The limits of one field, and of what is in it.
fn limit(name: &str, schema: &mut Value, asked: bool) {
    if is(schema, "string") && !["enum", "const"].iter().any(|key| schema.get(*key).is_some()) {
        text(name, schema, asked);
    }
    if is(schema, "array") {
        if let (None, Some((_, most))) = (schema.get("maxItems"), LISTS.iter().find(|(known, _)| *known == name)) {
            schema["maxItems"] = json!(most);
        }
        limit(name, &mut schema["items"], asked);
    }
    if is(schema, "integer")
        && let Some((_, least, most, example)) = NUMBERS.iter().find(|(known, ..)| *known == name)
    {
        set(schema, "minimum", json!(least));
        set(schema, "maximum", json!(most));
        set(schema, "example", json!(example));
    }
    if asked && is(schema, "object") && schema.get("properties").is_some() {
        set(schema, "additionalProperties", json!(false));
    }
    for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        limit(name, field, asked);
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        for one in schema.get_mut(choice).and_then(Value::as_array_mut).into_iter().flatten() {
            limit(name, one, asked);
        }
    }
}

fn text(name: &str, schema: &mut Value, asked: bool) {
    if asked && !is_shaped(schema) {
        if let Some((_, form)) = FORMS.iter().find(|(known, _)| *known == name) {
            schema["pattern"] = json!(form);
        } else if let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name) {
            schema["format"] = json!(format);
        }
    }
    let dated = ["date", "date-time", "binary"].iter().any(|format| schema["format"] == *format);
    if let (false, Some((_, most, example))) = (dated, TEXTS.iter().find(|(known, ..)| *known == name)) {
        set(schema, "maxLength", json!(most));
        if schema.get("examples").is_none() {
            set(schema, "example", json!(example));
        }
    }
}

/// Sets what a schema does not say itself.
fn set(schema: &mut Value, key: &str, value: Value) {
    if schema.get(key).is_none() {
        schema[key] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_same_everywhere_and_what_a_body_says_wins() {
        let mut components = json!({ "schemas": {
            "Make": { "type": "object", "properties": {
                "name": { "type": "string", "minLength": 1 },
                "reason": { "type": "string", "maxLength": 9, "example": "mine" },
            }},
            "Made": { "type": "object", "properties": {
                "name": { "type": ["string", "null"] },
                "list": { "type": "array", "items": { "type": "object", "properties": { "via": { "type": "string" } } } },
            }},
        }});
        fill(&mut components, &BTreeSet::from(["Make".to_owned()]));
        let (make, made) = (&components["schemas"]["Make"], &components["schemas"]["Made"]);
        assert_eq!(
            (&make["properties"]["name"]["maxLength"], &made["properties"]["name"]["maxLength"]),
            (&json!(120), &json!(120))
        );
        assert_eq!(
            (&make["properties"]["name"]["pattern"], &made["properties"]["name"]["pattern"]),
            (&json!(LINE), &Value::Null)
        );
        assert_eq!(
            (&make["properties"]["reason"]["maxLength"], &make["properties"]["reason"]["example"]),
            (&json!(9), &json!("mine"))
        );
        assert_eq!(made["properties"]["list"]["items"]["properties"]["via"]["maxLength"], 200);
        assert_eq!((&make["additionalProperties"], &made["additionalProperties"]), (&json!(false), &Value::Null));
    }

    #[test]
    fn no_name_is_explained_twice() {
        let mut names: Vec<&str> = TEXTS.iter().map(|(name, ..)| *name).collect();
        assert!(names.is_sorted(), "{names:?}");
        names.dedup();
        assert_eq!(names.len(), TEXTS.len());
        for (name, most, example) in TEXTS {
            assert!(example.chars().count() <= *most as usize, "{name}");
        }
    }
}
