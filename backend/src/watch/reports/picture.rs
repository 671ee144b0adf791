//! A metric's last four weeks beside the same weekdays of the week before, drawn by [`crate::platform::chart`].

use super::WEEK;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::{self, Definition};
use crate::measure::samples::query::{self, SeriesQuestion};
use crate::platform::chart::{self, AlertChart, ChartState, ExpectedBy, Point, Unit};
use crate::platform::http::who::Who;
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::measure::Resolution;

/// Days that are drawn.
const DRAWN: u64 = 28;

/// What is to be drawn.
struct Wish<'a> {
    metric: &'a str,
    channel: Option<ChannelId>,
    last: NaiveDate,
    /// The badge in both languages, and the accent.
    badge: [&'static str; 2],
    state: ChartState,
}

/// The picture of the weekly report of the week that `day` lies in; none where there is nothing to draw.
///
/// # Errors
/// When the database fails.
pub async fn weekly(app: &App, who: &Who, day: Option<NaiveDate>) -> Result<Option<Vec<u8>>> {
    let report = super::weekly(app, who, day).await?;
    let Some(drawn) = &report.drawn else { return Ok(None) };
    let badge = ["Weekly report", "周报"];
    let state = ChartState::Resolved;
    png(app, who, Wish { metric: &drawn.metric, channel: None, last: report.last_day, badge, state }).await
}

/// The picture of the weekly report that was due at `due`.
///
/// # Errors
/// When the database fails.
pub async fn delivered(app: &App, who: &Who, due: DateTime<Utc>) -> Result<Option<Vec<u8>>> {
    let day = super::week_before(app, who, due).await?;
    weekly(app, who, Some(day)).await
}

/// The picture of a metric up to the last complete day, of one channel if named; none where nothing was counted.
///
/// # Errors
/// 422 for an unknown metric; as [`query::series`].
pub async fn metric(app: &App, who: &Who, metric: &str, channel: Option<ChannelId>) -> Result<Option<Vec<u8>>> {
    if metrics::read_book_of(app, who, [metric]).await?.find(metric).is_none() {
        let detail = "There is no such metric. `GET /v1/metrics` lists them.";
        return Err(Error::field("?metric", "unknown_metric", detail));
    }
    let Some(last) = query::kpis(app, who, None, channel, None).await?.day else { return Ok(None) };
    let state = ChartState::Silenced;
    png(app, who, Wish { metric, channel, last, badge: ["", ""], state }).await
}

async fn png(app: &App, who: &Who, wish: Wish<'_>) -> Result<Option<Vec<u8>>> {
    let book = metrics::read_book_of(app, who, [wish.metric]).await?;
    let Some(metric) = book.find(wish.metric) else { return Ok(None) };
    let first = wish.last.checked_sub_days(Days::new(DRAWN + WEEK - 1)).unwrap_or(wish.last);
    let question = SeriesQuestion {
        metric: metric.key.to_owned(),
        channel: wish.channel,
        campaign: None,
        subject: None,
        group: None,
        resolution: Resolution::Day,
        from: Some(first.to_string()),
        to: Some(wish.last.to_string()),
        limit: 100,
        cursor: None,
    };
    let series = query::series(app, who, &question).await?;
    let settings = app.db.read(who, async |tx| tenants::settings(tx, who.tenant).await).await?;
    let zone = settings.time_zone;
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let values: HashMap<NaiveDate, f64> =
        series.data.iter().filter_map(|point| Some((local(point.at), point.value?))).collect();
    let begins = first.checked_add_days(Days::new(WEEK)).unwrap_or(first);
    let drawn = series.data.iter().filter(|point| local(point.at) >= begins);
    let points: Vec<Point> = drawn.map(|point| Point { at: point.at, value: point.value }).collect();
    if points.iter().all(|point| point.value.is_none()) {
        return Ok(None);
    }
    let before = |at: DateTime<Utc>| values.get(&local(at).checked_sub_days(Days::new(WEEK))?).copied();
    let expectation: Vec<(DateTime<Utc>, f64)> =
        points.iter().filter_map(|point| Some((point.at, before(point.at)?))).collect();
    let chart = card(&wish, &metric, &settings, points, expectation);
    let png = tokio::task::spawn_blocking(move || chart::alert_png(&chart)).await.map_err(Error::internal)?;
    // What cannot be drawn is told in words.
    Ok(png.inspect_err(|error| tracing::warn!(%error, metric = metric.key, "a metric could not be drawn")).ok())
}

fn card(
    wish: &Wish<'_>,
    metric: &Definition<'_>,
    settings: &Settings,
    points: Vec<Point>,
    expectation: Vec<(DateTime<Utc>, f64)>,
) -> AlertChart {
    let zh = settings.locale == Locale::ZhCn;
    let unit = if metric.unit == metrics::Unit::Money {
        Unit::Money { currency: settings.currency.clone() }
    } else {
        let suffix = metric.unit.suffix();
        Unit::Number { suffix: if zh { suffix.zh } else { suffix.en }.to_owned(), decimals: 2 }
    };
    let [badge_en, badge_zh] = wish.badge;
    AlertChart {
        title: if zh { metric.name.zh } else { metric.name.en }.to_owned(),
        subtitle: if zh {
            "最近四周；虚线为上周同日"
        } else {
            "The last four weeks; dashed: the same day a week before"
        }
        .to_owned(),
        state: wish.state,
        state_label: if zh { badge_zh } else { badge_en }.to_owned(),
        marked: points.iter().rposition(|point| point.value.is_some()).filter(|_| !badge_en.is_empty()),
        points,
        bands: Vec::new(),
        line: None,
        expectation: (!expectation.is_empty()).then_some(expectation),
        expected_by: ExpectedBy::LastWeek,
        unit,
        time_zone: settings.time_zone,
        locale: if zh { chart::Locale::ZhCn } else { chart::Locale::En },
        footer: settings.name.clone(),
    }
}
