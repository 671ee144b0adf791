//! The SQL of messages. The app role sees its own tenant's rows, the system role works the queue.

use super::attempts::Tried;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::schema::{directory_resting, queue_messages as queue};
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{EventId, MessageId, TenantId, WebhookId};
use tillwatch_shared::webhooks::{EventType, MessageState, WebhookMessage};
use uuid::Uuid;

const PENDING: &str = MessageState::Pending.as_str();
const DELIVERED: &str = MessageState::Delivered.as_str();
const DEAD: &str = MessageState::Dead.as_str();

/// A claimed message.
#[derive(Clone, Copy, Debug, Queryable)]
pub(in super::super) struct Claimed {
    pub(in super::super) id: Uuid,
    pub(in super::super) tenant: Uuid,
    pub(in super::super) webhook: Uuid,
    pub(in super::super) event: Uuid,
    pub(in super::super) attempt: i32,
    pub(in super::super) failures: i32,
}

/// Puts events on their way to webhooks; what is on a way already stays there. Says how many are new.
pub(in super::super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    ways: &[(WebhookId, EventId, EventType)],
    at: DateTime<Utc>,
) -> Result<usize> {
    let rows: Vec<_> = ways
        .iter()
        .map(|(webhook, event, kind)| {
            (
                queue::message_id.eq(MessageId::new().0),
                queue::for_tenant.eq(tenant.0),
                queue::webhook_id.eq(webhook.0),
                queue::event_id.eq(event.0),
                queue::kind.eq(kind.as_str()),
                queue::state.eq(PENDING),
                queue::due_at.eq(at),
                queue::created_at.eq(at),
            )
        })
        .collect();
    Ok(diesel::insert_into(queue::table).values(rows).on_conflict_do_nothing().execute(tx).await?)
}

/// The message of an event to a webhook.
pub(in super::super) async fn of_event(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    event: EventId,
) -> Result<MessageId> {
    let id: Uuid = queue::table
        .select(queue::message_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::webhook_id.eq(webhook.0))
        .filter(queue::event_id.eq(event.0))
        .first(tx)
        .await?;
    Ok(MessageId(id))
}

/// Whether the webhook has this message.
pub(in super::super) async fn exists(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    message: MessageId,
) -> Result<bool> {
    let found: Option<Uuid> = queue::table
        .select(queue::message_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::webhook_id.eq(webhook.0))
        .filter(queue::message_id.eq(message.0))
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Queues one message again unless it is queued.
pub(in super::super) async fn again_one(
    tx: &mut Tx,
    tenant: TenantId,
    message: MessageId,
    at: DateTime<Utc>,
) -> Result<usize> {
    Ok(diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::message_id.eq(message.0))
            .filter(queue::state.ne(PENDING)),
    )
    .set((queue::state.eq(PENDING), queue::due_at.eq(at), queue::failures.eq(0)))
    .execute(tx)
    .await?)
}

/// Queues the messages of these events again, those that are not queued.
pub(in super::super) async fn again(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    events: &[EventId],
    at: DateTime<Utc>,
) -> Result<usize> {
    let events: Vec<Uuid> = events.iter().map(|event| event.0).collect();
    Ok(diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::webhook_id.eq(webhook.0))
            .filter(queue::event_id.eq_any(events))
            .filter(queue::state.ne(PENDING)),
    )
    .set((queue::state.eq(PENDING), queue::due_at.eq(at), queue::failures.eq(0)))
    .execute(tx)
    .await?)
}

/// Gives up what is queued for a webhook.
pub(in super::super) async fn give_up(tx: &mut Tx, tenant: TenantId, webhook: WebhookId) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::webhook_id.eq(webhook.0))
            .filter(queue::state.eq(PENDING)),
    )
    .set(queue::state.eq(DEAD))
    .execute(tx)
    .await?;
    Ok(())
}

/// A due message, its tenant and its webhook.
pub(in super::super) type Due = (Uuid, Uuid, Uuid);

/// The longest due messages but of these tenants and webhooks, `most` of them.
pub(in super::super) async fn due(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    not_tenants: Vec<Uuid>,
    not_webhooks: Vec<Uuid>,
    most: i64,
) -> Result<Vec<Due>> {
    Ok(queue::table
        .select((queue::message_id, queue::for_tenant, queue::webhook_id))
        // In the statement's text: with a parameter in its place the index of pending messages could not be used.
        .filter(queue::state.eq(sql::<Text>("'pending'")))
        .filter(queue::due_at.le(now))
        .filter(queue::for_tenant.ne_all(not_tenants))
        // The work of who is suspended rests.
        .filter(queue::for_tenant.ne_all(directory_resting::table.select(directory_resting::for_tenant)))
        .filter(queue::webhook_id.ne_all(not_webhooks))
        .order(queue::due_at)
        .limit(most)
        .load(tx)
        .await?)
}

