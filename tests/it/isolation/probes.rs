//! Asking the database itself, as the service's role and without any filter: the policy alone must hold.

use super::seed::{Other, Seeded};
use crate::harness::database::connect;
use crate::harness::{Database, Tenant};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use std::collections::BTreeMap;

/// A table that holds tenants' rows.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: String,
    /// The column that names the tenant.
    pub(super) column: String,
    /// Whether the service's role may change rows.
    updates: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Every table with rows of tenants that the service's role may read.
pub(super) async fn tenant_tables(database: &Database) -> Vec<Table> {
    let found = database
        .texts(
            "SELECT concat_ws(' ', c.relname, a.attname, has_table_privilege('tillwatch_app', c.oid, 'UPDATE')) \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('tenant_id', 'for_tenant') \
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
             AND has_table_privilege('tillwatch_app', c.oid, 'SELECT') ORDER BY c.relname",
        )
        .await;
    let table = |row: &String| {
        let parts: Vec<&str> = row.split(' ').collect();
        let [name, column, updates] = parts[..].try_into().expect("three parts");
        Table { name: name.to_owned(), column: column.to_owned(), updates: updates == "t" }
    };
    found.iter().map(table).collect()
}

/// What the service's role can see or change of `mine` when the other's tenant is set, or none. Sentences.
pub(super) async fn probe(database: &Database, tables: &[Table], mine: &Seeded, other: &Other) -> Vec<String> {
    let mut app = connect(&database.app_url).await;
    let (mine, other) = (mine.tenant.id.0, other.tenant.id.0);
    let mut wrong = Vec::new();
    for Table { name, column, updates } in tables {
        let rows = database.number(&format!("SELECT count(*) FROM {name} WHERE {column} = '{mine}'")).await;
        if rows == 0 {
            wrong.push(format!(
                "{name}: the seeded retailer has no row in it, so nothing is shown: add one to the seed"
            ));
        }
        let set = format!("BEGIN; SET LOCAL app.tenant_id = '{other}'");
        let foreign = format!("SELECT count(*) FILTER (WHERE {column} <> '{other}') AS count FROM {name}");
        match count(&mut app, &set, &foreign).await {
            Ok(0) => {}
            seen => wrong.push(format!("{name} shows another retailer's rows: {seen:?}")),
        }
        if *updates {
            let change = format!(
                "WITH changed AS (UPDATE {name} SET {column} = {column} WHERE {column} = '{mine}' RETURNING 1) \
                 SELECT count(*) AS count FROM changed"
            );
            match count(&mut app, &set, &change).await {
                Ok(0) => {}
                changed => wrong.push(format!("{name} lets another retailer's rows be changed: {changed:?}")),
            }
        }
        if let Ok(seen) = count(&mut app, "BEGIN", &format!("SELECT count(*) AS count FROM {name}")).await {
            wrong.push(format!("{name} can be read without a tenant: {seen} rows"));
        }
    }
    wrong
}

/// Runs `query` behind `opening` and rolls back.
async fn count(app: &mut AsyncPgConnection, opening: &str, query: &str) -> Result<i64, String> {
    app.batch_execute(opening).await.expect("BEGIN");
    let counted = diesel::sql_query(query).get_result::<Count>(app).await;
    app.batch_execute("ROLLBACK").await.expect("ROLLBACK");
    counted.map(|row| row.count).map_err(|error| error.to_string())
}

/// A hash of all rows of a tenant, by table: equal when nothing was changed. Seals are left out, since a worker makes them at
/// its own time.
pub(crate) async fn fingerprint(database: &Database, tenant: &Tenant) -> BTreeMap<String, String> {
    let columns = database
        .texts(
            "SELECT concat_ws(' ', c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             AND a.attname IN ('tenant_id', 'for_tenant') WHERE c.relnamespace = 'public'::regnamespace \
             AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'audit_seals' ORDER BY 1",
        )
        .await;
    let tables: Vec<(&str, &str)> = columns.iter().filter_map(|row| row.split_once(' ')).collect();
    let hash = |(name, column): &(&str, &str)| {
        format!(
            "SELECT '{name} ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) \
             FROM {name} t WHERE {column} = '{}'",
            tenant.id.0
        )
    };
    let queries: Vec<String> = tables.iter().map(hash).collect();
    let rows = database.texts(&queries.join(" UNION ALL ")).await;
    rows.iter().filter_map(|row| row.split_once(' ')).map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect()
}
