//! Bodies of rules; of alerts ([`alerts`]), of what keeps them quiet ([`quiet`]), of why they were told ([`why`]), and of what takes them to the chat
//! ([`chat`]); of notices, threads and reports ([`notice`], [`threads`], [`reports`]).

mod alerts;
mod chat;
mod gateway;
mod kinds;
mod notice;
mod quiet;
mod reports;
mod rules;
pub mod template;
mod threads;
mod why;

pub use alerts::*;
pub use chat::*;
pub use gateway::*;
pub use kinds::*;
pub use notice::*;
pub use quiet::*;
pub use reports::*;
pub use rules::*;
pub use threads::*;
pub use why::*;

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
    /// Of an anomaly: which kind of change it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// 0 to 1; one half exactly on the line.
    pub score: f64,
}
