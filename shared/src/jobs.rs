//! Long jobs on the wire: work that outlasts a request, with its progress and its files.

use crate::ids::JobId;
use chrono::{DateTime, Utc};

words! {
    /// What a long job does.
    pub enum LongJobKind {
        /// Takes the samples of an uploaded file.
        SamplesImport = "samples_import",
        /// Writes a complete copy of the retailer's data.
        TenantExport = "tenant_export",
    }

    /// How far a long job is.
    pub enum LongJobState {
        /// Its file is still coming in.
        Uploading = "uploading",
        /// Waits for its turn, since two jobs of a retailer run at once; or for the next day, as the message says then.
        Waiting = "waiting",
        /// Runs.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Given up; the message says why. What it had done before stays.
        Failed = "failed",
        /// Cancelled by somebody. What it had done before stays.
        Cancelled = "cancelled",
    }

    /// What is counted by `done` and `total`.
    pub enum ProgressUnit {
        /// Bytes of the uploaded file, unpacked.
        Bytes = "bytes",
        /// Tables of the copy.
        Tables = "tables",
    }

    /// What an uploaded file holds.
    pub enum ImportKind {
        /// Samples, as `POST /v1/samples` takes them.
        Samples = "samples",
    }
}

answers! {
    /// A long job.
    pub struct LongJob {
        /// Its id.
        pub id: JobId,
        /// What it does.
        pub kind: LongJobKind,
        /// How far it is.
        pub state: LongJobState,
        /// Whether it ends at its next step, because somebody cancelled it.
        pub cancelling: bool,
        /// How much of it is done.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 262_144))]
        pub done: i64,
        /// How much there is to do, once that is known.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 1_048_576))]
        pub total: Option<i64>,
        /// What both of them count.
        pub unit: ProgressUnit,
        /// What came of it so far, by name.
        #[cfg_attr(feature = "openapi", schema(max_items = 16))]
        pub counts: Vec<LongJobCount>,
        /// Why it failed, or until when it waits because the day's samples are used up.
        #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
        pub message: Option<String>,
        /// SHA-256 of the uploaded file, unpacked, in hexadecimal digits.
        #[cfg_attr(feature = "openapi", schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$"))]
        pub sha256: Option<String>,
        /// Who asked for it: a staff or an API token.
        #[cfg_attr(feature = "openapi", schema(max_length = 64, example = "stf_11KRf1FAnrbzEoTopCnxLi"))]
        pub requested_by: Option<String>,
        /// When it was asked for.
        pub created_at: DateTime<Utc>,
        /// When it began.
        pub started_at: Option<DateTime<Utc>>,
        /// When it ended.
        pub finished_at: Option<DateTime<Utc>>,
        /// Until when its files can be read; absent while it runs.
        pub files_until: Option<DateTime<Utc>>,
    }

    /// One count of a long job.
    pub struct LongJobCount {
        /// What is counted: `accepted`, `corrected`, `unchanged`, `refused`, `rows` …
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "accepted"))]
        pub name: String,
        /// How many.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 60_000))]
        pub count: i64,
    }
}

requests! {
    /// A file of samples as one JSON document.
    pub struct SamplesFile {
        /// The rows, as many as the file's size allows. Each is judged by itself: one that is wrong is refused in its result
        /// and spoils no other.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 10_000_000, example = json!([
            { "metric": "orders", "at": "2026-11-20T10:00:00Z", "key": "r2", "value": 3, "channel": "store-367" }
        ])))]
        pub samples: Vec<serde_json::Value>,
    }
}
