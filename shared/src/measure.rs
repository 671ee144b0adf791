//! Bodies of the metric catalogue, series and KPIs.

use crate::ids::{CampaignId, ChannelId, MetricId, SubjectId};
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
        /// A week that begins on the retailer's first day of the week.
        Week = "week",
        /// A month of the retailer's time zone.
        Month = "month",
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
        /// A count of different people or things, of exactly one period and place; never added.
        Distinct = "distinct",
        /// How much there is at a time: the last value holds.
        Level = "level",
        /// How long something took, told by quantiles.
        Duration = "duration",
        /// What a model reckons, shown with its source.
        Model = "model",
        /// A formula over other metrics.
        Formula = "formula",
    }
}

words! {
    /// The family of a metric: a set of goals that lacks one of the first three is one-sided.
    pub enum MetricFamily {
        /// Money: sales, costs, returns.
        Financial = "financial",
        /// What people do.
        Behaviour = "behaviour",
        /// How far and how well the brand is known.
        Brand = "brand",
        /// How people are served.
        Service = "service",
        /// How good the data is.
        Data = "data",
    }

    /// What a value counts.
    pub enum MetricUnit {
        /// Things.
        Count = "count",
        /// The retailer's currency, in its main unit.
        Money = "money",
        /// Per cent: 12.5 means 12.5 %.
        Percent = "percent",
        /// Thousandths of a second.
        Milliseconds = "milliseconds",
        /// Seconds.
        Seconds = "seconds",
        /// Minutes.
        Minutes = "minutes",
        /// Days.
        Days = "days",
        /// A multiple: 3 means three times.
        Times = "times",
        /// A place in a list, 1 being the first.
        Rank = "rank",
        /// Points of a score.
        Points = "points",
        /// So many of one thing for each of another.
        Per = "per",
    }

    /// What a sample may be about beside its channel and campaign.
    pub enum SubjectKind {
        /// A post, a video, an article.
        Content = "content",
        /// A search word.
        Keyword = "keyword",
        /// Something that is sold.
        Product = "product",
    }

    /// Which of two figures a platform's "ROI" is.
    pub enum StandsFor {
        /// (return - cost) / cost.
        Roi = "roi",
        /// Revenue / cost, which ad platforms often call ROI.
        Roas = "roas",
    }
}

requests! {
    /// A metric of one's own.
    pub struct CreateMetric {
        /// Its key, which stays for ever: lower-case letters, digits and `_`, unlike any of the catalogue.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 40, pattern = "^[a-z][a-z0-9_]{0,39}$", example = "gross_margin_rate"))]
        pub key: String,
        /// English name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Gross margin"))]
        pub name_en: String,
        /// Chinese name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "毛利率"))]
        pub name_zh: String,
        /// How it gets its value: any kind but `ratio`, which a `formula` says.
        pub kind: MetricKind,
        /// What a value counts.
        pub unit: MetricUnit,
        /// What follows the number in Chinese, for `count` and `per`; `个` unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 10, example = "单"))]
        pub classifier: Option<String>,
        /// Of a formula, and only there: numbers, keys of metrics, `+ - * /` and brackets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "100 * (sales - cost_of_goods_sold) / sales"))]
        pub formula: Option<String>,
        /// Which way it should go.
        pub direction: Direction,
        /// Its family.
        pub family: MetricFamily,
        /// Whether its samples are whole numbers; they may have fractions unless this is said.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(example = false))]
        pub whole: bool,
        /// Whether a sample may be below zero.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(example = false))]
        pub may_be_negative: bool,
        /// Of a level: whether the levels of several channels add up (followers do, members who may be the same do not).
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(example = false))]
        pub adds_over_channels: bool,
        /// Required where the name says ROI and the samples are ready-made figures: which of the two is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<StandsFor>, example = "roas"))]
        pub stands_for: Option<StandsFor>,
    }

    /// A change of a metric of one's own; what is absent stays. Key, kind and unit never change: what was counted would
    /// change its meaning.
    pub struct UpdateMetric {
        /// Another English name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Gross margin"))]
        pub name_en: Option<String>,
        /// Another Chinese name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "毛利率"))]
        pub name_zh: Option<String>,
        /// Another formula, for a formula; its past figures are computed anew.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 500, example = "100 * (sales - cost_of_goods_sold - refunds) / sales"))]
        pub formula: Option<String>,
        /// Another direction.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Direction, example = "higher_is_better"))]
        pub direction: Option<Direction>,
        /// Another family.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = MetricFamily, example = "financial"))]
        pub family: Option<MetricFamily>,
        /// Which of two figures it is, for one whose name says ROI and whose samples are ready-made figures.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = StandsFor, example = "roas"))]
        pub stands_for: Option<StandsFor>,
    }
}

