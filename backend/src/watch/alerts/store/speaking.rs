//! The SQL of telling alerts: what was raised lately, groups, and what is told again.

use super::super::calm::Recent;
use super::{Row, literally_resolved};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{alert_events as events, alerts};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, TenantId};
use tillwatch_shared::watch::{AlertState, AlertStep, Severity};
use uuid::{Builder, Uuid};

/// Alerts that are looked at to tell a storm or flapping.
const LOOKED_AT: i64 = 100;

/// The least id of an alert that was raised at or behind this time: ids grow with it.
fn floor(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// What was raised behind `storm` and is critical as this one is, or as little, and what was raised of the same breach
/// behind `lately`, newest first, without the alert itself.
pub(in super::super) async fn recent(
    tx: &mut Tx,
    tenant: TenantId,
    own: AlertId,
    (key, severity): (&str, Severity),
    storm: DateTime<Utc>,
    lately: DateTime<Utc>,
) -> Result<Vec<Recent>> {
    type Seen = (Uuid, bool, DateTime<Utc>, Option<DateTime<Utc>>, Option<Uuid>);
    let is_critical = alerts::severity.eq(Severity::Critical.as_str());
    let of_breach = alerts::breach_key.eq(key).and(alerts::alert_id.gt(floor(lately)));
    let rows: Vec<Seen> = alerts::table
        .select((alerts::alert_id, alerts::breach_key.eq(key), alerts::opened_at, alerts::spoke_at, alerts::group_id))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.gt(floor(storm)).and(is_critical.eq(severity == Severity::Critical)).or(of_breach))
        .filter(alerts::alert_id.ne(own.0))
        .order(alerts::alert_id.desc())
        .limit(LOOKED_AT)
        .load(tx)
        .await?;
    let seen = rows.into_iter().map(|(id, same_breach, opened_at, spoke_at, group)| Recent {
        id: AlertId(id),
        same_breach,
        opened_at,
        told: spoke_at.is_some(),
        group,
    });
    Ok(seen.collect())
}

/// The alert is told from `at` on, in this group if in one.
pub(in super::super) async fn set_spoken(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    group: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set((alerts::spoke_at.eq(at), alerts::told_again.eq(0), alerts::group_id.eq(group)))
        .execute(tx)
        .await?;
    Ok(())
}

/// The breach of the alert was opened so often.
pub(in super::super) async fn set_flapping(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    times: i32,
    since: DateTime<Utc>,
) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set((alerts::flaps.eq(times), alerts::flaps_since.eq(since)))
        .execute(tx)
        .await?;
    Ok(())
}

/// An open alert, as far as telling it again goes.
#[derive(Clone, Debug)]
pub(in super::super) struct Cared {
    pub(in super::super) rule_name: String,
    pub(in super::super) severity: Severity,
    pub(in super::super) state: AlertState,
    pub(in super::super) hushed: bool,
    pub(in super::super) opened_at: DateTime<Utc>,
    pub(in super::super) spoke_at: Option<DateTime<Utc>>,
    pub(in super::super) told_again: i32,
    pub(in super::super) group: Option<Uuid>,
    pub(in super::super) version: i64,
}

/// An alert, locked, unless it is resolved.
pub(in super::super) async fn lock_cared(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<Option<Cared>> {
    type Kept = (String, String, String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>, i32, Option<Uuid>, i64);
    let row: Option<Kept> = alerts::table
        .select((
            alerts::rule_name,
            alerts::severity,
            alerts::state,
            alerts::quiet_why,
            alerts::opened_at,
            alerts::spoke_at,
            alerts::told_again,
            alerts::group_id,
            alerts::version,
        ))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .filter(alerts::state.ne(literally_resolved()))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(|(rule_name, severity, state, quiet, opened_at, spoke_at, told_again, group, version)| {
        Ok(Cared {
            rule_name,
            severity: severity.parse().map_err(Error::internal)?,
            state: state.parse().map_err(Error::internal)?,
            hushed: quiet.is_some(),
            opened_at,
            spoke_at,
            told_again,
            group,
            version,
        })
    })
    .transpose()
}

/// One more step was done.
pub(in super::super) async fn count_told(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set(alerts::told_again.eq(alerts::told_again + 1))
        .execute(tx)
        .await?;
    Ok(())
}

/// The oldest alert of a group that fires and that nothing keeps quiet.
pub(in super::super) async fn first_of_group(tx: &mut Tx, tenant: TenantId, group: Uuid) -> Result<Option<AlertId>> {
    let first: Option<Uuid> = alerts::table
        .select(alerts::alert_id)
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::group_id.eq(group))
        .filter(alerts::state.eq("firing"))
        .filter(alerts::quiet_why.is_null())
        .order(alerts::alert_id)
        .first(tx)
        .await
        .optional()?;
    Ok(first.map(AlertId))
}

/// The alerts of a group, newest first.
pub(in super::super) async fn of_group(tx: &mut Tx, tenant: TenantId, group: Uuid) -> Result<Vec<Row>> {
    Ok(alerts::table
        .select(Row::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::group_id.eq(group))
        .order(alerts::alert_id.desc())
        .load(tx)
        .await?)
}

/// How an alert was told.
#[derive(Clone, Debug)]
pub(in super::super) struct Told {
    pub(in super::super) breach: String,
    pub(in super::super) since: Option<DateTime<Utc>>,
    pub(in super::super) again: i32,
    pub(in super::super) group: Option<Uuid>,
}

pub(in super::super) async fn told(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<Told> {
    let (breach, since, again, group) = alerts::table
        .select((alerts::breach_key, alerts::spoke_at, alerts::told_again, alerts::group_id))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("alert"))?;
    Ok(Told { breach, since, again, group })
}

/// How often an alert was brought up to date.
pub(in super::super) async fn updates(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<i64> {
    Ok(events::table
        .filter(events::tenant_id.eq(tenant.0))
        .filter(events::alert_id.eq(id.0))
        .filter(events::event.eq(AlertStep::Updated.as_str()))
        .count()
        .get_result(tx)
        .await?)
}
