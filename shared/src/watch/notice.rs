//! Bodies of notices: messages in chat that are no alert's own.

use super::{AlertDigest, DailyReport, MaintenanceWindow, NoticeKind, Silence, WeeklyReport};
use crate::feeds::FeedNotice;
use crate::goals::GoalProposal;
use crate::ids::NoticeId;
use chrono::{DateTime, Utc};

answers! {
    /// A message in chat that is no alert's own.
    pub struct Notice {
        /// Its id.
        pub id: NoticeId,
        /// What it tells.
        pub kind: NoticeKind,
        /// Since when there is that to tell.
        pub at: DateTime<Utc>,
        /// The silence that is about to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub silence: Option<Silence>,
        /// The maintenance window.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub window: Option<MaintenanceWindow>,
        /// The alerts that it is about, where they are many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub digest: Option<AlertDigest>,
        /// The daily report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub daily: Option<DailyReport>,
        /// The weekly report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub weekly: Option<WeeklyReport>,
        /// The proposed correction of a goal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub proposal: Option<GoalProposal>,
        /// The feed that is unwell, or well again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub feed: Option<FeedNotice>,
    }
}
