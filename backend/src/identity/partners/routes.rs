//! API tokens over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::identity::{ApiToken, ApiTokenCreated, CreateApiToken};
use tillwatch_shared::ids::ApiTokenId;
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(create), endpoint!(list), endpoint!(revoke)]
}

/// Makes an API token; its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/api-tokens", operation_id = "api_tokens_create", tag = "api_tokens",
    request_body = CreateApiToken, responses((status = 201, body = ApiTokenCreated)))]
async fn create(
    who: Authorized<may::ApiTokensWrite>,
    app: ThinData<App>,
    body: Body<CreateApiToken>,
) -> Result<Reply<ApiTokenCreated>> {
    let created = super::create(&app, &who, body.0).await?;
    Ok(Reply::created(created, "/v1/api-tokens".to_owned()).secret("/secret"))
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
