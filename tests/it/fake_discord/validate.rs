//! The platform's limits, checked on everything that is sent, with the platform's own form of refusal.
//!
//! Invariants: lengths are counted in characters as sent; [`message`] and [`commands`] name every breach, not the
//! first only. What the platform would accept and this project has sworn off (mentions that ping) is a [`promises`]
//! breach: recorded, not refused.

use super::recorder::File;
use serde_json::Value;
use std::collections::HashSet;

/// The largest file, in bytes.
const FILE_BYTES: usize = 10 * 1024 * 1024;

/// The breaches found so far: where and what.
#[derive(Default)]
struct Breaches(Vec<(String, String)>);

impl Breaches {
    fn add(&mut self, at: &str, what: impl Into<String>) {
        self.0.push((at.to_owned(), what.into()));
    }

    /// Checks a text's length in characters, and that it is not empty where the platform wants one.
    fn text(&mut self, at: &str, value: &Value, least: usize, most: usize) -> usize {
        if value.is_null() && least == 0 {
            return 0;
        }
        let Some(text) = value.as_str() else {
            self.add(at, "This field is required");
            return 0;
        };
        let n = text.chars().count();
        if n < least || n > most {
            self.add(at, format!("Must be between {least} and {most} in length, was {n}."));
        }
        n
    }
}

/// What is wrong with a message (a new one, an edit, an answer), as `(path, text)`.
pub(super) fn message(
    body: &Value,
    files: &[File],
    kept: &[String],
    must_say_something: bool,
) -> Vec<(String, String)> {
    let mut found = Breaches::default();
    found.text("content", &body["content"], 0, 2000);
    match &body["nonce"] {
        Value::String(_) => {
            found.text("nonce", &body["nonce"], 1, 25);
        }
        Value::Null if body["enforce_nonce"] == true => found.add("enforce_nonce", "needs a nonce"),
        _ => {}
    }
    let embeds = body["embeds"].as_array().cloned().unwrap_or_default();
    if embeds.len() > 10 {
        found.add("embeds", "Must be 10 or fewer in length.");
    }
    let mut total = 0;
    for (i, embed) in embeds.iter().enumerate() {
        total += embed_length(&mut found, &format!("embeds.{i}"), embed, files, kept);
    }
    if total > 6000 {
        found.add("embeds", format!("Embed size exceeds maximum size of 6000: {total}"));
    }
    components(&mut found, &body["components"]);
    attachments(&mut found, &body["attachments"], files);
    let empty = body["content"].as_str().unwrap_or_default().is_empty() && embeds.is_empty() && files.is_empty();
    if must_say_something && empty {
        found.add("", "Cannot send an empty message");
    }
    found.0
}

/// Checks one embed and gives its length in characters.
fn embed_length(found: &mut Breaches, at: &str, embed: &Value, files: &[File], kept: &[String]) -> usize {
    let mut n = found.text(&format!("{at}.title"), &embed["title"], 0, 256);
    n += found.text(&format!("{at}.description"), &embed["description"], 0, 4096);
    n += found.text(&format!("{at}.footer.text"), &embed["footer"]["text"], 0, 2048);
    n += found.text(&format!("{at}.author.name"), &embed["author"]["name"], 0, 256);
    let fields = embed["fields"].as_array().cloned().unwrap_or_default();
    if fields.len() > 25 {
        found.add(&format!("{at}.fields"), "Must be 25 or fewer in length.");
    }
    for (i, field) in fields.iter().enumerate() {
        n += found.text(&format!("{at}.fields.{i}.name"), &field["name"], 1, 256);
        n += found.text(&format!("{at}.fields.{i}.value"), &field["value"], 1, 1024);
    }
    if let Some(name) = embed["image"]["url"].as_str().and_then(|u| u.strip_prefix("attachment://"))
        && !files.iter().any(|f| f.name == name)
        && !kept.iter().any(|k| k == name)
    {
        found.add(&format!("{at}.image.url"), format!("no attachment is named {name}"));
    }
    n
}

fn components(found: &mut Breaches, rows: &Value) {
    let rows = rows.as_array().cloned().unwrap_or_default();
    if rows.len() > 5 {
        found.add("components", "Must be between 1 and 5 in length.");
    }
    let mut ids = HashSet::new();
    for (r, row) in rows.iter().enumerate() {
        let buttons = row["components"].as_array().cloned().unwrap_or_default();
        if row["type"] != 1 || buttons.is_empty() || buttons.len() > 5 {
            found.add(&format!("components.{r}"), "a row holds 1 to 5 components");
        }
        for (b, button) in buttons.iter().enumerate() {
            let at = format!("components.{r}.components.{b}");
            found.text(&format!("{at}.custom_id"), &button["custom_id"], 1, 100);
            if button["type"] == 2 {
                found.text(&format!("{at}.label"), &button["label"], 1, 80);
            }
            if !ids.insert(button["custom_id"].as_str().unwrap_or_default().to_owned()) {
                found.add(&at, "Component custom id cannot be duplicated");
            }
        }
    }
}

fn attachments(found: &mut Breaches, listed: &Value, files: &[File]) {
    for (i, attachment) in listed.as_array().cloned().unwrap_or_default().iter().enumerate() {
        found.text(&format!("attachments.{i}.description"), &attachment["description"], 0, 1024);
    }
    for file in files {
        if file.bytes.len() > FILE_BYTES {
            found.add(&file.part, "Request entity too large");
        }
    }
}

