//! The only SQL of samples: `write` stores and adds up, `read` looks up.

mod read;
mod write;

pub(super) use read::{
    Scope, Span, SumRow, campaign_sum_before, counted, newest_day, newest_of, on_days, raw, sources, sums,
    sums_by_channel,
};
pub(super) use write::{add_to_rollups, ensure_series, insert_new, insert_or_correct};

use super::out_of_range;
use crate::error::Error;
use diesel::result::Error as Diesel;

/// The database's own overflow is the same refusal as ours.
fn range(error: Diesel) -> Error {
    match &error {
        Diesel::DatabaseError(_, info) if info.message().contains("bigint out of range") => out_of_range("the metric"),
        _ => error.into(),
    }
}
