//! A figure is out of the ordinary for its series, as far as it was learned: spike, drop, burst, level, trend, spread.

use super::{Kind, Side, Told};
use crate::Locale;

words! {
    /// Which kind of change an anomaly is.
    pub enum Pattern {
        /// One figure far above what was expected.
        Spike = "spike",
        /// One far below, or several low ones in a row.
        Drop = "drop",
        /// Several high ones in a row.
        Burst = "burst",
        /// The series is on another level.
        Level = "level",
        /// It has moved away slowly from where it was.
        Trend = "trend",
        /// It jumps about more than it did, or less.
        Spread = "spread",
    }
}

requests! {
    /// A figure is out of the ordinary for its series: learned as it goes, season by hour and weekday included, with one
    /// fixed setting. Nothing is said of the first 20 figures.
    pub struct AnomalySpec {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        pub metric: String,
        /// Only what lies on this side of the expectation; both if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub side: Option<Side>,
        /// Pass over a ratio whose denominator is less than this.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 50.0))]
        pub minimum_volume: f64,
    }
}

impl Pattern {
    const fn said(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Spike, Locale::En) => "a spike",
            (Self::Drop, Locale::En) => "a drop",
            (Self::Burst, Locale::En) => "a burst of high figures",
            (Self::Level, Locale::En) => "a change of level",
            (Self::Trend, Locale::En) => "a slow drift away",
            (Self::Spread, Locale::En) => "a change in how much it varies",
            (Self::Spike, Locale::ZhCn) => "突增",
            (Self::Drop, Locale::ZhCn) => "突降",
            (Self::Burst, Locale::ZhCn) => "持续偏高",
            (Self::Level, Locale::ZhCn) => "水平变化",
            (Self::Trend, Locale::ZhCn) => "缓慢偏离",
            (Self::Spread, Locale::ZhCn) => "波动变化",
        }
    }
}

impl Kind for AnomalySpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn side(&self) -> Side {
        self.side.unwrap_or(Side::Above)
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let place = told.of_place(locale);
        let [expected, band] = [&told.expected, &told.band].map(|text| Told::or_dash(text.as_ref()));
        let what = told.pattern.map(|pattern| pattern.said(locale));
        match locale {
            Locale::En => {
                let what = what.unwrap_or("out of the ordinary");
                format!("{metric}{place} was {value} {when}: {what}. About {expected} was expected, usually {band}.")
            }
            Locale::ZhCn => {
                let what = what.map(|what| format!("（{what}）")).unwrap_or_default();
                format!("{when}，{place}{metric}为 {value}：异常{what}。预期约 {expected}，通常为 {band}。")
            }
        }
    }
}
