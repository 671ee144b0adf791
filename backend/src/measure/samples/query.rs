//! Reading figures: for pictures inside a transaction, for people as [`series`] and [`kpis`]; what rules judge is read by
//! [`super::buckets`].
//!
//! Everything but raw samples is read from rollups. A ratio is computed from the values of its parts over the bucket;
//! where one of its parts was never counted there is no ratio at all, rather than one of 0 %. Buckets in which
//! nothing was counted are left out. A caller who is narrowed to channels sees what was counted on these: a figure belongs to
//! its channel, and only where it has none to its campaign ([`crate::identity::reach`]).

use super::calendar::Calendar;
use super::parts::Parts;
use super::reached::{named, reached};
use super::store::{self, Scope, Span};
use super::values::{self, Buckets, Frame};
use super::window::{Cursors, Place, Window};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::measure::benchmarks;
use crate::measure::metrics::{self, Book, Definition, Kind, Plan, Takes};
use crate::measure::subjects;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc, Weekday};
use tillwatch_shared::benchmarks::BenchmarkGroup;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::measure::{Resolution, Series, SeriesPoint};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

pub use super::kpis::kpis;

/// The times and source keys of the samples of `metric` from `from` on, in no order.
///
/// # Errors
/// When the database fails.
pub async fn sources(
    tx: &mut Tx,
    tenant: TenantId,
    metric: &Definition<'_>,
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
/// 500 for what does not add up, such as a ratio; when the database fails; when a total leaves the range that is kept.
pub async fn campaign_series(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
    metric: &Definition<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Growth> {
    if !metric.is_sum() {
        return Err(Error::internal(format!("`{}` does not add up and has no total", metric.key)));
    }
    let before = store::campaign_sum_before(tx, tenant, campaign, metric.key, from).await?;
    let scope = Scope { campaign: Some(campaign), ..Scope::default() };
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
    /// Only this subject, as the caller wrote it.
    pub subject: Option<String>,
    /// How wide a point is.
    pub resolution: Resolution,
    /// The group of retailers whose reference value is shown beside.
    pub group: Option<BenchmarkGroup>,
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
    let cursors = cursors(who.tenant, question);
    let after = question.cursor.as_deref().map(|text| cursors.decode(text)).transpose()?;
    let subject = question.subject.as_deref().map(|text| subject(who.tenant, text)).transpose()?;
    app.db
        .read(who, async |tx| {
            let book = metrics::book_of(tx, who.tenant, [question.metric.as_str()]).await?;
            let plan = plan(&book, &question.metric)?;
            let metric = plan.metric;
            let zone = tenants::settings(tx, who.tenant).await?.time_zone;
            let by_week = question.resolution == Resolution::Week;
            let week = if by_week { tenants::week_start(tx, who.tenant).await? } else { Weekday::Mon };
            let (from, to) = (question.from.as_deref(), question.to.as_deref());
            let calendar = Calendar { zone, week };
            let window = Window::new(calendar, now, question.resolution, from, to)?;
            let (channel, campaign) = named(who, question.channel, question.campaign)?;
            let mut points = match reached(tx, who, channel, campaign).await? {
                Some(scope) => {
                    let wide = matches!(question.resolution, Resolution::Week | Resolution::Month);
                    let frame = Frame {
                        calendar: wide.then_some(calendar),
                        resolution: question.resolution,
                        from: window.from,
                        to: window.to,
                        standing: false,
                    };
                    let scope = Scope { subject, ..scope };
                    points(tx, who.tenant, &plan, question.limit, (&scope, frame), after.as_ref()).await?
                }
                None => Vec::new(),
            };
            let benchmark = match question.group {
                Some(group) => benchmarks::of_metric(tx, who.tenant, group, metric.key).await?,
                None => None,
            };
            let limit = question.limit as usize;
            let more = points.len() > limit;
            points.truncate(limit);
            let next_cursor = points.last().filter(|_| more).map(|(place, _)| cursors.encode(place));
            Ok(Series {
                metric: metric.key.to_owned(),
                unit: metric.unit.code().to_owned(),
                kind: metrics::wire::kind(metric.kind),
                note: note(metric.kind),
                channel,
                campaign: question.campaign,
                subject: question.subject.clone(),
                resolution: question.resolution,
                time_zone: zone.name().to_owned(),
                benchmark,
                data: points.into_iter().map(|(_, point)| point).collect(),
                next_cursor,
            })
        })
        .await
}

/// What has to be known of a kind to read its points aright.
fn note(kind: Kind<'_>) -> Option<String> {
    let note = match kind {
        Kind::Distinct => {
            "A distinct count is never added up: each point is what the source counted for exactly this period, channel \
             and campaign, and a period that it did not count has no point."
        }
        Kind::Level { adds: true } => {
            "A level: the last value of each point, added over channels; it holds for 35 days."
        }
        Kind::Level { adds: false } => {
            "A level: the last value of each point, of exactly this channel and campaign; it holds for 35 days."
        }
        Kind::Duration => "Durations: the value is the median; quantiles are right to within 0.8 %.",
        Kind::Model => "A model's value, as its source sent it for exactly this channel and campaign.",
        Kind::Sum | Kind::Ratio { .. } | Kind::Formula(_) => return None,
    };
    Some(note.to_owned())
}

/// The subject that a parameter names.
fn subject(tenant: TenantId, text: &str) -> Result<Uuid> {
    let named = subjects::read(text).ok_or_else(|| {
        let detail = "`subject` takes a kind and a key, such as product:sku-1042. `GET /v1/subjects` lists them.";
        Error::field("?subject", "invalid", detail)
    })?;
    Ok(subjects::id(tenant, named))
}

/// How the metric of this key is computed.
fn plan<'b>(book: &'b Book, key: &str) -> Result<Plan<'b>> {
    let shown: String = key.chars().take(64).collect();
    let metric = book.find(key).ok_or_else(|| {
        let hint = book.suggest(key).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
        let detail = format!("There is no metric `{shown}`.{hint} `GET /v1/metrics` lists them.");
        Error::field("?metric", "unknown_metric", detail)
    })?;
    book.plan(metric).ok_or_else(|| Error::internal(format!("the formula of `{shown}` cannot be computed")))
}

