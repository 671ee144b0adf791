//! A retailer's settings over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::IfMatch;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Acknowledgement;
use tillwatch_shared::sessions::RequireSecondFactor;
use tillwatch_shared::tenant::{TenantSettings, UpdateTenant};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(get), endpoint!(update), endpoint!(require_second_factor)]
}

/// Reads the retailer's settings.
#[utoipa::path(get, path = "/v1/tenant", operation_id = "tenant_get", tag = "tenant",
    responses((status = 200, body = TenantSettings)))]
async fn get(who: Authorized<may::TenantRead>, app: ThinData<App>) -> Result<Reply<TenantSettings>> {
    let settings = super::get(&app, &who).await?;
    Ok(Reply::ok(settings).versioned(|settings| settings.version))
}

/// Changes the retailer's settings. Needs `If-Match` with the version that was read. The time zone is settled with the
/// first sample, the currency with the first sample or budget.
#[utoipa::path(patch, path = "/v1/tenant", operation_id = "tenant_update", tag = "tenant",
    params(("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateTenant, responses((status = 200, body = TenantSettings)))]
async fn update(
    who: Authorized<may::TenantWrite>,
    app: ThinData<App>,
    version: IfMatch,
    body: Body<UpdateTenant>,
) -> Result<Reply<TenantSettings>> {
    let settings = super::update(&app, &who, &version, body.0).await?;
    Ok(Reply::ok(settings).versioned(|settings| settings.version))
}

/// Says of whom the retailer asks a second factor. Whoever has none reaches nothing but their own enrolment.
#[utoipa::path(post, path = "/v1/tenant/second-factor", operation_id = "tenant_second_factor", tag = "tenant",
    request_body = RequireSecondFactor, responses((status = 200, body = Acknowledgement)))]
async fn require_second_factor(
    who: Sensitive<may::TenantWrite>,
    app: ThinData<App>,
    body: Body<RequireSecondFactor>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::require_second_factor(&app, &who, body.0.required).await? }))
}
