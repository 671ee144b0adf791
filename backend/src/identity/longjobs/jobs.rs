//! Deferred work of long jobs themselves: what is no longer kept is removed. The slices are their kinds' own work.

use super::{Tidy, tidy};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use futures_util::future::LocalBoxFuture;

/// The job that removes what is no longer kept of a long job.
pub(super) const TIDY: &str = "long_job_tidy";

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: TIDY, perform: perform_tidy }]
}

fn perform_tidy(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Tidy { job } = serde_json::from_value(payload).map_err(Error::internal)?;
        tidy(app, &who, job).await
    })
}
