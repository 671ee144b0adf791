//! Bodies of benchmarks: reference values with their source.

use crate::ids::BenchmarkId;
use crate::quantity::Quantity;
use chrono::{DateTime, Utc};

words! {
    /// Which retailers a reference value is of.
    pub enum BenchmarkGroup {
        /// 超市 supermarkets.
        Supermarket = "supermarket",
        /// 便利店 convenience stores.
        Convenience = "convenience",
        /// 生鲜 fresh food.
        FreshFood = "fresh_food",
        /// 百货 department stores.
        DepartmentStore = "department_store",
        /// 服饰鞋包 clothes, shoes, bags.
        Apparel = "apparel",
        /// 美妆个护 beauty and care.
        Beauty = "beauty",
        /// 母婴 mother and baby.
        MotherBaby = "mother_baby",
        /// 数码家电 electronics.
        Electronics = "electronics",
        /// 家居日用 home.
        Home = "home",
        /// 医药健康 pharmacies.
        Pharmacy = "pharmacy",
        /// 餐饮 restaurants and bakeries.
        Catering = "catering",
        /// 综合电商 general online shops.
        Online = "online",
    }
}

requests! {
    /// A reference value.
    pub struct NewBenchmark {
        /// Which retailers it is of.
        pub group: BenchmarkGroup,
        /// The metric's key: of the catalogue, or of one's own.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 40, pattern = "^[a-z][a-z0-9_]{0,39}$", example = "ctr"))]
        pub metric: String,
        /// The value, in the metric's unit; money in the retailer's currency.
        #[cfg_attr(feature = "openapi", schema(example = 2.5))]
        pub value: Quantity,
        /// The lower end of what is usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Quantity>, example = 1.5))]
        pub low: Option<Quantity>,
        /// The upper end of what is usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Quantity>, example = 4))]
        pub high: Option<Quantity>,
        /// The year that it is of.
        #[cfg_attr(feature = "openapi", schema(minimum = 2000, maximum = 2199, example = 2025))]
        pub year: u16,
        /// Who published it, and where: without it a value is hearsay and refused.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 300, example = "Example only: name the report and its page here"))]
        pub source: String,
        /// Where it can be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 500, pattern = "^https://", example = "https://reports.example/retail-2025"))]
        pub source_url: Option<String>,
    }

    /// Reference values to be loaded.
    pub struct LoadBenchmarks {
        /// The values. All are taken, or none.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 500))]
        pub benchmarks: Vec<NewBenchmark>,
    }
}

answers! {
    /// A reference value.
    pub struct Benchmark {
        /// Its id.
        pub id: BenchmarkId,
        /// Which retailers it is of.
        pub group: BenchmarkGroup,
        /// The metric.
        #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "ctr"))]
        pub metric: String,
        /// The value, in the metric's unit.
        pub value: Quantity,
        /// The lower end of what is usual.
        pub low: Option<Quantity>,
        /// The upper end of what is usual.
        pub high: Option<Quantity>,
        /// The year that it is of.
        #[cfg_attr(feature = "openapi", schema(minimum = 2000, maximum = 2199, example = 2025))]
        pub year: u16,
        /// Who published it, and where.
        #[cfg_attr(feature = "openapi", schema(max_length = 300, example = "Example only: name the report and its page here"))]
        pub source: String,
        /// Where it can be read.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "https://reports.example/retail-2025"))]
        pub source_url: Option<String>,
        /// When it was loaded or changed last.
        pub loaded_at: DateTime<Utc>,
    }

    /// What became of the values.
    pub struct BenchmarksLoaded {
        /// New ones.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 500))]
        pub created: u32,
        /// Those of a group, metric and year that were there with another value or source.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 500))]
        pub changed: u32,
        /// Those that were there as they are.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 500))]
        pub unchanged: u32,
    }
}
