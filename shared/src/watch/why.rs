//! Bodies of "why did, or didn't, I get this?".

use super::{Alert, AlertEvent, DeliveryState, NoticeKind, Transport};
use chrono::{DateTime, Utc};

answers! {
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