/// Claims those of `chosen` that nobody else claimed meanwhile, until `lease_end`.
pub(in super::super) async fn claim(
    tx: &mut SystemTx,
    chosen: Vec<Uuid>,
    now: DateTime<Utc>,
    lease_end: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let free: Vec<Uuid> = queue::table
        .select(queue::message_id)
        .filter(queue::message_id.eq_any(chosen))
        .filter(queue::state.eq(PENDING))
        .filter(queue::due_at.le(now))
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    Ok(diesel::update(queue::table.filter(queue::message_id.eq_any(free)))
        .set((queue::attempt.eq(queue::attempt + 1), queue::due_at.eq(lease_end)))
        .returning((
            queue::message_id,
            queue::for_tenant,
            queue::webhook_id,
            queue::event_id,
            queue::attempt,
            queue::failures,
        ))
        .load(tx)
        .await?)
}

/// A claimed message was accepted. Nothing happens when another attempt has it.
pub(in super::super) async fn delivered(
    tx: &mut Tx,
    tenant: TenantId,
    message: &Claimed,
    tried: &Tried,
    at: DateTime<Utc>,
) -> Result<()> {
    let (status, fault) = tried.columns();
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::message_id.eq(message.id))
            .filter(queue::attempt.eq(message.attempt))
            .filter(queue::state.eq(PENDING)),
    )
    .set((
        queue::state.eq(DELIVERED),
        queue::delivered_at.eq(at),
        queue::last_status.eq(status),
        queue::last_fault.eq(fault),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// A claimed message failed: it is due again then, or dead. Nothing happens when another attempt has it.
pub(in super::super) async fn failed(
    tx: &mut Tx,
    tenant: TenantId,
    message: &Claimed,
    tried: &Tried,
    due: Option<DateTime<Utc>>,
) -> Result<()> {
    let (status, fault) = tried.columns();
    let mine = queue::table
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::message_id.eq(message.id))
        .filter(queue::attempt.eq(message.attempt))
        .filter(queue::state.eq(PENDING));
    let failures = message.failures.saturating_add(1);
    let last = (queue::failures.eq(failures), queue::last_status.eq(status), queue::last_fault.eq(fault));
    match due {
        Some(due) => diesel::update(mine).set((queue::due_at.eq(due), last)).execute(tx).await?,
        None => diesel::update(mine).set((queue::state.eq(DEAD), last)).execute(tx).await?,
    };
    Ok(())
}

/// A claimed message is sent to nobody any more; what came of its last try stays. Nothing happens when another attempt has
/// it.
pub(in super::super) async fn given_up(tx: &mut Tx, tenant: TenantId, message: &Claimed) -> Result<()> {
    let mine = queue::table
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::message_id.eq(message.id))
        .filter(queue::attempt.eq(message.attempt))
        .filter(queue::state.eq(PENDING));
    diesel::update(mine).set(queue::state.eq(DEAD)).execute(tx).await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = queue)]
struct MessageRow {
    message_id: Uuid,
    event_id: Uuid,
    kind: String,
    state: String,
    due_at: DateTime<Utc>,
    failures: i32,
    last_status: Option<i32>,
    last_fault: Option<String>,
    created_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
}

impl MessageRow {
    fn into_message(self) -> Result<WebhookMessage> {
        let state: MessageState = self.state.parse().map_err(Error::internal)?;
        Ok(WebhookMessage {
            id: MessageId(self.message_id),
            event: EventId(self.event_id),
            kind: self.kind.parse().map_err(Error::internal)?,
            state,
            failures: self.failures,
            next_attempt_at: (state == MessageState::Pending).then_some(self.due_at),
            last_status: self.last_status,
            last_fault: self.last_fault.as_deref().map(str::parse).transpose().map_err(Error::internal)?,
            created_at: self.created_at,
            delivered_at: self.delivered_at,
        })
    }
}

/// A page of a webhook's messages, newest first.
pub(in super::super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    state: Option<MessageState>,
    paging: &Paging,
) -> Result<Vec<WebhookMessage>> {
    let query = queue::table
        .select(MessageRow::as_select())
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::webhook_id.eq(webhook.0));
    let mut query = paged!(query, paging, queue::message_id, newest);
    if let Some(state) = state {
        query = query.filter(queue::state.eq(state.as_str()));
    }
    query.load(tx).await?.into_iter().map(MessageRow::into_message).collect()
}

/// Removes up to `most` messages from before `before`, save for what is queued; says how many.
pub(in super::super) async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, most: i64) -> Result<usize> {
    let old: Vec<Uuid> = queue::table
        .select(queue::message_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::created_at.lt(before))
        .filter(queue::state.ne(PENDING))
        .limit(most)
        .load(tx)
        .await?;
    Ok(diesel::delete(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::message_id.eq_any(old)))
        .execute(tx)
        .await?)
}
