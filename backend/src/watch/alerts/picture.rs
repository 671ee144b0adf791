//! The picture of an alert: the figures around the breach, read again from the rollups, and drawn by
//! [`crate::platform::chart`] on the blocking pool.

use super::{view, words};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics;
use crate::measure::samples::query;
use crate::platform::chart::{self, AlertChart, Band, ChartState, Line, Point, Unit};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::watch::rules::detect::Verdict;
use crate::watch::rules::series::{How, Prepared};
use crate::watch::rules::{kinds, reading};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{AlertId, TenantId};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{Alert, AlertState, RuleSpec};

/// Days or hours shown before the judged one.
const PIECES_BEFORE: i32 = 34;
/// Those shown behind it, as far as they have come.
const PIECES_AFTER: i32 = 6;
/// Days of a campaign's cost that are shown.
const CAMPAIGN_DAYS: i64 = 60;

/// The PNG of an alert in `locale` (the retailer's if `None`); no picture where there is nothing to draw.
///
/// # Errors
/// 404 for an unknown alert.
pub async fn png(app: &App, who: &Who, id: AlertId, locale: Option<Locale>) -> Result<Option<Vec<u8>>> {
    let chart = app
        .db
        .read(who, async |tx| {
            super::check_reach(tx, who, id).await?;
            let alert = view::one(tx, who.tenant, id).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            let locale = locale.unwrap_or(settings.locale);
            let drawn = match kinds::of(&alert.spec).drawn() {
                kinds::Drawn::Cost => cost(tx, who.tenant, &alert, locale).await?,
                as_judged => figures(tx, who.tenant, &alert, &settings, as_judged).await?,
            };
            Ok(drawn.map(|drawn| chart_of(&alert, &settings, locale, drawn)))
        })
        .await?;
    let Some(chart) = chart else { return Ok(None) };
    let drawn = tokio::task::spawn_blocking(move || chart::alert_png(&chart)).await.map_err(Error::internal)?;
    match drawn {
        Ok(png) => Ok(Some(png)),
        Err(error) => {
            // The alert is worth sending without a picture.
            tracing::warn!(%error, alert = %id, "an alert could not be drawn");
            Ok(None)
        }
    }
}

#[derive(Default)]
struct Drawn {
    points: Vec<Point>,
    bands: Vec<Band>,
    expectation: Vec<(DateTime<Utc>, f64)>,
    line: Option<Line>,
    marked: Option<usize>,
}

/// A campaign's cost, hour by hour, up to the line.
async fn cost(tx: &mut Tx, tenant: TenantId, alert: &Alert, locale: Locale) -> Result<Option<Drawn>> {
    let (RuleSpec::StopLoss(spec), Some(campaign)) = (&alert.spec, &alert.campaign) else { return Ok(None) };
    // A cost ratio has no hourly total; its picture is the spend behind it, without the ratio's line.
    let is_spend = alert.metric == "spend";
    let Some(metric) = metrics::find("spend") else { return Ok(None) };
    let growth =
        query::campaign_series(tx, tenant, campaign.id, metric, DateTime::UNIX_EPOCH, now() + TimeDelta::days(1))
            .await?;
    let Some((newest, _)) = growth.hours.last() else { return Ok(None) };
    let since = *newest - TimeDelta::days(CAMPAIGN_DAYS);
    let points: Vec<Point> = growth
        .hours
        .iter()
        .filter(|(at, _)| *at >= since)
        .map(|(at, total)| Point { at: *at, value: Some(total.to_f64()) })
        .collect();
    let height = spec.line.to_f64();
    let marked = points.iter().position(|point| is_spend && point.value.is_some_and(|value| value >= height));
    let line = is_spend.then(|| Line { value: height, label: words::stop_line(locale).to_owned() });
    Ok(Some(Drawn { points, line, marked, ..Drawn::default() }))
}

