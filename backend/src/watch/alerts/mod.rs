//! Alerts: one open alert a breach, with its timeline, its picture and its way to the chat.
//!
//! Vocabulary: a *breach* is a rule broken at a place (channel or campaign); its key is unique among open alerts, so
//! whatever happens twice or at once makes one alert. States: firing, silenced, acknowledged, resolved. Every change is one
//! version, one step of the timeline, and one wish to the deliveries that the chat show the new version. An alert is
//! *quiet* while a silence, a maintenance window or a stop-loss of its campaign (*inhibition*) keeps it so: it is judged
//! on, and nobody is told; it *speaks* when nothing does any more.
//! Cast: [`hush`] (what keeps an alert quiet), [`digest`] (many at a glance), [`picture`], [`words`] (what is said in both
//! languages), `speaking` (telling the chats), `calm` (storms and flapping, pure), `care` (escalating and reminding, pure),
//! `contribution` (which channels moved a figure), `told` (what a message's thread tells), [`why()`] (why somebody was told, or was not). Invariants: raising,
//! updating and resolving are part of the transaction that judged; a resolved alert never opens again, a new one is raised; a caller who
//! is narrowed to channels reaches the alerts whose channel and campaign they reach ([`crate::identity::reach`]).

mod calm;
mod care;
mod contribution;
mod digest;
pub mod hush;
pub mod jobs;
pub mod picture;
pub mod routes;
mod speaking;
mod store;
mod told;
mod view;
mod why;
pub mod words;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::identity::{reach, staff};
use crate::plan::campaigns::model::Verb;
use crate::plan::campaigns::{self, CampaignChanged};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::{PageParams, Paging};
use crate::platform::http::who::{Reach, Who};
use crate::platform::jobs::queue;
use crate::platform::wake::Topic;
use crate::watch::quiet;
use crate::watch::rules::ActiveRule;
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, RuleId, StaffId, TenantId};
use tillwatch_shared::watch::{
    Alert, AlertAcknowledged, AlertEvent, AlertSilenced, AlertState, AlertStep, Figures, SilenceAlert,
};
use tillwatch_shared::webhooks::{AlertTold, EventType};
use uuid::Uuid;

pub use digest::{Many, digest};
use store::Doing;
pub use store::{OpenAlert, Wanted};
pub use told::untold;
pub use view::by_ids;
pub use why::why;

/// A rule broken at a place.
pub struct Breach<'a> {
    /// The rule.
    pub rule: &'a ActiveRule,
    /// The channel, if the rule judges channels.
    pub channel: Option<ChannelId>,
    /// The campaign, if the rule stands on one.
    pub campaign: Option<CampaignId>,
    /// Why, in numbers.
    pub figures: Figures,
    /// The start of the judged day, or the time of the write for a stop-loss.
    pub window_start: DateTime<Utc>,
    /// Whether the campaign was paused for it, or was paused by another stop-loss already.
    pub paused_campaign: bool,
    /// When it may be told in chat: now, or when the rule's quiet hours are over.
    pub speaks_at: DateTime<Utc>,
    /// Its key: see [`breach_key`].
    pub key: String,
}

/// The key of a breach: unique among a retailer's open alerts.
pub fn breach_key(rule: RuleId, channel: Option<ChannelId>, campaign: Option<CampaignId>) -> String {
    let place = |id: Option<String>| id.unwrap_or_else(|| "-".to_owned());
    format!("{rule}/{}/{}", place(channel.map(|id| id.to_string())), place(campaign.map(|id| id.to_string())))
}

/// The open alert of a breach, locked.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Option<OpenAlert>> {
    store::open(tx, tenant, key).await
}

/// The open alerts of a rule, locked.
///
/// # Errors
/// When the database fails.
pub async fn open_of_rule(tx: &mut Tx, tenant: TenantId, rule: RuleId) -> Result<Vec<OpenAlert>> {
    store::open_of_rule(tx, tenant, rule).await
}

