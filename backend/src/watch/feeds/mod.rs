//! Feeds: documents that are fetched on a schedule and taken in as samples, where a partner cannot push; and the register
//! of them, with what each has brought and how it fares.
//!
//! Vocabulary: a *feed* says where a document is, what of it is what (its *mapping*), and how often it is fetched; a *run* is
//! one fetch. Cast: `model` (pure: when one is due, how it fares), `mapping` (pure: from a document to samples), [`fetcher`]
//! (the loop), `fetching` (the request, through [`crate::platform::outbound`]), `runs` (taking in and writing down),
//! [`trial`] (the same without keeping anything), [`life`] (pausing, resuming, fetching now, archiving), `secrets` (what is
//! kept sealed), `jobs` (forgetting old runs, sealing anew).
//!
//! Invariants: what is fetched passes the checks of [`crate::watch::ingest`] and has all the effects of what is sent, the
//! pause by a stop-loss among them; a run's samples, its figures and the next time are one transaction, in which no document
//! is waited for; one replica fetches a feed at a time, and what a killed one had in hand is fetched again, which changes
//! nothing, since rows have keys; a secret header and what stands behind the `?` of an address are kept sealed, sent to the
//! server that they were given for and to no other, and shown to nobody; the team is told once when a feed fails again and
//! again or is missed, and once when it is well again; a feed is about the whole retailer, so nobody whose permissions are
//! narrowed to channels sees one.

pub mod fetcher;
mod fetching;
pub mod jobs;
pub mod life;
mod mapping;
mod model;
pub mod routes;
mod runs;
mod secrets;
mod store;
pub mod trial;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::hex::hex;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::time_of_day;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use model::{Life, Progress, Setup};
use secrets::Secrets;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Kept, queue};
use tillwatch_shared::Page;
use tillwatch_shared::feeds::{
    CreateFeed, Feed, FeedCadence, FeedField, FeedFormat, FeedHeader, FeedMapping, FeedNotice, FeedRun, FeedTrouble,
    UpdateFeed,
};
use tillwatch_shared::ids::{FeedId, TenantId};
use uuid::Uuid;

/// The most feeds of a retailer, the archived ones aside.
const MOST_FEEDS: i64 = 50;

fn names(headers: &[FeedHeader]) -> Vec<String> {
    headers.iter().map(|header| header.name.clone()).collect()
}

/// Makes a feed, which is fetched at once for the first time.
///
/// # Errors
/// 409 when there are too many, 422 with every wrong field.
pub async fn create(app: &App, who: &Who, wish: CreateFeed) -> Result<Feed> {
    let (id, at) = (FeedId::new(), now());
    let address = wish.url;
    let (url, query) = model::parted(&address);
    let secrets = Secrets { query: query.map(str::to_owned), headers: wish.headers };
    let minute = wish.at.as_deref().map(time_of_day::parse);
    let setup = Setup {
        name: wish.name.trim().to_owned(),
        kind: wish.kind,
        url: url.to_owned(),
        format: wish.format,
        mapping: wish.mapping,
        header_names: names(&secrets.headers),
        every: wish.every,
        minute: minute.flatten().unwrap_or(model::USUAL_MINUTE),
        grace_minutes: wish.grace_minutes,
        taken_from: wish.from,
    };
    let kept = Kept {
        id,
        secrets: secrets::sealed(&app.sealer, who.tenant, id, &secrets)?,
        setup,
        life: Life::Active,
        progress: Progress::new(at),
        created_at: at,
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            // Two that are made at once must not both find the last place free.
            tenants::lock(tx, who.tenant).await?;
            let mut checks = check(app, &address, &kept.setup, minute);
            model::check_headers(&mut checks, &secrets.headers);
            check_named(tx, who.tenant, &kept.setup.mapping, &mut checks).await?;
            checks.done()?;
            if store::count(tx, who.tenant).await? >= MOST_FEEDS {
                let detail = format!("A retailer has at most {MOST_FEEDS} feeds. Archive one first.");
                return Err(Error::conflict(detail));
            }
            store::insert(tx, who.tenant, &kept).await?;
            queue::plan(tx, who.tenant, id, at).await?;
            let entry = Entry {
                action: "feed.created",
                object: Some(id.to_string()),
                after: audited(&kept),
                ..Entry::default()
            };
            audit::record(tx, who, entry).await
        })
        .await?;
    app.wake(Topic::Fetches);
    Ok(shown(&kept, Some(at), at))
}

