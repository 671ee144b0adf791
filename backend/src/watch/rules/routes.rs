//! Rules over HTTP.

use super::{backtest, versions};
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
use tillwatch_shared::ids::RuleId;
use tillwatch_shared::watch::{BacktestWindow, CreateRule, PreviewRule, Rule, RuleBacktest, RuleVersion, UpdateRule};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(create),
        endpoint!(list),
        endpoint!(preview),
        endpoint!(get),
        endpoint!(update),
        endpoint!(archive),
        endpoint!(list_versions),
        endpoint!(run_backtest),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// The archived rules instead of those in use.
    archived: Option<bool>,
}

/// Makes a rule: a threshold, a stop-loss on a campaign, a deviation from its own history or its peers, a change against an
/// earlier figure, missing data, a campaign's budget pace, a goal's pace, or what was learned to be ordinary.
#[utoipa::path(post, path = "/v1/rules", operation_id = "rules_create", tag = "rules", request_body = CreateRule,
    responses((status = 201, body = Rule)))]
async fn create(who: Authorized<may::RulesWrite>, app: ThinData<App>, body: Body<CreateRule>) -> Result<Reply<Rule>> {
    let rule = super::create(&app, &who, body.0).await?;
    let (location, version) = (format!("/v1/rules/{}", rule.id), rule.version);
    Ok(Reply::created(rule, location).version(version))
}

/// Lists the rules.
#[utoipa::path(get, path = "/v1/rules", operation_id = "rules_list", tag = "rules", params(ListParams, PageParams),
    responses((status = 200, body = Page<Rule>)))]
async fn list(
    who: Authorized<may::RulesRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Rule>>> {
    let archived = query.filters.archived.unwrap_or(false);
    let filter = if archived { "archived" } else { "" };
    let paging = query.page.of(who.tenant, "rules", filter)?;
    Ok(Reply::ok(super::list(&app, &who, archived, &paging).await?))
}

/// Shows a rule.
#[utoipa::path(get, path = "/v1/rules/{id}", operation_id = "rules_get", tag = "rules",
    params(("id" = RuleId, Path)), responses((status = 200, body = Rule)))]
async fn get(who: Authorized<may::RulesRead>, app: ThinData<App>, id: PathId<RuleId>) -> Result<Reply<Rule>> {
    let rule = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(rule).versioned(|rule| rule.version))
}

/// Changes a rule; it is judged again at once.
#[utoipa::path(patch, path = "/v1/rules/{id}", operation_id = "rules_update", tag = "rules",
    params(("id" = RuleId, Path), ("If-Match" = String, Header, description = "The ETag that you read.")),
    request_body = UpdateRule, responses((status = 200, body = Rule)))]
async fn update(
    who: Authorized<may::RulesWrite>,
    app: ThinData<App>,
    id: PathId<RuleId>,
    read: IfMatch,
    body: Body<UpdateRule>,
) -> Result<Reply<Rule>> {
    let rule = super::update(&app, &who, id.0, &read, body.0).await?;
    Ok(Reply::ok(rule).versioned(|rule| rule.version))
}

/// Archives a rule: it judges no more, its open alerts resolve, and it can be read, not changed. Doing it again changes
/// nothing.
#[utoipa::path(post, path = "/v1/rules/{id}/archive", operation_id = "rules_archive", tag = "rules",
    params(("id" = RuleId, Path)), responses((status = 200, body = Rule)))]
async fn archive(who: Authorized<may::RulesWrite>, app: ThinData<App>, id: PathId<RuleId>) -> Result<Reply<Rule>> {
    let rule = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(rule).versioned(|rule| rule.version))
}

/// Tries a rule that is not made yet over stored figures: when it would have fired and resolved, what it would have paused,
/// saved and lost. Nothing is written.
#[utoipa::path(post, path = "/v1/rules/preview", operation_id = "rules_preview", tag = "rules",
    request_body = PreviewRule, responses((status = 200, body = RuleBacktest)))]
async fn preview(
    who: Authorized<may::RulesWrite>,
    app: ThinData<App>,
    body: Body<PreviewRule>,
) -> Result<Reply<RuleBacktest>> {
    Ok(Reply::ok(backtest::preview(&app, &who, body.0).await?))
}

/// Replays a rule over stored figures: when it would have fired and resolved, what it would have paused, saved and lost. It
/// counts as back-tested as it is, so that it may be told to pause its campaign.
#[utoipa::path(post, path = "/v1/rules/{id}/backtest", operation_id = "rules_backtest", tag = "rules",
    params(("id" = RuleId, Path)), request_body = BacktestWindow, responses((status = 200, body = RuleBacktest)))]
async fn run_backtest(
    who: Authorized<may::RulesWrite>,
    app: ThinData<App>,
    id: PathId<RuleId>,
    body: Body<BacktestWindow>,
) -> Result<Reply<RuleBacktest>> {
    Ok(Reply::ok(backtest::run(&app, &who, id.0, body.0).await?))
}

/// Lists what a rule was from change to change, newest first, with who made it so.
#[utoipa::path(get, path = "/v1/rules/{id}/versions", operation_id = "rules_versions", tag = "rules",
    params(("id" = RuleId, Path), PageParams), responses((status = 200, body = Page<RuleVersion>)))]
async fn list_versions(
    who: Authorized<may::RulesRead>,
    app: ThinData<App>,
    id: PathId<RuleId>,
    query: ListQuery,
) -> Result<Reply<Page<RuleVersion>>> {
    Ok(Reply::ok(versions::list(&app, &who, id.0, &query.page).await?))
}
