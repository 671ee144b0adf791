//! The only SQL of alerts.

mod hush;
mod speaking;
mod timeline;

pub(super) use hush::{Held, held, held_of_campaign, hides_others, lock_held, of_window, set_hush, window_of};
pub(super) use speaking::{
    Cared, Told, count_told, first_of_group, lock_cared, of_group, recent, set_flapping, set_spoken, told, updates,
};
pub(super) use timeline::{Doing, add_doing, add_event, happened, place, timeline};

use super::Breach;
use super::contribution::Contribution;
use super::hush::Hush;
use crate::error::{Error, Result};
use crate::identity::reach::{Place, Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::alerts;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::dsl::{not, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, NoticeId, RuleId, TenantId};
use tillwatch_shared::watch::{AlertState, Figures, QuietWhy, Timing};
use uuid::Uuid;

/// Which alerts a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only those in this state.
    pub state: Option<AlertState>,
    /// Only those that are told in this group's message.
    pub group: Option<NoticeId>,
}

/// An alert that is not resolved.
#[derive(Clone, Debug)]
pub struct OpenAlert {
    /// Its id.
    pub id: AlertId,
    /// The key of its breach.
    pub key: String,
    /// What it says now.
    pub figures: Figures,
    /// The day that it speaks of.
    pub window_start: DateTime<Utc>,
    /// Whether its campaign was paused for it.
    pub paused_campaign: bool,
    /// Since when nothing arrives for it.
    pub no_data_since: Option<DateTime<Utc>>,
    /// The group in whose message it is told.
    pub group: Option<Uuid>,
}

/// What [`open_alert`] reads.
fn open_columns() -> (
    alerts::alert_id,
    alerts::breach_key,
    alerts::figures,
    alerts::window_start,
    alerts::paused_campaign,
    alerts::no_data_since,
    alerts::group_id,
) {
    (
        alerts::alert_id,
        alerts::breach_key,
        alerts::figures,
        alerts::window_start,
        alerts::paused_campaign,
        alerts::no_data_since,
        alerts::group_id,
    )
}

type OpenRow = (Uuid, String, serde_json::Value, DateTime<Utc>, bool, Option<DateTime<Utc>>, Option<Uuid>);

fn open_alert((id, key, figures, window_start, paused_campaign, no_data_since, group): OpenRow) -> Result<OpenAlert> {
    let figures = serde_json::from_value(figures).map_err(Error::internal)?;
    Ok(OpenAlert { id: AlertId(id), key, figures, window_start, paused_campaign, no_data_since, group })
}

/// One row of the table.
#[derive(Queryable, Selectable)]
#[diesel(table_name = alerts)]
pub(super) struct Row {
    pub(super) alert_id: Uuid,
    pub(super) rule_id: Uuid,
    pub(super) rule_name: String,
    pub(super) rule_then: Option<serde_json::Value>,
    pub(super) spec: serde_json::Value,
    pub(super) metric: String,
    pub(super) severity: String,
    pub(super) state: String,
    pub(super) channel_id: Option<Uuid>,
    pub(super) campaign_id: Option<Uuid>,
    pub(super) figures: serde_json::Value,
    pub(super) window_start: DateTime<Utc>,
    pub(super) no_data_since: Option<DateTime<Utc>>,
    pub(super) paused_campaign: bool,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) acknowledged_at: Option<DateTime<Utc>>,
    pub(super) acknowledged_by: Option<Uuid>,
    pub(super) resolved_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
    pub(super) quiet_why: Option<String>,
    pub(super) quiet_by: Option<Uuid>,
    pub(super) quiet_until: Option<DateTime<Utc>>,
    pub(super) group_id: Option<Uuid>,
    pub(super) flaps: Option<i32>,
    pub(super) flaps_since: Option<DateTime<Utc>>,
    pub(super) contribution: Option<serde_json::Value>,
}

/// What is kept of a rule besides its specification, as it was when it raised an alert.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct RuleThen {
    /// Absent in alerts from before versions were kept.
    pub(super) version: Option<i64>,
    pub(super) timing: Timing,
    pub(super) message: Option<String>,
}

