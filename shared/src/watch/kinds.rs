//! The kinds of rules: what each watches for, and how its alerts are explained.
//!
//! One file a kind: its specification as the wire carries it, and the sentence that its figures make, in both
//! languages. `kinds!` below is the list; the service has a file of the same name with what the kind does
//! (`backend/src/watch/rules/kinds/`). Invariants: unknown fields are refused in every kind; a sentence is made of texts
//! that were printed before (money, days), so that each chat prints numbers its own way.

mod anomaly;
mod budget_pace;
mod change;
mod deviation;
mod missing_data;
mod stop_loss;
mod threshold;

pub use anomaly::{AnomalySpec, Pattern};
pub use budget_pace::BudgetPaceSpec;
pub use change::{ChangeSpec, Versus};
pub use deviation::{Baseline, Comparison, DeviationSpec};
pub use missing_data::MissingDataSpec;
pub use stop_loss::StopLossSpec;
pub use threshold::ThresholdSpec;

use super::Side;
use crate::Locale;
use serde::{Deserialize, Serialize};

/// What every kind says of itself.
pub trait Kind {
    /// The metric that it watches.
    fn metric(&self) -> &str;

    /// On which side of its line a figure is bad.
    fn side(&self) -> Side {
        Side::Above
    }

    /// In what its figures are counted, given the metric's own unit.
    fn unit<'a>(&'a self, of_metric: &'a str) -> &'a str {
        of_metric
    }

    /// The figures of an alert as a sentence or two.
    fn said(&self, told: &Told<'_>, locale: Locale) -> String;
}

/// An alert's figures, printed. What the judgement had no figure for is absent.
#[derive(Clone, Debug, Default)]
pub struct Told<'a> {
    /// The metric's name in the reader's language.
    pub metric: &'a str,
    /// Where: the campaign's or the channel's name.
    pub place: Option<&'a str>,
    /// When, as it stands in a sentence: `on Mon 2 Mar 2026`, `2026年3月2日（周一）`.
    pub when: String,
    /// What was measured.
    pub value: String,
    /// The line.
    pub line: Option<String>,
    /// How far past it.
    pub overshoot: Option<String>,
    /// The same as a share of the line.
    pub overshoot_share: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// Its standard deviation.
    pub sigma: Option<String>,
    /// How many standard deviations off, without a sign.
    pub z: Option<String>,
    /// How many buckets or channels made the expectation.
    pub n: Option<String>,
    /// How far the value lies off what was expected, as a share of that, without a sign.
    pub change: Option<String>,
    /// Where the campaign's spend will end.
    pub forecast: Option<String>,
    /// The band of ordinary figures, from one to the other.
    pub band: Option<String>,
    /// Which kind of anomaly it is.
    pub pattern: Option<Pattern>,
    /// Whether the campaign was paused for it.
    pub paused: bool,
}

impl Told<'_> {
    /// A text, or a dash where there is none.
    fn or_dash(text: Option<&String>) -> &str {
        text.map_or("–", String::as_str)
    }

    /// ` of Store 367`, `“门店”的`.
    fn of_place(&self, locale: Locale) -> String {
        match (self.place, locale) {
            (None, _) => String::new(),
            (Some(place), Locale::En) => format!(" of {place}"),
            (Some(place), Locale::ZhCn) => format!("“{place}”的"),
        }
    }

    /// ` by $12.40 (0.8%)`, `，超出 ¥12.40（0.8%）`; nothing on the line itself.
    fn past(&self, locale: Locale) -> String {
        let Some(over) = &self.overshoot else { return String::new() };
        match (locale, &self.overshoot_share) {
            (Locale::En, None) => format!(" by {over}"),
            (Locale::En, Some(share)) => format!(" by {over} ({share})"),
            (Locale::ZhCn, None) => format!("，超出 {over}"),
            (Locale::ZhCn, Some(share)) => format!("，超出 {over}（{share}）"),
        }
    }
}

impl Side {
    /// `below`, `低于`.
    const fn said(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Below, Locale::En) => "below",
            (Self::Above, Locale::En) => "above",
            (Self::Below, Locale::ZhCn) => "低于",
            (Self::Above, Locale::ZhCn) => "高于",
        }
    }
}

