//! A campaign spends faster or slower than its plan and the days gone (预算进度).

use super::{Kind, Side, Told};
use crate::Locale;

requests! {
    /// A campaign's spend against its plan: the budget times the share of its days that are gone. The campaign needs both
    /// days and a budget.
    pub struct BudgetPaceSpec {
        /// `above` fires when too much is spent, `below` when too little.
        pub side: Side,
        /// How far off the plan fires, in per cent of it; 20 if absent.
        #[serde(default = "twenty")]
        #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 1_000, example = 20.0))]
        pub percent: f64,
        /// How far off the plan the alert resolves, in per cent; half of `percent` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 10.0))]
        pub recover_percent: Option<f64>,
        /// Do not judge before so many days of the campaign are gone; 3 if absent.
        #[serde(default = "three")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 365, example = 3))]
        pub minimum_days: u16,
    }
}

fn twenty() -> f64 {
    20.0
}
fn three() -> u16 {
    3
}

impl Kind for BudgetPaceSpec {
    fn metric(&self) -> &'static str {
        "spend"
    }

    fn side(&self) -> Side {
        self.side
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let (place, way) = (told.of_place(locale), self.side.said(locale));
        let [plan, change, forecast] =
            [&told.expected, &told.change, &told.forecast].map(|text| Told::or_dash(text.as_ref()));
        match locale {
            Locale::En => format!(
                "{metric}{place} came to {value} {when}: {change} {way} its plan of {plan} for the days gone. At this pace it ends at {forecast}."
            ),
            Locale::ZhCn => format!(
                "{when}，{place}{metric}累计 {value}，{way}预算进度 {plan}（偏差 {change}）。按此进度，结束时预计为 {forecast}。"
            ),
        }
    }
}
