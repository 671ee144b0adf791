//! The running service: the HTTP server and the worker, each thread with pools of its own.

use crate::app::{App, Shared};
use crate::error::{Error, Result};
use crate::identity::audit::seal::SealKeys;
use crate::identity::auth::AuthShared;
use crate::identity::auth::gate::{Gate, RecentLookups};
use crate::identity::auth::keys::Keys;
use crate::identity::auth::password::Hashing;
use crate::platform::db::{Db, DbConfig};
use crate::platform::http::authorized::Authenticate;
use crate::platform::http::cors::Cors;
use crate::platform::http::edge::edge;
use crate::platform::jobs::{schedule, worker};
use crate::platform::limits::{Limits, LimitsConfig, OneEach};
use crate::platform::mail::{MailConfig, Outgoing};
use crate::platform::outbound::{AddressPolicy, Outbound};
use crate::platform::sealed::Sealer;
use crate::platform::wake::Wake;
use crate::router;
use crate::watch::feeds::{fetcher, trial};
use crate::watch::webhooks::sender;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::ThinData;
use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tillwatch_shared::errors::Code;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

/// Requests get this long to end when the service stops.
const DRAIN_SECONDS: u64 = 9;

/// What the database said of its readiness is believed for so long.
const READY_BELIEVED: Duration = Duration::from_secs(1);
/// A database that says nothing for so long is not ready.
const READY_LONGEST: Duration = Duration::from_secs(5);

/// The HTTP server on `listener`, with `workers` threads.
///
/// # Errors
/// When the listener cannot be used.
fn http(shared: &Arc<Shared>, listener: TcpListener, workers: usize) -> Result<(Server, SocketAddr)> {
    let address = listener.local_addr().map_err(Error::internal)?;
    let shared = Arc::clone(shared);
    let server = HttpServer::new(move || {
        // One view, with pools of its own, per thread. The address was parsed before, so this does not fail.
        let app = App::new(Arc::clone(&shared)).ok();
        ActixApp::new().wrap(from_fn(edge)).configure(|config| {
            if let Some(app) = app {
                configure(config, app);
            }
        })
    })
    .workers(workers)
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .client_request_timeout(Duration::from_secs(10))
    .keep_alive(Duration::from_secs(75))
    // Who hangs up is not worked for any more: a bot that died in its long poll must not be given deliveries, which
    // would then wait for the end of their lease.
    .h1_allow_half_closed(false)
    .listen(listener)
    .map_err(Error::internal)?
    .run();
    Ok((server, address))
}

fn configure(config: &mut web::ServiceConfig, app: App) {
    let gate: Rc<dyn Authenticate> = Rc::new(Gate::new(app.clone()));
    config.app_data(ThinData(gate)).app_data(ThinData(app));
    config.route("/livez", web::get().to(async || HttpResponse::Ok().body("alive")));
    config.route("/readyz", web::get().to(ready));
    router::mount(config);
    config.default_service(web::to(async || HttpResponse::NotFound().finish()));
}

/// Ready: not stopping, the worker lives if there is one, and PostgreSQL answers with the schema in place.
async fn ready(app: ThinData<App>) -> Result<HttpResponse> {
    if *app.stopping.borrow() {
        return Err(Error::new(Code::NotReady, "This process is stopping. Ask another one."));
    }
    if app.worker_lost.load(Ordering::Relaxed) {
        return Err(Error::new(Code::NotReady, "The worker of this process has ended. Start the process again."));
    }
    database_ready(&app).await?;
    Ok(HttpResponse::Ok().body("ready"))
}

/// Whether the database is ready. Anybody may ask and nobody is counted, so one asks at a time, and the answer is
/// everybody's for a second.
async fn database_ready(app: &App) -> Result<()> {
    let mut last = app.readiness.lock().await;
    if let Some((at, answer)) = &*last
        && at.elapsed() < READY_BELIEVED
    {
        return answer.clone();
    }
    let asked = tokio::time::timeout(READY_LONGEST, app.db.ready()).await;
    let answer = asked.unwrap_or_else(|_| Err(Error::unavailable("it does not answer")));
    *last = Some((Instant::now(), answer.clone()));
    answer
}

/// Notices when the worker's thread ends, in whatever way, though it was not asked to.
struct Watched {
    stopping: watch::Receiver<bool>,
    lost: Arc<AtomicBool>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !*self.stopping.borrow() {
            self.lost.store(true, Ordering::Relaxed);
            tracing::error!("the worker has ended and no job is done any more; start the process again");
        }
    }
}

/// Starts the worker on a thread of its own; it ends when `stopping` turns true.
///
/// # Errors
/// When the thread cannot be started.
fn start_worker(shared: &Arc<Shared>, stopping: watch::Receiver<bool>) -> Result<std::thread::JoinHandle<()>> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(move || {
            let _watched = Watched { stopping: stopping.clone(), lost: Arc::clone(&shared.worker_lost) };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Err(error) => tracing::error!(%error, "the worker cannot start"),
                Ok(runtime) => runtime.block_on(async {
                    match App::new(shared) {
                        Err(error) => tracing::error!(%error, "the worker cannot start"),
                        Ok(app) => {
                            let (jobs, sweeps) = (router::jobs(), router::sweeps());
                            let sweeping = schedule::run(&app, &sweeps, &stopping);
                            let sending = sender::run(&app, stopping.clone());
                            let fetching = fetcher::run(&app, stopping.clone());
                            tokio::join!(worker::run(&app, &jobs, stopping.clone()), sweeping, sending, fetching);
                        }
                    }
                }),
            }
        })
        .map_err(Error::internal)
}

