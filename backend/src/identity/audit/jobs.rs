//! Every retailer's log is sealed, again and again, in its own transaction.

use super::sealing;
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "audit.seals", every: Duration::from_secs(30), perform: |app| seal_all(app).boxed_local() }]
}

async fn seal_all(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose audit logs are sealed", async |tenant| {
        sealing::seal(app, tenant, now() - sealing::MARGIN).await.map(drop)
    })
    .await
}
