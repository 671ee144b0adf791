//! The only SQL of benchmarks.

use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::benchmarks as table;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use std::collections::BTreeSet;
use tillwatch_shared::benchmarks::{Benchmark, BenchmarkGroup, NewBenchmark};
use tillwatch_shared::ids::{BenchmarkId, TenantId};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    benchmark_id: Uuid,
    retailers: String,
    metric: String,
    year: i32,
    value_e4: i64,
    low_e4: Option<i64>,
    high_e4: Option<i64>,
    source: String,
    source_url: Option<String>,
    loaded_at: DateTime<Utc>,
}

impl Row {
    fn into_benchmark(self) -> Result<Benchmark> {
        Ok(Benchmark {
            id: BenchmarkId(self.benchmark_id),
            group: self.retailers.parse().map_err(Error::internal)?,
            metric: self.metric,
            value: Quantity::from_e4(self.value_e4),
            low: self.low_e4.map(Quantity::from_e4),
            high: self.high_e4.map(Quantity::from_e4),
            year: u16::try_from(self.year).map_err(Error::internal)?,
            source: self.source,
            source_url: self.source_url,
            loaded_at: self.loaded_at,
        })
    }
}

/// Those that were loaded for any of these groups, metrics and years: what a load of such values may write over.
pub(super) async fn known(tx: &mut Tx, tenant: TenantId, wanted: &[NewBenchmark]) -> Result<Vec<Benchmark>> {
    let groups: BTreeSet<&str> = wanted.iter().map(|new| new.group.as_str()).collect();
    let metrics: BTreeSet<&str> = wanted.iter().map(|new| new.metric.as_str()).collect();
    let years: BTreeSet<i32> = wanted.iter().map(|new| i32::from(new.year)).collect();
    let rows: Vec<Row> = table::table
        .select(Row::as_select())
        .filter(table::tenant_id.eq(tenant.0))
        .filter(table::retailers.eq_any(groups))
        .filter(table::metric.eq_any(metrics))
        .filter(table::year.eq_any(years))
        .load(tx)
        .await?;
    rows.into_iter().map(Row::into_benchmark).collect()
}

/// How many a retailer has.
pub(super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(table::table.filter(table::tenant_id.eq(tenant.0)).count().get_result(tx).await?)
}

/// The newest of each metric of a group.
pub(super) async fn newest(tx: &mut Tx, tenant: TenantId, group: BenchmarkGroup) -> Result<Vec<Benchmark>> {
    let rows: Vec<Row> = table::table
        .select(Row::as_select())
        .filter(table::tenant_id.eq(tenant.0))
        .filter(table::retailers.eq(group.as_str()))
        .order_by((table::metric, table::year.desc()))
        .distinct_on(table::metric)
        .load(tx)
        .await?;
    rows.into_iter().map(Row::into_benchmark).collect()
}

/// The newest of one metric of a group.
pub(super) async fn newest_of(
    tx: &mut Tx,
    tenant: TenantId,
    group: BenchmarkGroup,
    metric: &str,
) -> Result<Option<Benchmark>> {
    let row: Option<Row> = table::table
        .select(Row::as_select())
        .filter(table::tenant_id.eq(tenant.0))
        .filter(table::retailers.eq(group.as_str()))
        .filter(table::metric.eq(metric))
        .order(table::year.desc())
        .first(tx)
        .await
        .optional()?;
    row.map(Row::into_benchmark).transpose()
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    group: Option<BenchmarkGroup>,
    metric: Option<&str>,
    paging: &Paging,
) -> Result<Vec<Benchmark>> {
    let query = table::table.select(Row::as_select()).filter(table::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, table::benchmark_id, oldest);
    if let Some(group) = group {
        query = query.filter(table::retailers.eq(group.as_str()));
    }
    if let Some(metric) = metric {
        query = query.filter(table::metric.eq(metric.to_owned()));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_benchmark).collect()
}

/// Adds values, or writes them over those of the same id.
pub(super) async fn put(tx: &mut Tx, tenant: TenantId, benchmarks: &[Benchmark]) -> Result<()> {
    let rows: Vec<_> = benchmarks
        .iter()
        .map(|one| {
            (
                table::tenant_id.eq(tenant.0),
                table::benchmark_id.eq(one.id.0),
                table::retailers.eq(one.group.as_str()),
                table::metric.eq(&one.metric),
                table::year.eq(i32::from(one.year)),
                table::value_e4.eq(one.value.e4()),
                table::low_e4.eq(one.low.map(Quantity::e4)),
                table::high_e4.eq(one.high.map(Quantity::e4)),
                table::source.eq(&one.source),
                table::source_url.eq(&one.source_url),
                table::loaded_at.eq(one.loaded_at),
            )
        })
        .collect();
    diesel::insert_into(table::table)
        .values(&rows)
        .on_conflict((table::tenant_id, table::benchmark_id))
        .do_update()
        .set((
            table::value_e4.eq(excluded(table::value_e4)),
            table::low_e4.eq(excluded(table::low_e4)),
            table::high_e4.eq(excluded(table::high_e4)),
            table::source.eq(excluded(table::source)),
            table::source_url.eq(excluded(table::source_url)),
            table::loaded_at.eq(excluded(table::loaded_at)),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Removes a value; `None` when it is not there.
pub(super) async fn remove(tx: &mut Tx, tenant: TenantId, id: BenchmarkId) -> Result<Option<Benchmark>> {
    let row: Option<Row> = diesel::delete(table::table)
        .filter(table::tenant_id.eq(tenant.0))
        .filter(table::benchmark_id.eq(id.0))
        .returning(Row::as_returning())
        .get_result(tx)
        .await
        .optional()?;
    row.map(Row::into_benchmark).transpose()
}
