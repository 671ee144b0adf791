//! What every use case gets: the database pools of its runtime and what the process shares.

use crate::error::Result;
use crate::identity::audit::seal::SealKeys;
use crate::identity::auth::AuthShared;
use crate::platform::db::{Db, DbConfig};
use crate::platform::http::cors::Cors;
use crate::platform::limits::{Limits, OneEach};
use crate::platform::mail::Outgoing;
use crate::platform::outbound::Outbound;
use crate::platform::sealed::Sealer;
use crate::platform::wake::{Topic, Wake};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use tokio::sync::Mutex;

/// What all runtimes of the process share.
pub struct Shared {
    /// Where the database is.
    pub db: DbConfig,
    /// Keys, caches and limits of sign-in.
    pub auth: AuthShared,
    /// What signs and verifies the audit log's seals.
    pub seal_keys: SealKeys,
    /// Requests to addresses that customers give.
    pub outbound: Outbound,
    /// Secrets that must be read again.
    pub sealer: Sealer,
    /// Days for which a closed retailer can be kept open.
    pub closing_days: u16,
    /// Wake-ups.
    pub wake: Wake,
    /// How much may be asked.
    pub limits: Limits,
    /// Documents that are being tried.
    pub trials: OneEach,
    /// Which other sites' pages may ask.
    pub cors: Cors,
    /// How mail leaves.
    pub mail: Outgoing,
    /// Set when the process is stopping: long polls end, readiness says no.
    pub stopping: tokio::sync::watch::Receiver<bool>,
    /// Set when the worker of this process ended though nobody asked it to: readiness says no.
    pub worker_lost: Arc<AtomicBool>,
    /// What the database said when it was last asked whether it is ready, and when.
    pub readiness: Mutex<Option<(Instant, Result<()>)>>,
}

/// One runtime's view of the service. Cheap to clone within the runtime, never sent to another.
#[derive(Clone)]
pub struct App {
    /// The pools of this runtime.
    pub db: Db,
    shared: Arc<Shared>,
}

impl App {
    /// The view of the present runtime.
    ///
    /// # Errors
    /// When the database's address cannot be understood.
    pub fn new(shared: Arc<Shared>) -> Result<Self> {
        Ok(Self { db: Db::new(&shared.db)?, shared })
    }

    /// Says that there may be work; call it after the commit that made the work.
    pub fn wake(&self, topic: Topic) {
        self.shared.wake.wake(topic);
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
