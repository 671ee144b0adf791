//! Bodies of the metric catalogue, series and KPIs.

use crate::ids::{CampaignId, ChannelId};
use crate::quantity::Quantity;
use chrono::{DateTime, NaiveDate, Utc};

words! {
    /// How wide a point of a series is.
    pub enum Resolution {
        /// The samples themselves.
        Raw = "raw",
        /// An hour of the retailer's time zone.
        Hour = "hour",
        /// A day of the retailer's time zone.
        Day = "day",
    }

    /// Which way a metric should go.
    pub enum Direction {
        /// More is better.
        HigherIsBetter = "higher_is_better",
        /// Less is better.
        LowerIsBetter = "lower_is_better",
        /// Neither.
        Neutral = "neutral",
    }

    /// How a metric adds up.
    pub enum MetricKind {
        /// Added over time, channels and campaigns.
        Sum = "sum",
        /// A ratio of sums, never a mean of ratios.
        Ratio = "ratio",
    }
}

answers! {
    /// A metric of the catalogue.
    pub struct MetricInfo {
        /// Its key.
        pub key: String,
        /// English name.
        pub name_en: String,
        /// Chinese name.
        pub name_zh: String,
        /// How it adds up.
        pub kind: MetricKind,
        /// `money`, `percent`, `count` …
        pub unit: String,
        /// Which way it should go.
        pub direction: Direction,
        /// `financial`, `behaviour`, `brand`, `service`, `data`.
        pub family: String,
        /// For a ratio: how it is computed, in words of other metrics.
        pub formula: Option<String>,
    }

    /// The whole catalogue.
    pub struct MetricCatalogue {
        /// The metrics, by key.
        pub data: Vec<MetricInfo>,
    }

    /// One point of a series.
    pub struct SeriesPoint {
        /// The start of the bucket, or the sample's own time.
        pub at: DateTime<Utc>,
        /// The figure; absent where a ratio's denominator is zero.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
        pub value: Option<f64>,
        /// Exact sum, for sums.
        pub sum: Option<Quantity>,
        /// How many samples stand behind it.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64))]
        pub samples: i64,
    }

    /// A series.
    pub struct Series {
        /// The metric.
        pub metric: String,
        /// Its unit.
        pub unit: String,
        /// The channel it was narrowed to.
        pub channel: Option<ChannelId>,
        /// The campaign it was narrowed to.
        pub campaign: Option<CampaignId>,
        /// How wide a point is.
        pub resolution: Resolution,
        /// The time zone of hours and days.
        pub time_zone: String,
        /// The points, oldest first.
        pub data: Vec<SeriesPoint>,
        /// Give this as `cursor` to read on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_cursor: Option<String>,
    }

    /// One line of the KPI screen.
    pub struct Kpi {
        /// The metric.
        pub metric: String,
        /// English name.
        pub name_en: String,
        /// Chinese name.
        pub name_zh: String,
        /// Its unit.
        pub unit: String,
        /// Which way it should go.
        pub direction: Direction,
        /// The figure of the day.
        pub value: Option<f64>,
        /// The figure of the same weekday a week before.
        pub week_before: Option<f64>,
        /// (value - week before) / |week before|, above 0 for a rise; absent when the week before is zero or missing.
        pub change: Option<f64>,
    }

    /// The KPI screen: one day beside the same weekday a week before.
    pub struct Kpis {
        /// The day, in the retailer's time zone; unless asked otherwise, the day before the newest with samples, or the
        /// newest where there is nothing on that.
        pub day: Option<NaiveDate>,
        /// The channel that the figures are of; absent where they are of everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channel: Option<ChannelId>,
        /// ISO 4217 currency of money figures.
        pub currency: String,
        /// The lines: every metric with a figure on either day.
        pub data: Vec<Kpi>,
    }
}
