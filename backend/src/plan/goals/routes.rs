//! Goals and their corrections over HTTP.

use super::{Decision, Filter};
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::goals::{
    ActivateGoal, CreateGoal, DecideProposal, Goal, GoalChanged, GoalPeriods, GoalProposal, GoalShown, GoalState,
    GoalVersion, ProposalDecided, ProposalState, SetGoalPeriods, UpdateGoal,
};
use tillwatch_shared::ids::{CampaignId, ChannelId, GoalId, ProposalId, StaffId};
use tillwatch_shared::{Locale, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(list),
        endpoint!(create),
        endpoint!(get),
        endpoint!(update),
        endpoint!(activate),
        endpoint!(archive),
        endpoint!(periods),
        endpoint!(set_periods),
        endpoint!(history),
        endpoint!(picture),
        endpoint!(list_proposals),
        endpoint!(accept),
        endpoint!(refuse),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only goals in this state; without it all but the archived ones.
    state: Option<GoalState>,
    /// Only goals of this metric.
    #[param(max_length = 40, example = "sales")]
    metric: Option<String>,
    /// Only goals of this channel.
    channel: Option<ChannelId>,
    /// Only goals of this campaign.
    campaign: Option<CampaignId>,
    /// Only goals that this staff answers for.
    owner: Option<StaffId>,
    /// Only goals whose name begins so, in upper or lower case.
    #[param(max_length = 128)]
    q: Option<String>,
}

/// Lists the goals, newest first.
#[utoipa::path(get, path = "/v1/goals", operation_id = "goals_list", tag = "goals", params(ListParams, PageParams),
    responses((status = 200, body = Page<Goal>)))]
async fn list(
    who: Authorized<may::GoalsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Goal>>> {
    let ListQuery { filters: ListParams { state, metric, channel, campaign, owner, q }, page } = query;
    let filter = Filter { state, metric, channel, campaign, owner, q };
    Ok(Reply::ok(super::list(&app, &who, &filter, &page).await?))
}

/// Makes a goal, as a draft: it may have gaps, which its check names. A baseline that is not given is taken from the weeks
/// before its first day.
#[utoipa::path(post, path = "/v1/goals", operation_id = "goals_create", tag = "goals", request_body = CreateGoal,
    responses((status = 201, body = Goal)))]
async fn create(who: Authorized<may::GoalsWrite>, app: ThinData<App>, body: Body<CreateGoal>) -> Result<Reply<Goal>> {
    let goal = super::create(&app, &who, body.0).await?;
    let (location, version) = (format!("/v1/goals/{}", goal.id), goal.version);
    Ok(Reply::created(goal, location).version(version))
}

/// Shows a goal: the SMART check of a draft, pace and forecast, and the correction that waits for a decision.
#[utoipa::path(get, path = "/v1/goals/{id}", operation_id = "goals_get", tag = "goals", params(("id" = GoalId, Path)),
    responses((status = 200, body = GoalShown)))]
async fn get(who: Authorized<may::GoalsRead>, app: ThinData<App>, id: PathId<GoalId>) -> Result<Reply<GoalShown>> {
    Ok(Reply::ok(super::get(&app, &who, id.0).await?).versioned(|shown| shown.goal.version))
}

/// Changes a goal. Needs `If-Match` with the version that was read. Metric, scope and first day of an active one are
/// settled; another target or deadline of it is checked again.
#[utoipa::path(patch, path = "/v1/goals/{id}", operation_id = "goals_update", tag = "goals",
    params(("id" = GoalId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateGoal, responses((status = 200, body = Goal)))]
async fn update(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<GoalId>,
    version: IfMatch,
    body: Body<UpdateGoal>,
) -> Result<Reply<Goal>> {
    let goal = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(goal).versioned(|goal| goal.version))
}

/// Activates a goal that passes the SMART check; what is missing is refused letter by letter. Only what was never reached so far
/// may be pursued all the same, with a reason. Again changes nothing.
#[utoipa::path(post, path = "/v1/goals/{id}/activate", operation_id = "goals_activate", tag = "goals",
    params(("id" = GoalId, Path)), request_body = ActivateGoal, responses((status = 200, body = GoalChanged)))]
async fn activate(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<GoalId>,
    body: Body<ActivateGoal>,
) -> Result<Reply<GoalChanged>> {
    Ok(Reply::ok(super::activate(&app, &who, id.0, body.0).await?))
}

/// Archives a goal: it is kept and can be read. Again changes nothing.
#[utoipa::path(post, path = "/v1/goals/{id}/archive", operation_id = "goals_archive", tag = "goals",
    params(("id" = GoalId, Path)), responses((status = 200, body = GoalChanged)))]
async fn archive(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<GoalId>,
) -> Result<Reply<GoalChanged>> {
    Ok(Reply::ok(super::archive(&app, &who, id.0).await?))
}

