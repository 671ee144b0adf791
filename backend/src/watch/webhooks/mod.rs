//! Webhooks: telling customers' own systems what happened.
//!
//! Vocabulary: a *webhook* is an address of a retailer's that asks for types of event; a *message* is one event's way to
//! one webhook, with an id that stays the same however often it is sent; an *attempt* is one try to send it. The way of
//! an event: the change writes it ([`crate::identity::events`]); a job puts it on its ways ([`messages::fan_out`]); the
//! [`sender`] claims due messages, signs the event (`signature`, Standard Webhooks 1.0), sends it through
//! [`crate::platform::outbound`] and judges the outcome (`model`).
//!
//! Invariants: an event reaches a webhook at least once, under one id; no transaction is open while something is sent; a
//! webhook that is slow or dead holds up neither others nor jobs; a secret is kept sealed and shown once; nothing of
//! what was answered is kept but the status, since it may hold anything. A webhook that accepts nothing of what
//! it was sent again and again for five days, or answers 410, is disabled, with an audit entry, an event that the retailer's other webhooks are told of, and a mail
//! to everybody who may manage webhooks.

pub mod jobs;
pub mod messages;
mod model;
pub mod routes;
pub mod sender;
mod signature;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::identity::mails::{self, Letter};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::hex::hex;
use crate::platform::http::authorized::fresh;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::sealed::Place;
use crate::platform::validate::Checks;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::Page;
use tillwatch_shared::ids::{TenantId, WebhookId};
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::webhooks::{
    CreateWebhook, DisabledBecause, EventType, UpdateWebhook, Webhook, WebhookChanged, WebhookDisabledNotice,
    WebhookSecret, WebhookState,
};

/// The most webhooks of a retailer, the archived ones aside.
const MOST_WEBHOOKS: i64 = 50;
/// The longest overlap of two secrets, in hours.
const LONGEST_OVERLAP: u8 = 72;

fn place(tenant: TenantId, id: WebhookId) -> Place<'static> {
    Place { tenant: Some(tenant), purpose: "webhook secret", object: id.0 }
}

/// Makes a webhook; its secret is in the answer and nowhere else.
///
/// # Errors
/// 422 with every wrong field, 409 when there are too many.
pub async fn create(app: &App, who: &Who, wish: CreateWebhook) -> Result<WebhookSecret> {
    check(app, Some(&wish.name), Some(&wish.url), Some(&wish.events))?;
    let mut webhook = Webhook {
        id: WebhookId::new(),
        name: wish.name.trim().to_owned(),
        url: wish.url,
        events: wish.events,
        state: WebhookState::Enabled,
        disabled_because: None,
        previous_secret_until: None,
        failing_since: None,
        created_at: now(),
        version: 1,
    };
    tidy(&mut webhook.events);
    let secret: [u8; signature::SECRET] = rand::random();
    let sealed = app.sealer.seal(place(who.tenant, webhook.id), &secret)?;
    app.db
        .write(who, async |tx| {
            // Two that are made at once must not both find the last place free.
            tenants::lock(tx, who.tenant).await?;
            if store::count(tx, who.tenant).await? >= MOST_WEBHOOKS {
                let detail = format!("A retailer has at most {MOST_WEBHOOKS} webhooks. Archive one first.");
                return Err(Error::conflict(detail));
            }
            store::insert(tx, who.tenant, &webhook, &sealed).await?;
            let object = Some(webhook.id.to_string());
            let entry = Entry { action: "webhook.created", object, after: shown(&webhook), ..Entry::default() };
            audit::record(tx, who, entry).await
        })
        .await?;
    Ok(WebhookSecret { webhook, secret: Some(signature::secret_text(&secret)) })
}

fn check(app: &App, name: Option<&str>, url: Option<&str>, types: Option<&[EventType]>) -> Result<()> {
    let mut checks = Checks::default();
    checks.optional_line("/name", name, 1, 120);
    if let Some(Err(refused)) = url.map(|url| app.outbound.target(url)) {
        checks.refuse("/url", refused.reason, refused.detail);
    }
    for (pointer, reason, detail) in types.map(model::judge_types).unwrap_or_default() {
        checks.refuse(&pointer, reason, detail);
    }
    checks.done()
}

