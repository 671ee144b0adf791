//! Nothing arrives for a series that used to be fed (接口不稳定).

use super::{Kind, Told};
use crate::Locale;

requests! {
    /// Nothing arrives for a series that used to be fed. A day (or an hour) is waited for when at least three of the last
    /// four weeks had figures in its place; a series is known from its third week on.
    pub struct MissingDataSpec {
        /// The metric, a sum or a ratio; of a ratio any of its parts is enough.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "orders"))]
        pub metric: String,
        /// How many days (or hours) that were waited for may stay empty before it fires; 0 if absent: the first one fires.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 168, example = 1))]
        pub grace: u16,
    }
}

impl Kind for MissingDataSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    /// Days or hours, not what the metric counts.
    fn unit<'a>(&'a self, _: &'a str) -> &'a str {
        "count"
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let place = told.of_place(locale);
        match locale {
            Locale::En => {
                format!("No data for {metric}{place}: {value} expected and none came, the last of them {when}.")
            }
            Locale::ZhCn => format!("无数据：{place}{metric}应有 {value} 个时段的数据而未收到，最近一个为{when}。"),
        }
    }
}
