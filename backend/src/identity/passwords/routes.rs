//! Forgotten and changed passwords over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Anonymous, SignedIn};
use crate::platform::http::body::Body;
use crate::platform::http::client::ClientAddress;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Acknowledgement;
use tillwatch_shared::joining::{Accepted, ChangePassword, RequestPasswordReset, ResetPassword};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(reset_request), endpoint!(reset), endpoint!(change)]
}

/// Has a link for a new password sent to an address, if it has a login. The answer is the same whether or not.
#[utoipa::path(post, path = "/v1/password/reset-request", operation_id = "password_reset_request", tag = "password",
    request_body = RequestPasswordReset, responses((status = 202, body = Accepted)))]
async fn reset_request(
    asker: Anonymous,
    app: ThinData<App>,
    client: ClientAddress,
    body: Body<RequestPasswordReset>,
) -> Result<Reply<Accepted>> {
    Ok(Reply::accepted(super::ask_reset(&app, &body.0, client.0, &asker.request_id).await?))
}

/// Sets a new password by the token of a mailed link. Every session of the login ends, at every retailer, and so
/// does every chat link; sign in then.
#[utoipa::path(post, path = "/v1/password/reset", operation_id = "password_reset", tag = "password",
    request_body = ResetPassword, responses((status = 200, body = Acknowledgement)))]
async fn reset(asker: Anonymous, app: ThinData<App>, body: Body<ResetPassword>) -> Result<Reply<Acknowledgement>> {
    super::reset(&app, body.0, &asker.request_id).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// Sets a new password in place of the present one. Every other session of the login ends, at every retailer.
#[utoipa::path(post, path = "/v1/password/change", operation_id = "password_change", tag = "password",
    request_body = ChangePassword, responses((status = 200, body = Acknowledgement)))]
async fn change(
    who: SignedIn,
    app: ThinData<App>,
    client: ClientAddress,
    body: Body<ChangePassword>,
) -> Result<Reply<Acknowledgement>> {
    super::change(&app, &who, body.0, client.0).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}
