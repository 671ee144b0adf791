//! Which replica is connected to a chat's gateway: asked of the service, by the bot for itself.

use super::{Answer, Api};
use std::time::Duration;
use tillwatch_shared::Acknowledgement;
use tillwatch_shared::watch::{AcquireGateway, GatewayLease, ReleaseGateway};

/// How long the service may take: a lease lasts for seconds, so a late answer is none.
const SOON: Duration = Duration::from_millis(1_500);

impl Api {
    /// Takes the account's gateway session for this holder, or keeps it.
    pub async fn acquire_gateway(&self, account: &str, holder: &str) -> Answer<GatewayLease> {
        let body = AcquireGateway { account: account.to_owned(), holder: holder.to_owned() };
        self.send_once("/v1/gateway-leases/acquire", |http, url| http.post(url).json(&body).timeout(SOON)).await
    }

    /// Gives the account's gateway session back.
    pub async fn release_gateway(&self, account: &str, holder: &str, fence: i64) -> Answer<Acknowledgement> {
        let body = ReleaseGateway { account: account.to_owned(), holder: holder.to_owned(), fence };
        self.send_once("/v1/gateway-leases/release", |http, url| http.post(url).json(&body).timeout(SOON)).await
    }
}
