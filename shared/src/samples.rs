//! Samples on the wire: what became of each row of `POST /v1/samples`.
//!
//! Every row sent has one [`SampleResult`] in the order of the request. A refused row carries a
//! [`RowCode`] (the closed list, never renamed), the place in the row and a sentence about this row.
//!
//! Invariant: `code`, `pointer` and `detail` are there exactly when the status is `refused`.

use serde::{Deserialize, Serialize};

/// Why a row was refused. The names are part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowCode {
    /// The row is not an object of JSON, not UTF-8, or has another number of cells than the header.
    MalformedRow,
    /// The row is longer than a row may be.
    RowTooLong,
    /// A required field is not there or empty.
    MissingField,
    /// The row has a field that samples don't have.
    UnknownField,
    /// A field holds another JSON type than it should.
    WrongType,
    /// No metric has this key.
    UnknownMetric,
    /// The metric is computed from others, so it takes no samples.
    ComputedMetric,
    /// Not an RFC 3339 time with an offset.
    InvalidTime,
    /// More than five minutes ahead of the service's clock.
    FutureTime,
    /// Before the year 2000, or before the time from which the retailer keeps samples.
    TooOld,
    /// The value is no decimal number, or not finite.
    NotANumber,
    /// The metric counts whole things and the value has a fraction.
    NotWhole,
    /// The metric can't be below zero.
    NegativeValue,
    /// The value's size is beyond 1e11 units.
    AbsurdValue,
    /// The value has more than four decimals.
    TooManyDecimals,
    /// A row key, channel or campaign that is empty, too long or has unprintable characters.
    InvalidKey,
    /// An earlier row of the same request has the same metric, channel, campaign, time and key.
    DuplicateKey,
    /// No channel of the tenant has this id or key.
    UnknownChannel,
    /// No campaign of the tenant has this id or key.
    UnknownCampaign,
    /// The channel is archived.
    ArchivedChannel,
    /// The campaign is archived.
    ArchivedCampaign,
    /// The metric is one of the retailer's own and archived.
    ArchivedMetric,
    /// A period that is none, or of a metric that has none.
    InvalidPeriod,
    /// A subject without a kind that there is.
    InvalidSubject,
    /// The permissions of the staff or the API token are narrowed to channels, and this is none of them.
    ChannelNotAllowed,
    /// The rows before list as many durations as one request takes.
    TooManyDurations,
    /// The row names a new subject, and there are as many as a retailer may have.
    TooManySubjects,
}

impl RowCode {
    /// All codes, for documents and tests.
    pub const ALL: [Self; 27] = [
        Self::MalformedRow,
        Self::RowTooLong,
        Self::MissingField,
        Self::UnknownField,
        Self::WrongType,
        Self::UnknownMetric,
        Self::ComputedMetric,
        Self::InvalidTime,
        Self::FutureTime,
        Self::TooOld,
        Self::NotANumber,
        Self::NotWhole,
        Self::NegativeValue,
        Self::AbsurdValue,
        Self::TooManyDecimals,
        Self::InvalidKey,
        Self::DuplicateKey,
        Self::UnknownChannel,
        Self::UnknownCampaign,
        Self::ArchivedChannel,
        Self::ArchivedCampaign,
        Self::ArchivedMetric,
        Self::InvalidPeriod,
        Self::InvalidSubject,
        Self::ChannelNotAllowed,
        Self::TooManyDurations,
        Self::TooManySubjects,
    ];

    /// What the code means, for people: `(en, zh-CN)`.
    #[must_use]
    pub const fn meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::MalformedRow => ("The row cannot be read.", "该行无法读取。"),
            Self::RowTooLong => ("The row is too long.", "该行过长。"),
            Self::MissingField => ("A required field is missing.", "缺少必填字段。"),
            Self::UnknownField => ("Samples have no such field.", "数据点没有这个字段。"),
            Self::WrongType => ("A field has the wrong type.", "字段类型不正确。"),
            Self::UnknownMetric => ("There is no such metric.", "没有这个指标。"),
            Self::ComputedMetric => {
                ("The metric is computed; send its parts.", "该指标由其他指标计算得出，请上报其组成部分。")
            }
            Self::InvalidTime => ("The time is not RFC 3339 with an offset.", "时间不是带时区偏移的 RFC 3339 格式。"),
            Self::FutureTime => ("The time lies in the future.", "时间在未来。"),
            Self::TooOld => ("The time is too long ago.", "时间过早。"),
            Self::NotANumber => ("The value is not a number.", "数值不是数字。"),
            Self::NotWhole => ("The metric takes whole numbers only.", "该指标只接受整数。"),
            Self::NegativeValue => ("The metric cannot be negative.", "该指标不能为负数。"),
            Self::AbsurdValue => ("The value is absurdly large.", "数值大得不合理。"),
            Self::TooManyDecimals => ("The value has more than 4 decimals.", "数值超过4位小数。"),
            Self::InvalidKey => ("A key is not 1 to 128 printable characters.", "键不是1至128个可显示字符。"),
            Self::DuplicateKey => ("The request has this row twice.", "同一请求中该行重复。"),
            Self::UnknownChannel => ("There is no such channel.", "没有这个渠道。"),
            Self::UnknownCampaign => ("There is no such campaign.", "没有这个营销活动。"),
            Self::ArchivedChannel => ("The channel is archived.", "该渠道已归档。"),
            Self::ArchivedCampaign => ("The campaign is archived.", "该营销活动已归档。"),
            Self::ArchivedMetric => ("The metric is archived.", "该指标已归档。"),
            Self::InvalidPeriod => ("The period does not fit the metric.", "周期不适用于该指标。"),
            Self::InvalidSubject => ("A subject is a kind and a key.", "对象由类型和键组成。"),
            Self::ChannelNotAllowed => ("Your permissions do not reach this channel.", "您的权限不包含此渠道。"),
            Self::TooManyDurations => ("The request lists too many durations.", "请求中列出的时长过多。"),
            Self::TooManySubjects => ("There are too many subjects.", "对象过多。"),
        }
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SampleStatus {
    /// New, and stored.
    Accepted,
    /// Known under its key with another value, which is now replaced.
    Corrected,
    /// Known under its key with the same value; nothing changed.
    Unchanged,
    /// Not stored; the code says why.
    Refused,
}