/// Raises an alert and tells every linked chat; `false` when the breach has an open alert already.
///
/// # Errors
/// When the database fails.
pub async fn raise(tx: &mut Tx, who: &Who, id: AlertId, breach: Breach<'_>, at: DateTime<Utc>) -> Result<bool> {
    let hush = hush::of_new(tx, who, id, &breach, at).await?;
    let contribution = contribution::of(tx, who.tenant, &breach).await?;
    if !store::insert(tx, who.tenant, id, &breach, hush.as_ref(), contribution.as_ref(), at).await? {
        return Ok(false);
    }
    store::add_event(tx, who, id, 1, AlertStep::Opened, Some(&breach.figures), at).await?;
    match &hush {
        Some(hush) => {
            store::add_event(tx, who, id, 2, hush.step(), None, at).await?;
            hush::ends_by_itself(tx, who, hush).await?;
        }
        None => speaking::speak(tx, who, id, &breach.key, breach.rule.severity, 1, at).await?,
    }
    if breach.rule.spec.is_stop_loss() {
        settle_soon(tx, who, at).await?;
    }
    let after = Some(json!({ "rule": breach.rule.id, "figures": breach.figures }));
    let entry = Entry { action: "alert.opened", object: Some(id.to_string()), after, ..Entry::default() };
    audit::record(tx, who, entry).await?;
    tell(tx, who, id, EventType::AlertOpened, at).await?;
    Ok(true)
}

/// Has the open alerts looked at again: one of them may hide others now, or no longer. Once more a while later, for
/// what was being raised at the same time and could not be seen yet.
async fn settle_soon(tx: &mut Tx, who: &Who, at: DateTime<Utc>) -> Result<()> {
    queue::enqueue(tx, who, quiet::SETTLE, &json!({ "again": true }), at).await
}

/// Has customers' own systems told what became of an alert.
async fn tell(tx: &mut Tx, who: &Who, id: AlertId, kind: EventType, at: DateTime<Utc>) -> Result<()> {
    let Some(row) = store::by_ids(tx, who.tenant, &[id.0]).await?.pop() else { return Ok(()) };
    let told = AlertTold {
        alert: id,
        state: row.state.parse().map_err(Error::internal)?,
        rule: RuleId(row.rule_id),
        severity: row.severity.parse().map_err(Error::internal)?,
        metric: row.metric,
        channel: row.channel_id.map(ChannelId),
        campaign: row.campaign_id.map(CampaignId),
        paused_campaign: row.paused_campaign,
        figures: serde_json::from_value(row.figures).map_err(Error::internal)?,
        by: who.actor.kind().to_owned(),
    };
    events::emit(tx, who, &Happened::Alert(kind, told), at).await?;
    Ok(())
}

/// Brings an open alert up to date; nothing happens when it says the same already.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, who: &Who, open: &OpenAlert, breach: Breach<'_>, at: DateTime<Utc>) -> Result<()> {
    let moved = breach.rule_window_moves(open);
    if !moved && say_the_same(&breach.figures, &open.figures) {
        return Ok(());
    }
    if let Some(contribution) = contribution::of(tx, who.tenant, &breach).await? {
        store::set_contribution(tx, who.tenant, open.id, &contribution).await?;
    }
    let version = store::set_figures(tx, who.tenant, open.id, &breach).await?;
    store::add_event(tx, who, open.id, version, AlertStep::Updated, Some(&breach.figures), at).await?;
    speaking::show_anew(tx, who, open.id, open.group, version, at).await
}

/// Whether two sets of figures say the same to a reader. What was kept as JSON may differ in the last bit.
fn say_the_same(one: &Figures, other: &Figures) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9);
    let both = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => close(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    close(one.value, other.value)
        && both(one.expected, other.expected)
        && both(one.line, other.line)
        && one.n == other.n
}

impl Breach<'_> {
    /// Whether the alert now speaks of another day. A stop-loss speaks of the campaign's whole life.
    fn rule_window_moves(&self, open: &OpenAlert) -> bool {
        !self.rule.spec.is_stop_loss() && self.window_start != open.window_start
    }
}

