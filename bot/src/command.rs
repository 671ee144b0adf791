//! What a person can ask of the bot, apart from any chat: the command, who asks, and button actions.
//!
//! A transport only translates: its own words into a [`Command`] and an [`Actor`], and the [`crate::reply::Reply`]
//! back. Invariant: a `custom_id` is at most 100 characters and parses back to the action it was made from.

use tillwatch_shared::ids::{AlertId, CampaignId};
use tillwatch_shared::watch::Transport;

/// What is asked. Campaigns and alerts are named as a person types them: id, key or the start of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `link CODE`: link this chat user (and, the first time, this server) to a staff.
    Link {
        /// The one-time code.
        code: String,
    },
    /// `campaign list [PAGE]`
    CampaignList {
        /// Which page, from 1; beyond the last it is the last.
        page: usize,
    },
    /// `campaign show NAME`
    CampaignShow {
        /// Id, key or name.
        campaign: String,
    },
    /// `campaign pause NAME REASON`
    CampaignPause {
        /// Id, key or name.
        campaign: String,
        /// Why; asked for when absent.
        reason: Option<String>,
    },
    /// `campaign resume NAME REASON`
    CampaignResume {
        /// Id, key or name.
        campaign: String,
        /// Why; asked for when absent.
        reason: Option<String>,
    },
    /// `kpi [METRIC]`
    Kpi {
        /// A metric's key or name; all of them if absent.
        metric: Option<String>,
    },
    /// `alerts list`
    AlertsList,
    /// `alerts show ALERT`, also the Open button.
    AlertShow {
        /// Id or the number that the last list showed.
        alert: String,
    },
    /// `alerts ack ALERT`
    AlertAck {
        /// Id or the number that the last list showed.
        alert: String,
    },
    /// `alerts why ALERT`
    AlertWhy {
        /// Id or the number that the last list showed.
        alert: String,
    },
    /// `alerts silence ALERT for HOW LONG because REASON`
    AlertSilence {
        /// Id or the number that the last list showed.
        alert: String,
        /// For how long, as it was typed; an hour when absent.
        duration: Option<String>,
        /// Why; asked for when absent.
        reason: Option<String>,
    },
    /// `goals`
    GoalsList,
    /// `goals show GOAL`
    GoalShow {
        /// Name, part of one, or id.
        goal: String,
    },
    /// `digest`: this morning's report.
    Digest,
    /// `report`: the last week's report.
    Report,
    /// `schedule [REPORT [TIME] [here]]`
    Schedule {
        /// Which report, as it was typed; all of them if absent.
        report: Option<String>,
        /// A time, on or off, as it was typed.
        at: Option<String>,
        /// It shall appear in the asker's chat server.
        here: bool,
    },
    /// `budget`
    Budget,
    /// `help [COMMAND]`
    Help {
        /// One command's help, or all.
        topic: Option<String>,
    },
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
