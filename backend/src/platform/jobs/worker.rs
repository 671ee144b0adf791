//! The worker's loop: claim, perform, delete; poll when no wake-up comes.

use super::queue::{self, Job};
use super::{JobKind, MOST_ATTEMPTS};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use futures_util::future::join_all;
use std::time::Duration;
use tillwatch_shared::ids::TenantId;

/// A claimed job comes back after this if its worker died.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Jobs claimed at once; they run side by side.
const BATCH: i64 = 16;
/// How often the queue is looked at without a wake-up.
const POLL: Duration = Duration::from_millis(500);

/// Works the queue until the process stops; ends between two batches.
pub async fn run(app: &App, kinds: &[JobKind]) {
    let mut stopping = app.stopping.clone();
    while !*stopping.borrow() {
        match round(app, kinds).await {
            Ok(0) => tokio::select! {
                () = app.wake.wait(Topic::Jobs, POLL) => {}
                _ = stopping.changed() => {}
            },
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the job queue cannot be reached");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// Claims and performs one batch; returns how many jobs it had.
///
/// # Errors
/// When the queue cannot be reached. A job's own failure is written to the queue instead.
pub async fn round(app: &App, kinds: &[JobKind]) -> Result<usize> {
    let jobs = app.db.system("claim jobs", async |tx| queue::claim(tx, now(), LEASE, BATCH).await).await?;
    let count = jobs.len();
    for outcome in join_all(jobs.into_iter().map(|job| perform(app, kinds, job))).await {
        outcome?;
    }
    Ok(count)
}

async fn perform(app: &App, kinds: &[JobKind], job: Job) -> Result<()> {
    let who = Who::system(TenantId(job.tenant), "job", &job.request_id);
    let outcome = match kinds.iter().find(|kind| kind.name == job.kind) {
        Some(kind) => (kind.perform)(app, who, job.payload.clone()).await,
        None => Err(Error::internal(format!("no such kind of job: {}", job.kind))),
    };
    match outcome {
        Ok(()) => app.db.system("finish a job", async |tx| queue::done(tx, &job).await).await,
        Err(error) => {
            let (kind, attempt) = (&job.kind, job.attempt);
            tracing::warn!(kind, attempt, of = MOST_ATTEMPTS, request_id = job.request_id, %error, "a job failed");
            app.db.system("put a failed job back", async |tx| queue::failed(tx, &job, &error, now()).await).await
        }
    }
}
