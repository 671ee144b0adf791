//! Metrics: what may be counted, in which unit, and which way is better.
//!
//! Vocabulary: a [`Metric`] is a named measure with a stable key. A *sum* takes samples and adds up over
//! time, channels and campaigns. A *ratio* takes none: it is computed from sums over the whole window that
//! is looked at (`clicks / impressions`, never the mean of daily rates), so it is right for every window
//! and every grouping.
//!
//! Cast: [`model`] says what a metric is and computes a ratio's value; [`catalogue`] is the list that ships
//! with the product, [`lookup`] finds in it. Only kinds sum and ratio exist so far: distinct counts,
//! levels, durations with quantiles and models are not there yet, and ratios whose parts are levels are
//! fed with day sums (`member_days`) instead.
//!
//! Invariants, held by tests: keys are unique `snake_case` and never renamed, every metric has a name in
//! both languages, every term of a ratio is a sum of the catalogue.

pub mod catalogue;
pub mod lookup;
pub mod model;
pub mod routes;
pub mod wire;

pub use catalogue::all;
pub use lookup::{find, suggest};
pub use model::{Direction, Family, Kind, Metric, Term, Text, Unit};
