//! One PostgreSQL for the run, a template that is migrated once, and copies of it.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tillwatch_backend::platform::db::DbConfig;
use tillwatch_backend::platform::db::local::{LocalOptions, LocalPostgres};
use tillwatch_backend::platform::db::migrate;

/// The password of the three roles on the run's own server.
pub(crate) const PASSWORD: &str = "for this run only";
const TEMPLATE: &str = "tillwatch_template";

/// The run's PostgreSQL with its migrated template.
pub(crate) struct Cluster {
    postgres: LocalPostgres,
}

/// A database on the run's server, dropped with the last copy of this: more than a hundred of them would fill a disk.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Drops it at the end; nobody does where it goes with a server of its own.
    #[expect(dead_code, reason = "its own end is what it is for")]
    pub(crate) dropped: Option<Arc<Dropped>>,
    /// Its name.
    pub(crate) name: String,
    /// The superuser's address.
    pub(crate) superuser_url: String,
    /// The owner's, for migrations.
    pub(crate) owner_url: String,
    /// The serving role's.
    pub(crate) app_url: String,
    /// The narrow role's.
    pub(crate) system_url: String,
}

/// The run's server; the first caller starts it.
pub(crate) fn cluster() -> &'static Cluster {
    // The failure is kept too, so that every test says the same one line instead of trying again.
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(|| std::thread::spawn(Cluster::start).join().expect("the starting thread")) {
        Ok(cluster) => cluster,
        Err(error) => panic!("no PostgreSQL for the tests: {error}"),
    }
}

impl Cluster {
    fn start() -> Result<Self, String> {
        let settings =
            [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off"), ("max_connections", "300")];
        let options = LocalOptions {
            ephemeral: true,
            watchdog: true,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            ..LocalOptions::default()
        };
        let cluster = Self { postgres: LocalPostgres::start(&options).map_err(|error| error.to_string())? };
        // Migrations block inside an async function, so the runtime must have several threads.
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(cluster.make_template()).map_err(|error| error.to_string())?;
        Ok(cluster)
    }

    async fn make_template(&self) -> tillwatch_backend::error::Result<()> {
        let [owner_url, _, _] =
            migrate::prepare_cluster(&self.postgres.superuser_url("postgres"), TEMPLATE, PASSWORD, |role| {
                self.address(role, TEMPLATE)
            })
            .await?;
        migrate::run(&owner_url, chrono::Utc::now()).await?;
        Ok(())
    }

    /// The address of `database` for `role`.
    pub(crate) fn address(&self, role: &str, database: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.postgres.port())
    }

    /// A database that nothing was done in, not even the migrations.
    pub(crate) async fn empty_database(&self) -> Database {
        self.create("template1").await
    }

    async fn create(&self, template: &str) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("it_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let [owner_url, app_url, system_url] = migrate::ROLES.map(|role| self.address(role, &name));
        let superuser_url = self.postgres.superuser_url(&name);
        let mut conn = connect(&self.postgres.superuser_url("postgres")).await;
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER tillwatch_owner STRATEGY file_copy");
        conn.batch_execute(&create).await.expect("CREATE DATABASE");
        let dropped = Arc::new(Dropped { name: name.clone(), superuser_url: self.postgres.superuser_url("postgres") });
        Database { dropped: Some(dropped), name, superuser_url, owner_url, app_url, system_url }
    }
}

/// A database that goes when this does.
#[derive(Debug)]
pub(crate) struct Dropped {
    name: String,
    superuser_url: String,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        let (drop, url) = (format!("DROP DATABASE {} WITH (FORCE)", self.name), self.superuser_url.clone());
        // Nobody waits for it, and what the run's end cuts off goes with the run's server.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { connect(&url).await.batch_execute(&drop).await.expect(&drop) });
        });
    }
}

/// A fresh, migrated database.
pub(crate) async fn own_database() -> Database {
    cluster().create(TEMPLATE).await
}

/// A connection to `url`.
pub(crate) async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.expect("a connection to the run's PostgreSQL")
}

/// One text of a query's row.
#[derive(QueryableByName)]
pub(crate) struct OneText {
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) text: Option<String>,
}

#[derive(QueryableByName)]
struct OneNumber {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Database {
    /// What a service needs to know of it.
    pub(crate) fn config(&self, pool_size: usize) -> DbConfig {
        // A busy machine may stall for longer than a serving process would let a caller wait.
        let pool_wait = Duration::from_secs(8);
        DbConfig { app_url: self.app_url.clone(), system_url: self.system_url.clone(), pool_size, pool_wait }
    }

    /// Runs statements as the superuser, whom no policy binds.
    pub(crate) async fn execute(&self, statements: &str) {
        connect(&self.superuser_url).await.batch_execute(statements).await.expect(statements);
    }

    /// Runs statements as the owner of the tables.
    pub(crate) async fn execute_as_owner(&self, statements: &str) {
        connect(&self.owner_url).await.batch_execute(statements).await.expect(statements);
    }

    /// Locks a table: until the connection is dropped, whoever reads or writes it waits.
    pub(crate) async fn hold(&self, table: &str) -> AsyncPgConnection {
        let mut connection = connect(&self.superuser_url).await;
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        connection.batch_execute(&lock).await.expect(&lock);
        connection
    }

    /// Closes a gate: until the connection is dropped, whoever asks for `pg_advisory_xact_lock_shared(1)` waits.
    pub(crate) async fn close_gate(&self) -> AsyncPgConnection {
        let mut connection = connect(&self.superuser_url).await;
        connection.batch_execute("SELECT pg_advisory_lock(1)").await.expect("the gate");
        connection
    }

    /// Waits until `count` of the service's statements wait for a lock.
    pub(crate) async fn waiting(&self, count: i64) {
        let waiting = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND usename = 'tillwatch_app' \
             AND wait_event_type = 'Lock'",
            self.name
        );
        let met = async || (self.number(&waiting).await == count).then_some(());
        super::eventually("statements to wait for a lock", met).await;
    }

    /// The one number of a query, as the superuser.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let query = format!("SELECT ({query})::bigint AS number");
        let row: OneNumber =
            diesel::sql_query(&query).get_result(&mut connect(&self.superuser_url).await).await.expect(&query);
        row.number
    }

    /// The first column of a query's rows as text (`NULL` becomes an empty text), as the superuser.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let query = format!("SELECT q.c::text AS text FROM ({query}) q(c)");
        let rows: Vec<OneText> =
            diesel::sql_query(&query).load(&mut connect(&self.superuser_url).await).await.expect(&query);
        rows.into_iter().map(|row| row.text.unwrap_or_default()).collect()
    }
}
