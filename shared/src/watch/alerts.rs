//! Bodies of alerts and their timelines.

use super::{Figures, Quiet, RuleSpec, Severity, Timing};
use crate::ids::{AlertId, CampaignId, ChannelId, NoticeId, RuleId, StaffId};
use chrono::{DateTime, Utc};

words! {
    /// Where an alert is in its life.
    pub enum AlertState {
        /// 告警中
        Firing = "firing",
        /// 静默: it is judged on, and nobody is told until the silence ends.
        Silenced = "silenced",
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
        /// A silence keeps it quiet from here on.
        Silenced = "silenced",
        /// A maintenance window keeps it quiet.
        UnderMaintenance = "under_maintenance",
        /// A stop-loss of the same campaign hides it.
        Inhibited = "inhibited",
        /// The quiet hours of its rule keep it quiet.
        InQuietHours = "in_quiet_hours",
        /// Nothing keeps it quiet any more: whoever watches is told.
        Spoke = "spoke",
        /// Nobody had acknowledged it: it was told again.
        Escalated = "escalated",
        /// It still fired: it was told again.
        Reminded = "reminded",
        /// It ended.
        Resolved = "resolved",
    }
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
        /// What keeps it quiet, or kept it quiet when it was resolved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub quiet: Option<Quiet>,
        /// The group in whose message it is told, one of a storm: `GET /v1/alerts?group=…` lists them all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub group: Option<NoticeId>,
        /// Its breach opens and resolves again and again; one message shows all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub flapping: Option<Flapping>,
        /// Which channels moved the figure; absent for a stop-loss, for an alert of one channel, and where there is nothing
        /// to compare with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub contribution: Option<Contribution>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// Which channels moved a figure: the judged day against the same weekday of the four weeks before. The parts and the
    /// rest add up to the change.
    pub struct Contribution {
        /// The figure before, in the metric's unit: the mean of those days; of a ratio, the ratio of their sums.
        pub before: f64,
        /// The change to be explained.
        pub change: f64,
        /// How many days are compared with.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 4))]
        pub days: u32,
        /// The channels that moved it most, in either direction.
        #[cfg_attr(feature = "openapi", schema(max_items = 5))]
        pub parts: Vec<Contributed>,
        /// What the other channels, and what was counted on none, contributed.
        pub rest: f64,
    }

    /// What one channel contributed.
    pub struct Contributed {
        /// The channel.
        pub channel: Named,
        /// Its part of the change, in the metric's unit.
        pub change: f64,
        /// The same as a share of the whole change: below zero where it moved the other way.
        pub share: f64,
    }

    /// How often a breach was opened.
    pub struct Flapping {
        /// So often, this time among them.
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 1_000_000))]
        pub times: u32,
        /// Since when.
        pub since: DateTime<Utc>,
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
        /// Why, where somebody gave a reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "Stock is out"))]
        pub reason: Option<String>,
    }

    /// What an acknowledgement answers.
    pub struct AlertAcknowledged {
        /// `false` when it was acknowledged or resolved already.
        pub changed: bool,
        /// The alert as it is now.
        pub alert: Alert,
    }
}
