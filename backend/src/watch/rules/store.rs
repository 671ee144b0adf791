//! The only SQL of rules.

use super::{ActiveRule, model};
use crate::error::{Error, Result};
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{rule_progress, rule_versions as versions, rules};
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Who, actor_text};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::watch::{Rule, RuleSpec, RuleVersion};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = rules)]
struct Row {
    rule_id: Uuid,
    name: String,
    spec: serde_json::Value,
    channel_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    per_channel: bool,
    severity: String,
    timing: Option<serde_json::Value>,
    quiet_hours: Option<serde_json::Value>,
    message: Option<String>,
    action: Option<String>,
    backtested_at: Option<DateTime<Utc>>,
    fed_at: Option<DateTime<Utc>>,
    enabled: bool,
    created_at: DateTime<Utc>,
    archived_at: Option<DateTime<Utc>>,
    version: i64,
}

impl Row {
    fn into_rule(self) -> Result<Rule> {
        let spec: RuleSpec = serde_json::from_value(self.spec).map_err(Error::internal)?;
        // Rules from before these settings have the usual ones.
        let action = self.action.map(|action| action.parse().map_err(Error::internal)).transpose()?;
        let timing = self.timing.map(serde_json::from_value).transpose().map_err(Error::internal)?;
        Ok(Rule {
            id: RuleId(self.rule_id),
            name: self.name,
            action: action.unwrap_or_else(|| model::first_action(&spec)),
            spec,
            channel: self.channel_id.map(ChannelId),
            campaign: self.campaign_id.map(CampaignId),
            per_channel: self.per_channel,
            severity: self.severity.parse().map_err(Error::internal)?,
            timing: timing.unwrap_or_default(),
            quiet_hours: self.quiet_hours.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            message: self.message,
            backtested_at: self.backtested_at,
            enabled: self.enabled,
            created_at: self.created_at,
            archived_at: self.archived_at,
            version: self.version,
        })
    }

    fn into_active(self) -> Result<ActiveRule> {
        let fed = self.fed_at.is_some();
        let rule = self.into_rule()?;
        Ok(ActiveRule {
            id: rule.id,
            name: rule.name,
            spec: rule.spec,
            channel: rule.channel,
            campaign: rule.campaign,
            per_channel: rule.per_channel,
            severity: rule.severity,
            timing: rule.timing,
            quiet_hours: rule.quiet_hours,
            message: rule.message,
            action: rule.action,
            version: rule.version,
            fed,
        })
    }
}

