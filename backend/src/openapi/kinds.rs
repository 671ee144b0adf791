//! The kinds of rules in the document: each one closed object, with the metrics that it can watch.

use crate::measure::metrics::Metric;
use crate::watch::rules::kinds::is_cost;
use serde_json::{Map, Value, json};
use tillwatch_shared::watch::template;

/// Puts the fields of each kind of rule beside its word: a kind is one closed object, which a reference and an object
/// beside it could not say.
pub(super) fn flatten(schemas: &mut Value) {
    let mut variants = schemas["RuleSpec"]["oneOf"].take();
    for variant in variants.as_array_mut().into_iter().flatten() {
        let parts = variant["allOf"].take();
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for part in parts.as_array().into_iter().flatten() {
            let name = part["$ref"].as_str().and_then(|target| target.rsplit('/').next());
            let part = name.and_then(|name| schemas.as_object_mut()?.remove(name)).unwrap_or_else(|| part.clone());
            properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
        }
        let description = variant["description"].take();
        *variant =
            json!({ "type": "object", "description": description, "required": required, "properties": properties });
    }
    if variants.is_array() {
        schemas["RuleSpec"]["oneOf"] = variants;
    }
}

/// The key of a metric: one of the catalogue, or of the retailer's own.
pub(super) const METRIC_KEY: &str = "^[a-z][a-z0-9_]{0,39}$";

/// A rule watches one of the metrics that exist, those of the retailer's own among them; a stop-loss one of the catalogue
/// that is a cost.
pub(super) fn name_metrics(schema: &mut Value, keys: impl Fn(&dyn Fn(&Metric) -> bool) -> Vec<&'static str>) {
    for variant in schema["oneOf"].as_array_mut().into_iter().flatten() {
        let stops = variant["properties"]["kind"]["enum"][0] == "stop_loss";
        // A budget pace watches the spend, without saying so.
        let Some(metric) = variant.pointer_mut("/properties/metric") else { continue };
        if !stops {
            // One of the catalogue, or of the retailer's own.
            metric["pattern"] = json!(METRIC_KEY);
            metric["maxLength"] = json!(40);
            continue;
        }
        metric["enum"] = json!(keys(&is_cost));
        if let Some(members) = metric.as_object_mut() {
            members.retain(|name, _| !["minLength", "maxLength"].contains(&name.as_str()));
        }
    }
}

/// A retailer's own words: text with placeholders, and something to read in it.
pub(super) fn form_message(schema: &mut Value) {
    const TEXT: &str = r"[^{}\u0000-\u0009\u000b-\u001f\u007f-\u009f]";
    const SEEN: &str = r"[^{}\s\u0000-\u001f\u007f-\u009f]";
    let placeholder = format!(r"\{{({})\}}", template::PLACEHOLDERS.join("|"));
    let any = format!(r"({TEXT}|\{{\{{|\}}\}}|{placeholder})*");
    schema["properties"]["message"]["pattern"] = json!(format!("^{any}({SEEN}|{placeholder}){any}$"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_two_parts_becomes_one_closed_object() {
        let kind = json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "enum": ["low"] } } });
        let mut schemas = json!({
            "LowSpec": { "type": "object", "required": ["line"], "properties": { "line": { "type": "number" } } },
            "RuleSpec": { "oneOf": [
                { "description": "Low.", "allOf": [{ "$ref": "#/components/schemas/LowSpec" }, kind] },
            ]},
        });
        flatten(&mut schemas);
        let expected = json!({ "RuleSpec": { "oneOf": [{
            "type": "object", "description": "Low.", "required": ["line", "kind"],
            "properties": { "line": { "type": "number" }, "kind": { "enum": ["low"] } },
        }]}});
        assert_eq!(schemas, expected);
    }
}
