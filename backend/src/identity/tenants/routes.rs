//! A retailer's settings over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Acknowledgement;
use tillwatch_shared::identity::Tenant;
use tillwatch_shared::sessions::RequireSecondFactor;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(get), endpoint!(require_second_factor)]
}

/// Reads the retailer's settings.
#[utoipa::path(get, path = "/v1/tenant", operation_id = "tenant_get", tag = "tenant",
    responses((status = 200, body = Tenant)))]
async fn get(who: Authorized<may::TenantRead>, app: ThinData<App>) -> Result<Reply<Tenant>> {
    Ok(Reply::ok(super::get(&app, &who).await?))
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
