//! Alerts as the wire shows them: rows with the names of what they speak of, looked up in one query a kind.

use super::contribution::Contribution;
use super::store::{self, Row, RuleThen};
use crate::error::{Error, Result};
use crate::identity::{chat, tenants};
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::watch::quiet::{self, Shown};
use std::collections::HashMap;
use tillwatch_shared::ids::{AlertId, ChannelId, NoticeId, RuleId, SilenceId, StaffId, TenantId, WindowId};
use tillwatch_shared::watch::{
    self as wire, Alert, AlertState, Contributed, Flapping, Named, NamedStaff, Quiet, QuietWhy,
};
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
    let moved: Vec<Option<Contribution>> = rows
        .iter()
        .map(|row| row.contribution.clone().map(serde_json::from_value).transpose().map_err(Error::internal))
        .collect::<Result<_>>()?;
    let contributors = moved.iter().flatten().flat_map(|one| one.parts.iter().map(|(channel, _)| channel.0));
    let of_channels: Vec<Uuid> = ids(|row| row.channel_id).into_iter().chain(contributors).collect();
    let channels = channels::named(tx, tenant, &of_channels).await?;
    let campaigns = campaigns::named(tx, tenant, &ids(|row| row.campaign_id)).await?;
    let mut people: HashMap<Uuid, String> = HashMap::new();
    for id in ids(|row| row.acknowledged_by) {
        if let std::collections::hash_map::Entry::Vacant(unknown) = people.entry(id) {
            unknown.insert(chat::staff_name(tx, tenant, StaffId(id)).await?);
        }
    }
    let quiet = quiets(tx, tenant, &rows).await?;
    rows.into_iter()
        .zip(moved)
        .map(|(row, moved)| {
            let quiet = quiet_of(&row, &quiet)?;
            let silenced = quiet.as_ref().is_some_and(|quiet| quiet.why == QuietWhy::Silence);
            let state: AlertState = row.state.parse().map_err(Error::internal)?;
            let metric = metrics::find(&row.metric);
            let then: RuleThen =
                row.rule_then.map(serde_json::from_value).transpose().map_err(Error::internal)?.unwrap_or_default();
            Ok(Alert {
                id: AlertId(row.alert_id),
                rule: RuleId(row.rule_id),
                rule_name: row.rule_name,
                rule_version: then.version,
                spec: serde_json::from_value(row.spec).map_err(Error::internal)?,
                timing: then.timing,
                message: then.message,
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
                no_data_since: row.no_data_since,
                paused_campaign: row.paused_campaign,
                opened_at: row.opened_at,
                acknowledged_at: row.acknowledged_at,
                acknowledged_by: row
                    .acknowledged_by
                    .map(|id| NamedStaff { id: StaffId(id), name: people.get(&id).cloned().unwrap_or_default() }),
                resolved_at: row.resolved_at,
                quiet,
                contribution: moved.map(|moved| contribution(&moved, &channels)),
                group: row.group_id.map(NoticeId),
                flapping: row
                    .flaps
                    .zip(row.flaps_since)
                    .map(|(times, since)| Flapping { times: u32::try_from(times).unwrap_or_default(), since }),
                version: row.version,
            })
        })
        .collect()
}

/// Which channels moved a figure, by name.
fn contribution(moved: &Contribution, channels: &HashMap<Uuid, Named>) -> wire::Contribution {
    let named = |(channel, change): &(ChannelId, f64)| {
        let channel = channels.get(&channel.0)?.clone();
        Some(Contributed { channel, change: *change, share: change / moved.change })
    };
    let parts: Vec<Contributed> = moved.parts.iter().filter_map(named).collect();
    wire::Contribution { before: moved.before, change: moved.change, days: moved.days, parts, rest: moved.rest }
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
