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
