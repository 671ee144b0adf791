//! The metric catalogue over HTTP.

use super::{all, wire};
use crate::endpoint;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use tillwatch_shared::measure::MetricCatalogue;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list)]
}

/// Lists every metric that exists, by key.
#[utoipa::path(get, path = "/v1/metrics", operation_id = "metrics_list", tag = "metrics",
    responses((status = 200, body = MetricCatalogue)))]
async fn list(_who: Authorized<may::MetricsRead>) -> Reply<MetricCatalogue> {
    let mut data: Vec<_> = all().iter().map(wire::info).collect();
    data.sort_by(|a, b| a.key.cmp(&b.key));
    Reply::ok(MetricCatalogue { data })
}
