//! The only SQL of samples: `write` stores and adds up, `read` looks up, `others` does both for what is not added.

mod others;
mod read;
mod write;

pub(super) use others::{
    LastRow, Place, add_durations, bins, bins_by_channel, insert_or_correct_others, last_values, renew,
};
pub(super) use read::{
    Scope, Span, SumRow, campaign_sum_before, counted, newest_day, newest_of, on_days, raw, sources, sums,
    sums_by_channel,
};
pub(super) use write::{add_to_rollups, ensure_series, insert_new, insert_or_correct};

use super::out_of_range;
use crate::error::Error;
use diesel::result::Error as Diesel;
use diesel::sql_types::{Nullable, Numeric};

#[diesel::declare_sql_function]
extern "SQL" {
    /// A sum of bigints is a numeric in the database; beyond the range this is an error, never a wrapped number.
    fn int8(sum: Nullable<Numeric>) -> Nullable<BigInt>;
}

/// The database's own overflow is the same refusal as ours.
fn range(error: Diesel) -> Error {
    match &error {
        Diesel::DatabaseError(_, info) if info.message().contains("bigint out of range") => out_of_range("the metric"),
        _ => error.into(),
    }
}
