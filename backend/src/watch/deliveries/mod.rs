//! Deliveries: taking an incident to the chat, once, and keeping its message true.
//!
//! One delivery is one message in one chat channel: an alert's, or a *notice*, which is no alert's own (a silence that ends
//! soon, a maintenance window). It is level-triggered: it says which version the chat
//! shall show (`wanted`) and which it shows (`posted`), so any number of changes while the chat is away collapse into
//! one edit. The bot claims due deliveries (through [`crate::watch::dispatch`], which knows what they show); a claim is a
//! lease with an attempt number; a report of an older attempt is refused. What may pass is tried again for a day, with
//! pauses that grow to minutes; then the delivery is dead, until a newer version comes or a person sends it again. What
//! the chat refuses for good is dead at once, and waits for a person: for a replay, or for a link that mends the channel.
//! Invariants: the row is written by the transaction that changed the alert; claims skip what others hold; the
//! message id, once known, is never forgotten, so nothing is posted twice; nothing is handed out for a server that is not
//! its retailer's; a caller who is narrowed to channels sees the
//! deliveries of the alerts that they reach. What a chat shows is for everybody in it.

pub mod jobs;
mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::chat::{self, Server};
use crate::identity::reach;
use crate::platform::clock::now;
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use model::Failed;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{AlertId, DeliveryId, NoticeId, TenantId};
use tillwatch_shared::watch::{
    AlertMessage, DeliveryInfo, DeliveryOutcome, DeliveryState, NoticeKind, ReportDelivery, ServerRef, Transport,
};
use uuid::Uuid;

use store::{Posted, Subject};

pub use store::{Claimed, NoticeRow, end};

/// A claimed delivery comes back after this if the bot died.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// Orders `version` of an alert for a chat server, as part of the transaction that raised it or has it speak. A server that
/// shows the alert already is left alone.
///
/// # Errors
/// When the database fails.
pub async fn order(
    tx: &mut Tx,
    who: &Who,
    alert: AlertId,
    version: i64,
    server: &Server,
    at: DateTime<Utc>,
) -> Result<()> {
    store::insert(tx, who, DeliveryId::new(), Subject { id: alert.0, shows: store::ALERT, version }, server, at).await
}

/// Tells every linked chat something that is no alert's own, once: `about` is the thing, `step` which of several. `false`
/// when it was told already.
///
/// # Errors
/// When the database fails.
pub async fn announce(
    tx: &mut Tx,
    who: &Who,
    kind: NoticeKind,
    about: Uuid,
    step: i32,
    at: DateTime<Utc>,
) -> Result<bool> {
    add(tx, who, NoticeId::new(), kind, about, step, at).await
}

async fn add(
    tx: &mut Tx,
    who: &Who,
    id: NoticeId,
    kind: NoticeKind,
    about: Uuid,
    step: i32,
    at: DateTime<Utc>,
) -> Result<bool> {
    if !store::add_notice(tx, who.tenant, id, kind, about, step, at).await? {
        return Ok(false);
    }
    for server in chat::servers_held(tx, who.tenant).await? {
        let subject = Subject { id: id.0, shows: store::NOTICE, version: 1 };
        store::insert(tx, who, DeliveryId::new(), subject, &server, at).await?;
    }
    Ok(true)
}

/// Tells one chat something that is no alert's own, once; as [`announce`].
///
/// # Errors
/// When the database fails.
pub async fn tell(tx: &mut Tx, who: &Who, told: &Once, server: &Server, at: DateTime<Utc>) -> Result<bool> {
    let (id, Once { kind, about, step, of }) = (NoticeId::new(), *told);
    if !store::add_notice(tx, who.tenant, id, kind, about, step, of).await? {
        return Ok(false);
    }
    let subject = Subject { id: id.0, shows: store::NOTICE, version: 1 };
    store::insert(tx, who, DeliveryId::new(), subject, server, at).await?;
    Ok(true)
}

/// What is told once.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    /// What sort of thing.
    pub kind: NoticeKind,
    /// The thing.
    pub about: Uuid,
    /// Which of several.
    pub step: i32,
    /// The time that it speaks of.
    pub of: DateTime<Utc>,
}

/// Whether it was told.
///
/// # Errors
/// When the database fails.
pub async fn was_told(tx: &mut Tx, tenant: TenantId, told: &Once) -> Result<bool> {
    store::was_told(tx, tenant, told.kind, told.about, told.step).await
}

/// Tells every linked chat of a group of alerts, which is a notice about itself; its id.
///
/// # Errors
/// When the database fails.
pub async fn open_group(tx: &mut Tx, who: &Who, at: DateTime<Utc>) -> Result<NoticeId> {
    let id = NoticeId::new();
    add(tx, who, id, NoticeKind::AlertGroup, id.0, 0, at).await?;
    Ok(id)
}

