//! The wire vocabulary of Tillwatch: what the service, the bot and a partner say to each other.
//!
//! Cast: typed [`ids`], the closed list of [`errors`], [`permissions`] and the one role matrix, exact
//! [`quantity`] values, and the request and answer bodies of each wing ([`identity`], [`sessions`], [`authority`],
//! [`joining`], [`measure`], [`benchmarks`], [`plan`], [`goals`], [`watch`], [`samples`], [`feeds`], [`webhooks`]). Invariants: no I/O, no clock, no framework; every request body refuses unknown
//! fields; every list is `{data, next_cursor}`; names in JSON are `snake_case`, times RFC 3339 in UTC.

#[macro_use]
mod wire;
pub mod audit;
pub mod authority;
pub mod benchmarks;
pub mod closing;
pub mod errors;
pub mod feeds;
pub mod goals;
pub mod identity;
pub mod ids;
pub mod jobs;
pub mod joining;
pub mod measure;
pub mod permissions;
pub mod plan;
pub mod quantity;
pub mod samples;
pub mod sessions;
pub mod tenant;
pub mod watch;
pub mod webhooks;

pub use wire::{Acknowledgement, Locale, Money, Page};
