//! Sign-up, sign-in and sessions over HTTP.

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
use tillwatch_shared::identity::{Jwks, Me, Refresh, SignIn, SignUp, Signed};
use tillwatch_shared::watch::{BotAssertion, BotToken};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(sign_up),
        endpoint!(sign_in),
        endpoint!(refresh),
        endpoint!(sign_out),
        endpoint!(me),
        endpoint!(jwks),
        endpoint!(bot_token),
    ]
}

/// Signs a retailer up; the person becomes its owner and is signed in.
#[utoipa::path(post, path = "/v1/sign-up", operation_id = "auth_sign_up", tag = "auth", request_body = SignUp,
    responses((status = 201, body = Signed)))]
async fn sign_up(asker: Anonymous, app: ThinData<App>, body: Body<SignUp>) -> Result<Reply<Signed>> {
    Ok(Reply::created(super::sign_up(&app, body.0, &asker.request_id).await?, "/v1/me".to_owned()))
}

/// Signs a staff in.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "auth_sign_in", tag = "auth", request_body = SignIn,
    responses((status = 201, body = Signed)))]
async fn sign_in(
    asker: Anonymous,
    app: ThinData<App>,
    client: ClientAddress,
    body: Body<SignIn>,
) -> Result<Reply<Signed>> {
    Ok(Reply::created(super::sign_in(&app, body.0, client.0, &asker.request_id).await?, "/v1/me".to_owned()))
}

/// Exchanges a refresh token for the next pair.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "auth_refresh", tag = "auth",
    request_body = Refresh, responses((status = 200, body = Signed)))]
async fn refresh(asker: Anonymous, app: ThinData<App>, body: Body<Refresh>) -> Result<Reply<Signed>> {
    Ok(Reply::ok(super::refresh(&app, &body.0, &asker.request_id).await?))
}

/// Ends the session that asks.
#[utoipa::path(post, path = "/v1/sessions/sign-out", operation_id = "auth_sign_out", tag = "auth",
    responses((status = 200, body = Acknowledgement)))]
async fn sign_out(who: SignedIn, app: ThinData<App>) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::sign_out(&app, &who).await? }))
}

/// Says who asks and what they may do.
#[utoipa::path(get, path = "/v1/me", operation_id = "auth_me", tag = "auth", responses((status = 200, body = Me)))]
async fn me(who: SignedIn, app: ThinData<App>) -> Result<Reply<Me>> {
    let me = super::me(&app, &who).await?;
    let version = me.staff.as_ref().map(|staff| staff.version);
    let reply = Reply::ok(me);
    Ok(match version {
        Some(version) => reply.version(version),
        None => reply,
    })
}

/// The public keys that verify access tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "auth_jwks", tag = "auth",
    responses((status = 200, body = Jwks)))]
async fn jwks(_asker: Anonymous, app: ThinData<App>) -> Result<Reply<Jwks>> {
    Ok(Reply::ok(app.auth.keys.jwks()))
}

/// Gives the chat bot a short-lived token for its signed assertion.
#[utoipa::path(post, path = "/v1/bot/token", operation_id = "auth_bot_token", tag = "auth",
    request_body = BotAssertion, responses((status = 200, body = BotToken)))]
async fn bot_token(_asker: Anonymous, app: ThinData<App>, body: Body<BotAssertion>) -> Result<Reply<BotToken>> {
    Ok(Reply::ok(super::bot_token(&app, &body.0).await?))
}
