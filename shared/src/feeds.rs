//! Feeds: documents that the service fetches on a schedule and takes in as samples, where a partner cannot push.

mod shown;

use chrono::{DateTime, Utc};

pub use shown::{Feed, FeedChanged, FeedNotice, FeedRefusal, FeedRun, FeedSample, FeedTrial};

words! {
    /// What kind of source a feed is.
    pub enum FeedKind {
        /// Customer relations (客户关系管理).
        Crm = "crm",
        /// Enterprise resources (企业资源计划).
        Erp = "erp",
        /// Tills (收银).
        Pos = "pos",
        /// An online shop (网店).
        Shop = "shop",
        /// A web site (网站).
        Web = "web",
        /// An ad platform (广告平台).
        Ads = "ads",
        /// Social media (社交媒体).
        Social = "social",
        /// Something else.
        Other = "other",
    }

    /// How the document is written, in UTF-8.
    pub enum FeedFormat {
        /// A header and one record a line, with commas, semicolons or tabs between.
        Csv = "csv",
        /// One document with an array of objects in it.
        Json = "json",
        /// One object a line.
        Ndjson = "ndjson",
    }

    /// How often a feed is fetched.
    pub enum FeedCadence {
        /// Every five minutes.
        FiveMinutes = "5m",
        /// Every fifteen minutes.
        QuarterHour = "15m",
        /// Every thirty minutes.
        HalfHour = "30m",
        /// Every hour.
        Hour = "1h",
        /// Every day, at a local time of the retailer's.
        Day = "1d",
    }

    /// How a feed is.
    pub enum FeedState {
        /// It is fetched, and well as far as is known.
        Active = "active",
        /// It is fetched, and failed several times in a row.
        Failing = "failing",
        /// It is fetched, and has brought nothing new for longer than its grace.
        Silent = "silent",
        /// It is not fetched until somebody resumes it.
        Paused = "paused",
        /// It never is again; its secrets are gone.
        Archived = "archived",
    }

    /// What the matter is with a feed that is unwell.
    pub enum FeedTrouble {
        /// It failed several times in a row.
        Failing = "failing",
        /// It has brought nothing new for longer than its grace.
        Silent = "silent",
    }

    /// How times are written in a document.
    pub enum FeedTimeFormat {
        /// RFC 3339, with an offset: `2026-07-01T09:00:00+08:00`.
        Rfc3339 = "rfc3339",
        /// A local day, which its figure belongs to: `2026-07-01`, `2026/7/1`, `2026.7.1`, `20260701`, `2026年7月1日`.
        Date = "date",
        /// A local day and time: `2026-07-01 09:00`, `2026/7/1 09:00:30`, `2026-07-01T09:00:00`.
        DateTime = "date_time",
    }

    /// How numbers are written in texts.
    pub enum FeedNumbers {
        /// `1234.5`; one with a comma is refused, since nobody can tell what it means.
        Plain = "plain",
        /// `1,234.5`: a point before the decimals, commas between thousands.
        PointDecimal = "point_decimal",
        /// `1.234,5`: a comma before the decimals, points between thousands.
        CommaDecimal = "comma_decimal",
    }

    /// What came of a fetch.
    pub enum FeedOutcome {
        /// Something new was taken in.
        Taken = "taken",
        /// There was nothing new.
        Unchanged = "unchanged",
        /// Nothing new was taken in, and rows were refused.
        Refused = "refused",
        /// No rows could be read.
        Failed = "failed",
    }

    /// Why no rows could be read.
    pub enum FeedFault {
        /// The name leads to an address that nothing is fetched from.
        AddressRefused = "address_refused",
        /// The name has no address.
        NameUnknown = "name_unknown",
        /// No connection could be made.
        ConnectFailed = "connect_failed",
        /// The certificate is not trusted, or no common protocol was found.
        TlsFailed = "tls_failed",
        /// The answer did not come in time: 3 s for the connection, 15 s for all.
        TimedOut = "timed_out",
        /// The connection broke off before the end of the answer.
        AnswerBroken = "answer_broken",
        /// The answer leads elsewhere, which is not followed.
        Redirected = "redirected",
        /// The answer's status is no success.
        Status = "status",
        /// The document is larger than 10 MiB.
        TooLarge = "too_large",
        /// The document makes more than 10,000 samples.
        TooManyRows = "too_many_rows",
        /// It is packed otherwise than with gzip, or the gzip is broken.
        BadEncoding = "bad_encoding",
        /// It is not in UTF-8.
        NotUtf8 = "not_utf8",
        /// It is no table with a header.
        NotCsv = "not_csv",
        /// It is no JSON, or the array of objects is not where it should be.
        NotJson = "not_json",
        /// It has no such column or member, or two of them.
        MissingColumn = "missing_column",
        /// The retailer's limit of samples a day is reached.
        DayIsFull = "day_is_full",
        /// Its secrets could not be read. Give the address and the headers again.
        SecretUnreadable = "secret_unreadable",
        /// The samples add up to more than is kept, or the service failed.
        NotTaken = "not_taken",
    }
}