/// What is wrong with a modal.
pub(super) fn modal(data: &Value) -> Vec<(String, String)> {
    let mut found = Breaches::default();
    found.text("custom_id", &data["custom_id"], 1, 100);
    found.text("title", &data["title"], 1, 45);
    let rows = data["components"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() || rows.len() > 5 {
        found.add("components", "Must be between 1 and 5 in length.");
    }
    for (i, row) in rows.iter().enumerate() {
        let (at, input) = (format!("components.{i}"), &row["components"][0]);
        found.text(&format!("{at}.custom_id"), &input["custom_id"], 1, 100);
        found.text(&format!("{at}.label"), &input["label"], 1, 45);
        found.text(&format!("{at}.placeholder"), &input["placeholder"], 0, 100);
        if input["type"] != 4 || input["max_length"].as_u64().is_some_and(|n| n > 4000) {
            found.add(&at, "a text input of at most 4000 characters");
        }
    }
    found.0
}

/// What is wrong with a new thread.
pub(super) fn thread(body: &Value) -> Vec<(String, String)> {
    let mut found = Breaches::default();
    found.text("name", &body["name"], 1, 100);
    if ![60, 1_440, 4_320, 10_080].contains(&body["auto_archive_duration"].as_u64().unwrap_or_default()) {
        found.add("auto_archive_duration", "Value must be one of {60, 1440, 4320, 10080}.");
    }
    found.0
}

/// What is wrong with an autocomplete answer.
pub(super) fn choices(data: &Value) -> Vec<(String, String)> {
    let mut found = Breaches::default();
    let choices = data["choices"].as_array().cloned().unwrap_or_default();
    if choices.len() > 25 {
        found.add("choices", "Must be 25 or fewer in length.");
    }
    for (i, choice) in choices.iter().enumerate() {
        found.text(&format!("choices.{i}.name"), &choice["name"], 1, 100);
        found.text(&format!("choices.{i}.value"), &choice["value"], 1, 100);
    }
    found.0
}

/// What is wrong with a list of commands.
pub(super) fn commands(list: &Value) -> Vec<(String, String)> {
    let mut found = Breaches::default();
    let list = list.as_array().cloned().unwrap_or_default();
    if list.len() > 100 {
        found.add("", "at most 100 commands");
    }
    for command in &list {
        named(&mut found, "command", command, 1);
    }
    found.0
}

/// Checks a command or option and what is under it.
fn named(found: &mut Breaches, at: &str, it: &Value, depth: usize) {
    let at = format!("{at}.{}", it["name"].as_str().unwrap_or("?"));
    let names = it["name_localizations"].as_object().cloned().unwrap_or_default();
    for name in names.values().chain([&it["name"]]) {
        let text = name.as_str().unwrap_or_default();
        let allowed = text.chars().all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || c == '-' || c == '_');
        if !allowed || text.is_empty() || text.chars().count() > 32 {
            found.add(&at, format!("the name {text:?} is not allowed"));
        }
    }
    let descriptions = it["description_localizations"].as_object().cloned().unwrap_or_default();
    for description in descriptions.values().chain([&it["description"]]) {
        found.text(&format!("{at}.description"), description, 1, 100);
    }
    let options = it["options"].as_array().cloned().unwrap_or_default();
    if options.len() > 25 || depth > 3 {
        found.add(&at, "at most 25 options, at most three levels");
    }
    let required: Vec<bool> = options.iter().map(|o| o["required"] == true).collect();
    if required.windows(2).any(|w| !w[0] && w[1]) {
        found.add(&at, "required options come first");
    }
    for option in &options {
        named(found, &at, option, depth + 1);
    }
}

/// What this project promises beyond the platform's limits: no message can ping anybody.
pub(super) fn promises(body: &Value) -> Vec<String> {
    let mentions = &body["allowed_mentions"];
    let silent = mentions["parse"].as_array().is_some_and(Vec::is_empty)
        && ["users", "roles"].iter().all(|k| mentions[*k].as_array().is_none_or(Vec::is_empty))
        && mentions["replied_user"] != true;
    if silent { Vec::new() } else { vec![format!("allowed_mentions is not none: {mentions}")] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_limit_is_named() {
        let button = |id: &str| json!({"type": 2, "custom_id": id, "label": "l"});
        for (body, at) in [
            (json!({"content": "x".repeat(2001)}), "content"),
            (json!({"content": "x", "nonce": "n".repeat(26)}), "nonce"),
            (json!({"embeds": [{"title": "x".repeat(257)}]}), "embeds.0.title"),
            (json!({"embeds": [{"description": "告".repeat(4097)}]}), "embeds.0.description"),
            (json!({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}), "embeds.0.fields.0.name"),
            (json!({"embeds": [{"description": "x".repeat(4000)}, {"description": "x".repeat(2001)}]}), "embeds"),
            (json!({"embeds": [{"image": {"url": "attachment://a.png"}}]}), "embeds.0.image.url"),
            (
                json!({"content": "x", "components": [{"type": 1, "components": [button("a"), button("a")]}]}),
                "components.0.components.1",
            ),
            (json!({"content": "x", "attachments": [{"description": "x".repeat(1025)}]}), "attachments.0.description"),
            (json!({}), ""),
        ] {
            let found = message(&body, &[], &[], true);
            assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), [at], "{body}");
        }
        assert!(message(&json!({"content": "告".repeat(2000)}), &[], &[], true).is_empty());
    }

    #[test]
    fn commands_are_lower_case_and_described() {
        let bad = json!([{"name": "Link", "description": "", "options": [{"name": "a", "description": "d"}, {"name": "b", "description": "d", "required": true}]}]);
        assert_eq!(commands(&bad).len(), 3);
        assert!(
            commands(&json!([{"name": "link", "name_localizations": {"zh-CN": "关联"}, "description": "d"}]))
                .is_empty()
        );
    }
}
