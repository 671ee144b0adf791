//! Benchmarks over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::benchmarks::{Benchmark, BenchmarkGroup, BenchmarksLoaded, LoadBenchmarks};
use tillwatch_shared::ids::BenchmarkId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(load), endpoint!(remove)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only of this group of retailers.
    group: Option<BenchmarkGroup>,
    /// Only of this metric.
    #[param(max_length = 40, example = "ctr")]
    metric: Option<String>,
}

/// Lists the reference values that were loaded, oldest first.
#[utoipa::path(get, path = "/v1/benchmarks", operation_id = "benchmarks_list", tag = "benchmarks",
    params(ListParams, PageParams), responses((status = 200, body = Page<Benchmark>)))]
async fn list(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Benchmark>>> {
    let ListParams { group, metric } = query.filters;
    let filter = format!("{}/{}", group.map_or("", BenchmarkGroup::as_str), metric.as_deref().unwrap_or(""));
    let paging = query.page.of(who.tenant, "benchmarks", &filter)?;
    Ok(Reply::ok(super::list(&app, &who, group, metric.as_deref(), &paging).await?))
}

/// Loads reference values with their sources: all of them, or none. One of a group, metric and year that is there is
/// written over; loading the same again changes nothing. `GET /v1/kpis` and `GET /v1/series` show them beside one's own
/// figures when they are asked for a group.
#[utoipa::path(post, path = "/v1/benchmarks", operation_id = "benchmarks_load", tag = "benchmarks",
    request_body = LoadBenchmarks, responses((status = 200, body = BenchmarksLoaded)))]
async fn load(
    who: Authorized<may::MetricsWrite>,
    app: ThinData<App>,
    body: Body<LoadBenchmarks>,
) -> Result<Reply<BenchmarksLoaded>> {
    Ok(Reply::ok(super::load(&app, &who, body.0).await?))
}

/// Removes a reference value.
#[utoipa::path(post, path = "/v1/benchmarks/{id}/remove", operation_id = "benchmarks_remove", tag = "benchmarks",
    params(("id" = BenchmarkId, Path)), responses((status = 200, body = Benchmark)))]
async fn remove(
    who: Authorized<may::MetricsWrite>,
    app: ThinData<App>,
    id: PathId<BenchmarkId>,
) -> Result<Reply<Benchmark>> {
    Ok(Reply::ok(super::remove(&app, &who, id.0).await?))
}
