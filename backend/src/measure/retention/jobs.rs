//! Samples that are kept long enough are removed, one retailer after the other.

use super::keep;
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    let every = Duration::from_hours(6);
    vec![Sweep { name: "samples.retention", every, perform: |app| keep_all(app).boxed_local() }]
}

async fn keep_all(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose old samples are removed", async |tenant| {
        keep(app, tenant, now()).await
    })
    .await
}
