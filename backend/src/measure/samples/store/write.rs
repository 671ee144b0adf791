//! Storing samples and adding to the rollups.
//!
//! Bulk statements take one array a column (`unnest`), which the query builder cannot say; their rows are inserted
//! in the arrays' order, so locks are taken in it.

use super::range;
use crate::error::{Error, Result};
use crate::measure::samples::model::{Addition, Placed, SeriesKey, Tally};
use crate::measure::samples::{BATCH, Outcome};
use crate::platform::db::Tx;
use crate::platform::db::schema::series;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::methods::ExecuteDsl;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use std::collections::{HashMap, HashSet};
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// Binds tenant, series, times, keys and values, `$1` to `$5`.
macro_rules! bind_samples {
    ($query:expr, $tenant:expr, $rows:expr) => {
        $query
            .bind::<SqlUuid, _>($tenant.0)
            .bind::<Array<SqlUuid>, _>($rows.iter().map(|row| row.series).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>($rows.iter().map(|row| row.at).collect::<Vec<_>>())
            .bind::<Array<Text>, _>($rows.iter().map(|row| row.key).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>($rows.iter().map(|row| row.value_e4).collect::<Vec<_>>())
    };
}

/// Binds tenant, resolutions, series, buckets, sums and numbers of samples, `$1` to `$6`.
macro_rules! bind_additions {
    ($query:expr, $tenant:expr, $rows:expr) => {
        $query
            .bind::<SqlUuid, _>($tenant.0)
            .bind::<Array<Text>, _>($rows.iter().map(|(resolution, _)| resolution.as_str()).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>($rows.iter().map(|(_, row)| row.series).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>($rows.iter().map(|(_, row)| row.bucket).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>($rows.iter().map(|(_, row)| row.sum_e4).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>($rows.iter().map(|(_, row)| row.samples).collect::<Vec<_>>())
    };
}

/// Makes the series that do not exist yet. `wanted` is sorted by id.
pub(in crate::measure::samples) async fn ensure_series(
    tx: &mut Tx,
    tenant: TenantId,
    wanted: &[(Uuid, SeriesKey<'_>)],
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
    let known: HashSet<Uuid> = series::table
        .select(series::series_id)
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::series_id.eq_any(ids))
        .load(tx)
        .await?
        .into_iter()
        .collect();
    let missing: Vec<&(Uuid, SeriesKey<'_>)> = wanted.iter().filter(|(id, _)| !known.contains(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO series (tenant_id, series_id, metric, channel_id, campaign_id, subject_id, period, created_at) \
         SELECT $1, s.*, $8 FROM unnest($2, $3, $4, $5, $6, $7) AS s ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(tenant.0)
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(missing.iter().map(|(_, key)| key.metric.key).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|(_, key)| key.channel_uuid()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|(_, key)| key.campaign_uuid()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|(_, key)| key.subject_uuid()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(missing.iter().map(|(_, key)| key.period_word()).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Inserts `rows` if all are new, and says whether they were; otherwise nothing has changed.
pub(in crate::measure::samples) async fn insert_new(
    tx: &mut Tx,
    tenant: TenantId,
    rows: &[Placed<'_>],
) -> Result<bool> {
    let query = diesel::sql_query(
        "INSERT INTO samples (tenant_id, series_id, at, source_key, value_e4) \
         SELECT $1, s.* FROM unnest($2, $3, $4, $5) AS s",
    );
    all_new(tx, bind_samples!(query, tenant, rows)).await
}

/// Runs an INSERT that fails when one of its rows exists, and says whether none did; otherwise nothing has changed.
/// Where all are new this costs half of looking for conflicts.
async fn all_new<Q: RunQueryDsl<Tx> + ExecuteDsl<Tx>>(tx: &mut Tx, insert: Q) -> Result<bool> {
    tx.batch_execute("SAVEPOINT plain").await?;
    match insert.execute(tx).await {
        Ok(_) => {
            tx.batch_execute("RELEASE SAVEPOINT plain").await?;
            Ok(true)
        }
        Err(error) if Error::is_unique_violation(&error) => {
            tx.batch_execute("ROLLBACK TO SAVEPOINT plain; RELEASE SAVEPOINT plain").await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    series_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    source_key: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    previous_e4: Option<i64>,
}

/// Inserts `rows` or corrects the ones that are known; what became of each, by the caller's place.
pub(in crate::measure::samples) async fn insert_or_correct(
    tx: &mut Tx,
    tenant: TenantId,
    rows: &[Placed<'_>],
) -> Result<Vec<(usize, Outcome)>> {
    // A row that is known with the same value is neither written nor returned: sending again costs no dead row.
    let query = diesel::sql_query(
        "INSERT INTO samples AS s (tenant_id, series_id, at, source_key, value_e4) \
         SELECT $1, n.* FROM unnest($2, $3, $4, $5) AS n \
         ON CONFLICT (tenant_id, series_id, at, source_key) \
         DO UPDATE SET value_e4 = excluded.value_e4, previous_e4 = s.value_e4 WHERE s.value_e4 <> excluded.value_e4 \
         RETURNING series_id, at, source_key, previous_e4",
    );
    let written: Vec<Written> = bind_samples!(query, tenant, rows).load(tx).await?;
    let mut outcomes: HashMap<(Uuid, DateTime<Utc>, &str), Outcome> = HashMap::with_capacity(written.len());
    for row in &written {
        let from = row.previous_e4.map(Quantity::from_e4);
        let outcome = from.map_or(Outcome::Accepted, |from| Outcome::Corrected { from });
        outcomes.insert((row.series_id, row.at, &row.source_key), outcome);
    }
    let outcome_of = |row: &Placed<'_>| outcomes.get(&(row.series, row.at, row.key)).copied();
    Ok(rows.iter().map(|row| (row.index, outcome_of(row).unwrap_or(Outcome::Unchanged))).collect())
}

/// From this many hours on, a batch that is about as many hours as samples is taken for history, whose hours are new.
const HISTORY: usize = 500;

/// A rollup's width, and what is to be added to it.
type Added<'a> = (Resolution, &'a Addition);

/// Rows of one width.
pub(super) fn of(resolution: Resolution, rows: &[Addition]) -> impl Iterator<Item = Added<'_>> {
    rows.iter().map(move |row| (resolution, row))
}

/// Adds a batch of `new` new samples to the rollups: days, then hours, each sorted. The few of an ordinary batch go in
/// one statement.
pub(in crate::measure::samples) async fn add_to_rollups(
    tx: &mut Tx,
    tenant: TenantId,
    tally: &Tally<'_>,
    new: usize,
) -> Result<()> {
    let mut rows: Vec<Added<'_>> = of(Resolution::Day, &tally.days).collect();
    let mut history = Vec::new();
    let hours = of(Resolution::Hour, &tally.hours);
    if tally.hours.len() >= HISTORY.max(new / 2) {
        history.extend(hours);
    } else {
        rows.extend(hours);
    }
    for rows in rows.chunks(BATCH) {
        add(tx, tenant, rows).await?;
    }
    let mut probably_new = true;
    for rows in history.chunks(BATCH) {
        if probably_new && insert_all(tx, tenant, rows).await? {
            continue;
        }
        probably_new = false;
        add(tx, tenant, rows).await?;
    }
    Ok(())
}

/// Inserts `rows` if all are new, and says whether they were; otherwise nothing has changed.
async fn insert_all(tx: &mut Tx, tenant: TenantId, rows: &[Added<'_>]) -> Result<bool> {
    let query = diesel::sql_query(
        "INSERT INTO rollups (tenant_id, series_id, resolution, bucket, sum_e4, samples) \
         SELECT $1, n.series, n.resolution, n.bucket, n.sum, n.samples \
         FROM unnest($2, $3, $4, $5, $6) AS n (resolution, series, bucket, sum, samples)",
    );
    all_new(tx, bind_additions!(query, tenant, rows)).await
}

/// Adds to the rollups, whether they are there or not.
pub(super) async fn add(tx: &mut Tx, tenant: TenantId, rows: &[Added<'_>]) -> Result<()> {
    let query = diesel::sql_query(
        "INSERT INTO rollups AS r (tenant_id, series_id, resolution, bucket, sum_e4, samples) \
         SELECT $1, n.series, n.resolution, n.bucket, n.sum, n.samples \
         FROM unnest($2, $3, $4, $5, $6) AS n (resolution, series, bucket, sum, samples) \
         ON CONFLICT (tenant_id, series_id, resolution, bucket) \
         DO UPDATE SET sum_e4 = r.sum_e4 + excluded.sum_e4, samples = r.samples + excluded.samples",
    );
    bind_additions!(query, tenant, rows).execute(tx).await.map_err(range)?;
    Ok(())
}
