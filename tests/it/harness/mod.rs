//! What every integration test stands on: one PostgreSQL and one service for the whole run, callers of every sort,
//! and databases and services of one's own for the tests that break things.
//!
//! Cast: [`database`] (the server, a template that is migrated once, copies of it), [`service`] (the shared service
//! and services of one's own), [`client`] (a caller over HTTP), [`tenant`] (a retailer with its staff, tokens and
//! chat), [`feed`] (samples in, series out), [`program`] (the built program as a process of its own), [`server`] (one that serves, to be killed), [`redact`] (answers without what differs from run to run).
//! Invariants: nothing leaves loopback; a test owns a fresh retailer, as a customer does, so that hundreds run side
//! by side; what is started ends with the process even when that is killed; a wait has a deadline and names what it
//! waited for.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken harness must fail its test loudly"
)]

pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod feed;
pub(crate) mod program;
pub(crate) mod redact;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod tenant;

pub(crate) use client::{Answer, Client};
pub(crate) use database::{Database, own_database};
pub(crate) use redact::redacted;
pub(crate) use server::Server;
pub(crate) use service::{OwnService, own_service, shared};
pub(crate) use tenant::Tenant;

use std::time::{Duration, Instant};

/// How long a wait may take before its test fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How soon a change of rights counts everywhere: a second, and what the clocks of two threads may differ by.
pub(crate) const SOON: Duration = Duration::from_millis(1100);

/// As [`eventually`], for what must be so within a second: fails when a question that was put after [`SOON`] has no answer
/// yet, however slow the machine is.
pub(crate) async fn soon<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        let asked = started.elapsed();
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(asked < SOON, "after {asked:?} still in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks until the status is `wanted`, as [`soon`].
pub(crate) async fn becomes(wanted: u16, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    soon("another status", async || Some(ask().await).filter(|answer| answer.status == wanted)).await
}

/// Asks again and again until there is an answer; fails after [`PATIENCE`] and says for what it waited.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, ask).await
}

/// As [`eventually`], for what may take longer, or shall not.
pub(crate) async fn eventually_within<T>(patience: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited {patience:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
