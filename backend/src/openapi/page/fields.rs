//! How a schema reads: its type with its limits in one line, and its fields as rows.

use serde_json::Value;

/// Words of a closed list that are shown before it is cut.
const SHOWN: usize = 24;

/// Text as HTML shows it, in content and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A sentence, with what stands between back-ticks as code.
pub(super) fn words(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(place, part)| if place % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) })
        .collect()
}

/// The name of the schema that is referred to.
pub(super) fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|target| target.rsplit('/').next())
}

/// The type of a value with its limits, in one line; other schemas as links.
pub(super) fn linked(schema: &Value) -> String {
    if let Some(name) = target(schema) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            return choices.iter().map(linked).collect::<Vec<_>>().join(" or ");
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let mut text = escaped(&kinds.join(" or "));
    if kinds.contains(&"array") {
        text = format!("list of {}", linked(&schema["items"]));
    }
    if text.is_empty() {
        "anything".clone_into(&mut text);
    }
    let limits = limits(schema);
    if !limits.is_empty() {
        text = format!("{text} <span class=\"note\">({})</span>", limits.join("; "));
    }
    text
}

/// The limits of a value, each in a few words.
fn limits(schema: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    let range = |least: &str, most: &str, what: &str| match (schema.get(least), schema.get(most)) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
        (None, Some(most)) => Some(format!("at most {most}{what}")),
        (Some(least), None) => Some(format!("at least {least}{what}")),
        (None, None) => None,
    };
    limits
        .extend(schema["format"].as_str().filter(|format| !["int32", "int64", "double"].contains(format)).map(escaped));
    limits.extend(range("minLength", "maxLength", " characters"));
    limits.extend(range("minItems", "maxItems", " items"));
    limits.extend(range("minimum", "maximum", ""));
    if let Some(list) = schema["enum"].as_array() {
        let shown = list.iter().take(SHOWN).map(|word| format!("<code>{}</code>", escaped(&said(word))));
        let shown = shown.collect::<Vec<_>>().join(", ");
        let more = list.len().saturating_sub(SHOWN);
        limits.push(if more == 0 { shown } else { format!("{shown} and {more} more") });
    }
    limits.extend(schema.get("default").map(|usual| format!("<code>{}</code> unless given", escaped(&said(usual)))));
    limits
}

/// A value as somebody would type it.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The fields of an object as a table, the required ones first; of a choice, one table each.
pub(super) fn rows(schema: &Value) -> String {
    if let Some(choices) = schema["oneOf"].as_array() {
        let tables = choices.iter().map(|choice| {
            let what =
                choice["description"].as_str().map_or_else(String::new, |what| format!("<p>{}</p>", words(what)));
            format!("{what}{}", rows(choice))
        });
        return tables.collect();
    }
    let Some(fields) = schema["properties"].as_object() else { return String::new() };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rest = fields.keys().map(String::as_str).filter(|name| !required.contains(name));
    let ordered = required.iter().copied().chain(rest).filter_map(|name| Some((name, fields.get(name)?)));
    let lines = ordered.map(|(name, field)| {
        let must = if required.contains(&name) { " <span class=\"must\">required</span>" } else { "" };
        let what = words(field["description"].as_str().unwrap_or_default());
        format!(
            "<tr><td><code>{}</code>{must}</td><td>{}</td><td class=\"words\">{what}</td></tr>",
            escaped(name),
            linked(field)
        )
    });
    let lines: String = lines.collect();
    format!("<div class=\"scroll\"><table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>{lines}</table></div>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_reads_in_one_line_with_its_limits() {
        let text = json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 120 });
        assert_eq!(linked(&text), "string or null <span class=\"note\">(1 to 120 characters)</span>");
        let list = json!({ "type": "array", "maxItems": 5, "items": { "$ref": "#/components/schemas/Side" } });
        assert_eq!(
            linked(&list),
            "list of <a href=\"#schema-Side\">Side</a> <span class=\"note\">(at most 5 items)</span>"
        );
        let either = json!({ "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 0, "default": 7 }] });
        assert_eq!(
            linked(&either),
            "null or integer <span class=\"note\">(at least 0; <code>7</code> unless given)</span>"
        );
        let words = json!({ "type": "string", "enum": (0..30).map(|n| format!("w{n}")).collect::<Vec<_>>() });
        assert!(linked(&words).ends_with("and 6 more)</span>"));
        assert_eq!(linked(&json!({})), "anything");
    }

    #[test]
    fn required_fields_come_first() {
        let schema =
            json!({ "required": ["z"], "properties": { "a": { "type": "boolean" }, "z": { "type": "boolean" } } });
        let table = rows(&schema);
        assert!(table.find("<code>z</code> <span class=\"must\">") < table.find("<code>a</code></td>"), "{table}");
    }
}
