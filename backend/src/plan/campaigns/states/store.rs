//! The only SQL of campaigns' states and history.

use super::Moved;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{campaign_events as events, campaigns};
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Who, actor_text};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use tillwatch_shared::ids::{AlertId, CampaignId, TenantId};
use tillwatch_shared::plan::{CampaignEvent, CampaignState, ResumeAsked};
use uuid::Uuid;

/// One step of a history.
pub(super) struct Event<'a> {
    /// The campaign's version that the step made.
    pub(super) version: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) from: Option<CampaignState>,
    pub(super) to: CampaignState,
    pub(super) reason: Option<&'a str>,
}

/// Puts a locked campaign into the event's state. `stopped_by` stands only while a stop-loss holds the campaign, so
/// every step writes it.
pub(super) async fn set_state(
    tx: &mut Tx,
    tenant: TenantId,
    id: CampaignId,
    event: &Event<'_>,
    stopped_by: Option<AlertId>,
) -> Result<()> {
    diesel::update(campaigns::table)
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq(id.0))
        .set((
            campaigns::state.eq(event.to.as_str()),
            campaigns::state_reason.eq(event.reason),
            campaigns::state_since.eq(event.at),
            campaigns::stopped_by.eq(stopped_by.map(|alert| alert.0)),
            // Whoever asked for another state has it, or must ask anew.
            campaigns::resume_asked_by.eq(None::<Uuid>),
            campaigns::resume_asked_at.eq(None::<DateTime<Utc>>),
            campaigns::resume_reason.eq(None::<String>),
            campaigns::updated_at.eq(event.at),
            campaigns::version.eq(event.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Keeps who has asked that a locked campaign be resumed.
pub(super) async fn ask_resume(
    tx: &mut Tx,
    tenant: TenantId,
    id: CampaignId,
    version: i64,
    asked: &ResumeAsked,
) -> Result<()> {
    diesel::update(campaigns::table)
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq(id.0))
        .set((
            campaigns::resume_asked_by.eq(asked.by.0),
            campaigns::resume_asked_at.eq(asked.at),
            campaigns::resume_reason.eq(&asked.reason),
            campaigns::updated_at.eq(asked.at),
            campaigns::version.eq(version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn add_event(tx: &mut Tx, who: &Who, id: CampaignId, event: &Event<'_>) -> Result<()> {
    diesel::insert_into(events::table)
        .values((
            events::tenant_id.eq(who.tenant.0),
            events::campaign_id.eq(id.0),
            events::version.eq(event.version),
            events::at.eq(event.at),
            events::from_state.eq(event.from.map(CampaignState::as_str)),
            events::to_state.eq(event.to.as_str()),
            events::reason.eq(event.reason),
            events::actor_kind.eq(who.actor.kind()),
            events::actor_id.eq(who.actor.id()),
            events::via.eq(&who.via),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct Row {
    version: i64,
    at: DateTime<Utc>,
    from_state: Option<String>,
    to_state: String,
    reason: Option<String>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    via: String,
}

impl Row {
    /// The staff who did it, if a person did.
    pub(super) fn staff(&self) -> Option<Uuid> {
        self.actor_id.filter(|_| self.actor_kind == "staff")
    }

    /// Its place in the history, as a cursor keeps it.
    pub(super) fn place(&self) -> Uuid {
        Uuid::from_u64_pair(0, self.version.unsigned_abs())
    }

    pub(super) fn into_event(self, names: &HashMap<Uuid, String>) -> Result<CampaignEvent> {
        Ok(CampaignEvent {
            at: self.at,
            from: self.from_state.as_deref().map(str::parse).transpose().map_err(Error::internal)?,
            to: self.to_state.parse().map_err(Error::internal)?,
            actor_name: self.staff().and_then(|id| names.get(&id).cloned()),
            reason: self.reason,
            actor: actor_text(&self.actor_kind, self.actor_id),
            actor_kind: self.actor_kind,
            via: self.via,
        })
    }
}

/// Who made this version.
pub(super) async fn moved(tx: &mut Tx, tenant: TenantId, id: CampaignId, version: i64) -> Result<Option<Moved>> {
    let row: Option<Row> = events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::campaign_id.eq(id.0))
        .filter(events::version.eq(version))
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|row| Moved { actor_kind: row.actor_kind, actor: row.actor_id, via: row.via, reason: row.reason }))
}

/// A page of a campaign's history; empty when there is no such campaign.
pub(super) async fn history(
    tx: &mut Tx,
    tenant: TenantId,
    id: CampaignId,
    newest_first: bool,
    paging: &Paging,
) -> Result<Vec<Row>> {
    let mut query = events::table
        .select(Row::as_select())
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::campaign_id.eq(id.0))
        .limit(paging.fetch())
        .into_boxed();
    // A version is never negative, and a cursor holds one: see `Row::place`.
    let after = paging.after.map(|place| place.as_u64_pair().1.cast_signed());
    query = match (newest_first, after) {
        (false, None) => query.order(events::version),
        (false, Some(after)) => query.filter(events::version.gt(after)).order(events::version),
        (true, None) => query.order(events::version.desc()),
        (true, Some(after)) => query.filter(events::version.lt(after)).order(events::version.desc()),
    };
    Ok(query.load(tx).await?)
}
