//! `kpi` and `kpi METRIC`.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use tillwatch_shared::measure::{MetricInfo, MetricKind, Series};
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::quantity::Quantity;

use super::reports::shows_pictures;
use super::spec::{CommandSpec, OptionSpec, Run, Texts, both};
use super::{Asking, Completing, find};
use crate::api::Answer;
use crate::reply::{Picture, Reply, Tone};
use crate::report::{kpi_line, told};
use crate::wording::figures::{Step, day, figure};

/// Metrics on one screen.
const SHOWN: usize = 30;
/// Days shown of one metric; a week.
const WEEK: u64 = 7;

/// Which one; all of them if it is left out.
const METRIC: OptionSpec =
    OptionSpec::text("metric", "指标", both("One metric; all of them if left out", "某一个指标；留空则显示全部"))
        .completing(Completing::Metric)
        .example("METRIC");

/// `kpi [METRIC]`
pub(crate) static KPI: CommandSpec = CommandSpec::new(
    "kpi",
    "指标",
    Texts {
        about: both("The key figures of the last day", "最近一天的关键指标"),
        line: both(
            "the figures of the last day; of one metric, the last 7 days",
            "最近一天的指标；指定某个指标则显示最近 7 天",
        ),
        help: both(
            "Each figure is compared with the same weekday a week before. An arrow tells the way it went, a word whether that is better.",
            "每个指标与上周同日相比：箭头表示涨跌，文字表示是否变好。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::MetricsRead,
        run: |given, asking| match given.text(&METRIC) {
            Some(metric) => Box::pin(one(metric, asking)),
            None => Box::pin(screen(asking)),
        },
    },
)
.options(&[METRIC])
.also(&["kpis"]);

/// The last day with samples, beside the same weekday a week before.
async fn screen(asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let kpis = asking.api.kpis(asking.actor).await?;
    let Some(date) = kpis.day.filter(|_| !kpis.data.is_empty()) else {
        let said = words.no_kpis();
        return Ok(Reply::say(Tone::Plain, said.title, said.body));
    };
    let mut lines: Vec<String> = kpis.data.iter().take(SHOWN).map(|kpi| kpi_line(kpi, &kpis.currency, words)).collect();
    if kpis.data.len() > SHOWN {
        lines.push(words.more(kpis.data.len() - SHOWN));
    }
    Ok(Reply::say(Tone::Plain, words.kpis(&day(date, words.locale())), lines.join("\n")))
}

/// One metric's last seven days, each beside the same weekday a week before, with a picture of four weeks.
async fn one(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let metric = match find::metric(typed, asking).await? {
        Ok(metric) => metric,
        Err(reply) => return Ok(reply),
    };
    let words = asking.words;
    let kpis = asking.api.kpis(asking.actor).await?;
    let Some(last) = kpis.day else {
        let said = words.no_kpis();
        return Ok(Reply::say(Tone::Plain, said.title, said.body));
    };
    let from = last.checked_sub_days(Days::new(2 * WEEK - 1)).unwrap_or(last);
    let to = last.checked_add_days(Days::new(1)).unwrap_or(last);
    let (from, to) = (instant(from, asking.zone), instant(to, asking.zone));
    let series = asking.api.days(asking.actor, &metric.key, &from, &to).await?;
    let mut reply = week(&metric, &series, last, &kpis.currency, asking);
    if shows_pictures(asking) {
        // The words are the matter; without the picture they still are told.
        let png = asking.api.metric_picture(asking.actor, &metric.key).await.unwrap_or_default();
        let alt = words.metric_alt(find::metric_name(&metric, words.locale()));
        reply.picture = png.map(|png| Picture { png, alt });
    }
    Ok(reply)
}

/// Midnight of a day in a zone, RFC 3339; the first instant of the day where the clock skips midnight.
fn instant(day: NaiveDate, zone: Tz) -> String {
    let midnight = day.and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&midnight).earliest();
    let local = local.or_else(|| zone.from_local_datetime(&(midnight + chrono::Duration::hours(1))).earliest());
    let utc: DateTime<Utc> = local.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc));
    utc.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn week(metric: &MetricInfo, series: &Series, last: NaiveDate, currency: &str, asking: &Asking<'_>) -> Reply {
    let (words, locale) = (asking.words, asking.words.locale());
    let point = |wanted: NaiveDate| {
        series.data.iter().find(|point| point.at.with_timezone(&asking.zone).date_naive() == wanted)
    };
    let text = |value: f64| figure(value, &metric.unit, currency, locale);
    let mut lines = Vec::new();
    let mut total = Some(Quantity::ZERO);
    for back in (0..WEEK).rev() {
        let Some(date) = last.checked_sub_days(Days::new(back)) else { continue };
        let now = point(date);
        let value = now.and_then(|point| point.value);
        let before = date.checked_sub_days(Days::new(WEEK)).and_then(point).and_then(|point| point.value);
        let compare = |(now, before): (f64, f64)| (now - before) / before.abs();
        let change = value.zip(before).filter(|(_, before)| *before != 0.0).map(compare);
        // A day without samples adds nothing to a sum.
        total = total.zip(now.map_or(Some(Quantity::ZERO), |point| point.sum)).and_then(|(a, b)| a.checked_add(b));
        let by = Step::of(value, before, change, &metric.unit);
        let (arrow, against) = told(by, before.map(text), metric.direction, words);
        let value = value.map_or_else(|| words.no_figure().to_owned(), text);
        lines.push(format!("{arrow} {} · {against}", words.pair(&day(date, locale), &value)));
    }
    if let (MetricKind::Sum, Some(total)) = (metric.kind, total) {
        // Seven, so it fits.
        lines.push(words.in_all(usize::try_from(WEEK).unwrap_or(7), &text(total.to_f64())));
    }
    let title = words.last_days(find::metric_name(metric, locale), usize::try_from(WEEK).unwrap_or(7));
    Reply::say(Tone::Plain, title, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_retailers_midnight_even_where_midnight_is_skipped() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(instant(day(2025, 11, 14), Tz::Asia__Shanghai), "2025-11-13T16:00:00Z");
        // Chile put its clocks forward at midnight of 2024-09-08.
        assert_eq!(instant(day(2024, 9, 8), Tz::America__Santiago), "2024-09-08T04:00:00Z");
    }
}
