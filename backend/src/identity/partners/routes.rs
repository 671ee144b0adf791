//! API tokens over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::Paging;
use crate::platform::http::params::{Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::identity::{ApiToken, ApiTokenCreated, CreateApiToken};
use tillwatch_shared::ids::ApiTokenId;
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(create), endpoint!(list), endpoint!(revoke)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(max_length = 128)]
    cursor: Option<String>,
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
    Ok(Reply::created(created, "/v1/api-tokens".to_owned()))
}

/// Lists the API tokens, without their secrets.
#[utoipa::path(get, path = "/v1/api-tokens", operation_id = "api_tokens_list", tag = "api_tokens", params(ListParams),
    responses((status = 200, body = Page<ApiToken>)))]
async fn list(
    who: Authorized<may::ApiTokensRead>,
    app: ThinData<App>,
    params: Params<ListParams>,
) -> Result<Reply<Page<ApiToken>>> {
    let Params(ListParams { limit, cursor }) = params;
    let paging = Paging::new(who.tenant, "api_tokens", "", limit, cursor.as_deref())?;
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
