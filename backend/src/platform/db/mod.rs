//! The database: the only owner of pools.
//!
//! Cast: [`Db`] (the pools of one runtime), [`Tx`] (a tenant's transaction, the only way to its rows; its
//! statements are prepared once, `kept`), [`SystemTx`]
//! (the narrow role's, with a reason, logged), [`shares`] (how many connections one tenant holds), [`once`] (a request's
//! effect and answer in one), [`crate::paged!`] (a page of a list), [`migrate`], the generated [`schema`] and the
//! [`local`] PostgreSQL launcher. Invariants: the tenant is set inside a transaction and only for it; a connection goes back
//! to the pool only behind a COMMIT or ROLLBACK; a pool is never shared between runtimes.

pub mod guard;
mod kept;
pub mod local;
pub mod migrate;
pub mod once;
mod paged;
#[rustfmt::skip]
pub mod schema;
mod shares;
mod system_tx;
mod tenant_tx;
mod tx;

pub use system_tx::SystemTx;
pub use tx::Tx;

use crate::error::{Error, Result};
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use shares::Shares;
use std::sync::Arc;
use std::time::Duration;

/// How long a request of a serving process waits for a connection.
pub const POOL_WAIT: Duration = Duration::from_secs(1);

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// The same while a process starts.
const CONNECT_AT_START: Duration = Duration::from_secs(20);

/// Settings of every connection: no query runs long, no transaction idles, plans are made once.
const SESSION: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; \
    SET plan_cache_mode = force_generic_plan";

/// Where the database is: one address for each of the two roles that serve.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// The `tillwatch_app` role's address.
    pub app_url: String,
    /// The `tillwatch_system` role's address.
    pub system_url: String,
    /// Connections of the app role in one runtime.
    pub pool_size: usize,
    /// How long a request waits for a connection before it is answered 503.
    pub pool_wait: Duration,
}

/// The pools of one runtime. Cheap to clone within it.
#[derive(Clone)]
pub struct Db {
    app: Pool<AsyncPgConnection>,
    system: Pool<AsyncPgConnection>,
    shares: Arc<Shares>,
}

impl Db {
    /// Pools for the present runtime; nothing is connected before it is asked for.
    pub fn new(config: &DbConfig) -> Result<Self> {
        Self::connecting(config, CONNECT)
    }

    /// As [`new`](Self::new), for a start: nobody waits for an answer yet, and everything else starts, too.
    pub fn starting(config: &DbConfig) -> Result<Self> {
        Self::connecting(config, CONNECT_AT_START)
    }

    fn connecting(config: &DbConfig, connect: Duration) -> Result<Self> {
        Ok(Self {
            app: pool(&config.app_url, config.pool_size, config.pool_wait, connect)?,
            system: pool(&config.system_url, config.pool_size.min(4), config.pool_wait, connect)?,
            shares: Arc::new(Shares::new(config.pool_size, config.pool_wait)),
        })
    }

    async fn app_connection(&self) -> Result<Object<AsyncPgConnection>> {
        connection(&self.app).await
    }

    async fn system_connection(&self) -> Result<Object<AsyncPgConnection>> {
        connection(&self.system).await
    }
}

fn pool(url: &str, size: usize, wait: Duration, connect: Duration) -> Result<Pool<AsyncPgConnection>> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        Box::pin(async move {
            let mut conn = AsyncPgConnection::establish(&url).await?;
            conn.batch_execute(SESSION).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        })
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(wait))
        .create_timeout(Some(connect))
        .recycle_timeout(Some(Duration::from_secs(1)))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(Error::internal)
}

async fn connection(pool: &Pool<AsyncPgConnection>) -> Result<Object<AsyncPgConnection>> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => Error::no_free_connection(),
        other => Error::unavailable(other),
    })
}
