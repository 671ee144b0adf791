//! The only SQL of the copy: pages of any table of the list, by its key. Names come from the list alone, never from a
//! request.

use crate::error::Result;
use crate::platform::db::Tx;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use tillwatch_shared::ids::TenantId;

/// A row of a page.
#[derive(QueryableByName)]
pub(super) struct Row {
    /// As JSON.
    #[diesel(sql_type = Text)]
    pub(super) line: String,
    /// The texts of its key.
    #[diesel(sql_type = Array<Text>)]
    pub(super) key: Vec<String>,
}

/// Up to `most` rows of a table behind the key `after`, in the key's order.
pub(super) async fn page(
    tx: &mut Tx,
    tenant: TenantId,
    table: &str,
    (owner, key, columns): (&str, &str, &str),
    after: &[String],
    most: i64,
) -> Result<Vec<Row>> {
    let parts: Vec<(&str, &str)> = key.split_whitespace().filter_map(|part| part.split_once(':')).collect();
    let listed = |each: &dyn Fn(usize, &str, &str) -> String| {
        parts.iter().enumerate().map(|(n, (column, kind))| each(n + 1, column, kind)).collect::<Vec<_>>().join(", ")
    };
    let shown = columns.split_whitespace().map(|column| format!("t.\"{column}\"")).collect::<Vec<_>>().join(", ");
    let behind = if after.is_empty() {
        // The parameter must be used all the same.
        "$2::text[] IS NOT NULL".to_owned()
    } else {
        let place = listed(&|_, column, _| format!("t.\"{column}\""));
        let last = listed(&|n, _, kind| format!("($2::text[])[{n}]::{kind}"));
        format!("({place}) > ({last})")
    };
    let texts = listed(&|_, column, _| format!("t.\"{column}\"::text"));
    let order = listed(&|_, column, _| format!("t.\"{column}\""));
    let query = format!(
        "SELECT (SELECT row_to_json(x) FROM (SELECT {shown}) x)::text AS line, ARRAY[{texts}] AS key \
         FROM \"{table}\" t WHERE t.\"{owner}\" = $1 AND {behind} ORDER BY {order} LIMIT $3"
    );
    Ok(diesel::sql_query(query)
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Array<Text>, _>(after)
        .bind::<BigInt, _>(most)
        .load(tx)
        .await?)
}
