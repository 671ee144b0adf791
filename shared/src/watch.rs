//! Bodies of rules and alerts, and of what takes alerts to the chat ([`chat`]).

mod chat;
mod kinds;
mod rules;
pub mod template;

pub use chat::*;
pub use kinds::*;
pub use rules::*;

use crate::ids::{AlertId, CampaignId, ChannelId, RuleId, StaffId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

words! {
    /// How loud an alert is.
    pub enum Severity {
        /// Good to know.
        Info = "info",
        /// Look today.
        Warning = "warning",
        /// Look now.
        Critical = "critical",
    }

    /// Where an alert is in its life.
    pub enum AlertState {
        /// 告警中
        Firing = "firing",
        /// 已认领
        Acknowledged = "acknowledged",
        /// 已恢复
        Resolved = "resolved",
    }

    /// What a step of an alert's timeline is.
    pub enum AlertStep {
        /// It was raised.
        Opened = "opened",
        /// Its figures changed.
        Updated = "updated",
        /// Nothing arrives any more for what it watches: it is neither better nor worse, it is not known.
        NoData = "no_data",
        /// Somebody took it in hand.
        Acknowledged = "acknowledged",
        /// Its campaign was launched.
        CampaignLaunched = "campaign_launched",
        /// Its campaign was paused: by a person, or by the stop-loss where that could not pause it at once.
        CampaignPaused = "campaign_paused",
        /// Its campaign was resumed.
        CampaignResumed = "campaign_resumed",
        /// Its campaign came to another state: handed in, scheduled, completed or cancelled.
        CampaignChanged = "campaign_changed",
        /// It ended.
        Resolved = "resolved",
    }

    /// On which side of the line a rule fires.
    pub enum Side {
        /// Under the line.
        Below = "below",
        /// Over the line.
        Above = "above",
    }
}

/// The figures behind a verdict: an alert explains itself with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    /// What was measured, in the metric's unit.
    pub value: f64,
    /// What was expected: the baseline's mean or median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// The baseline's standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// How many buckets made the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 100_000))]
    pub n: Option<usize>,
    /// (value - expected) / sigma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// The value at which the rule fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<f64>,
    /// How far past the line, in the metric's unit (for a cost ratio, the money beyond what the line allows), at least
    /// 0; absent while the line is not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overshoot: Option<f64>,
    /// The overshoot as a share of the line's size, 0.25 for a quarter past it; absent with the overshoot, and for a
    /// line of 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overshoot_share: Option<f64>,
    /// The lower end of the quiet band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end of the quiet band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Of a budget pace: what the campaign will have spent at its end at this pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<f64>,
    /// 0 to 1; one half exactly on the line.
    pub score: f64,
}

answers! {
    /// An alert: one open breach of one rule.
    pub struct Alert {
        /// Its id.
        pub id: AlertId,
        /// The rule that raised it.
        pub rule: RuleId,
        /// The rule's name when it was raised.
        pub rule_name: String,
        /// The rule's version that raised it; absent for alerts from before versions were kept.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 3))]
        pub rule_version: Option<i64>,
        /// What the rule watches for, as it was then.
        pub spec: RuleSpec,
        /// When the rule judges, as it was then.
        pub timing: Timing,
        /// What the retailer wants said first, as it was then.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "{place}: {metric} {value}. Call Mei before noon."))]
        pub message: Option<String>,
        /// How loud.
        pub severity: Severity,
        /// Where it is in its life.
        pub state: AlertState,
        /// The metric's key.
        pub metric: String,
        /// The metric's English name.
        pub metric_en: String,
        /// The metric's Chinese name.
        pub metric_zh: String,
        /// The metric's unit: `money`, `percent`, `count` …
        pub unit: String,
        /// ISO 4217 currency of money figures.
        pub currency: String,
        /// The channel, if one.
        pub channel: Option<Named>,
        /// The campaign, if one.
        pub campaign: Option<NamedCampaign>,
        /// The figures of the newest judgement.
        pub figures: Figures,
        /// The start of the day or hour that was judged (with a wider window, of its last one); for a stop-loss, the time
        /// of the write whose figures the alert shows.
        pub window_start: DateTime<Utc>,
        /// Since when nothing arrives for it; absent while figures come. It stays open: silence is no recovery.
        pub no_data_since: Option<DateTime<Utc>>,
        /// Whether its campaign was paused for it: by this alert's stop-loss, or by another that came first. What the
        /// campaign is now stands in `campaign`.
        pub paused_campaign: bool,
        /// When it was raised.
        pub opened_at: DateTime<Utc>,
        /// When it was acknowledged.
        pub acknowledged_at: Option<DateTime<Utc>>,
        /// By whom.
        pub acknowledged_by: Option<NamedStaff>,
        /// When it was resolved.
        pub resolved_at: Option<DateTime<Utc>>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A channel by id and name.
    pub struct Named {
        /// Its id.
        pub id: ChannelId,
        /// Its name.
        pub name: String,
    }

    /// A campaign by id, name and state.
    pub struct NamedCampaign {
        /// Its id.
        pub id: CampaignId,
        /// Its name.
        pub name: String,
        /// Its state now.
        pub state: crate::plan::CampaignState,
    }

    /// A staff by id and name.
    pub struct NamedStaff {
        /// Its id.
        pub id: StaffId,
        /// Its name.
        pub name: String,
    }

    /// One step of an alert's timeline.
    pub struct AlertEvent {
        /// When.
        pub at: DateTime<Utc>,
        /// What happened.
        pub event: AlertStep,
        /// Who: `staff`, `rule`, `system`.
        pub actor_kind: String,
        /// The actor's id.
        pub actor: Option<String>,
        /// The name of the staff who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub actor_name: Option<String>,
        /// From where.
        pub via: String,
        /// The figures at that time.
        pub figures: Option<Figures>,
    }

    /// What an acknowledgement answers.
    pub struct AlertAcknowledged {
        /// `false` when it was acknowledged or resolved already.
        pub changed: bool,
        /// The alert as it is now.
        pub alert: Alert,
    }
}
