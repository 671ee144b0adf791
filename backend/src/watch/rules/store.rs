//! The only SQL of rules.

use super::ActiveRule;
use crate::error::{Error, Result};
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::rules;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::watch::Rule;
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
    enabled: bool,
    created_at: DateTime<Utc>,
    archived_at: Option<DateTime<Utc>>,
    version: i64,
}

impl Row {
    fn into_rule(self) -> Result<Rule> {
        Ok(Rule {
            id: RuleId(self.rule_id),
            name: self.name,
            spec: serde_json::from_value(self.spec).map_err(Error::internal)?,
            channel: self.channel_id.map(ChannelId),
            campaign: self.campaign_id.map(CampaignId),
            per_channel: self.per_channel,
            severity: self.severity.parse().map_err(Error::internal)?,
            enabled: self.enabled,
            created_at: self.created_at,
            archived_at: self.archived_at,
            version: self.version,
        })
    }

    fn into_active(self) -> Result<ActiveRule> {
        let rule = self.into_rule()?;
        Ok(ActiveRule {
            id: rule.id,
            name: rule.name,
            spec: rule.spec,
            channel: rule.channel,
            campaign: rule.campaign,
            per_channel: rule.per_channel,
            severity: rule.severity,
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, rule: &Rule) -> Result<()> {
    diesel::insert_into(rules::table)
        .values((
            rules::tenant_id.eq(tenant.0),
            rules::rule_id.eq(rule.id.0),
            rules::name.eq(&rule.name),
            rules::kind.eq(rule.spec.kind()),
            rules::metric.eq(rule.spec.metric()),
            rules::spec.eq(serde_json::to_value(&rule.spec).map_err(Error::internal)?),
            rules::channel_id.eq(rule.channel.map(|id| id.0)),
            rules::campaign_id.eq(rule.campaign.map(|id| id.0)),
            rules::per_channel.eq(rule.per_channel),
            rules::severity.eq(rule.severity.as_str()),
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
            rules::spec.eq(serde_json::to_value(&rule.spec).map_err(Error::internal)?),
            rules::severity.eq(rule.severity.as_str()),
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

pub(super) async fn daily(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ActiveRule>> {
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

pub(super) async fn lock_active(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<Option<ActiveRule>> {
    rules::table
        .select(Row::as_select())
        .filter(rules::tenant_id.eq(tenant.0))
        .filter(rules::rule_id.eq(id.0))
        .filter(rules::enabled)
        .filter(rules::archived_at.is_null())
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?
        .map(Row::into_active)
        .transpose()
}
