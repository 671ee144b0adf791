//! Feeds as they are shown: the register, the runs, a trial, and what a chat is told.

use super::{FeedCadence, FeedFault, FeedFormat, FeedKind, FeedMapping, FeedOutcome, FeedState, FeedTrouble};
use crate::ids::{FeedId, FeedRunId};
use crate::quantity::Quantity;
use crate::samples::RowCode;
use chrono::{DateTime, Utc};

answers! {
    /// A feed in the register.
    pub struct Feed {
        /// Its id.
        pub id: FeedId,
        /// What it brings.
        pub name: String,
        /// What kind of source it is.
        pub kind: FeedKind,
        /// Where from; what stands behind a `?` is not shown, since it may be a secret.
        pub url: String,
        /// How the document is written.
        pub format: FeedFormat,
        /// The names of the secret headers.
        #[cfg_attr(feature = "openapi", schema(max_items = 5, example = json!(["Authorization"])))]
        pub headers: Vec<String>,
        /// What of it is what.
        pub mapping: FeedMapping,
        /// How often it is fetched.
        pub every: FeedCadence,
        /// The local time of a daily one.
        #[cfg_attr(feature = "openapi", schema(min_length = 5, max_length = 5, example = "06:00"))]
        pub at: Option<String>,
        /// After so many minutes without anything new it is missed.
        #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 43_200, example = 90))]
        pub grace_minutes: i32,
        /// Samples from before it are left out.
        pub from: Option<DateTime<Utc>>,
        /// How it is.
        pub state: FeedState,
        /// Since when it is failing or silent, and the team was told.
        pub unwell_since: Option<DateTime<Utc>>,
        /// When it was fetched last.
        pub last_run_at: Option<DateTime<Utc>>,
        /// When it was fetched last without a failure.
        pub last_success_at: Option<DateTime<Utc>>,
        /// When it last brought something new.
        pub last_new_at: Option<DateTime<Utc>>,
        /// The time of the newest sample that it brought.
        pub newest_at: Option<DateTime<Utc>>,
        /// When it is fetched next; absent while it is not.
        pub next_run_at: Option<DateTime<Utc>>,
        /// How old its newest sample is, in seconds; where it brought none yet, how long ago the last success was.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 240))]
        pub lag_seconds: Option<i64>,
        /// The share of its last runs that failed, 0.05 for one of twenty; absent before the first.
        pub error_rate: Option<f64>,
        /// How many runs `error_rate` is of.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 20, example = 20))]
        pub error_rate_of: i32,
        /// How many runs in a row have failed by now.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000, example = 0))]
        pub failures: i32,
        /// Why the last one failed, while it is the last one.
        pub last_fault: Option<FeedFault>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Its version, for `If-Match`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1))]
        pub version: i64,
    }

    /// The answer to an action on a feed.
    pub struct FeedChanged {
        /// Whether the call changed anything; `false` when it was already so.
        pub changed: bool,
        /// The feed as it is now.
        pub feed: Feed,
    }

    /// A row that was refused.
    pub struct FeedRefusal {
        /// Its line in the document, from 1; in a JSON array its place, from 1.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 4_294_967_295_i64, example = 7))]
        pub line: u32,
        /// Why.
        pub code: RowCode,
        /// Which part of the sample, as a JSON pointer; empty for the row as a whole.
        #[cfg_attr(feature = "openapi", schema(example = "/value"))]
        pub pointer: String,
        /// A sentence about this row.
        pub detail: String,
    }

    /// One fetch of a feed.
    pub struct FeedRun {
        /// Its id.
        pub id: FeedRunId,
        /// When it began.
        pub begun_at: DateTime<Utc>,
        /// When it ended.
        pub ended_at: DateTime<Utc>,
        /// What came of it.
        pub outcome: FeedOutcome,
        /// Why no rows could be read.
        pub fault: Option<FeedFault>,
        /// A sentence about that, which says how to mend it.
        pub detail: Option<String>,
        /// The answer's status; absent where none came.
        #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 999, example = 200))]
        pub status: Option<i32>,
        /// Bytes that came.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_485_761, example = 2048))]
        pub bytes: i64,
        /// New samples.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 24))]
        pub accepted: i32,
        /// Samples that replaced an earlier value.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 1))]
        pub corrected: i32,
        /// Samples that were known with the same value.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 300))]
        pub unchanged: i32,
        /// Samples that were not taken.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 0))]
        pub refused: i32,
        /// The first of the refused ones, with their reasons.
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub refusals: Vec<FeedRefusal>,
    }

    /// A sample as it would be taken.
    pub struct FeedSample {
        /// The line of its row, from 1; in a JSON array the row's place, from 1.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 4_294_967_295_i64, example = 2))]
        pub line: u32,
        /// The metric.
        pub metric: String,
        /// When.
        pub at: DateTime<Utc>,
        /// How much, in the metric's unit.
        pub value: Quantity,
        /// The channel, as the document names it.
        #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "store-367"))]
        pub channel: Option<String>,
        /// The campaign, as the document names it.
        #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "coupons-18"))]
        pub campaign: Option<String>,
        /// The row's key; absent where it is made of metric, place and time.
        #[cfg_attr(feature = "openapi", schema(max_length = 128, example = "R-1042"))]
        pub key: Option<String>,
    }

    /// What a fetch would bring. Nothing of it was kept.
    pub struct FeedTrial {
        /// Why no rows could be read; absent where they were.
        pub fault: Option<FeedFault>,
        /// A sentence about that, which says how to mend it.
        pub detail: Option<String>,
        /// The answer's status; absent where none came.
        #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 999, example = 200))]
        pub status: Option<i32>,
        /// Bytes that came.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_485_761, example = 2048))]
        pub bytes: i64,
        /// The columns of the table, or the members of the first row, as far as they fit.
        #[cfg_attr(feature = "openapi", schema(max_items = 100, example = json!(["date", "shop_code", "cost"])))]
        pub columns: Vec<String>,
        /// Samples that would be taken, those that are known already among them.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 24))]
        pub taken: u32,
        /// Samples that would be refused.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000, example = 0))]
        pub refused: u32,
        /// Figures that are empty and therefore none.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000_000, example = 0))]
        pub empty: u32,
        /// The first samples that would be taken.
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub first: Vec<FeedSample>,
        /// The first of the refused ones, with their reasons.
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub refusals: Vec<FeedRefusal>,
    }

    /// A feed in a message to the team's chat.
    pub struct FeedNotice {
        /// Its id.
        pub id: FeedId,
        /// What it brings.
        pub name: String,
        /// What kind of source it is.
        pub kind: FeedKind,
        /// What the matter is, or was.
        pub trouble: FeedTrouble,
        /// Why the last fetch failed, if it did.
        pub fault: Option<FeedFault>,
        /// When it last brought something new.
        pub last_new_at: Option<DateTime<Utc>>,
    }
}
