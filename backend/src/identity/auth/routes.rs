//! Sign-in, sessions, places and the second factor over HTTP.

use super::{SignInOutcome, factor, places, sessions, sign_in as signing};
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Anonymous, SignedIn};
use crate::platform::http::body::Body;
use crate::platform::http::client::Client;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::enrolling::{Enrolling, Proven};
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::Either;
use actix_web::web::ThinData;
use tillwatch_shared::identity::{Jwks, Me, Refresh, SignIn, Signed};
use tillwatch_shared::ids::SessionId;
use tillwatch_shared::sessions::{
    ChoosePlace, ConfirmSecondFactor, OpenSession, Place, Reauthenticate, RecoveryCodes, RemoveSecondFactor,
    SecondFactor, SecondFactorSecret, SwitchPlace,
};
use tillwatch_shared::watch::{BotAssertion, BotToken};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(sign_in),
        endpoint!(refresh),
        endpoint!(sign_out),
        endpoint!(list_sessions),
        endpoint!(revoke_session),
        endpoint!(revoke_others),
        endpoint!(reauthenticate),
        endpoint!(switch),
        endpoint!(me),
        endpoint!(own_places),
        endpoint!(second_factor),
        endpoint!(begin_second_factor),
        endpoint!(confirm_second_factor),
        endpoint!(renew_recovery_codes),
        endpoint!(remove_second_factor),
        endpoint!(jwks),
        endpoint!(bot_token),
    ]
}

/// Signs a staff in. With a second factor the first answer is 401 `second_factor_required`: send the same with `code`.
/// A login with places at several retailers gets their list: send the same with `tenant`.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "auth_sign_in", tag = "auth", request_body = SignIn,
    responses((status = 201, body = Signed, description = "Signed in."),
        (status = 200, body = ChoosePlace, description = "Nobody is signed in yet: name one of these retailers.")))]
async fn sign_in(
    asker: Anonymous,
    app: ThinData<App>,
    client: Client,
    body: Body<SignIn>,
) -> Result<Either<Reply<Signed>, Reply<ChoosePlace>>> {
    Ok(match signing::sign_in(&app, body.0, &client, &asker.request_id).await? {
        SignInOutcome::Signed(signed) => Either::Left(Reply::created(*signed, "/v1/me".to_owned())),
        SignInOutcome::Choose(choice) => Either::Right(Reply::ok(choice)),
    })
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
async fn sign_out(who: Enrolling, app: ThinData<App>) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::sign_out(&app, &who).await? }))
}

/// Lists one's own living sessions, oldest first.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "auth_sessions_list", tag = "auth", params(PageParams),
    responses((status = 200, body = Page<OpenSession>), (status = 409, description = "No signed-in person asks.")))]
async fn list_sessions(who: SignedIn, app: ThinData<App>, query: ListQuery) -> Result<Reply<Page<OpenSession>>> {
    let paging = query.page.of(who.tenant, "sessions", "")?;
    Ok(Reply::ok(sessions::list(&app, &who, &paging).await?))
}

/// Ends one of one's own sessions.
#[utoipa::path(post, path = "/v1/sessions/{id}/revoke", operation_id = "auth_sessions_revoke", tag = "auth",
    params(("id" = inline(SessionId), Path, description = "The session's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn revoke_session(who: SignedIn, app: ThinData<App>, id: PathId<SessionId>) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: sessions::revoke(&app, &who, id.0).await? }))
}

/// Ends all of one's own sessions but the one that asks.
#[utoipa::path(post, path = "/v1/sessions/revoke-others", operation_id = "auth_sessions_revoke_others", tag = "auth",
    responses((status = 200, body = Acknowledgement)))]
async fn revoke_others(who: SignedIn, app: ThinData<App>) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: sessions::revoke_others(&app, &who).await? }))
}

/// Proves once more who one is; for ten minutes the session may do what asks for that.
#[utoipa::path(post, path = "/v1/sessions/reauthenticate", operation_id = "auth_reauthenticate", tag = "auth",
    request_body = Reauthenticate, responses((status = 200, body = Acknowledgement)))]