/// The answer to one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({ "line": 1, "status": "accepted" })))]
#[serde(deny_unknown_fields)]
pub struct SampleResult {
    /// The row's line in the text that was sent, from 1; in a JSON array its place, from 1.
    pub line: u32,
    /// What became of it.
    pub status: SampleStatus,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<RowCode>,
    /// Where in the row, as a JSON pointer; empty for the row as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// A sentence about this row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl SampleResult {
    /// The answer to a row that was taken in.
    #[must_use]
    pub const fn taken(line: u32, status: SampleStatus) -> Self {
        Self { line, status, code: None, pointer: None, detail: None }
    }

    /// The answer to a row that was refused.
    #[must_use]
    pub const fn refused(line: u32, code: RowCode, pointer: String, detail: String) -> Self {
        Self { line, status: SampleStatus::Refused, code: Some(code), pointer: Some(pointer), detail: Some(detail) }
    }
}

requests! {
    /// Samples as one JSON document.
    pub struct Samples {
        /// The rows. Each is judged by itself: one that is wrong is refused in its result and spoils no other.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 10_000, example = json!([
            { "metric": "orders", "at": "2026-11-20T10:00:00Z", "key": "r2", "value": 3, "channel": "store-367" }
        ])))]
        pub samples: Vec<serde_json::Value>,
    }
}

requests! {
    /// A change of how long samples are kept.
    pub struct UpdateSampleRetention {
        /// For how many months.
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 120, example = 36))]
        pub months: u16,
    }
}

answers! {
    /// How long samples are kept as they came.
    pub struct SampleRetention {
        /// For how many months; 25 unless it was changed.
        #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 120, example = 25))]
        pub months: u16,
        /// Samples before this were removed and are refused; absent while all are kept.
        pub kept_from: Option<chrono::DateTime<chrono::Utc>>,
        /// Its version, for `If-Match`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 1))]
        pub version: i64,
    }

    /// The answer to `POST /v1/samples`.
    pub struct SamplesTaken {
        /// New rows.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
        pub accepted: u32,
        /// Rows that replaced an earlier value.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
        pub corrected: u32,
        /// Rows that were known with the same value.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
        pub unchanged: u32,
        /// Rows that were not taken.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
        pub refused: u32,
        /// The campaigns that a stop-loss paused in this very write.
        pub stopped: Vec<Stopped>,
        /// One result a row, in the order sent.
        pub results: Vec<SampleResult>,
    }

    /// A campaign that a stop-loss paused: it was paused before this answer was sent.
    pub struct Stopped {
        /// The campaign.
        pub campaign: crate::ids::CampaignId,
        /// The rule whose line was reached.
        pub rule: crate::ids::RuleId,
        /// The alert that tells of it.
        pub alert: crate::ids::AlertId,
        /// What it has cost, in the currency's major unit.
        pub total: crate::quantity::Quantity,
        /// The line.
        pub line: crate::quantity::Quantity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_its_own_name_and_both_texts() {
        let mut names = HashSet::new();
        for code in RowCode::ALL {
            let name = serde_json::to_string(&code).unwrap();
            assert!(name.trim_matches('"').bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert_eq!(serde_json::from_str::<RowCode>(&name).unwrap(), code);
            let (en, zh) = code.meaning();
            assert!(en.is_ascii() && en.ends_with('.'), "{en}");
            assert!(zh.ends_with('。'), "{zh}");
            assert!(names.insert(name));
        }
        assert!(names.contains("\"malformed_row\""));
        assert!(names.contains("\"not_a_number\""));
        assert!(names.contains("\"archived_channel\""));
    }

    #[test]
    fn a_taken_row_is_two_fields_and_a_refused_one_says_why() {
        let taken = SampleResult::taken(3, SampleStatus::Corrected);
        assert_eq!(serde_json::to_string(&taken).unwrap(), r#"{"line":3,"status":"corrected"}"#);
        let refused = SampleResult::refused(4, RowCode::TooOld, "/at".to_owned(), "before 2000".to_owned());
        let text = serde_json::to_string(&refused).unwrap();
        assert_eq!(text, r#"{"line":4,"status":"refused","code":"too_old","pointer":"/at","detail":"before 2000"}"#);
        assert_eq!(serde_json::from_str::<SampleResult>(&text).unwrap(), refused);
        assert_eq!(serde_json::from_str::<SampleResult>(r#"{"line":3,"status":"corrected"}"#).unwrap(), taken);
    }
}
