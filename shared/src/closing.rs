//! Closing a retailer on the wire, and the certificate of its erasure.

use crate::identity::Jwk;
use crate::ids::ErasureId;
use chrono::{DateTime, Utc};

words! {
    /// How far the end of a retailer is.
    pub enum ErasureState {
        /// Waits for its time; the retailer may be kept open until then.
        Closing = "closing",
        /// The time has come: rows are being removed.
        Erasing = "erasing",
        /// Nothing is left.
        Erased = "erased",
        /// The retailer was kept open.
        KeptOpen = "kept_open",
    }
}

requests! {
    /// A retailer is to be closed and everything of it removed.
    pub struct CloseTenant {
        /// The retailer's name, once more, exactly.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Harbour Grocers"))]
        pub confirm: String,
        /// Why; kept in the audit log until it is removed as well.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "We have moved to another service."))]
        pub reason: String,
    }
}

answers! {
    /// A retailer that is being closed.
    pub struct TenantClosing {
        /// With this id anybody who has it reads what became of it, also when nothing else is left. Keep it.
        pub erasure: ErasureId,
        /// Until then it can be kept open; from then on everything is removed.
        pub closes_at: DateTime<Utc>,
        /// Whether the call changed anything; `false` when it was being closed already.
        pub changed: bool,
    }

    /// What became of a retailer that was to be closed.
    pub struct Erasure {
        /// The id that was given when it was closed.
        pub id: ErasureId,
        /// How far it is.
        pub state: ErasureState,
        /// From when on it is removed; absent afterwards.
        pub closes_at: Option<DateTime<Utc>>,
        /// When the last row was gone.
        pub erased_at: Option<DateTime<Utc>>,
        /// The certificate: a JWS (`EdDSA`) that says which retailer, how many rows of each table, when, and that it
        /// was verified.
        #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
        pub certificate: Option<String>,
        /// The public key that verifies it; its `kid` is published in the key set until keys are rotated.
        pub key: Option<Jwk>,
    }
}
