//! Storing and looking up what is not added: levels, distinct counts, model values, durations.

use super::super::kinds::{Changes, InBin, Renewed, from_table, to_text};
use super::super::model::Placed;
use super::super::{BATCH, Outcome};
use super::read::{Scope, Span};
use super::write::{add, of};
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::{rollup_bins, rollups, series};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{BTreeSet, HashMap};
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// What became of a sample, and of durations the ones that it replaces.
pub(in crate::measure::samples) struct WrittenOther {
    /// The caller's place.
    pub(in crate::measure::samples) index: usize,
    /// What became of it.
    pub(in crate::measure::samples) outcome: Outcome,
    /// What stood there before; empty for a new one.
    pub(in crate::measure::samples) before: Vec<i64>,
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
    #[diesel(sql_type = Nullable<Text>)]
    previous_many: Option<String>,
}

/// Inserts `rows` or corrects the ones that are known; what became of each.
pub(in crate::measure::samples) async fn insert_or_correct_others(
    tx: &mut Tx,
    tenant: TenantId,
    rows: &[Placed<'_>],
) -> Result<Vec<WrittenOther>> {
    let written: Vec<Written> = diesel::sql_query(
        "INSERT INTO samples AS s (tenant_id, series_id, at, source_key, value_e4, many) \
         SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6) AS n \
         ON CONFLICT (tenant_id, series_id, at, source_key) \
         DO UPDATE SET value_e4 = excluded.value_e4, previous_e4 = s.value_e4, \
             many = excluded.many, previous_many = s.many \
         WHERE s.value_e4 <> excluded.value_e4 OR s.many IS DISTINCT FROM excluded.many \
         RETURNING series_id, at, source_key, previous_e4, previous_many",
    )
    .bind::<SqlUuid, _>(tenant.0)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.series).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.at).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.key).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.value_e4).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| to_text(row.many)).collect::<Vec<_>>())
    .load(tx)
    .await?;
    let by_key: HashMap<(Uuid, DateTime<Utc>, &str), &Written> =
        written.iter().map(|row| ((row.series_id, row.at, row.source_key.as_str()), row)).collect();
    let outcome_of = |row: &Placed<'_>| {
        let index = row.index;
        match by_key.get(&(row.series, row.at, row.key)) {
            None => WrittenOther { index, outcome: Outcome::Unchanged, before: Vec::new() },
            Some(Written { previous_e4: None, .. }) => {
                WrittenOther { index, outcome: Outcome::Accepted, before: Vec::new() }
            }
            Some(Written { previous_e4: Some(e4), previous_many, .. }) => WrittenOther {
                index,
                outcome: Outcome::Corrected { from: Quantity::from_e4(*e4) },
                before: from_table(*e4, previous_many.as_deref()),
            },
        }
    };
    Ok(rows.iter().map(outcome_of).collect())
}