answers! {
    /// A metric: of the catalogue, or of the retailer's own.
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
        /// For a computed one: how, in words of other metrics.
        pub formula: Option<String>,
        /// Of one of the retailer's own: its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<MetricId>,
        /// Of a level: whether the levels of several channels add up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub adds_over_channels: Option<bool>,
        /// Of one of the retailer's own: what follows the number in Chinese, for `count` and `per`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 10, example = "单"))]
        pub classifier: Option<String>,
        /// Of one of the retailer's own: whether its samples are whole numbers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub whole: Option<bool>,
        /// Of one of the retailer's own: whether a value may be below zero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub may_be_negative: Option<bool>,
        /// Of what a platform calls ROI: which of the two it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub stands_for: Option<StandsFor>,
        /// Of one of the retailer's own: when it was archived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub archived_at: Option<DateTime<Utc>>,
        /// Of one of the retailer's own: its version, for `If-Match`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 3))]
        pub version: Option<i64>,
    }

    /// The whole catalogue, with the retailer's own metrics.
    pub struct MetricCatalogue {
        /// The metrics, by key.
        pub data: Vec<MetricInfo>,
    }

    /// Lengths that a share of all durations do not pass, in the metric's unit, right to within 0.8 %.
    pub struct Quantiles {
        /// The median.
        pub p50: f64,
        /// Nine of ten take no longer.
        pub p90: f64,
        /// Nineteen of twenty take no longer.
        pub p95: f64,
        /// Ninety-nine of a hundred take no longer.
        pub p99: f64,
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
        /// How many samples stand behind it; of durations, how many there were.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64))]
        pub samples: i64,
        /// Of durations.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub quantiles: Option<Quantiles>,
        /// Of a value that belongs to one place alone: the key of the sample that it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "bg-nbd-2026-11"))]
        pub source: Option<String>,
    }

    /// A series.
    pub struct Series {
        /// The metric.
        pub metric: String,
        /// Its unit.
        pub unit: String,
        /// How its points came about.
        pub kind: MetricKind,
        /// What has to be known of this kind to read the points aright.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 300, example = "A level: the last value of each point."))]
        pub note: Option<String>,
        /// The channel it was narrowed to.
        pub channel: Option<ChannelId>,
        /// The campaign it was narrowed to.
        pub campaign: Option<CampaignId>,
        /// The subject it was narrowed to, as it was named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 140, example = "product:sku-1042"))]
        pub subject: Option<String>,
        /// How wide a point is.
        pub resolution: Resolution,
        /// The time zone of hours and days.
        pub time_zone: String,
        /// What is usual in the group that was asked for: the newest reference value that was loaded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub benchmark: Option<crate::benchmarks::Benchmark>,
        /// The points, oldest first.
        pub data: Vec<SeriesPoint>,
        /// Give this as `cursor` to read on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_cursor: Option<String>,
    }

    /// Something that samples are about.
    pub struct Subject {
        /// Its id.
        pub id: SubjectId,
        /// What it is.
        pub kind: SubjectKind,
        /// The source's key of it.
        #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "sku-1042"))]
        pub key: String,
        /// When it was named first.
        pub first_counted_at: DateTime<Utc>,
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
        /// What is usual in the group that was asked for: the newest reference value that was loaded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub benchmark: Option<crate::benchmarks::Benchmark>,
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
