//! Bodies of rules: what is watched for, when it is judged, and what a back-test found.

use super::{Figures, RuleSpec, Severity};
use crate::ids::{CampaignId, ChannelId, RuleId};
use crate::quantity::Quantity;
use crate::tenant::QuietHours;
use chrono::{DateTime, Utc};

words! {
    /// How wide the pieces are that a rule judges, in the retailer's time zone.
    #[derive(Default)]
    pub enum RuleBucket {
        /// Local hours.
        Hour = "hour",
        /// Local days.
        #[default]
        Day = "day",
    }

    /// What a rule does when it fires.
    pub enum RuleAction {
        /// It raises an alert.
        Notify = "notify",
        /// It raises an alert and pauses the rule's campaign, if that runs.
        PauseCampaign = "pause_campaign",
    }
}

requests! {
    /// When a rule judges: pieces of this width, so many of them as one figure, so many breaches in a row.
    #[derive(Copy, Eq)]
    pub struct Timing {
        /// How wide a piece is; days if absent.
        #[serde(default)]
        pub bucket: RuleBucket,
        /// How many pieces make one figure, the judged one and those right before it; 1 if absent. 7 days judge the last
        /// seven days each day.
        #[serde(default = "one")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 366, example = 1))]
        pub window: u16,
        /// How many figures one after the other must be in breach before it fires; 1 if absent. One that cannot be judged
        /// neither counts nor breaks the row.
        #[serde(default = "one", rename = "for")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100, example = 1))]
        pub lasts: u16,
    }
}

fn one() -> u16 {
    1
}

impl Default for Timing {
    fn default() -> Self {
        Self { bucket: RuleBucket::Day, window: 1, lasts: 1 }
    }
}

requests! {
    /// A new rule. It notifies only, save for a stop-loss, which pauses its campaign from its first judgement on.
    pub struct CreateRule {
        /// Any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Coupons stop at $1,500"))]
        pub name: String,
        /// What it watches for.
        pub spec: RuleSpec,
        /// Only this channel; each channel by itself if absent and `per_channel` is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channel: Option<ChannelId>,
        /// Only this campaign; needed for a stop-loss and for a budget pace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub campaign: Option<CampaignId>,
        /// Judge each channel by itself instead of all together.
        #[serde(default)]
        pub per_channel: bool,
        /// How loud.
        pub severity: Severity,
        /// When it judges; single days if absent. A stop-loss is judged by every write and takes none.
        #[serde(default)]
        pub timing: Timing,
        /// Hours of the local day in which its alerts wait: they are raised and listed at once, and told in chat when the
        /// hours are over, if they still fire. A stop-loss takes none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub quiet_hours: Option<QuietHours>,
        /// What its alerts say first, in your words; `{metric}`, `{place}`, `{when}`, `{value}`, `{line}`, `{expected}`,
        /// `{overshoot}` and `{rule}` stand for the figures.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "{place}: {metric} {value}. Call Mei before noon."))]
        pub message: Option<String>,
    }

    /// Changes to a rule; an absent field stays. What can be cleared is cleared by `null`.
    pub struct UpdateRule {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120))]
        pub name: Option<String>,
        /// A new specification of the same kind.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = RuleSpec))]
        pub spec: Option<RuleSpec>,
        /// A new severity.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Severity))]
        pub severity: Option<Severity>,
        /// Whether it judges at all.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = bool))]
        pub enabled: Option<bool>,
        /// When it judges, whole: what is absent in it is as in a new rule.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Timing))]
        pub timing: Option<Timing>,
        /// Other quiet hours; null for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<QuietHours>))]
        pub quiet_hours: Option<Option<QuietHours>>,
        /// Other words; null for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 500))]
        pub message: Option<Option<String>>,
        /// What it does. `pause_campaign` needs a campaign and a back-test of the rule as it is. A rule whose specification
        /// or timing changes notifies again, until it is back-tested and told to pause once more.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = RuleAction))]
        pub action: Option<RuleAction>,
    }

    /// Over what a rule is replayed.
    #[derive(Default)]
    pub struct BacktestWindow {
        /// From this time on; 26 weeks before the end if absent (31 days for a rule that judges hours). At most 400 days (92
        /// for hours).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub from: Option<DateTime<Utc>>,
        /// Until this time; now if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub to: Option<DateTime<Utc>>,
        /// The sum that counts what a pause would have lost; if absent the denominator of a cost ratio, else `orders`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "orders"))]
        pub conversions: Option<String>,
    }

    /// A rule to be tried before it is made.
    pub struct PreviewRule {
        /// The rule.
        pub rule: CreateRule,
        /// Over what it is replayed; the last 26 weeks if absent.
        #[serde(default)]
        pub window: BacktestWindow,
    }
}

