//! What each REST request does to the world, and what it is answered.
//!
//! Cast: [`Call`] is a parsed request line, [`Answer`] a status with a JSON body, [`apply`] the one step between
//! them, under the world's lock. Messages and commands are here; answers to interactions are in
//! [`super::interactions`].

use super::faults::Route;
use super::recorder::{File, Request as Record};
use super::world::{self, Access, BOT, Message, Thread, World};
use super::{Inner, interactions, validate};
use serde_json::{Value, json};

/// A request line, parsed.
pub(super) struct Call {
    pub(super) route: Route,
    /// The ids in the path: channel and message, or interaction.
    pub(super) ids: Vec<u64>,
    /// The interaction's token.
    pub(super) token: String,
    query: Vec<(String, String)>,
}

impl Call {
    /// Reads method and path (after `/api/v10`, with the query).
    pub(super) fn parse(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let id = |i: usize| parts.get(i).and_then(|p| p.parse().ok()).unwrap_or(0);
        let (route, ids, token) = match (method, parts.as_slice()) {
            ("GET", ["gateway"]) => (Route::Gateway, vec![], ""),
            ("GET", ["gateway", "bot"]) => (Route::GatewayBot, vec![], ""),
            ("GET", ["users", "@me"]) => (Route::Me, vec![], ""),
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => (Route::Application, vec![], ""),
            ("GET" | "PUT", ["applications", _, "commands"]) => (Route::Commands, vec![id(1)], ""),
            ("GET", ["channels", _]) => (Route::Channel, vec![id(1)], ""),
            ("POST", ["channels", _, "messages"]) => (Route::CreateMessage, vec![id(1)], ""),
            ("POST", ["channels", _, "messages", _, "threads"]) => (Route::CreateThread, vec![id(1), id(3)], ""),
            ("GET", ["channels", _, "messages"]) => (Route::ListMessages, vec![id(1)], ""),
            ("GET", ["channels", _, "messages", _]) => (Route::GetMessage, vec![id(1), id(3)], ""),
            ("PATCH", ["channels", _, "messages", _]) => (Route::EditMessage, vec![id(1), id(3)], ""),
            ("POST", ["interactions", _, token, "callback"]) => (Route::Callback, vec![id(1)], *token),
            ("GET", ["webhooks", _, token, "messages", "@original"]) => (Route::GetOriginal, vec![id(1)], *token),
            ("PATCH", ["webhooks", _, token, "messages", "@original"]) => (Route::EditOriginal, vec![id(1)], *token),
            ("DELETE", ["webhooks", _, token, "messages", "@original"]) => (Route::DeleteOriginal, vec![id(1)], *token),
            ("POST", ["webhooks", _, token]) => (Route::Followup, vec![id(1)], *token),
            _ => (Route::Unknown, vec![], ""),
        };
        let query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        Self { route, ids, token: token.to_owned(), query }
    }

    fn asked(&self, key: &str) -> Option<u64> {
        self.query.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.parse().ok())
    }
}

/// What a request is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    pub(super) fn nothing() -> Self {
        Self { status: 204, body: None }
    }

    /// A refusal in the platform's words.
    pub(super) fn error(status: u16, code: u32, message: &str) -> Self {
        Self { status, body: Some(json!({"code": code, "message": message})) }
    }

    /// A form that breaks limits: 50035 with each field.
    pub(super) fn invalid(found: &[(String, String)]) -> Self {
        let mut errors = json!({});
        for (path, text) in found {
            let mut at = &mut errors;
            for key in path.split('.').filter(|k| !k.is_empty()) {
                at = &mut at[key];
            }
            at["_errors"] = json!([{"code": "BASE_TYPE_BAD_LENGTH", "message": text}]);
        }
        Self { status: 400, body: Some(json!({"code": 50035, "message": "Invalid Form Body", "errors": errors})) }
    }
}