fn tidy(types: &mut Vec<EventType>) {
    types.sort_unstable();
    types.dedup();
}

/// What the audit log keeps of a webhook: of its address the host, since the rest may hold a secret, and SHA-256 of all of
/// it, so that every change of it is seen.
#[expect(clippy::unnecessary_wraps, reason = "as an audit entry takes it")]
fn shown(webhook: &Webhook) -> Option<serde_json::Value> {
    let host = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let digest: [u8; 32] = Sha256::digest(webhook.url.as_bytes()).into();
    Some(json!({
        "name": webhook.name, "host": host, "url_sha256": hex(&digest), "events": webhook.events,
        "state": webhook.state,
    }))
}

/// A page of the webhooks, oldest first: those in use, or the archived ones.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool, paging: &Paging) -> Result<Page<Webhook>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, archived, paging).await).await?;
    Ok(paging.page(rows, |webhook| webhook.id.0, |webhook| webhook))
}

/// One webhook.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: WebhookId) -> Result<Webhook> {
    Ok(app.db.read(who, async |tx| store::get(tx, who.tenant, id, false).await).await?.webhook)
}

/// Changes a webhook's name, address or types. A new address gets what is queued and what is replayed, so it asks for a
/// fresh proof of who asks, as a new webhook does.
///
/// # Errors
/// 403 for a new address without that proof, 404, 409 when it is archived, 412 for a stale version, 422 with every wrong field.
pub async fn update(app: &App, who: &Who, id: WebhookId, read: &IfMatch, change: UpdateWebhook) -> Result<Webhook> {
    app.db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            read.check(before.version)?;
            check(app, change.name.as_deref(), change.url.as_deref(), change.events.as_deref())?;
            let mut webhook = before.clone();
            if let Some(name) = change.name {
                name.trim().clone_into(&mut webhook.name);
            }
            if let Some(types) = change.events {
                webhook.events = types;
                tidy(&mut webhook.events);
            }
            if let Some(url) = change.url.filter(|url| *url != before.url) {
                fresh(who)?;
                webhook.url = url;
                // What failed was the address before.
                webhook.failing_since = None;
            }
            if webhook == before {
                return Ok(before);
            }
            changed(tx, who, &before, webhook, "webhook.updated").await
        })
        .await
}

/// A webhook that is not archived, locked.
async fn living(tx: &mut Tx, who: &Who, id: WebhookId) -> Result<Webhook> {
    let webhook = store::get(tx, who.tenant, id, true).await?.webhook;
    if webhook.state == WebhookState::Archived {
        return Err(Error::conflict("This webhook is archived: it can be read, not changed. Make another one."));
    }
    Ok(webhook)
}

/// Writes the next version of a locked webhook, with its audit entry.
async fn changed(tx: &mut Tx, who: &Who, before: &Webhook, mut webhook: Webhook, action: &str) -> Result<Webhook> {
    webhook.version += 1;
    store::update(tx, who.tenant, &webhook).await?;
    let object = Some(webhook.id.to_string());
    let entry = Entry { action, object, before: shown(before), after: shown(&webhook), ..Entry::default() };
    audit::record(tx, who, entry).await?;
    Ok(webhook)
}

/// Enables a webhook: what happens from now on is sent. What happened meanwhile can be replayed.
///
/// # Errors
/// 404, 409 when it is archived.
pub async fn enable(app: &App, who: &Who, id: WebhookId) -> Result<WebhookChanged> {
    app.db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            if before.state == WebhookState::Enabled {
                return Ok(WebhookChanged { changed: false, webhook: before });
            }
            let (state, disabled_because, failing_since) = (WebhookState::Enabled, None, None);
            let webhook = Webhook { state, disabled_because, failing_since, ..before.clone() };
            Ok(WebhookChanged { changed: true, webhook: changed(tx, who, &before, webhook, "webhook.enabled").await? })
        })
        .await
}

/// Disables a webhook: nothing is sent any more, and what was queued is given up.
///
/// # Errors
/// 404, 409 when it is archived.
pub async fn disable(app: &App, who: &Who, id: WebhookId) -> Result<WebhookChanged> {
    app.db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            if before.state == WebhookState::Disabled {
                return Ok(WebhookChanged { changed: false, webhook: before });
            }
            Ok(WebhookChanged { changed: true, webhook: stop(tx, who, before, DisabledBecause::Person).await? })
        })
        .await
}

