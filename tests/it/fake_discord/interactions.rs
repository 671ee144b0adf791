//! How the bot answers an interaction, by the platform's rules.
//!
//! Invariants: the first answer comes in time or the interaction is unknown (10062), and it is the script that says when
//! the platform's three seconds are over ([`super::faults::Fault::Expire`]), never the clock of a busy machine; a second
//! first answer is refused (40060); a deferred answer shows nothing until it is filled; the first follow-up fills it and
//! inherits whether it is private; a token works for fifteen minutes.

use super::Inner;
use super::effects::{self, Answer, Call};
use super::faults::Route;
use super::recorder::Request as Record;
use super::validate;
use super::world::{Interaction, Message, Place, World};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the token works.
const TOKEN: Duration = Duration::from_mins(15);
/// The flag of a message that only one user sees.
const EPHEMERAL: u64 = 1 << 6;
/// The flag of a deferred answer.
const LOADING: u64 = 1 << 7;

/// What the platform knows of a new interaction, and what it sends to the bot.
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) user: u64,
    /// 2 command, 3 component, 4 autocomplete, 5 modal.
    pub(super) kind: u8,
    pub(super) data: Value,
    /// The message under which a button was pressed.
    pub(super) source: Option<u64>,
}

/// Opens an interaction: its id, and the event to dispatch.
pub(super) fn open(world: &mut World, asked: &Asked) -> (u64, Value) {
    let id = world.id();
    let token = format!("token-of-{id}");
    let locale = world.locales.get(&asked.user).cloned().unwrap_or_else(|| "en-US".to_owned());
    let place = asked.place;
    let mut event = json!({
        "id": id.to_string(), "application_id": super::world::BOT.to_string(), "type": asked.kind, "data": asked.data, "token": token,
        "version": 1, "guild_id": place.server.to_string(), "channel_id": place.channel.to_string(),
        "channel": {"id": place.channel.to_string(), "type": 0, "name": "alerts", "permissions": "2147483647"},
        "member": {"user": super::world::person(asked.user), "roles": [], "joined_at": "2026-01-01T00:00:00.000000+00:00",
            "deaf": false, "mute": false, "flags": 0, "permissions": "2147483647"},
        "app_permissions": "2147483647", "locale": locale, "guild_locale": "en-US", "entitlements": [], "context": 0,
        "authorizing_integration_owners": {"0": place.server.to_string()}, "attachment_size_limit": 10_485_760
    });
    if let Some(message) = asked.source.and_then(|id| world.message(id)) {
        event["message"] = message.json.clone();
    }
    let interaction = Interaction {
        token,
        created: Instant::now(),
        answered: false,
        expired: false,
        place,
        original: None,
        source: asked.source,
        modal: None,
        choices: None,
    };
    world.interactions.insert(id, interaction);
    (id, event)
}

/// `POST /interactions/{id}/{token}/callback`
pub(super) fn callback(inner: &Inner, world: &mut World, call: &Call, record: &Record) -> Answer {
    let id = call.ids[0];
    let Some(interaction) = world.interactions.get_mut(&id).filter(|i| i.token == call.token) else {
        return Answer::error(404, 10062, "Unknown interaction");
    };
    if interaction.answered {
        return Answer::error(400, 40060, "Interaction has already been acknowledged.");
    }
    if interaction.expired {
        return Answer::error(404, 10062, "Unknown interaction");
    }
    let data = &record.body["data"];
    let kind = record.body["type"].as_u64().unwrap_or(0);
    let found = match kind {
        4 => validate::message(data, &record.files, &[], true),
        7 => validate::message(data, &record.files, &[], false),
        8 => validate::choices(data),
        9 => validate::modal(data),
        5 | 6 => Vec::new(),
        other => vec![("type".to_owned(), format!("{other} is no answer"))],
    };
    if !found.is_empty() {
        return Answer::invalid(&found);
    }
    interaction.answered = true;
    let source = interaction.source;
    match kind {
        4 | 5 => {
            if kind == 4 {
                effects::promised(inner, data);
            }
            let message = post(world, id, data, record, kind == 5);
            keep(world, id, |i| i.original = Some(message));
        }
        6 => keep(world, id, |i| i.original = source),
        7 => {
            let Some(source) = source else { return Answer::error(400, 50035, "no message to update") };
            keep(world, id, |i| i.original = Some(source));
            let body = Record { body: data.clone(), ..record.clone() };
            return match rewrite(inner, world, source, &body) {
                Ok(_) => Answer::nothing(),
                Err(answer) => answer,
            };
        }
        8 => keep(world, id, |i| i.choices = data["choices"].as_array().cloned()),
        _ => keep(world, id, |i| i.modal = Some(data.clone())),
    }
    Answer::nothing()
}

