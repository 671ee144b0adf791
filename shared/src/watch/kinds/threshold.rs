//! A figure crosses a fixed line.

use super::{Kind, Side, Told};
use crate::Locale;

requests! {
    /// A figure crosses a fixed line.
    pub struct ThresholdSpec {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "coupon_redemption_rate"))]
        pub metric: String,
        /// Which side fires.
        pub side: Side,
        /// The line, in the metric's unit.
        pub line: f64,
        /// Where the alert resolves: this value or one further on the good side. If absent, 2 % of the line's size back
        /// on the good side (98 for a line of 100 above); for a line of 0, the line itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub recover: Option<f64>,
        /// Do not judge a figure with less than this: a ratio's denominator, or the size of a sum itself, where it would
        /// hide a collapse.
        #[serde(default)]
        pub minimum_volume: f64,
    }
}

impl Kind for ThresholdSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn side(&self) -> Side {
        self.side
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, line, .. } = told;
        let (place, way) = (told.of_place(locale), self.side.said(locale));
        let (line, past) = (Told::or_dash(line.as_ref()), told.past(locale));
        match locale {
            Locale::En => format!("{metric}{place} was {value} {when}: {way} the line of {line}{past}."),
            Locale::ZhCn => format!("{when}，{place}{metric}为 {value}，{way}阈值 {line}{past}。"),
        }
    }
}
