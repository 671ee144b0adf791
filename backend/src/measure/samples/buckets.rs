//! Local hours and days of a metric, as rules judge them and pictures draw them: of one place, or of each channel.
//!
//! Read from rollups. Buckets in which nothing was counted are left out: nothing counted is not a count of nothing.

use super::model::Parts;
use super::query::{figures, put_together};
use super::store::{self, Scope, Span, SumRow};
use crate::error::Result;
use crate::measure::metrics::Metric;
use crate::platform::db::Tx;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;

/// One local hour or day of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// The sum in the metric's unit; for a ratio the numerator times its factor (100 for per cent).
    pub numerator: f64,
    /// For a ratio: the denominator, not below zero. The figure is the quotient; there is none where this is zero.
    pub denominator: Option<f64>,
    /// How many samples stand behind it.
    pub samples: i64,
}

impl Counted {
    fn new(metric: &Metric, start: DateTime<Utc>, parts: &Parts) -> Self {
        let (numerator, denominator) = parts.fraction(metric);
        Self { start, numerator, denominator, samples: parts.samples }
    }
}

/// Whose figures: one channel's, one campaign's, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
}

/// The hours or days that begin in `span` in which `metric` was counted, oldest first.
///
/// # Errors
/// When the database fails, or a sum over series leaves the range that is kept.
pub async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    resolution: Resolution,
    whose: Whose,
    span: Range<DateTime<Utc>>,
) -> Result<Vec<Counted>> {
    let scope = Scope { channel: whose.channel, campaign: whose.campaign, reached: None };
    let span = Span { resolution, from: span.start, to: span.end };
    let found = figures(tx, tenant, metric, &scope, span).await?;
    Ok(found.iter().map(|(at, parts)| Counted::new(metric, *at, parts)).collect())
}

/// As [`of`], each channel by itself, of one campaign if named. What was counted for no channel is not among them.
///
/// # Errors
/// As [`of`].
pub async fn by_channel(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    resolution: Resolution,
    campaign: Option<CampaignId>,
    span: Range<DateTime<Utc>>,
) -> Result<BTreeMap<ChannelId, Vec<Counted>>> {
    let span = Span { resolution, from: span.start, to: span.end };
    let (scope, keys) = (Scope { channel: None, campaign, reached: None }, metric.sums());
    let counted = if metric.is_sum() { HashSet::new() } else { store::counted(tx, tenant, &keys, &scope).await? };
    let mut by_channel: BTreeMap<ChannelId, Vec<SumRow>> = BTreeMap::new();
    for row in store::sums_by_channel(tx, tenant, &keys, &scope, span).await? {
        by_channel.entry(ChannelId(row.channel)).or_default().push(row);
    }
    if !metric.is_sum() {
        by_channel.retain(|channel, _| keys.iter().all(|key| counted.contains(&((*key).to_owned(), channel.0))));
    }
    let each = |rows| put_together(rows).iter().map(|(at, parts)| Counted::new(metric, *at, parts)).collect();
    Ok(by_channel.into_iter().map(|(channel, rows)| (channel, each(rows))).collect())
}

/// The begin of the newest hour or day of `metric` anywhere in the retailer: for a ratio, of any of its parts.
///
/// # Errors
/// When the database fails.
pub async fn newest(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    resolution: Resolution,
) -> Result<Option<DateTime<Utc>>> {
    store::newest_of(tx, tenant, &metric.sums(), resolution).await
}
