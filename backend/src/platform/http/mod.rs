//! The edge: how a request becomes a call of a use case, and an answer or an [`crate::error::Error`] becomes HTTP.
//!
//! Cast: [`authorized`] (who asks and may they; the first argument of every handler), [`endpoint`] (a handler as a
//! value: route, OpenAPI and access matrix from one list), [`enrolling`] (what is open before a second factor is there),
//! [`body`] and [`params`] (strict input), [`client`] (from which address), [`admission`] (limits), [`idempotency`] (done
//! once), [`reply`], [`stream`] (answers that are sent as they are read), [`page`] (cursors), [`edge`] (request ids, problem
//! bodies, headers), [`cors`] (other sites' pages). Invariants: a handler without an authority argument does not compile;
//! every refusal is `application/problem+json` with a closed code.

pub mod admission;
pub mod authorized;
pub mod body;
pub mod client;
pub mod cors;
pub mod edge;
pub mod endpoint;
pub mod enrolling;
pub mod idempotency;
pub mod packer;
pub mod page;
pub mod params;
pub mod reply;
pub mod sheet;
pub mod stream;
mod unread;
pub mod who;