/// Does what the request asks, in one step.
pub(super) fn apply(inner: &Inner, call: &Call, record: &Record) -> Answer {
    let mut world = inner.world.lock().unwrap();
    let world = &mut *world;
    let channel = call.ids.first().copied().unwrap_or(0);
    if matches!(
        call.route,
        Route::Channel
            | Route::CreateMessage
            | Route::ThreadMessage
            | Route::CreateThread
            | Route::ListMessages
            | Route::GetMessage
            | Route::EditMessage
    ) {
        match world.access.get(&channel).copied().unwrap_or(Access::Gone) {
            // What was said is hidden: a list is empty, and one message is refused, whether there is one or not.
            Access::NoHistory if call.route == Route::ListMessages => return Answer::ok(json!([])),
            Access::NoHistory if call.route == Route::GetMessage => {
                return Answer::error(403, 50013, "Missing Permissions");
            }
            Access::Open | Access::NoHistory => {}
            Access::Forbidden => return Answer::error(403, 50001, "Missing Access"),
            Access::Gone => return Answer::error(404, 10003, "Unknown Channel"),
        }
    }
    let answer = match call.route {
        Route::Gateway => Answer::ok(json!({"url": inner.gateway_url})),
        Route::GatewayBot => Answer::ok(json!({
            "url": inner.gateway_url, "shards": 1,
            "session_start_limit": {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        })),
        Route::Me => Answer::ok(world::bot_user()),
        Route::Application => Answer::ok(application()),
        Route::Commands => commands(world, record),
        Route::Channel => Answer::ok(
            json!({"id": channel.to_string(), "type": 0, "guild_id": world.place_of(channel).server.to_string(), "name": "alerts", "position": 0, "permission_overwrites": []}),
        ),
        Route::CreateMessage | Route::ThreadMessage => create(inner, world, channel, record),
        Route::CreateThread => open_thread(world, channel, call.ids[1], record),
        Route::ListMessages => list(world, channel, call),
        Route::GetMessage => match world.message(call.ids[1]) {
            Some(message) => Answer::ok(message.json.clone()),
            None => Answer::error(404, 10008, "Unknown Message"),
        },
        Route::EditMessage => edit(inner, world, call.ids[1], record),
        Route::Callback => interactions::callback(inner, world, call, record),
        Route::GetOriginal | Route::EditOriginal | Route::DeleteOriginal | Route::Followup => {
            interactions::answer(inner, world, call, record)
        }
        Route::Unknown => {
            inner.recorder.violation(format!("no such route: {} {}", record.method, record.path));
            Answer::error(404, 0, "404: Not Found")
        }
    };
    inner.changed();
    if answer.body.as_ref().is_some_and(|b| b["code"] == 50035) {
        inner.recorder.violation(format!(
            "{} {}: {}",
            record.method,
            record.path,
            answer.body.clone().unwrap_or_default()
        ));
    }
    answer
}

fn application() -> Value {
    json!({"id": BOT.to_string(), "name": "tillwatch", "description": "", "icon": null, "bot_public": true, "bot_require_code_grant": false,
        "owner": world::person(900_000_000_000_000_002), "team": null, "verify_key": "", "summary": "", "flags": 0})
}

fn commands(world: &mut World, record: &Record) -> Answer {
    if record.method == "PUT" {
        let found = validate::commands(&record.body);
        if !found.is_empty() {
            return Answer::invalid(&found);
        }
        let mut list = record.body.as_array().cloned().unwrap_or_default();
        for command in &mut list {
            // The platform keeps a command's id when its name stays.
            let known = world.commands.iter().find(|c| c["name"] == command["name"]).map(|c| c["id"].clone());
            command["id"] = known.unwrap_or_else(|| json!(world.id().to_string()));
            command["application_id"] = json!(BOT.to_string());
            // What is left out is a slash command; the answer always says so.
            if command["type"].is_null() {
                command["type"] = json!(1);
            }
            command["version"] = json!(world.id().to_string());
        }
        world.commands = list;
    }
    Answer::ok(json!(world.commands))
}

fn create(inner: &Inner, world: &mut World, channel: u64, record: &Record) -> Answer {
    let found = validate::message(&record.body, &record.files, &[], true);
    if !found.is_empty() {
        return Answer::invalid(&found);
    }
    promised(inner, &record.body);
    let place = world.place_of(channel);
    let json = shown(world, &record.body, &record.files, &json!({}));
    let nonce = record.body["nonce"].as_str();
    let message = world.post(place, json, nonce, record.body["enforce_nonce"] == true);
    let mut json = message.json;
    // Only the answer to the post tells the nonce; a list of messages does not.
    json["nonce"] = json!(nonce);
    Answer::ok(json)
}

/// A thread has the id of the message that it was begun from.
fn open_thread(world: &mut World, channel: u64, message: u64, record: &Record) -> Answer {
    let found = validate::thread(&record.body);
    if !found.is_empty() {
        return Answer::invalid(&found);
    }
    if world.threadless.contains(&channel) {
        return Answer::error(403, 50013, "Missing Permissions");
    }
    if world.message(message).is_none_or(|message| message.channel != channel) {
        return Answer::error(404, 10008, "Unknown Message");
    }
    if world.threads.contains_key(&message) {
        return Answer::error(400, 160_004, "A thread has already been created for this message");
    }
    let name = record.body["name"].clone();
    let server = world.place_of(channel).server;
    world.threads.insert(message, Thread { parent: channel, name: name.as_str().unwrap_or_default().to_owned() });
    world.access.insert(message, Access::Open);
    Answer::ok(json!({
        "id": message.to_string(), "type": 11, "guild_id": server.to_string(), "parent_id": channel.to_string(),
        "owner_id": BOT.to_string(), "name": name, "last_message_id": null, "message_count": 0, "member_count": 1,
        "rate_limit_per_user": 0, "flags": 0, "total_message_sent": 0,
        "thread_metadata": {"archived": false, "locked": false, "archive_timestamp": world::timestamp(),
            "auto_archive_duration": record.body["auto_archive_duration"], "create_timestamp": world::timestamp()}
    }))
}

fn list(world: &World, channel: u64, call: &Call) -> Answer {
    let limit = call.asked("limit").unwrap_or(50).clamp(1, 100);
    let limit = usize::try_from(limit).unwrap();
    let all = world.messages.values().filter(|m| m.channel == channel && !m.deleted && !m.ephemeral);
    let mut page: Vec<&Message> = match (call.asked("after"), call.asked("before")) {
        (Some(after), _) => all.filter(|m| m.id > after).take(limit).collect(),
        (None, Some(before)) => last(all.filter(|m| m.id < before).collect(), limit),
        (None, None) => last(all.collect(), limit),
    };
    page.reverse();
    Answer::ok(page.iter().map(|m| m.json.clone()).collect())
}

fn last(all: Vec<&Message>, n: usize) -> Vec<&Message> {
    let skip = all.len().saturating_sub(n);
    all.into_iter().skip(skip).collect()
}

fn edit(inner: &Inner, world: &mut World, id: u64, record: &Record) -> Answer {
    let Some(message) = world.message(id) else { return Answer::error(404, 10008, "Unknown Message") };
    let old = message.json.clone();
    match amend(inner, world, &old, record) {
        Ok(json) => {
            let message = world.message(id).expect("it was there under the same lock");
            message.json = json.clone();
            message.edits += 1;
            Answer::ok(json)
        }
        Err(answer) => answer,
    }
}

/// A message's JSON after an edit, or the refusal of the edit.
pub(super) fn amend(inner: &Inner, world: &mut World, old: &Value, record: &Record) -> Result<Value, Answer> {
    let kept: Vec<String> = old["attachments"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|a| a["filename"].as_str().map(ToOwned::to_owned))
        .collect();
    let found = validate::message(&record.body, &record.files, &kept, false);
    if !found.is_empty() {
        return Err(Answer::invalid(&found));
    }
    promised(inner, &record.body);
    let mut json = shown(world, &record.body, &record.files, old);
    json["edited_timestamp"] = json!(world::timestamp());
    Ok(json)
}

/// Records what breaks the project's own promises.
pub(super) fn promised(inner: &Inner, body: &Value) {
    for breach in validate::promises(body) {
        inner.recorder.violation(breach);
    }
}

/// A message as a client sees it: `body` laid over `old`, attachments resolved, nothing but what is shown.
pub(super) fn shown(world: &mut World, body: &Value, files: &[File], old: &Value) -> Value {
    let mut json = json!({
        "id": old["id"], "channel_id": old["channel_id"], "author": world::bot_user(), "content": "", "timestamp": world::timestamp(),
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [],
        "embeds": [], "pinned": false, "type": 0, "flags": 0, "components": []
    });
    for (key, value) in old.as_object().into_iter().flatten() {
        json[key] = value.clone();
    }
    for key in ["content", "embeds", "components"] {
        if !body[key].is_null() {
            json[key] = body[key].clone();
        }
    }
    json["attachments"] = attachments(world, body, files, old);
    let listed = json["attachments"].clone();
    for embed in json["embeds"].as_array_mut().into_iter().flatten() {
        embed["type"] = json!("rich");
        let named = embed["image"]["url"].as_str().and_then(|u| u.strip_prefix("attachment://")).map(ToOwned::to_owned);
        let found =
            listed.as_array().into_iter().flatten().find(|a| named.as_deref().is_some_and(|n| a["filename"] == n));
        if let Some(attachment) = found {
            embed["image"] = json!({"url": attachment["url"], "proxy_url": attachment["url"]});
        }
    }
    json
}

/// The attachments after a request: those that it keeps, then the new files with their descriptions.
fn attachments(world: &mut World, body: &Value, files: &[File], old: &Value) -> Value {
    let had = old["attachments"].as_array().cloned().unwrap_or_default();
    let listed = body["attachments"].as_array();
    let mut all: Vec<Value> = match listed {
        Some(listed) => had.into_iter().filter(|a| listed.iter().any(|l| l["id"] == a["id"])).collect(),
        None => had,
    };
    for file in files {
        let index: u64 = file.part.trim_start_matches("files[").trim_end_matches(']').parse().unwrap_or(0);
        let about = listed.into_iter().flatten().find(|l| l["id"] == index || l["id"] == index.to_string().as_str());
        let id = world.id().to_string();
        let url = format!("https://cdn.discordapp.com/attachments/{id}/{}", file.name);
        let description = about.map(|l| l["description"].clone()).unwrap_or_default();
        all.push(json!({"id": id, "filename": file.name, "description": description, "size": file.bytes.len(), "url": url, "proxy_url": url, "content_type": file.kind}));
    }
    json!(all)
}
