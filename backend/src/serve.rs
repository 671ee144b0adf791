//! The running service: the HTTP server and the worker, each thread with pools of its own.

use crate::app::{App, Shared};
use crate::error::{Error, Result};
use crate::identity::auth::gate::Gate;
use crate::platform::db::DbConfig;
use crate::platform::http::authorized::Authenticate;
use crate::platform::http::edge::edge;
use crate::platform::jobs::worker;
use crate::router;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::ThinData;
use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Requests get this long to end when the service stops.
const DRAIN_SECONDS: u64 = 9;

/// The HTTP server on `listener`, with `workers` threads.
///
/// # Errors
/// When the listener cannot be used.
pub fn http(shared: &Arc<Shared>, listener: TcpListener, workers: usize) -> Result<(Server, SocketAddr)> {
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
    router::mount(config, &router::endpoints());
    config.default_service(web::to(async || HttpResponse::NotFound().finish()));
}

/// Ready: not stopping, and PostgreSQL answers with the schema in place.
async fn ready(app: ThinData<App>) -> Result<HttpResponse> {
    if *app.stopping.borrow() {
        return Err(Error::unavailable("stopping"));
    }
    app.db.ready().await?;
    Ok(HttpResponse::Ok().body("ready"))
}

/// Stops the server: no new connections, requests in hand end.
pub async fn stop_http(handle: &ServerHandle) {
    handle.stop(true).await;
}

/// Starts the worker on a thread of its own; it ends when `shared.stopping` turns true.
///
/// # Errors
/// When the thread cannot be started.
pub fn start_worker(shared: &Arc<Shared>) -> Result<std::thread::JoinHandle<()>> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Err(error) => tracing::error!(%error, "the worker cannot start"),
                Ok(runtime) => runtime.block_on(async {
                    match App::new(shared) {
                        Err(error) => tracing::error!(%error, "the worker cannot start"),
                        Ok(app) => worker::run(&app, &router::jobs()).await,
                    }
                }),
            }
        })
        .map_err(Error::internal)
}

/// Checks, before anything is served, that the roles are bound by row-level security and the schema is there.
///
/// # Errors
/// A sentence that names the setting and the fix.
pub async fn check(db: &DbConfig) -> Result<()> {
    crate::platform::db::Db::new(db)?.check_roles().await
}
