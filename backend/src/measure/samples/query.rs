//! Reading figures: for pictures inside a transaction, for people as [`series`] and [`kpis`]; what rules judge is read by
//! [`super::buckets`].
//!
//! Everything but raw samples is read from rollups. A ratio is computed from the sums of its parts over the bucket;
//! where one of its parts was never counted there is no ratio at all, rather than one of 0 %. Buckets in which
//! nothing was counted are left out. A caller who is narrowed to channels sees what was counted on these: a figure belongs to
//! its channel, and only where it has none to its campaign ([`crate::identity::reach`]).

use super::calendar::{day_start, local_date, week_before};
use super::model::{Parts, change};
use super::reached::{named, reached};
use super::store::{self, Scope, Span, SumRow};
use super::window::{self, Cursors, Place, Window};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::measure::metrics::{self, Metric};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::HashSet;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::{Kpi, Kpis, Resolution, Series, SeriesPoint};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// The times and source keys of the samples of `metric` from `from` on, in no order.
///
/// # Errors
/// When the database fails.
pub async fn sources(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    from: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, String)>> {
    store::sources(tx, tenant, &metric.sums(), from).await
}

/// What a campaign's metric grew to, hour by hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// The total before the first hour.
    pub before: Quantity,
    /// The local hours in which something was counted, oldest first, each with the total at its end.
    pub hours: Vec<(DateTime<Utc>, Quantity)>,
}

