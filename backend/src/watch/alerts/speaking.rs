//! Telling the chats of an alert: how it is told first ([`speak`]), that its messages show what became of it
//! ([`show_anew`]), and that it is told again while nobody has it in hand ([`tell_again`]).
//!
//! Whoever watches is told by rows of the transaction that saw the reason. What is told later is a job that asks whether
//! it is still so; a step that was told is counted on the alert in the same transaction, so that a job that runs twice
//! tells once.

use super::calm::{self, Telling};
use super::care::{self, Act};
use super::store::{self, Cared};
use crate::app::App;
use crate::error::Result;
use crate::identity::chat;
use crate::identity::mails::{self, Letter};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::wake::Topic;
use crate::watch::deliveries;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tillwatch_shared::ids::{AlertId, NoticeId};
use tillwatch_shared::watch::{AlertState, AlertStep, NoticeKind, Severity};
use uuid::Uuid;

/// The job that tells of an alert again.
pub(super) const TELL_AGAIN: &str = "alert_again";
/// The job that has the message of a group show what became of its alerts.
pub(super) const SHOW_GROUP: &str = "alert_group";

/// How long changes of a group's alerts gather before its message is edited.
const GATHERED: TimeDelta = TimeDelta::seconds(1);

/// Tells every linked chat of an alert that shall be heard, as part of the transaction that raised it or that ended what
/// kept it quiet; `version` is the alert's.
///
/// # Errors
/// When the database fails.
pub(super) async fn speak(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    key: &str,
    severity: Severity,
    version: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    let servers = chat::servers_held(tx, who.tenant).await?;
    let telling = if servers.is_empty() {
        Telling::Alone
    } else {
        let recent = store::recent(tx, who.tenant, id, (key, severity), at - calm::LASTS, at - calm::LATELY).await?;
        calm::telling(&recent, at)
    };
    let mut group = None;
    match telling {
        Telling::Grouped(known) => {
            let joined = match known {
                Some(known) => NoticeId(known),
                None => deliveries::open_group(tx, who, at).await?,
            };
            group = Some(joined.0);
            show_group_soon(tx, who, joined.0, at).await?;
        }
        Telling::Flapping { before, times, since } => {
            store::set_flapping(tx, who.tenant, id, times, since).await?;
            deliveries::take_over(tx, who, before, id, version, at).await?;
        }
        Telling::Alone => {}
    }
    if group.is_none() {
        // A server that has a message of it already, or of what it took over, is left alone.
        for server in servers.into_iter().filter(|server| server.takes(severity)) {
            deliveries::order(tx, who, id, version, &server, at).await?;
        }
    }
    // One that is raised carries it already; only the group is new to it.
    if group.is_some() || version > 1 {
        store::set_spoken(tx, who.tenant, id, group, at).await?;
    }
    again_later(tx, who, id, severity, at, 0).await
}

/// Orders the next time that an alert is told, if there is one.
async fn again_later(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    severity: Severity,
    spoke_at: DateTime<Utc>,
    step: i32,
) -> Result<()> {
    let Some((after, _)) = care::step(severity, step) else { return Ok(()) };
    let payload = json!({ "alert": id, "spoke_at": spoke_at, "step": step });
    queue::enqueue(tx, who, TELL_AGAIN, &payload, spoke_at + after).await
}

async fn show_group_soon(tx: &mut Tx, who: &Who, group: Uuid, at: DateTime<Utc>) -> Result<()> {
    queue::enqueue(tx, who, SHOW_GROUP, &json!({ "group": group }), at + GATHERED).await
}

/// Has every chat that shows an alert show `version` of it: its own message, that of its group, and what was told of it
/// beside them.
///
/// # Errors
/// When the database fails.
pub(super) async fn show_anew(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    group: Option<Uuid>,
    version: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    if let Some(group) = group {
        show_group_soon(tx, who, group, at).await?;
    } else {
        deliveries::want(tx, who, id, version, at).await?;
    }
    deliveries::renew_all(tx, who, &[NoticeKind::Escalation, NoticeKind::Reminder], id.0, at).await
}

/// Has the message of a group show what became of its alerts.
///
/// # Errors
/// When the database fails.
pub(super) async fn show_group(app: &App, who: &Who, group: Uuid) -> Result<()> {
    let at = now();
    app.db.write(who, async |tx| deliveries::renew(tx, who, NoticeKind::AlertGroup, group, 0, at).await).await?;
    app.wake(Topic::Deliveries);
    Ok(())
}

/// Tells of an alert again, if it is still so: it fires, nothing keeps it quiet, and it was not told again meanwhile. An
/// acknowledged one is not escalated. In a group nobody is reminded of each: the first of its alerts stands for all.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_again(app: &App, who: &Who, id: AlertId, spoke_at: DateTime<Utc>, step: i32) -> Result<()> {
    let at = now();
    app.db.write(who, async |tx| tell_again_in(tx, who, id, spoke_at, step, at).await).await?;
    app.wake(Topic::Deliveries);
    app.wake(Topic::Jobs);
    Ok(())
}

async fn tell_again_in(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    spoke_at: DateTime<Utc>,
    step: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(cared) = store::lock_cared(tx, who.tenant, id).await? else { return Ok(()) };
    // Whoever began to speak anew has ordered steps of its own.
    if cared.hushed || cared.spoke_at != Some(spoke_at) || cared.told_again != step {
        return Ok(());
    }
    let Some((_, act)) = care::step(cared.severity, step) else { return Ok(()) };
    store::count_told(tx, who.tenant, id).await?;
    let wanted = !(act.escalates() && cared.state == AlertState::Acknowledged);
    if wanted && stands_for_its_group(tx, who, &cared, id).await? {
        act_on(tx, who, id, &cared, act, step, at).await?;
    }
    again_later(tx, who, id, cared.severity, spoke_at, step + 1).await
}

/// Whether an alert is told by itself, or is the oldest of its group that nobody has in hand.
async fn stands_for_its_group(tx: &mut Tx, who: &Who, cared: &Cared, id: AlertId) -> Result<bool> {
    match cared.group {
        None => Ok(true),
        Some(group) => Ok(store::first_of_group(tx, who.tenant, group).await? == Some(id)),
    }
}

async fn act_on(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    cared: &Cared,
    act: Act,
    step: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    let told = if act.escalates() { AlertStep::Escalated } else { AlertStep::Reminded };
    let version = store::touch(tx, who.tenant, id).await?;
    store::add_event(tx, who, id, version, told, None, at).await?;
    if cared.group.is_none() {
        // The thread of its own message tells that.
        deliveries::want(tx, who, id, version, at).await?;
    }
    match act {
        Act::Chat => {
            deliveries::announce(tx, who, NoticeKind::Escalation, id.0, told_as(cared, step), at).await?;
        }
        Act::Remind => {
            deliveries::announce(tx, who, NoticeKind::Reminder, id.0, told_as(cared, step), at).await?;
        }
        Act::Mail(permission) => {
            let letter = Letter::AlertEscalated {
                alert: id,
                rule: cared.rule_name.clone(),
                severity: cared.severity,
                since: cared.opened_at,
            };
            mails::notify(tx, who, permission, &letter).await?;
        }
    }
    Ok(())
}

/// Which notice about its alert a step is: an alert that spoke anew begins to count behind what was told before.
fn told_as(cared: &Cared, step: i32) -> i32 {
    i32::try_from(cared.version).unwrap_or(i32::MAX).saturating_mul(100).saturating_add(step % 100)
}
