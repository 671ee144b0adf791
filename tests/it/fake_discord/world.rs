//! The platform's state: servers, channels, messages, interactions. No I/O.
//!
//! Invariants: an id is a snowflake that grows with time; a nonce that is enforced names one message per channel
//! while it is remembered; a deleted message is never shown again.

use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the platform remembers an enforced nonce ("the past few minutes").
const NONCE_MEMORY: Duration = Duration::from_mins(5);
/// The start of the platform's time, 2015-01-01, in Unix milliseconds.
const EPOCH_MS: u128 = 1_420_070_400_000;
/// The bot's user and application.
pub(super) const BOT: u64 = 900_000_000_000_000_001;

/// A channel and the server it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The server.
    pub(crate) server: u64,
    /// The channel.
    pub(crate) channel: u64,
}

/// What a channel lets the bot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    /// Without the permission Read Message History.
    NoHistory,
    Forbidden,
    Gone,
}

/// A thread, under the id of the message that it was begun from.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    /// The channel that it is in.
    pub(super) parent: u64,
    /// What it is called.
    pub(crate) name: String,
}

/// A message as the platform keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its id.
    pub(crate) id: u64,
    /// Its channel.
    pub(crate) channel: u64,
    /// As a client would be told it.
    pub(crate) json: Value,
    /// How often it was edited.
    pub(crate) edits: u32,
    /// Only for the user of its interaction.
    pub(crate) ephemeral: bool,
    /// A deferred answer that has no content yet.
    pub(super) loading: bool,
    pub(super) nonce: Option<(String, Instant)>,
    pub(super) interaction: Option<u64>,
    pub(super) deleted: bool,
}

/// An interaction and how it was answered.
pub(super) struct Interaction {
    pub(super) token: String,
    pub(super) created: Instant,
    pub(super) answered: bool,
    /// No first answer is taken any more.
    pub(super) expired: bool,
    pub(super) place: Place,
    pub(super) original: Option<u64>,
    /// The message that the pressed button is under.
    pub(super) source: Option<u64>,
    pub(super) modal: Option<Value>,
    pub(super) choices: Option<Vec<Value>>,
}

/// Everything there is.
#[derive(Default)]
pub(super) struct World {
    last_id: u64,
    pub(super) places: Vec<Place>,
    pub(super) access: HashMap<u64, Access>,
    pub(super) messages: BTreeMap<u64, Message>,
    pub(super) interactions: BTreeMap<u64, Interaction>,
    pub(super) commands: Vec<Value>,
    pub(super) locales: HashMap<u64, String>,
    pub(super) threads: BTreeMap<u64, Thread>,
    /// The channels in which the bot may begin no thread.
    pub(super) threadless: HashSet<u64>,
}

impl World {
    /// A new id, greater than every other.
    pub(super) fn id(&mut self) -> u64 {
        let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() - EPOCH_MS;
        self.last_id = (u64::try_from(ms).unwrap() << 22).max(self.last_id + 1);
        self.last_id
    }

    /// A new server with one channel.
    pub(super) fn open_server(&mut self) -> Place {
        let place = Place { server: self.id(), channel: self.id() };
        self.places.push(place);
        self.access.insert(place.channel, Access::Open);
        place
    }

    pub(super) fn place_of(&self, channel: u64) -> Place {
        let home = self.threads.get(&channel).map_or(channel, |thread| thread.parent);
        let place = self.places.iter().find(|p| p.channel == home).expect("a channel of this fake");
        Place { channel, ..*place }
    }

    /// Keeps a new message, or gives the one that this nonce already made here.
    pub(super) fn post(&mut self, place: Place, mut json: Value, nonce: Option<&str>, enforce: bool) -> Message {
        if let (Some(nonce), true) = (nonce, enforce) {
            let known = self.messages.values().find(|m| {
                m.channel == place.channel
                    && m.nonce.as_ref().is_some_and(|(n, at)| n == nonce && at.elapsed() < NONCE_MEMORY)
            });
            if let Some(known) = known {
                return known.clone();
            }
        }
        let id = self.id();
        json["id"] = json!(id.to_string());
        json["channel_id"] = json!(place.channel.to_string());
        let message = Message {
            id,
            channel: place.channel,
            json,
            edits: 0,
            ephemeral: false,
            loading: false,
            nonce: nonce.filter(|_| enforce).map(|n| (n.to_owned(), Instant::now())),
            interaction: None,
            deleted: false,
        };
        self.messages.insert(id, message.clone());
        message
    }

    /// The message, unless it was deleted.
    pub(super) fn message(&mut self, id: u64) -> Option<&mut Message> {
        self.messages.get_mut(&id).filter(|m| !m.deleted)
    }

    /// What everybody in a channel sees, oldest first.
    pub(super) fn visible(&self, channel: u64) -> Vec<Message> {
        self.messages
            .values()
            .filter(|m| m.channel == channel && !m.deleted && !m.ephemeral && !m.loading)
            .cloned()
            .collect()
    }

    /// What the answers to an interaction show, oldest first.
    pub(super) fn answers(&self, interaction: u64) -> Vec<Message> {
        self.messages
            .values()
            .filter(|m| m.interaction == Some(interaction) && !m.deleted && !m.loading)
            .cloned()
            .collect()
    }

    /// The nonces are forgotten, as they are after a few minutes.
    pub(super) fn forget_nonces(&mut self) {
        for message in self.messages.values_mut() {
            message.nonce = None;
        }
    }
}

/// The bot as the platform describes it.
pub(super) fn bot_user() -> Value {
    json!({"id": BOT.to_string(), "username": "tillwatch", "discriminator": "0000", "global_name": null, "avatar": null, "bot": true, "verified": true, "mfa_enabled": false, "flags": 0})
}

/// A person as the platform describes them.
pub(super) fn person(id: u64) -> Value {
    json!({"id": id.to_string(), "username": format!("user{id}"), "discriminator": "0", "global_name": null, "avatar": null, "bot": false})
}

/// Now, as the platform writes times.
pub(super) fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enforced_nonce_names_one_message_per_channel_until_it_is_forgotten() {
        let mut world = World::default();
        let (here, there) = (world.open_server(), world.open_server());
        let first = world.post(here, json!({"content": "a"}), Some("n"), true);
        let again = world.post(here, json!({"content": "b"}), Some("n"), true);
        assert_eq!((first.id, again.json["content"].as_str()), (again.id, Some("a")));
        assert_ne!(world.post(there, json!({}), Some("n"), true).id, first.id);
        assert_ne!(world.post(here, json!({}), Some("n"), false).id, first.id);
        world.forget_nonces();
        assert_ne!(world.post(here, json!({}), Some("n"), true).id, first.id);
    }

    #[test]
    fn ids_grow() {
        let mut world = World::default();
        let ids: Vec<u64> = (0..100).map(|_| world.id()).collect();
        assert!(ids.is_sorted() && ids.windows(2).all(|w| w[0] != w[1]));
    }
}
