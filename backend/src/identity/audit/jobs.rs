//! Every retailer's log is sealed, again and again, in its own transaction.

use super::sealing;
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;

/// Retailers that are listed at once.
const LISTED: usize = 200;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "audit.seals", every: Duration::from_secs(20), perform: |app| seal_all(app).boxed_local() }]
}

async fn seal_all(app: &App) -> Result<()> {
    let mut after = None;
    while !*app.stopping.borrow() {
        let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
        let tenants = app.db.system("seal audit logs", async |tx| directory::tenants(tx, after, most).await).await?;
        for tenant in &tenants {
            match sealing::seal(app, *tenant, now() - sealing::MARGIN).await {
                Err(error) if error.outage => return Err(error),
                // One retailer's trouble is not the others'.
                Err(error) => tracing::error!(%tenant, %error, "an audit log cannot be sealed"),
                Ok(_) => {}
            }
            if *app.stopping.borrow() {
                return Ok(());
            }
        }
        if tenants.len() < LISTED {
            break;
        }
        after = tenants.last().copied();
    }
    Ok(())
}
