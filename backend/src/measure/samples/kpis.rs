//! The KPI screen: every metric of one day beside the same weekday a week before.

use super::calendar::{day_end, day_start, local_date, week_before};
use super::parts::{Parts, change};
use super::reached::{named, reached};
use super::store::{self, Scope, SumRow};
use super::values::{self, Frame};
use super::window;
use crate::app::App;
use crate::error::Result;
use crate::identity::tenants;
use crate::measure::benchmarks;
use crate::measure::metrics::{self, Book, Definition};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::HashSet;
use tillwatch_shared::benchmarks::BenchmarkGroup;
use tillwatch_shared::ids::{ChannelId, TenantId};
use tillwatch_shared::measure::{Kpi, Kpis};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// The KPI screen of `day` (as the caller wrote it), of one channel if named, or of the last complete day: the one before the newest with
/// samples, since half a day beside a whole one looks like a collapse. A retailer with one day sees that. With a `group`,
/// what is usual there stands beside.
///
/// # Errors
/// 422 for text that is no date; when the database fails.
pub async fn kpis(
    app: &App,
    who: &Who,
    day: Option<&str>,
    channel: Option<ChannelId>,
    group: Option<BenchmarkGroup>,
) -> Result<Kpis> {
    let (channel, _) = named(who, channel, None)?;
    let asked = day.map(|text| window::date("day", text)).transpose()?;
    app.db
        .read(who, async |tx| {
            let settings = tenants::settings(tx, who.tenant).await?;
            let zone = settings.time_zone;
            let Some(scope) = reached(tx, who, channel, None).await? else {
                return Ok(Kpis { day: asked, channel, currency: settings.currency, data: Vec::new() });
            };
            let book = metrics::book(tx, who.tenant).await?;
            let candidates: Vec<NaiveDate> = if let Some(day) = asked {
                vec![day]
            } else {
                let newest = store::newest_day(tx, who.tenant, &scope).await?.map(|at| local_date(zone, at));
                newest.map_or_else(Vec::new, |newest| vec![newest - TimeDelta::days(1), newest])
            };
            let (mut shown, mut data) = (None, Vec::new());
            for day in candidates {
                shown = Some(day);
                data = on_day(tx, who.tenant, zone, &book, &scope, day).await?;
                if data.iter().any(|line| line.value.is_some()) {
                    break;
                }
            }
            if let Some(group) = group {
                let mut usual = benchmarks::of_group(tx, who.tenant, group).await?;
                data.iter_mut().for_each(|line| line.benchmark = usual.remove(&line.metric));
            }
            Ok(Kpis { day: shown, channel, currency: settings.currency, data })
        })
        .await
}

/// The lines of one day.
async fn on_day(
    tx: &mut Tx,
    tenant: TenantId,
    zone: Tz,
    book: &Book,
    scope: &Scope,
    day: NaiveDate,
) -> Result<Vec<Kpi>> {
    let days = [day, week_before(day)];
    let starts = days.map(|day| day_start(zone, day));
    let mut seen = Seen::default();
    for (metric, row) in store::on_days(tx, tenant, scope, starts).await? {
        seen.take(book, metric, row, starts);
    }
    let others: Vec<Definition<'_>> = seen.others.iter().filter_map(|key| book.find(key)).collect();
    if !others.is_empty() {
        for (place, day) in days.into_iter().enumerate() {
            let (from, to) = (day_start(zone, day), day_end(zone, day));
            let frame = Frame::of_day(from, to);
            let mut found = values::load(tx, tenant, &others, scope, false, frame).await?;
            let parts = found.remove(&Uuid::nil()).and_then(|mut buckets| buckets.remove(&from)).unwrap_or_default();
            for value in &others {
                if let Some(quantity) = parts.value(value.key) {
                    seen.days[place].set(value.key, quantity);
                }
            }
        }
    }
    Ok(seen.lines(book))
}

/// What was counted on the two days, and what was ever counted.
#[derive(Default)]
struct Seen {
    days: [Parts; 2],
    sums: HashSet<String>,
    others: HashSet<String>,
}

impl Seen {
    /// Takes the sum of a metric on one of the days, or that it was counted on another. What is not a sum is only noted:
    /// its rollups do not add up.
    fn take(&mut self, book: &Book, metric: String, row: Option<SumRow>, starts: [DateTime<Utc>; 2]) {
        let Some(definition) = book.find(&metric) else { return };
        if !definition.is_sum() {
            self.others.insert(metric);
            return;
        }
        if let Some(row) = row {
            let day = usize::from(row.bucket != starts[0]);
            self.days[day].set(&metric, row.sum());
        }
        self.sums.insert(metric);
    }

    /// The figure of a metric on one of the days. Where a part of it was never counted there is none.
    fn figure(&self, book: &Book, metric: Definition<'_>, day: usize) -> Option<f64> {
        let parts = &self.days[day];
        if metric.base().is_some() {
            return parts.value(metric.key).map(Quantity::to_f64);
        }
        let value = |key: &str| parts.value(key).or_else(|| self.sums.contains(key).then_some(Quantity::ZERO));
        book.plan(metric)?.figure(&value)
    }

    /// The lines of the screen, in the book's order.
    fn lines(&self, book: &Book) -> Vec<Kpi> {
        book.all()
            .map(|metric| (metric, self.figure(book, metric, 0), self.figure(book, metric, 1)))
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
                benchmark: None,
            })
            .collect()
    }
}
