//! Statements that a connection prepares once.
//!
//! The query builder keeps a prepared statement only where it knows by its types that the text never changes. An UPDATE,
//! an upsert and SQL of our own it has parsed and planned anew every time, with a round trip more. [`Kept`] keeps these,
//! too, by their text. Invariant: what is kept does not
//! grow with what is sent, so an INSERT whose text lists its rows one by one is not kept; bulk statements take arrays.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A query that its connection keeps prepared, unless its text grows with its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<Q>(pub(super) Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Kept<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Pg) -> QueryResult<bool> {
        if self.0.is_safe_to_cache_prepared(backend)? {
            return Ok(true);
        }
        let mut text = PgQueryBuilder::default();
        self.0.to_sql(&mut text, backend)?;
        Ok(!lists_rows(&text.finish()))
    }
}

/// Known by its text alone: the same types may stand for several texts (a value that is left out is `DEFAULT`).
impl<Q> QueryId for Kept<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

/// Whether a statement's text names several rows: `VALUES ($1), ($2)`.
fn lists_rows(text: &str) -> bool {
    text.split_once(" VALUES ").is_some_and(|(_, rows)| rows.contains("), ("))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::schema::tenants;
    use diesel::prelude::*;
    use diesel::sql_types::{Array, BigInt};

    fn kept<Q: QueryFragment<Pg>>(query: Q) -> bool {
        Kept(query).is_safe_to_cache_prepared(&Pg).expect("a text")
    }

    #[test]
    fn what_has_one_text_is_kept_and_what_lists_its_rows_is_not() {
        assert!(kept(tenants::table.select(tenants::name)));
        assert!(kept(diesel::update(tenants::table).set(tenants::name.eq("a"))), "an update");
        let bulk = diesel::sql_query("INSERT INTO samples SELECT * FROM unnest($1)");
        assert!(kept(bulk.bind::<Array<BigInt>, _>(vec![1_i64, 2])), "rows in an array");
        let rows = |names: &[&'static str]| {
            let rows: Vec<_> = names.iter().map(|name| tenants::name.eq(*name)).collect();
            diesel::insert_into(tenants::table).values(rows)
        };
        assert!(kept(rows(&["one (a), (b)"])), "a value is no part of the text");
        assert!(!kept(rows(&["one", "two"])), "rows in the text");
    }
}
