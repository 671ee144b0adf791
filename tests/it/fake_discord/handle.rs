//! What a test holds of a question that a user asked: its answers and its modal, waited for; what a message
//! lets its reader read and press; and what hangs on it.

use super::world::{Message, Place};
use super::{FakeDiscord, Inner};
use serde_json::Value;
use std::sync::Arc;

/// A modal that is shown to a user.
pub(crate) struct Modal {
    /// The modal's data: title, custom id, inputs.
    pub(crate) json: Value,
    pub(super) place: Place,
    pub(super) user: u64,
    pub(super) source: Option<u64>,
}

/// An interaction that was sent to the bot.
pub(crate) struct InteractionHandle {
    pub(super) inner: Arc<Inner>,
    pub(super) id: u64,
    pub(super) place: Place,
    pub(super) user: u64,
}

impl InteractionHandle {
    /// Waits for the message that finally answers it.
    pub(crate) async fn reply(&self) -> Message {
        self.inner.until("the answer to an interaction", |i| i.world.lock().unwrap().answers(self.id).pop()).await
    }

    /// Waits for the modal that it is answered with.
    pub(crate) async fn modal(&self) -> Modal {
        let look = |i: &Inner| {
            let world = i.world.lock().unwrap();
            let interaction = &world.interactions[&self.id];
            interaction.modal.clone().map(|json| (json, interaction.source))
        };
        let (json, source) = self.inner.until("a modal", look).await;
        Modal { json, place: self.place, user: self.user, source }
    }

    /// Every message that answers it by now.
    pub(crate) fn answers(&self) -> Vec<Message> {
        self.inner.world.lock().unwrap().answers(self.id)
    }
}

impl FakeDiscord {
    /// The bot may begin no thread in the channel.
    pub(crate) fn refuse_threads(&self, channel: u64) {
        self.inner.world.lock().unwrap().threadless.insert(channel);
    }

    /// What the thread of a message is called, and its lines, oldest first; `None` where there is none.
    pub(crate) fn thread_of(&self, message: u64) -> Option<(String, Vec<String>)> {
        let world = self.inner.world.lock().unwrap();
        let thread = world.threads.get(&message)?;
        let line = |line: &Message| line.json["content"].as_str().unwrap_or_default().to_owned();
        Some((thread.name.clone(), world.visible(message).iter().map(line).collect()))
    }

    /// Waits until the thread of a message has so many lines, and gives what stands in each behind its time.
    pub(crate) async fn until_told(&self, message: u64, lines: usize) -> Vec<String> {
        let look = |seen: &[Message]| (seen.len() >= lines).then(|| seen.to_vec());
        let seen = self.until_visible(&format!("{lines} lines under {message}"), message, look).await;
        let line = |line: &Message| line.json["content"].as_str().unwrap_or_default().to_owned();
        let behind_time = |line: String| line.split_once(" · ").map_or(line.clone(), |(_, what)| what.to_owned());
        seen.iter().map(line).map(behind_time).collect()
    }
}

impl Message {
    /// Title, text and fields as they are read, a line each.
    pub(crate) fn read(&self) -> String {
        let embed = &self.json["embeds"][0];
        let mut lines = vec![text(&embed["title"]).to_owned(), text(&embed["description"]).to_owned()];
        let fields = embed["fields"].as_array().into_iter().flatten();
        lines.extend(fields.map(|field| format!("{}: {}", text(&field["name"]), text(&field["value"]))));
        lines.join("\n")
    }

    /// The small print.
    pub(crate) fn footer(&self) -> &str {
        text(&self.json["embeds"][0]["footer"]["text"])
    }

    /// Every button: its label, and its id if it can be pressed.
    pub(crate) fn buttons(&self) -> Vec<(String, Option<String>)> {
        let rows = self.json["components"].as_array().into_iter().flatten();
        let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        let id = |button: &Value| (button["disabled"] != true).then(|| text(&button["custom_id"]).to_owned());
        buttons.map(|button| (text(&button["label"]).to_owned(), id(button))).collect()
    }

    /// The id of the live button with this label.
    pub(crate) fn button(&self, label: &str) -> String {
        let live = self.buttons().into_iter().find_map(|(name, id)| id.filter(|_| name == label));
        live.unwrap_or_else(|| panic!("no live button {label:?} among {:?}", self.buttons()))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