/// Has the messages that show one alert show another in its place, `version` of it. A bot that has one of them in hand
/// loses its lease, and looks for what it may have posted.
///
/// # Errors
/// When the database fails.
pub async fn take_over(
    tx: &mut Tx,
    who: &Who,
    from: AlertId,
    to: AlertId,
    version: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    store::take_over(tx, who, from, to, version, at).await
}

/// Has every chat that shows a notice of these kinds about a thing show what it tells now.
///
/// # Errors
/// When the database fails.
pub async fn renew_all(tx: &mut Tx, who: &Who, kinds: &[NoticeKind], about: Uuid, at: DateTime<Utc>) -> Result<()> {
    for (id, version) in store::renew_notices(tx, who.tenant, kinds, about).await? {
        store::want(tx, who, id.0, version, at).await?;
    }
    Ok(())
}

/// Has every chat that shows a notice show what it tells now.
///
/// # Errors
/// When the database fails.
pub async fn renew(tx: &mut Tx, who: &Who, kind: NoticeKind, about: Uuid, step: i32, at: DateTime<Utc>) -> Result<()> {
    match store::renew_notice(tx, who.tenant, kind, about, step).await? {
        Some((id, version)) => store::want(tx, who, id.0, version, at).await,
        None => Ok(()),
    }
}

/// These notices, in no order; one that is not there is missing.
///
/// # Errors
/// When the database fails.
pub async fn notices(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<NoticeRow>> {
    if ids.is_empty() { Ok(Vec::new()) } else { store::notices(tx, tenant, ids).await }
}

/// Has every chat that shows an alert show `version` of it.
///
/// # Errors
/// When the database fails.
pub async fn want(tx: &mut Tx, who: &Who, alert: AlertId, version: i64, at: DateTime<Utc>) -> Result<()> {
    store::want(tx, who, alert.0, version, at).await
}

/// Claims up to `most` due deliveries of these chats for [`LEASE`], alerts first; of a chat that has a server among
/// `servers`, only those of its servers there.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut SystemTx,
    transports: &[Transport],
    servers: &[ServerRef],
    most: i64,
    at: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let whole: Vec<&str> = transports
        .iter()
        .filter(|chat| servers.iter().all(|one| one.transport != **chat))
        .map(|chat| chat.as_str())
        .collect();
    let named: Vec<String> = servers.iter().map(|one| format!("{}/{}", one.transport, one.server)).collect();
    store::claim(tx, &whole, &named, most, at, at + LEASE).await
}

/// Gives back what was claimed and cannot be handed out, as an attempt that failed for `error`.
///
/// # Errors
/// When the database fails; the lease gives it back then.
pub async fn give_back(tx: &mut SystemTx, claimed: &[(Uuid, i32)], error: &str, at: DateTime<Utc>) -> Result<()> {
    for (id, attempt) in claimed {
        failed(tx, DeliveryId(*id), *attempt, error, None, at).await?;
    }
    Ok(())
}

/// Notes a failed attempt, with what the bot told of it if it was the bot's. `false` when another
/// attempt has the delivery.
async fn failed(
    tx: &mut SystemTx,
    id: DeliveryId,
    attempt: i32,
    error: &str,
    told: Option<&Told>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let Some((before, wanted_at)) = store::failures(tx, id, attempt).await? else { return Ok(false) };
    let (permanent, retry_after) = told.map_or((false, None), |told| (told.permanent, told.retry_after));
    let failed = Failed::of(before, wanted_at, permanent, retry_after, at);
    if failed.dead {
        tracing::warn!(delivery = %id, failures = failed.failures, error, "a delivery is dead");
    }
    store::failed(tx, id, attempt, &failed, error).await?;
    Ok(true)
}

/// What the bot told of a failure.
struct Told {
    permanent: bool,
    retry_after: Option<TimeDelta>,
}

/// A retailer's deliveries rested, since it was suspended: the time of it does not count against them.
///
/// # Errors
/// When the database fails.
pub async fn rested(app: &App, tenant: TenantId, at: DateTime<Utc>) -> Result<()> {
    app.db.system("deliveries have rested", async |tx| store::rested(tx, tenant, at).await).await
}

/// What a delivery shows.
#[derive(Clone, Copy, Debug)]
pub enum Shows {
    /// An alert.
    Alert(AlertId),
    /// A notice.
    Notice(NoticeId),
}