/// What is wrong with what a person sets, as far as it can be told without the retailer's things. `address` is the whole one
/// if they gave one; `minute` is what they gave as the time of day, if they did, and whether it is one.
fn check(app: &App, address: &str, setup: &Setup, minute: Option<Option<i32>>) -> Checks {
    let mut checks = Checks::default();
    checks.line("/name", &setup.name, 1, 120);
    check_source(app, &mut checks, address, setup.format, &setup.mapping);
    model::check_times(&mut checks, setup, minute);
    checks
}

/// What is wrong with the address and the mapping.
fn check_source(app: &App, checks: &mut Checks, address: &str, format: FeedFormat, mapping: &FeedMapping) {
    if let Err(refused) = app.outbound.target(address) {
        checks.refuse("/url", refused.reason, refused.detail);
    }
    let detail = "Is how an address is shown. Give it with what stands behind its `?`.";
    checks.ensure(!address.ends_with("?…"), "/url", "invalid", detail);
    model::check_mapping(checks, format, mapping);
}

/// Refuses constants that name nothing of the retailer.
async fn check_named(tx: &mut Tx, tenant: TenantId, mapping: &FeedMapping, checks: &mut Checks) -> Result<()> {
    let book = metrics::book(tx, tenant).await?;
    for (number, measure) in mapping.measures.iter().enumerate() {
        let Some(key) = measure.metric.constant.as_deref() else { continue };
        let takes = book.find(key).is_some_and(|metric| metric.base().is_some());
        let archived = book.own(key).is_some_and(|own| own.archived_at.is_some());
        let pointer = format!("/mapping/measures/{number}/metric/constant");
        let detail = "No metric with this key takes samples. `GET /v1/metrics` lists them.";
        checks.ensure(takes && !archived, &pointer, "unknown_metric", detail);
    }
    let constant = |field: &Option<FeedField>| field.as_ref().and_then(|field| field.constant.clone());
    if let Some(name) = constant(&mapping.channel) {
        let found = channels::resolve(tx, tenant, &[name.as_str()]).await?;
        let known = found.contains_key(&name);
        let detail = "No channel has this id or key. `GET /v1/channels` lists them.";
        checks.ensure(known, "/mapping/channel/constant", "not_found", detail);
    }
    if let Some(name) = constant(&mapping.campaign) {
        let found = campaigns::resolve(tx, tenant, &[name.as_str()]).await?;
        let known = found.contains_key(&name);
        let detail = "No campaign has this id or key. `GET /v1/campaigns` lists them.";
        checks.ensure(known, "/mapping/campaign/constant", "not_found", detail);
    }
    Ok(())
}

