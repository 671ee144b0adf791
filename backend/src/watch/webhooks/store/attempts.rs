//! The SQL of the tries to send messages: what a retailer is shown of them.

use super::messages::Claimed;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::webhook_attempts as attempts;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{MessageId, TenantId, WebhookId};
use tillwatch_shared::webhooks::{Fault, WebhookAttempt};
use uuid::Uuid;

/// What became of a try.
pub(in super::super) struct Tried {
    pub(in super::super) outcome: Result<u16, Fault>,
    pub(in super::super) at: DateTime<Utc>,
    pub(in super::super) duration_ms: i32,
}

impl Tried {
    pub(super) fn columns(&self) -> (Option<i32>, Option<&'static str>) {
        match self.outcome {
            Ok(status) => (Some(i32::from(status)), None),
            Err(fault) => (None, Some(fault.as_str())),
        }
    }
}

/// Writes a try into the log.
pub(in super::super) async fn add(tx: &mut Tx, tenant: TenantId, message: &Claimed, tried: &Tried) -> Result<()> {
    let (status, fault) = tried.columns();
    diesel::insert_into(attempts::table)
        .values((
            attempts::tenant_id.eq(tenant.0),
            attempts::attempt_id.eq(Uuid::now_v7()),
            attempts::webhook_id.eq(message.webhook),
            attempts::message_id.eq(message.id),
            attempts::at.eq(tried.at),
            attempts::duration_ms.eq(tried.duration_ms),
            attempts::status.eq(status),
            attempts::fault.eq(fault),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A page of a webhook's tries, newest first, each with its place.
pub(in super::super) async fn page(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    paging: &Paging,
) -> Result<Vec<(Uuid, WebhookAttempt)>> {
    type Logged = (Uuid, Uuid, DateTime<Utc>, i32, Option<i32>, Option<String>);
    let query = attempts::table
        .select((
            attempts::attempt_id,
            attempts::message_id,
            attempts::at,
            attempts::duration_ms,
            attempts::status,
            attempts::fault,
        ))
        .filter(attempts::tenant_id.eq(tenant.0))
        .filter(attempts::webhook_id.eq(webhook.0));
    let query = paged!(query, paging, attempts::attempt_id, newest);
    let rows: Vec<Logged> = query.load(tx).await?;
    rows.into_iter()
        .map(|(id, message, at, duration_ms, status, fault)| {
            let fault = fault.as_deref().map(str::parse).transpose().map_err(Error::internal)?;
            Ok((id, WebhookAttempt { message: MessageId(message), at, duration_ms, status, fault }))
        })
        .collect()
}

/// When a webhook was last tried.
pub(in super::super) async fn last_at(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(attempts::table
        .select(attempts::at)
        .filter(attempts::tenant_id.eq(tenant.0))
        .filter(attempts::webhook_id.eq(webhook.0))
        .order(attempts::attempt_id.desc())
        .first(tx)
        .await
        .optional()?)
}

/// How often a webhook was tried since then, counted to `most`.
pub(in super::super) async fn count_since(
    tx: &mut Tx,
    tenant: TenantId,
    webhook: WebhookId,
    since: DateTime<Utc>,
    most: i64,
) -> Result<usize> {
    let tried: Vec<Uuid> = attempts::table
        .select(attempts::attempt_id)
        .filter(attempts::tenant_id.eq(tenant.0))
        .filter(attempts::webhook_id.eq(webhook.0))
        .filter(attempts::at.ge(since))
        .limit(most)
        .load(tx)
        .await?;
    Ok(tried.len())
}

/// Removes up to `most` tries from before `before`; says how many.
pub(in super::super) async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, most: i64) -> Result<usize> {
    let old: Vec<Uuid> = attempts::table
        .select(attempts::attempt_id)
        .filter(attempts::tenant_id.eq(tenant.0))
        .filter(attempts::at.lt(before))
        .limit(most)
        .load(tx)
        .await?;
    Ok(diesel::delete(
        attempts::table.filter(attempts::tenant_id.eq(tenant.0)).filter(attempts::attempt_id.eq_any(old)),
    )
    .execute(tx)
    .await?)
}