/// Declares the list of kinds: the specification with its word on the wire and in the database.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $name:ident($spec:ident) = $word:literal ),+ $(,)?) => {
        /// What a rule watches for. The kind decides the other fields.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum RuleSpec { $( $(#[$meta])* #[serde(rename = $word)] $name($spec) ),+ }

        impl RuleSpec {
            /// Every kind's word, in the order of the list.
            pub const KINDS: &'static [&'static str] = &[ $( $word ),+ ];

            /// The word of its kind.
            pub const fn kind(&self) -> &'static str {
                match self { $( Self::$name(_) => $word ),+ }
            }

            /// What the kind says of itself.
            pub fn says(&self) -> &dyn Kind {
                match self { $( Self::$name(spec) => spec ),+ }
            }
        }

        $( impl From<$spec> for RuleSpec {
            fn from(spec: $spec) -> Self { Self::$name(spec) }
        } )+
    };
}

kinds! {
    /// A figure crosses a fixed line.
    Threshold(ThresholdSpec) = "threshold",
    /// A campaign's cost reaches a line: the campaign is paused inside the write that brings the cost.
    StopLoss(StopLossSpec) = "stop_loss",
    /// A figure lies more than some standard deviations off its own history or off its peers.
    Deviation(DeviationSpec) = "deviation",
    /// A figure rises or falls against an earlier one (环比, 同比).
    Change(ChangeSpec) = "change",
    /// Nothing arrives for a series that used to be fed (接口不稳定).
    MissingData(MissingDataSpec) = "missing_data",
    /// A campaign spends faster or slower than its plan and the days gone (预算进度).
    BudgetPace(BudgetPaceSpec) = "budget_pace",
    /// A figure is out of the ordinary for its series, as far as it was learned (异常).
    Anomaly(AnomalySpec) = "anomaly",
}

impl RuleSpec {
    /// The metric it watches.
    pub fn metric(&self) -> &str {
        self.says().metric()
    }

    /// Whether it is a stop-loss, which is judged by the write and acts at once.
    pub const fn is_stop_loss(&self) -> bool {
        matches!(self, Self::StopLoss(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that each kind needs.
    fn least(kind: &str) -> RuleSpec {
        let spec = match kind {
            "threshold" => r#"{"metric":"sales","side":"below","line":1}"#,
            "stop_loss" => r#"{"metric":"spend","line":1}"#,
            "deviation" => r#"{"metric":"sales","side":"below"}"#,
            "change" => r#"{"metric":"sales","side":"below","versus":"previous","percent":20}"#,
            "budget_pace" => r#"{"side":"above"}"#,
            "missing_data" | "anomaly" => r#"{"metric":"sales"}"#,
            other => panic!("no example of {other}"),
        };
        serde_json::from_str(&spec.replacen('{', &format!("{{\"kind\":\"{kind}\","), 1)).unwrap()
    }

    #[test]
    fn every_kind_is_read_by_its_word_and_written_the_same() {
        for kind in RuleSpec::KINDS {
            let spec = least(kind);
            assert_eq!(spec.kind(), *kind);
            let json = serde_json::to_value(&spec).unwrap();
            assert_eq!(json["kind"], *kind);
            assert_eq!(serde_json::from_value::<RuleSpec>(json.clone()).unwrap(), spec);
            let mut more = json;
            more["colour"] = "red".into();
            assert!(serde_json::from_value::<RuleSpec>(more).is_err(), "{kind} takes what it does not know");
        }
    }

    #[test]
    fn every_kind_explains_itself_in_both_languages_with_and_without_figures() {
        let text = |text: &str| Some(text.to_owned());
        let told = |metric: &'static str, place| Told {
            metric,
            place: Some(place),
            when: "on Mon".to_owned(),
            value: "80".to_owned(),
            line: text("95"),
            overshoot: text("15"),
            overshoot_share: text("16%"),
            expected: text("100"),
            sigma: text("2.5"),
            z: text("8"),
            n: text("8"),
            change: text("20%"),
            forecast: text("120"),
            band: text("95 – 105"),
            pattern: Some(Pattern::Drop),
            paused: true,
        };
        for kind in RuleSpec::KINDS {
            let spec = least(kind);
            let english = spec.says().said(&told("Sales", "Store 367"), Locale::En);
            let chinese = spec.says().said(&told("销售额", "南京路店"), Locale::ZhCn);
            assert!(english.contains("Sales of Store 367") && english.ends_with('.'), "{english}");
            assert!(chinese.contains("“南京路店”的销售额") && chinese.ends_with('。'), "{chinese}");
            assert!(!chinese.contains(char::is_alphabetic) || !chinese.contains("was"), "{chinese}");
            for locale in Locale::ALL {
                let bare = spec.says().said(&Told { metric: "X", ..Told::default() }, *locale);
                assert!(!bare.is_empty() && !bare.contains("None"), "{bare}");
            }
        }
    }
}
