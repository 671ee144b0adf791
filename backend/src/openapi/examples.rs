//! A whole example for every body, put together from the examples of its fields.

use serde_json::{Map, Value, json};

/// Deeper than any body of ours; a schema that holds itself ends here.
const DEEPEST: usize = 12;

/// Gives every body of an operation that has no example of its own the one that its schema makes.
pub(super) fn fill(operation: &mut Value, components: &Value) {
    let of = |content: &mut Value| {
        for (kind, media) in content.as_object_mut().into_iter().flatten() {
            let has_one = media.get("example").is_some() || media.get("examples").is_some();
            if !has_one && kind.ends_with("json") {
                media["example"] = example(&media["schema"], components, DEEPEST);
            }
        }
    };
    of(&mut operation["requestBody"]["content"]);
    // Reading a member that is not there makes it `null`, which is no body.
    if operation["requestBody"]["content"].is_null() {
        operation.as_object_mut().map(|members| members.remove("requestBody"));
    }
    for (_, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if answer.get("content").is_some() {
            of(&mut answer["content"]);
        }
    }
}

/// What a value of this schema looks like.
pub(super) fn example(schema: &Value, components: &Value, depth: usize) -> Value {
    if let Some(own) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return own.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str() {
        let target = components.pointer(target.trim_start_matches("#/components")).unwrap_or(&Value::Null);
        return example(target, components, depth - 1);
    }
    if let Some(word) = schema["enum"].get(0).or_else(|| schema.get("const")).or_else(|| schema.get("default")) {
        return word.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let some = |schema: &&Value| schema["type"] != "null";
        if let Some(first) = schema[choice].as_array().and_then(|choices| choices.iter().find(some)) {
            return example(first, components, depth - 1);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = example(part, components, depth - 1) {
                whole.extend(members);
            }
        }
        return Value::Object(whole);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "array" => json!([example(&schema["items"], components, depth - 1)]),
        "string" if schema["format"] == "date-time" => json!("2026-11-20T10:00:00Z"),
        "string" if schema["format"] == "date" => json!("2026-11-20"),
        "string" => json!("text"),
        "boolean" => json!(true),
        "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "number" => json!(12.5),
        "null" => Value::Null,
        _ => {
            let members = schema["properties"].as_object().into_iter().flatten();
            Value::Object(
                members.map(|(name, schema)| (name.clone(), example(schema, components, depth - 1))).collect(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_put_together_from_the_fields() {
        let components = json!({ "schemas": {
            "Id": { "type": "string", "examples": ["cmp_1"] },
            "Loop": { "type": "object", "properties": { "again": { "$ref": "#/components/schemas/Loop" } } },
        }});
        let schema = json!({ "type": "object", "properties": {
            "id": { "$ref": "#/components/schemas/Id" },
            "names": { "type": "array", "items": { "type": "string", "example": "门店" } },
            "side": { "oneOf": [{ "type": "null" }, { "enum": ["below", "above"] }] },
            "at": { "type": ["string", "null"], "format": "date-time" },
        }});
        let made = example(&schema, &components, DEEPEST);
        assert_eq!(made, json!({ "id": "cmp_1", "names": ["门店"], "side": "below", "at": "2026-11-20T10:00:00Z" }));
        // One that holds itself has an end.
        assert!(example(&components["schemas"]["Loop"], &components, DEEPEST).is_object());
    }
}
