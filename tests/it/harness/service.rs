//! The shared service, and services of one's own.

use super::client::Client;
use super::database::{Database, own_database};
use futures_util::future::BoxFuture;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use tillwatch_backend::app::Shared;
use tillwatch_backend::error::Result;
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::http::cors::Cors;
use tillwatch_backend::platform::limits::{LimitsConfig, Rate};
use tillwatch_backend::platform::mail::MailConfig;
use tillwatch_backend::platform::outbound::{AddressPolicy, Lookup};
use tillwatch_backend::serve::{Service, ServiceOptions};
use tokio::runtime::Runtime;

/// The secret of every service of the run.
pub(crate) const SECRET: [u8; 32] = [7; 32];

/// All tests of the run call from one address, and each as fast as it can.
pub(crate) const UNLIMITED: LimitsConfig = LimitsConfig {
    of_tenant: Rate::MOST,
    of_token: Rate::MOST,
    of_address: Rate::MOST,
    concurrent: 10_000,
    concurrent_total: 100_000,
};

/// A running service with its runtime. It ends when it is dropped, or in order with [`Self::stop`].
pub(crate) struct OwnService {
    /// Its database.
    pub(crate) database: Database,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    service: Option<Service>,
    runtime: Option<Runtime>,
}

/// The service that every test shares; the first caller starts it.
pub(crate) fn shared() -> &'static OwnService {
    static SHARED: OnceLock<OwnService> = OnceLock::new();
    SHARED.get_or_init(|| {
        // A thread of its own: the caller may stand in a runtime, where one cannot block on another.
        let started = std::thread::spawn(|| {
            let runtime = Runtime::new().expect("a runtime");
            let database = runtime.block_on(own_database());
            drop(runtime);
            start(database, 16, true)
        });
        started.join().expect("the service starts")
    })
}

/// A service on a database of one's own, with two HTTP workers, a job worker, and pools of `pool_size`.
pub(crate) fn own_service(database: Database, pool_size: usize) -> OwnService {
    std::thread::spawn(move || start(database, pool_size, true)).join().expect("the service starts")
}

/// A service on a database of one's own, with the usual options changed.
pub(crate) fn own_service_with(
    database: Database,
    pool_size: usize,
    change: impl FnOnce(&mut ServiceOptions) + Send + 'static,
) -> OwnService {
    std::thread::spawn(move || start_with(database, pool_size, true, change)).join().expect("the service starts")
}

/// What starting a service with these options says: for tests of the refusal. Nothing is left running.
pub(crate) fn try_start(options: ServiceOptions) -> Result<()> {
    let tried = std::thread::spawn(move || {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            Service::start(options).await?.stop().await;
            Ok(())
        })
    });
    tried.join().expect("the starting thread")
}

/// A policy by which nothing is public and no name has an address: nothing leaves loopback.
fn nowhere() -> AddressPolicy {
    struct Nobody;
    impl Lookup for Nobody {
        fn lookup(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }
    AddressPolicy::for_tests(|_| false, Arc::new(Nobody), None)
}

/// Options of a service on `database`.
pub(crate) fn options(database: &Database, pool_size: usize, worker: bool) -> ServiceOptions {
    ServiceOptions {
        db: database.config(pool_size),
        listener: Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback")),
        http_workers: 2,
        secret: SECRET,
        previous_secret: None,
        bot_key: None,
        worker,
        closing_days: 30,
        redis_url: None,
        limits: UNLIMITED,
        cors: Cors::default(),
        outbound: nowhere(),
        mail: MailConfig::default(),
    }
}

fn start(database: Database, pool_size: usize, worker: bool) -> OwnService {
    start_with(database, pool_size, worker, |_| ())
}

fn start_with(
    database: Database,
    pool_size: usize,
    worker: bool,
    change: impl FnOnce(&mut ServiceOptions),
) -> OwnService {
    // What the service logs as an error belongs to the test that provoked it; `LOG=debug` shows more.
    let filter = std::env::var("LOG").unwrap_or_else(|_| "error".to_owned());
    tillwatch_backend::telemetry::start(&filter, false);
    let runtime = Runtime::new().expect("a runtime");
    let mut options = options(&database, pool_size, worker);
    change(&mut options);
    let service = runtime.block_on(Service::start(options)).expect("the service starts");
    let address = service.address().expect("it listens");
    OwnService { database, address, service: Some(service), runtime: Some(runtime) }
}

impl OwnService {
    /// A caller without a credential.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// What the service shares, for use cases and jobs that a test calls by itself.
    pub(crate) fn inside(&self) -> Arc<Shared> {
        self.service.as_ref().expect("it runs").shared()
    }

    /// The service's keys.
    pub(crate) fn keys() -> Keys {
        Keys::new(SECRET, None).expect("keys")
    }

    /// Stops it in order and waits for the end.
    pub(crate) async fn stop(mut self) {
        if let (Some(service), Some(runtime)) = (self.service.take(), self.runtime.take()) {
            runtime.spawn(service.stop()).await.expect("the service stops");
            runtime.shutdown_background();
        }
    }
}

impl Drop for OwnService {
    fn drop(&mut self) {
        let (service, runtime) = (self.service.take(), self.runtime.take());
        if let (Some(service), Some(runtime)) = (service, runtime) {
            // Blocking is not allowed in a runtime, and a test's end is in one.
            let _ = std::thread::spawn(move || runtime.block_on(service.stop())).join();
        }
    }
}
