//! A retailer's settings over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::identity::Tenant;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(get)]
}

/// Reads the retailer's settings.
#[utoipa::path(get, path = "/v1/tenant", operation_id = "tenant_get", tag = "tenant",
    responses((status = 200, body = Tenant)))]
async fn get(who: Authorized<may::TenantRead>, app: ThinData<App>) -> Result<Reply<Tenant>> {
    Ok(Reply::ok(super::get(&app, &who).await?))
}
