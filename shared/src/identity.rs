//! Bodies of sign-up, sign-in, sessions, API tokens and the audit log.

use crate::Locale;
use crate::authority::{NamedDepartment, NamedRole, PreviousSecret};
use crate::ids::{ApiTokenId, AuditId, ChannelId, SessionId, StaffId, TenantId};
use crate::permissions::{Permission, Role};
use chrono::{DateTime, Utc};

words! {
    /// Whether a staff may sign in.
    pub enum StaffState {
        /// Works here.
        Active = "active",
        /// May not sign in any more; kept for what they did.
        Disabled = "disabled",
    }
}

requests! {
    /// A retailer signs up; the person becomes its owner.
    pub struct SignUp {
        /// The retailer's name, any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Harbour Grocers"))]
        pub retailer: String,
        /// The owner's own name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Mei Lin"))]
        pub name: String,
        /// The owner's e-mail address; signs in with it.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254, example = "mei@harbour.example"))]
        pub email: String,
        /// 8 to 128 characters; common passwords are refused.
        #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 128, example = "correct horse battery"))]
        pub password: String,
        /// Language of messages; `en` if absent.
        #[serde(default)]
        pub locale: Locale,
        /// IANA time zone; days and hours are counted in it.
        #[cfg_attr(feature = "openapi", schema(max_length = 64, example = "America/New_York"))]
        pub time_zone: String,
        /// ISO 4217 currency of every money metric.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD"))]
        pub currency: String,
    }

    /// A staff signs in.
    pub struct SignIn {
        /// E-mail address, in any case.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254, example = "mei@harbour.example"))]
        pub email: String,
        /// The password.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "correct horse battery"))]
        pub password: String,
        /// Which retailer, when the login belongs to several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tenant: Option<TenantId>,
        /// The authenticator's six digits or a recovery code, when the login has a second factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 6, max_length = 64, example = "492039"))]
        pub code: Option<String>,
    }

    /// Changes to a staff; an absent field stays. Nothing of it can be cleared, so `null` is refused.
    pub struct UpdateStaff {
        /// A new role.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Role))]
        pub role: Option<Role>,
    }

    /// A refresh token is exchanged for the next pair.
    pub struct Refresh {
        /// The refresh token of the last answer; works once.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
        pub refresh_token: String,
    }

    /// A new API token.
    pub struct CreateApiToken {
        /// What it is for.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "POS feed"))]
        pub name: String,
        /// What it may do; an empty list may do nothing.
        #[cfg_attr(feature = "openapi", schema(max_items = 32))]
        pub scopes: Vec<Permission>,
        /// Days until it expires.
        #[serde(default = "ninety")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 365, default = 90))]
        pub expires_in_days: u16,
        /// The channels that it reaches; every one if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_items = 500))]
        pub channels: Option<Vec<ChannelId>>,
        /// Requests that it may make in a minute; only the retailer's own limit if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000, example = 600))]
        pub requests_per_minute: Option<u32>,
    }
}

fn ninety() -> u16 {
    90
}