/// How a service is started.
pub struct ServiceOptions {
    /// Where the database is.
    pub db: DbConfig,
    /// Where to listen; `None` serves nothing (a worker alone).
    pub listener: Option<TcpListener>,
    /// Threads that serve requests.
    pub http_workers: usize,
    /// The secret that keys are derived from.
    pub secret: [u8; 32],
    /// The one before, while it is rotated.
    pub previous_secret: Option<[u8; 32]>,
    /// The bot's public key; `None` takes the one derived from `secret`.
    pub bot_key: Option<[u8; 32]>,
    /// Whether jobs are worked here.
    pub worker: bool,
    /// Days for which a closed retailer can be kept open, 0 to 90.
    pub closing_days: u16,
    /// Redis for wake-ups and limits between processes; within this process only without it.
    pub redis_url: Option<String>,
    /// How much may be asked.
    pub limits: LimitsConfig,
    /// Which other sites' pages may ask.
    pub cors: Cors,
    /// Where requests to customers' addresses may go; anything but [`AddressPolicy::public_only`] is for tests.
    pub outbound: AddressPolicy,
    /// How mail leaves. Its links lead to where this process listens when it does not say.
    pub mail: MailConfig,
}

/// A running service.
pub struct Service {
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    stop_worker: watch::Sender<bool>,
    http: Option<(ServerHandle, JoinHandle<std::io::Result<()>>, SocketAddr)>,
    worker: Option<std::thread::JoinHandle<()>>,
}

impl Service {
    /// Checks the roles and starts serving.
    ///
    /// # Errors
    /// When a role is not bound by row-level security, the schema is missing or old, or the address cannot be used.
    pub async fn start(options: ServiceOptions) -> Result<Self> {
        Db::starting(&options.db)?.check_roles().await?;
        let keys = Keys::new(options.secret, options.previous_secret)?;
        let sealer = Sealer::new(&options.secret, options.previous_secret.as_ref())?;
        let outbound = Outbound::new(options.outbound)?;
        let (stopping, observed) = watch::channel(false);
        let salt = keys.tries_key("limits", "");
        let (signing, before) = keys.audit_seeds();
        let auth = AuthShared {
            bot_key: options.bot_key.or_else(|| Some(keys.bot_public())),
            keys,
            hashing: Hashing::new(std::thread::available_parallelism().map_or(2, usize::from)),
            recent: RecentLookups::default(),
        };
        let wake = if let Some(url) = &options.redis_url {
            Wake::shared(url).map_err(wrong_redis)?
        } else {
            tracing::info!("wake-ups and limits stay within this process: REDIS_URL is not set");
            Wake::default()
        };
        let limits = Limits::new(options.limits, salt, options.redis_url.as_deref()).map_err(wrong_redis)?;
        let here = options.listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let here = here.map_or_else(|| "http://127.0.0.1:8080".to_owned(), |address| format!("http://{address}"));
        let mail = Outgoing::new(&options.mail, &here).map_err(Error::internal)?;
        let worker_lost = Arc::default();
        let shared = Arc::new(Shared {
            db: options.db,
            auth,
            closing_days: options.closing_days,
            seal_keys: SealKeys::new(signing, before),
            outbound,
            sealer,
            wake,
            mail,
            limits,
            trials: OneEach::new(trial::AT_ONCE),
            cors: options.cors,
            stopping: observed,
            worker_lost,
            readiness: Mutex::default(),
        });
        let http = match options.listener {
            None => None,
            Some(listener) => {
                let (server, address) = http(&shared, listener, options.http_workers)?;
                Some((server.handle(), tokio::spawn(server), address))
            }
        };
        let (stop_worker, stopped) = watch::channel(false);
        let worker = if options.worker { Some(start_worker(&shared, stopped)?) } else { None };
        Ok(Self { shared, stopping, stop_worker, http, worker })
    }

    /// Where it listens; `None` for a worker alone.
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(|(_, _, address)| *address)
    }

    /// What the process shares, for use cases called from within it.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// The first step of stopping, for a process with more to stop than the service: from now on it is not ready, and
    /// long polls end. Everything else goes on.
    pub fn leave(&self) {
        self.stopping.send_replace(true);
    }

    /// Stops in order: unready and long polls end, the worker finishes the jobs in hand, requests in hand end.
    pub async fn stop(self) {
        self.leave();
        self.stop_worker.send_replace(true);
        if let Some(worker) = self.worker {
            let joined = tokio::task::spawn_blocking(move || worker.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::warn!("the worker did not end well");
            }
        }
        if let Some((handle, server, _)) = self.http {
            handle.stop(true).await;
            let _ = server.await;
        }
    }
}

fn wrong_redis(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("REDIS_URL: {error}. It takes redis://host:port, or leave it unset."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a worker is missed whose thread does `work` while stopping stands at `asked`.
    fn missed(asked: bool, work: fn()) -> bool {
        let (_stop, stopping) = watch::channel(asked);
        let lost = Arc::new(AtomicBool::new(false));
        let watched = Watched { stopping, lost: Arc::clone(&lost) };
        let thread = std::thread::spawn(move || {
            let _watched = watched;
            work();
        });
        // How it ended is what the watch is about.
        let _ = thread.join();
        lost.load(Ordering::Relaxed)
    }

    #[test]
    fn a_worker_that_ends_unasked_is_missed() {
        assert!(missed(false, || ()));
        assert!(missed(false, || panic!("a fault in the worker itself")));
        assert!(!missed(true, || ()));
    }
}
