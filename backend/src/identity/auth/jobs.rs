//! While `SECRET_KEY` is rotated, what the key before has sealed is sealed anew, so that the key may go; sessions that were
//! over long ago are removed.

use super::{factor, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::jobs::Sweep;
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use std::time::Duration;
use uuid::Uuid;

/// A session that is over is kept for so long.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Secrets that are sealed, and sessions that are removed, in one transaction.
const AT_ONCE: i64 = 200;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![
        Sweep { name: "auth.sealed_anew", every: Duration::from_mins(10), perform: |app| seal_anew(app).boxed_local() },
        Sweep { name: OVER, every: Duration::from_hours(6), perform: |app| remove_over(app).boxed_local() },
    ]
}

const OVER: &str = "auth.sessions_over";

async fn remove_over(app: &App) -> Result<()> {
    let before = now() - KEPT;
    directory::sweep_each_tenant(app, OVER, async |tx, tenant| store::remove_over(tx, tenant, before, AT_ONCE).await)
        .await
}

async fn seal_anew(app: &App) -> Result<()> {
    let mut after = Uuid::nil();
    while !*app.stopping.borrow() {
        let Some(last) = factor::reseal(app, after, AT_ONCE).await? else { break };
        after = last;
    }
    Ok(())
}