/// Finds the last values of `buckets` anew. Each is locked first, in order: what others wrote before is seen then, and
/// what they write meanwhile they find themselves.
pub(in crate::measure::samples) async fn renew(
    tx: &mut Tx,
    tenant: TenantId,
    buckets: &BTreeSet<Renewed>,
) -> Result<()> {
    let buckets: Vec<&Renewed> = buckets.iter().collect();
    for rows in buckets.chunks(BATCH) {
        let series: Vec<Uuid> = rows.iter().map(|row| row.series).collect();
        let resolutions: Vec<&str> = rows.iter().map(|row| row.resolution.as_str()).collect();
        let starts: Vec<DateTime<Utc>> = rows.iter().map(|row| row.bucket).collect();
        diesel::sql_query(
            "INSERT INTO rollups AS r (tenant_id, series_id, resolution, bucket, sum_e4, samples) \
             SELECT $1, n.series, n.resolution, n.bucket, 0, 0 \
             FROM unnest($2, $3, $4) AS n (series, resolution, bucket) \
             ON CONFLICT (tenant_id, series_id, resolution, bucket) DO UPDATE SET samples = r.samples",
        )
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Array<SqlUuid>, _>(&series)
        .bind::<Array<Text>, _>(&resolutions)
        .bind::<Array<Timestamptz>, _>(&starts)
        .execute(tx)
        .await?;
        // Fewer samples than were counted are left where old ones are not kept any more.
        diesel::sql_query(
            "UPDATE rollups AS r SET sum_e4 = found.value_e4, last_key = found.source_key, \
                 samples = greatest(r.samples, found.samples) \
             FROM (SELECT n.series, n.resolution, n.bucket, last.value_e4, last.source_key, \
                     (SELECT count(*) FROM samples AS c WHERE c.tenant_id = $1 AND c.series_id = n.series \
                      AND c.at >= n.bucket AND c.at < n.until) AS samples \
                 FROM unnest($2, $3, $4, $5) AS n (series, resolution, bucket, until) \
                 CROSS JOIN LATERAL (SELECT s.value_e4, s.source_key FROM samples AS s \
                     WHERE s.tenant_id = $1 AND s.series_id = n.series AND s.at >= n.bucket AND s.at < n.until \
                     ORDER BY s.at DESC, s.source_key COLLATE \"C\" DESC LIMIT 1) AS last) AS found \
             WHERE r.tenant_id = $1 AND r.series_id = found.series AND r.resolution = found.resolution \
             AND r.bucket = found.bucket",
        )
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Array<SqlUuid>, _>(&series)
        .bind::<Array<Text>, _>(&resolutions)
        .bind::<Array<Timestamptz>, _>(&starts)
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.until).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Adds durations: days, hours, then bins, each sorted.
pub(in crate::measure::samples) async fn add_durations(
    tx: &mut Tx,
    tenant: TenantId,
    changes: &Changes<'_>,
) -> Result<()> {
    let sums: Vec<_> = of(Resolution::Day, &changes.days).chain(of(Resolution::Hour, &changes.hours)).collect();
    for rows in sums.chunks(BATCH) {
        add(tx, tenant, rows).await?;
    }
    let bins: Vec<(&InBin, &i64)> = changes.bins.iter().collect();
    for rows in bins.chunks(BATCH) {
        diesel::sql_query(
            "INSERT INTO rollup_bins AS b (tenant_id, series_id, resolution, bucket, bin, count) \
             SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6) AS n \
             ON CONFLICT (tenant_id, series_id, resolution, bucket, bin) \
             DO UPDATE SET count = b.count + excluded.count",
        )
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|((series, ..), _)| *series).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|((_, width, ..), _)| width.as_str()).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|((_, _, bucket, _), _)| *bucket).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|((.., bin), _)| *bin).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|(_, count)| **count).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// The last value of one series in one bucket.
#[derive(Clone, Debug, Queryable)]
pub(in crate::measure::samples) struct LastRow {
    pub(in crate::measure::samples) bucket: DateTime<Utc>,
    pub(in crate::measure::samples) series: Uuid,
    pub(in crate::measure::samples) metric: String,
    pub(in crate::measure::samples) channel: Uuid,
    pub(in crate::measure::samples) value_e4: i64,
    pub(in crate::measure::samples) samples: i64,
    pub(in crate::measure::samples) key: Option<String>,
}

/// How the place of a question is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::measure::samples) enum Place {
    /// Everything in the scope.
    Within,
    /// What was sent for exactly this channel, campaign and subject: no channel means the retailer as a whole.
    Exactly,
    /// As `Exactly`, of each channel by itself.
    EachChannel,
}

