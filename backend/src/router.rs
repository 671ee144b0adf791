//! Every domain's endpoints and jobs, one line each: the only place, beside [`crate::serve`], that names them all.

use crate::platform::http::endpoint::{Endpoint, Routing};
use crate::platform::http::sheet::{self, Sheet};
use crate::platform::jobs::{JobKind, Sweep};
use crate::{identity, measure, openapi, plan, watch};
use actix_web::web;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::OnceLock;

/// Every operation of the API.
pub fn endpoints() -> Vec<Endpoint> {
    [
        identity::sign_up::routes::routes(),
        identity::auth::routes::routes(),
        identity::tenants::routes::routes(),
        identity::limits::routes::routes(),
        identity::staff::routes::routes(),
        identity::roles::routes::routes(),
        identity::departments::routes::routes(),
        identity::invitations::routes::routes(),
        identity::passwords::routes::routes(),
        identity::profile::routes::routes(),
        identity::partners::routes::routes(),
        identity::chat::routes::routes(),
        identity::audit::routes::routes(),
        identity::events::routes::routes(),
        identity::closing::routes::routes(),
        identity::export::routes::routes(),
        identity::longjobs::routes::routes(),
        measure::benchmarks::routes::routes(),
        measure::metrics::routes::routes(),
        measure::retention::routes::routes(),
        measure::samples::routes::routes(),
        measure::subjects::routes::routes(),
        plan::channels::routes::routes(),
        plan::campaigns::routes::routes(),
        plan::goals::routes::routes(),
        watch::ingest::routes::routes(),
        watch::imports::routes::routes(),
        watch::feeds::routes::routes(),
        watch::quiet::routes::routes(),
        watch::rules::routes::routes(),
        watch::trail::routes::routes(),
        watch::alerts::routes::routes(),
        watch::deliveries::routes::routes(),
        watch::dispatch::routes::routes(),
        watch::reports::routes::routes(),
        watch::webhooks::routes::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every kind of deferred work.
pub fn jobs() -> Vec<JobKind> {
    [
        identity::export::jobs::kinds(),
        identity::longjobs::jobs::kinds(),
        identity::mails::jobs::kinds(),
        identity::passwords::jobs::kinds(),
        plan::campaigns::jobs::kinds(),
        plan::goals::jobs::kinds(),
        watch::imports::jobs::kinds(),
        watch::judging::jobs::kinds(),
        watch::alerts::jobs::kinds(),
        watch::quiet::jobs::kinds(),
        watch::deliveries::jobs::kinds(),
        watch::reports::jobs::kinds(),
        watch::webhooks::jobs::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What every worker does again and again.
pub fn sweeps() -> Vec<Sweep> {
    [
        identity::audit::jobs::sweeps(),
        identity::auth::jobs::sweeps(),
        identity::chat::jobs::sweeps(),
        identity::closing::jobs::sweeps(),
        identity::directory::jobs::sweeps(),
        identity::invitations::jobs::sweeps(),
        identity::longjobs::jobs::sweeps(),
        identity::mails::jobs::sweeps(),
        measure::retention::jobs::sweeps(),
        watch::feeds::jobs::sweeps(),
        watch::reports::jobs::sweeps(),
        watch::trail::jobs::sweeps(),
        watch::webhooks::jobs::sweeps(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is mounted: where the endpoints are reached, and the sheets that describe them. What the sheets were made of is not
/// kept.
struct Served {
    routings: Vec<Routing>,
    sheets: [(&'static str, Sheet); 3],
}

/// Made once for all threads that serve, on a thread that ends with it: an allocator keeps for a thread what the thread
/// has freed, and making this takes many times what stays of it.
fn served() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    let make = || {
        let endpoints = endpoints();
        let sheets = openapi::sheets(&endpoints);
        Served { routings: endpoints.into_iter().map(|endpoint| endpoint.routing).collect(), sheets }
    };
    SERVED.get_or_init(|| match std::thread::spawn(make).join() {
        Ok(served) => served,
        Err(panic) => resume_unwind(panic),
    })
}

/// Mounts every endpoint, grouped by path so that a wrong method is 405 and not 404, and their description.
pub fn mount(config: &mut web::ServiceConfig) {
    let Served { routings, sheets } = served();
    for (path, one) in sheets {
        sheet::mount(config, path, one);
    }
    for (path, page) in identity::pages::sheets() {
        sheet::mount(config, path, page);
    }
    let mut paths: BTreeMap<&str, Vec<&Routing>> = BTreeMap::new();
    for routing in routings {
        paths.entry(&routing.path).or_default().push(routing);
    }
    // A fixed segment (`/v1/sessions/refresh`) must be asked before a parameter (`/v1/sessions/{id}`): `{` sorts
    // behind every letter, so the map's order is the right one.
    for (path, routings) in paths {
        let allow = routings.iter().map(|routing| routing.method_name()).collect::<Vec<_>>().join(", ");
        let mut resource = web::resource(path);
        for routing in routings {
            resource = resource.route(routing.route());
        }
        config.service(resource.default_service(web::to(move || {
            let answer = actix_web::HttpResponse::MethodNotAllowed().insert_header(("allow", allow.clone())).finish();
            std::future::ready(answer)
        })));
    }
}