/// Says since when nothing arrives for what an open alert watches, or that something does again (`None`); nothing
/// happens when that is known. It stays open: silence is no recovery.
///
/// # Errors
/// When the database fails.
pub async fn silent(
    tx: &mut Tx,
    who: &Who,
    open: &OpenAlert,
    since: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<()> {
    if open.no_data_since.is_some() == since.is_some() {
        return Ok(());
    }
    let version = store::set_silent(tx, who.tenant, open.id, since).await?;
    let step = if since.is_some() { AlertStep::NoData } else { AlertStep::Updated };
    store::add_event(tx, who, open.id, version, step, None, at).await?;
    speaking::show_anew(tx, who, open.id, open.group, version, at).await
}

/// Says that the campaign of an open alert was paused for it, which could not be done when it was raised.
///
/// # Errors
/// When the database fails.
pub async fn stop(tx: &mut Tx, who: &Who, open: &OpenAlert, breach: Breach<'_>, at: DateTime<Utc>) -> Result<()> {
    store::set_paused(tx, who.tenant, open.id).await?;
    let version = store::set_figures(tx, who.tenant, open.id, &breach).await?;
    store::add_event(tx, who, open.id, version, AlertStep::CampaignPaused, Some(&breach.figures), at).await?;
    speaking::show_anew(tx, who, open.id, open.group, version, at).await
}

/// Resolves an open alert, with the figures that ended it where there are some.
///
/// # Errors
/// When the database fails.
pub async fn resolve(
    tx: &mut Tx,
    who: &Who,
    open: &OpenAlert,
    ended_by: Option<Breach<'_>>,
    at: DateTime<Utc>,
) -> Result<()> {
    let figures = ended_by.map(|breach| breach.figures);
    // Somebody else may have seen the end at the same time.
    let Some(version) = store::set_resolved(tx, who.tenant, open.id, at).await? else { return Ok(()) };
    store::add_event(tx, who, open.id, version, AlertStep::Resolved, figures.as_ref(), at).await?;
    speaking::show_anew(tx, who, open.id, open.group, version, at).await?;
    if store::hides_others(tx, who.tenant, open.id).await? {
        settle_soon(tx, who, at).await?;
    }
    let entry = Entry { action: "alert.resolved", object: Some(open.id.to_string()), ..Entry::default() };
    audit::record(tx, who, entry).await?;
    tell(tx, who, open.id, EventType::AlertResolved, at).await
}

/// Has every open alert of a campaign shown anew, since its state was changed.
///
/// # Errors
/// When the database fails.
pub async fn campaign_changed(tx: &mut Tx, who: &Who, change: CampaignChanged, at: DateTime<Utc>) -> Result<()> {
    let CampaignChanged { campaign_id, verb, version } = change;
    let step = match verb {
        Verb::Launch => AlertStep::CampaignLaunched,
        Verb::Pause => AlertStep::CampaignPaused,
        Verb::Resume => AlertStep::CampaignResumed,
        Verb::Submit | Verb::Schedule | Verb::Complete | Verb::Cancel => AlertStep::CampaignChanged,
    };
    let moved = campaigns::moved(tx, who.tenant, campaign_id, version).await?;
    let doing = moved.as_ref().map_or_else(|| Doing::of(who, None), told::doing);
    for (id, group) in store::open_of_campaign(tx, who.tenant, campaign_id).await? {
        let version = store::touch(tx, who.tenant, id).await?;
        store::add_doing(tx, who.tenant, id, (version, step, at), &doing).await?;
        speaking::show_anew(tx, who, id, group, version, at).await?;
    }
    Ok(())
}

/// Acknowledges an alert; `changed` is false when it was acknowledged or resolved already.
///
/// # Errors
/// 404.
pub async fn acknowledge(app: &App, who: &Who, id: AlertId) -> Result<AlertAcknowledged> {
    let at = now();
    let answer = app
        .db
        .write(who, async |tx| {
            let (state, group) = store::lock_state(tx, who.tenant, id).await?;
            check_reach(tx, who, id).await?;
            let changed = state == AlertState::Firing;
            if changed {
                let by = who.staff().map(|staff| staff.0);
                let version = store::set_acknowledged(tx, who.tenant, id, by, at).await?;
                store::add_event(tx, who, id, version, AlertStep::Acknowledged, None, at).await?;
                speaking::show_anew(tx, who, id, group, version, at).await?;
                let entry = Entry { action: "alert.acknowledged", object: Some(id.to_string()), ..Entry::default() };
                audit::record(tx, who, entry).await?;
                tell(tx, who, id, EventType::AlertAcknowledged, at).await?;
            }
            Ok(AlertAcknowledged { changed, alert: view::one(tx, who.tenant, id).await? })
        })
        .await?;
    if answer.changed {
        app.wake(Topic::Deliveries);
    }
    Ok(answer)
}

/// Silences an alert and what else its rule says of the same place; `changed` is false when it is silenced for as long
/// already, or resolved.
///
/// # Errors
/// 404; 422 for a stop-loss, a silence that is too long, a wrong reason.
pub async fn silence(app: &App, who: &Who, id: AlertId, request: SilenceAlert) -> Result<AlertSilenced> {
    let at = now();
    let answer = app
        .db
        .write(who, async |tx| {
            store::lock_state(tx, who.tenant, id).await?;
            check_reach(tx, who, id).await?;
            let changed = hush::silence(tx, who, id, request, at).await?;
            Ok(AlertSilenced { changed, alert: view::one(tx, who.tenant, id).await? })
        })
        .await?;
    if answer.changed {
        app.wake(Topic::Jobs);
        app.wake(Topic::Deliveries);
    }
    Ok(answer)
}

/// One alert.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: AlertId) -> Result<Alert> {
    app.db
        .read(who, async |tx| {
            check_reach(tx, who, id).await?;
            view::one(tx, who.tenant, id).await
        })
        .await
}