requests! {
    /// Where a text comes from: a column, or the same text for every row. Exactly one of the two.
    pub struct FeedField {
        /// A column's name; in JSON a member's name, or a JSON pointer into the row where it begins with `/`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200, example = "shop_code"))]
        pub column: Option<String>,
        /// The same for every row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
        pub constant: Option<String>,
    }

    /// Where a row's time comes from.
    pub struct FeedTime {
        /// The column, as in `FeedField`.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200, example = "date"))]
        pub column: String,
        /// How it is written.
        pub format: FeedTimeFormat,
        /// The IANA time zone of local days and times; the retailer's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 64, example = "Asia/Shanghai"))]
        pub time_zone: Option<String>,
    }

    /// One figure of a row.
    pub struct FeedMeasure {
        /// The column of the value, as in `FeedField`. Where it is empty there is no figure, and none is taken.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200, example = "cost"))]
        pub value: String,
        /// The metric's key.
        #[cfg_attr(feature = "openapi", schema(example = json!({ "constant": "spend" })))]
        pub metric: FeedField,
    }

    /// What of a document is what.
    pub struct FeedMapping {
        /// In a JSON document: where the array of rows is, as a JSON pointer; the document itself if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 200, example = "/data/rows"))]
        pub rows: Option<String>,
        /// The figures of a row: several where a table has a column for each metric.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
        pub measures: Vec<FeedMeasure>,
        /// When.
        pub time: FeedTime,
        /// The channel, by id or your own key; none if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(example = json!({ "column": "shop_code" })))]
        pub channel: Option<FeedField>,
        /// The campaign, by id or your own key; none if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(example = json!({ "column": "campaign" })))]
        pub campaign: Option<FeedField>,
        /// The columns whose texts together tell a row from every other of its metric, place and time, such as a receipt's
        /// number. Without any, there is one figure for each metric, place and time, and another value corrects it.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(max_items = 8, example = json!(["receipt"])))]
        pub key_columns: Vec<String>,
        /// How numbers are written in texts; plainly if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub numbers: Option<FeedNumbers>,
    }

    /// A header that is sent with each fetch.
    pub struct FeedHeader {
        /// Its name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9-]+$", example = "Authorization"))]
        pub name: String,
        /// Its value, which is kept sealed and never shown.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048, pattern = "^[!-~]([ -~]*[!-~])?$", example = "Bearer 0000"))]
        pub value: String,
    }

    /// A new feed.
    pub struct CreateFeed {
        /// What it brings, any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Ad costs of the agency"))]
        pub name: String,
        /// What kind of source it is.
        pub kind: FeedKind,
        /// Where from: `https://`, a public name or address, port 443 or one from 1024 on. What stands behind a `?` is kept
        /// sealed and not shown again.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048, example = "https://reports.agency.example/costs.csv"))]
        pub url: String,
        /// How the document is written.
        pub format: FeedFormat,
        /// Secret headers, such as a token.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(max_items = 5))]
        pub headers: Vec<FeedHeader>,
        /// What of it is what.
        pub mapping: FeedMapping,
        /// How often it is fetched.
        pub every: FeedCadence,
        /// The local time of a daily one; 06:00 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "06:00"))]
        pub at: Option<String>,
        /// After so many minutes without anything new it is missed; three times its cadence if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 43_200, example = 90))]
        pub grace_minutes: Option<i32>,
        /// Samples from before it are left out, as where another feed had brought them; none are if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(example = "2026-07-01T00:00:00Z"))]
        pub from: Option<DateTime<Utc>>,
    }

    /// Changes to a feed; an absent field stays.
    pub struct UpdateFeed {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Ad costs"))]
        pub name: Option<String>,
        /// Another kind of source.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = FeedKind))]
        pub kind: Option<FeedKind>,
        /// A new address, all of it. On another server the secret headers are to be given again.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 2048, example = "https://reports.agency.example/v2.csv"))]
        pub url: Option<String>,
        /// How the document is written.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = FeedFormat))]
        pub format: Option<FeedFormat>,
        /// Other secret headers in place of all before; `[]` for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<FeedHeader>, max_items = 5))]
        pub headers: Option<Vec<FeedHeader>>,
        /// Another mapping in place of the one before.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = FeedMapping))]
        pub mapping: Option<FeedMapping>,
        /// How often it is fetched.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = FeedCadence))]
        pub every: Option<FeedCadence>,
        /// The local time of a daily one.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "06:00"))]
        pub at: Option<String>,
        /// After so many minutes without anything new it is missed; null for three times its cadence.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<i32>, minimum = 5, maximum = 43_200, example = 90))]
        pub grace_minutes: Option<Option<i32>>,
        /// Samples from before it are left out; null leaves none out.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<DateTime<Utc>>, example = "2026-07-01T00:00:00Z"))]
        pub from: Option<Option<DateTime<Utc>>>,
    }

    /// A document to try, without keeping anything.
    pub struct TryFeed {
        /// Where from, as of a feed.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048, example = "https://reports.agency.example/costs.csv"))]
        pub url: String,
        /// How the document is written.
        pub format: FeedFormat,
        /// Secret headers, such as a token.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(max_items = 5))]
        pub headers: Vec<FeedHeader>,
        /// What of it is what.
        pub mapping: FeedMapping,
    }
}
