//! Bodies of threads: what happened to an incident, line by line.

use super::AlertEvent;

answers! {
    /// What happened to an incident that the thread of its message does not tell yet.
    pub struct DeliveryThread {
        /// The version up to which it tells; 0 while it tells nothing, and may not be open.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64))]
        pub told: i64,
        /// What to tell, oldest first, a line each.
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub steps: Vec<ThreadStep>,
    }

    /// A step of an alert's life, for the thread of its message.
    pub struct ThreadStep {
        /// The version that it made.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
        /// What happened.
        pub step: AlertEvent,
    }
}