/// Disables a locked, enabled webhook.
async fn stop(tx: &mut Tx, who: &Who, before: Webhook, because: DisabledBecause) -> Result<Webhook> {
    let webhook = Webhook { state: WebhookState::Disabled, disabled_because: Some(because), ..before.clone() };
    let webhook = changed(tx, who, &before, webhook, "webhook.disabled").await?;
    store::messages::give_up(tx, who.tenant, webhook.id).await?;
    Ok(webhook)
}

/// Disables a locked webhook that accepts nothing any more, and tells the retailer's others, and by mail everybody who
/// may manage them.
async fn stop_by_itself(
    tx: &mut Tx,
    who: &Who,
    webhook: Webhook,
    because: DisabledBecause,
    at: DateTime<Utc>,
) -> Result<()> {
    let webhook = stop(tx, who, webhook, because).await?;
    let gone = because == DisabledBecause::Gone;
    let letter = Letter::WebhookDisabled { webhook: webhook.name.clone(), gone, at };
    mails::notify(tx, who, Permission::WebhooksWrite, &letter).await?;
    tracing::warn!(webhook = %webhook.id, tenant = %who.tenant, %because, "a webhook is disabled");
    let told = Happened::WebhookDisabled(WebhookDisabledNotice { webhook: webhook.id, because });
    events::emit(tx, who, &told, at).await?;
    Ok(())
}

/// What failed before a retailer was suspended is not held against its webhooks: nothing was tried meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn rested(app: &App, who: &Who) -> Result<()> {
    app.db.write(who, async |tx| store::forgive(tx, who.tenant).await).await
}

/// Archives a webhook: nothing is sent any more, and its secrets are wiped. One that is archived stays as it is.
///
/// # Errors
/// 404.
pub async fn archive(app: &App, who: &Who, id: WebhookId) -> Result<WebhookChanged> {
    app.db
        .write(who, async |tx| {
            let before = store::get(tx, who.tenant, id, true).await?.webhook;
            if before.state == WebhookState::Archived {
                return Ok(WebhookChanged { changed: false, webhook: before });
            }
            let (state, previous_secret_until) = (WebhookState::Archived, None);
            let webhook =
                Webhook { state, disabled_because: None, failing_since: None, previous_secret_until, ..before.clone() };
            let webhook = changed(tx, who, &before, webhook, "webhook.archived").await?;
            store::set_secrets(tx, who.tenant, &webhook, None, None).await?;
            store::messages::give_up(tx, who.tenant, id).await?;
            Ok(WebhookChanged { changed: true, webhook })
        })
        .await
}

/// Gives a webhook a new secret, which is in the answer and nowhere else. The one before signs beside it for
/// `overlap_hours`; one before that no longer.
///
/// # Errors
/// 404, 409 when it is archived, 422 for too long an overlap.
pub async fn rotate(app: &App, who: &Who, id: WebhookId, overlap_hours: u8) -> Result<WebhookSecret> {
    let mut checks = Checks::default();
    let fits = overlap_hours <= LONGEST_OVERLAP;
    checks.ensure(fits, "/overlap_hours", "out_of_range", "Takes 0 to 72 hours.");
    checks.done()?;
    let (at, secret) = (now(), rand::random::<[u8; signature::SECRET]>());
    let sealed = app.sealer.seal(place(who.tenant, id), &secret)?;
    let webhook = app
        .db
        .write(who, async |tx| {
            living(tx, who, id).await?;
            let store::Kept { mut webhook, secret: before, .. } = store::get(tx, who.tenant, id, false).await?;
            let before = before.filter(|_| overlap_hours > 0);
            webhook.version += 1;
            webhook.previous_secret_until = before.as_ref().map(|_| at + TimeDelta::hours(i64::from(overlap_hours)));
            store::set_secrets(tx, who.tenant, &webhook, Some(&sealed), before.as_deref()).await?;
            let object = Some(id.to_string());
            let after = Some(json!({ "previous_secret_until": webhook.previous_secret_until }));
            let entry = Entry { action: "webhook.secret_rotated", object, after, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(webhook)
        })
        .await?;
    Ok(WebhookSecret { webhook, secret: Some(signature::secret_text(&secret)) })
}
