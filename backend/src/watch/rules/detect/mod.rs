//! Detection: the arithmetic that decides whether a number deserves a person's attention.
//!
//! Everything here is pure. Time is an argument, there is no clock, no database, no HTTP; the same input always gives
//! the same verdict, so a rule can be replayed over stored weeks (a back-test) and means there what it means live.
//!
//! # Vocabulary
//! - **Bucket**: one closed period of a series (a day, an hour) in the tenant's local time. A ratio metric carries the
//!   sums of its numerator and denominator; its value is their quotient, never a mean of quotients.
//! - **Side**: which way is bad. A rule looks one way only: a conversion rate above its mean is no incident.
//! - **Line**: the value at which a rule fires. **Recovery line**: the value, on the good side of it, that ends the breach.
//!   What lies between holds: an open alert stays open and none is opened, so that a value that trembles on the line
//!   does not open and close an alert all day (hysteresis).
//! - **Baseline**: the earlier buckets that a deviation is measured against; comparable ones only ([`Season`]).
//! - **Verdict**: what a rule says of one bucket. **Figures**: why, in numbers; they go into the alert as they are.
//! - **Episode**: one breach, from the bucket that fires to the one before it recovers.
//!
//! # Cast
//! - [`Verdict`], [`Figures`], [`score`]: what every rule answers with.
//! - [`Threshold`]: the value reaches or passes a fixed line.
//! - [`Deviation`]: the value is more than k (2) standard deviations on the bad side of its comparable past.
//! - [`Learned`]: what is ordinary is learned while the series is read: spikes, drops, levels, trends, spread, season.
//! - [`stop_loss`]: money. Exact integers only, no rounding anywhere in the decision.
//! - [`Season`]: which earlier buckets are comparable (same weekday, same time of day).
//! - [`backtest`]: replays a rule in order and counts episodes; [`backtest_csv`] does so from a CSV file to a CSV file.
//!
//! # Invariants
//! 1. *Causal*: a verdict depends on the judged bucket and on earlier ones only; never on itself as its own baseline.
//! 2. *Silence has a reason*: where a rule cannot judge it says [`Verdict::NoData`] and why. That neither opens nor
//!    closes an alert ([`Verdict::leaves_open`]).
//! 3. *One scale of alarm*: [`score`] is between 0 and 1 and exactly 0.5 on the line. A firing verdict scores at least
//!    0.5, any other at most 0.5.
//! 4. *Figures are finite*, so they always survive JSON.

use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

pub mod backtest;
pub mod backtest_csv;
pub mod deviation;
pub mod learned;
pub mod season;
pub mod stop_loss;
pub mod threshold;
pub mod verdict;

pub use backtest::{Episode, Replay, ReplayRule, Step, Summary};
pub use backtest_csv::{BacktestError, BacktestOptions, RuleKind, run as run_backtest};
pub use deviation::{Comparable, Deviation, Method};
pub use learned::{Learned, Reading, Voice};
pub use season::{Season, SeasonLength};
pub use threshold::Threshold;
pub use verdict::{Figures, NoDataReason, Verdict, score};

/// The side of its line on which a value is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Bad when low: conversion, sales, satisfaction.
    Below,
    /// Bad when high: cost per order, complaints, stock-outs.
    Above,
}

impl Side {
    /// How far `value` lies past `line` in the metric's unit: positive on the bad side, negative on the good one.
    #[must_use]
    pub fn past(self, value: f64, line: f64) -> f64 {
        match self {
            Self::Below => line - value,
            Self::Above => value - line,
        }
    }

    /// The point `distance` away from `from` towards the bad side (a negative distance: towards the good side).
    #[must_use]
    pub fn towards(self, from: f64, distance: f64) -> f64 {
        match self {
            Self::Below => from - distance,
            Self::Above => from + distance,
        }
    }
}

impl FromStr for Side {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        match text {
            "below" => Ok(Self::Below),
            "above" => Ok(Self::Above),
            _ => Err(RuleError::UnknownWord { field: "side", expected: "below, above" }),
        }
    }
}

/// One closed bucket of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// When it begins, in the tenant's local time.
    pub start: NaiveDateTime,
    /// Sum of the metric, or of the numerator of a ratio.
    pub numerator: f64,
    /// Sum of the denominator; `None` for a metric that is no ratio.
    pub denominator: Option<f64>,
    /// What a minimum volume is asked of: the denominator of a ratio (visitors), else the value or the count of orders.
    pub volume: f64,
}

impl Bucket {
    /// A bucket of a metric that is no ratio; its volume is the value's size.
    #[must_use]
    pub fn plain(start: NaiveDateTime, value: f64) -> Self {
        Self { start, numerator: value, denominator: None, volume: value.abs() }
    }

    /// A bucket of a ratio; its volume is the denominator.
    #[must_use]
    pub fn ratio(start: NaiveDateTime, numerator: f64, denominator: f64) -> Self {
        Self { start, numerator, denominator: Some(denominator), volume: denominator }
    }

    /// A bucket for which nothing was reported.
    #[must_use]
    pub fn missing(start: NaiveDateTime) -> Self {
        Self::ratio(start, 0.0, 0.0)
    }

    /// The value in the metric's unit; `None` where it does not exist (a denominator of 0, or not a finite number).
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let value = match self.denominator {
            None => self.numerator,
            Some(denominator) => self.numerator / denominator,
        };
        value.is_finite().then_some(value)
    }
}

/// A rule whose settings make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A number is missing that this kind of rule cannot do without.
    #[error("{field} is required")]
    Missing {
        /// The setting's name.
        field: &'static str,
    },
    /// A number lies outside what the setting allows.
    #[error("{field} must be {expected}")]
    OutOfRange {
        /// The setting's name.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// A word that the setting does not know.
    #[error("{field} must be one of: {expected}")]
    UnknownWord {
        /// The setting's name.
        field: &'static str,
        /// The words it knows.
        expected: &'static str,
    },
}

/// Refuses a setting that does not hold.
fn require(holds: bool, field: &'static str, expected: &'static str) -> Result<(), RuleError> {
    if holds { Ok(()) } else { Err(RuleError::OutOfRange { field, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_quotient_of_sums_and_has_no_value_without_a_denominator() {
        let start = NaiveDateTime::default();
        assert_eq!(Bucket::ratio(start, 3.0, 150.0).value(), Some(0.02));
        assert_eq!(Bucket::ratio(start, 3.0, 0.0).value(), None);
        assert_eq!(Bucket::missing(start).value(), None);
        assert_eq!(Bucket::plain(start, f64::NAN).value(), None);
    }
}
