//! Webhooks over HTTP.

use super::messages;
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::ids::WebhookId;
use tillwatch_shared::webhooks::{
    CreateWebhook, MessageState, ReplayMessages, Replayed, RotateSecret, TestSent, UpdateWebhook, Webhook,
    WebhookAttempt, WebhookChanged, WebhookMessage, WebhookSecret,
};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(create),
        endpoint!(list),
        endpoint!(get),
        endpoint!(update),
        endpoint!(enable),
        endpoint!(disable),
        endpoint!(archive),
        endpoint!(rotate),
        endpoint!(test),
        endpoint!(replay),
        endpoint!(sent),
        endpoint!(attempts),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// The archived webhooks instead of those in use.
    archived: Option<bool>,
}

/// Makes a webhook; its secret is in this answer and nowhere else. Nothing is sent to it before something happens: try
/// it with `POST /v1/webhooks/{id}/test`.
#[utoipa::path(post, path = "/v1/webhooks", operation_id = "webhooks_create", tag = "webhooks",
    request_body = CreateWebhook, responses((status = 201, body = WebhookSecret)))]
async fn create(
    who: Sensitive<may::WebhooksWrite>,
    app: ThinData<App>,
    body: Body<CreateWebhook>,
) -> Result<Reply<WebhookSecret>> {
    let made = super::create(&app, &who, body.0).await?;
    let (location, version) = (format!("/v1/webhooks/{}", made.webhook.id), made.webhook.version);
    Ok(Reply::created(made, location).version(version).secret("/secret"))
}

/// Lists the webhooks, without their secrets.
#[utoipa::path(get, path = "/v1/webhooks", operation_id = "webhooks_list", tag = "webhooks", params(ListParams, PageParams),
    responses((status = 200, body = Page<Webhook>)))]
async fn list(
    who: Authorized<may::WebhooksRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Webhook>>> {
    let archived = query.filters.archived.unwrap_or(false);
    let filter = if archived { "archived" } else { "" };
    let paging = query.page.of(who.tenant, "webhooks", filter)?;
    Ok(Reply::ok(super::list(&app, &who, archived, &paging).await?))
}

/// Shows a webhook, without its secret.
#[utoipa::path(get, path = "/v1/webhooks/{id}", operation_id = "webhooks_get", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = Webhook)))]
async fn get(who: Authorized<may::WebhooksRead>, app: ThinData<App>, id: PathId<WebhookId>) -> Result<Reply<Webhook>> {
    let webhook = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(webhook).versioned(|webhook| webhook.version))
}

/// Changes a webhook's name, address or types. What is queued goes to the new address, so that a new one needs a fresh
/// proof of who you are.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", operation_id = "webhooks_update", tag = "webhooks",
    params(("id" = WebhookId, Path), ("If-Match" = String, Header, description = "The ETag that you read.")),
    request_body = UpdateWebhook, responses((status = 200, body = Webhook)))]
async fn update(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
    read: IfMatch,
    body: Body<UpdateWebhook>,
) -> Result<Reply<Webhook>> {
    let webhook = super::update(&app, &who, id.0, &read, body.0).await?;
    Ok(Reply::ok(webhook).versioned(|webhook| webhook.version))
}

/// Enables a webhook: what happens from now on is sent; what happened meanwhile can be replayed. Doing it again changes
/// nothing.
#[utoipa::path(post, path = "/v1/webhooks/{id}/enable", operation_id = "webhooks_enable", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = WebhookChanged)))]
async fn enable(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
) -> Result<Reply<WebhookChanged>> {
    Ok(Reply::ok(super::enable(&app, &who, id.0).await?))
}

/// Disables a webhook: nothing is sent any more, and what was queued is given up. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/webhooks/{id}/disable", operation_id = "webhooks_disable", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = WebhookChanged)))]
async fn disable(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
) -> Result<Reply<WebhookChanged>> {
    Ok(Reply::ok(super::disable(&app, &who, id.0).await?))
}

/// Archives a webhook for good: nothing is sent any more, and its secret is wiped. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/webhooks/{id}/archive", operation_id = "webhooks_archive", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = WebhookChanged)))]
async fn archive(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
) -> Result<Reply<WebhookChanged>> {
    Ok(Reply::ok(super::archive(&app, &who, id.0).await?))
}

/// Gives a webhook a new secret, which is in this answer and nowhere else; for a while both sign, so that no message
/// is lost while the receiver changes over.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate-secret", operation_id = "webhooks_rotate_secret", tag = "webhooks",
    params(("id" = WebhookId, Path)), request_body = RotateSecret, responses((status = 200, body = WebhookSecret)))]
async fn rotate(
    who: Sensitive<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
    body: Body<RotateSecret>,
) -> Result<Reply<WebhookSecret>> {
    Ok(Reply::ok(super::rotate(&app, &who, id.0, body.0.overlap_hours).await?).secret("/secret"))
}

/// Sends a `webhook.test` to a webhook now, the way of every other event.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", operation_id = "webhooks_test", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = TestSent)))]
async fn test(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
) -> Result<Reply<TestSent>> {
    Ok(Reply::ok(messages::test(&app, &who, id.0).await?))
}

/// Sends one message again, or up to 1,000 events of a time: each under the `webhook-id` that it always had, so that
/// receivers know what they have seen.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", operation_id = "webhooks_replay", tag = "webhooks",
    params(("id" = WebhookId, Path)), request_body = ReplayMessages, responses((status = 200, body = Replayed)))]
async fn replay(
    who: Authorized<may::WebhooksWrite>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
    body: Body<ReplayMessages>,
) -> Result<Reply<Replayed>> {
    Ok(Reply::ok(messages::replay(&app, &who, id.0, &body.0).await?))
}

/// What may be asked of a webhook's messages.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SentParams {
    /// Only messages in this state.
    state: Option<MessageState>,
}

/// Lists a webhook's messages of the last thirty days, newest first; `state=dead` shows what was given up.
#[utoipa::path(get, path = "/v1/webhooks/{id}/messages", operation_id = "webhooks_messages", tag = "webhooks",
    params(("id" = WebhookId, Path), SentParams, PageParams), responses((status = 200, body = Page<WebhookMessage>)))]
async fn sent(
    who: Authorized<may::WebhooksRead>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
    query: ListQuery<SentParams>,
) -> Result<Reply<Page<WebhookMessage>>> {
    let ListQuery { filters: SentParams { state }, page } = query;
    let filter = format!("{}/{}", id.0, state.map_or("", MessageState::as_str));
    let paging = page.of(who.tenant, "webhook messages", &filter)?;
    Ok(Reply::ok(messages::list(&app, &who, id.0, state, &paging).await?))
}

/// Lists every try to send to a webhook in the last thirty days, newest first.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", operation_id = "webhooks_deliveries", tag = "webhooks",
    params(("id" = WebhookId, Path), PageParams), responses((status = 200, body = Page<WebhookAttempt>)))]
async fn attempts(
    who: Authorized<may::WebhooksRead>,
    app: ThinData<App>,
    id: PathId<WebhookId>,
    query: ListQuery,
) -> Result<Reply<Page<WebhookAttempt>>> {
    let paging = query.page.of(who.tenant, "webhook attempts", &id.0.to_string())?;
    Ok(Reply::ok(messages::log(&app, &who, id.0, &paging).await?))
}
