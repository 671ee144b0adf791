//! Deferred work of long jobs themselves: what is no longer kept is removed, and tickets that were given up are put anew.
//! The slices are their kinds' own work.

use super::{Tidy, tidy};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, Sweep, queue};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use std::time::Duration;
use tillwatch_shared::jobs::LongJobKind;

/// The job that removes what is no longer kept of a long job.
pub(super) const TIDY: &str = "long_job_tidy";

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: TIDY, perform: perform_tidy }]
}

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "long_jobs.tickets", every: Duration::from_mins(10), perform: |app| revive(app).boxed_local() }]
}

/// Puts the tickets anew that were given up, such as those that a worker of an older version did not know: a job without
/// one would keep its turn for ever. A ticket of a slice that was done does nothing, and a slice that fails ends its job.
///
/// # Errors
/// When the database fails.
pub async fn revive(app: &App) -> Result<()> {
    let kinds = LongJobKind::ALL.iter().map(|kind| kind.as_str()).chain([TIDY]).collect();
    let revived = app.db.system("tickets that were given up", async |tx| queue::revive(tx, kinds, now()).await).await?;
    if revived > 0 {
        tracing::warn!(revived, "tickets of long jobs were given up and are put anew");
    }
    Ok(())
}

fn perform_tidy(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Tidy { job } = serde_json::from_value(payload).map_err(Error::internal)?;
        tidy(app, &who, job).await
    })
}