answers! {
    /// What a sign-up, sign-in or refresh gives.
    pub struct Signed {
        /// Send it as `Authorization: Bearer …`.
        pub access_token: String,
        /// Always `Bearer`.
        pub token_type: String,
        /// Seconds until the access token expires.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 86400))]
        pub expires_in: u32,
        /// Works once, at `POST /v1/sessions/refresh`.
        pub refresh_token: String,
        /// The session that was opened or continued.
        pub session: SessionId,
        /// Who signed in.
        pub me: Me,
    }

    /// Who is asking, as the service understands the credential.
    pub struct Me {
        /// The retailer.
        pub tenant: Tenant,
        /// The staff, when a person asks.
        pub staff: Option<Staff>,
        /// The API token, when a partner asks.
        pub api_token: Option<ApiTokenId>,
        /// What the credential may do.
        pub permissions: Vec<Permission>,
        /// The channels that this reaches, and no others; absent where it reaches every one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channels: Option<Vec<ChannelId>>,
    }

    /// A retailer and its settings.
    pub struct Tenant {
        /// Its id.
        pub id: TenantId,
        /// Its name.
        pub name: String,
        /// Language of messages.
        pub locale: Locale,
        /// IANA time zone.
        pub time_zone: String,
        /// ISO 4217 currency.
        pub currency: String,
    }

    /// A login's place in a retailer.
    pub struct Staff {
        /// Its id.
        pub id: StaffId,
        /// The person's name.
        pub name: String,
        /// What they may do, unless they have a role of the retailer's own.
        pub role: Role,
        /// The role of the retailer's own that counts instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub custom_role: Option<NamedRole>,
        /// Language of their own messages; the retailer's if absent.
        pub locale: Option<Locale>,
        /// Counts the changes; the `ETag` of `GET /v1/me`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        pub version: i64,
    }

    /// A staff as the list shows it. Their e-mail address belongs to the login, not to the retailer.
    pub struct StaffMember {
        /// Its id.
        pub id: StaffId,
        /// The person's name.
        pub name: String,
        /// What they may do, unless they have a role of the retailer's own.
        pub role: Role,
        /// The role of the retailer's own that counts instead.
        pub custom_role: Option<NamedRole>,
        /// Their department.
        pub department: Option<NamedDepartment>,
        /// The channels that their permissions reach; `null` for every one.
        pub channels: Option<Vec<ChannelId>>,
        /// Whether they may sign in.
        pub state: StaffState,
        /// Since when they have this place.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A public key that verifies access tokens (RFC 8037).
    pub struct Jwk {
        /// Key type, `OKP`.
        pub kty: String,
        /// Curve, `Ed25519`.
        pub crv: String,
        /// The public key, base64url.
        pub x: String,
        /// Key id.
        pub kid: String,
        /// `EdDSA`.
        pub alg: String,
        /// `sig`.
        #[serde(rename = "use")]
        pub usage: String,
    }

    /// The published keys.
    pub struct Jwks {
        /// Two while a key is rotated, else one.
        pub keys: Vec<Jwk>,
    }

    /// An API token, without its secret.
    pub struct ApiToken {
        /// Its id.
        pub id: ApiTokenId,
        /// What it is for.
        pub name: String,
        /// The first characters of the secret, to recognise it.
        pub starts_with: String,
        /// What it may do.
        pub scopes: Vec<Permission>,
        /// The channels that it reaches; `null` for every one.
        pub channels: Option<Vec<ChannelId>>,
        /// Requests that it may make in a minute; `null` where only the retailer's own limit counts.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
        pub requests_per_minute: Option<u32>,
        /// The secret before the last rotation, while it still works.
        pub previous: Option<PreviousSecret>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it stops working.
        pub expires_at: DateTime<Utc>,
        /// When it was last used, to the minute.
        pub last_used_at: Option<DateTime<Utc>>,
        /// When it was revoked.
        pub revoked_at: Option<DateTime<Utc>>,
    }

    /// A new API token with its secret, shown this once.
    pub struct ApiTokenCreated {
        /// The token's description.
        pub token: ApiToken,
        /// The secret: `tw_live_` and 36 characters. It is not stored and cannot be shown again: whoever repeats the
        /// request with its idempotency key sees `null`.
        pub secret: Option<String>,
    }

    /// One entry of the audit log.
    pub struct AuditEntry {
        /// Its id.
        pub id: AuditId,
        /// When.
        pub at: DateTime<Utc>,
        /// Who: `staff`, `api_token`, `rule`, `system`.
        pub actor_kind: String,
        /// The actor's id, if it has one.
        pub actor: Option<String>,
        /// From where: `api`, `discord/<server>/<user>`, `console/<server>/<user>`, `rule`, `schedule`.
        pub via: String,
        /// What: `campaign.paused`, `permission.denied` …
        pub action: String,
        /// On what.
        pub object: Option<String>,
        /// Why, in the actor's words.
        pub reason: Option<String>,
        /// The changed fields before.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        pub before: Option<serde_json::Value>,
        /// The changed fields after.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        pub after: Option<serde_json::Value>,
        /// The request that did it.
        pub request_id: String,
    }
}
