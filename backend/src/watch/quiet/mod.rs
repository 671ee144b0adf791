//! Quiet times: alerts are judged on, and nobody is told for a while.
//!
//! Vocabulary: a *silence* is somebody's wish not to be told, with a reason, an owner and an end; a *maintenance window*
//! is announced, because what is measured then means nothing, and told of when it ends; a *scope* says which alerts
//! either covers. Cast: [`model`] (what covers what, and how long a silence may be; pure). Invariants: every silence has
//! an owner, a reason and a longest length by the loudest alert that it covers; a stop-loss speaks through all of them; a
//! time that has begun or ended has the open alerts looked at again ([`SETTLE`], which the alerts register); the chat is
//! told before a silence ends, when a window is announced and when it is over; a caller who is narrowed to channels
//! sees and makes the quiet times of what they reach ([`crate::identity::reach`]).

pub mod jobs;
pub mod model;
pub mod routes;
mod store;
mod view;

use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::identity::reach::{self, Place};
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Reach, Who};
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use crate::watch::{deliveries, rules};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tillwatch_shared::Page;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::watch::{NoticeKind, QuietScope, QuietState, RuleSpec, Severity};
use uuid::Uuid;

pub use model::{Kind, QuietTime, Spoken, longest};
pub use view::Shown;

/// The job that looks at the open alerts of a retailer again: a quiet time has begun or ended, or a stop-loss has spoken.
pub const SETTLE: &str = "alerts_settle";

/// A wish for a quiet time.
#[derive(Clone, Debug)]
pub struct Wish {
    /// A silence or a window.
    pub kind: Kind,
    /// Which alerts.
    pub scope: QuietScope,
    /// From when; `None` is now.
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Makes a quiet time.
///
/// # Errors
/// 422 with every wrong field.
pub async fn create(app: &App, who: &Who, wish: Wish) -> Result<Shown> {
    let at = now();
    let made = app
        .db
        .write(who, async |tx| {
            let time = make(tx, who, wish, at).await?;
            view::one(tx, who.tenant, time, at).await
        })
        .await?;
    app.wake(Topic::Jobs);
    app.wake(Topic::Deliveries);
    Ok(made)
}

async fn make(tx: &mut Tx, who: &Who, wish: Wish, at: DateTime<Utc>) -> Result<QuietTime> {
    let mut checks = Checks::default();
    let (scope, loudest) = check_scope(&mut checks, tx, who, &wish).await?;
    keep(tx, who, checks, Wish { scope, ..wish }, loudest, at).await
}

/// Silences what one alert speaks of, as part of `tx`: its scope is there and reached, as the alert is.
///
/// # Errors
/// 422 with every wrong field.
pub async fn silence_like(
    tx: &mut Tx,
    who: &Who,
    alert: &Spoken,
    ends_at: DateTime<Utc>,
    reason: String,
    at: DateTime<Utc>,
) -> Result<QuietTime> {
    let scope = QuietScope {
        rule: Some(alert.rule),
        channel: alert.channel,
        campaign: alert.campaign,
        severity: Some(alert.severity),
    };
    let wish = Wish { kind: Kind::Silence, scope, starts_at: None, ends_at, reason };
    keep(tx, who, Checks::default(), wish, alert.severity, at).await
}

async fn keep(
    tx: &mut Tx,
    who: &Who,
    mut checks: Checks,
    wish: Wish,
    loudest: Severity,
    at: DateTime<Utc>,
) -> Result<QuietTime> {
    let scope = &wish.scope;
    let starts_at = wish.starts_at.unwrap_or(at).max(at);
    model::check(&mut checks, &wish, loudest, starts_at, at);
    checks.done()?;
    let time = QuietTime {
        id: Uuid::now_v7(),
        kind: wish.kind,
        rule: scope.rule,
        channel: scope.channel,
        campaign: scope.campaign,
        severity: loudest,
        reason: wish.reason.trim().to_owned(),
        starts_at,
        ends_at: wish.ends_at,
        owner: who.staff(),
        ended_early_by: None,
        created_at: at,
        version: 1,
    };
    store::insert(tx, who, &time).await?;
    let action = match time.kind {
        Kind::Silence => "silence.created",
        Kind::Maintenance => "maintenance.announced",
    };
    let entry = Entry {
        action,
        object: Some(time.shown_id()),
        reason: Some(&time.reason),
        after: Some(shown(&time)),
        ..Entry::default()
    };
    audit::record(tx, who, entry).await?;
    let payload = json!({ "quiet_time": time.id });
    queue::enqueue(tx, who, SETTLE, &json!({}), time.starts_at).await?;
    queue::enqueue(tx, who, SETTLE, &json!({}), time.ends_at).await?;
    match time.kind {
        Kind::Silence => queue::enqueue(tx, who, jobs::ENDING, &payload, model::notice_at(&time)).await?,
        Kind::Maintenance => {
            deliveries::announce(tx, who, NoticeKind::MaintenanceAnnounced, time.id, 0, at).await?;
            queue::enqueue(tx, who, jobs::OPENED, &payload, time.starts_at).await?;
            queue::enqueue(tx, who, jobs::OVER, &payload, time.ends_at).await?;
        }
    }
    Ok(time)
}

/// What an audit entry shows of it.
fn shown(time: &QuietTime) -> Value {
    json!({
        "rule": time.rule, "channel": time.channel, "campaign": time.campaign, "severity": time.severity,
        "starts_at": time.starts_at, "ends_at": time.ends_at,
    })
}

/// The scope with what its rule adds to it, and the loudest alert that it covers.
async fn check_scope(checks: &mut Checks, tx: &mut Tx, who: &Who, wish: &Wish) -> Result<(QuietScope, Severity)> {
    let mut scope = wish.scope.clone();
    let mut loudest = scope.severity.unwrap_or(Severity::Critical);
    if let Some(id) = scope.rule {
        match rules::find(tx, who, id).await? {
            None => checks.refuse("/scope/rule", "not_found", "There is no such rule."),
            Some(rule) => {
                let stop_loss = matches!(rule.spec, RuleSpec::StopLoss { .. });
                let detail = "A stop-loss cannot be kept quiet: it speaks whenever it pauses a campaign. \
                    Archive the rule, or move its line.";
                checks.ensure(!stop_loss, "/scope/rule", "stop_loss", detail);
                loudest = loudest.min(rule.severity);
                let agrees = scope.channel.is_none() || rule.channel.is_none() || scope.channel == rule.channel;
                checks.ensure(agrees, "/scope/channel", "contradiction", "The rule speaks of another channel.");
                let agrees = scope.campaign.is_none() || rule.campaign.is_none() || scope.campaign == rule.campaign;
                checks.ensure(agrees, "/scope/campaign", "contradiction", "The rule speaks of another campaign.");
                scope.channel = scope.channel.or(rule.channel);
                scope.campaign = scope.campaign.or(rule.campaign);
            }
        }
    }
    if let Some(channel) = scope.channel {
        let found = channels::named(tx, who.tenant, &[channel.0]).await?;
        let there = found.contains_key(&channel.0) && who.reach.holds(channel);
        checks.ensure(there, "/scope/channel", "not_found", "There is no such channel.");
    }
    if let Some(campaign) = scope.campaign {
        let found = campaigns::named(tx, who.tenant, &[campaign.0]).await?;
        let place = Place { channel: None, campaign: Some(campaign) };
        let there = found.contains_key(&campaign.0) && reach::holds(tx, who, place).await?;
        checks.ensure(there, "/scope/campaign", "not_found", "There is no such campaign.");
    }
    let narrowed = who.reach != Reach::All && scope.channel.is_none() && scope.campaign.is_none();
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    checks.ensure(!narrowed, "/scope/channel", "required", detail);
    Ok((scope, loudest))
}

/// A page of the quiet times of a kind, newest first, in one state if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, kind: Kind, state: Option<QuietState>, paging: &Paging) -> Result<Page<Shown>> {
    let at = now();
    let times = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            let times = store::list(tx, who.tenant, within.as_ref(), kind, state, paging, at).await?;
            view::show(tx, who.tenant, times, at).await
        })
        .await?;
    Ok(paging.page(times, |shown| shown.time.id, |shown| shown))
}