async fn reauthenticate(
    who: Enrolling,
    app: ThinData<App>,
    client: Client,
    body: Body<Reauthenticate>,
) -> Result<Reply<Acknowledgement>> {
    signing::reauthenticate(&app, &who, body.0, &client).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// Opens a session at another retailer where the login has a place; the present one stays.
#[utoipa::path(post, path = "/v1/sessions/switch", operation_id = "auth_switch", tag = "auth",
    request_body = SwitchPlace,
    responses((status = 201, body = Signed), (status = 404, description = "The login has no place there.")))]
async fn switch(who: SignedIn, app: ThinData<App>, client: Client, body: Body<SwitchPlace>) -> Result<Reply<Signed>> {
    let signed = places::switch(&app, &who, body.0.tenant, &client).await?;
    Ok(Reply::created(signed, "/v1/me".to_owned()))
}

/// Says who asks and what they may do.
#[utoipa::path(get, path = "/v1/me", operation_id = "auth_me", tag = "auth", responses((status = 200, body = Me)))]
async fn me(who: Enrolling, app: ThinData<App>) -> Result<Reply<Me>> {
    let me = super::me(&app, &who).await?;
    let version = me.staff.as_ref().map(|staff| staff.version);
    let reply = Reply::ok(me);
    Ok(match version {
        Some(version) => reply.version(version),
        None => reply,
    })
}

/// Lists the retailers where one's login has a place, the present one too.
#[utoipa::path(get, path = "/v1/me/places", operation_id = "auth_places", tag = "auth",
    responses((status = 200, body = Page<Place>), (status = 409, description = "No signed-in person asks.")))]
async fn own_places(who: SignedIn, app: ThinData<App>) -> Result<Reply<Page<Place>>> {
    Ok(Reply::ok(places::own(&app, &who).await?))
}

/// Shows the state of one's own second factor.
#[utoipa::path(get, path = "/v1/second-factor", operation_id = "second_factor_get", tag = "second_factor",
    responses((status = 200, body = SecondFactor), (status = 409, description = "No signed-in person asks.")))]
async fn second_factor(who: Enrolling, app: ThinData<App>) -> Result<Reply<SecondFactor>> {
    Ok(Reply::ok(factor::state(&app, &who).await?))
}

/// Begins to enrol an authenticator; its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/second-factor", operation_id = "second_factor_begin", tag = "second_factor",
    responses((status = 201, body = SecondFactorSecret)))]
async fn begin_second_factor(who: Proven, app: ThinData<App>) -> Result<Reply<SecondFactorSecret>> {
    Ok(Reply::created(factor::begin(&app, &who).await?, "/v1/second-factor".to_owned()))
}

/// Confirms the authenticator by its first code; answers the recovery codes, this once.
#[utoipa::path(post, path = "/v1/second-factor/confirm", operation_id = "second_factor_confirm",
    tag = "second_factor", request_body = ConfirmSecondFactor, responses((status = 200, body = RecoveryCodes)))]
async fn confirm_second_factor(
    who: Proven,
    app: ThinData<App>,
    body: Body<ConfirmSecondFactor>,
) -> Result<Reply<RecoveryCodes>> {
    Ok(Reply::ok(factor::confirm(&app, &who, &body.0.code).await?))
}

/// Makes a new set of recovery codes; those before are void.
#[utoipa::path(post, path = "/v1/second-factor/recovery-codes", operation_id = "second_factor_recovery_codes",
    tag = "second_factor", responses((status = 200, body = RecoveryCodes)))]
async fn renew_recovery_codes(who: Proven, app: ThinData<App>) -> Result<Reply<RecoveryCodes>> {
    Ok(Reply::ok(factor::renew_codes(&app, &who).await?))
}

/// Removes one's second factor, with the password and a code.
#[utoipa::path(post, path = "/v1/second-factor/remove", operation_id = "second_factor_remove",
    tag = "second_factor", request_body = RemoveSecondFactor, responses((status = 200, body = Acknowledgement)))]
async fn remove_second_factor(
    who: Enrolling,
    app: ThinData<App>,
    client: Client,
    body: Body<RemoveSecondFactor>,
) -> Result<Reply<Acknowledgement>> {
    factor::remove(&app, &who, body.0, &client).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
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
