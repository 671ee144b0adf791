//! What happens: samples arrive, rules judge, alerts are raised, deliveries take them to the chat.
//!
//! Cast: [`ingest`] (`POST /v1/samples`: composes measure, plan's totals and the stop-loss in one transaction),
//! [`imports`] (files of samples, batch after batch), [`feeds`] (documents that are fetched on a schedule), [`judging`] (stop-loss in the write, closed days by job),
//! [`rules`] (what is watched, and the arithmetic of detection), [`alerts`] (one open alert a breach, with its
//! timeline and picture), [`deliveries`] (one message an incident), [`dispatch`] (handing the bot what is due), [`reports`] (each morning's and each week's),
//! [`webhooks`] (telling customers' own systems). Depends on plan, measure, identity and the platform. Invariant: an
//! alert and its deliveries are rows of the transaction that saw the breach.

pub mod alerts;
pub mod deliveries;
pub mod dispatch;
pub mod feeds;
pub mod imports;
pub mod ingest;
pub mod judging;
pub mod quiet;
pub mod reports;
pub mod rules;
pub mod trail;
pub mod webhooks;
