//! The SQL of what keeps alerts quiet, and of many alerts at a glance.

use super::super::hush::Hush;
use super::{Row, literally_resolved};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::alerts;
use crate::watch::quiet::Spoken;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::watch::{QuietWhy, RuleSpec};
use uuid::Uuid;

/// An open alert, as far as being quiet goes.
#[derive(Clone, Debug)]
pub(in super::super) struct Held {
    /// Its id.
    pub(in super::super) id: AlertId,
    /// What it speaks of.
    pub(in super::super) spoken: Spoken,
    /// What keeps it quiet.
    pub(in super::super) hush: Option<Hush>,
    /// The key of its breach.
    pub(in super::super) key: String,
    /// The group in whose message it is told.
    pub(in super::super) group: Option<Uuid>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = alerts)]
struct HeldRow {
    alert_id: Uuid,
    rule_id: Uuid,
    channel_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    severity: String,
    spec: serde_json::Value,
    quiet_why: Option<String>,
    quiet_by: Option<Uuid>,
    quiet_until: Option<DateTime<Utc>>,
    breach_key: String,
    group_id: Option<Uuid>,
}

impl HeldRow {
    fn into_held(self) -> Result<Held> {
        let spec: RuleSpec = serde_json::from_value(self.spec).map_err(Error::internal)?;
        let why: Option<QuietWhy> = self.quiet_why.map(|why| why.parse()).transpose().map_err(Error::internal)?;
        let spoken = Spoken {
            rule: RuleId(self.rule_id),
            channel: self.channel_id.map(ChannelId),
            campaign: self.campaign_id.map(CampaignId),
            severity: self.severity.parse().map_err(Error::internal)?,
            stop_loss: matches!(spec, RuleSpec::StopLoss { .. }),
        };
        let hush = why.map(|why| Hush { why, by: self.quiet_by, until: self.quiet_until });
        Ok(Held { id: AlertId(self.alert_id), spoken, hush, key: self.breach_key, group: self.group_id })
    }
}

/// The open alerts of the retailer.
pub(in super::super) async fn held(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Held>> {
    let rows: Vec<HeldRow> = alerts::table
        .select(HeldRow::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::state.ne(literally_resolved()))
        .order(alerts::alert_id)
        .load(tx)
        .await?;
    rows.into_iter().map(HeldRow::into_held).collect()
}

/// The open alerts of a campaign.
pub(in super::super) async fn held_of_campaign(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<Held>> {
    let rows: Vec<HeldRow> = alerts::table
        .select(HeldRow::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::campaign_id.eq(campaign.0))
        .filter(alerts::state.ne(literally_resolved()))
        .load(tx)
        .await?;
    rows.into_iter().map(HeldRow::into_held).collect()
}

/// An alert, locked, unless it is resolved.
pub(in super::super) async fn lock_held(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<Option<Held>> {
    let row: Option<HeldRow> = alerts::table
        .select(HeldRow::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .filter(alerts::state.ne(literally_resolved()))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(HeldRow::into_held).transpose()
}

/// Says what keeps an alert quiet from now on. The window that did so last is kept for what is told when it ends.
pub(in super::super) async fn set_hush(tx: &mut Tx, tenant: TenantId, id: AlertId, hush: Option<&Hush>) -> Result<i64> {
    let version =
        diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
            .set((
                alerts::quiet_why.eq(hush.map(|hush| hush.why.as_str())),
                alerts::quiet_by.eq(hush.and_then(|hush| hush.by)),
                alerts::quiet_until.eq(hush.and_then(|hush| hush.until)),
                alerts::version.eq(alerts::version + 1),
            ))
            .returning(alerts::version)
            .get_result(tx)
            .await?;
    if let Some(window) = hush.and_then(window_of) {
        diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
            .set(alerts::window_id.eq(window))
            .execute(tx)
            .await?;
    }
    Ok(version)
}

/// Whether this alert hides others. It is asked among the open ones only.
pub(in super::super) async fn hides_others(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<bool> {
    let hidden = alerts::table
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::state.ne(literally_resolved()))
        .filter(alerts::quiet_by.eq(id.0));
    Ok(diesel::select(diesel::dsl::exists(hidden)).get_result(tx).await?)
}

/// The maintenance window of a hush, if it is one.
pub(in super::super) fn window_of(hush: &Hush) -> Option<Uuid> {
    hush.by.filter(|_| hush.why == QuietWhy::Maintenance)
}

/// The alerts that a maintenance window kept quiet, newest first.
pub(in super::super) async fn of_window(tx: &mut Tx, tenant: TenantId, window: Uuid) -> Result<Vec<Row>> {
    Ok(alerts::table
        .select(Row::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::window_id.eq(window))
        .order(alerts::alert_id.desc())
        .load(tx)
        .await?)
}