/// Everything under `/webhooks/{application}/{token}`.
pub(super) fn answer(inner: &Inner, world: &mut World, call: &Call, record: &Record) -> Answer {
    let found = world
        .interactions
        .iter()
        .find(|(_, i)| i.token == call.token)
        .map(|(id, i)| (*id, i.answered, i.created, i.original));
    let Some((id, answered, created, original)) = found else { return Answer::error(404, 10015, "Unknown Webhook") };
    if !answered {
        return Answer::error(404, 10015, "Unknown Webhook");
    }
    if created.elapsed() > TOKEN {
        return Answer::error(401, 50027, "Invalid Webhook Token");
    }
    let original = original.filter(|id| world.message(*id).is_some());
    match (call.route, original) {
        (Route::Followup, Some(original)) if world.message(original).is_some_and(|m| m.loading) => {
            fill(inner, world, original, record)
        }
        (Route::Followup, _) => {
            let found = validate::message(&record.body, &record.files, &[], true);
            if !found.is_empty() {
                return Answer::invalid(&found);
            }
            effects::promised(inner, &record.body);
            let message = post(world, id, &record.body, record, false);
            Answer::ok(world.messages[&message].json.clone())
        }
        (_, None) => Answer::error(404, 10008, "Unknown Message"),
        (Route::EditOriginal, Some(original)) => fill(inner, world, original, record),
        (Route::DeleteOriginal, Some(original)) => {
            if let Some(message) = world.message(original) {
                message.deleted = true;
            }
            Answer::nothing()
        }
        (_, Some(original)) => Answer::ok(world.messages[&original].json.clone()),
    }
}

/// The three seconds are over.
pub(super) fn expire(world: &mut World, call: &Call) {
    keep(world, call.ids[0], |i| i.expired = true);
}

fn fill(inner: &Inner, world: &mut World, original: u64, record: &Record) -> Answer {
    match rewrite(inner, world, original, record) {
        Ok(json) => Answer::ok(json),
        Err(answer) => answer,
    }
}

/// Edits a message by its interaction: what was loading is shown now.
fn rewrite(inner: &Inner, world: &mut World, id: u64, record: &Record) -> Result<Value, Answer> {
    let old = world.messages[&id].json.clone();
    let mut json = effects::amend(inner, world, &old, record)?;
    json["flags"] = json!(json["flags"].as_u64().unwrap_or(0) & !LOADING);
    if let Some(message) = world.message(id) {
        message.loading = false;
        message.edits += 1;
        message.json = json.clone();
    }
    Ok(json)
}

/// A new message of an interaction.
fn post(world: &mut World, interaction: u64, body: &Value, record: &Record, loading: bool) -> u64 {
    let place = world.interactions[&interaction].place;
    let mut json = effects::shown(world, body, &record.files, &json!({}));
    let ephemeral = body["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0;
    json["flags"] = json!(if ephemeral { EPHEMERAL } else { 0 } | if loading { LOADING } else { 0 });
    json["webhook_id"] = json!(super::world::BOT.to_string());
    let id = world.post(place, json, None, false).id;
    let message: &mut Message = world.message(id).expect("it was posted under the same lock");
    message.ephemeral = ephemeral;
    message.loading = loading;
    message.interaction = Some(interaction);
    id
}

fn keep(world: &mut World, id: u64, change: impl FnOnce(&mut Interaction)) {
    if let Some(interaction) = world.interactions.get_mut(&id) {
        change(interaction);
    }
}
