//! Feeds over HTTP.

use super::{life, trial};
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
use tillwatch_shared::feeds::{CreateFeed, Feed, FeedChanged, FeedRun, FeedTrial, TryFeed, UpdateFeed};
use tillwatch_shared::ids::FeedId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(create),
        endpoint!(list),
        endpoint!(try_document).without_effect(),
        endpoint!(get),
        endpoint!(update),
        endpoint!(pause),
        endpoint!(resume),
        endpoint!(archive),
        endpoint!(run),
        endpoint!(try_stored).without_effect(),
        endpoint!(runs),
    ]
}

/// What may be asked of the register.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// The archived feeds instead of those in use.
    archived: Option<bool>,
}

/// Makes a feed: a document that is fetched on a schedule and taken in as samples. It is fetched at once for the first time.
#[utoipa::path(post, path = "/v1/feeds", operation_id = "feeds_create", tag = "feeds", request_body = CreateFeed,
    responses((status = 201, body = Feed)))]
async fn create(who: Authorized<may::FeedsWrite>, app: ThinData<App>, body: Body<CreateFeed>) -> Result<Reply<Feed>> {
    let feed = super::create(&app, &who, body.0).await?;
    let (location, version) = (format!("/v1/feeds/{}", feed.id), feed.version);
    Ok(Reply::created(feed, location).version(version))
}

/// Lists the feeds: cadence, last success, lag, error rate and state of each.
#[utoipa::path(get, path = "/v1/feeds", operation_id = "feeds_list", tag = "feeds", params(ListParams, PageParams),
    responses((status = 200, body = Page<Feed>)))]
async fn list(
    who: Authorized<may::FeedsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Feed>>> {
    let archived = query.filters.archived.unwrap_or(false);
    let filter = if archived { "archived" } else { "" };
    let paging = query.page.of(who.tenant, "feeds", filter)?;
    Ok(Reply::ok(super::list(&app, &who, archived, &paging).await?))
}

/// Tries a document that is no feed yet: fetches it and shows what would be taken and what refused. Nothing is written. What
/// went wrong is told in the answer; it waits for 7 seconds.
#[utoipa::path(post, path = "/v1/feeds/try", operation_id = "feeds_try", tag = "feeds", request_body = TryFeed,
    responses((status = 200, body = FeedTrial)))]
async fn try_document(
    who: Authorized<may::FeedsWrite>,
    app: ThinData<App>,
    body: Body<TryFeed>,
) -> Result<Reply<FeedTrial>> {
    Ok(Reply::ok(trial::document(&app, &who, body.0).await?))
}

/// Shows a feed, without its secrets.
#[utoipa::path(get, path = "/v1/feeds/{id}", operation_id = "feeds_get", tag = "feeds", params(("id" = FeedId, Path)),
    responses((status = 200, body = Feed)))]
async fn get(who: Authorized<may::FeedsRead>, app: ThinData<App>, id: PathId<FeedId>) -> Result<Reply<Feed>> {
    let feed = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(feed).versioned(|feed| feed.version))
}

/// Changes a feed. With another address, format, mapping or header it is fetched at once. On another server the secret
/// headers are to be given again.
#[utoipa::path(patch, path = "/v1/feeds/{id}", operation_id = "feeds_update", tag = "feeds",
    params(("id" = FeedId, Path), ("If-Match" = String, Header, description = "The ETag that you read.")),
    request_body = UpdateFeed, responses((status = 200, body = Feed)))]
async fn update(
    who: Authorized<may::FeedsWrite>,
    app: ThinData<App>,
    id: PathId<FeedId>,
    read: IfMatch,
    body: Body<UpdateFeed>,
) -> Result<Reply<Feed>> {
    let feed = super::update(&app, &who, id.0, &read, body.0).await?;
    Ok(Reply::ok(feed).versioned(|feed| feed.version))
}

/// Pauses a feed: it is not fetched until it is resumed, and nobody is told that it is missed. Doing it again changes
/// nothing.
#[utoipa::path(post, path = "/v1/feeds/{id}/pause", operation_id = "feeds_pause", tag = "feeds",
    params(("id" = FeedId, Path)), responses((status = 200, body = FeedChanged)))]
async fn pause(who: Authorized<may::FeedsWrite>, app: ThinData<App>, id: PathId<FeedId>) -> Result<Reply<FeedChanged>> {
    Ok(Reply::ok(life::pause(&app, &who, id.0).await?))
}

/// Resumes a paused feed, which is fetched at once. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/feeds/{id}/resume", operation_id = "feeds_resume", tag = "feeds",
    params(("id" = FeedId, Path)), responses((status = 200, body = FeedChanged)))]
async fn resume(
    who: Authorized<may::FeedsWrite>,
    app: ThinData<App>,
    id: PathId<FeedId>,
) -> Result<Reply<FeedChanged>> {
    Ok(Reply::ok(life::resume(&app, &who, id.0).await?))
}

/// Archives a feed for good: it is never fetched again, and its secrets are wiped. What it brought stays. Doing it again
/// changes nothing.
#[utoipa::path(post, path = "/v1/feeds/{id}/archive", operation_id = "feeds_archive", tag = "feeds",
    params(("id" = FeedId, Path)), responses((status = 200, body = FeedChanged)))]
async fn archive(
    who: Authorized<may::FeedsWrite>,
    app: ThinData<App>,
    id: PathId<FeedId>,
) -> Result<Reply<FeedChanged>> {
    Ok(Reply::ok(life::archive(&app, &who, id.0).await?))
}

/// Has a feed fetched now, in the background; its runs tell what came of it. `changed` is false while it is being fetched, or
/// about to be.
#[utoipa::path(post, path = "/v1/feeds/{id}/run", operation_id = "feeds_run", tag = "feeds",
    params(("id" = FeedId, Path)), responses((status = 202, body = FeedChanged)))]
async fn run(who: Authorized<may::FeedsWrite>, app: ThinData<App>, id: PathId<FeedId>) -> Result<Reply<FeedChanged>> {
    Ok(Reply::accepted(life::run_now(&app, &who, id.0).await?))
}

/// Tries a feed as it is, one that is paused too: fetches the document and shows what would be taken and what refused.
/// Nothing is written.
#[utoipa::path(post, path = "/v1/feeds/{id}/try", operation_id = "feeds_try_stored", tag = "feeds",
    params(("id" = FeedId, Path)), responses((status = 200, body = FeedTrial)))]
async fn try_stored(
    who: Authorized<may::FeedsWrite>,
    app: ThinData<App>,
    id: PathId<FeedId>,
) -> Result<Reply<FeedTrial>> {
    Ok(Reply::ok(trial::stored(&app, &who, id.0).await?))
}

/// Lists a feed's runs, newest first: the last fifty, of the last thirty days.
#[utoipa::path(get, path = "/v1/feeds/{id}/runs", operation_id = "feeds_runs", tag = "feeds",
    params(("id" = FeedId, Path), PageParams), responses((status = 200, body = Page<FeedRun>)))]
async fn runs(
    who: Authorized<may::FeedsRead>,
    app: ThinData<App>,
    id: PathId<FeedId>,
    query: ListQuery,
) -> Result<Reply<Page<FeedRun>>> {
    let paging = query.page.of(who.tenant, "feed runs", &id.0.to_string())?;
    Ok(Reply::ok(super::list_runs(&app, &who, id.0, &paging).await?))
}
