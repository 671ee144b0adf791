//! Looking up rollups and samples. Filters use operators that reach an index under the isolation policy.

use super::{int8, range};
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::{rollup_bins, rollups, samples, series};
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use std::collections::HashSet;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    series::metric,
    series::channel_id,
    rollups::bucket,
    rollup_bins::bucket,
    rollup_bins::bin
);

/// Whose figures: one channel's, one campaign's, or all of them, of the channels that are reached.
#[derive(Clone, Debug, Default)]
pub(in crate::measure::samples) struct Scope {
    /// Only of this channel.
    pub(in crate::measure::samples) channel: Option<ChannelId>,
    /// Only of this campaign.
    pub(in crate::measure::samples) campaign: Option<CampaignId>,
    /// Only of this subject.
    pub(in crate::measure::samples) subject: Option<Uuid>,
    /// Only what was counted on one of these channels, or on none.
    pub(in crate::measure::samples) reached: Option<Vec<Uuid>>,
}

impl Scope {
    /// Whether it is less than everything.
    pub(in crate::measure::samples) fn is_narrow(&self) -> bool {
        self.channel.is_some() || self.campaign.is_some() || self.subject.is_some() || self.reached.is_some()
    }
}

/// Buckets of `resolution` that begin in `[from, to)`.
#[derive(Clone, Copy, Debug)]
pub(in crate::measure::samples) struct Span {
    /// Hour or day; also week or month of a distinct count.
    pub(in crate::measure::samples) resolution: Resolution,
    /// The first instant.
    pub(in crate::measure::samples) from: DateTime<Utc>,
    /// The first instant after.
    pub(in crate::measure::samples) to: DateTime<Utc>,
}

/// A sum and a number of samples as the database adds them up: nothing where it found no row.
type Added = (Option<i64>, Option<i64>);

/// The sum of one metric over one bucket.
#[derive(Debug, Queryable)]
pub(in crate::measure::samples) struct SumRow {
    pub(in crate::measure::samples) bucket: DateTime<Utc>,
    pub(in crate::measure::samples) metric: String,
    pub(in crate::measure::samples) channel: Uuid,
    added: Added,
}

impl SumRow {
    pub(in crate::measure::samples) fn sum(&self) -> Quantity {
        Quantity::from_e4(self.added.0.unwrap_or(0))
    }

    pub(in crate::measure::samples) fn samples(&self) -> i64 {
        self.added.1.unwrap_or(0)
    }
}

/// The join of a table's rows to their series.
macro_rules! of_series {
    ($table:ident) => {
        $table::table.inner_join(
            series::table.on(series::tenant_id.eq($table::tenant_id).and(series::series_id.eq($table::series_id))),
        )
    };
}

/// Adds the filters that narrow to a scope.
macro_rules! narrowed {
    ($query:expr, $scope:expr) => {{
        let mut query = $query;
        if let Some(channel) = $scope.channel {
            query = query.filter(series::channel_id.eq(channel.0));
        }
        if let Some(campaign) = $scope.campaign {
            query = query.filter(series::campaign_id.eq(campaign.0));
        }
        if let Some(subject) = $scope.subject {
            query = query.filter(series::subject_id.eq(subject));
        }
        if let Some(reached) = &$scope.reached {
            let reached: Vec<Uuid> = reached.iter().copied().chain([Uuid::nil()]).collect();
            query = query.filter(series::channel_id.eq_any(reached));
        }
        query
    }};
}
pub(super) use narrowed;

/// The sums of `metrics`, by bucket, over all channels and campaigns of `scope`; oldest first.
pub(in crate::measure::samples) async fn sums(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    scope: &Scope,
    span: Span,
) -> Result<Vec<SumRow>> {
    let query = of_series!(rollups)
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::resolution.eq(span.resolution.as_str()))
        .filter(rollups::bucket.ge(span.from))
        .filter(rollups::bucket.lt(span.to))
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .group_by((rollups::bucket, series::metric))
        .select((
            rollups::bucket,
            series::metric,
            (int8(diesel::dsl::sum(rollups::sum_e4)), int8(diesel::dsl::sum(rollups::samples))),
        ))
        .order(rollups::bucket)
        .into_boxed();
    let rows: Vec<(DateTime<Utc>, String, Added)> = narrowed!(query, scope).load(tx).await.map_err(range)?;
    let row = |(bucket, metric, added)| SumRow { bucket, metric, channel: Uuid::nil(), added };
    Ok(rows.into_iter().map(row).collect())
}

/// As [`sums`], each channel by itself; what has no channel is not among them.
pub(in crate::measure::samples) async fn sums_by_channel(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    scope: &Scope,
    span: Span,
) -> Result<Vec<SumRow>> {
    let query = of_series!(rollups)
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::resolution.eq(span.resolution.as_str()))
        .filter(rollups::bucket.ge(span.from))
        .filter(rollups::bucket.lt(span.to))
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .filter(series::channel_id.ne(Uuid::nil()))
        .group_by((rollups::bucket, series::metric, series::channel_id))
        .select((
            rollups::bucket,
            series::metric,
            series::channel_id,
            (int8(diesel::dsl::sum(rollups::sum_e4)), int8(diesel::dsl::sum(rollups::samples))),
        ))
        .order(rollups::bucket)
        .into_boxed();
    narrowed!(query, scope).load(tx).await.map_err(range)
}

/// Which of `metrics` were ever counted in `scope`, with the channels that they were counted for (nil for none).
pub(in crate::measure::samples) async fn counted(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    scope: &Scope,
) -> Result<HashSet<(String, Uuid)>> {
    let query = series::table
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .select((series::metric, series::channel_id))
        .distinct()
        .into_boxed();
    Ok(narrowed!(query, scope).load(tx).await?.into_iter().collect())
}

