//! Deferred work of the trail: forgetting what is old.

use super::{KEPT, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;

/// Rows that one transaction removes.
const REMOVED: i64 = 1000;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "trail.forget", every: Duration::from_hours(6), perform: |app| forget(app).boxed_local() }]
}

/// Forgets what is older than it is kept, retailer by retailer.
///
/// # Errors
/// When the list of retailers cannot be read.
pub async fn forget(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose trail is forgotten", async |tenant| {
        let (who, before) = (Who::system(tenant, "schedule", "trail.forget"), now() - KEPT);
        while !*app.stopping.borrow() {
            if app.db.write(&who, async |tx| store::forget(tx, tenant, before, REMOVED).await).await? == 0 {
                break;
            }
        }
        Ok(())
    })
    .await
}