/// A value as JSON for its column.
fn json(value: &impl serde::Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, rule: &Rule) -> Result<()> {
    diesel::insert_into(rules::table)
        .values((
            rules::tenant_id.eq(tenant.0),
            rules::rule_id.eq(rule.id.0),
            rules::name.eq(&rule.name),
            rules::kind.eq(rule.spec.kind()),
            rules::metric.eq(rule.spec.metric()),
            rules::spec.eq(json(&rule.spec)?),
            rules::channel_id.eq(rule.channel.map(|id| id.0)),
            rules::campaign_id.eq(rule.campaign.map(|id| id.0)),
            rules::per_channel.eq(rule.per_channel),
            rules::severity.eq(rule.severity.as_str()),
            rules::timing.eq(json(&rule.timing)?),
            rules::quiet_hours.eq(rule.quiet_hours.as_ref().map(json).transpose()?),
            rules::message.eq(&rule.message),
            rules::action.eq(rule.action.as_str()),
            rules::enabled.eq(rule.enabled),
            rules::created_at.eq(rule.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    archived: bool,
    paging: &Paging,
) -> Result<Vec<Rule>> {
    let query = rules::table.select(Row::as_select()).filter(rules::tenant_id.eq(tenant.0));
    let query = paged!(query, paging, rules::rule_id, oldest);
    let mut query = reached!(query, rules, within);
    query = if archived {
        query.filter(rules::archived_at.is_not_null())
    } else {
        query.filter(rules::archived_at.is_null())
    };
    query.load(tx).await?.into_iter().map(Row::into_rule).collect()
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: RuleId, lock: bool) -> Result<Rule> {
    let query =
        rules::table.select(Row::as_select()).filter(rules::tenant_id.eq(tenant.0)).filter(rules::rule_id.eq(id.0));
    // NO KEY, here and below: alerts may be raised for the rule meanwhile, or a write and a job would wait in a circle.
    let found = if lock { query.for_no_key_update().first(tx).await } else { query.first(tx).await };
    found.optional()?.ok_or_else(|| Error::not_found("rule"))?.into_rule()
}

pub(super) async fn update(tx: &mut Tx, tenant: TenantId, rule: &Rule) -> Result<()> {
    diesel::update(rules::table.filter(rules::tenant_id.eq(tenant.0)).filter(rules::rule_id.eq(rule.id.0)))
        .set((
            rules::name.eq(&rule.name),
            rules::metric.eq(rule.spec.metric()),
            rules::spec.eq(json(&rule.spec)?),
            rules::severity.eq(rule.severity.as_str()),
            rules::timing.eq(json(&rule.timing)?),
            rules::quiet_hours.eq(rule.quiet_hours.as_ref().map(json).transpose()?),
            rules::message.eq(&rule.message),
            rules::action.eq(rule.action.as_str()),
            rules::backtested_at.eq(rule.backtested_at),
            rules::enabled.eq(rule.enabled),
            rules::archived_at.eq(rule.archived_at),
            rules::version.eq(rule.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn stop_losses(tx: &mut Tx, tenant: TenantId, campaigns: &[Uuid]) -> Result<Vec<ActiveRule>> {
    rules::table
        .select(Row::as_select())
        .filter(rules::tenant_id.eq(tenant.0))
        .filter(rules::campaign_id.eq_any(campaigns))
        .filter(rules::kind.eq("stop_loss"))
        .filter(rules::enabled)
        .filter(rules::archived_at.is_null())
        .order((rules::campaign_id, rules::rule_id))
        .load(tx)
        .await?
        .into_iter()
        .map(Row::into_active)
        .collect()
}

pub(super) async fn of_closed(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ActiveRule>> {
    rules::table
        .select(Row::as_select())
        .filter(rules::tenant_id.eq(tenant.0))
        .filter(rules::kind.ne("stop_loss"))
        .filter(rules::enabled)
        .filter(rules::archived_at.is_null())
        .order(rules::rule_id)
        .load(tx)
        .await?
        .into_iter()
        .map(Row::into_active)
        .collect()
}

pub(super) async fn active(tx: &mut Tx, tenant: TenantId, id: RuleId, lock: bool) -> Result<Option<ActiveRule>> {
    let query = rules::table
        .select(Row::as_select())
        .filter(rules::tenant_id.eq(tenant.0))
        .filter(rules::rule_id.eq(id.0))
        .filter(rules::enabled)
        .filter(rules::archived_at.is_null());
    let found = if lock { query.for_no_key_update().first(tx).await } else { query.first(tx).await };
    found.optional()?.map(Row::into_active).transpose()
}

pub(super) async fn set_fed(tx: &mut Tx, tenant: TenantId, id: RuleId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(rules::table.filter(rules::tenant_id.eq(tenant.0)).filter(rules::rule_id.eq(id.0)))
        .set(rules::fed_at.eq(at))
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets how far a rule has judged, and whether its metric comes in live.
pub(super) async fn begin_anew(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<()> {
    let judged = rule_progress::table.filter(rule_progress::tenant_id.eq(tenant.0));
    diesel::delete(judged.filter(rule_progress::rule_id.eq(id.0))).execute(tx).await?;
    diesel::update(rules::table.filter(rules::tenant_id.eq(tenant.0)).filter(rules::rule_id.eq(id.0)))
        .set(rules::fed_at.eq(None::<DateTime<Utc>>))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn set_backtested(tx: &mut Tx, tenant: TenantId, id: RuleId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(rules::table.filter(rules::tenant_id.eq(tenant.0)).filter(rules::rule_id.eq(id.0)))
        .set(rules::backtested_at.eq(at))
        .execute(tx)
        .await?;
    Ok(())
}

/// Keeps a rule as it is from `at` on; what is kept already stays.
pub(super) async fn keep_version(tx: &mut Tx, who: &Who, rule: &Rule, at: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(versions::table)
        .values((
            versions::tenant_id.eq(who.tenant.0),
            versions::rule_id.eq(rule.id.0),
            versions::version.eq(rule.version),
            versions::at.eq(at),
            versions::actor_kind.eq(who.actor.kind()),
            versions::actor_id.eq(who.actor.id()),
            versions::via.eq(&who.via),
            versions::rule.eq(json(rule)?),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(())
}

/// A version's place in its list, as cursors carry it.
pub(super) fn place(version: i64) -> Uuid {
    Uuid::from_u64_pair(0, version.unsigned_abs())
}

/// The versions of a rule behind the cursor's, newest first.
pub(super) async fn versions(tx: &mut Tx, tenant: TenantId, id: RuleId, paging: &Paging) -> Result<Vec<RuleVersion>> {
    type VersionRow = (DateTime<Utc>, String, Option<Uuid>, String, serde_json::Value);
    let before = paging.after.map_or(i64::MAX, |place| i64::try_from(place.as_u64_pair().1).unwrap_or(i64::MAX));
    let rows: Vec<VersionRow> = versions::table
        .select((versions::at, versions::actor_kind, versions::actor_id, versions::via, versions::rule))
        .filter(versions::tenant_id.eq(tenant.0))
        .filter(versions::rule_id.eq(id.0))
        .filter(versions::version.lt(before))
        .order(versions::version.desc())
        .limit(paging.fetch())
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(at, actor_kind, actor, via, rule)| {
            Ok(RuleVersion {
                rule: serde_json::from_value(rule).map_err(Error::internal)?,
                at,
                actor: actor_text(&actor_kind, actor),
                actor_name: None,
                actor_kind,
                via,
            })
        })
        .collect()
}