/// What the audit log keeps of a feed: of its address the host, since the rest may hold a secret, and SHA-256 of it up to
/// the `?`, so that every change of it is seen; of its headers the names. A secret that is short could be found by its
/// digest, so of the secrets there is that of their seal: another one whenever one of them changes, or they are sealed anew.
#[expect(clippy::unnecessary_wraps, reason = "as an audit entry takes it")]
fn audited(kept: &Kept) -> Option<serde_json::Value> {
    let setup = &kept.setup;
    let host = url::Url::parse(&setup.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let digest = |bytes: &[u8]| {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        hex(&digest)
    };
    Some(json!({
        "name": setup.name, "kind": setup.kind, "host": host, "url_sha256": digest(setup.url.as_bytes()),
        "sealed_sha256": kept.secrets.as_deref().map(digest), "format": setup.format, "headers": setup.header_names,
        "mapping": setup.mapping, "every": setup.every, "at": time_of_day::show(setup.minute),
        "from": setup.taken_from, "grace_minutes": setup.grace_minutes, "life": kept.life.as_str(),
    }))
}

fn shown(kept: &Kept, next: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Feed {
    let Kept { setup, progress, .. } = kept;
    Feed {
        id: kept.id,
        name: setup.name.clone(),
        kind: setup.kind,
        url: model::shown_url(&setup.url),
        format: setup.format,
        headers: setup.header_names.clone(),
        mapping: setup.mapping.clone(),
        every: setup.every,
        at: (setup.every == FeedCadence::Day).then(|| time_of_day::show(setup.minute)),
        grace_minutes: setup.grace(),
        from: setup.taken_from,
        state: progress.state(kept.life),
        unwell_since: progress.unwell_since,
        last_run_at: progress.last_run_at,
        last_success_at: progress.last_success_at,
        last_new_at: progress.last_new_at,
        newest_at: progress.newest_at,
        next_run_at: next,
        lag_seconds: progress.lag(at),
        error_rate: progress.error_rate(),
        error_rate_of: progress.recent_runs,
        failures: progress.failures,
        last_fault: progress.last_fault,
        created_at: kept.created_at,
        version: kept.version,
    }
}

/// A page of the register, oldest first: the feeds in use, or the archived ones.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool, paging: &Paging) -> Result<Page<Feed>> {
    let at = now();
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, archived, paging).await).await?;
    Ok(paging.page(rows, |(kept, _)| kept.id.0, |(kept, next)| shown(&kept, next, at)))
}

/// One feed.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: FeedId) -> Result<Feed> {
    app.db
        .read(who, async |tx| {
            let kept = store::get(tx, who.tenant, id, false).await?;
            Ok(shown(&kept, queue::due_at(tx, who.tenant, id).await?, now()))
        })
        .await
}

/// A page of a feed's runs, newest first.
///
/// # Errors
/// 404.
pub async fn list_runs(app: &App, who: &Who, id: FeedId, paging: &Paging) -> Result<Page<FeedRun>> {
    let rows = app
        .db
        .read(who, async |tx| {
            store::get(tx, who.tenant, id, false).await?;
            store::runs::list(tx, who.tenant, id, paging).await
        })
        .await?;
    Ok(paging.page(rows, |run| run.id.0, |run| run))
}

/// Changes a feed. With another source it is fetched at once; what is fetched meanwhile is dropped.
///
/// # Errors
/// 404, 409 when it is archived, 412 for a stale version, 422 with every wrong field, secret headers that another server
/// would get among them.
pub async fn update(app: &App, who: &Who, id: FeedId, read: &IfMatch, change: UpdateFeed) -> Result<Feed> {
    let at = now();
    let feed = app
        .db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            read.check(before.version)?;
            let (mut kept, minute) = with(&before, &change);
            let address = change.url.as_deref().unwrap_or(&kept.setup.url);
            let mut checks = check(app, address, &kept.setup, minute);
            model::check_headers(&mut checks, change.headers.as_deref().unwrap_or_default());
            let theirs = model::same_server(&before.setup.url, &kept.setup.url);
            let moved = !theirs && change.headers.is_none() && !before.setup.header_names.is_empty();
            let detail = "Is on another server, which does not get the secrets of the one before. Give the headers again, or `[]`.";
            checks.ensure(!moved, "/headers", "required", detail);
            if !moved {
                kept.secrets = secrets::behind(&app.sealer, who.tenant, &before, &change, &mut checks)?;
            }
            let again = before.progress.newest_at.is_some() && change.from.is_none();
            let told_otherwise = again && model::told_otherwise(&before.setup.mapping, &kept.setup.mapping);
            let detail = "What was taken under the mapping before would be counted once more under this one. Give the time \
                          from which on samples are taken, behind `newest_at`, or null to count all of them again.";
            checks.ensure(!told_otherwise, "/from", "required", detail);
            if kept.setup.mapping != before.setup.mapping {
                check_named(tx, who.tenant, &kept.setup.mapping, &mut checks).await?;
            }
            checks.done()?;
            if kept.setup == before.setup && kept.secrets == before.secrets {
                return Ok(shown(&before, queue::due_at(tx, who.tenant, id).await?, at));
            }
            let source = |kept: &Kept| {
                let setup = &kept.setup;
                (setup.url.clone(), setup.format, setup.mapping.clone(), setup.taken_from, kept.secrets.clone())
            };
            let times = |setup: &Setup| (setup.every, setup.minute, setup.grace());
            let elsewhere = source(&kept) != source(&before);
            let otherwise = times(&kept.setup) != times(&before.setup);
            if elsewhere || otherwise {
                kept.progress = kept.progress.watched_anew(at, elsewhere);
            }
            changed(tx, who, &before, &mut kept, "feed.updated").await?;
            // What is being fetched goes on, unless it is not what is wanted any more.
            if kept.life == Life::Active && elsewhere {
                queue::plan(tx, who.tenant, id, at).await?;
            } else if kept.life == Life::Active && otherwise {
                let zone = tenants::settings(tx, who.tenant).await?.time_zone;
                let due = kept.progress.due(&kept.setup, id, zone, at, 0.0);
                queue::move_to(tx, who.tenant, id, due, at).await?;
            }
            Ok(shown(&kept, queue::due_at(tx, who.tenant, id).await?, at))
        })
        .await?;
    app.wake(Topic::Fetches);
    Ok(feed)
}

