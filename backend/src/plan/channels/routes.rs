//! Channels over HTTP.

use super::Filter;
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::plan::{Channel, ChannelStage, CreateChannel, UpdateChannel};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(create), endpoint!(get), endpoint!(update), endpoint!(archive)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only channels of this stage.
    #[param(inline)]
    stage: Option<ChannelStage>,
    /// Only channels whose name or external key begins so, in upper or lower case.
    #[param(max_length = 128)]
    q: Option<String>,
    /// The archived channels instead of those in use.
    archived: Option<bool>,
}

/// Lists channels, newest first.
#[utoipa::path(get, path = "/v1/channels", operation_id = "channels_list", tag = "channels", params(ListParams, PageParams),
    responses((status = 200, body = Page<Channel>)))]
async fn list(
    who: Authorized<may::ChannelsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Channel>>> {
    let ListQuery { filters: ListParams { stage, q, archived }, page } = query;
    let filter = Filter { stage, q, archived: archived.unwrap_or(false) };
    Ok(Reply::ok(super::list(&app, &who, &filter, &page).await?))
}

/// Makes a channel.
#[utoipa::path(post, path = "/v1/channels", operation_id = "channels_create", tag = "channels",
    request_body = CreateChannel, responses((status = 201, body = Channel)))]
async fn create(
    who: Authorized<may::ChannelsWrite>,
    app: ThinData<App>,
    body: Body<CreateChannel>,
) -> Result<Reply<Channel>> {
    let channel = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/channels/{}", channel.id);
    Ok(Reply::created(channel, location).version(1))
}

/// Reads a channel.
#[utoipa::path(get, path = "/v1/channels/{id}", operation_id = "channels_get", tag = "channels",
    params(("id" = inline(ChannelId), Path, description = "The channel's id.")),
    responses((status = 200, body = Channel)))]
async fn get(who: Authorized<may::ChannelsRead>, app: ThinData<App>, id: PathId<ChannelId>) -> Result<Reply<Channel>> {
    let channel = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(channel).versioned(|channel| channel.version))
}

/// Changes a channel. Needs `If-Match` with the version that was read.
#[utoipa::path(patch, path = "/v1/channels/{id}", operation_id = "channels_update", tag = "channels",
    params(
        ("id" = inline(ChannelId), Path, description = "The channel's id."),
        ("If-Match" = String, Header, description = "The `ETag` that was read."),
    ),
    request_body = UpdateChannel, responses((status = 200, body = Channel)))]
async fn update(
    who: Authorized<may::ChannelsWrite>,
    app: ThinData<App>,
    id: PathId<ChannelId>,
    version: IfMatch,
    body: Body<UpdateChannel>,
) -> Result<Reply<Channel>> {
    let channel = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(channel).versioned(|channel| channel.version))
}

/// Archives a channel: it is kept and can be read, not changed. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/channels/{id}/archive", operation_id = "channels_archive", tag = "channels",
    params(("id" = inline(ChannelId), Path, description = "The channel's id.")),
    responses((status = 200, body = Channel)))]
async fn archive(
    who: Authorized<may::ChannelsWrite>,
    app: ThinData<App>,
    id: PathId<ChannelId>,
) -> Result<Reply<Channel>> {
    let channel = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(channel).versioned(|channel| channel.version))
}