fn cursors(tenant: TenantId, question: &SeriesQuestion) -> Cursors {
    let id = |id: Option<String>| id.unwrap_or_default();
    Cursors::of(
        tenant,
        &[
            &question.metric,
            &id(question.channel.map(|id| id.to_string())),
            &id(question.campaign.map(|id| id.to_string())),
            question.subject.as_deref().unwrap_or(""),
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
    plan: &Plan<'_>,
    limit: u32,
    (scope, frame): (&Scope, Frame),
    after: Option<&Place>,
) -> Result<Vec<(Place, SeriesPoint)>> {
    let metric = &plan.metric;
    if frame.resolution == Resolution::Raw {
        if metric.base().is_none() {
            let bases: Vec<&str> = plan.bases().iter().map(|base| base.key).collect();
            let detail = format!(
                "`{}` is computed from {} and has no samples of its own. Ask for hours or days, or for these.",
                metric.key,
                bases.join(", ")
            );
            return Err(Error::field("?resolution", "computed_metric", detail));
        }
        let limit = i64::from(limit) + 1;
        let rows = store::raw(tx, tenant, metric.key, scope, (frame.from, frame.to), after, limit).await?;
        let point = |(at, series, key, e4)| {
            let value = Quantity::from_e4(e4);
            let sum = metric.is_sum().then_some(value);
            let source = (metric.kind == Kind::Model).then(|| String::clone(&key));
            let point = SeriesPoint { at, value: Some(value.to_f64()), sum, samples: 1, quantiles: None, source };
            ((at, series, key), point)
        };
        return Ok(rows.into_iter().map(point).collect());
    }
    // A window has few buckets (see `window`), so what follows the cursor is read whole.
    let from = after.map_or(frame.from, |(at, ..)| frame.from.max(*at));
    let found = figures(tx, tenant, plan, scope, Frame { from, ..frame }).await?;
    let point = |(at, parts): (DateTime<Utc>, Parts)| {
        let point = SeriesPoint {
            at,
            value: parts.figure(plan),
            sum: parts.value(metric.key).filter(|_| metric.is_sum()),
            samples: parts.samples,
            quantiles: parts.quantiles(metric.key),
            source: parts.source.filter(|_| metric.keeps_its_place()),
        };
        ((at, Uuid::nil(), String::new()), point)
    };
    let behind = |at: DateTime<Utc>| after.is_none_or(|(last, ..)| at > *last);
    Ok(found.into_iter().filter(|(at, _)| behind(*at)).map(point).collect())
}

/// The buckets of `frame` in which a metric or a part of it was counted, oldest first.
pub(super) async fn figures(
    tx: &mut Tx,
    tenant: TenantId,
    plan: &Plan<'_>,
    scope: &Scope,
    frame: Frame,
) -> Result<Buckets> {
    let parts = plan.keys(Takes::Sums);
    if plan.metric.base().is_none() && !parts.is_empty() {
        let counted = store::counted(tx, tenant, &parts, scope).await?;
        if parts.iter().any(|key| !counted.iter().any(|(metric, _)| metric == key)) {
            return Ok(Buckets::new());
        }
    }
    let mut found = values::load(tx, tenant, &plan.bases(), scope, false, frame).await?;
    Ok(found.remove(&Uuid::nil()).unwrap_or_default())
}
