//! Events: what happened to a retailer's things, told to whoever asked to be told.
//!
//! Vocabulary: an *event* is one row with a *type*, the version of that type's payload, and the payload: ids, states and
//! figures, never a name, a reason in somebody's words or anything else of a person, so that it may leave the house. Use
//! [`emit`] inside the transaction of the change, so that there is no change without its event and no event without its
//! change. Cast: [`catalogue`] (every type, with its schema and an example; pure). Who is told is the business of an
//! upper wing, which does the job [`FAN_OUT`]. They tell of the whole retailer, so their permissions are none of a caller
//! who is narrowed to channels, whom the edge refuses. Invariants: an event never changes; a payload's fields are only ever
//! added to within a version; events are kept for [`KEPT`].

pub mod catalogue;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{EventId, TenantId};
use tillwatch_shared::webhooks::{
    AlertTold, CampaignMoved, Event, EventType, RuleTold, WebhookDisabledNotice, WebhookTried,
};

/// The kind of job that sends an event on its ways. Its payload is `{"event_id": "evt_…"}`.
pub const FAN_OUT: &str = "fan_out_event";

/// An event is kept for so long; so is what was sent of it.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// What happened: the type, and the payload that belongs to it.
#[derive(Clone, Debug)]
pub enum Happened {
    /// A campaign came to another state, which the type names.
    Campaign(EventType, CampaignMoved),
    /// An alert was opened, acknowledged or resolved, which the type names.
    Alert(EventType, AlertTold),
    /// A rule was created, updated or archived, which the type names.
    Rule(EventType, RuleTold),
    /// The service disabled a webhook.
    WebhookDisabled(WebhookDisabledNotice),
    /// Somebody tried a webhook.
    WebhookTried(WebhookTried),
}

impl Happened {
    fn kind(&self) -> EventType {
        match self {
            Self::Campaign(kind, _) | Self::Alert(kind, _) | Self::Rule(kind, _) => *kind,
            Self::WebhookDisabled(_) => EventType::WebhookDisabled,
            Self::WebhookTried(_) => EventType::WebhookTest,
        }
    }

    fn data(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            Self::Campaign(_, data) => serde_json::to_value(data),
            Self::Alert(_, data) => serde_json::to_value(data),
            Self::Rule(_, data) => serde_json::to_value(data),
            Self::WebhookDisabled(data) => serde_json::to_value(data),
            Self::WebhookTried(data) => serde_json::to_value(data),
        }
    }
}

/// Adds an event as part of `tx` and has whoever asked for its type told of it.
///
/// # Errors
/// When the database fails.
pub async fn emit(tx: &mut Tx, who: &Who, happened: &Happened, at: DateTime<Utc>) -> Result<EventId> {
    let id = record(tx, who.tenant, happened, at).await?;
    queue::enqueue(tx, who, FAN_OUT, &json!({ "event_id": id }), at).await?;
    Ok(id)
}

/// Adds an event as part of `tx` that nobody is told of but by the caller.
///
/// # Errors
/// When the database fails.
pub async fn record(tx: &mut Tx, tenant: TenantId, happened: &Happened, at: DateTime<Utc>) -> Result<EventId> {
    let (id, data) = (EventId::new(), happened.data().map_err(Error::internal)?);
    store::insert(tx, tenant, id, happened.kind(), &data, at).await?;
    Ok(id)
}

/// One event, if it is still kept.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, tenant: TenantId, id: EventId) -> Result<Option<Event>> {
    store::find(tx, tenant, id).await
}

/// Up to `most` events of these types from `since` on and before `until`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn between(
    tx: &mut Tx,
    tenant: TenantId,
    kinds: &[EventType],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Event>> {
    store::between(tx, tenant, kinds, since, until, most).await
}

/// Removes up to `most` events from before `before`; says how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, most: i64) -> Result<usize> {
    store::forget(tx, tenant, before, most).await
}

/// A page of the events, newest first, of one type if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, kind: Option<EventType>, paging: &Paging) -> Result<Page<Event>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, kind, paging).await).await?;
    Ok(paging.page(rows, |event| event.id.0, |event| event))
}
