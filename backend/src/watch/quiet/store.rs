//! The only SQL of quiet times.

use super::model::{Kind, QuietTime};
use crate::error::{Error, Result};
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::quiet_times;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, StaffId, TenantId};
use tillwatch_shared::watch::QuietState;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = quiet_times)]
struct Row {
    quiet_time_id: Uuid,
    kind: String,
    reason: String,
    rule_id: Option<Uuid>,
    channel_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    severity: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    owner_kind: String,
    owner_id: Option<Uuid>,
    ended_early_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_time(self) -> Result<QuietTime> {
        Ok(QuietTime {
            id: self.quiet_time_id,
            kind: if self.kind == Kind::Silence.as_str() { Kind::Silence } else { Kind::Maintenance },
            rule: self.rule_id.map(RuleId),
            channel: self.channel_id.map(ChannelId),
            campaign: self.campaign_id.map(CampaignId),
            severity: self.severity.parse().map_err(Error::internal)?,
            reason: self.reason,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            owner: self.owner_id.filter(|_| self.owner_kind == "staff").map(StaffId),
            ended_early_by: self.ended_early_by.map(StaffId),
            created_at: self.created_at,
            version: self.version,
        })
    }
}

fn times(rows: Vec<Row>) -> Result<Vec<QuietTime>> {
    rows.into_iter().map(Row::into_time).collect()
}

pub(super) async fn insert(tx: &mut Tx, who: &Who, time: &QuietTime) -> Result<()> {
    diesel::insert_into(quiet_times::table)
        .values((
            quiet_times::tenant_id.eq(who.tenant.0),
            quiet_times::quiet_time_id.eq(time.id),
            quiet_times::kind.eq(time.kind.as_str()),
            quiet_times::reason.eq(&time.reason),
            quiet_times::rule_id.eq(time.rule.map(|id| id.0)),
            quiet_times::channel_id.eq(time.channel.map(|id| id.0)),
            quiet_times::campaign_id.eq(time.campaign.map(|id| id.0)),
            quiet_times::severity.eq(time.severity.as_str()),
            quiet_times::starts_at.eq(time.starts_at),
            quiet_times::ends_at.eq(time.ends_at),
            quiet_times::owner_kind.eq(who.actor.kind()),
            quiet_times::owner_id.eq(who.actor.id()),
            quiet_times::created_at.eq(time.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    kind: Kind,
    state: Option<QuietState>,
    paging: &Paging,
    at: DateTime<Utc>,
) -> Result<Vec<QuietTime>> {
    let query = quiet_times::table
        .select(Row::as_select())
        .filter(quiet_times::tenant_id.eq(tenant.0))
        .filter(quiet_times::kind.eq(kind.as_str()));
    let query = paged!(query, paging, quiet_times::quiet_time_id, newest);
    let mut query = reached!(query, quiet_times, within);
    query = match state {
        None => query,
        Some(QuietState::Planned) => query.filter(quiet_times::starts_at.gt(at)),
        Some(QuietState::Active) => query.filter(quiet_times::starts_at.le(at)).filter(quiet_times::ends_at.gt(at)),
        Some(QuietState::Over) => query.filter(quiet_times::ends_at.le(at)),
    };
    times(query.load(tx).await?)
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, kind: Kind, id: Uuid, lock: bool) -> Result<QuietTime> {
    let query = quiet_times::table
        .select(Row::as_select())
        .filter(quiet_times::tenant_id.eq(tenant.0))
        .filter(quiet_times::quiet_time_id.eq(id))
        .filter(quiet_times::kind.eq(kind.as_str()));
    let found: Option<Row> =
        if lock { query.for_update().first(tx).await } else { query.first(tx).await }.optional()?;
    found.ok_or_else(|| Error::not_found(kind.noun()))?.into_time()
}

pub(super) async fn update(tx: &mut Tx, tenant: TenantId, time: &QuietTime) -> Result<()> {
    diesel::update(
        quiet_times::table.filter(quiet_times::tenant_id.eq(tenant.0)).filter(quiet_times::quiet_time_id.eq(time.id)),
    )
    .set((
        quiet_times::starts_at.eq(time.starts_at),
        quiet_times::ends_at.eq(time.ends_at),
        quiet_times::ended_early_by.eq(time.ended_early_by.map(|id| id.0)),
        quiet_times::version.eq(time.version),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn open_at(tx: &mut Tx, tenant: TenantId, at: DateTime<Utc>) -> Result<Vec<QuietTime>> {
    let rows: Vec<Row> = quiet_times::table
        .select(Row::as_select())
        .filter(quiet_times::tenant_id.eq(tenant.0))
        .filter(quiet_times::ends_at.gt(at))
        .filter(quiet_times::starts_at.le(at))
        .load(tx)
        .await?;
    times(rows)
}

pub(super) async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<QuietTime>> {
    let rows: Vec<Row> = quiet_times::table
        .select(Row::as_select())
        .filter(quiet_times::tenant_id.eq(tenant.0))
        .filter(quiet_times::quiet_time_id.eq_any(ids))
        .load(tx)
        .await?;
    times(rows)
}
