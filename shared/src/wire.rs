//! Pieces that every wing's bodies share, and the macros that declare ids, bodies and closed word lists.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Declares answer bodies: serialised, read back by clients, described in the OpenAPI document.
macro_rules! answers {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$fmeta:meta])* pub $field:ident: $ty:ty ),* $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name { $( $(#[$fmeta])* pub $field: $ty ),* }
    )* };
}

/// Declares request bodies: as answers, and unknown fields are refused.
macro_rules! requests {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$fmeta:meta])* pub $field:ident: $ty:ty ),* $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name { $( $(#[$fmeta])* pub $field: $ty ),* }
    )* };
}

/// Declares a closed list of words: an enum with its text form, parsed and printed the same everywhere.
macro_rules! words {
    ($( $(#[$meta:meta])* pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $word:tt ),+ $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name { $( $(#[$vmeta])* #[serde(rename = $word)] $variant ),+ }

        impl $name {
            /// Every word of the list, in the order of its declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word ),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::wire::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text).ok_or_else(|| $crate::wire::UnknownWord {
                    word: text.chars().take(64).collect(),
                    known: Self::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    )* };
}

/// A word that is not on its closed list; names the words that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of: {known}")]
pub struct UnknownWord {
    /// What was said (at most 64 characters of it).
    pub word: String,
    /// What may be said, separated by commas.
    pub known: String,
}

/// Reads a field of a change that may be absent and cannot be cleared: `null` is refused, not taken for absent.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let given: Option<T> = Option::deserialize(from)?;
    let null = || D::Error::custom("invalid type: null, which clears nothing here; leave the field out to keep it");
    given.map(Some).ok_or_else(null)
}

/// Reads a field of a change that may be absent (`None`), cleared by `null` (`Some(None)`) or given.
#[expect(clippy::option_option, reason = "three answers: stays, cleared, given")]
pub(crate) fn clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

words! {
    /// The languages in which every text of the product exists.
    #[derive(Default)]
    pub enum Locale {
        /// English.
        #[default]
        En = "en",
        /// Simplified Chinese.
        ZhCn = "zh-CN",
    }
}

requests! {
    /// An amount of money.
    pub struct Money {
        /// In the currency's minor unit (cents, fen).
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 150_000))]
        pub amount_minor: i64,
        /// ISO 4217 code.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD"))]
        pub currency: String,
    }
}

impl Money {
    /// Minor digits of a currency (ISO 4217): 0 for yen and won, 3 for dinars, else 2.
    pub fn minor_digits(currency: &str) -> usize {
        match currency {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
            | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    /// The amount in the currency's major unit, for showing and for shares.
    pub fn major(&self) -> f64 {
        let scale = match Self::minor_digits(&self.currency) {
            0 => 1.0,
            3 => 1_000.0,
            _ => 100.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "1e12 at most: far below 2^53")]
        let minor = self.amount_minor as f64;
        minor / scale
    }
}

answers! {
    /// The answer to an action that has nothing else to tell.
    pub struct Acknowledgement {
        /// Whether the call changed anything; `false` when it was already so.
        pub changed: bool,
    }
}

/// One page of a list. `next_cursor` is absent on the last page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub data: Vec<T>,
    /// Give this as `cursor` to read on; opaque, bound to the tenant and the filter.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
}
