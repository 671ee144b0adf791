//! Doing long jobs slice by slice: tickets, turns, failures and the end.

use super::model::{AT_ONCE, KEPT, Kept, MOST_FAILURES};
use super::store::{self, Change};
use super::{FileName, Tidy, jobs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::{queue, unharmed};
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::LongJobState;

/// A slice is given up after this, before its ticket's lease ends.
const LONGEST_SLICE: Duration = Duration::from_secs(20);

/// A job in hand, as its kind sees it.
#[derive(Debug)]
pub struct Held {
    /// Its id.
    pub id: JobId,
    /// What was asked for.
    pub params: Value,
    /// Where the last slice ended; null before the first.
    pub checkpoint: Value,
    /// What was counted so far.
    pub counts: std::collections::BTreeMap<String, i64>,
    /// How often this slice has failed: a kind may do less at once then.
    pub failures: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// What a slice came to.
#[derive(Debug, Default)]
pub struct Slice {
    /// Where the next one goes on.
    pub checkpoint: Value,
    /// How much is done, in the kind's unit.
    pub done: i64,
    /// How much there is to do, if that is known now.
    pub total: Option<i64>,
    /// What is to be added to the counts.
    pub counts: Vec<(&'static str, i64)>,
    /// What is to be added to the files.
    pub output: Vec<(FileName, Vec<u8>)>,
    /// Whether that was the last one.
    pub finished: bool,
}

/// Does one slice of a kind, as part of the transaction.
pub type DoSlice = for<'a> fn(&'a mut Tx, &'a Who, &'a Held) -> LocalBoxFuture<'a, Result<Slice>>;

/// What the queue carries.
#[derive(Serialize, Deserialize)]
struct Ticket {
    job: JobId,
    slice: i64,
}

pub(super) async fn put(tx: &mut Tx, who: &Who, kind: &str, job: JobId, slice: i64) -> Result<()> {
    queue::enqueue(tx, who, kind, &json!(Ticket { job, slice }), now()).await
}

/// Does the slice that `payload` is the ticket of, if it is still to be done: what a kind's deferred work is.
///
/// # Errors
/// When the slice failed and is to be tried again.
pub async fn advance(app: &App, who: &Who, payload: Value, work: DoSlice) -> Result<()> {
    let ticket: Ticket = serde_json::from_value(payload).map_err(Error::internal)?;
    let turn = async { app.db.write(who, async |tx| turn(tx, who, &ticket, work).await).await };
    let late = |_| Err(Error::internal(format!("a slice took longer than {} s", LONGEST_SLICE.as_secs())));
    let outcome = tokio::time::timeout(LONGEST_SLICE, unharmed(turn)).await.unwrap_or_else(late);
    if let Err(error) = outcome {
        // Nobody is to blame for an outage: the ticket stays, and is presented again.
        if error.outage || !give_up(app, who, &ticket, &error).await? {
            return Err(error);
        }
    }
    app.wake(Topic::Jobs);
    Ok(())
}

/// The job that `ticket` is for, locked, if that slice is still to be done.
async fn due(tx: &mut Tx, who: &Who, ticket: &Ticket) -> Result<Option<Kept>> {
    let job = store::lock(tx, who.tenant, ticket.job).await?;
    let ready = |job: &Kept| matches!(job.state, LongJobState::Waiting | LongJobState::Running);
    Ok(job.filter(|job| job.slice == ticket.slice && ready(job)))
}

async fn turn(tx: &mut Tx, who: &Who, ticket: &Ticket, work: DoSlice) -> Result<()> {
    let at = now();
    let Some(job) = due(tx, who, ticket).await? else { return Ok(()) };
    if job.cancel_asked_at.is_some() {
        return end(tx, who, &job, LongJobState::Cancelled, None, at).await;
    }
    if job.state == LongJobState::Waiting {
        tenants::lock(tx, who.tenant).await?;
        let free = AT_ONCE - store::count_open(tx, who.tenant, Some(LongJobState::Running)).await?;
        let next = store::next_waiting(tx, who.tenant, free.max(0)).await?;
        if !next.iter().any(|(id, ..)| *id == job.id.0) {
            // Whichever ends next calls those that wait longest again.
            return Ok(());
        }
    }
    let held = Held {
        id: job.id,
        params: job.params.clone(),
        checkpoint: job.checkpoint.clone(),
        counts: job.counts(),
        failures: job.failures.unsigned_abs(),
        started_at: job.started_at.unwrap_or(at),
    };
    let slice = work(tx, &job.acting(who)?, &held).await?;
    for (name, bytes) in &slice.output {
        store::append(tx, who.tenant, job.id, *name, bytes).await?;
    }
    let change = Change {
        state: Some(LongJobState::Running.as_str()),
        done: Some(slice.done),
        total: slice.total,
        checkpoint: Some(slice.checkpoint),
        counts: Some(job.counted(&slice.counts)),
        slice: Some(job.slice + 1),
        failures: Some(0),
        started_at: Some(held.started_at),
        ..Change::default()
    };
    store::change(tx, who.tenant, job.id, change).await?;
    if slice.finished {
        return end(tx, who, &job, LongJobState::Succeeded, None, at).await;
    }
    put(tx, who, job.kind.as_str(), job.id, job.slice + 1).await
}

/// Counts a failure of a slice, and ends the job when trying again will not help; says whether it is over.
async fn give_up(app: &App, who: &Who, ticket: &Ticket, error: &Error) -> Result<bool> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let Some(job) = due(tx, who, ticket).await? else { return Ok(true) };
            let failures = job.failures + 1;
            // What is refused for what it is will be refused again.
            if error.code.status() < 500 {
                end(tx, who, &job, LongJobState::Failed, Some(&error.detail), at).await?;
            } else if failures >= MOST_FAILURES {
                tracing::error!(job = %job.id, %error, "a long job was given up");
                let why = format!(
                    "Something went wrong on our side, {failures} times. Ask for it again, or tell us the job's id."
                );
                end(tx, who, &job, LongJobState::Failed, Some(&why), at).await?;
            } else {
                let change = Change { failures: Some(failures), ..Change::default() };
                store::change(tx, who.tenant, job.id, change).await?;
                return Ok(false);
            }
            Ok(true)
        })
        .await
}

