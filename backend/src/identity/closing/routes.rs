//! Closing a retailer over HTTP, and what became of it.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Anonymous, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Acknowledgement;
use tillwatch_shared::closing::{CloseTenant, Erasure, TenantClosing};
use tillwatch_shared::ids::ErasureId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(close), endpoint!(keep_open), endpoint!(erasure)]
}

/// Closes the retailer. It can be kept open for a time (30 days unless the operator says otherwise); then every row of
/// it is removed, and `GET /v1/erasures/{id}` shows a signed certificate. Needs a fresh proof of who you are. Doing it
/// again changes nothing.
#[utoipa::path(post, path = "/v1/tenant/close", operation_id = "tenant_close", tag = "tenant",
    request_body = CloseTenant, responses((status = 200, body = TenantClosing)))]
async fn close(
    who: Sensitive<may::TenantDelete>,
    app: ThinData<App>,
    body: Body<CloseTenant>,
) -> Result<Reply<TenantClosing>> {
    Ok(Reply::ok(super::close(&app, &who, body.0).await?))
}

/// Keeps a retailer open that is being closed, until its time has come.
#[utoipa::path(post, path = "/v1/tenant/keep-open", operation_id = "tenant_keep_open", tag = "tenant",
    responses((status = 200, body = Acknowledgement)))]
async fn keep_open(who: Sensitive<may::TenantDelete>, app: ThinData<App>) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::keep_open(&app, &who).await? }))
}

/// Shows what became of a retailer that was to be closed, for whoever has the id that was given then.
#[utoipa::path(get, path = "/v1/erasures/{id}", operation_id = "erasures_get", tag = "erasures",
    params(("id" = inline(ErasureId), Path, description = "The id that was given at the closing.")),
    responses((status = 200, body = Erasure)))]
async fn erasure(_: Anonymous, app: ThinData<App>, id: PathId<ErasureId>) -> Result<Reply<Erasure>> {
    Ok(Reply::ok(super::erasure(&app, id.0).await?))
}
