//! Metrics: what may be counted, in which unit, and which way is better.
//!
//! Vocabulary: a [`Metric`] is a named measure with a stable key. A *sum* takes samples and adds up over time, channels
//! and campaigns. A *distinct count* is of exactly one period and place, as its source said, and is never added. Of a
//! *level* the last value of a bucket holds. A *duration* is told by quantiles. A *model*'s value is shown with its
//! source, as it came. A *ratio* takes no samples: it is computed from the values of its parts over the whole window
//! that is looked at (`clicks / impressions`, never the mean of daily rates), so it is right for every window and every
//! grouping. A *formula* is computed likewise from other metrics.
//!
//! Cast: [`model`] says what a metric is and computes a ratio's value, [`unit`] what may be added to what, [`formula`]
//! reads and computes formulas; [`catalogue`] is the list that ships with the product, [`lookup`] finds in it; [`own`] says
//! what a retailer may define for itself, and a [`Book`] is the catalogue with that. All pure but the use cases here.
//!
//! Invariants, held by tests: keys are unique `snake_case` and never renamed, every metric has a name in
//! both languages, every term of a ratio takes samples, a formula adds like to like and never goes round in a circle:
//! whoever writes one retailer's metrics does so one after the other. A book is read anew by whoever needs it and kept
//! no longer than its transaction or request, so that none is ever out of date; where only metrics of the catalogue are named
//! nobody reads one.

pub mod book;
pub mod catalogue;
pub mod formula;
pub mod lookup;
pub mod model;
pub mod own;
pub mod routes;
mod store;
pub mod unit;
pub mod wire;

pub use book::{Book, Plan};
pub use catalogue::all;
pub use lookup::{find, suggest};
pub use model::{Base, Definition, Direction, Family, Kind, Metric, Takes, Term};
pub use unit::{Text, Unit};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use own::OwnMetric;
use serde_json::{Value, json};
use tillwatch_shared::ids::{MetricId, TenantId};
use tillwatch_shared::measure::{CreateMetric, MetricInfo, UpdateMetric};

/// The retailer's book: the catalogue and its own, archived ones too.
///
/// # Errors
/// When the database fails.
pub async fn book(tx: &mut Tx, tenant: TenantId) -> Result<Book> {
    Ok(Book::with(store::all(tx, tenant).await?))
}

/// The book in which all of `keys` are found: read only where one is not in the catalogue, whose metrics are computed
/// from others of it.
///
/// # Errors
/// When the database fails.
pub async fn book_of<'k>(tx: &mut Tx, tenant: TenantId, keys: impl IntoIterator<Item = &'k str>) -> Result<Book> {
    if keys.into_iter().all(|key| find(key).is_some()) { Ok(Book::default()) } else { book(tx, tenant).await }
}

/// As [`book_of`], of one metric that is to be watched from this transaction on: if it is the retailer's own it is not
/// archived before the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn book_to_watch(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Book> {
    if find(key).is_some() {
        return Ok(Book::default());
    }
    store::hold(tx, tenant, key).await?;
    book(tx, tenant).await
}

/// As [`book_of`], in a transaction of its own, if one is needed.
///
/// # Errors
/// When the database fails.
pub async fn read_book_of<'k>(app: &App, who: &Who, keys: impl IntoIterator<Item = &'k str>) -> Result<Book> {
    if keys.into_iter().all(|key| find(key).is_some()) { Ok(Book::default()) } else { read_book(app, who).await }
}

/// As [`book`], in a transaction of its own.
///
/// # Errors
/// When the database fails.
pub async fn read_book(app: &App, who: &Who) -> Result<Book> {
    app.db.read(who, async |tx| book(tx, who.tenant).await).await
}

/// Every metric, by key; of the retailer's own also the archived ones, if asked.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool) -> Result<Vec<MetricInfo>> {
    let book = read_book(app, who).await?;
    let shown = |metric: Definition<'_>| match book.own(metric.key) {
        Some(own) => (archived || own.archived_at.is_none()).then(|| wire::own_info(own)),
        None => Some(wire::info(&metric)),
    };
    let mut data: Vec<MetricInfo> = book.all().filter_map(shown).collect();
    data.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(data)
}

