//! The picture of a goal: what it brought so far against the path to its target, and where it will be at its deadline.
//! Drawn by [`crate::platform::chart`] on the blocking pool.

use super::course::{Course, DayFigure, Standing};
use super::{figures, model, named, reached, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::{Definition, Unit as Counts};
use crate::measure::samples::calendar::day_start;
use crate::platform::chart::{self, AlertChart, Band, ChartState, ExpectedBy, Line, Point, Unit};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tillwatch_shared::Locale;
use tillwatch_shared::goals::{Goal, GoalOutlook};
use tillwatch_shared::ids::GoalId;

/// The PNG of a goal in `locale` (the retailer's if `None`); no picture where there is nothing to draw.
///
/// # Errors
/// 404 for an unknown goal.
pub async fn png(app: &App, who: &Who, id: GoalId, locale: Option<Locale>) -> Result<Option<Vec<u8>>> {
    let at = now();
    let chart = app
        .db
        .read(who, async |tx| {
            let goal = reached(tx, who, id, false).await?;
            let stages = store::stages(tx, who.tenant, id).await?;
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let (Some(course), Some(metric)) = (model::course(&goal, stages, &book), model::metric(&goal, &book))
            else {
                return Ok(None);
            };
            let settings = tenants::settings(tx, who.tenant).await?;
            let today = figures::today(&settings, at);
            let days = figures::lately(tx, who, &settings, &goal, &metric, today).await?;
            let through = course.told_through(&days, today);
            let standing = course.standing(&days, through);
            Ok(chart_of(&goal, &metric, &course, &days, &standing, &settings, locale.unwrap_or(settings.locale)))
        })
        .await?;
    let Some(chart) = chart else { return Ok(None) };
    let drawn = tokio::task::spawn_blocking(move || chart::alert_png(&chart)).await.map_err(Error::internal)?;
    match drawn {
        Ok(png) => Ok(Some(png)),
        Err(error) => {
            tracing::warn!(%error, goal = %id, "a goal could not be drawn");
            Ok(None)
        }
    }
}

fn chart_of(
    goal: &Goal,
    metric: &Definition<'_>,
    course: &Course,
    days: &[DayFigure],
    standing: &Standing,
    settings: &Settings,
    locale: Locale,
) -> Option<AlertChart> {
    let zh = locale == Locale::ZhCn;
    let zone = settings.time_zone;
    let points = points(course, days, standing.through, zone);
    points.iter().any(|point| point.value.is_some()).then_some(())?;
    let expectation =
        each_day(course.starts_on, course.ends_on).map(|day| (day_start(zone, day), course.expected(day))).collect();
    // The band opens where nothing is known yet and is as wide as the forecast at the deadline.
    let bands = standing.forecast.zip(standing.value).map(|(forecast, value)| {
        let (low, high) = forecast.of_80;
        let [from, to] = [standing.through.max(course.starts_on), course.ends_on].map(|day| day_start(zone, day));
        let (low, high) = (low.min(high), high.max(low));
        vec![Band { at: from, low: value, high: value }, Band { at: to, low, high }]
    });
    let unit = match metric.unit {
        Counts::Money => Unit::Money { currency: settings.currency.clone() },
        other => {
            let suffix = if zh { other.suffix().zh } else { other.suffix().en };
            Unit::Number { suffix: suffix.to_owned(), decimals: 2 }
        }
    };
    let (state, state_label) = match (standing.outlook, zh) {
        (GoalOutlook::OnTrack, true) => (ChartState::Resolved, "预计达成"),
        (GoalOutlook::OnTrack, false) => (ChartState::Resolved, "On track"),
        (GoalOutlook::AtRisk, true) => (ChartState::Acknowledged, "有风险"),
        (GoalOutlook::AtRisk, false) => (ChartState::Acknowledged, "At risk"),
        (GoalOutlook::OffTrack, true) => (ChartState::Firing, "预计无法达成"),
        (GoalOutlook::OffTrack, false) => (ChartState::Firing, "Off track"),
        (GoalOutlook::NotEnoughData, true) => (ChartState::Silenced, "数据不足"),
        (GoalOutlook::NotEnoughData, false) => (ChartState::Silenced, "Not enough data"),
    };
    let marked = points.iter().rposition(|point| point.value.is_some());
    Some(AlertChart {
        title: goal.name.clone(),
        subtitle: if zh { metric.name.zh } else { metric.name.en }.to_owned(),
        state,
        state_label: state_label.to_owned(),
        points,
        bands: bands.unwrap_or_default(),
        line: Some(Line { value: course.target, label: if zh { "目标值" } else { "Target" }.to_owned() }),
        expectation: Some(expectation),
        expected_by: ExpectedBy::Plan,
        marked,
        unit,
        time_zone: zone,
        locale: if zh { chart::Locale::ZhCn } else { chart::Locale::En },
        footer: settings.name.clone(),
    })
}

/// What the goal had brought by the end of each of its days so far; nothing on a sum's first morning.
fn points(course: &Course, days: &[DayFigure], through: NaiveDate, zone: Tz) -> Vec<Point> {
    let at = |day: NaiveDate| -> DateTime<Utc> { day_start(zone, day) };
    if through < course.starts_on {
        let value = if course.adds_up { Some(0.0) } else { course.value(days, through) };
        return vec![Point { at: at(course.starts_on), value }];
    }
    each_day(course.starts_on, through.min(course.ends_on))
        .map(|day| Point { at: at(day), value: course.value(days, day) })
        .collect()
}

fn each_day(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::goals::periods::Stage;
    use chrono::Days;
    use tillwatch_shared::goals::GoalAim;
    use tillwatch_shared::quantity::Quantity;

    #[test]
    fn the_path_begins_with_the_goal_and_goes_to_its_end() {
        let first = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let last = first + Days::new(9);
        let target = Quantity::from_units(100).unwrap();
        let course = Course {
            adds_up: true,
            aim: GoalAim::AtLeast,
            baseline: None,
            target: 100.0,
            starts_on: first,
            ends_on: last,
            stages: vec![Stage { starts_on: first, ends_on: last, target }],
            active: true,
        };
        let days: Vec<DayFigure> =
            (0..3).map(|number| DayFigure { day: first + Days::new(number), above: 5.0, below: None }).collect();
        let drawn = points(&course, &days, first + Days::new(2), Tz::UTC);
        assert_eq!(drawn.iter().map(|point| point.value).collect::<Vec<_>>(), [Some(5.0), Some(10.0), Some(15.0)]);
        let before = points(&course, &[], first - Days::new(5), Tz::UTC);
        assert_eq!(before, [Point { at: day_start(Tz::UTC, first), value: Some(0.0) }]);
        assert_eq!(each_day(first, last).count(), 10);
    }
}
