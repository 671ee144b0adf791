//! Signing up and in, sessions, partners' tokens, and what a credential or a body may not be.
//!
//! Cast: [`sessions`], [`tokens`], [`forged`] (access tokens that are not ours), [`requests`] (bodies, queries, headers).

#![expect(clippy::unwrap_used, reason = "tests")]

mod forged;
mod requests;
mod sessions;
mod tokens;

use crate::harness::{Answer, Client};
use std::time::{Duration, Instant};

/// How soon a withdrawn right is gone: a second, and what a busy machine takes.
const SOON: Duration = Duration::from_millis(1500);

/// Asks who the caller is until that is refused; fails when that takes longer than [`SOON`].
async fn refused_soon(caller: &Client) -> Answer {
    let started = Instant::now();
    loop {
        let answer = caller.get("/v1/me").await;
        if answer.status != 200 {
            return answer;
        }
        assert!(started.elapsed() < SOON, "still let in after {:?}", started.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
