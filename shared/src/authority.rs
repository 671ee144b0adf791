//! Bodies of custom roles, departments, and what a staff may do where; rotation and leaks of API tokens.

use crate::ids::{ChannelId, DepartmentId, RoleId};
use crate::permissions::{Permission, Role};
use chrono::{DateTime, Utc};

requests! {
    /// A new role of the retailer's own.
    pub struct CreateRole {
        /// Any script; no other role in use has it, in upper or lower case.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Store manager"))]
        pub name: String,
        /// What it allows: nothing that you may not do yourself. An empty list allows nothing.
        #[cfg_attr(feature = "openapi", schema(max_items = 64))]
        pub permissions: Vec<Permission>,
    }

    /// Changes to a role; an absent field stays.
    pub struct UpdateRole {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Store manager"))]
        pub name: Option<String>,
        /// What it allows from now on: nothing that you may not do yourself. An empty list allows nothing.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Permission>, max_items = 64))]
        pub permissions: Option<Vec<Permission>>,
    }

    /// A new department.
    pub struct CreateDepartment {
        /// Any script; no other department in use has it, in upper or lower case.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "市场部"))]
        pub name: String,
    }

    /// Changes to a department; an absent field stays.
    pub struct UpdateDepartment {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Marketing"))]
        pub name: Option<String>,
    }

    /// Changes to what a staff may do and where; an absent field stays.
    pub struct UpdateAuthority {
        /// A role of the retailer's own, which counts instead of the built-in one; `null` takes it away and leaves the
        /// person a viewer.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<RoleId>))]
        pub custom_role: Option<Option<RoleId>>,
        /// The department; `null` for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<DepartmentId>))]
        pub department: Option<Option<DepartmentId>>,
        /// The channels that the permissions reach; `null` for every one, an empty list for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<ChannelId>>, max_items = 500))]
        pub channels: Option<Option<Vec<ChannelId>>>,
    }

    /// An API token gets a new secret.
    pub struct RotateApiToken {
        /// Hours for which the old secret still works, unless its own end comes first; 24 if absent, 0 ends it at once.
        #[serde(default = "a_day")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 72, default = 24))]
        pub overlap_hours: u8,
        /// Days until the token expires, from now; its end stays if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 365))]
        pub expires_in_days: Option<u16>,
    }

    /// Somebody found an API token where it does not belong.
    pub struct ReportLeakedToken {
        /// The token, whole.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "tw_live_000000000000000000000000000000000000"))]
        pub token: String,
        /// Where it was found: an address or a few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "https://code.example/shop/config.env"))]
        pub source: Option<String>,
    }
}

const fn a_day() -> u8 {
    24
}

answers! {
    /// One of the roles that every retailer has.
    pub struct BuiltInRole {
        /// The role.
        pub role: Role,
        /// What it allows.
        pub permissions: Vec<Permission>,
    }

    /// A role of the retailer's own.
    pub struct CustomRole {
        /// Its id.
        pub id: RoleId,
        /// Its name.
        pub name: String,
        /// What it allows; an empty list allows nothing.
        pub permissions: Vec<Permission>,
        /// When it was archived.
        pub archived_at: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// The roles: the built-in ones, and a page of the retailer's own.
    pub struct Roles {
        /// The roles that every retailer has, the same on every page.
        pub built_in: Vec<BuiltInRole>,
        /// The retailer's own, oldest first.
        pub data: Vec<CustomRole>,
        /// Give this as `cursor` to read on; absent on the last page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_cursor: Option<String>,
    }

    /// A department.
    pub struct Department {
        /// Its id.
        pub id: DepartmentId,
        /// Its name.
        pub name: String,
        /// When it was archived.
        pub archived_at: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A role of the retailer's own, by name.
    pub struct NamedRole {
        /// Its id.
        pub id: RoleId,
        /// Its name.
        pub name: String,
    }

    /// A department, by name.
    pub struct NamedDepartment {
        /// Its id.
        pub id: DepartmentId,
        /// Its name.
        pub name: String,
    }

    /// The secret that an API token had before it was rotated.
    pub struct PreviousSecret {
        /// Its first characters, to recognise it.
        pub starts_with: String,
        /// Until when it works.
        pub ends_at: DateTime<Utc>,
    }

    /// The answer to a report of a leaked token: always the same, so that it tells nothing about the token.
    pub struct LeakReported {
        /// Always `true`.
        pub received: bool,
    }

    /// How to recognise our API tokens in any text, for secret scanners.
    pub struct TokenPattern {
        /// What it is.
        pub name: String,
        /// A regular expression that matches every token.
        pub pattern: String,
        /// What every token begins with.
        pub prefix: String,
        /// Characters of a token.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 128))]
        pub length: u32,
        /// How the last characters follow from those before.
        pub checksum: TokenChecksum,
        /// A text of the right form that is nobody's token.
        pub example: String,
        /// Where to report a find: `POST` of `{"token": "…", "source": "…"}`, without a credential.
        pub report_url: String,
    }

    /// The checksum at the end of an API token.
    pub struct TokenChecksum {
        /// `CRC-32/ISO-HDLC`.
        pub algorithm: String,
        /// How many characters it takes, at the end.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 16))]
        pub length: u32,
        /// Its digits, from zero on.
        pub alphabet: String,
        /// How it is computed, in words.
        pub description: String,
    }
}
