//! A goal falls behind its plan, or its forecast misses the target (目标进度).

use super::{Kind, Side, Told};
use crate::Locale;
use crate::ids::GoalId;

requests! {
    /// A goal's pace and forecast. The rule has the goal's metric, channel and campaign.
    pub struct GoalPaceSpec {
        /// The goal; an active one.
        pub goal: GoalId,
        /// The goal's metric.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        pub metric: String,
        /// Fires when the pace is under this, in per cent of the plan; 90 if absent.
        #[serde(default = "ninety")]
        #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 100, example = 90.0))]
        pub pace_under: f64,
        /// Fires, too, when the whole 80 % interval of the forecast misses the target; it does if absent.
        #[serde(default = "yes")]
        pub forecast: bool,
        /// Do not judge before so many days of the goal are gone; 7 if absent.
        #[serde(default = "seven")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 365, example = 7))]
        pub minimum_days: u16,
    }
}

fn ninety() -> f64 {
    90.0
}
fn yes() -> bool {
    true
}
fn seven() -> u16 {
    7
}

impl Kind for GoalPaceSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn side(&self) -> Side {
        Side::Below
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let place = told.of_place(locale);
        let [plan, change, forecast] =
            [&told.expected, &told.change, &told.forecast].map(|text| Told::or_dash(text.as_ref()));
        match locale {
            Locale::En => format!(
                "{metric}{place} stood at {value} {when}; its goal was to be at {plan} by then ({change} off). The forecast for the deadline is {forecast}."
            ),
            Locale::ZhCn => format!(
                "{when}，{place}{metric}为 {value}，目标进度应为 {plan}（偏差 {change}）。预计截止时为 {forecast}。"
            ),
        }
    }
}
