//! Long jobs: work that outlasts a request, with progress, cancel, and files of what came in and what came of it.
//!
//! Vocabulary: a *long job* is a row that people see; it is done in *slices*, each a piece of deferred work
//! ([`crate::platform::jobs`]) of its own. A slice does a bounded part of the work from the job's *checkpoint* on, and
//! writes its effects, its output and the next checkpoint in one transaction, in which the next slice is put into the queue. A
//! *kind* belongs to the domain that knows the work: it registers a kind of deferred work under the long job's name,
//! which calls [`advance`] with its slice.
//!
//! Invariants: a slice is done once, since its ticket names its number: killed at any point, a job repeats at most one slice
//! and doubles nothing; two jobs of a retailer run at once and the others wait in their order; a job acts for
//! whoever asked, with what they could reach then; a slice that fails again and again ends the job with a
//! sentence; what was done before a failure or a cancel stays, and its files too, for seven days.

pub mod jobs;
mod model;
pub mod routes;
mod store;

pub use model::{FileName, Handed, PART, handed};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::authorized::fresh;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Reach, Who};
use crate::platform::jobs::{queue, unharmed};
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use model::{AT_ONCE, Authority, KEPT, Kept, MOST_FAILURES, MOST_OPEN, UPLOAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Change, Narrowed};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::{LongJob, LongJobKind, LongJobState};
use uuid::Uuid;

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

/// What the queue carries for the time when files are no longer kept.
#[derive(Serialize, Deserialize)]
struct Tidy {
    job: JobId,
}

/// Asks for a job of `kind`, as part of `tx`; it waits for its turn. Wake the jobs after the commit.
///
/// # Errors
/// 429 when too many of the retailer's jobs are not over; otherwise when the database fails.
pub async fn ask(tx: &mut Tx, who: &Who, kind: LongJobKind, params: Value) -> Result<LongJob> {
    let job = insert(tx, who, kind, LongJobState::Waiting, params).await?;
    put(tx, who, kind.as_str(), job.id, 0).await?;
    Ok(job.to_wire())
}

/// Begins a job of `kind` whose file is still to come: [`add_upload`], and [`uploaded`] in the end.
///
/// # Errors
/// 429 when too many of the retailer's jobs are not over; otherwise when the database fails.
pub async fn begin_upload(app: &App, who: &Who, kind: LongJobKind, params: Value) -> Result<JobId> {
    app.db
        .write(who, async |tx| {
            let job = insert(tx, who, kind, LongJobState::Uploading, params.clone()).await?;
            let tidy = json!(Tidy { job: job.id });
            queue::enqueue(tx, who, jobs::TIDY, &tidy, job.created_at + UPLOAD).await?;
            Ok(job.id)
        })
        .await
}

/// Adds bytes to a job's upload: a multiple of [`PART`], but for the last ones.
///
/// # Errors
/// 409 when the job takes none any more, because it was cancelled or the upload took too long.
pub async fn add_upload(app: &App, who: &Who, id: JobId, bytes: &[u8]) -> Result<()> {
    app.db
        .write(who, async |tx| {
            uploading(tx, who, id).await?;
            store::append(tx, who.tenant, id, FileName::Upload, bytes).await
        })
        .await
}

