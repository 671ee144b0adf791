//! The only SQL of reports: when and where they appear, and what of campaigns and alerts they count.

use super::model::{Planned, Schedule};
use crate::error::{Error, Result};
use crate::plan::budgets::SPEND;
use crate::platform::db::Tx;
use crate::platform::db::schema::{alerts, campaign_totals, campaigns, report_schedules as schedules};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Money;
use tillwatch_shared::ids::{AlertId, CampaignId, ChatServerId, TenantId};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::{ReportAlert, ReportKind, Severity};
use uuid::Uuid;

/// Campaigns that a report looks at: those that are not at their end.
const MOST_CAMPAIGNS: i64 = 2_000;
/// Alerts that a report names.
const NAMED: i64 = 5;
/// Alerts of a week that are counted by rule.
const MOST_OF_WEEK: i64 = 50_000;

/// What was set; `None` while it is as usual.
pub(super) async fn schedule(tx: &mut Tx, tenant: TenantId, kind: ReportKind) -> Result<Option<Schedule>> {
    type Row = (bool, i32, Option<Uuid>, DateTime<Utc>, i64);
    let found: Option<Row> = schedules::table
        .select((
            schedules::enabled,
            schedules::minute,
            schedules::chat_server_id,
            schedules::changed_at,
            schedules::version,
        ))
        .filter(schedules::tenant_id.eq(tenant.0))
        .filter(schedules::kind.eq(kind.as_str()))
        .first(tx)
        .await
        .optional()?;
    Ok(found.map(|(enabled, minute, chat_server, changed_at, version)| Schedule {
        kind,
        enabled,
        minute,
        chat_server: chat_server.map(ChatServerId),
        changed_at: Some(changed_at),
        version,
    }))
}

/// Sets when and where a report appears; whoever changes it has locked the retailer's row.
pub(super) async fn save(tx: &mut Tx, tenant: TenantId, is: &Schedule, at: DateTime<Utc>) -> Result<()> {
    let values = (
        schedules::enabled.eq(is.enabled),
        schedules::minute.eq(is.minute),
        schedules::chat_server_id.eq(is.chat_server.map(|id| id.0)),
        schedules::changed_at.eq(at),
        schedules::version.eq(is.version),
    );
    diesel::insert_into(schedules::table)
        .values((schedules::tenant_id.eq(tenant.0), schedules::kind.eq(is.kind.as_str()), values))
        .on_conflict((schedules::tenant_id, schedules::kind))
        .do_update()
        .set(values)
        .execute(tx)
        .await?;
    Ok(())
}

/// The campaigns that are planned, run or are held.
pub(super) async fn campaigns(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Planned>> {
    type Row = (
        Uuid,
        String,
        String,
        Option<String>,
        Option<NaiveDate>,
        Option<NaiveDate>,
        Option<i64>,
        Option<String>,
        Option<i64>,
    );
    let states = [CampaignState::Scheduled, CampaignState::Active, CampaignState::Paused].map(CampaignState::as_str);
    let spend = campaign_totals::table
        .select(campaign_totals::total_e4)
        .filter(campaign_totals::tenant_id.eq(campaigns::tenant_id))
        .filter(campaign_totals::campaign_id.eq(campaigns::campaign_id))
        .filter(campaign_totals::metric.eq(SPEND))
        .single_value();
    let rows: Vec<Row> = campaigns::table
        .select((
            campaigns::campaign_id,
            campaigns::name,
            campaigns::state,
            campaigns::state_reason,
            campaigns::starts_on,
            campaigns::ends_on,
            campaigns::budget_minor,
            campaigns::budget_currency,
            spend,
        ))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::state.eq_any(states))
        .filter(campaigns::archived_at.is_null())
        .order(campaigns::campaign_id.desc())
        .limit(MOST_CAMPAIGNS)
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(id, name, state, state_reason, starts_on, ends_on, budget, currency, spend)| {
            let budget = budget.zip(currency).map(|(amount_minor, currency)| Money { amount_minor, currency });
            Ok(Planned {
                id: CampaignId(id),
                name,
                state: state.parse().map_err(Error::internal)?,
                state_reason,
                starts_on,
                ends_on,
                spent_share: budget.and_then(|budget| share(spend.unwrap_or(0), &budget)),
            })
        })
        .collect()
}

/// What was spent as a share of a budget; none of a budget of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share for reading")]
fn share(spend_e4: i64, budget: &Money) -> Option<f64> {
    let digits = i32::try_from(Money::minor_digits(&budget.currency)).unwrap_or(2);
    let major = budget.amount_minor as f64 / 10_f64.powi(digits);
    (major > 0.0).then(|| Quantity::from_e4(spend_e4).to_f64() / major)
}

/// How many alerts were raised, how many ended, and how often a campaign was paused for one, in `[from, to)`.
pub(super) async fn counts(tx: &mut Tx, tenant: TenantId, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<[u32; 3]> {
    let raised = alerts::table
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::opened_at.ge(from))
        .filter(alerts::opened_at.lt(to));
    let ended = alerts::table
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::resolved_at.ge(from))
        .filter(alerts::resolved_at.lt(to));
    let counted = [
        raised.count().get_result::<i64>(tx).await?,
        ended.count().get_result::<i64>(tx).await?,
        raised.filter(alerts::paused_campaign.eq(true)).count().get_result::<i64>(tx).await?,
    ];
    Ok(counted.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}

/// How many alerts fire, and the first of them: the loudest, and of these the newest.
pub(super) async fn firing(tx: &mut Tx, tenant: TenantId) -> Result<(u32, Vec<ReportAlert>)> {
    let firing = || {
        alerts::table
            .filter(alerts::tenant_id.eq(tenant.0))
            // In the statement's text: with a parameter in its place the index of open alerts could not be used.
            .filter(alerts::state.eq(sql::<Text>("'firing'")))
    };
    let count: i64 = firing().count().get_result(tx).await?;
    let rows: Vec<(Uuid, String, String, DateTime<Utc>)> = firing()
        .select((alerts::alert_id, alerts::rule_name, alerts::severity, alerts::opened_at))
        .order((
            alerts::severity.eq(Severity::Critical.as_str()).desc(),
            alerts::severity.eq(Severity::Warning.as_str()).desc(),
            alerts::opened_at.desc(),
            alerts::alert_id.desc(),
        ))
        .limit(NAMED)
        .load(tx)
        .await?;
    let first = rows.into_iter().map(|(id, rule_name, severity, opened_at)| {
        Ok(ReportAlert { id: AlertId(id), rule_name, severity: severity.parse().map_err(Error::internal)?, opened_at })
    });
    Ok((u32::try_from(count).unwrap_or(u32::MAX), first.collect::<Result<_>>()?))
}

/// The rules' names of the alerts that were raised in `[from, to)`, one for each alert.
pub(super) async fn rules(
    tx: &mut Tx,
    tenant: TenantId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<String>> {
    Ok(alerts::table
        .select(alerts::rule_name)
        .filter(alerts::tenant_id.eq(tenant.0))
        .filter(alerts::opened_at.ge(from))
        .filter(alerts::opened_at.lt(to))
        .order(alerts::alert_id)
        .limit(MOST_OF_WEEK)
        .load(tx)
        .await?)
}
