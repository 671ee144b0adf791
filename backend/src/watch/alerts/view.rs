//! Alerts as the wire shows them: rows with the names of what they speak of, looked up in one query a kind.

use super::store::{self, Row};
use crate::error::{Error, Result};
use crate::identity::{chat, tenants};
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::watch::quiet::{self, Shown};
use std::collections::HashMap;
use tillwatch_shared::ids::{AlertId, RuleId, SilenceId, StaffId, TenantId, WindowId};
use tillwatch_shared::watch::{Alert, AlertState, NamedStaff, Quiet, QuietWhy};
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
    let quiet = quiets(tx, tenant, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let quiet = quiet_of(&row, &quiet)?;
            let silenced = quiet.as_ref().is_some_and(|quiet| quiet.why == QuietWhy::Silence);
            let state: AlertState = row.state.parse().map_err(Error::internal)?;
            let metric = metrics::find(&row.metric);
            Ok(Alert {
                id: AlertId(row.alert_id),
                rule: RuleId(row.rule_id),
                rule_name: row.rule_name,
                spec: serde_json::from_value(row.spec).map_err(Error::internal)?,
                severity: row.severity.parse().map_err(Error::internal)?,
                state: if silenced && state == AlertState::Firing { AlertState::Silenced } else { state },
                metric_en: metric.map_or_else(|| row.metric.clone(), |m| m.name.en.to_owned()),
                metric_zh: metric.map_or_else(|| row.metric.clone(), |m| m.name.zh.to_owned()),
                unit: metric.map_or_else(|| "count".to_owned(), |m| m.unit.code().to_owned()),
                metric: row.metric,
                currency: currency.clone(),
                channel: row.channel_id.and_then(|id| channels.get(&id).cloned()),
                campaign: row.campaign_id.and_then(|id| campaigns.get(&id).cloned()),
                figures: serde_json::from_value(row.figures).map_err(Error::internal)?,
                window_start: row.window_start,
                paused_campaign: row.paused_campaign,
                opened_at: row.opened_at,
                acknowledged_at: row.acknowledged_at,
                acknowledged_by: row
                    .acknowledged_by
                    .map(|id| NamedStaff { id: StaffId(id), name: people.get(&id).cloned().unwrap_or_default() }),
                resolved_at: row.resolved_at,
                quiet,
                version: row.version,
            })
        })
        .collect()
}

/// The silences and windows that keep some of these quiet, by id.
async fn quiets(tx: &mut Tx, tenant: TenantId, rows: &[Row]) -> Result<HashMap<Uuid, Shown>> {
    let timed = |row: &&Row| row.quiet_why.as_deref() != Some(QuietWhy::Inhibition.as_str());
    let ids: Vec<Uuid> = rows.iter().filter(timed).filter_map(|row| row.quiet_by).collect();
    let times = quiet::by_ids(tx, tenant, &ids, now()).await?;
    Ok(times.into_iter().map(|shown| (shown.time.id, shown)).collect())
}

/// What keeps an alert quiet.
fn quiet_of(row: &Row, times: &HashMap<Uuid, Shown>) -> Result<Option<Quiet>> {
    let Some(why) = &row.quiet_why else { return Ok(None) };
    let why: QuietWhy = why.parse().map_err(Error::internal)?;
    let time = row.quiet_by.and_then(|id| times.get(&id));
    let by = |which: QuietWhy| row.quiet_by.filter(|_| why == which);
    Ok(Some(Quiet {
        why,
        until: row.quiet_until,
        reason: time.map(|shown| shown.time.reason.clone()),
        owner: time.and_then(|shown| shown.owner.clone()),
        silence: by(QuietWhy::Silence).map(SilenceId),
        window: by(QuietWhy::Maintenance).map(WindowId),
        alert: by(QuietWhy::Inhibition).map(AlertId),
    }))
}
