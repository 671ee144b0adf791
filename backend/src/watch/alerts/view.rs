//! Alerts as the wire shows them: rows with the names of what they speak of, looked up in one query a kind.

use super::store::{self, Row};
use crate::error::{Error, Result};
use crate::identity::{chat, tenants};
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::db::Tx;
use std::collections::HashMap;
use tillwatch_shared::ids::{AlertId, RuleId, StaffId, TenantId};
use tillwatch_shared::watch::{Alert, NamedStaff, Timing};
use uuid::Uuid;

/// These alerts, in no order; one that is not there is missing.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<Alert>> {
    let rows = store::by_ids(tx, tenant, ids).await?;
    show(tx, tenant, rows).await
}

pub(super) async fn one(tx: &mut Tx, tenant: TenantId, id: AlertId) -> Result<Alert> {
    by_ids(tx, tenant, &[id.0]).await?.pop().ok_or_else(|| Error::not_found("alert"))
}

pub(super) async fn show(tx: &mut Tx, tenant: TenantId, rows: Vec<Row>) -> Result<Vec<Alert>> {
    let currency = tenants::settings(tx, tenant).await?.currency;
    let ids = |of: fn(&Row) -> Option<Uuid>| rows.iter().filter_map(of).collect::<Vec<_>>();
    let channels = channels::named(tx, tenant, &ids(|row| row.channel_id)).await?;
    let campaigns = campaigns::named(tx, tenant, &ids(|row| row.campaign_id)).await?;
    let mut people: HashMap<Uuid, String> = HashMap::new();
    for id in ids(|row| row.acknowledged_by) {
        if let std::collections::hash_map::Entry::Vacant(unknown) = people.entry(id) {
            unknown.insert(chat::staff_name(tx, tenant, StaffId(id)).await?);
        }
    }
    rows.into_iter()
        .map(|row| {
            let metric = metrics::find(&row.metric);
            Ok(Alert {
                id: AlertId(row.alert_id),
                rule: RuleId(row.rule_id),
                rule_name: row.rule_name,
                rule_version: row.rule_version,
                spec: serde_json::from_value(row.spec).map_err(Error::internal)?,
                timing: row
                    .timing
                    .map_or_else(|| Ok(Timing::default()), serde_json::from_value)
                    .map_err(Error::internal)?,
                message: row.message,
                severity: row.severity.parse().map_err(Error::internal)?,
                state: row.state.parse().map_err(Error::internal)?,
                metric_en: metric.map_or_else(|| row.metric.clone(), |m| m.name.en.to_owned()),
                metric_zh: metric.map_or_else(|| row.metric.clone(), |m| m.name.zh.to_owned()),
                unit: metric.map_or_else(|| "count".to_owned(), |m| m.unit.code().to_owned()),
                metric: row.metric,
                currency: currency.clone(),
                channel: row.channel_id.and_then(|id| channels.get(&id).cloned()),
                campaign: row.campaign_id.and_then(|id| campaigns.get(&id).cloned()),
                figures: serde_json::from_value(row.figures).map_err(Error::internal)?,
                window_start: row.window_start,
                no_data_since: row.no_data_since,
                paused_campaign: row.paused_campaign,
                opened_at: row.opened_at,
                acknowledged_at: row.acknowledged_at,
                acknowledged_by: row
                    .acknowledged_by
                    .map(|id| NamedStaff { id: StaffId(id), name: people.get(&id).cloned().unwrap_or_default() }),
                resolved_at: row.resolved_at,
                version: row.version,
            })
        })
        .collect()
}
