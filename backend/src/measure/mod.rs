//! What is counted: the metric catalogue, and the samples that are taken of it.
//!
//! Cast: [`metrics`] (what may be counted and how a ratio is computed), [`samples`] (storing, correcting and adding
//! up), [`subjects`] (what they are about beside a channel and a campaign), [`benchmarks`] (what is usual elsewhere),
//! [`retention`] (how long samples are kept). Channel and campaign ids are opaque here: who they belong to and whether
//! they exist is the business of the wings above. Depends on identity (a retailer's time zone and currency) and the
//! platform.

pub mod benchmarks;
pub mod metrics;
pub mod retention;
pub mod samples;
pub mod subjects;
