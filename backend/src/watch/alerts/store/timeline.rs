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
    diesel::insert_into(events::table)
        .values((
            events::tenant_id.eq(who.tenant.0),
            events::alert_id.eq(id.0),
            events::version.eq(version),
            events::at.eq(at),
            events::event.eq(step.as_str()),
            events::actor_kind.eq(who.actor.kind()),
            events::actor_id.eq(who.actor.id()),
            events::via.eq(&who.via),
            events::figures.eq(figures.map(serde_json::to_value).transpose().map_err(Error::internal)?),
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
    type EventRow = (i64, DateTime<Utc>, String, String, Option<Uuid>, String, Option<serde_json::Value>);
    let before = paging.after.map_or(i64::MAX, |place| i64::try_from(place.as_u64_pair().1).unwrap_or(i64::MAX));
    let rows: Vec<EventRow> = events::table
        .select((
            events::version,
            events::at,
            events::event,
            events::actor_kind,
            events::actor_id,
            events::via,
            events::figures,
        ))
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::alert_id.eq(id.0))
        .filter(events::version.lt(before))
        .order(events::version.desc())
        .limit(paging.fetch())
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(version, at, event, actor_kind, actor, via, figures)| {
            let event = AlertEvent {
                at,
                event: event.parse().map_err(Error::internal)?,
                actor: actor_text(&actor_kind, actor),
                actor_name: None,
                actor_kind,
                via,
                figures: figures.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            };
            Ok((version, event))
        })
        .collect()
}
