//! Local hours and days of a metric, as rules judge them and pictures draw them: of one place, or of each channel.
//!
//! Read from rollups. Buckets in which nothing was counted are left out: nothing counted is not a count of nothing.

use super::parts::Parts;
use super::query::figures;
use super::reached::reached;
use super::store::{self, Scope, Span};
use super::values::{self, Buckets, Frame};
use crate::error::Result;
use crate::measure::metrics::{self, Definition, Plan, Takes};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::ops::Range;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;

/// One local hour or day of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// The figure in the metric's unit: a sum, the last level, the median of durations; for a ratio the numerator times
    /// its factor (100 for per cent).
    pub numerator: f64,
    /// For a ratio: the denominator, not below zero. The figure is the quotient; there is none where this is zero.
    pub denominator: Option<f64>,
    /// How many samples stand behind it.
    pub samples: i64,
}

impl Counted {
    fn new(plan: &Plan<'_>, start: DateTime<Utc>, parts: &Parts) -> Option<Self> {
        let (numerator, denominator) = parts.fraction(plan)?;
        Some(Self { start, numerator, denominator, samples: parts.samples })
    }

    fn all(plan: &Plan<'_>, found: &Buckets) -> Vec<Self> {
        found.iter().filter_map(|(at, parts)| Self::new(plan, *at, parts)).collect()
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
    metric: &Definition<'_>,
    resolution: Resolution,
    whose: Whose,
    span: Range<DateTime<Utc>>,
) -> Result<Vec<Counted>> {
    let scope = Scope { channel: whose.channel, campaign: whose.campaign, ..Scope::default() };
    in_scope(tx, tenant, metric, resolution, &scope, span).await
}

/// As [`of`], of what `who` reaches: a caller who is narrowed to channels is told what series tell them.
///
/// # Errors
/// As [`of`].
pub async fn seen_by(
    tx: &mut Tx,
    who: &Who,
    metric: &Definition<'_>,
    resolution: Resolution,
    whose: Whose,
    span: Range<DateTime<Utc>>,
) -> Result<Vec<Counted>> {
    match reached(tx, who, whose.channel, whose.campaign).await? {
        Some(scope) => in_scope(tx, who.tenant, metric, resolution, &scope, span).await,
        None => Ok(Vec::new()),
    }
}

async fn in_scope(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Definition<'_>,
    resolution: Resolution,
    scope: &Scope,
    span: Range<DateTime<Utc>>,
) -> Result<Vec<Counted>> {
    let book = metrics::book_of(tx, tenant, [metric.key]).await?;
    let Some(plan) = book.plan(*metric) else { return Ok(Vec::new()) };
    let frame = Frame::stored(Span { resolution, from: span.start, to: span.end });
    let found = figures(tx, tenant, &plan, scope, frame).await?;
    Ok(Counted::all(&plan, &found))
}

/// As [`of`], each channel by itself, of one campaign if named. What was counted for no channel is not among them.
///
/// # Errors
/// As [`of`].
pub async fn by_channel(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Definition<'_>,
    resolution: Resolution,
    campaign: Option<CampaignId>,
    span: Range<DateTime<Utc>>,
) -> Result<BTreeMap<ChannelId, Vec<Counted>>> {
    let book = metrics::book_of(tx, tenant, [metric.key]).await?;
    let Some(plan) = book.plan(*metric) else { return Ok(BTreeMap::new()) };
    let scope = Scope { campaign, ..Scope::default() };
    let frame = Frame::stored(Span { resolution, from: span.start, to: span.end });
    let mut by_channel = values::load(tx, tenant, &plan.bases(), &scope, true, frame).await?;
    let sums = plan.keys(Takes::Sums);
    if metric.base().is_none() && !sums.is_empty() {
        let counted = store::counted(tx, tenant, &sums, &scope).await?;
        by_channel.retain(|channel, _| sums.iter().all(|key| counted.contains(&((*key).to_owned(), *channel))));
    }
    Ok(by_channel.iter().map(|(channel, found)| (ChannelId(*channel), Counted::all(&plan, found))).collect())
}

/// The begin of the newest hour or day of `metric` anywhere in the retailer: of what is computed, of any of its parts.
///
/// # Errors
/// When the database fails.
pub async fn newest(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Definition<'_>,
    resolution: Resolution,
) -> Result<Option<DateTime<Utc>>> {
    let book = metrics::book_of(tx, tenant, [metric.key]).await?;
    let bases = book.plan(*metric).map(|plan| plan.bases()).unwrap_or_default();
    let keys: Vec<&str> = bases.iter().map(|base| base.key).collect();
    store::newest_of(tx, tenant, &keys, resolution).await
}