/// Defines a metric.
///
/// # Errors
/// 422 with every wrong field, 409 when the key is taken or there are as many as may be.
pub async fn create(app: &App, who: &Who, wanted: CreateMetric) -> Result<OwnMetric> {
    let own = OwnMetric::new(wanted, now());
    app.db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let book = book(tx, who.tenant).await?;
            let mut checks = Checks::default();
            own.check_new(&mut checks, &book);
            checks.done()?;
            if book.own(&own.key).is_none() && book.own_metrics().len() >= own::MOST {
                let detail =
                    format!("There are {} metrics of your own, archived ones too; no more are kept.", own::MOST);
                return Err(Error::conflict(detail));
            }
            store::insert(tx, who.tenant, &own).await?;
            let (object, after) = (Some(own.id.to_string()), Some(told(&own)));
            audit::record(tx, who, Entry { action: "metric.created", object, after, ..Entry::default() }).await
        })
        .await?;
    Ok(own)
}

/// One of the retailer's own.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: MetricId) -> Result<OwnMetric> {
    app.db.read(who, async |tx| find_own(&book(tx, who.tenant).await?, id)).await
}

/// Changes one of the retailer's own. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when it is archived, or when it is to go another way while a goal on it is pursued;
/// 422 with every wrong field.
pub async fn update(app: &App, who: &Who, id: MetricId, version: &IfMatch, wanted: UpdateMetric) -> Result<OwnMetric> {
    app.db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let book = book(tx, who.tenant).await?;
            let before = find_own(&book, id)?;
            version.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(Error::conflict("This metric is archived: it can be read, not changed. Make another one."));
            }
            let mut after = before.changed(wanted);
            let mut checks = Checks::default();
            after.check(&mut checks, &book);
            checks.done()?;
            if after == before {
                return Ok(before);
            }
            if after.direction != before.direction {
                // An active goal is never turned round.
                store::hold_to_archive(tx, who.tenant, id).await?;
                if let Some(detail) = own::keeps_its_way(&store::pursued_by(tx, who.tenant, &after.key).await?) {
                    return Err(Error::conflict(detail));
                }
            }
            after.version += 1;
            store::update(tx, who.tenant, &after).await?;
            let (before, is) = (Some(told(&before)), Some(told(&after)));
            let object = Some(id.to_string());
            let entry = Entry { action: "metric.changed", object, before, after: is, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after)
        })
        .await
}

/// Archives one of the retailer's own; one that is archived stays as it is.
///
/// # Errors
/// 404, 409 while it stands in a formula that is in use, a rule that judges watches it, or a goal on it is pursued.
pub async fn archive(app: &App, who: &Who, id: MetricId) -> Result<OwnMetric> {
    let at = now();
    app.db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let book = book(tx, who.tenant).await?;
            let mut own = find_own(&book, id)?;
            if own.archived_at.is_some() {
                return Ok(own);
            }
            let in_use = book.own_metrics().iter().filter(|other| other.archived_at.is_none());
            let uses = |other: &&OwnMetric| other.definition().parts().contains(&own.key.as_str());
            if let Some(other) = in_use.clone().find(uses) {
                let detail = format!("The formula of `{}` needs it. Change or archive that one first.", other.key);
                return Err(Error::conflict(detail));
            }
            store::hold_to_archive(tx, who.tenant, id).await?;
            let watched_by = own::still_watched(&store::watched_by(tx, who.tenant, &own.key).await?);
            let pursued_by = own::still_pursued(&store::pursued_by(tx, who.tenant, &own.key).await?);
            let needed: Vec<String> = watched_by.into_iter().chain(pursued_by).collect();
            if !needed.is_empty() {
                return Err(Error::conflict(needed.join(" ")));
            }
            own.archived_at = Some(at);
            own.version += 1;
            store::update(tx, who.tenant, &own).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "metric.archived", object, ..Entry::default() }).await?;
            Ok(own)
        })
        .await
}

fn find_own(book: &Book, id: MetricId) -> Result<OwnMetric> {
    book.own_metrics().iter().find(|own| own.id == id).cloned().ok_or_else(|| Error::not_found("metric of your own"))
}

/// What the audit log tells of a metric.
fn told(own: &OwnMetric) -> Value {
    json!({
        "key": own.key, "name_en": own.name_en, "name_zh": own.name_zh, "kind": own.kind, "unit": own.unit,
        "classifier": own.classifier, "formula": own.formula, "direction": own.direction, "family": own.family,
        "whole": own.whole, "may_be_negative": own.may_be_negative, "adds_over_channels": own.adds_over_channels,
        "stands_for": own.stands_for,
    })
}
