//! A figure lies more than some standard deviations off what is expected (低于平均水平2个标准差).

use super::{Kind, Side, Told};
use crate::Locale;

words! {
    /// How a deviation rule makes its baseline.
    #[derive(Default)]
    pub enum Baseline {
        /// Mean and standard deviation.
        #[default]
        MeanSigma = "mean_sigma",
        /// Median and median absolute deviation, scaled by 1.4826.
        MedianMad = "median_mad",
    }

    /// With what a deviation rule compares.
    #[derive(Default)]
    pub enum Comparison {
        /// The same weekday of the weeks before; for hours the same hour of it.
        #[default]
        OwnHistory = "own_history",
        /// The other channels in the same period, the judged one left out; at least six channels.
        Peers = "peers",
    }
}

requests! {
    /// A figure lies more than `sigmas` standard deviations off the same weekday's history, or off its peers.
    pub struct DeviationSpec {
        /// The metric, a sum or a ratio.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        pub metric: String,
        /// Which side fires.
        pub side: Side,
        /// How many standard deviations; 2 if absent.
        #[serde(default = "two")]
        #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, example = 2.0))]
        pub sigmas: f64,
        /// How many standard deviations off the baseline the alert resolves; half of `sigmas` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 1.0))]
        pub recover_sigmas: Option<f64>,
        /// How many of the same weekday make the baseline; 8 if absent. Peers need none.
        #[serde(default = "eight")]
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 52))]
        pub window: u16,
        /// The fewest that must be there; 6 if absent. Of peers there are always at least five others.
        #[serde(default = "six")]
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 52))]
        pub minimum_history: u16,
        /// The least volume that is judged. Of a ratio the judged figure's denominator must have it, and one of the
        /// baseline with less is passed over; of a sum those of the baseline must have it on average, since a collapse of the
        /// judged one itself must not hide.
        #[serde(default)]
        pub minimum_volume: f64,
        /// How the baseline is made.
        #[serde(default)]
        pub baseline: Baseline,
        /// With what it compares.
        #[serde(default, skip_serializing_if = "is_own")]
        pub comparison: Comparison,
    }
}

fn two() -> f64 {
    2.0
}
fn six() -> u16 {
    6
}
fn eight() -> u16 {
    8
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields by reference")]
fn is_own(comparison: &Comparison) -> bool {
    *comparison == Comparison::OwnHistory
}

impl Kind for DeviationSpec {
    fn metric(&self) -> &str {
        &self.metric
    }

    fn side(&self) -> Side {
        self.side
    }

    fn said(&self, told: &Told<'_>, locale: Locale) -> String {
        let Told { metric, when, value, .. } = told;
        let (place, way) = (told.of_place(locale), self.side.said(locale));
        let [expected, sigma, z] = [&told.expected, &told.sigma, &told.z].map(|text| Told::or_dash(text.as_ref()));
        let peers = self.comparison == Comparison::Peers;
        match locale {
            Locale::En => {
                let middle = match self.baseline {
                    Baseline::MeanSigma => "mean",
                    Baseline::MedianMad => "median",
                };
                let off = format!("{metric}{place} was {value} {when}: {z} standard deviations {way}");
                let against = match (&told.n, peers, told.by_hours) {
                    (Some(n), true, _) => format!("the other {n} channels of the same time"),
                    (None, true, _) => "the other channels of the same time".to_owned(),
                    (Some(n), false, false) => format!("what the last {n} days of the same weekday let expect"),
                    (Some(n), false, true) => format!("what the same hour of the last {n} weeks lets expect"),
                    (None, false, _) => "what the weeks before let expect".to_owned(),
                };
                format!("{off} {against} ({middle} {expected}, standard deviation {sigma}).")
            }
            Locale::ZhCn => {
                let middle = match self.baseline {
                    Baseline::MeanSigma => "均值",
                    Baseline::MedianMad => "中位数",
                };
                let against = match (&told.n, peers, told.by_hours) {
                    (Some(n), true, _) => format!("同期其他 {n} 个渠道"),
                    (None, true, _) => "同期其他渠道".to_owned(),
                    (Some(n), false, false) => format!("近 {n} 个同星期日"),
                    (Some(n), false, true) => format!("近 {n} 周同一时段"),
                    (None, false, _) => "近几周同期".to_owned(),
                };
                format!(
                    "{when}，{place}{metric}为 {value}，{way}基线 {z} 个标准差（{against}：{middle} {expected}，标准差 {sigma}）。"
                )
            }
        }
    }
}
