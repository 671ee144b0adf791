//! The gateway lease: of several replicas of the bot with one token, which one is connected to the chat's gateway.
//!
//! A chat sends what people do there to every session of an account, so two sessions would answer everything twice, save
//! for what the chat itself refuses. The lease lasts [`LEASE`] from when its holder last asked and is counted by the
//! database's clock alone, so replicas whose clocks differ agree. Invariants: one holder an account; the holder's number
//! (`fence`) grows whenever the lease passes on or had lapsed, so whoever lost it meanwhile notices even when they have it
//! again. Posting needs no lease: every replica works the deliveries.

use super::store::gateway as store;
use crate::app::App;
use crate::error::Result;
use std::time::Duration;
use tillwatch_shared::watch::{AcquireGateway, GatewayLease, ReleaseGateway};

/// How long a holder has it after asking. Its bot asks three times in that.
pub const LEASE: Duration = Duration::from_secs(6);

/// Takes the lease, keeps it, or says how long its holder has it.
///
/// # Errors
/// When the database fails.
pub async fn acquire(app: &App, wish: &AcquireGateway) -> Result<GatewayLease> {
    app.db
        .system("gateway lease", async |tx| {
            if let Some(held) = store::take(tx, &wish.account, &wish.holder, LEASE).await? {
                return Ok(held);
            }
            store::of_other(tx, &wish.account).await
        })
        .await
}

/// Gives the lease back; `false` when it is not the asker's any more.
///
/// # Errors
/// When the database fails.
pub async fn release(app: &App, wish: &ReleaseGateway) -> Result<bool> {
    app.db.system("gateway lease", async |tx| store::end(tx, &wish.account, &wish.holder, wish.fence).await).await
}