/// Ends a job: what was sent is no longer needed, and the next one may begin.
pub(super) async fn end(
    tx: &mut Tx,
    who: &Who,
    job: &Kept,
    state: LongJobState,
    why: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let message = why.map(|why| why.chars().take(1000).collect());
    let change = Change { state: Some(state.as_str()), message, finished_at: Some(at), ..Change::default() };
    store::change(tx, who.tenant, job.id, change).await?;
    for name in [FileName::Upload, FileName::Index] {
        // A hundred megabytes are four hundred parts; what a kind notes is less.
        store::remove_parts(tx, who.tenant, job.id, Some(name), 1_000_000).await?;
    }
    queue::enqueue(tx, who, jobs::TIDY, &json!(Tidy { job: job.id }), at + KEPT).await?;
    let action = match state {
        LongJobState::Succeeded => "job.succeeded",
        LongJobState::Cancelled => "job.cancelled",
        _ => "job.failed",
    };
    let after = Some(json!({ "kind": job.kind }));
    let entry = Entry { action, object: Some(job.id.to_string()), after, ..Entry::default() };
    audit::record(tx, &job.acting(who)?, entry).await?;
    tenants::lock(tx, who.tenant).await?;
    // As many as could run: each looks for itself whether it may, and one that another end has called already is no
    // loss.
    for (next, kind, slice) in store::next_waiting(tx, who.tenant, AT_ONCE).await? {
        put(tx, who, &kind, JobId(next), slice).await?;
    }
    Ok(())
}