/// A feed with what is wanted of it but its secrets, and the time of day that was given, if it was, and whether it is one.
fn with(before: &Kept, change: &UpdateFeed) -> (Kept, Option<Option<i32>>) {
    let mut kept = before.clone();
    let setup = &mut kept.setup;
    let minute = change.at.as_deref().map(time_of_day::parse);
    if let Some(name) = &change.name {
        name.trim().clone_into(&mut setup.name);
    }
    setup.kind = change.kind.unwrap_or(setup.kind);
    if let Some(url) = &change.url {
        model::parted(url).0.clone_into(&mut setup.url);
    }
    if let Some(headers) = &change.headers {
        setup.header_names = names(headers);
    }
    setup.format = change.format.unwrap_or(setup.format);
    setup.mapping = change.mapping.clone().unwrap_or_else(|| setup.mapping.clone());
    setup.every = change.every.unwrap_or(setup.every);
    setup.minute = minute.flatten().unwrap_or(setup.minute);
    setup.grace_minutes = change.grace_minutes.unwrap_or(setup.grace_minutes);
    setup.taken_from = change.from.unwrap_or(setup.taken_from);
    (kept, minute)
}

/// A feed that is not archived, locked.
async fn living(tx: &mut Tx, who: &Who, id: FeedId) -> Result<Kept> {
    let kept = store::get(tx, who.tenant, id, true).await?;
    if kept.life == Life::Archived {
        return Err(Error::conflict("This feed is archived: it can be read, not changed. Make another one."));
    }
    Ok(kept)
}

/// Writes the next version of a locked feed, with its audit entry.
async fn changed(tx: &mut Tx, who: &Who, before: &Kept, kept: &mut Kept, action: &str) -> Result<()> {
    kept.version += 1;
    store::update(tx, who.tenant, kept).await?;
    let object = Some(kept.id.to_string());
    let entry = Entry { action, object, before: audited(before), after: audited(kept), ..Entry::default() };
    audit::record(tx, who, entry).await?;
    Ok(())
}

/// What a chat is told of a feed, as it was when the feed became unwell; `None` when it is not there or not fetched any more.
///
/// # Errors
/// When the database fails.
pub async fn notice(tx: &mut Tx, tenant: TenantId, id: Uuid) -> Result<Option<FeedNotice>> {
    let found = store::find(tx, tenant, FeedId(id), false).await?;
    // Nobody waits for what is fetched no more.
    Ok(found.filter(|kept| kept.life == Life::Active).map(|kept| FeedNotice {
        id: kept.id,
        name: kept.setup.name,
        kind: kept.setup.kind,
        trouble: kept.progress.trouble.unwrap_or(FeedTrouble::Silent),
        fault: kept.progress.told_fault,
        last_new_at: kept.progress.last_new_at,
    }))
}