/// The upload is whole: `last` bytes more, and `total` in all. The job waits for its turn.
///
/// # Errors
/// 409 when the job takes none any more.
pub async fn uploaded(
    app: &App,
    who: &Who,
    id: JobId,
    last: &[u8],
    total: i64,
    params: Value,
    checkpoint: Value,
) -> Result<LongJob> {
    let job = app
        .db
        .write(who, async |tx| {
            let job = uploading(tx, who, id).await?;
            store::append(tx, who.tenant, id, FileName::Upload, last).await?;
            let (total, state) = (Some(total), Some(LongJobState::Waiting.as_str()));
            let (params, checkpoint) = (Some(params.clone()), Some(checkpoint.clone()));
            let change = Change { state, total, params, checkpoint, ..Change::default() };
            store::change(tx, who.tenant, id, change).await?;
            put(tx, who, job.kind.as_str(), id, 0).await?;
            store::get(tx, who.tenant, id, None).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(job.to_wire())
}

/// The upload will not become whole: the job has failed for the reason `why`.
///
/// # Errors
/// When the database fails.
pub async fn broke_off(app: &App, who: &Who, id: JobId, why: &str) -> Result<()> {
    app.db
        .write(who, async |tx| match store::lock(tx, who.tenant, id).await? {
            Some(job) if job.state == LongJobState::Uploading => {
                end(tx, who, &job, LongJobState::Failed, Some(why), now()).await
            }
            _ => Ok(()),
        })
        .await
}

async fn uploading(tx: &mut Tx, who: &Who, id: JobId) -> Result<Kept> {
    let job = store::lock(tx, who.tenant, id).await?;
    job.filter(|job| job.state == LongJobState::Uploading).ok_or_else(|| {
        Error::conflict("The job takes no file any more: it was cancelled, or the upload took too long.")
    })
}

async fn insert(tx: &mut Tx, who: &Who, kind: LongJobKind, state: LongJobState, params: Value) -> Result<Kept> {
    // Two that are asked for at once must not both find the last place free.
    tenants::lock(tx, who.tenant).await?;
    if store::count_open(tx, who.tenant, None).await? >= MOST_OPEN {
        let mut full = Error::new(
            Code::TooManyRequests,
            format!("{MOST_OPEN} jobs wait or run already. Wait until one has ended, or cancel one."),
        );
        full.retry_after = Some(10);
        return Err(full);
    }
    let job = Kept {
        id: JobId::new(),
        kind,
        state,
        done: 0,
        total: None,
        message: None,
        params,
        checkpoint: Value::Null,
        counts: json!({}),
        slice: 0,
        failures: 0,
        cancel_asked_at: None,
        actor_kind: who.actor.kind().to_owned(),
        actor_id: who.actor.id(),
        authority: json!(Authority::of(who)),
        request_id: who.request_id.clone(),
        created_at: now(),
        started_at: None,
        finished_at: None,
        files_removed_at: None,
    };
    store::insert(tx, who.tenant, &job).await?;
    let (object, after) = (Some(job.id.to_string()), Some(json!({ "kind": kind })));
    audit::record(tx, who, Entry { action: "job.requested", object, after, ..Entry::default() }).await?;
    Ok(job)
}

async fn put(tx: &mut Tx, who: &Who, kind: &str, job: JobId, slice: i64) -> Result<()> {
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
        if store::count_open(tx, who.tenant, Some(LongJobState::Running)).await? >= AT_ONCE {
            // Whichever ends next puts the job that waits longest into the queue again.
            return Ok(());
        }
    }
    let held = Held {
        id: job.id,
        params: job.params.clone(),
        checkpoint: job.checkpoint.clone(),
        counts: job.counts(),
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
async fn end(
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
    // As many as could run: each looks for itself whether it may, and one that another end has called already is no loss.
    for (next, kind, slice) in store::next_waiting(tx, who.tenant).await? {
        put(tx, who, &kind, JobId(next), slice).await?;
    }
    Ok(())
}

/// Removes what is no longer kept: the files of a job that ended long ago, and an upload that broke off.
///
/// # Errors
/// When the database fails.
async fn tidy(app: &App, who: &Who, id: JobId) -> Result<()> {
    let at = now();
    let over = app
        .db
        .write(who, async |tx| {
            let Some(job) = store::lock(tx, who.tenant, id).await? else { return Ok(false) };
            if job.state == LongJobState::Uploading && job.created_at + UPLOAD <= at {
                let why = "The upload broke off. Send the file again.";
                end(tx, who, &job, LongJobState::Failed, Some(why), at).await?;
            }
            Ok(job.finished_at.is_some_and(|ended| ended + KEPT <= at) && job.files_removed_at.is_none())
        })
        .await?;
    if !over {
        return Ok(());
    }
    // A thousand parts are a quarter of a gigabyte: each in a transaction of its own, so that none is long.
    while app.db.write(who, async |tx| store::remove_parts(tx, who.tenant, id, None, 1_000).await).await? > 0 {}
    let change = || Change { files_removed_at: Some(at), ..Change::default() };
    app.db.write(who, async |tx| store::change(tx, who.tenant, id, change()).await).await
}

/// Whose jobs `who` sees: somebody who is narrowed to some channels sees their own only, since a job's files may tell of others.
fn only_of(who: &Who) -> Option<Option<Uuid>> {
    (who.reach != Reach::All).then(|| who.actor.id())
}

/// A page of the jobs, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    who: &Who,
    state: Option<LongJobState>,
    kind: Option<LongJobKind>,
    paging: &Paging,
) -> Result<Page<LongJob>> {
    let narrowed = Narrowed { state, kind, only_of: only_of(who) };
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, &narrowed, paging).await).await?;
    Ok(paging.page(rows, |job| job.id.0, |job| job.to_wire()))
}

