//! The SQL of runs: what came of each fetch.

use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::feed_runs as runs;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tillwatch_shared::feeds::{FeedFault, FeedRun};
use tillwatch_shared::ids::{FeedId, FeedRunId, TenantId};
use uuid::Uuid;

/// Runs of a feed that are kept.
const KEPT: i64 = 50;
/// Runs beyond those that one statement removes.
const REMOVED: i64 = 100;

#[derive(Queryable, Selectable)]
#[diesel(table_name = runs)]
struct Row {
    run_id: Uuid,
    begun_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    outcome: String,
    fault: Option<String>,
    detail: Option<String>,
    status: Option<i32>,
    bytes: i64,
    accepted: i32,
    corrected: i32,
    unchanged: i32,
    refused: i32,
    refusals: Value,
}

impl Row {
    fn into_run(self) -> Result<FeedRun> {
        Ok(FeedRun {
            id: FeedRunId(self.run_id),
            begun_at: self.begun_at,
            ended_at: self.ended_at,
            outcome: self.outcome.parse().map_err(Error::internal)?,
            fault: self.fault.as_deref().map(str::parse).transpose().map_err(Error::internal)?,
            detail: self.detail,
            status: self.status,
            bytes: self.bytes,
            accepted: self.accepted,
            corrected: self.corrected,
            unchanged: self.unchanged,
            refused: self.refused,
            refusals: serde_json::from_value(self.refusals).map_err(Error::internal)?,
        })
    }
}

/// Keeps a run.
pub(in super::super) async fn add(tx: &mut Tx, tenant: TenantId, feed: FeedId, run: &FeedRun) -> Result<()> {
    let refusals = serde_json::to_value(&run.refusals).map_err(Error::internal)?;
    diesel::insert_into(runs::table)
        .values((
            runs::tenant_id.eq(tenant.0),
            runs::run_id.eq(run.id.0),
            runs::feed_id.eq(feed.0),
            runs::begun_at.eq(run.begun_at),
            runs::ended_at.eq(run.ended_at),
            runs::outcome.eq(run.outcome.as_str()),
            runs::fault.eq(run.fault.map(FeedFault::as_str)),
            runs::detail.eq(run.detail.as_deref()),
            runs::status.eq(run.status),
            runs::bytes.eq(run.bytes),
            runs::accepted.eq(run.accepted),
            runs::corrected.eq(run.corrected),
            runs::unchanged.eq(run.unchanged),
            runs::refused.eq(run.refused),
            runs::refusals.eq(refusals),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes room for another run: with it a feed has its newest fifty.
pub(in super::super) async fn make_room(tx: &mut Tx, tenant: TenantId, feed: FeedId) -> Result<()> {
    let old: Vec<Uuid> = runs::table
        .select(runs::run_id)
        .filter(runs::tenant_id.eq(tenant.0))
        .filter(runs::feed_id.eq(feed.0))
        .order(runs::run_id.desc())
        .offset(KEPT - 1)
        .limit(REMOVED)
        .load(tx)
        .await?;
    if !old.is_empty() {
        diesel::delete(runs::table.filter(runs::tenant_id.eq(tenant.0)).filter(runs::run_id.eq_any(old)))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// A page of a feed's runs, newest first.
pub(in super::super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    feed: FeedId,
    paging: &Paging,
) -> Result<Vec<FeedRun>> {
    let query =
        runs::table.select(Row::as_select()).filter(runs::tenant_id.eq(tenant.0)).filter(runs::feed_id.eq(feed.0));
    let rows: Vec<Row> = paged!(query, paging, runs::run_id, newest).load(tx).await?;
    rows.into_iter().map(Row::into_run).collect()
}

/// Forgets runs from before `before`: a retailer's feeds have at most fifty each.
pub(in super::super) async fn forget(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>) -> Result<()> {
    diesel::delete(runs::table.filter(runs::tenant_id.eq(tenant.0)).filter(runs::begun_at.lt(before)))
        .execute(tx)
        .await?;
    Ok(())
}
