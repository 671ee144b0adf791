//! Bodies of rules; of alerts ([`alerts`]), of what keeps them quiet ([`quiet`]), of why they were told ([`why`]), and of what takes them to the chat
//! ([`chat`]).

mod alerts;
mod chat;
mod quiet;
mod why;

pub use alerts::*;
pub use chat::*;
pub use quiet::*;
pub use why::*;

use crate::ids::{CampaignId, ChannelId, RuleId};
use crate::quantity::Quantity;
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

    /// On which side of the line a rule fires.
    pub enum Side {
        /// Under the line.
        Below = "below",
        /// Over the line.
        Above = "above",
    }

    /// How a deviation rule makes its baseline.
    #[derive(Default)]
    pub enum Baseline {
        /// Mean and standard deviation.
        #[default]
        MeanSigma = "mean_sigma",
        /// Median and median absolute deviation, scaled by 1.4826.
        MedianMad = "median_mad",
    }
}

/// What a rule watches for. The kind decides the other fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RuleSpec {
    /// A day's figure crosses a fixed line.
    Threshold {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "coupon_redemption_rate"))]
        metric: String,
        /// Which side fires.
        side: Side,
        /// The line, in the metric's unit.
        line: f64,
        /// Where the alert resolves: this value or one further on the good side. If absent, 2 % of the line's size back
        /// on the good side (98 for a line of 100 above); for a line of 0, the line itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recover: Option<f64>,
        /// Do not judge a day with less than this: a ratio's denominator, or the size of a sum itself, where it would
        /// hide a collapse.
        #[serde(default)]
        minimum_volume: f64,
    },
    /// A campaign's cost reaches a line: the campaign is paused inside the write that brings the cost.
    StopLoss {
        /// The cost: `spend`, or a cost ratio such as `cpa`; since the campaign began.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "spend"))]
        metric: String,
        /// The line, in the currency's major unit.
        line: Quantity,
        /// For a cost ratio: judge only once this much was spent.
        #[serde(default)]
        minimum_spend: Quantity,
    },
    /// A day's figure lies more than `sigmas` standard deviations off the same weekday's history.
    Deviation {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        metric: String,
        /// Which side fires.
        side: Side,
        /// How many standard deviations; 2 if absent.
        #[serde(default = "two")]
        #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, example = 2.0))]
        sigmas: f64,
        /// How many of the same weekday make the baseline; 8 if absent.
        #[serde(default = "eight")]
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 52))]
        window: u16,
        /// The fewest that must be there; 6 if absent.
        #[serde(default = "six")]
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 52))]
        minimum_history: u16,
        /// The least volume that is judged. Of a ratio the day's denominator must have it, and a day of the baseline
        /// with less is passed over; of a sum the days of the baseline must have it on average, since a collapse of the
        /// day itself must not hide.
        #[serde(default)]
        minimum_volume: f64,
        /// How the baseline is made.
        #[serde(default)]
        baseline: Baseline,
    },
}

fn two() -> f64 {
    2.0
}
fn six() -> u16 {
    6
}
fn eight() -> u16 {
    8
}

impl RuleSpec {
    /// The metric it watches.
    pub fn metric(&self) -> &str {
        match self {
            Self::Threshold { metric, .. } | Self::StopLoss { metric, .. } | Self::Deviation { metric, .. } => metric,
        }
    }

    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Threshold { .. } => "threshold",
            Self::StopLoss { .. } => "stop_loss",
            Self::Deviation { .. } => "deviation",
        }
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
    /// 0 to 1; one half exactly on the line.
    pub score: f64,
}

requests! {
    /// A new rule.
    pub struct CreateRule {
        /// Any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Coupons stop at $1,500"))]
        pub name: String,
        /// What it watches for.
        pub spec: RuleSpec,
        /// Only this channel; each channel by itself if absent and `per_channel` is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channel: Option<ChannelId>,
        /// Only this campaign; needed for a stop-loss.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub campaign: Option<CampaignId>,
        /// Judge each channel by itself instead of all together.
        #[serde(default)]
        pub per_channel: bool,
        /// How loud.
        pub severity: Severity,
    }

    /// Changes to a rule; an absent field stays. Nothing of it can be cleared, so `null` is refused.
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
}