/// Refuses an alert that `who` does not reach as if it were not there.
async fn check_reach(tx: &mut Tx, who: &Who, id: AlertId) -> Result<()> {
    if who.reach == Reach::All {
        return Ok(());
    }
    let place = store::place_of(tx, who.tenant, id).await?;
    reach::check(tx, who, place, "alert").await
}

/// A page of the alerts that are wanted, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, wanted: Wanted, paging: &Paging) -> Result<Page<Alert>> {
    let alerts = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            let rows = store::list(tx, who.tenant, within.as_ref(), wanted, paging).await?;
            view::show(tx, who.tenant, rows).await
        })
        .await?;
    Ok(paging.page(alerts, |alert| alert.id.0, |alert| alert))
}

/// The steps of an alert behind a cursor, newest first, each with its version and the names of those who did them.
async fn steps(tx: &mut Tx, who: &Who, id: AlertId, paging: &Paging) -> Result<Vec<(i64, AlertEvent)>> {
    let mut steps = store::timeline(tx, who.tenant, id, paging).await?;
    let of = |step: &AlertEvent| step.actor.as_ref()?.parse::<StaffId>().ok().map(|staff| staff.0);
    let people: Vec<Uuid> = steps.iter().filter_map(|(_, step)| of(step)).collect();
    let names = staff::named(tx, who.tenant, &people).await?;
    for (_, step) in &mut steps {
        step.actor_name = of(step).and_then(|person| names.get(&person).cloned());
    }
    Ok(steps)
}

/// A page of an alert's timeline, newest step first.
///
/// # Errors
/// 404; 422 for a bad limit, 400 for a cursor of another list.
pub async fn timeline(app: &App, who: &Who, id: AlertId, page: &PageParams) -> Result<Page<AlertEvent>> {
    let paging = page.of(who.tenant, "alert timeline", &id.to_string())?;
    let steps = app
        .db
        .read(who, async |tx| {
            check_reach(tx, who, id).await?;
            steps(tx, who, id, &paging).await
        })
        .await?;
    // An alert's opening is its first step, so a timeline has one.
    if steps.is_empty() && paging.after.is_none() {
        return Err(Error::not_found("alert"));
    }
    Ok(paging.page(steps, |(version, _)| store::place(*version), |(_, step)| step))
}
