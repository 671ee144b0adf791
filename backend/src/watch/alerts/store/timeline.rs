//! The SQL of timelines.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::alert_events as events;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Who, actor_text};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, TenantId};
use tillwatch_shared::watch::{AlertEvent, AlertStep, Figures};
use uuid::Uuid;

pub(in super::super) async fn add_event(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    version: i64,
    step: AlertStep,
    figures: Option<&Figures>,
    at: DateTime<Utc>,
) -> Result<()> {
    let figures = figures.map(serde_json::to_value).transpose().map_err(Error::internal)?;
    insert(tx, who.tenant, id, (version, step, at), &Doing::of(who, None), figures).await
}

/// Who did a step, from where and why.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Doing<'a> {
    pub(in super::super) actor_kind: &'a str,
    pub(in super::super) actor: Option<Uuid>,
    pub(in super::super) via: &'a str,
    pub(in super::super) reason: Option<&'a str>,
}

impl<'a> Doing<'a> {
    /// What `who` did.
    pub(in super::super) fn of(who: &'a Who, reason: Option<&'a str>) -> Self {
        Self { actor_kind: who.actor.kind(), actor: who.actor.id(), via: &who.via, reason }
    }
}

/// Adds a step that was done for a reason, or by somebody else than who writes it.
pub(in super::super) async fn add_doing(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    step: (i64, AlertStep, DateTime<Utc>),
    doing: &Doing<'_>,
) -> Result<()> {
    insert(tx, tenant, id, step, doing, None).await
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    (version, step, at): (i64, AlertStep, DateTime<Utc>),
    doing: &Doing<'_>,
    figures: Option<serde_json::Value>,
) -> Result<()> {
    diesel::insert_into(events::table)
        .values((
            events::tenant_id.eq(tenant.0),
            events::alert_id.eq(id.0),
            events::version.eq(version),
            events::at.eq(at),
            events::event.eq(step.as_str()),
            events::actor_kind.eq(doing.actor_kind),
            events::actor_id.eq(doing.actor),
            events::via.eq(doing.via),
            events::figures.eq(figures),
            events::reason.eq(doing.reason),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A step's place in its timeline, as cursors carry it.
pub(in super::super) fn place(version: i64) -> Uuid {
    Uuid::from_u64_pair(0, version.unsigned_abs())
}

/// The steps behind the cursor's, newest first, each with its place: the version that it made.
pub(in super::super) async fn timeline(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    paging: &Paging,
) -> Result<Vec<(i64, AlertEvent)>> {
    let before = paging.after.map_or(i64::MAX, |place| i64::try_from(place.as_u64_pair().1).unwrap_or(i64::MAX));
    let rows: Vec<Row> = events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::alert_id.eq(id.0))
        .filter(events::version.lt(before))
        .order(events::version.desc())
        .limit(paging.fetch())
        .load(tx)
        .await?;
    rows.into_iter().map(|row| Ok((row.version, row.into_event()?))).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Row {
    alert_id: Uuid,
    version: i64,
    at: DateTime<Utc>,
    event: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    via: String,
    figures: Option<serde_json::Value>,
    reason: Option<String>,
}

impl Row {
    fn into_event(self) -> Result<AlertEvent> {
        Ok(AlertEvent {
            at: self.at,
            event: self.event.parse().map_err(Error::internal)?,
            actor: actor_text(&self.actor_kind, self.actor_id),
            actor_name: None,
            actor_kind: self.actor_kind,
            via: self.via,
            figures: self.figures.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            reason: self.reason,
        })
    }
}

/// The steps of these alerts behind `told`, newest first, at most `most`, each with its alert and its version; new figures
/// are none of them.
pub(in super::super) async fn happened(
    tx: &mut Tx,
    tenant: TenantId,
    alerts: &[Uuid],
    told: i64,
    most: i64,
) -> Result<Vec<(Uuid, i64, AlertEvent)>> {
    let rows: Vec<Row> = events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::alert_id.eq_any(alerts))
        .filter(events::version.gt(told))
        .filter(events::event.ne(AlertStep::Updated.as_str()))
        .order(events::version.desc())
        .limit(most)
        .load(tx)
        .await?;
    rows.into_iter().map(|row| Ok((row.alert_id, row.version, row.into_event()?))).collect()
}
