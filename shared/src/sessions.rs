//! Bodies of sessions, of a login's places in several retailers, and of its second factor.

use crate::ids::{SessionId, TenantId};
use chrono::{DateTime, Utc};

words! {
    /// Of whom a retailer asks a second factor.
    pub enum SecondFactorRule {
        /// Of nobody: everybody may have one.
        Optional = "optional",
        /// Of owners.
        Owners = "owners",
        /// Of every staff.
        Everybody = "everybody",
    }
}

requests! {
    /// A signed-in person proves once more who they are.
    pub struct Reauthenticate {
        /// The password.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "correct horse battery"))]
        pub password: String,
        /// The authenticator's six digits or a recovery code, when the login has a second factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 6, max_length = 64, example = "492039"))]
        pub code: Option<String>,
    }

    /// A person goes on at another retailer where their login has a place.
    pub struct SwitchPlace {
        /// Which retailer.
        pub tenant: TenantId,
    }

    /// The first code of a new authenticator.
    pub struct ConfirmSecondFactor {
        /// Its six digits.
        #[cfg_attr(feature = "openapi", schema(min_length = 6, max_length = 64, example = "492039"))]
        pub code: String,
    }

    /// The second factor is given up.
    pub struct RemoveSecondFactor {
        /// The password.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "correct horse battery"))]
        pub password: String,
        /// The authenticator's six digits or a recovery code.
        #[cfg_attr(feature = "openapi", schema(min_length = 6, max_length = 64, example = "492039"))]
        pub code: String,
    }

    /// Of whom a retailer asks a second factor from now on.
    pub struct RequireSecondFactor {
        /// Of whom.
        pub required: SecondFactorRule,
    }
}

answers! {
    /// A session that somebody is signed in with.
    pub struct OpenSession {
        /// Its id.
        pub id: SessionId,
        /// When the person signed in.
        pub opened_at: DateTime<Utc>,
        /// When it was last refreshed.
        pub refreshed_at: DateTime<Utc>,
        /// When the person last proved who they are.
        pub authenticated_at: DateTime<Utc>,
        /// When it ends by itself.
        pub expires_at: DateTime<Utc>,
        /// The program that opened it, as it calls itself; at most 200 characters.
        pub client: Option<String>,
        /// The network that it was opened from, never the whole address: an IPv4 /24 or an IPv6 /48.
        pub network: Option<String>,
        /// Whether it is the one that asks.
        pub current: bool,
    }

    /// A retailer where a login has a place.
    pub struct Place {
        /// The retailer.
        pub tenant: TenantId,
        /// Its name.
        pub name: String,
    }

    /// The login has places at several retailers: sign in again and name one.
    pub struct ChoosePlace {
        /// Where it may sign in.
        pub places: Vec<Place>,
    }

    /// The state of one's own second factor.
    pub struct SecondFactor {
        /// Since when the login has one; absent while it has none.
        pub enrolled_at: Option<DateTime<Utc>>,
        /// Recovery codes that were not used yet.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10))]
        pub recovery_codes_left: u32,
        /// Whether the retailer asks one of this person.
        pub required: bool,
    }

    /// The secret of a new authenticator, shown this once. It counts when its first code was confirmed.
    pub struct SecondFactorSecret {
        /// The secret in base32, for typing.
        pub secret: String,
        /// The same as a URI, for a QR code: `otpauth://totp/…`.
        pub otpauth_uri: String,
    }

    /// Recovery codes, shown this once. Each stands in for the authenticator one time; those before are void.
    pub struct RecoveryCodes {
        /// Ten codes of four groups of four.
        pub codes: Vec<String>,
    }
}
