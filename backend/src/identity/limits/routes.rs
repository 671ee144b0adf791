//! A retailer's limits over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::tenant::TenantLimits;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(get)]
}

/// Reads the retailer's limits and how much of them is used.
#[utoipa::path(get, path = "/v1/tenant/limits", operation_id = "tenant_limits", tag = "tenant",
    responses((status = 200, body = TenantLimits)))]
async fn get(who: Authorized<may::TenantRead>, app: ThinData<App>) -> Result<Reply<TenantLimits>> {
    Ok(Reply::ok(super::get(&app, &who).await?))
}
