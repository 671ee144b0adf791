//! The only SQL of webhooks and of the messages to them.

pub(super) mod attempts;
pub(super) mod messages;

use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::webhooks;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{TenantId, WebhookId};
use tillwatch_shared::webhooks::{DisabledBecause, EventType, Webhook, WebhookState};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(super) struct Row {
    webhook_id: Uuid,
    name: String,
    url: String,
    kinds: Vec<String>,
    state: String,
    disabled_because: Option<String>,
    secret: Option<Vec<u8>>,
    previous_secret: Option<Vec<u8>>,
    previous_until: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

/// A webhook with its sealed secrets.
pub(super) struct Kept {
    /// What the wire shows.
    pub(super) webhook: Webhook,
    /// The sealed secret; absent once it is archived.
    pub(super) secret: Option<Vec<u8>>,
    /// The sealed secret before.
    pub(super) previous: Option<Vec<u8>>,
}

impl Row {
    fn into_kept(self) -> Result<Kept> {
        let webhook = Webhook {
            id: WebhookId(self.webhook_id),
            name: self.name,
            url: self.url,
            // A type that this version does not know is sent to nobody.
            events: self.kinds.iter().filter_map(|kind| kind.parse().ok()).collect(),
            state: self.state.parse().map_err(Error::internal)?,
            disabled_because: self.disabled_because.as_deref().map(str::parse).transpose().map_err(Error::internal)?,
            previous_secret_until: self.previous_until,
            failing_since: self.failing_since,
            created_at: self.created_at,
            version: self.version,
        };
        Ok(Kept { webhook, secret: self.secret, previous: self.previous_secret })
    }
}

fn words(types: &[EventType]) -> Vec<&'static str> {
    types.iter().map(|kind| kind.as_str()).collect()
}

pub(super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(webhooks::table
        .filter(webhooks::tenant_id.eq(tenant.0))
        .filter(webhooks::state.ne(WebhookState::Archived.as_str()))
        .count()
        .get_result(tx)
        .await?)
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, webhook: &Webhook, secret: &[u8]) -> Result<()> {
    diesel::insert_into(webhooks::table)
        .values((
            webhooks::tenant_id.eq(tenant.0),
            webhooks::webhook_id.eq(webhook.id.0),
            webhooks::name.eq(&webhook.name),
            webhooks::url.eq(&webhook.url),
            webhooks::kinds.eq(words(&webhook.events)),
            webhooks::state.eq(webhook.state.as_str()),
            webhooks::secret.eq(secret),
            webhooks::created_at.eq(webhook.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: WebhookId, lock: bool) -> Result<Kept> {
    let query = webhooks::table
        .select(Row::as_select())
        .filter(webhooks::tenant_id.eq(tenant.0))
        .filter(webhooks::webhook_id.eq(id.0));
    // NO KEY: attempts are written for the webhook meanwhile.
    let found = if lock { query.for_no_key_update().first(tx).await } else { query.first(tx).await };
    found.optional()?.ok_or_else(|| Error::not_found("webhook"))?.into_kept()
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, archived: bool, paging: &Paging) -> Result<Vec<Webhook>> {
    let query = webhooks::table.select(Row::as_select()).filter(webhooks::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, webhooks::webhook_id, oldest);
    query = if archived {
        query.filter(webhooks::state.eq(WebhookState::Archived.as_str()))
    } else {
        query.filter(webhooks::state.ne(WebhookState::Archived.as_str()))
    };
    query.load(tx).await?.into_iter().map(|row: Row| Ok(row.into_kept()?.webhook)).collect()
}

/// The enabled webhooks that ask for events of this type.
pub(super) async fn asking_for(tx: &mut Tx, tenant: TenantId, kind: EventType) -> Result<Vec<WebhookId>> {
    let rows: Vec<(Uuid, Vec<String>)> = webhooks::table
        .select((webhooks::webhook_id, webhooks::kinds))
        .filter(webhooks::tenant_id.eq(tenant.0))
        .filter(webhooks::state.eq(WebhookState::Enabled.as_str()))
        .load(tx)
        .await?;
    let asks = |kinds: &[String]| kinds.iter().any(|asked| asked == kind.as_str());
    Ok(rows.into_iter().filter(|(_, kinds)| asks(kinds)).map(|(id, _)| WebhookId(id)).collect())
}

/// Writes what a person can change, and the version.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, webhook: &Webhook) -> Result<()> {
    diesel::update(
        webhooks::table.filter(webhooks::tenant_id.eq(tenant.0)).filter(webhooks::webhook_id.eq(webhook.id.0)),
    )
    .set((
        webhooks::name.eq(&webhook.name),
        webhooks::url.eq(&webhook.url),
        webhooks::kinds.eq(words(&webhook.events)),
        webhooks::state.eq(webhook.state.as_str()),
        webhooks::disabled_because.eq(webhook.disabled_because.map(DisabledBecause::as_str)),
        webhooks::failing_since.eq(webhook.failing_since),
        webhooks::version.eq(webhook.version),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// The webhooks that have a secret, locked.
pub(super) async fn with_secrets(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Kept>> {
    webhooks::table
        .select(Row::as_select())
        .filter(webhooks::tenant_id.eq(tenant.0))
        .filter(webhooks::secret.is_not_null())
        .order(webhooks::webhook_id)
        .for_no_key_update()
        .load(tx)
        .await?
        .into_iter()
        .map(Row::into_kept)
        .collect()
}

/// Writes the secrets of a locked webhook, and its version.
pub(super) async fn set_secrets(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: &Webhook,
    secret: Option<&[u8]>,
    previous: Option<&[u8]>,
) -> Result<()> {
    diesel::update(
        webhooks::table.filter(webhooks::tenant_id.eq(tenant.0)).filter(webhooks::webhook_id.eq(webhook.id.0)),
    )
    .set((
        webhooks::secret.eq(secret),
        webhooks::previous_secret.eq(previous),
        webhooks::previous_until.eq(webhook.previous_secret_until),
        webhooks::version.eq(webhook.version),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that something was accepted, where nothing was before.
pub(super) async fn recovered(tx: &mut Tx, tenant: TenantId, id: WebhookId) -> Result<()> {
    diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant.0))
            .filter(webhooks::webhook_id.eq(id.0))
            .filter(webhooks::failing_since.is_not_null()),
    )
    .set(webhooks::failing_since.eq(None::<DateTime<Utc>>))
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets since when nothing is accepted, of every webhook.
pub(super) async fn forgive(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    diesel::update(
        webhooks::table.filter(webhooks::tenant_id.eq(tenant.0)).filter(webhooks::failing_since.is_not_null()),
    )
    .set(webhooks::failing_since.eq(None::<DateTime<Utc>>))
    .execute(tx)
    .await?;
    Ok(())
}

/// Wipes the secrets that sign no more.
pub(super) async fn wipe_rotated_out(tx: &mut Tx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::tenant_id.eq(tenant.0)).filter(webhooks::previous_until.le(now)))
        .set((webhooks::previous_secret.eq(None::<Vec<u8>>), webhooks::previous_until.eq(None::<DateTime<Utc>>)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that nothing is accepted since `at`, of a locked webhook.
pub(super) async fn failing(tx: &mut Tx, tenant: TenantId, id: WebhookId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::tenant_id.eq(tenant.0)).filter(webhooks::webhook_id.eq(id.0)))
        .set(webhooks::failing_since.eq(at))
        .execute(tx)
        .await?;
    Ok(())
}
