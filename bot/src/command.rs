//! What a person can ask of the bot, apart from any chat: a command with what was given to it, who asks, and the actions
//! of buttons.
//!
//! A transport only translates: its own words into a [`Command`] and an [`Actor`], and the [`crate::reply::Reply`]
//! back. Invariant: a `custom_id` is at most 100 characters and parses back to the action it was made from.

use crate::commands::spec::{CommandSpec, OptionSpec};
use std::collections::BTreeMap;
use tillwatch_shared::ids::{AlertId, CampaignId};
use tillwatch_shared::watch::Transport;

/// What was given to a command: its options' values, as they were typed, without the blanks around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given(BTreeMap<&'static str, String>);

impl Given {
    /// A value; `None` when nothing was given.
    pub(crate) fn text(&self, option: &OptionSpec) -> Option<&str> {
        self.named(option.name)
    }

    /// The value of an option without which the command is not asked; empty if it was all the same.
    pub(crate) fn wanted(&self, option: &OptionSpec) -> &str {
        self.text(option).unwrap_or_default()
    }

    /// A whole number.
    pub(crate) fn number(&self, option: &OptionSpec) -> Option<usize> {
        self.text(option)?.parse().ok()
    }

    /// Whether it was said.
    pub(crate) fn flag(&self, option: &OptionSpec) -> bool {
        self.text(option) == Some("true")
    }

    /// Why.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.named("reason")
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    spec: &'static CommandSpec,
    given: Given,
}

impl Command {
    /// A command with nothing given to it yet.
    pub(crate) fn new(spec: &'static CommandSpec) -> Self {
        Self { spec, given: Given::default() }
    }

    /// The same with this given to the option of that name. Nothing but blanks is not given, and a name that the command
    /// does not have is let go.
    #[must_use]
    pub(crate) fn with(mut self, option: &str, value: &str) -> Self {
        let (option, value) = (self.spec.options.iter().find(|known| known.name == option), value.trim());
        if let Some(option) = option.filter(|_| !value.is_empty()) {
            self.given.0.insert(option.name, value.to_owned());
        }
        self
    }

    /// Which one.
    pub(crate) fn spec(&self) -> &'static CommandSpec {
        self.spec
    }

    /// What was given to it.
    pub(crate) fn given(&self) -> &Given {
        &self.given
    }
}

/// Who asks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Which chat.
    pub transport: Transport,
    /// The server's id there.
    pub server: String,
    /// The chat channel's id there.
    pub channel: String,
    /// The user's id there.
    pub user: String,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pause this campaign.
    Pause(CampaignId),
    /// Resume this campaign.
    Resume(CampaignId),
    /// Acknowledge this alert.
    Acknowledge(AlertId),
    /// Silence this alert for an hour.
    Silence(AlertId),
    /// Show this alert with its timeline.
    Open(AlertId),
}

impl Action {
    /// `v1:<action>:<id>`
    pub fn custom_id(self) -> String {
        match self {
            Self::Pause(id) => format!("v1:pause:{id}"),
            Self::Resume(id) => format!("v1:resume:{id}"),
            Self::Acknowledge(id) => format!("v1:ack:{id}"),
            Self::Silence(id) => format!("v1:silence:{id}"),
            Self::Open(id) => format!("v1:open:{id}"),
        }
    }

    /// The action that [`Self::custom_id`] named; `None` for anything else (an older version's button).
    pub fn parse(custom_id: &str) -> Option<Self> {
        let (action, id) = custom_id.strip_prefix("v1:")?.split_once(':')?;
        match action {
            "pause" => id.parse().ok().map(Self::Pause),
            "resume" => id.parse().ok().map(Self::Resume),
            "ack" => id.parse().ok().map(Self::Acknowledge),
            "silence" => id.parse().ok().map(Self::Silence),
            "open" => id.parse().ok().map(Self::Open),
            _ => None,
        }
    }
}
