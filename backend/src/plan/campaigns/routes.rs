//! Campaigns over HTTP.

use super::Filter;
use super::model::Verb;
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
use tillwatch_shared::ids::CampaignId;
use tillwatch_shared::plan::{
    Campaign, CampaignHistory, CampaignState, ChangeState, CreateCampaign, StateChanged, UpdateCampaign,
};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(list),
        endpoint!(create),
        endpoint!(get),
        endpoint!(update),
        endpoint!(archive),
        endpoint!(history),
        endpoint!(submit),
        endpoint!(schedule),
        endpoint!(launch),
        endpoint!(pause),
        endpoint!(resume),
        endpoint!(complete),
        endpoint!(cancel),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only campaigns in this state.
    #[param(inline)]
    state: Option<CampaignState>,
    /// Only campaigns whose name or external key begins so, in upper or lower case.
    #[param(max_length = 128)]
    q: Option<String>,
    /// The archived campaigns instead of the others.
    archived: Option<bool>,
}

/// Lists campaigns, newest first.
#[utoipa::path(get, path = "/v1/campaigns", operation_id = "campaigns_list", tag = "campaigns", params(ListParams, PageParams),
    responses((status = 200, body = Page<Campaign>)))]
async fn list(
    who: Authorized<may::CampaignsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Campaign>>> {
    let ListQuery { filters: ListParams { state, q, archived }, page } = query;
    let filter = Filter { state, q, archived: archived.unwrap_or(false) };
    Ok(Reply::ok(super::list(&app, &who, &filter, &page).await?))
}

/// Makes a campaign, as a draft.
#[utoipa::path(post, path = "/v1/campaigns", operation_id = "campaigns_create", tag = "campaigns",
    request_body = CreateCampaign, responses((status = 201, body = Campaign)))]
async fn create(
    who: Authorized<may::CampaignsWrite>,
    app: ThinData<App>,
    body: Body<CreateCampaign>,
) -> Result<Reply<Campaign>> {
    let campaign = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/campaigns/{}", campaign.id);
    Ok(Reply::created(campaign, location).version(1))
}

/// Reads a campaign, with what it has cost so far.
#[utoipa::path(get, path = "/v1/campaigns/{id}", operation_id = "campaigns_get", tag = "campaigns",
    params(("id" = inline(CampaignId), Path, description = "The campaign's id.")),
    responses((status = 200, body = Campaign)))]
async fn get(
    who: Authorized<may::CampaignsRead>,
    app: ThinData<App>,
    id: PathId<CampaignId>,
) -> Result<Reply<Campaign>> {
    let campaign = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(campaign).versioned(|campaign| campaign.version))
}

/// Changes a campaign's plan, not its state. Needs `If-Match` with the version that was read.
#[utoipa::path(patch, path = "/v1/campaigns/{id}", operation_id = "campaigns_update", tag = "campaigns",
    params(
        ("id" = inline(CampaignId), Path, description = "The campaign's id."),
        ("If-Match" = String, Header, description = "The `ETag` that was read."),
    ),
    request_body = UpdateCampaign, responses((status = 200, body = Campaign)))]
async fn update(
    who: Authorized<may::CampaignsWrite>,
    app: ThinData<App>,
    id: PathId<CampaignId>,
    version: IfMatch,
    body: Body<UpdateCampaign>,
) -> Result<Reply<Campaign>> {
    let campaign = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(campaign).versioned(|campaign| campaign.version))
}

/// Archives a campaign that is not active: it is kept and can be read, not changed. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/campaigns/{id}/archive", operation_id = "campaigns_archive", tag = "campaigns",
    params(("id" = inline(CampaignId), Path, description = "The campaign's id.")),
    responses((status = 200, body = Campaign)))]
async fn archive(
    who: Authorized<may::CampaignsWrite>,
    app: ThinData<App>,
    id: PathId<CampaignId>,
) -> Result<Reply<Campaign>> {
    let campaign = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(campaign).versioned(|campaign| campaign.version))
}

/// What may be asked of a history.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryParams {
    /// The newest step first instead of the oldest.
    newest_first: Option<bool>,
}

/// Reads the states that a campaign went through, oldest first unless asked otherwise.
#[utoipa::path(get, path = "/v1/campaigns/{id}/history", operation_id = "campaigns_history", tag = "campaigns",
    params(("id" = inline(CampaignId), Path, description = "The campaign's id."), HistoryParams, PageParams),
    responses((status = 200, body = CampaignHistory)))]
async fn history(
    who: Authorized<may::CampaignsRead>,
    app: ThinData<App>,
    id: PathId<CampaignId>,
    query: ListQuery<HistoryParams>,
) -> Result<Reply<CampaignHistory>> {
    let newest_first = query.filters.newest_first.unwrap_or(false);
    Ok(Reply::ok(super::history(&app, &who, id.0, newest_first, &query.page).await?))
}

/// The endpoints that change a campaign's state differ in verb and permission only.
macro_rules! verbs {
    ($( $(#[$doc:meta])* $handler:ident $permission:ident $verb:ident $path:tt $operation:tt; )+) => { $(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, operation_id = $operation, tag = "campaigns",
            params(("id" = inline(CampaignId), Path, description = "The campaign's id.")),
            request_body = ChangeState, responses((status = 200, body = StateChanged)))]
        async fn $handler(
            who: Authorized<may::$permission>,
            app: ThinData<App>,
            id: PathId<CampaignId>,
            body: Body<ChangeState>,
        ) -> Result<Reply<StateChanged>> {
            Ok(Reply::ok(super::change_state(&app, &who, id.0, Verb::$verb, &body.0.reason).await?))
        }
    )+ };
}

verbs! {
    /// Hands a draft in for sign-off.
    submit CampaignsWrite Submit "/v1/campaigns/{id}/submit" "campaigns_submit";
    /// Signs a campaign off to start by itself when its first day begins in the retailer's time zone; at once when that
    /// has begun.
    schedule CampaignsWrite Schedule "/v1/campaigns/{id}/schedule" "campaigns_schedule";
    /// Starts a campaign now.
    launch CampaignsWrite Launch "/v1/campaigns/{id}/launch" "campaigns_launch";
    /// Pauses an active campaign. Doing it again changes nothing.
    pause CampaignsPause Pause "/v1/campaigns/{id}/pause" "campaigns_pause";
    /// Resumes a paused campaign. Doing it again changes nothing.
    resume CampaignsResume Resume "/v1/campaigns/{id}/resume" "campaigns_resume";
    /// Ends a campaign as planned.
    complete CampaignsWrite Complete "/v1/campaigns/{id}/complete" "campaigns_complete";
    /// Gives a campaign up.
    cancel CampaignsWrite Cancel "/v1/campaigns/{id}/cancel" "campaigns_cancel";
}
