//! Long jobs: work that outlasts a request, with progress, cancel, and files of what came in and what came of it.
//!
//! Vocabulary: a *long job* is a row that people see; it is done in *slices*, each a piece of deferred work
//! ([`crate::platform::jobs`]) of its own. A slice does a bounded part of the work from the job's *checkpoint* on, and
//! writes its effects, its output and the next checkpoint in one transaction, in which the next slice is put into the
//! queue. A *kind* belongs to the domain that knows the work: it registers a kind of deferred work under the long
//! job's name, which calls [`advance`] with its slice.
//!
//! Cast: `slices` (tickets, turns, failures, the end), `upload` (a file that comes in), `model` (pure), `store`.
//!
//! Invariants: a slice is done once, since its ticket names its number: killed at any point, a job repeats at most one
//! slice and doubles nothing; two jobs of a retailer run at once and the others wait in their order; a job acts for
//! whoever asked, with what they could reach then and still do, and ends when they may not do it any more; what the day
//! has no room for *rests* until the next one; a slice that fails again and again ends the job with a sentence; a ticket
//! that was given up is put anew; what was done before a failure or a cancel stays, and its files too, for seven days.

pub mod jobs;
mod model;
pub mod routes;
mod slices;
mod store;
mod upload;

pub use model::{FileName, Handed, PART, handed};
pub use slices::{DoSlice, Held, Slice, advance};
pub use upload::{add_upload, begin_upload, broke_off, upload_from, uploaded};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::authorized::fresh;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Reach, Who};
use crate::platform::wake::Topic;
use model::{Authority, KEPT, Kept, MOST_OPEN, UPLOAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slices::{end, put};
use store::{Change, Narrowed};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::{LongJob, LongJobKind, LongJobState};
use uuid::Uuid;

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

/// Whose jobs `who` sees: somebody who is narrowed to some channels sees their own only, since a job's files may tell
/// of others.
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
            if job.state == LongJobState::Running {
                // Should its ticket be lost or rest after a failure, this one ends it; two of them do no harm.
                put(tx, who, job.kind.as_str(), id, job.slice).await?;
            } else {
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
/// 404 when there is no such job or its kind has no such file or it is no longer kept; 409 while the job is not over;
/// 403 when the file asks for more than reading jobs.
pub async fn open_file(app: &App, who: &Who, id: JobId, name: FileName) -> Result<Handed> {
    let job = app.db.read(who, async |tx| store::get(tx, who.tenant, id, only_of(who)).await).await?;
    let file = handed(job.kind, name).ok_or_else(|| Error::not_found("file of a job"))?;
    if let Some(permission) = file.asks {
        if !who.may(permission) {
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
