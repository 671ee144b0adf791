//! The only SQL of events.

use super::catalogue;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::events;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{EventId, TenantId};
use tillwatch_shared::webhooks::{Event, EventType};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Row {
    tenant_id: Uuid,
    event_id: Uuid,
    at: DateTime<Utc>,
    kind: String,
    schema_version: i32,
    data: serde_json::Value,
}

impl Row {
    fn into_event(self) -> Result<Event> {
        Ok(Event {
            id: EventId(self.event_id),
            kind: self.kind.parse().map_err(Error::internal)?,
            version: self.schema_version,
            timestamp: self.at,
            tenant: TenantId(self.tenant_id),
            data: self.data,
        })
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: EventId,
    kind: EventType,
    data: &serde_json::Value,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(events::table)
        .values((
            events::tenant_id.eq(tenant.0),
            events::event_id.eq(id.0),
            events::at.eq(at),
            events::kind.eq(kind.as_str()),
            events::schema_version.eq(catalogue::version(kind)),
            events::data.eq(data),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn find(tx: &mut Tx, tenant: TenantId, id: EventId) -> Result<Option<Event>> {
    events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::event_id.eq(id.0))
        .first(tx)
        .await
        .optional()?
        .map(Row::into_event)
        .transpose()
}

pub(super) async fn between(
    tx: &mut Tx,
    tenant: TenantId,
    kinds: &[EventType],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Event>> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::at.ge(since))
        .filter(events::at.lt(until))
        .filter(events::kind.eq_any(kinds))
        .order((events::at, events::event_id))
        .limit(most)
        .load(tx)
        .await?
        .into_iter()
        .map(Row::into_event)
        .collect()
}

pub(super) async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, most: i64) -> Result<usize> {
    let old: Vec<Uuid> = events::table
        .select(events::event_id)
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::at.lt(before))
        .limit(most)
        .load(tx)
        .await?;
    Ok(diesel::delete(events::table.filter(events::tenant_id.eq(tenant.0)).filter(events::event_id.eq_any(old)))
        .execute(tx)
        .await?)
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    kind: Option<EventType>,
    paging: &Paging,
) -> Result<Vec<Event>> {
    let query = events::table.select(Row::as_select()).filter(events::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, events::event_id, newest);
    if let Some(kind) = kind {
        query = query.filter(events::kind.eq(kind.as_str()));
    }
    query.load(tx).await?.into_iter().map(Row::into_event).collect()
}
