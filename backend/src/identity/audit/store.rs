//! The only SQL of the audit log.

pub(super) mod seals;

use super::sealing::floor;
use super::{Entry, Filter};
use crate::error::Result;
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::audit_entries as audit;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Who, actor_text};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::identity::AuditEntry;
use tillwatch_shared::ids::{AuditId, TenantId};
use uuid::Uuid;

/// An entry's id and its time are made one after the other.
const BESIDE: TimeDelta = TimeDelta::seconds(1);

pub(super) async fn insert(tx: &mut Tx, id: AuditId, who: &Who, entry: Entry<'_>, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(audit::table)
        .values((
            audit::tenant_id.eq(who.tenant.0),
            audit::audit_id.eq(id.0),
            audit::at.eq(now),
            audit::actor_kind.eq(who.actor.kind()),
            audit::actor_id.eq(who.actor.id()),
            audit::via.eq(&who.via),
            audit::action.eq(entry.action),
            audit::object.eq(entry.object),
            audit::reason.eq(entry.reason),
            audit::before.eq(entry.before),
            audit::after.eq(entry.after),
            audit::request_id.eq(&who.request_id),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
pub(super) struct Row {
    pub(super) audit_id: Uuid,
    at: DateTime<Utc>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    via: String,
    action: String,
    object: Option<String>,
    reason: Option<String>,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
    request_id: String,
}

impl Row {
    pub(super) fn into_entry(self) -> AuditEntry {
        AuditEntry {
            id: AuditId(self.audit_id),
            at: self.at,
            actor: actor_text(&self.actor_kind, self.actor_id),
            actor_kind: self.actor_kind,
            via: self.via,
            action: self.action,
            object: self.object,
            reason: self.reason,
            before: self.before,
            after: self.after,
            request_id: self.request_id,
        }
    }
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, filter: &Filter, paging: &Paging) -> Result<Vec<Row>> {
    let query = audit::table.select(Row::as_select()).filter(audit::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, audit::audit_id, newest);
    if let Some(object) = &filter.object {
        query = query.filter(audit::object.eq(object));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(audit::actor_id.eq(actor));
    }
    if let Some(action) = &filter.action {
        query = if action.ends_with('.') {
            let literally = action.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            query.filter(audit::action.like(literally + "%"))
        } else {
            query.filter(audit::action.eq(action))
        };
    }
    if let Some(via) = &filter.via {
        query = query.filter(audit::via.eq(via));
    }
    if let Some(request_id) = &filter.request_id {
        query = query.filter(audit::request_id.eq(request_id));
    }
    // An id begins with the time at which it was made, just before the entry's: so the index of ids finds times too.
    if let Some(from) = filter.from {
        query = query.filter(audit::audit_id.ge(floor(from - BESIDE))).filter(audit::at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit::audit_id.lt(floor(to + BESIDE))).filter(audit::at.lt(to));
    }
    Ok(query.load(tx).await?)
}
