//! Retention over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::IfMatch;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::samples::{SampleRetention, UpdateSampleRetention};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(get), endpoint!(update)]
}

/// Shows how long samples are kept as they came. Hours, days, weeks and months are kept for good.
#[utoipa::path(get, path = "/v1/sample-retention", operation_id = "samples_retention", tag = "samples",
    responses((status = 200, body = SampleRetention)))]
async fn get(who: Authorized<may::TenantRead>, app: ThinData<App>) -> Result<Reply<SampleRetention>> {
    Ok(Reply::ok(super::get(&app, &who).await?).versioned(|retention| retention.version))
}

/// Keeps samples for another number of months. What was removed does not come back; raise it before older history is
/// loaded.
#[utoipa::path(patch, path = "/v1/sample-retention", operation_id = "samples_retention_update", tag = "samples",
    params(("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateSampleRetention, responses((status = 200, body = SampleRetention)))]
async fn update(
    who: Authorized<may::TenantWrite>,
    app: ThinData<App>,
    version: IfMatch,
    body: Body<UpdateSampleRetention>,
) -> Result<Reply<SampleRetention>> {
    let retention = super::update(&app, &who, &version, body.0).await?;
    Ok(Reply::ok(retention).versioned(|retention| retention.version))
}