/// A quiet time of a kind.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, kind: Kind, id: Uuid) -> Result<Shown> {
    app.db
        .read(who, async |tx| {
            let time = reached(tx, who, kind, id, false).await?;
            view::one(tx, who.tenant, time, now()).await
        })
        .await
}

/// A quiet time, if it is there and `who` reaches it.
async fn reached(tx: &mut Tx, who: &Who, kind: Kind, id: Uuid, lock: bool) -> Result<QuietTime> {
    let time = store::get(tx, who.tenant, kind, id, lock).await?;
    reach::check(tx, who, Place { channel: time.channel, campaign: time.campaign }, kind.noun()).await?;
    Ok(time)
}

/// Ends a quiet time now; one that has not begun never begins. `false` when it was over already.
///
/// # Errors
/// 404.
pub async fn end(app: &App, who: &Who, kind: Kind, id: Uuid) -> Result<(bool, Shown)> {
    let at = now();
    let ended = app
        .db
        .write(who, async |tx| {
            let before = reached(tx, who, kind, id, true).await?;
            if before.state(at) == QuietState::Over {
                return Ok((false, view::one(tx, who.tenant, before, at).await?));
            }
            let mut time = before.clone();
            time.ends_at = at;
            // One that is called off before it begins has no length.
            time.starts_at = time.starts_at.min(at);
            time.ended_early_by = who.staff();
            time.version += 1;
            store::update(tx, who.tenant, &time).await?;
            let action = match kind {
                Kind::Silence => "silence.ended",
                Kind::Maintenance => "maintenance.ended",
            };
            let entry = Entry {
                action,
                object: Some(time.shown_id()),
                before: Some(shown(&before)),
                after: Some(shown(&time)),
                ..Entry::default()
            };
            audit::record(tx, who, entry).await?;
            queue::enqueue(tx, who, SETTLE, &json!({}), at).await?;
            if kind == Kind::Maintenance {
                deliveries::renew(tx, who, NoticeKind::MaintenanceAnnounced, id, 0, at).await?;
                if before.state(at) == QuietState::Active {
                    queue::enqueue(tx, who, jobs::OVER, &json!({ "quiet_time": id }), at).await?;
                }
            }
            Ok((true, view::one(tx, who.tenant, time, at).await?))
        })
        .await?;
    app.wake(Topic::Jobs);
    app.wake(Topic::Deliveries);
    Ok(ended)
}

/// The quiet times that are open at `at`, of both kinds.
///
/// # Errors
/// When the database fails.
pub async fn open_at(tx: &mut Tx, tenant: TenantId, at: DateTime<Utc>) -> Result<Vec<QuietTime>> {
    store::open_at(tx, tenant, at).await
}

/// These quiet times as they are shown at `at`, in no order; one that is not there is missing.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid], at: DateTime<Utc>) -> Result<Vec<Shown>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let times = store::by_ids(tx, tenant, ids).await?;
    view::show(tx, tenant, times, at).await
}