/// How `campaign`'s sum of `metric` grew in the hours that begin in `[from, to)`, over all channels.
///
/// # Errors
/// 500 for a ratio, which does not add up; when the database fails; when a total leaves the range that is kept.
pub async fn campaign_series(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
    metric: &Metric,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Growth> {
    if !metric.is_sum() {
        return Err(Error::internal(format!("`{}` is a ratio and has no total", metric.key)));
    }
    let before = store::campaign_sum_before(tx, tenant, campaign, metric.key, from).await?;
    let scope = Scope { channel: None, campaign: Some(campaign), reached: None };
    let span = Span { resolution: Resolution::Hour, from, to };
    let mut total = before;
    let mut hours = Vec::new();
    for row in store::sums(tx, tenant, &[metric.key], &scope, span).await? {
        total = total.checked_add(row.sum()).ok_or_else(|| super::out_of_range(metric.key))?;
        hours.push((row.bucket, total));
    }
    Ok(Growth { before, hours })
}

/// What `GET /v1/series` asks.
#[derive(Clone, Debug)]
pub struct SeriesQuestion {
    /// The metric's key.
    pub metric: String,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// How wide a point is.
    pub resolution: Resolution,
    /// The beginning, as the caller wrote it.
    pub from: Option<String>,
    /// The end, as the caller wrote it.
    pub to: Option<String>,
    /// Points on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of a series, oldest point first.
///
/// # Errors
/// 422 for an unknown metric, a ratio's raw samples or a window that cannot be read at once; 400 for a foreign
/// cursor; when the database fails.
pub async fn series(app: &App, who: &Who, question: &SeriesQuestion) -> Result<Series> {
    let now = now();
    let metric = metric(&question.metric)?;
    let cursors = cursors(who.tenant, question);
    let after = question.cursor.as_deref().map(|text| cursors.decode(text)).transpose()?;
    app.db
        .read(who, async |tx| {
            let zone = tenants::settings(tx, who.tenant).await?.time_zone;
            let (from, to) = (question.from.as_deref(), question.to.as_deref());
            let window = Window::new(zone, now, question.resolution, from, to)?;
            let (channel, campaign) = named(who, question.channel, question.campaign)?;
            let mut points = match reached(tx, who, channel, campaign).await? {
                Some(scope) => points(tx, who.tenant, metric, question, (&scope, window), after.as_ref()).await?,
                None => Vec::new(),
            };
            let limit = question.limit as usize;
            let more = points.len() > limit;
            points.truncate(limit);
            let next_cursor = points.last().filter(|_| more).map(|(place, _)| cursors.encode(place));
            Ok(Series {
                metric: metric.key.to_owned(),
                unit: metric.unit.code().to_owned(),
                channel,
                campaign: question.campaign,
                resolution: question.resolution,
                time_zone: zone.name().to_owned(),
                data: points.into_iter().map(|(_, point)| point).collect(),
                next_cursor,
            })
        })
        .await
}

fn metric(key: &str) -> Result<&'static Metric> {
    metrics::find(key).ok_or_else(|| {
        let shown: String = key.chars().take(64).collect();
        let hint = metrics::suggest(key).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
        let detail = format!("There is no metric `{shown}`.{hint} `GET /v1/metrics` lists them.");
        Error::field("?metric", "unknown_metric", detail)
    })
}

fn cursors(tenant: TenantId, question: &SeriesQuestion) -> Cursors {
    let id = |id: Option<String>| id.unwrap_or_default();
    Cursors::of(
        tenant,
        &[
            &question.metric,
            &id(question.channel.map(|id| id.to_string())),
            &id(question.campaign.map(|id| id.to_string())),
            question.resolution.as_str(),
            question.from.as_deref().unwrap_or(""),
            question.to.as_deref().unwrap_or(""),
        ],
    )
}

/// The points of a page and, if there are more, at least one behind it; each with its place.
async fn points(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    question: &SeriesQuestion,
    (scope, Window { from, to }): (&Scope, Window),
    after: Option<&Place>,
) -> Result<Vec<(Place, SeriesPoint)>> {
    if question.resolution == Resolution::Raw {
        if !metric.is_sum() {
            let detail = format!(
                "`{}` is computed from {} and has no samples of its own. Ask for hours or days, or for these.",
                metric.key,
                metric.parts().join(", ")
            );
            return Err(Error::field("?resolution", "computed_metric", detail));
        }
        let limit = i64::from(question.limit) + 1;
        let rows = store::raw(tx, tenant, metric.key, scope, (from, to), after, limit).await?;
        let point = |(at, series, key, e4)| {
            let sum = Quantity::from_e4(e4);
            ((at, series, key), SeriesPoint { at, value: Some(sum.to_f64()), sum: Some(sum), samples: 1 })
        };
        return Ok(rows.into_iter().map(point).collect());
    }
    // A window has few buckets (see `window`), so what follows the cursor is read whole.
    let from = after.map_or(from, |(at, ..)| from.max(*at + TimeDelta::microseconds(1)));
    let found = figures(tx, tenant, metric, scope, Span { resolution: question.resolution, from, to }).await?;
    let point = |(at, parts): (DateTime<Utc>, Parts)| {
        let sum = metric.is_sum().then(|| parts.sum(metric.key));
        let point = SeriesPoint { at, value: parts.figure(metric), sum, samples: parts.samples };
        ((at, Uuid::nil(), String::new()), point)
    };
    Ok(found.into_iter().map(point).collect())
}

/// The KPI screen of `day` (as the caller wrote it), of one channel if named, or of the last complete day: the one before the newest with
/// samples, since half a day beside a whole one looks like a collapse. A retailer with one day sees that.
///
/// # Errors
/// 422 for text that is no date; when the database fails.
pub async fn kpis(app: &App, who: &Who, day: Option<&str>, channel: Option<ChannelId>) -> Result<Kpis> {
    let (channel, _) = named(who, channel, None)?;
    let asked = day.map(|text| window::date("day", text)).transpose()?;
    app.db
        .read(who, async |tx| {
            let settings = tenants::settings(tx, who.tenant).await?;
            let zone = settings.time_zone;
            let Some(scope) = reached(tx, who, channel, None).await? else {
                return Ok(Kpis { day: asked, channel, currency: settings.currency, data: Vec::new() });
            };
            let candidates: Vec<NaiveDate> = if let Some(day) = asked {
                vec![day]
            } else {
                let newest = store::newest_day(tx, who.tenant, &scope).await?.map(|at| local_date(zone, at));
                newest.map_or_else(Vec::new, |newest| vec![newest - TimeDelta::days(1), newest])
            };
            let (mut shown, mut data) = (None, Vec::new());
            for day in candidates {
                let days = [day, week_before(day)].map(|day| day_start(zone, day));
                shown = Some(day);
                data = lines(store::on_days(tx, who.tenant, &scope, days).await?, days);
                if data.iter().any(|line| line.value.is_some()) {
                    break;
                }
            }
            Ok(Kpis { day: shown, channel, currency: settings.currency, data })
        })
        .await
}

/// The lines of the KPI screen, in the catalogue's order.
fn lines(rows: Vec<(String, Option<SumRow>)>, days: [DateTime<Utc>; 2]) -> Vec<Kpi> {
    let mut counted = HashSet::new();
    let [mut today, mut before] = [Parts::default(), Parts::default()];
    for (metric, row) in rows {
        if let Some(row) = row {
            let parts = if row.bucket == days[0] { &mut today } else { &mut before };
            parts.push(row.metric.clone(), row.sum(), row.samples());
        }
        counted.insert(metric);
    }
    let figure = |parts: &Parts, metric: &Metric| {
        let known = if metric.is_sum() {
            parts.has(metric.key)
        } else {
            metric.sums().iter().all(|key| counted.contains(*key))
        };
        known.then(|| parts.figure(metric)).flatten()
    };
    metrics::all()
        .iter()
        .map(|metric| (metric, figure(&today, metric), figure(&before, metric)))
        .filter(|(_, value, week_before)| value.is_some() || week_before.is_some())
        .map(|(metric, value, week_before)| Kpi {
            metric: metric.key.to_owned(),
            name_en: metric.name.en.to_owned(),
            name_zh: metric.name.zh.to_owned(),
            unit: metric.unit.code().to_owned(),
            direction: metrics::wire::direction(metric.direction),
            value,
            week_before,
            change: change(value, week_before),
        })
        .collect()
}

/// The buckets of `span` in which `metric` or a part of it was counted, oldest first.
pub(super) async fn figures(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Metric,
    scope: &Scope,
    span: Span,
) -> Result<Vec<(DateTime<Utc>, Parts)>> {
    let keys = metric.sums();
    if !metric.is_sum() {
        let counted = store::counted(tx, tenant, &keys, scope).await?;
        if keys.iter().any(|key| !counted.iter().any(|(metric, _)| metric == key)) {
            return Ok(Vec::new());
        }
    }
    Ok(put_together(store::sums(tx, tenant, &keys, scope, span).await?))
}

/// Rows, oldest first, put together by bucket.
pub(super) fn put_together(rows: Vec<SumRow>) -> Vec<(DateTime<Utc>, Parts)> {
    let mut found: Vec<(DateTime<Utc>, Parts)> = Vec::new();
    for row in rows {
        let (sum, samples) = (row.sum(), row.samples());
        if found.last().is_none_or(|(at, _)| *at != row.bucket) {
            found.push((row.bucket, Parts::default()));
        }
        if let Some((_, parts)) = found.last_mut() {
            parts.push(row.metric, sum, samples);
        }
    }
    found
}