/// `'day'` in the statement's text: with a parameter in its place the index of the day rollups could not be used.
fn literally_day() -> SqlLiteral<Text> {
    sql("'day'")
}

/// The times and source keys of the samples of `metrics` from `from` on.
pub(in crate::measure::samples) async fn sources(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    from: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, String)>> {
    let of_metrics = series::table
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .select(series::series_id);
    let found = samples::table
        .filter(samples::tenant_id.eq(tenant.0))
        .filter(samples::series_id.eq_any(of_metrics))
        .filter(samples::at.ge(from))
        .select((samples::at, samples::source_key));
    Ok(found.load(tx).await?)
}

/// The newest day bucket of anything in `scope`.
pub(in crate::measure::samples) async fn newest_day(
    tx: &mut Tx,
    tenant: TenantId,
    scope: &Scope,
) -> Result<Option<DateTime<Utc>>> {
    if scope.is_narrow() {
        let newest = of_series!(rollups)
            .filter(rollups::tenant_id.eq(tenant.0))
            .filter(rollups::resolution.eq(literally_day()))
            .filter(series::tenant_id.eq(tenant.0))
            .select(diesel::dsl::max(rollups::bucket))
            .into_boxed();
        return Ok(narrowed!(newest, scope).get_result(tx).await?);
    }
    let newest = rollups::table
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::resolution.eq(literally_day()))
        .select(diesel::dsl::max(rollups::bucket));
    Ok(newest.get_result(tx).await?)
}

/// The begin of the newest hour or day of `metrics`.
pub(in crate::measure::samples) async fn newest_of(
    tx: &mut Tx,
    tenant: TenantId,
    metrics: &[&str],
    resolution: Resolution,
) -> Result<Option<DateTime<Utc>>> {
    // One look at the end of each series' index range, instead of a walk over all of its days.
    let newest = rollups::table
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::series_id.eq(series::series_id))
        .filter(rollups::resolution.eq(resolution.as_str()))
        .order(rollups::bucket.desc())
        .limit(1)
        .select(rollups::bucket)
        .single_value();
    let days: Vec<Option<DateTime<Utc>>> = series::table
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq_any(metrics))
        .select(newest)
        .load(tx)
        .await?;
    Ok(days.into_iter().flatten().max())
}

/// The sums of every metric on the days that begin at `days`, over all of `scope`; a metric that was counted once but
/// not on these days comes without a bucket.
pub(in crate::measure::samples) async fn on_days(
    tx: &mut Tx,
    tenant: TenantId,
    scope: &Scope,
    days: [DateTime<Utc>; 2],
) -> Result<Vec<(String, Option<SumRow>)>> {
    let query = series::table
        .left_join(
            rollups::table.on(rollups::tenant_id
                .eq(series::tenant_id)
                .and(rollups::series_id.eq(series::series_id))
                .and(rollups::resolution.eq(literally_day()))
                .and(rollups::bucket.eq_any(days))),
        )
        .filter(series::tenant_id.eq(tenant.0))
        .group_by((series::metric, rollups::bucket))
        .select((
            series::metric,
            rollups::bucket.nullable(),
            (int8(diesel::dsl::sum(rollups::sum_e4.nullable())), int8(diesel::dsl::sum(rollups::samples.nullable()))),
        ))
        .into_boxed();
    let rows: Vec<(String, Option<DateTime<Utc>>, Added)> = narrowed!(query, scope).load(tx).await.map_err(range)?;
    let row = |(metric, bucket, added): (String, Option<DateTime<Utc>>, Added)| {
        let sum = bucket.map(|bucket| SumRow { bucket, metric: metric.clone(), channel: Uuid::nil(), added });
        (metric, sum)
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What a campaign's metric summed up to before `at`, from its hours.
pub(in crate::measure::samples) async fn campaign_sum_before(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
    metric: &str,
    at: DateTime<Utc>,
) -> Result<Quantity> {
    let sum: Option<i64> = of_series!(rollups)
        .filter(rollups::tenant_id.eq(tenant.0))
        .filter(rollups::resolution.eq(Resolution::Hour.as_str()))
        .filter(rollups::bucket.lt(at))
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq(metric))
        .filter(series::campaign_id.eq(campaign.0))
        .select(int8(diesel::dsl::sum(rollups::sum_e4)))
        .get_result(tx)
        .await
        .map_err(range)?;
    Ok(Quantity::from_e4(sum.unwrap_or(0)))
}

/// A stored sample: when, its series, its key, its value.
pub(in crate::measure::samples) type RawRow = (DateTime<Utc>, Uuid, String, i64);

/// Up to `limit` samples of `metric` in `[from, to)`, oldest first, behind the sample `after`.
pub(in crate::measure::samples) async fn raw(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &str,
    scope: &Scope,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&(DateTime<Utc>, Uuid, String)>,
    limit: i64,
) -> Result<Vec<RawRow>> {
    let mut query = of_series!(samples)
        .filter(samples::tenant_id.eq(tenant.0))
        .filter(samples::at.ge(from))
        .filter(samples::at.lt(to))
        .filter(series::tenant_id.eq(tenant.0))
        .filter(series::metric.eq(metric))
        .select((samples::at, samples::series_id, samples::source_key, samples::value_e4))
        .order((samples::at, samples::series_id, samples::source_key))
        .limit(limit)
        .into_boxed();
    if let Some((at, series, key)) = after {
        let same_series = samples::series_id.eq(series).and(samples::source_key.gt(key));
        let same_time = samples::at.eq(at).and(samples::series_id.gt(series).or(same_series));
        query = query.filter(samples::at.gt(at).or(same_time));
    }
    Ok(narrowed!(query, scope).load(tx).await?)
}
