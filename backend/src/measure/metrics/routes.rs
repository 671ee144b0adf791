//! Metrics over HTTP: the catalogue with the retailer's own, and the making of these.

use super::wire::own_info;
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::{IfMatch, Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::ids::MetricId;
use tillwatch_shared::measure::{CreateMetric, MetricCatalogue, MetricInfo, UpdateMetric};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(create), endpoint!(get), endpoint!(update), endpoint!(archive)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Also the retailer's own that are archived.
    archived: Option<bool>,
}

/// Lists every metric that exists, by key: the catalogue and the retailer's own.
#[utoipa::path(get, path = "/v1/metrics", operation_id = "metrics_list", tag = "metrics", params(ListParams),
    responses((status = 200, body = MetricCatalogue)))]
async fn list(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    params: Params<ListParams>,
) -> Result<Reply<MetricCatalogue>> {
    let data = super::list(&app, &who, params.0.archived.unwrap_or(false)).await?;
    Ok(Reply::ok(MetricCatalogue { data }))
}

/// Defines a metric of the retailer's own: a counted one, which takes samples under its key from now on, or a formula
/// over others, which has figures at once for all that was counted.
#[utoipa::path(post, path = "/v1/metrics", operation_id = "metrics_create", tag = "metrics", request_body = CreateMetric,
    responses((status = 201, body = MetricInfo)))]
async fn create(
    who: Authorized<may::MetricsWrite>,
    app: ThinData<App>,
    body: Body<CreateMetric>,
) -> Result<Reply<MetricInfo>> {
    let own = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/metrics/{}", own.id);
    Ok(Reply::created(own_info(&own), location).version(own.version))
}

/// Shows a metric of the retailer's own.
#[utoipa::path(get, path = "/v1/metrics/{id}", operation_id = "metrics_get", tag = "metrics",
    params(("id" = MetricId, Path)), responses((status = 200, body = MetricInfo)))]
async fn get(who: Authorized<may::MetricsRead>, app: ThinData<App>, id: PathId<MetricId>) -> Result<Reply<MetricInfo>> {
    let own = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(own_info(&own)).version(own.version))
}

/// Changes names, direction, family or formula of one of the retailer's own. Figures of a formula are computed by the
/// new one from then on, past days too. The direction stays while a goal on it is pursued.
#[utoipa::path(patch, path = "/v1/metrics/{id}", operation_id = "metrics_update", tag = "metrics",
    params(("id" = MetricId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateMetric, responses((status = 200, body = MetricInfo)))]
async fn update(
    who: Authorized<may::MetricsWrite>,
    app: ThinData<App>,
    id: PathId<MetricId>,
    version: IfMatch,
    body: Body<UpdateMetric>,
) -> Result<Reply<MetricInfo>> {
    let own = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(own_info(&own)).version(own.version))
}

/// Archives one of the retailer's own that stands in no formula, that no enabled rule watches and on which no goal is
/// pursued: it takes no samples any more, what was counted stays. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/metrics/{id}/archive", operation_id = "metrics_archive", tag = "metrics",
    params(("id" = MetricId, Path)), responses((status = 200, body = MetricInfo)))]
async fn archive(
    who: Authorized<may::MetricsWrite>,
    app: ThinData<App>,
    id: PathId<MetricId>,
) -> Result<Reply<MetricInfo>> {
    let own = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(own_info(&own)).version(own.version))
}