/// One job.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: JobId) -> Result<LongJob> {
    Ok(app.db.read(who, async |tx| store::get(tx, who.tenant, id, only_of(who)).await).await?.to_wire())
}

/// Cancels a job: one that waits at once, one that runs at its next slice. One that is over stays as it is.
///
/// # Errors
/// 404.
pub async fn cancel(app: &App, who: &Who, id: JobId) -> Result<LongJob> {
    let job = app
        .db
        .write(who, async |tx| {
            store::get(tx, who.tenant, id, only_of(who)).await?;
            let job = store::lock(tx, who.tenant, id).await?.ok_or_else(|| Error::not_found("job"))?;
            if job.is_over() || job.cancel_asked_at.is_some() {
                return Ok(job);
            }
            let change = Change { cancel_asked_at: Some(now()), ..Change::default() };
            store::change(tx, who.tenant, id, change).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "job.cancel_requested", object, ..Entry::default() }).await?;
            if job.state != LongJobState::Running {
                end(tx, who, &job, LongJobState::Cancelled, None, now()).await?;
            }
            store::get(tx, who.tenant, id, None).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(job.to_wire())
}

/// How a job's file is handed out to `who`; its parts are read by [`parts`].
///
/// # Errors
/// 404 when there is no such job or its kind has no such file or it is no longer kept; 409 while the job is not over; 403
/// when the file asks for more than reading jobs.
pub async fn open_file(app: &App, who: &Who, id: JobId, name: FileName) -> Result<Handed> {
    let job = app.db.read(who, async |tx| store::get(tx, who.tenant, id, only_of(who)).await).await?;
    let file = handed(job.kind, name).ok_or_else(|| Error::not_found("file of a job"))?;
    if let Some(permission) = file.asks {
        if !who.permissions.allows(permission) {
            let detail =
                format!("This file needs the permission `{permission}`, which your role or token does not have.");
            return Err(Error::new(Code::PermissionDenied, detail));
        }
        fresh(who)?;
    }
    if !job.is_over() {
        return Err(Error::conflict(
            "The job is not over yet. Ask again when its state is succeeded, failed or cancelled.",
        ));
    }
    let whole = !file.packed || job.state == LongJobState::Succeeded;
    if job.files_removed_at.is_some() || job.finished_at.is_some_and(|ended| ended + KEPT <= now()) || !whole {
        return Err(Error::new(Code::NotFound, "The job has no such file, or it is no longer kept. Ask for it again."));
    }
    if file.asks.is_some() {
        let object = Some(id.to_string());
        let entry = Entry { action: "job.file_taken", object, ..Entry::default() };
        app.db.write(who, async |tx| audit::record(tx, who, entry).await).await?;
    }
    Ok(file)
}

/// Up to `most` parts of a job's file, from part `from` on.
///
/// # Errors
/// When the database fails.
pub async fn parts(app: &App, who: &Who, id: JobId, name: FileName, from: i32, most: i64) -> Result<Vec<Vec<u8>>> {
    app.db.read(who, async |tx| store::parts(tx, who.tenant, id, name, from, most).await).await
}

/// Every part of a file that a kind notes for its own end, as part of `tx`.
///
/// # Errors
/// When the database fails.
pub async fn noted(tx: &mut Tx, who: &Who, id: JobId) -> Result<Vec<u8>> {
    Ok(store::parts(tx, who.tenant, id, FileName::Index, 0, 1_000_000).await?.concat())
}

/// At least `least` bytes of a job's upload from byte `from` on, or what is left of it, as part of `tx`.
///
/// # Errors
/// When the database fails.
pub async fn upload_from(tx: &mut Tx, who: &Who, id: JobId, from: u64, least: usize) -> Result<Vec<u8>> {
    let size = PART as u64;
    let (part, skip) = (i32::try_from(from / size).map_err(Error::internal)?, from % size);
    let most = least.div_ceil(PART) + 1;
    let most = i64::try_from(most).map_err(Error::internal)?;
    let mut bytes = store::parts(tx, who.tenant, id, FileName::Upload, part, most).await?.concat();
    let skip = usize::try_from(skip).map_err(Error::internal)?.min(bytes.len());
    bytes.drain(..skip);
    Ok(bytes)
}
