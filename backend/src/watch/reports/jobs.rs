//! Deferred work of reports: the sweep that puts what is due soon into the queue, and the telling of one.

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, Sweep};
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use std::time::Duration;
use tillwatch_shared::watch::ReportKind;

/// The job that tells a report.
pub(super) const TELL: &str = "report_due";
/// The sweep's name.
const PLANNED: &str = "reports.planned";
/// How often is looked ahead: twice in the time that is looked ahead, so that a round may be missed.
const ROUND: Duration = Duration::from_mins(15);

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: TELL, perform: tell }]
}

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: PLANNED, every: ROUND, perform: |app| plan(app).boxed_local() }]
}

#[derive(Deserialize)]
struct Payload {
    kind: ReportKind,
    due: DateTime<Utc>,
}

fn tell(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Payload { kind, due } = serde_json::from_value(payload).map_err(Error::internal)?;
        super::tell(app, &who, kind, due).await
    })
}

async fn plan(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose reports are due soon", async |tenant| {
        let who = Who::system(tenant, "schedule", PLANNED);
        app.db.write(&who, async |tx| super::plan_all(tx, &who, now()).await).await
    })
    .await
}
