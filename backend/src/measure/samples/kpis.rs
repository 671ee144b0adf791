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
                let counted;
                (data, counted) = on_day(tx, who.tenant, zone, &book, &scope, day).await?;
                if counted {
                    break;
                }
            }
            if let Some(group) = group {
                let mut usual = benchmarks::of_group(tx, who.tenant, group).await?;
                for line in &mut data {
                    line.benchmark = usual.remove(&line.metric);
                }
            }
            Ok(Kpis { day: shown, channel, currency: settings.currency, data })
        })
        .await
}

/// The lines of one day, and whether something of them was counted on it: a level that still stands says nothing of the
/// day.
async fn on_day(
    tx: &mut Tx,
    tenant: TenantId,
    zone: Tz,
    book: &Book,
    scope: &Scope,
    day: NaiveDate,
) -> Result<(Vec<Kpi>, bool)> {
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
    let lines = seen.lines(book);
    let counted = lines.iter().any(|line| line.value.is_some() && seen.counted.contains(&line.metric));
    Ok((lines, counted))
}

/// What was counted on the two days, and what was ever counted.
#[derive(Default)]
struct Seen {
    days: [Parts; 2],
    sums: HashSet<String>,
    others: HashSet<String>,
    /// What has samples on the first of the days, not only a value that stands on it.
    counted: HashSet<String>,
}

impl Seen {
    /// Takes the sum of a metric on one of the days, or that it was counted on another. What is not a sum is only noted:
    /// its rollups do not add up.
    fn take(&mut self, book: &Book, metric: String, row: Option<SumRow>, starts: [DateTime<Utc>; 2]) {
        let Some(definition) = book.find(&metric) else { return };
        if row.as_ref().is_some_and(|row| row.bucket == starts[0]) {
            self.counted.insert(metric.clone());
        }
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

    /// The figure of a metric on one of the days. Where a part of it was never counted there is none, nor where none of its
    /// parts has a value on the day: on a day without data nobody knows that sales less costs were nothing.
    fn figure(&self, book: &Book, metric: Definition<'_>, day: usize) -> Option<f64> {
        let parts = &self.days[day];
        if metric.base().is_some() {
            return parts.value(metric.key).map(Quantity::to_f64);
        }
        let value = |key: &str| parts.value(key).or_else(|| self.sums.contains(key).then_some(Quantity::ZERO));
        let plan = book.plan(metric)?;
        if plan.bases().iter().all(|base| parts.value(base.key).is_none()) {
            return None;
        }
        plan.figure(&value)
    }

    /// The lines of the screen, in the book's order; archived formulas are on it no more.
    fn lines(&self, book: &Book) -> Vec<Kpi> {
        book.all()
            .filter(|metric| !book.is_archived_formula(metric.key))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::metrics::own::OwnMetric;

    fn units(units: i64) -> Quantity {
        Quantity::from_units(units).unwrap()
    }

    #[test]
    fn a_formula_has_a_figure_only_on_a_day_on_which_something_of_it_was_counted() {
        let net = OwnMetric { formula: Some("sales - refunds".to_owned()), ..OwnMetric::example("net") };
        let book = Book::with(vec![net]);
        let mut seen = Seen::default();
        seen.sums.extend(["sales".to_owned(), "refunds".to_owned()]);
        seen.days[1].set("sales", units(7));
        let net = book.find("net").unwrap();
        assert_eq!(seen.figure(&book, net, 0), None, "a day without data");
        assert_eq!(seen.figure(&book, net, 1), Some(7.0), "no refunds on a day with sales");
        let shown = |book: &Book| seen.lines(book).iter().any(|line| line.metric == "net");
        let archived = OwnMetric { archived_at: Some(DateTime::UNIX_EPOCH), ..book.own("net").unwrap().clone() };
        assert!(shown(&book) && !shown(&Book::with(vec![archived])));
    }
}
