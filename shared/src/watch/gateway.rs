//! Bodies of the gateway's lease: which replica of the bot is connected to its chat.

requests! {
    /// A replica of the bot asks for the gateway session of its chat account, or to keep it.
    pub struct AcquireGateway {
        /// The chat account: any text that is the same for every replica with the same token.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "discord-2bb80d537b1da3e3"))]
        pub account: String,
        /// The replica: any text that is its own.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "018f2f6e5d8a7c3b"))]
        pub holder: String,
    }

    /// A replica of the bot gives its gateway session back.
    pub struct ReleaseGateway {
        /// The chat account.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "discord-2bb80d537b1da3e3"))]
        pub account: String,
        /// The replica.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "018f2f6e5d8a7c3b"))]
        pub holder: String,
        /// The number that it was given with the session; a later holder's session is not touched.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 7))]
        pub fence: i64,
    }
}

answers! {
    /// Who holds the gateway session of a chat account.
    pub struct GatewayLease {
        /// Whether it is the replica that asked.
        pub held: bool,
        /// Which time in office this is: it grows whenever the session passes to another holder, or had lapsed.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 7))]
        pub fence: i64,
        /// Milliseconds until it lapses, unless its holder asks again before; by the database's clock.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 60_000, example = 6_000))]
        pub expires_in_ms: u32,
    }
}
