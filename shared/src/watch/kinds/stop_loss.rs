//! A campaign's cost reaches a line (止损线).

use super::{Kind, Told};
use crate::Locale;
use crate::quantity::Quantity;

requests! {
    /// A campaign's cost reaches a line: the campaign is paused inside the write that brings the cost.
    pub struct StopLossSpec {
        /// The cost: `spend`, or a cost ratio such as `cpa`; since the campaign began.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "spend"))]
        pub metric: String,
        /// The line, in the currency's major unit.
        pub line: Quantity,
        /// For a cost ratio: judge only once this much was spent.
        #[serde(default)]
        pub minimum_spend: Quantity,
    }
}

impl Kind for StopLossSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, value, line, .. } = told;
        let (place, past) = (told.of_place(locale), told.past(locale));
        let line = Told::or_dash(line.as_ref());
        match locale {
            Locale::En => {
                let then = if told.paused {
                    "The campaign was paused at once."
                } else {
                    "The campaign was not running, so nothing had to be paused."
                };
                format!("{metric}{place} reached {value} and crossed the stop-loss line of {line}{past}. {then}")
            }
            Locale::ZhCn => {
                let then = if told.paused {
                    "营销活动已立即暂停（止损暂停）。"
                } else {
                    "营销活动当时未在进行，无需暂停。"
                };
                format!("{place}{metric}已达 {value}，越过止损线 {line}{past}。{then}")
            }
        }
    }
}
