//! Bodies of "why did, or didn't, I get this?".

use super::{Alert, AlertEvent, DeliveryState, Figures, Named, NoticeKind, Transport};
use crate::ids::AlertId;
use chrono::{DateTime, Utc};

words! {
    /// What came of judging a day.
    pub enum EvaluationOutcome {
        /// An alert was raised.
        Raised = "raised",
        /// An alert was open: it was brought up to date.
        AlreadyOpen = "already_open",
        /// An alert was resolved.
        Resolved = "resolved",
        /// Between the line and the one where it resolves: whatever was open stays, nothing is raised.
        Holding = "holding",
        /// Nothing is wrong.
        Fine = "fine",
        /// It could not be judged.
        NotJudged = "not_judged",
    }
}

answers! {
    /// What a rule said of one day of one series, and what followed.
    pub struct Evaluation {
        /// The channel, if the rule judges channels.
        pub channel: Option<Named>,
        /// The start of the judged day.
        pub window_start: DateTime<Utc>,
        /// When it was judged last.
        pub at: DateTime<Utc>,
        /// What came of it.
        pub outcome: EvaluationOutcome,
        /// Why it could not be judged: `too_little_history`, `too_little_volume`, `no_value` …
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// The figures, where it could be judged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub figures: Option<Figures>,
        /// The alert that was raised, met or resolved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub alert: Option<AlertId>,
    }

    /// Why somebody was told of an alert, or was not: what it was judged by, what it was held together with, what kept it
    /// quiet, and what became of each message.
    pub struct AlertWhy {
        /// The alert: its rule, the day that was judged, the figures; what keeps it quiet, its group, its flapping.
        pub alert: Alert,
        /// The key of its breach: rule, channel and campaign. Whatever breaks the same rule at the same place while it is
        /// open is this alert, and no second one.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
        pub breach: String,
        /// How many later judgements found it open and brought it up to date.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub updates: u32,
        /// Since when the chats are told; absent where nobody ever was.
        pub told_since: Option<DateTime<Utc>>,
        /// How many steps of escalating and reminding were gone through.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub told_again: u32,
        /// How many chat servers are linked now.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
        pub linked_chats: u32,
        /// Each message about it, oldest first.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        pub messages: Vec<AlertMessage>,
        /// The newest steps of its timeline, newest first.
        #[cfg_attr(feature = "openapi", schema(max_items = 50))]
        pub steps: Vec<AlertEvent>,
    }

    /// One message about an alert in one chat.
    pub struct AlertMessage {
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        pub server: String,
        /// The chat channel.
        pub channel: String,
        /// The notice that it is: of a group, an escalation, a reminder; absent for the alert's own message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub notice: Option<NoticeKind>,
        /// Where it is.
        pub state: DeliveryState,
        /// How many attempts were made.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub attempts: i32,
        /// The message's id in the chat.
        pub message: Option<String>,
        /// The last error.
        pub last_error: Option<String>,
        /// When it was ordered.
        pub ordered_at: DateTime<Utc>,
    }
}
