//! Invitations that were over long ago are removed.

use super::store;
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::jobs::Sweep;
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use std::time::Duration;

/// What is over is kept for so long.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Invitations that are removed in one transaction.
const AT_ONCE: i64 = 500;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: OVER, every: Duration::from_hours(6), perform: |app| remove_over(app).boxed_local() }]
}

const OVER: &str = "invitations.over";

async fn remove_over(app: &App) -> Result<()> {
    let before = now() - KEPT;
    directory::sweep_each_tenant(app, OVER, async |tx, tenant| store::remove_over(tx, tenant, before, AT_ONCE).await)
        .await
}