answers! {
    /// A rule.
    pub struct Rule {
        /// Its id.
        pub id: RuleId,
        /// Its name.
        pub name: String,
        /// What it watches for.
        pub spec: RuleSpec,
        /// Only this channel.
        pub channel: Option<ChannelId>,
        /// Only this campaign.
        pub campaign: Option<CampaignId>,
        /// Judges each channel by itself.
        pub per_channel: bool,
        /// How loud.
        pub severity: Severity,
        /// When it judges.
        pub timing: Timing,
        /// Hours of the local day in which its alerts wait.
        pub quiet_hours: Option<QuietHours>,
        /// What its alerts say first.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "{place}: {metric} {value}. Call Mei before noon."))]
        pub message: Option<String>,
        /// What it does.
        pub action: RuleAction,
        /// When it was last back-tested as it is; a change of its specification or timing clears it.
        pub backtested_at: Option<DateTime<Utc>>,
        /// Whether it judges at all.
        pub enabled: bool,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it was archived; it judges no more since then.
        pub archived_at: Option<DateTime<Utc>>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A rule as it was from one change to the next.
    pub struct RuleVersion {
        /// The rule, as it was then.
        pub rule: Rule,
        /// Since when.
        pub at: DateTime<Utc>,
        /// Who made it so: `staff`, `api_token`, `system`.
        pub actor_kind: String,
        /// The actor's id.
        pub actor: Option<String>,
        /// The name of the staff who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub actor_name: Option<String>,
        /// From where.
        pub via: String,
    }

    /// What a rule would have done over stored figures.
    pub struct RuleBacktest {
        /// From this time on.
        pub from: DateTime<Utc>,
        /// Until this time.
        pub to: DateTime<Utc>,
        /// How many series were replayed: channels, or one.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 11))]
        pub series: u32,
        /// How many figures were judged.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 1_980))]
        pub judged: u32,
        /// How many could not be judged: too little history or volume, no value.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 88))]
        pub not_judged: u32,
        /// How often it would have fired.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000, example = 3))]
        pub fired: u32,
        /// What it would have fired for, oldest first; at most the first 200.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        pub episodes: Vec<BacktestEpisode>,
        /// What it would have paused; absent where the rule has no campaign, or would never have fired.
        pub pause: Option<BacktestPause>,
    }

    /// One breach that a rule would have fired for.
    pub struct BacktestEpisode {
        /// The channel, where each is judged by itself.
        pub channel: Option<ChannelId>,
        /// The begin of the figure that would have raised the alert.
        pub opened: DateTime<Utc>,
        /// The begin of the figure that would have resolved it; absent while it goes on.
        pub resolved: Option<DateTime<Utc>>,
        /// How many judged figures it lasted.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000, example = 2))]
        pub figures_in_breach: u32,
        /// The figures that would have raised it.
        pub figures: Figures,
        /// The highest score in it.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1, example = 0.8))]
        pub worst_score: f64,
    }

    /// What a pause at the first breach would have saved and lost, if nobody had resumed the campaign.
    pub struct BacktestPause {
        /// The campaign.
        pub campaign: CampaignId,
        /// When it would have been paused: the end of the hour (for days: of the day) that fired first.
        pub at: DateTime<Utc>,
        /// Until when saved and lost are counted: the end of the campaign's last day, or of the window if that is sooner.
        pub until: DateTime<Utc>,
        /// What had been spent before the pause, since the campaign's first figure.
        pub spent: Quantity,
        /// What was spent from the pause on, and would not have been.
        pub spend_saved: Quantity,
        /// The metric that counts conversions.
        #[cfg_attr(feature = "openapi", schema(max_length = 64, example = "orders"))]
        pub conversions: String,
        /// The campaign's conversions in the same time: all of them would have been lost at worst.
        pub conversions_lost: Quantity,
        /// ISO 4217 currency of the amounts.
        pub currency: String,
    }
}
