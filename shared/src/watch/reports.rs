//! Bodies of reports: the daily one for the stand-up, the weekly one, and when and where they appear.

use super::{Severity, Transport};
use crate::ids::{AlertId, CampaignId, ChatServerId};
use crate::measure::Kpi;
use crate::plan::CampaignState;
use chrono::{DateTime, NaiveDate, Utc};

words! {
    /// Which report.
    pub enum ReportKind {
        /// Each morning, for the stand-up (每日站会): yesterday, today, what is blocked, what is due.
        Daily = "daily",
        /// On the first day of the fiscal week (周报): the week beside the one before.
        Weekly = "weekly",
    }
}

requests! {
    /// A change of when and where a report appears; what is absent stays.
    pub struct UpdateReportSchedule {
        /// Whether it appears at all.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = bool, example = true))]
        pub enabled: Option<bool>,
        /// At which local time.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "08:30"))]
        pub at: Option<String>,
        /// In which chat server, a robot among them; null for the one that was linked first.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<ChatServerId>))]
        pub chat_server: Option<Option<ChatServerId>>,
    }
}

answers! {
    /// When and where a report appears.
    pub struct ReportSchedule {
        /// Which report.
        pub kind: ReportKind,
        /// Whether it appears at all.
        pub enabled: bool,
        /// At which local time.
        #[cfg_attr(feature = "openapi", schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00"))]
        pub at: String,
        /// In which chat server; absent: in the one that was linked first.
        pub chat_server: Option<ChatServerId>,
        /// When the next one appears; absent while it is off or no chat is linked.
        pub next_at: Option<DateTime<Utc>>,
        /// Its version, for `If-Match`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1))]
        pub version: i64,
    }

    /// Where a report may appear.
    pub struct ReportPlace {
        /// The chat server, for a change of the schedule.
        pub chat_server: ChatServerId,
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "1189998819991197253"))]
        pub server_ref: String,
        /// The chat channel there; a robot's name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "Marketing, East"))]
        pub channel_ref: String,
    }

    /// When and where each report appears.
    pub struct ReportSchedules {
        /// One for each kind.
        pub data: Vec<ReportSchedule>,
        /// The chat servers in which one may appear, the first linked first: it has them unless another is chosen. Told to
        /// callers with `reports:write`; empty for others.
        #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
        pub places: Vec<ReportPlace>,
    }

    /// A campaign in a report.
    pub struct ReportCampaign {
        /// Its id.
        pub id: CampaignId,
        /// Its name.
        pub name: String,
        /// Its state.
        pub state: CampaignState,
        /// Why it is in that state.
        pub state_reason: Option<String>,
        /// Its last day.
        pub ends_on: Option<NaiveDate>,
        /// Its spend as a share of its budget, 0.9 for nine tenths; absent without a budget.
        pub spent_share: Option<f64>,
    }

    /// Campaigns in a report: how many, and the first of them.
    pub struct ReportCampaigns {
        /// How many there are.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 1))]
        pub total: u32,
        /// The first of them.
        #[cfg_attr(feature = "openapi", schema(max_items = 10))]
        pub first: Vec<ReportCampaign>,
    }

    /// An alert in a report.
    pub struct ReportAlert {
        /// Its id.
        pub id: AlertId,
        /// The rule's name.
        pub rule_name: String,
        /// How loud it is.
        pub severity: Severity,
        /// Since when.
        pub opened_at: DateTime<Utc>,
    }

    /// The report of a morning, for the stand-up.
    pub struct DailyReport {
        /// The morning's day, in the retailer's time zone.
        pub day: NaiveDate,
        /// ISO 4217 currency of money figures.
        pub currency: String,
        /// Yesterday's figures beside those of the same weekday a week before, sales, orders, visits and spend first.
        #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
        pub kpis: Vec<Kpi>,
        /// Alerts that were raised yesterday.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 3))]
        pub raised: u32,
        /// Alerts that ended yesterday.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 2))]
        pub resolved: u32,
        /// Campaigns that run.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 4))]
        pub running: u32,
        /// Campaigns whose first day it is.
        pub starting: ReportCampaigns,
        /// Campaigns whose last day it is.
        pub ending: ReportCampaigns,
        /// Campaigns that are paused: they wait for somebody.
        pub paused: ReportCampaigns,
        /// Alerts that fire and nobody has taken.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 1))]
        pub untaken: u32,
        /// The loudest of these, the newest first.
        #[cfg_attr(feature = "openapi", schema(max_items = 5))]
        pub untaken_first: Vec<ReportAlert>,
        /// Campaigns that end within a week, or go on beyond their last day.
        pub due: ReportCampaigns,
        /// Campaigns that have spent nine tenths of their budget or more.
        pub near_budget: ReportCampaigns,
    }

    /// How many alerts a rule raised.
    pub struct ReportRule {
        /// The rule's name.
        pub name: String,
        /// How many.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 3))]
        pub alerts: u32,
    }

    /// The report of a week.
    pub struct WeeklyReport {
        /// Its first day, in the retailer's time zone.
        pub first_day: NaiveDate,
        /// Its last day.
        pub last_day: NaiveDate,
        /// ISO 4217 currency of money figures.
        pub currency: String,
        /// The week's figures beside those of the week before, sales, orders, visits and spend first.
        #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
        pub kpis: Vec<Kpi>,
        /// Alerts that were raised in it.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 9))]
        pub raised: u32,
        /// Alerts that ended in it.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 8))]
        pub resolved: u32,
        /// How often a rule paused a campaign in it.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 1))]
        pub stopped: u32,
        /// The rules that raised most of them.
        #[cfg_attr(feature = "openapi", schema(max_items = 5))]
        pub rules: Vec<ReportRule>,
        /// The metric of the picture; absent where there is nothing to draw.
        pub drawn: Option<Kpi>,
    }
}
