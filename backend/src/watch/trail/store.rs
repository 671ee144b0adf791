//! The only SQL of the trail.

use super::Entry;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::evaluations;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, RuleId, TenantId};
use tillwatch_shared::watch::{Evaluation, Named};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = evaluations)]
pub(super) struct Row {
    pub(super) evaluation_id: Uuid,
    pub(super) channel_id: Uuid,
    window_start: DateTime<Utc>,
    at: DateTime<Utc>,
    outcome: String,
    reason: Option<String>,
    figures: Option<serde_json::Value>,
    alert_id: Option<Uuid>,
}

impl Row {
    pub(super) fn into_evaluation(self, channel: Option<Named>) -> Result<Evaluation> {
        Ok(Evaluation {
            channel,
            window_start: self.window_start,
            at: self.at,
            outcome: self.outcome.parse().map_err(Error::internal)?,
            reason: self.reason,
            figures: self.figures.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            alert: self.alert_id.map(AlertId),
        })
    }
}

/// One row a day of a series: judged again, it says what was said last.
pub(super) async fn upsert(tx: &mut Tx, tenant: TenantId, rule: RuleId, entries: &[Entry]) -> Result<()> {
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let figures = entry.figures.as_ref().map(serde_json::to_value).transpose().map_err(Error::internal)?;
        rows.push((
            evaluations::tenant_id.eq(tenant.0),
            evaluations::evaluation_id.eq(Uuid::now_v7()),
            evaluations::rule_id.eq(rule.0),
            evaluations::channel_id.eq(entry.channel.map_or(Uuid::nil(), |id| id.0)),
            evaluations::window_start.eq(entry.window_start),
            evaluations::at.eq(entry.at),
            evaluations::outcome.eq(entry.outcome.as_str()),
            evaluations::reason.eq(entry.reason.as_deref()),
            evaluations::figures.eq(figures),
            evaluations::alert_id.eq(entry.alert.map(|id| id.0)),
        ));
    }
    diesel::insert_into(evaluations::table)
        .values(rows)
        .on_conflict((evaluations::tenant_id, evaluations::rule_id, evaluations::channel_id, evaluations::window_start))
        .do_update()
        .set((
            evaluations::at.eq(excluded(evaluations::at)),
            evaluations::outcome.eq(excluded(evaluations::outcome)),
            evaluations::reason.eq(excluded(evaluations::reason)),
            evaluations::figures.eq(excluded(evaluations::figures)),
            evaluations::alert_id.eq(excluded(evaluations::alert_id)),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, rule: RuleId, paging: &Paging) -> Result<Vec<Row>> {
    let query = evaluations::table
        .select(Row::as_select())
        .filter(evaluations::tenant_id.eq(tenant.0))
        .filter(evaluations::rule_id.eq(rule.0));
    Ok(paged!(query, paging, evaluations::evaluation_id, newest).load(tx).await?)
}

/// Removes up to `most` evaluations that were judged last before `before`; how many.
pub(super) async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, most: i64) -> Result<usize> {
    let old: Vec<Uuid> = evaluations::table
        .select(evaluations::evaluation_id)
        .filter(evaluations::tenant_id.eq(tenant.0))
        .filter(evaluations::at.lt(before))
        .limit(most)
        .load(tx)
        .await?;
    Ok(diesel::delete(
        evaluations::table.filter(evaluations::tenant_id.eq(tenant.0)).filter(evaluations::evaluation_id.eq_any(old)),
    )
    .execute(tx)
    .await?)
}