impl RuleThen {
    fn of(breach: &Breach<'_>) -> Self {
        let rule = breach.rule;
        Self { version: Some(rule.version), timing: rule.timing, message: rule.message.clone() }
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    breach: &Breach<'_>,
    hush: Option<&Hush>,
    contribution: Option<&Contribution>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let inserted = diesel::insert_into(alerts::table)
        .values((
            alerts::tenant_id.eq(tenant.0),
            alerts::alert_id.eq(id.0),
            alerts::rule_id.eq(breach.rule.id.0),
            alerts::rule_name.eq(&breach.rule.name),
            alerts::rule_then.eq(serde_json::to_value(RuleThen::of(breach)).map_err(Error::internal)?),
            alerts::spec.eq(serde_json::to_value(&breach.rule.spec).map_err(Error::internal)?),
            alerts::metric.eq(breach.rule.spec.metric()),
            alerts::severity.eq(breach.rule.severity.as_str()),
            alerts::state.eq(AlertState::Firing.as_str()),
            alerts::channel_id.eq(breach.channel.map(|id| id.0)),
            alerts::campaign_id.eq(breach.campaign.map(|id| id.0)),
            alerts::figures.eq(serde_json::to_value(&breach.figures).map_err(Error::internal)?),
            alerts::window_start.eq(breach.window_start),
            alerts::paused_campaign.eq(breach.paused_campaign),
            alerts::opened_at.eq(at),
            alerts::breach_key.eq(&breach.key),
            // That it is quiet is its second step.
            alerts::version.eq(if hush.is_some() { 2_i64 } else { 1 }),
            alerts::quiet_why.eq(hush.map(|hush| hush.why.as_str())),
            alerts::quiet_by.eq(hush.and_then(|hush| hush.by)),
            alerts::quiet_until.eq(hush.and_then(|hush| hush.until)),
            alerts::window_id.eq(hush.and_then(window_of)),
            alerts::spoke_at.eq(hush.is_none().then_some(at)),
            alerts::contribution.eq(contribution.map(serde_json::to_value).transpose().map_err(Error::internal)?),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}

/// `'resolved'` in the statement's text: with a parameter in its place the indexes of open alerts could not be used.
fn literally_resolved() -> SqlLiteral<Text> {
    sql("'resolved'")
}

pub(super) async fn open(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Option<OpenAlert>> {
    let row: Option<OpenRow> = alerts::table
        .select(open_columns())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::breach_key.eq(key))
        .filter(alerts::state.ne(literally_resolved()))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(open_alert).transpose()
}

pub(super) async fn open_of_rule(tx: &mut Tx, tenant: TenantId, rule: RuleId) -> Result<Vec<OpenAlert>> {
    let rows: Vec<OpenRow> = alerts::table
        .select(open_columns())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::rule_id.eq(rule.0))
        .filter(alerts::state.ne(literally_resolved()))
        .order(alerts::alert_id)
        .for_update()
        .load(tx)
        .await?;
    rows.into_iter().map(open_alert).collect()
}

/// The open alerts of a campaign with their groups, locked.
pub(super) async fn open_of_campaign(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<(AlertId, Option<Uuid>)>> {
    let open: Vec<(Uuid, Option<Uuid>)> = alerts::table
        .select((alerts::alert_id, alerts::group_id))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::campaign_id.eq(campaign.0))
        .filter(alerts::state.ne(literally_resolved()))
        .order(alerts::alert_id)
        .for_update()
        .load(tx)
        .await?;
    Ok(open.into_iter().map(|(id, group)| (AlertId(id), group)).collect())
}

/// The state of an alert and its group, locked.
pub(super) async fn lock_state(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<(AlertState, Option<Uuid>)> {
    let (state, group): (String, Option<Uuid>) = alerts::table
        .select((alerts::state, alerts::group_id))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("alert"))?;
    Ok((state.parse().map_err(Error::internal)?, group))
}

/// Brings the figures up to date, with the rule that they are by: it may have been changed meanwhile.
pub(super) async fn set_figures(tx: &mut Tx, tenant: TenantId, id: AlertId, breach: &Breach<'_>) -> Result<i64> {
    Ok(diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set((
            alerts::rule_name.eq(&breach.rule.name),
            alerts::rule_then.eq(serde_json::to_value(RuleThen::of(breach)).map_err(Error::internal)?),
            alerts::spec.eq(serde_json::to_value(&breach.rule.spec).map_err(Error::internal)?),
            alerts::metric.eq(breach.rule.spec.metric()),
            alerts::figures.eq(serde_json::to_value(&breach.figures).map_err(Error::internal)?),
            alerts::window_start.eq(breach.window_start),
            alerts::no_data_since.eq(None::<DateTime<Utc>>),
            alerts::version.eq(alerts::version + 1),
        ))
        .returning(alerts::version)
        .get_result(tx)
        .await?)
}

pub(super) async fn set_silent(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    since: Option<DateTime<Utc>>,
) -> Result<i64> {
    Ok(diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set((alerts::no_data_since.eq(since), alerts::version.eq(alerts::version + 1)))
        .returning(alerts::version)
        .get_result(tx)
        .await?)
}

pub(super) async fn set_contribution(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    contribution: &Contribution,
) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set(alerts::contribution.eq(serde_json::to_value(contribution).map_err(Error::internal)?))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn set_paused(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set(alerts::paused_campaign.eq(true))
        .execute(tx)
        .await?;
    Ok(())
}

/// Resolves an alert; its version then, or `None` when it was resolved already.
pub(super) async fn set_resolved(tx: &mut Tx, tenant: TenantId, id: AlertId, at: DateTime<Utc>) -> Result<Option<i64>> {
    let open = alerts::table
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .filter(alerts::state.ne(literally_resolved()));
    // The breach's own figures stay on the alert: what ended it stands in the timeline.
    Ok(diesel::update(open)
        .set((
            alerts::state.eq(AlertState::Resolved.as_str()),
            alerts::resolved_at.eq(at),
            alerts::version.eq(alerts::version + 1),
        ))
        .returning(alerts::version)
        .get_result(tx)
        .await
        .optional()?)
}

pub(super) async fn set_acknowledged(
    tx: &mut Tx,
    tenant: TenantId,
    id: AlertId,
    by: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<i64> {
    Ok(diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set((
            alerts::state.eq(AlertState::Acknowledged.as_str()),
            alerts::acknowledged_at.eq(at),
            alerts::acknowledged_by.eq(by),
            alerts::version.eq(alerts::version + 1),
        ))
        .returning(alerts::version)
        .get_result(tx)
        .await?)
}

pub(super) async fn touch(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<i64> {
    Ok(diesel::update(alerts::table.filter(alerts::tenant_id.eq(tenant.0)).filter(alerts::alert_id.eq(id.0)))
        .set(alerts::version.eq(alerts::version + 1))
        .returning(alerts::version)
        .get_result(tx)
        .await?)
}

pub(super) async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<Row>> {
    Ok(alerts::table
        .select(Row::as_select())
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq_any(ids))
        .load(tx)
        .await?)
}

/// The channel and the campaign that an alert speaks of.
pub(super) async fn place_of(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<Place> {
    let (channel, campaign): (Option<Uuid>, Option<Uuid>) = alerts::table
        .select((alerts::channel_id, alerts::campaign_id))
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::alert_id.eq(id.0))
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("alert"))?;
    Ok(Place { channel: channel.map(ChannelId), campaign: campaign.map(CampaignId) })
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    wanted: Wanted,
    paging: &Paging,
) -> Result<Vec<Row>> {
    let query = alerts::table.select(Row::as_select()).filter(alerts::tenant_id.eq(tenant.0));
    let query = paged!(query, paging, alerts::alert_id, newest);
    let mut query = reached!(query, alerts, within);
    let silenced = alerts::quiet_why.is_not_distinct_from(QuietWhy::Silence.as_str());
    if let Some(group) = wanted.group {
        query = query.filter(alerts::group_id.eq(group.0));
    }
    match wanted.state {
        None => {}
        // One that was taken in hand says so, silenced or not.
        Some(AlertState::Silenced) => query = query.filter(alerts::state.eq("firing")).filter(silenced),
        Some(AlertState::Firing) => query = query.filter(alerts::state.eq("firing")).filter(not(silenced)),
        Some(state) => query = query.filter(alerts::state.eq(state.as_str())),
    }
    Ok(query.load(tx).await?)
}