/// The tenant of a delivery, and what it shows, for the narrow role.
///
/// # Errors
/// When the database fails.
pub async fn shown_by(tx: &mut SystemTx, id: DeliveryId) -> Result<Option<(TenantId, Shows)>> {
    let shown = store::subject_of(tx, id).await?;
    Ok(shown.map(|(tenant, subject, shows)| {
        let shows =
            if shows == store::NOTICE { Shows::Notice(NoticeId(subject)) } else { Shows::Alert(AlertId(subject)) };
        (TenantId(tenant), shows)
    }))
}

/// Failures in a row with this one, and when the thread of a message that is shown is told the rest; `None` once that is
/// given up.
async fn owed(
    tx: &mut SystemTx,
    id: DeliveryId,
    attempt: i32,
    at: DateTime<Utc>,
) -> Result<Option<(i32, DateTime<Utc>)>> {
    let Some((before, wanted_at)) = store::failures(tx, id, attempt).await? else { return Ok(None) };
    let again = model::told_again(before, wanted_at, at);
    if again.is_none() {
        tracing::warn!(delivery = %id, "what happened is not told in the message's thread");
    }
    Ok(again.map(|again| (before.saturating_add(1), again)))
}

/// Takes the bot's report of an attempt.
///
/// # Errors
/// 409 `lease_lost` when another attempt has the delivery now.
pub async fn report(app: &App, id: DeliveryId, report: &ReportDelivery) -> Result<()> {
    let at = now();
    let (taken, more) = app
        .db
        .system("report a delivery", async |tx| match &report.outcome {
            DeliveryOutcome::Posted { message, version, told } => {
                let told = told.map_or(*version, |told| told.min(*version));
                let again = if told < *version { owed(tx, id, report.attempt, at).await? } else { None };
                let told = if again.is_some() { told } else { *version };
                let posted = Posted { message, version: *version, told, again };
                store::posted(tx, id, report.attempt, &posted, at).await
            }
            DeliveryOutcome::Failed { error, retry_after_ms, permanent } => {
                let retry_after = retry_after_ms.map(|ms| TimeDelta::milliseconds(i64::from(ms)));
                let told = Told { permanent: *permanent, retry_after };
                Ok((failed(tx, id, report.attempt, error, Some(&told), at).await?, false))
            }
        })
        .await?;
    if !taken {
        return Err(Error::new(Code::LeaseLost, "Another attempt has this delivery now. Drop it."));
    }
    if more {
        app.wake(Topic::Deliveries);
    }
    Ok(())
}

/// A page of the deliveries, newest first, in one state if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, state: Option<DeliveryState>, paging: &Paging) -> Result<Page<DeliveryInfo>> {
    let rows = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            store::list(tx, who.tenant, within.as_ref(), state, paging).await
        })
        .await?;
    Ok(paging.page(rows, |row| row.id.0, |row| row))
}

/// The messages about an alert, oldest first: its own, that of its group, and what was told of it beside them.
///
/// # Errors
/// When the database fails.
pub async fn messages(tx: &mut Tx, tenant: TenantId, alert: AlertId, group: Option<Uuid>) -> Result<Vec<AlertMessage>> {
    store::messages(tx, tenant, alert, group).await
}

/// Sends a dead delivery again, to the chat channel that its server has now; `false` when it is not dead.
///
/// # Errors
/// 404; 409 when its server is linked no more.
pub async fn replay(app: &App, who: &Who, id: DeliveryId) -> Result<bool> {
    let changed = app
        .db
        .write(who, async |tx| {
            let within = reach::within(tx, who).await?;
            store::check_reach(tx, who.tenant, within.as_ref(), id).await?;
            let servers = chat::servers_held(tx, who.tenant).await?;
            let changed = store::replay(tx, who.tenant, id, &servers, now()).await?;
            if changed {
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "delivery.replayed", object, ..Entry::default() }).await?;
            }
            Ok(changed)
        })
        .await?;
    if changed {
        app.wake(Topic::Deliveries);
    }
    Ok(changed)
}

/// A server's alerts go to the chat channel that it has now: what nobody claimed yet, and what was refused for good,
/// which may be because the channel is gone or closed to the bot. What waits for a server that was unlinked is given up.
async fn server_settled(tx: &mut Tx, who: &Who, transport: &str, server: &str, at: DateTime<Utc>) -> Result<()> {
    let servers = chat::servers_held(tx, who.tenant).await?;
    let Some(server) = servers.iter().find(|one| one.transport == transport && one.server_ref == server) else {
        return store::give_up(tx, who.tenant, transport, server).await;
    };
    store::redirect_unclaimed(tx, who.tenant, server).await?;
    for id in store::refused(tx, who.tenant, server).await? {
        if store::replay(tx, who.tenant, id, &servers, at).await? {
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "delivery.replayed", object, ..Entry::default() }).await?;
        }
    }
    Ok(())
}
