//! Signing up and in, sessions, partners' tokens, and what a credential or a body may not be.
//!
//! Cast: [`sessions`], [`throttle`] (guessed passwords), [`tokens`], [`forged`] (access tokens that are not ours),
//! [`requests`] (bodies, queries, headers), [`nul`] (the character that PostgreSQL does not keep).

#![expect(clippy::unwrap_used, reason = "tests")]

pub(crate) mod forged;
mod nul;
mod requests;
mod sessions;
mod throttle;
mod tokens;

use crate::harness::{Answer, Client};
use std::time::{Duration, Instant};

/// How soon a withdrawn right is gone: a second, and what the clocks of two threads may differ by.
const SOON: Duration = Duration::from_millis(1100);

/// Asks who the caller is until that is refused; fails when a question that was put after [`SOON`] is answered.
async fn refused_soon(caller: &Client) -> Answer {
    let started = Instant::now();
    loop {
        let asked = started.elapsed();
        let answer = caller.get("/v1/me").await;
        if answer.status != 200 {
            return answer;
        }
        assert!(asked < SOON, "still let in after {asked:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
