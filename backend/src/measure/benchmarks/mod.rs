//! Benchmarks: what is usual elsewhere, beside one's own figures.
//!
//! A *benchmark* is one value of a metric for one group of retailers and one year, with whoever published it: without a
//! source it is hearsay and refused. None ships with the product, since every report has its own rights and its own
//! year; a retailer loads those that it trusts. Pure: `model`. Invariants: one value a group, metric and year; loading the
//! same again changes nothing; a retailer has at most 5,000; a metric is shown beside the newest year of the group that is asked for.

mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::measure::metrics;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use serde_json::json;
use std::collections::BTreeMap;
use tillwatch_shared::Page;
use tillwatch_shared::benchmarks::{Benchmark, BenchmarkGroup, BenchmarksLoaded, LoadBenchmarks};
use tillwatch_shared::ids::{BenchmarkId, TenantId};

/// Loads reference values: all of them, or none.
///
/// # Errors
/// 422 with every wrong field, or when there would be more than are kept.
pub async fn load(app: &App, who: &Who, wanted: LoadBenchmarks) -> Result<BenchmarksLoaded> {
    let at = now();
    app.db
        .write(who, async |tx| {
            // One after the other, so that two loads of the same values do not trip over each other.
            tenants::lock(tx, who.tenant).await?;
            let book = metrics::book(tx, who.tenant).await?;
            model::check(&wanted.benchmarks, &book, at)?;
            let known = store::known(tx, who.tenant, &wanted.benchmarks).await?;
            let (mut loaded, mut written) = (BenchmarksLoaded { created: 0, changed: 0, unchanged: 0 }, Vec::new());
            for new in &wanted.benchmarks {
                let before = known.iter().find(|known| model::is_of_the_same(known, new));
                let after = model::benchmark(before.map_or_else(BenchmarkId::new, |known| known.id), new, at);
                match before {
                    None => loaded.created += 1,
                    Some(known) if model::says_the_same(known, &after) => {
                        loaded.unchanged += 1;
                        continue;
                    }
                    Some(_) => loaded.changed += 1,
                }
                written.push(after);
            }
            if written.is_empty() {
                return Ok(loaded);
            }
            model::check_room(store::count(tx, who.tenant).await?, loaded.created)?;
            store::put(tx, who.tenant, &written).await?;
            let after = Some(json!({ "created": loaded.created, "changed": loaded.changed }));
            audit::record(tx, who, Entry { action: "benchmarks.loaded", after, ..Entry::default() }).await?;
            Ok(loaded)
        })
        .await
}

/// A page of reference values, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    who: &Who,
    group: Option<BenchmarkGroup>,
    metric: Option<&str>,
    paging: &Paging,
) -> Result<Page<Benchmark>> {
    let mut checks = Checks::default();
    checks.optional_key("?metric", metric);
    checks.done()?;
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, group, metric, paging).await).await?;
    Ok(paging.page(rows, |benchmark| benchmark.id.0, |benchmark| benchmark))
}

/// Removes a reference value, which is of no use to anybody then.
///
/// # Errors
/// 404.
pub async fn remove(app: &App, who: &Who, id: BenchmarkId) -> Result<Benchmark> {
    app.db
        .write(who, async |tx| {
            let removed = store::remove(tx, who.tenant, id).await?;
            let removed = removed.ok_or_else(|| Error::not_found("benchmark"))?;
            let (object, before) = (Some(id.to_string()), Some(json!(removed)));
            audit::record(tx, who, Entry { action: "benchmark.removed", object, before, ..Entry::default() }).await?;
            Ok(removed)
        })
        .await
}

/// The newest reference value of each metric of a group, by the metric's key.
///
/// # Errors
/// When the database fails.
pub async fn of_group(tx: &mut Tx, tenant: TenantId, group: BenchmarkGroup) -> Result<BTreeMap<String, Benchmark>> {
    let newest = store::newest(tx, tenant, group).await?;
    Ok(newest.into_iter().map(|benchmark| (benchmark.metric.clone(), benchmark)).collect())
}

/// The newest reference value of one metric of a group.
///
/// # Errors
/// When the database fails.
pub async fn of_metric(
    tx: &mut Tx,
    tenant: TenantId,
    group: BenchmarkGroup,
    metric: &str,
) -> Result<Option<Benchmark>> {
    store::newest_of(tx, tenant, group, metric).await
}
