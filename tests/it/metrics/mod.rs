//! Metrics beyond sums: their kinds, wider buckets, and what a retailer defines for itself.

#![expect(clippy::unwrap_used, reason = "tests")]

mod benchmarks;
mod kinds;
mod own;
mod retention;
mod subjects;
mod watched;
