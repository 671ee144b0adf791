//! `schema.rs` is what the migrations make, and the migrations go down as well as up.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use crate::harness::database::{cluster, connect};
use crate::harness::{Database, own_database};
use diesel_async::AsyncMigrationHarness;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use tillwatch_backend::platform::db::migrate;

/// Table, column, type, whether it is never null, and the columns of the primary key, one row a column.
const COLUMNS: &str = "SELECT concat_ws('|', c.relname, a.attname, t.typname, a.attnotnull,
    (SELECT string_agg(k.attname, ', ' ORDER BY x.ord) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY x(attnum, ord), pg_attribute k
     WHERE i.indrelid = c.oid AND i.indisprimary AND k.attrelid = c.oid AND k.attnum = x.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname <> '__diesel_schema_migrations' ORDER BY c.relname COLLATE \"C\", a.attnum";

/// What diesel calls PostgreSQL's types.
fn diesel_type(postgres: &str) -> Option<&'static str> {
    Some(match postgres {
        "uuid" => "Uuid",
        "text" => "Text",
        "int8" => "Int8",
        "int4" => "Int4",
        "timestamptz" => "Timestamptz",
        "date" => "Date",
        "bool" => "Bool",
        "jsonb" => "Jsonb",
        "bytea" => "Bytea",
        "_text" => "Array<Text>",
        _ => return None,
    })
}

/// The text of `schema.rs` for a database.
async fn schema_of(database: &Database) -> String {
    let mut tables = BTreeMap::<String, String>::new();
    for row in database.texts(COLUMNS).await {
        let parts: Vec<&str> = row.split('|').collect();
        let [table, column, kind, never_null, key] = parts[..].try_into().expect("five parts");
        let kind = diesel_type(kind).unwrap_or_else(|| panic!("{table}.{column}: add the type {kind} to this test"));
        let kind = if never_null == "t" { kind.to_owned() } else { format!("Nullable<{kind}>") };
        let text = tables.entry(table.to_owned()).or_insert_with(|| format!("    {table} ({key}) {{\n"));
        writeln!(text, "        {column} -> {kind},").expect("text");
    }
    let mut text = String::from(
        "//! The tables as diesel sees them, in the order of their names. Made from the migrated database; a test fails when\n\
         //! it differs, and `UPDATE_SCHEMA=1 cargo test schema` writes it again (@generated).\n\
         #![expect(missing_docs, reason = \"generated from the migrations, which carry the comments\")]\n\n",
    );
    for table in tables.values() {
        write!(text, "diesel::table! {{\n{table}    }}\n}}\n\n").expect("text");
    }
    text.push_str("diesel::allow_tables_to_appear_in_same_query!(\n");
    for name in tables.keys() {
        writeln!(text, "    {name},").expect("text");
    }
    text.push_str(");\n");
    text
}

#[tokio::test]
async fn schema_rs_is_what_the_migrations_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("backend/src/platform/db/schema.rs");
    let made = schema_of(&own_database().await).await;
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).expect("schema.rs is written");
    }
    let committed = std::fs::read_to_string(&path).expect("schema.rs");
    assert!(committed == made, "schema.rs differs from the migrations: run `UPDATE_SCHEMA=1 cargo test schema`");
}

/// The catalogue of a database: every object of the schema with all that defines it, one line each.
async fn catalogue(database: &Database) -> Vec<String> {
    let query = "SELECT line FROM (
        SELECT concat_ws(' ', 'table', c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole, c.relacl,
          c.reloptions, obj_description(c.oid, 'pg_class'), pg_get_expr(c.relpartbound, c.oid)) AS line
          FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL SELECT concat_ws(' ', 'column', a.attrelid::regclass, a.attnum, a.attname, a.atttypid::regtype, a.attnotnull,
          pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
          WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'policy', polrelid::regclass, polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid),
          pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
        UNION ALL SELECT concat_ws(' ', 'function', pg_get_functiondef(oid), proacl) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'schema', nspname, CASE nspname WHEN 'public' THEN
          (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(nspacl) a) END) FROM pg_namespace WHERE nspname !~ '^pg_'
      ) q ORDER BY line";
    database.texts(query).await
}

async fn down(database: &Database) {
    use diesel_migrations::MigrationHarness as _;
    let mut harness = AsyncMigrationHarness::new(connect(&database.owner_url).await);
    harness.revert_all_migrations(migrate::MIGRATIONS).expect("the migrations go down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_go_up_down_and_up_again_to_the_same_catalogue() {
    let database = cluster().empty_database().await;
    let now = chrono::Utc::now();
    let before = catalogue(&database).await;
    let ran = migrate::run(&database.owner_url, now).await.expect("up");
    assert!(ran.len() >= 4, "{ran:?}");
    let up = catalogue(&database).await;
    assert_eq!(migrate::run(&database.owner_url, now).await.expect("up when it is up"), Vec::<String>::new());
    assert_eq!(catalogue(&database).await, up, "running again changes nothing");
    down(&database).await;
    // The migrations' own table stays, empty.
    let left: Vec<String> =
        catalogue(&database).await.into_iter().filter(|l| !l.contains("__diesel_schema_migrations")).collect();
    assert_eq!(left, before, "down leaves nothing behind");
    migrate::run(&database.owner_url, now).await.expect("up again");
    assert_eq!(catalogue(&database).await, up, "up again makes the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_migrate_at_once_take_turns() {
    let database = cluster().empty_database().await;
    let now = chrono::Utc::now();
    let runs = (0..4).map(|_| {
        let url = database.owner_url.clone();
        tokio::spawn(async move { migrate::run(&url, now).await.expect("no run fails") })
    });
    let ran: Vec<Vec<String>> =
        futures_util::future::join_all(runs).await.into_iter().map(|r| r.expect("joined")).collect();
    assert_eq!(
        ran.iter().filter(|names| !names.is_empty()).count(),
        1,
        "one does it, the others find it done: {ran:?}"
    );
}
