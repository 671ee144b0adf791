//! Deferred work on a PostgreSQL queue: enqueued in the transaction that causes it, done by the worker.
//!
//! Vocabulary: a *job* carries a kind and ids, never data; *claiming* one moves its `run_at` to the end of the lease,
//! so that a worker that dies gives it back by the clock alone. Cast: [`queue`] (the SQL), [`worker`] (its
//! hands), [`hands`] (the loop of this and of the other queues).
//! Invariants: a job runs at least once and is idempotent; it is deleted only by the attempt that did it; after
//! [`MOST_ATTEMPTS`] failures it is dead and stays for a person to look at. A job that panics has failed, no job holds
//! others up, and one tenant's jobs never take all hands.
//!
//! Beside the queue, a [`Sweep`] is work without a cause: every worker of every process does it again and again
//! ([`schedule`]), so it must be harmless when it is done twice at once.

pub mod hands;
pub mod queue;
pub mod schedule;
pub mod worker;

use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Attempts before a job is dead.
pub const MOST_ATTEMPTS: i32 = 8;

/// Does one job: gets the tenant's system authority and the payload.
pub type Perform = for<'a> fn(&'a App, Who, serde_json::Value) -> LocalBoxFuture<'a, Result<()>>;

/// Work that is done again and again by each worker; [`schedule`] says when it begins after a start.
#[derive(Clone, Copy)]
pub struct Sweep {
    /// Its name in the log.
    pub name: &'static str,
    /// How long it rests between two rounds.
    pub every: Duration,
    /// What does it.
    pub perform: for<'a> fn(&'a App) -> LocalBoxFuture<'a, Result<()>>,
}

/// A kind of job and what does it.
#[derive(Clone, Copy)]
pub struct JobKind {
    /// The kind's name in the queue.
    pub name: &'static str,
    /// What does it.
    pub perform: Perform,
}

/// Does `work`; a panic in it becomes an error, so that the worker lives on. What it had begun in the database is
/// rolled back, and nothing else is shared between two pieces of work.
///
/// # Errors
/// What `work` returns, and 500 for a panic.
pub async fn unharmed<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(Error::internal(format!("it panicked: {}", text.unwrap_or("no message"))))
        }
    }
}
