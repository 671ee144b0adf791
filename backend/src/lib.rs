//! The Tillwatch service: the map of the house.
//!
//! A request goes `router` → `platform::http` (who asks, may they, strict input) → a domain's `routes` → its use case
//! in `mod` → `platform::db` (one tenant transaction) → its `store`, and back. A number goes `watch::ingest` →
//! `measure::samples` → `plan::budgets` and the stop-loss in the same transaction → jobs → `watch::rules` →
//! `watch::alerts` → `watch::deliveries`, which `watch::dispatch` hands to the bot.
//!
//! Wings depend downwards only: watch → plan → measure → identity → platform. In a domain: `mod` is the essay and
//! the use cases, `model` (or nouns) is pure, `store` holds the only SQL, `routes` the only HTTP, `jobs` deferred
//! work. `tests/it/tidy` holds both.

pub mod app;
pub mod config;
pub mod demo;
pub mod error;
pub mod identity;
pub mod measure;
pub mod openapi;
pub mod plan;
pub mod platform;
pub mod router;
pub mod serve;
pub mod telemetry;
pub mod watch;
