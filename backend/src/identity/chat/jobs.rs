//! Link codes that were over long ago are removed; robots' addresses are sealed anew while the key is rotated.

use super::{robots, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::Sweep;
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use std::time::Duration;

/// What is over is kept for so long.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Codes that are removed in one transaction.
const AT_ONCE: i64 = 500;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![
        Sweep { name: OVER, every: Duration::from_hours(6), perform: |app| remove_over(app).boxed_local() },
        Sweep {
            name: "chat.robots_resealed",
            every: Duration::from_mins(10),
            perform: |app| reseal(app).boxed_local(),
        },
    ]
}

async fn reseal(app: &App) -> Result<()> {
    if !app.sealer.is_rotating() {
        return Ok(());
    }
    directory::each_tenant(app, "retailers whose robots are sealed anew", async |tenant| {
        let who = Who::system(tenant, "schedule", "chat.robots_resealed");
        app.db.write(&who, async |tx| robots::reseal(tx, &app.sealer, tenant).await).await
    })
    .await
}

const OVER: &str = "chat.codes_over";

async fn remove_over(app: &App) -> Result<()> {
    let before = now() - KEPT;
    directory::sweep_each_tenant(app, OVER, async |tx, tenant| store::remove_over(tx, tenant, before, AT_ONCE).await)
        .await
}
