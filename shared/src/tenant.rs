//! Bodies of a retailer's settings, its plan and its limits.

use crate::Locale;
use crate::ids::TenantId;
use chrono::{DateTime, Utc};

words! {
    /// The first day of a fiscal week.
    pub enum WeekDay {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }

    /// What a retailer has subscribed to: it sets the limits.
    pub enum Plan {
        /// To try it out.
        Trial = "trial",
        /// The usual one.
        Standard = "standard",
        /// For many shops.
        Enterprise = "enterprise",
    }

    /// Whether a retailer is served.
    pub enum TenantState {
        /// It is.
        Active = "active",
        /// Nobody of it gets in, and its work waits.
        Suspended = "suspended",
        /// It is being closed: it can be read, copied, and kept from closing.
        Closing = "closing",
    }
}

requests! {
    /// Hours of the local day in which nobody is to be disturbed. They may pass midnight.
    pub struct QuietHours {
        /// From this local time on.
        #[cfg_attr(feature = "openapi", schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "22:00"))]
        pub from: String,
        /// Until this local time.
        #[cfg_attr(feature = "openapi", schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "07:30"))]
        pub until: String,
    }

    /// A change of the settings; what is absent stays.
    pub struct UpdateTenant {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Harbour Grocers"))]
        pub name: Option<String>,
        /// Another language of messages.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Locale, example = "en"))]
        pub locale: Option<Locale>,
        /// Another IANA time zone; refused once something was counted, since days and hours would be others.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64, example = "Asia/Shanghai"))]
        pub time_zone: Option<String>,
        /// Another ISO 4217 currency; refused once there is an amount.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "CNY"))]
        pub currency: Option<String>,
        /// Another first day of the fiscal week.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = WeekDay, example = "mon"))]
        pub fiscal_week_start: Option<WeekDay>,
        /// Other quiet hours; null for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<QuietHours>))]
        pub quiet_hours: Option<Option<QuietHours>>,
        /// Another country in which the data are to be kept (ISO 3166-1, two letters); null for any.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "CN"))]
        pub residency: Option<Option<String>>,
        /// Whether a campaign that a stop-loss paused is resumed by two people: one asks, another does it.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = bool, example = true))]
        pub resume_needs_two: Option<bool>,
    }
}

answers! {
    /// A retailer with all its settings.
    pub struct TenantSettings {
        /// Its id.
        pub id: TenantId,
        /// Its name.
        pub name: String,
        /// Language of messages.
        pub locale: Locale,
        /// IANA time zone; days and hours are counted in it.
        pub time_zone: String,
        /// ISO 4217 currency of every money metric.
        pub currency: String,
        /// The first day of the fiscal week.
        pub fiscal_week_start: WeekDay,
        /// When nobody is to be disturbed, in local time.
        pub quiet_hours: Option<QuietHours>,
        /// The country in which the data are to be kept.
        pub residency: Option<String>,
        /// Whether a campaign that a stop-loss paused is resumed by two people.
        pub resume_needs_two: bool,
        /// What it has subscribed to.
        pub plan: Plan,
        /// Whether it is served.
        pub state: TenantState,
        /// When it signed up.
        pub created_at: DateTime<Utc>,
        /// Its version, for `If-Match`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000_000_000_i64, example = 3))]
        pub version: i64,
    }

    /// A limit and how much of it is used.
    pub struct Limit {
        /// The limit.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 100))]
        pub limit: i64,
        /// How much is used; absent where it is not counted in the database.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 7))]
        pub used: Option<i64>,
        /// Whether it is the retailer's own instead of its plan's.
        pub own: bool,
    }

    /// What a retailer may use.
    pub struct TenantLimits {
        /// What it has subscribed to.
        pub plan: Plan,
        /// Requests of a minute, of all its credentials together.
        pub requests_per_minute: Limit,
        /// Requests at the same time.
        pub concurrent_requests: Limit,
        /// Samples taken or corrected in the present local day.
        pub samples_per_day: Limit,
        /// Staff who may sign in.
        pub staff: Limit,
        /// API tokens that work.
        pub api_tokens: Limit,
        /// When the local day ends and its count begins anew.
        pub day_ends_at: DateTime<Utc>,
    }
}
