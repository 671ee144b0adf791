//! API tokens over HTTP.

use super::leaks;
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Anonymous, Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::client::ClientAddress;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::authority::{LeakReported, ReportLeakedToken, RotateApiToken, TokenPattern};
use tillwatch_shared::identity::{ApiToken, ApiTokenCreated, CreateApiToken};
use tillwatch_shared::ids::ApiTokenId;
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(create),
        endpoint!(list),
        endpoint!(get),
        endpoint!(rotate),
        endpoint!(revoke),
        endpoint!(report_leaked),
        endpoint!(pattern),
    ]
}

/// Makes an API token; its secret is in this answer and nowhere else. A token outlives the session that makes it, so
/// who asks must have proved who they are a short while ago.
#[utoipa::path(post, path = "/v1/api-tokens", operation_id = "api_tokens_create", tag = "api_tokens",
    request_body = CreateApiToken, responses((status = 201, body = ApiTokenCreated)))]
async fn create(
    who: Sensitive<may::ApiTokensWrite>,
    app: ThinData<App>,
    body: Body<CreateApiToken>,
) -> Result<Reply<ApiTokenCreated>> {
    let created = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/api-tokens/{}", created.token.id);
    Ok(Reply::created(created, location).secret("/secret"))
}

/// Lists the API tokens, without their secrets.
#[utoipa::path(get, path = "/v1/api-tokens", operation_id = "api_tokens_list", tag = "api_tokens", params(PageParams),
    responses((status = 200, body = Page<ApiToken>)))]
async fn list(
    who: Authorized<may::ApiTokensRead>,
    app: ThinData<App>,
    query: ListQuery,
) -> Result<Reply<Page<ApiToken>>> {
    let paging = query.page.of(who.tenant, "api_tokens", "")?;
    Ok(Reply::ok(super::list(&app, &who, &paging).await?))
}

/// Revokes an API token; within a second it works nowhere.
#[utoipa::path(post, path = "/v1/api-tokens/{id}/revoke", operation_id = "api_tokens_revoke", tag = "api_tokens",
    params(("id" = ApiTokenId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn revoke(
    who: Authorized<may::ApiTokensWrite>,
    app: ThinData<App>,
    id: PathId<ApiTokenId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::revoke(&app, &who, id.0).await? }))
}

/// Shows an API token, without its secrets.
#[utoipa::path(get, path = "/v1/api-tokens/{id}", operation_id = "api_tokens_get", tag = "api_tokens",
    params(("id" = ApiTokenId, Path)), responses((status = 200, body = ApiToken)))]
async fn get(
    who: Authorized<may::ApiTokensRead>,
    app: ThinData<App>,
    id: PathId<ApiTokenId>,
) -> Result<Reply<ApiToken>> {
    Ok(Reply::ok(super::get(&app, &who, id.0).await?))
}

/// Gives an API token a new secret, which is in this answer and nowhere else. The one before works until the overlap's
/// end, or the end it had if that comes first; one that was rotated out before ends at once. As for a new token, who asks
/// must have proved who they are a short while ago.
#[utoipa::path(post, path = "/v1/api-tokens/{id}/rotate", operation_id = "api_tokens_rotate", tag = "api_tokens",
    params(("id" = ApiTokenId, Path)), request_body = RotateApiToken, responses((status = 200, body = ApiTokenCreated)))]
async fn rotate(
    who: Sensitive<may::ApiTokensWrite>,
    app: ThinData<App>,
    id: PathId<ApiTokenId>,
    body: Body<RotateApiToken>,
) -> Result<Reply<ApiTokenCreated>> {
    Ok(Reply::ok(super::rotate(&app, &who, id.0, &body.0).await?).secret("/secret"))
}

/// Reports an API token that was found where it does not belong: it ends at once, if it works. The answer is always the
/// same.
#[utoipa::path(post, path = "/v1/leaked-tokens", operation_id = "leaked_tokens_report", tag = "api_tokens",
    request_body = ReportLeakedToken, responses((status = 202, body = LeakReported)))]
async fn report_leaked(
    asker: Anonymous,
    app: ThinData<App>,
    client: ClientAddress,
    body: Body<ReportLeakedToken>,
) -> Result<Reply<LeakReported>> {
    leaks::report(&app, &body.0, client.0, &asker.request_id).await?;
    Ok(Reply::accepted(LeakReported { received: true }))
}

/// Says how to recognise our API tokens in any text, for secret scanners.
#[utoipa::path(get, path = "/.well-known/tillwatch-token-pattern.json", operation_id = "api_tokens_pattern",
    tag = "api_tokens", responses((status = 200, body = TokenPattern)))]
async fn pattern(_asker: Anonymous) -> Result<Reply<TokenPattern>> {
    Ok(Reply::ok(leaks::pattern()))
}
