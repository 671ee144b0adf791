//! Messages: putting events on their ways, trying a webhook, sending again, and looking at how it went.

use super::{living, model, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{EventId, MessageId, WebhookId};
use tillwatch_shared::webhooks::{
    EventType, MessageState, ReplayMessages, Replayed, TestSent, Webhook, WebhookAttempt, WebhookMessage, WebhookState,
    WebhookTried,
};

/// The most events that one replay takes.
const MOST_REPLAYED: usize = 1000;

/// Puts an event on its way to every webhook that asks for its type; what is on its way already stays there.
///
/// # Errors
/// When the database fails.
pub async fn fan_out(tx: &mut Tx, who: &Who, id: EventId, at: DateTime<Utc>) -> Result<()> {
    let Some(event) = events::find(tx, who.tenant, id).await? else { return Ok(()) };
    let asking = store::asking_for(tx, who.tenant, event.kind).await?;
    let ways: Vec<_> = asking.into_iter().map(|webhook| (webhook, id, event.kind)).collect();
    if !ways.is_empty() {
        store::messages::insert(tx, who.tenant, &ways, at).await?;
    }
    Ok(())
}

/// A webhook that is enabled, locked.
async fn enabled(tx: &mut Tx, who: &Who, id: WebhookId) -> Result<Webhook> {
    let webhook = living(tx, who, id).await?;
    if webhook.state != WebhookState::Enabled {
        return Err(Error::conflict("This webhook is disabled. Enable it first: `POST /v1/webhooks/{id}/enable`."));
    }
    Ok(webhook)
}

/// Sends a `webhook.test` to a webhook, the way of every other event.
///
/// # Errors
/// 404, 409 when it is not enabled.
pub async fn test(app: &App, who: &Who, id: WebhookId) -> Result<TestSent> {
    let at = now();
    let message = app
        .db
        .write(who, async |tx| {
            enabled(tx, who, id).await?;
            let tried = Happened::WebhookTried(WebhookTried { webhook: id });
            let event = events::record(tx, who.tenant, &tried, at).await?;
            store::messages::insert(tx, who.tenant, &[(id, event, EventType::WebhookTest)], at).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "webhook.tested", object, ..Entry::default() }).await?;
            store::messages::of_event(tx, who.tenant, id, event).await
        })
        .await?;
    app.wake(Topic::Messages);
    Ok(TestSent { message })
}

/// Sends one message again, or every event of a time that the webhook asks for: those that were accepted, those that
/// were given up, and those that it was never sent. Each goes under the id that it always had.
///
/// # Errors
/// 404, 409 when the webhook is not enabled, 422 with every wrong field.
pub async fn replay(app: &App, who: &Who, id: WebhookId, wish: &ReplayMessages) -> Result<Replayed> {
    let mut checks = Checks::default();
    for (pointer, reason, detail) in model::judge_replay(wish) {
        checks.refuse(&pointer, reason, detail);
    }
    checks.done()?;
    let at = now();
    let replayed = app
        .db
        .write(who, async |tx| {
            let webhook = enabled(tx, who, id).await?;
            let replayed = match (wish.message, wish.since) {
                (Some(message), _) => replay_one(tx, who, id, message, at).await?,
                (None, since) => {
                    let until = wish.until.unwrap_or(at);
                    replay_time(tx, who, &webhook, since.unwrap_or(at), until, at).await?
                }
            };
            if replayed.queued > 0 {
                let after = Some(json!({
                    "message": wish.message, "since": wish.since, "until": wish.until, "queued": replayed.queued,
                }));
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "webhook.replayed", object, after, ..Entry::default() }).await?;
            }
            Ok(replayed)
        })
        .await?;
    app.wake(Topic::Messages);
    Ok(replayed)
}

async fn replay_one(tx: &mut Tx, who: &Who, id: WebhookId, message: MessageId, at: DateTime<Utc>) -> Result<Replayed> {
    if !store::messages::exists(tx, who.tenant, id, message).await? {
        return Err(Error::not_found("message of this webhook"));
    }
    let queued = store::messages::again_one(tx, who.tenant, message, at).await?;
    Ok(Replayed { queued: u32::from(queued > 0), more_since: None })
}

async fn replay_time(
    tx: &mut Tx,
    who: &Who,
    webhook: &Webhook,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Replayed> {
    // One more than is taken: it tells where to go on.
    let fetch = i64::try_from(MOST_REPLAYED + 1).unwrap_or(i64::MAX);
    let mut found = events::between(tx, who.tenant, &webhook.events, since, until, fetch).await?;
    let more_since = found.get(MOST_REPLAYED).map(|event| event.timestamp);
    found.truncate(MOST_REPLAYED);
    if found.is_empty() {
        return Ok(Replayed { queued: 0, more_since: None });
    }
    let ids: Vec<EventId> = found.iter().map(|event| event.id).collect();
    let again = store::messages::again(tx, who.tenant, webhook.id, &ids, at).await?;
    let ways: Vec<_> = found.iter().map(|event| (webhook.id, event.id, event.kind)).collect();
    let new = store::messages::insert(tx, who.tenant, &ways, at).await?;
    // At most as many as were found.
    Ok(Replayed { queued: u32::try_from(again + new).unwrap_or(u32::MAX), more_since })
}

/// A page of a webhook's messages, newest first, in one state if named.
///
/// # Errors
/// 404.
pub async fn list(
    app: &App,
    who: &Who,
    id: WebhookId,
    state: Option<MessageState>,
    paging: &Paging,
) -> Result<Page<WebhookMessage>> {
    let rows = app
        .db
        .read(who, async |tx| {
            store::get(tx, who.tenant, id, false).await?;
            store::messages::list(tx, who.tenant, id, state, paging).await
        })
        .await?;
    Ok(paging.page(rows, |message| message.id.0, |message| message))
}

/// A page of the tries to send to a webhook, newest first.
///
/// # Errors
/// 404.
pub async fn log(app: &App, who: &Who, id: WebhookId, paging: &Paging) -> Result<Page<WebhookAttempt>> {
    let rows = app
        .db
        .read(who, async |tx| {
            store::get(tx, who.tenant, id, false).await?;
            store::attempts::page(tx, who.tenant, id, paging).await
        })
        .await?;
    Ok(paging.page(rows, |(place, _)| *place, |(_, tried)| tried))
}