/// Reads the periods of a goal, with what each was to bring and has brought.
#[utoipa::path(get, path = "/v1/goals/{id}/periods", operation_id = "goals_periods", tag = "goals",
    params(("id" = GoalId, Path)), responses((status = 200, body = GoalPeriods)))]
async fn periods(
    who: Authorized<may::GoalsRead>,
    app: ThinData<App>,
    id: PathId<GoalId>,
) -> Result<Reply<GoalPeriods>> {
    Ok(Reply::ok(super::periods_of(&app, &who, id.0).await?).versioned(|periods| periods.version))
}

/// Sets the targets of all periods of a goal. Needs `If-Match` with the version that was read. Those of a sum add up to the
/// goal's target; the last one of a ratio is it.
#[utoipa::path(put, path = "/v1/goals/{id}/periods", operation_id = "goals_set_periods", tag = "goals",
    params(("id" = GoalId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = SetGoalPeriods, responses((status = 200, body = GoalPeriods)))]
async fn set_periods(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<GoalId>,
    version: IfMatch,
    body: Body<SetGoalPeriods>,
) -> Result<Reply<GoalPeriods>> {
    let periods = super::set_periods(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(periods).versioned(|periods| periods.version))
}

/// Lists what a goal was from one change to the next, newest first.
#[utoipa::path(get, path = "/v1/goals/{id}/history", operation_id = "goals_history", tag = "goals",
    params(("id" = GoalId, Path), PageParams), responses((status = 200, body = Page<GoalVersion>)))]
async fn history(
    who: Authorized<may::GoalsRead>,
    app: ThinData<App>,
    id: PathId<GoalId>,
    query: ListQuery,
) -> Result<Reply<Page<GoalVersion>>> {
    Ok(Reply::ok(super::history(&app, &who, id.0, &query.page).await?))
}

/// What may be asked of a picture.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PictureParams {
    /// The language of its words; the retailer's if absent.
    locale: Option<Locale>,
}

/// Draws a goal: what it brought, day by day, the path to its target, and where it will be.
#[utoipa::path(get, path = "/v1/goals/{id}/picture", operation_id = "goals_picture", tag = "goals",
    params(("id" = GoalId, Path), PictureParams), responses((status = 200, body = [u8], content_type = "image/png")))]
async fn picture(
    who: Authorized<may::GoalsRead>,
    app: ThinData<App>,
    id: PathId<GoalId>,
    params: Params<PictureParams>,
) -> Result<HttpResponse> {
    let png = super::picture::png(&app, &who, id.0, params.0.locale).await?;
    let png = png.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").body(png))
}

/// What may be asked of the corrections.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProposalParams {
    /// Only corrections of this goal.
    goal: Option<GoalId>,
    /// Only corrections in this state.
    state: Option<ProposalState>,
}

/// Lists the monthly corrections of goals, newest first.
#[utoipa::path(get, path = "/v1/goal-proposals", operation_id = "goal_proposals_list", tag = "goal_proposals",
    params(ProposalParams, PageParams), responses((status = 200, body = Page<GoalProposal>)))]
async fn list_proposals(
    who: Authorized<may::GoalsRead>,
    app: ThinData<App>,
    query: ListQuery<ProposalParams>,
) -> Result<Reply<Page<GoalProposal>>> {
    let ListQuery { filters: ProposalParams { goal, state }, page } = query;
    Ok(Reply::ok(super::list_proposals(&app, &who, goal, state, &page).await?))
}

/// Accepts a correction, as a person: the goal gets its target and its periods. Again changes nothing.
#[utoipa::path(post, path = "/v1/goal-proposals/{id}/accept", operation_id = "goal_proposals_accept",
    tag = "goal_proposals", params(("id" = ProposalId, Path)), request_body = DecideProposal,
    responses((status = 200, body = ProposalDecided)))]
async fn accept(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<ProposalId>,
    body: Body<DecideProposal>,
) -> Result<Reply<ProposalDecided>> {
    Ok(Reply::ok(super::decide(&app, &who, id.0, Decision::Accept, body.0.reason).await?))
}

/// Refuses a correction, as a person: the goal stays as it is. Again changes nothing.
#[utoipa::path(post, path = "/v1/goal-proposals/{id}/refuse", operation_id = "goal_proposals_refuse",
    tag = "goal_proposals", params(("id" = ProposalId, Path)), request_body = DecideProposal,
    responses((status = 200, body = ProposalDecided)))]
async fn refuse(
    who: Authorized<may::GoalsWrite>,
    app: ThinData<App>,
    id: PathId<ProposalId>,
    body: Body<DecideProposal>,
) -> Result<Reply<ProposalDecided>> {
    Ok(Reply::ok(super::decide(&app, &who, id.0, Decision::Refuse, body.0.reason).await?))
}
