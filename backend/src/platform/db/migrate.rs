//! Migrations and roles: everything that the owner and the administrator do, never a serving process.
//!
//! [`run`] brings the schema up to date as the owner and makes the sample partitions of the coming year;
//! [`role_statements`] are what the administrator runs once on a new cluster. Invariant: running either again
//! changes nothing.

use crate::error::{Error, Result};
use chrono::{DateTime, Months, Utc};
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Date};
use diesel_async::{
    AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use std::time::{Duration, Instant};
use tillwatch_shared::errors::Code;

/// The migrations of the repository, compiled in.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// A migration waits for nobody's lock for long, since whoever comes behind it waits too: it fails and is run again.
const BOUNDS: &str = "SET lock_timeout = '1s'; SET statement_timeout = '5min'";

/// The advisory lock of whoever migrates; any number that nobody else uses in this database.
const ALONE: i64 = 7_411_966_001;

/// Somebody else's migrations are waited for so long.
const LONGEST_TURN: Duration = Duration::from_mins(5);

/// The three roles of a cluster.
pub const ROLES: [&str; 3] = ["tillwatch_owner", "tillwatch_app", "tillwatch_system"];

/// Diesel makes the list of what was run. The serving roles read it, to refuse a schema that is older than they are.
const LET_READ: &str = "GRANT SELECT ON public.__diesel_schema_migrations TO tillwatch_app, tillwatch_system";

/// The versions of the program's migrations, as they are kept in the database.
///
/// # Errors
/// Never in a program that was built from well-named migrations.
pub fn versions() -> Result<Vec<String>> {
    let migrations = diesel::migration::MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(Error::internal)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Brings the schema of the database at `owner_url` up to date. Returns the names of the migrations it ran.
/// Needs a multi-threaded runtime.
///
/// # Errors
/// When the database cannot be reached or a migration fails; a failed migration leaves nothing behind.
pub async fn run(owner_url: &str, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut conn = AsyncPgConnection::establish(owner_url).await.map_err(Error::unavailable)?;
    conn.batch_execute(BOUNDS).await?;
    take_turn(&mut conn).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let ran = harness.run_pending_migrations(MIGRATIONS).map_err(Error::internal)?;
    let names = ran.iter().map(ToString::to_string).collect();
    let mut conn = harness.into_inner();
    conn.batch_execute(LET_READ).await?;
    let today = now.date_naive();
    diesel::sql_query("SELECT tillwatch_sample_months($1, $2)")
        .bind::<Date, _>(today.checked_sub_months(Months::new(13)).unwrap_or(today))
        .bind::<Date, _>(today.checked_add_months(Months::new(13)).unwrap_or(today))
        .execute(&mut conn)
        .await?;
    Ok(names)
}

/// One at a time: replicas that start together must not run the same step side by side. The end of the connection gives
/// the turn back. Who waits asks again and again instead of standing in line: a statement that waits holds a snapshot,
/// and an index that is made concurrently waits for every snapshot, so each would wait for the other.
async fn take_turn(conn: &mut AsyncPgConnection) -> Result<()> {
    let end = Instant::now() + LONGEST_TURN;
    loop {
        let query = diesel::select(diesel::dsl::sql::<Bool>(&format!("pg_try_advisory_lock({ALONE})")));
        if query.get_result::<bool>(conn).await? {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Error::new(
                Code::NotReady,
                "Somebody else has been migrating for five minutes. Run it again when they have ended.",
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The statements that make the three roles, with `password` for each, for the cluster's administrator.
pub fn role_statements(password: &str) -> Vec<String> {
    let quoted = password.replace('\'', "''");
    ROLES
        .iter()
        .map(|role| {
            format!(
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN \
                 CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; END IF; \
                 ALTER ROLE {role} PASSWORD '{quoted}'; END $$"
            )
        })
        .collect()
}

/// Makes roles and database on a cluster of our own through its superuser. Returns the owner's, the app's and the
/// system role's address.
///
/// # Errors
/// When the cluster cannot be reached or refuses.
pub async fn prepare_cluster(
    superuser_url: &str,
    database: &str,
    password: &str,
    address: impl Fn(&str) -> String,
) -> Result<[String; 3]> {
    let mut conn = AsyncPgConnection::establish(superuser_url).await.map_err(Error::unavailable)?;
    for statement in role_statements(password) {
        diesel::sql_query(statement).execute(&mut conn).await?;
    }
    let created =
        diesel::sql_query(format!("CREATE DATABASE {database} OWNER tillwatch_owner")).execute(&mut conn).await;
    match created {
        Ok(_) => {}
        Err(diesel::result::Error::DatabaseError(_, info)) if info.message().contains("already exists") => {}
        Err(other) => return Err(other.into()),
    }
    Ok(ROLES.map(address))
}
