//! What is no longer needed is removed: credentials and assertions past their time, tries to sign in that nobody counts
//! any more, and in each retailer the answers that were kept for repeated requests.

use super::store;
use crate::app::App;
use crate::error::Result;
use crate::platform::clock::now;
use crate::platform::db::once;
use crate::platform::http::who::Who;
use crate::platform::jobs::Sweep;
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use std::time::Duration;

/// Tries to sign in are forgotten after so long, which is how long the longest of them are counted.
const TRIES_KEPT: TimeDelta = TimeDelta::days(1);

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![
        Sweep {
            name: "directory.expired",
            every: Duration::from_mins(1),
            perform: |app| remove_expired(app).boxed_local(),
        },
        Sweep {
            name: "idempotency.expired",
            every: Duration::from_hours(1),
            perform: |app| remove_old_answers(app).boxed_local(),
        },
    ]
}

/// Removes what has expired, a bounded number of rows a transaction, until nothing is left.
async fn remove_expired(app: &App) -> Result<()> {
    while !*app.stopping.borrow()
        && app.db.system("remove expired credentials", async |tx| store::remove_expired(tx, now()).await).await? > 0
    {
    }
    while !*app.stopping.borrow()
        && app
            .db
            .system("remove old tries to sign in", async |tx| store::remove_old_tries(tx, now() - TRIES_KEPT).await)
            .await?
            > 0
    {}
    Ok(())
}

/// Removes the answers of a day ago, retailer by retailer, a bounded number a transaction.
async fn remove_old_answers(app: &App) -> Result<()> {
    super::each_tenant(app, "retailers whose kept answers expire", async |tenant| {
        let who = Who::system(tenant, "schedule", "idempotency.expired");
        while !*app.stopping.borrow()
            && app.db.write(&who, async |tx| once::remove_expired(tx, &who, now()).await).await? > 0
        {}
        Ok(())
    })
    .await
}
