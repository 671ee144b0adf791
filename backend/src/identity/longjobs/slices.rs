//! Doing long jobs slice by slice: tickets, turns, failures and the end.

use super::model::{AT_ONCE, KEPT, Kept, MOST_FAILURES, RESTS, asks, both};
use super::store::{self, Change};
use super::{FileName, Tidy, jobs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{authority, partners, tenants};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::{Actor, Who};
use crate::platform::jobs::{queue, unharmed};
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tillwatch_shared::errors::Code;
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
    put_at(tx, who, kind, job, slice, now()).await
}

async fn put_at(tx: &mut Tx, who: &Who, kind: &str, job: JobId, slice: i64, at: DateTime<Utc>) -> Result<()> {
    queue::enqueue(tx, who, kind, &json!(Ticket { job, slice }), at).await
}

/// Does the slice that `payload` is the ticket of, if it is still to be done: what a kind's deferred work is.
///
/// # Errors
/// When the slice failed and is to be tried again.
pub async fn advance(app: &App, who: &Who, payload: Value, work: DoSlice) -> Result<()> {
    let ticket: Ticket = serde_json::from_value(payload).map_err(Error::internal)?;
    let done = async {
        // A transaction of its own: it holds the retailer's row, for which others wait, for a moment only.
        if app.db.write(who, async |tx| take_turn(tx, who, &ticket).await).await? {
            app.db.write(who, async |tx| slice(tx, who, &ticket, work).await).await?;
        }
        Ok(())
    };
    let late = |_| Err(Error::internal(format!("a slice took longer than {} s", LONGEST_SLICE.as_secs())));
    let outcome = tokio::time::timeout(LONGEST_SLICE, unharmed(done)).await.unwrap_or_else(late);
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

/// Lets a job run that waits and whose turn it is; says whether it runs.
async fn take_turn(tx: &mut Tx, who: &Who, ticket: &Ticket) -> Result<bool> {
    let at = now();
    let Some(job) = due(tx, who, ticket).await? else { return Ok(false) };
    if job.state == LongJobState::Running {
        return Ok(true);
    }
    tenants::lock(tx, who.tenant).await?;
    let free = AT_ONCE - store::count_open(tx, who.tenant, Some(LongJobState::Running)).await?;
    let next = store::next_waiting(tx, who.tenant, at, free.max(0)).await?;
    if !next.iter().any(|(id, ..)| *id == job.id.0) {
        // Whichever ends next calls those that wait longest again; one that rests has its ticket for then.
        return Ok(false);
    }
    let change = Change {
        state: Some(LongJobState::Running.as_str()),
        message: Some(None),
        rests_until: Some(None),
        started_at: Some(job.started_at.unwrap_or(at)),
        ..Change::default()
    };
    store::change(tx, who.tenant, job.id, change).await?;
    Ok(true)
}

/// Who a job acts for, with what they reached when they asked and still do.
///
/// # Errors
/// 403 with a sentence for the job when they may not do it any more, or nobody may at this retailer.
async fn acting(tx: &mut Tx, who: &Who, job: &Kept, at: DateTime<Utc>) -> Result<Who> {
    let asker = job.asker(who)?;
    // One that is being closed is read and copied, not changed.
    tenants::standing(tx, who.tenant).await?.admit(Some(asks(job.kind)))?;
    let now = match asker.actor {
        Actor::Staff { id, .. } => {
            let working = authority::of_working(tx, who.tenant, id).await?;
            working.map(|authority| (authority.permissions, authority.reach))
        }
        Actor::Token(id) => {
            let living = partners::of_working(tx, who.tenant, id, at).await?;
            living.map(|living| (living.permissions, living.reach))
        }
        Actor::Rule(_) | Actor::System => return Ok(asker),
    };
    let (permissions, reach) = now.ok_or_else(|| {
        Error::new(
            Code::PermissionDenied,
            "Whoever asked for this has left, or the token is revoked or has expired. What was done before stays; \
             somebody else may ask for the rest.",
        )
    })?;
    let permission = asks(job.kind);
    if !permissions.allows(permission) {
        let detail = format!(
            "Whoever asked for this does not have the permission `{permission}` any more. What was done before stays."
        );
        return Err(Error::new(Code::PermissionDenied, detail));
    }
    Ok(Who { reach: both(&asker.reach, reach), ..asker })
}

async fn slice(tx: &mut Tx, who: &Who, ticket: &Ticket, work: DoSlice) -> Result<()> {
    let at = now();
    let Some(job) = due(tx, who, ticket).await? else { return Ok(()) };
    if job.cancel_asked_at.is_some() {
        return end(tx, who, &job, LongJobState::Cancelled, None, at).await;
    }
    let acting = acting(tx, who, &job, at).await?;
    let held = Held {
        id: job.id,
        params: job.params.clone(),
        checkpoint: job.checkpoint.clone(),
        counts: job.counts(),
        failures: job.failures.unsigned_abs(),
        started_at: job.started_at.unwrap_or(at),
    };
    let slice = work(tx, &acting, &held).await?;
    for (name, bytes) in &slice.output {
        store::append(tx, who.tenant, job.id, *name, bytes).await?;
    }
    let change = Change {
        done: Some(slice.done),
        total: slice.total,
        checkpoint: Some(slice.checkpoint),
        counts: Some(job.counted(&slice.counts)),
        slice: Some(job.slice + 1),
        failures: Some(0),
        ..Change::default()
    };
    store::change(tx, who.tenant, job.id, change).await?;
    if slice.finished {
        return end(tx, who, &job, LongJobState::Succeeded, None, at).await;
    }
    put(tx, who, job.kind.as_str(), job.id, job.slice + 1).await
}

/// Counts a failure of a slice, and ends the job when trying again will not help; a job that the day has no room for rests
/// until the next one. Says whether the ticket is done with.
async fn give_up(app: &App, who: &Who, ticket: &Ticket, error: &Error) -> Result<bool> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let Some(job) = due(tx, who, ticket).await? else { return Ok(true) };
            let failures = job.failures + 1;
            if let Some(until) = rests_until(&job, error, at) {
                rest(tx, who, &job, error, until).await?;
            } else if error.code.status() < 500 {
                // What is refused for what it is will be refused again.
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

/// Until when a job rests that was refused as too much for now; `None` when it was not, or has rested for long enough.
fn rests_until(job: &Kept, error: &Error, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = error.retry_after.filter(|_| error.code == Code::TooManyRequests)?;
    let until = at + TimeDelta::seconds(i64::from(wait));
    (until < job.created_at + RESTS).then_some(until)
}

/// Lets a job rest, and others run meanwhile; its ticket is for then.
async fn rest(tx: &mut Tx, who: &Who, job: &Kept, error: &Error, until: DateTime<Utc>) -> Result<()> {
    let change = Change {
        state: Some(LongJobState::Waiting.as_str()),
        message: Some(Some(message(&error.detail))),
        rests_until: Some(Some(until)),
        ..Change::default()
    };
    store::change(tx, who.tenant, job.id, change).await?;
    put_at(tx, who, job.kind.as_str(), job.id, job.slice, until).await?;
    call_next(tx, who).await
}

fn message(why: &str) -> String {
    why.chars().take(1000).collect()
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
    let (state_word, message) = (Some(state.as_str()), Some(why.map(message)));
    let change = Change { state: state_word, message, finished_at: Some(at), ..Change::default() };
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
    audit::record(tx, &job.asker(who)?, entry).await?;
    call_next(tx, who).await
}

/// Calls the jobs that wait longest.
async fn call_next(tx: &mut Tx, who: &Who) -> Result<()> {
    tenants::lock(tx, who.tenant).await?;
    // As many as could run: each looks for itself whether it may, and one that another end has called already is no
    // loss.
    for (next, kind, slice) in store::next_waiting(tx, who.tenant, now(), AT_ONCE).await? {
        put(tx, who, &kind, JobId(next), slice).await?;
    }
    Ok(())
}