/// The days or hours around the judged one, with the band in which the rule is quiet, or its line.
async fn figures(
    tx: &mut Tx,
    tenant: TenantId,
    alert: &Alert,
    settings: &Settings,
    drawn_as: kinds::Drawn,
) -> Result<Option<Drawn>> {
    let book = metrics::book_of(tx, tenant, [alert.metric.as_str()]).await?;
    let Some(metric) = book.find(&alert.metric) else { return Ok(None) };
    let how = How { spec: &alert.spec, timing: &alert.timing, zone: settings.time_zone };
    let calendar = how.calendar();
    let piece = kinds::width(calendar.bucket);
    let first = calendar.start_of(alert.window_start - piece * PIECES_BEFORE);
    let last = calendar.start_of(alert.window_start + piece * PIECES_AFTER);
    let channel = alert.channel.as_ref().map(|channel| channel.id);
    let campaign = alert.campaign.as_ref().map(|campaign| campaign.id);
    // Peers are needed for the band, and only they.
    let scope = reading::Scope { channel, campaign, per_channel: how.kind().wants_peers() };
    let plan = reading::plan(tx, tenant, how, campaign).await?;
    let span = how.begin_of_reading(first, plan.as_ref())..calendar.end_of(last);
    let counted = reading::series(tx, tenant, how, &metric, scope, span).await?;
    let Some(place) = counted.iter().position(|(of, _)| *of == channel) else { return Ok(None) };
    let mut drawn = Drawn::default();
    for one in counted[place].1.iter().filter(|one| one.start >= first) {
        let value = match one.denominator {
            None => Some(one.numerator),
            Some(denominator) => (denominator > 0.0).then(|| one.numerator / denominator),
        };
        drawn.points.push(Point { at: one.start, value });
    }
    let through = counted[place].1.last().map_or(alert.window_start, |one| one.start.max(alert.window_start));
    let verdicts = Prepared::new(how, counted, plan, through).judge(place, first, false);
    if drawn_as == kinds::Drawn::Figures {
        // With a window, or summed up since the campaign began: not what was counted on the day.
        let value = |verdict: &Verdict| verdict.figures().map(|figures| figures.value);
        let judged = verdicts.iter().map(|(at, verdict)| (*at, value(verdict))).filter(|(_, value)| value.is_some());
        let judged: BTreeMap<DateTime<Utc>, Option<f64>> = judged.collect();
        let counted = drawn.points.iter().map(|point| (point.at, point.value));
        let mut points: BTreeMap<DateTime<Utc>, Option<f64>> = counted.collect();
        points.extend(judged);
        drawn.points = points.into_iter().map(|(at, value)| Point { at, value }).collect();
        for (at, verdict) in &verdicts {
            let figures = verdict.figures();
            if let Some((low, high)) = figures.and_then(|f| f.low.zip(f.high)) {
                drawn.bands.push(Band { at: *at, low, high });
            }
            if let Some(expected) = figures.and_then(|f| f.expected) {
                drawn.expectation.push((*at, expected));
            }
        }
        let line = verdicts.iter().rev().find_map(|(_, verdict)| verdict.figures()?.line);
        // A line that moves with what is expected is drawn as the band, or not at all.
        if drawn.expectation.is_empty() {
            drawn.line = line.map(|value| Line { value, label: String::new() });
        }
    }
    drawn.marked = drawn.points.iter().position(|point| point.at == alert.window_start);
    Ok(drawn.points.iter().any(|point| point.value.is_some()).then_some(drawn))
}

/// The state that the picture shows. That the campaign is paused says more than who takes care of it, as long as it is
/// so: not when somebody has resumed it.
fn state_of(alert: AlertState, paused_for_it: bool, campaign: Option<CampaignState>) -> ChartState {
    let stopped = paused_for_it && campaign == Some(CampaignState::Paused);
    match alert {
        AlertState::Resolved => ChartState::Resolved,
        _ if stopped => ChartState::Stopped,
        AlertState::Acknowledged => ChartState::Acknowledged,
        AlertState::Firing => ChartState::Firing,
        AlertState::Silenced => ChartState::Silenced,
    }
}

fn chart_of(alert: &Alert, settings: &Settings, locale: Locale, drawn: Drawn) -> AlertChart {
    let zh = locale == Locale::ZhCn;
    let metric = if zh { &alert.metric_zh } else { &alert.metric_en };
    let place = alert.campaign.as_ref().map(|c| c.name.as_str()).or(alert.channel.as_ref().map(|c| c.name.as_str()));
    let state = state_of(alert.state, alert.paused_campaign, alert.campaign.as_ref().map(|campaign| campaign.state));
    let unit = if alert.unit == "money" {
        Unit::Money { currency: alert.currency.clone() }
    } else {
        let own = || alert.unit.parse().ok().map(|unit| metrics::Unit::of(unit, ""));
        let suffix = metrics::find(&alert.metric).map(|m| m.unit).or_else(own).map(metrics::Unit::suffix);
        let suffix = suffix.map_or("", |text| if zh { text.zh } else { text.en });
        // Nobody counts hundredths of people.
        let decimals = if alert.figures.value.fract() == 0.0 { 0 } else { 2 };
        Unit::Number { suffix: suffix.to_owned(), decimals }
    };
    AlertChart {
        title: place.map_or_else(|| metric.clone(), |place| format!("{metric} · {place}")),
        subtitle: alert.rule_name.clone(),
        state,
        state_label: words::state(locale, state).to_owned(),
        points: drawn.points,
        bands: drawn.bands,
        line: drawn.line,
        expectation: (!drawn.expectation.is_empty()).then_some(drawn.expectation),
        expected_by: kinds::of(&alert.spec).expected_by(),
        marked: drawn.marked,
        unit,
        time_zone: settings.time_zone,
        locale: if zh { chart::Locale::ZhCn } else { chart::Locale::En },
        footer: settings.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_paused_only_while_the_campaign_is() {
        let (firing, taken) = (AlertState::Firing, AlertState::Acknowledged);
        assert_eq!(state_of(firing, true, Some(CampaignState::Paused)), ChartState::Stopped);
        assert_eq!(state_of(taken, true, Some(CampaignState::Paused)), ChartState::Stopped);
        assert_eq!(state_of(taken, true, Some(CampaignState::Active)), ChartState::Acknowledged, "resumed");
        assert_eq!(state_of(firing, true, Some(CampaignState::Completed)), ChartState::Firing);
        assert_eq!(state_of(firing, false, Some(CampaignState::Paused)), ChartState::Firing, "paused by a person");
        assert_eq!(state_of(firing, false, None), ChartState::Firing);
        assert_eq!(state_of(AlertState::Resolved, true, Some(CampaignState::Paused)), ChartState::Resolved);
    }
}