/// The last values of `metrics` in the buckets of `span`, series by series, oldest first.
pub(in crate::measure::samples) async fn last_values(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    (scope, place): (&Scope, Place),
    span: Span,
) -> Result<Vec<LastRow>> {
    let mut query = rollups::table
        .inner_join(
            series::table.on(series::tenant_id.eq(rollups::tenant_id).and(series::series_id.eq(rollups::series_id))),
        )
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::resolution.eq(span.resolution.as_str()))
        .filter(rollups::bucket.ge(span.from))
        .filter(rollups::bucket.lt(span.to))
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .select((
            rollups::bucket,
            rollups::series_id,
            series::metric,
            series::channel_id,
            rollups::sum_e4,
            rollups::samples,
            rollups::last_key,
        ))
        .order(rollups::bucket)
        .into_boxed();
    if place != Place::Within {
        let campaign = scope.campaign.map_or(Uuid::nil(), |id| id.0);
        let subject = scope.subject.unwrap_or(Uuid::nil());
        query = query.filter(series::campaign_id.eq(campaign)).filter(series::subject_id.eq(subject));
    }
    if place == Place::Exactly {
        query = query.filter(series::channel_id.eq(scope.channel.map_or(Uuid::nil(), |id| id.0)));
    }
    if place == Place::EachChannel {
        query = query.filter(series::channel_id.ne(Uuid::nil()));
    }
    Ok(super::read::narrowed!(query, scope).load(tx).await?)
}

/// How many durations fell into a bin: bucket, metric, channel (nil for all together), bin, count.
pub(in crate::measure::samples) type BinRow = (DateTime<Utc>, String, Uuid, i32, i64);

/// The bins of `$metrics` in the buckets of `$span`, before they are grouped.
macro_rules! bins_of {
    ($tenant:expr, $metrics:expr, $span:expr) => {
        rollup_bins::table
            .inner_join(
                series::table
                    .on(series::tenant_id.eq(rollup_bins::tenant_id).and(series::series_id.eq(rollup_bins::series_id))),
            )
            .filter(rollup_bins::tenant_id.eq($tenant.0))
            .filter(rollup_bins::resolution.eq($span.resolution.as_str()))
            .filter(rollup_bins::bucket.ge($span.from))
            .filter(rollup_bins::bucket.lt($span.to))
            .filter(series::tenant_id.eq($tenant.0))
            .filter(series::metric.eq_any($metrics))
    };
}

/// The bins of `metrics` in the buckets of `span`, over all of `scope`.
pub(in crate::measure::samples) async fn bins(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    scope: &Scope,
    span: Span,
) -> Result<Vec<BinRow>> {
    let count = super::int8(diesel::dsl::sum(rollup_bins::count));
    let query = bins_of!(tenant, metrics, span)
        .group_by((rollup_bins::bucket, series::metric, rollup_bins::bin))
        .select((rollup_bins::bucket, series::metric, rollup_bins::bin, count))
        .into_boxed();
    let rows: Vec<(DateTime<Utc>, String, i32, Option<i64>)> =
        super::read::narrowed!(query, scope).load(tx).await.map_err(super::range)?;
    Ok(rows
        .into_iter()
        .map(|(bucket, metric, bin, count)| (bucket, metric, Uuid::nil(), bin, count.unwrap_or(0)))
        .collect())
}

/// As [`bins`], each channel by itself; what has no channel is not among them.
pub(in crate::measure::samples) async fn bins_by_channel(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    scope: &Scope,
    span: Span,
) -> Result<Vec<BinRow>> {
    type Counted = (DateTime<Utc>, String, Uuid, i32, Option<i64>);
    let count = super::int8(diesel::dsl::sum(rollup_bins::count));
    let query = bins_of!(tenant, metrics, span)
        .filter(series::channel_id.ne(Uuid::nil()))
        .group_by((rollup_bins::bucket, series::metric, series::channel_id, rollup_bins::bin))
        .select((rollup_bins::bucket, series::metric, series::channel_id, rollup_bins::bin, count))
        .into_boxed();
    let rows: Vec<Counted> = super::read::narrowed!(query, scope).load(tx).await.map_err(super::range)?;
    Ok(rows
        .into_iter()
        .map(|(bucket, metric, channel, bin, count)| (bucket, metric, channel, bin, count.unwrap_or(0)))
        .collect())
}
