//! Every metric over some days beside as many days before: what a report of a week tells.
//!
//! Sums, and what is computed from sums: a ratio from those of its parts over all of the days; where one of its parts was
//! not counted in them there is none. A distinct count, a level or a quantile of some days is no sum of days, and is
//! left out, and so are archived formulas.

use super::calendar::day_start;
use super::parts::{Parts, change};
use super::store::{self, Scope, Span};
use crate::error::Result;
use crate::identity::tenants;
use crate::measure::metrics::{self, Book, Definition};
use crate::platform::db::Tx;
use chrono::{Days, NaiveDate};
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::{Kpi, Resolution};
use tillwatch_shared::quantity::Quantity;

/// The figures of the `days` days from `first` on, of all channels; `week_before` is that of the days before. Metrics with
/// a figure in neither are left out.
///
/// # Errors
/// When the database fails; when a sum leaves the range that is kept.
pub async fn beside_the_days_before(tx: &mut Tx, tenant: TenantId, first: NaiveDate, days: u64) -> Result<Vec<Kpi>> {
    let zone = tenants::settings(tx, tenant).await?.time_zone;
    let day = |day: Option<NaiveDate>| day_start(zone, day.unwrap_or(first));
    let [from, middle, to] =
        [day(first.checked_sub_days(Days::new(days))), day(Some(first)), day(first.checked_add_days(Days::new(days)))];
    let book = metrics::book(tx, tenant).await?;
    let keys: Vec<&str> = book.all().filter(Definition::is_sum).map(|metric| metric.key).collect();
    let span = Span { resolution: Resolution::Day, from, to };
    let [mut now, mut before] = [Parts::default(), Parts::default()];
    for row in store::sums(tx, tenant, &keys, &Scope::default(), span).await? {
        let parts = if row.bucket >= middle { &mut now } else { &mut before };
        let added = parts.add(&row.metric, row.sum(), row.samples());
        added.ok_or_else(|| super::out_of_range("the week's sum"))?;
    }
    let shown = book.all().filter(|metric| !book.is_archived_formula(metric.key));
    let lines = shown.map(|metric| (metric, figure(&book, metric, &now), figure(&book, metric, &before)));
    let some = lines.filter(|(_, value, week_before)| value.is_some() || week_before.is_some());
    let lines = some.map(|(metric, value, week_before)| Kpi {
        metric: metric.key.to_owned(),
        name_en: metric.name.en.to_owned(),
        name_zh: metric.name.zh.to_owned(),
        unit: metric.unit.code().to_owned(),
        direction: metrics::wire::direction(metric.direction),
        value,
        week_before,
        change: change(value, week_before),
        benchmark: None,
    });
    Ok(lines.collect())
}

/// The figure of a metric; `None` where a part of it was not counted.
fn figure(book: &Book, metric: Definition<'_>, parts: &Parts) -> Option<f64> {
    if metric.base().is_some() {
        return parts.value(metric.key).map(Quantity::to_f64);
    }
    book.plan(metric)?.figure(&|key: &str| parts.value(key))
}
