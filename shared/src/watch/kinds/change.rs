//! A figure rises or falls against an earlier one (环比, 同比).

use super::{Kind, Side, Told};
use crate::Locale;

words! {
    /// The earlier figure that a change is measured against. Each is as wide as the rule's window.
    pub enum Versus {
        /// The window right before (环比): yesterday; with a window of 7 days the 7 days before.
        Previous = "previous",
        /// The same weekday of the week before, at the same hour where hours are judged.
        Week = "week",
        /// Four weeks before: the same weekday of the month before.
        Month = "month",
        /// 52 weeks before, the same weekday (同比).
        Year = "year",
    }
}

requests! {
    /// A figure rises or falls by so much against an earlier one.
    pub struct ChangeSpec {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        pub metric: String,
        /// Which way is bad: `below` a fall, `above` a rise.
        pub side: Side,
        /// The earlier figure.
        pub versus: Versus,
        /// The change that fires, in per cent of the earlier figure.
        #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 100_000, example = 20.0))]
        pub percent: f64,
        /// The least change in the metric's unit, so that small figures do not cry; 0 if absent.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 100.0))]
        pub absolute: f64,
        /// The change at which the alert resolves, in per cent; half of `percent` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 10.0))]
        pub recover_percent: Option<f64>,
        /// The least volume: of a ratio both denominators must have it, of a sum the earlier figure.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 50.0))]
        pub minimum_volume: f64,
    }
}

impl Versus {
    const fn said(self, by_hours: bool, locale: Locale) -> &'static str {
        match (self, locale, by_hours) {
            (Self::Previous, Locale::En, _) => "the period before",
            (Self::Week, Locale::En, _) => "the week before",
            (Self::Month, Locale::En, _) => "four weeks before",
            (Self::Year, Locale::En, _) => "the year before",
            (Self::Previous, Locale::ZhCn, _) => "上一周期",
            (Self::Week, Locale::ZhCn, false) => "上周同日",
            (Self::Week, Locale::ZhCn, true) => "上周同时段",
            (Self::Month, Locale::ZhCn, false) => "四周前同日",
            (Self::Month, Locale::ZhCn, true) => "四周前同时段",
            (Self::Year, Locale::ZhCn, _) => "去年同期",
        }
    }
}

impl Kind for ChangeSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn side(&self) -> Side {
        self.side
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let (place, than) = (told.of_place(locale), self.versus.said(told.by_hours, locale));
        let [expected, change] = [&told.expected, &told.change].map(|text| Told::or_dash(text.as_ref()));
        match locale {
            Locale::En => {
                let way = if self.side == Side::Below { "less" } else { "more" };
                format!("{metric}{place} was {value} {when}: {change} {way} than {than} ({expected}).")
            }
            Locale::ZhCn => {
                let way = if self.side == Side::Below { "下降" } else { "上升" };
                format!("{when}，{place}{metric}为 {value}，较{than}（{expected}）{way} {change}。")
            }
        }
    }
}
