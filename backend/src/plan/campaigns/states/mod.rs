//! How a campaign moves through its states, by people, by rules and by the calendar, and what is kept of it.
//!
//! Whatever moves a campaign goes through [`advance`]: under the row's lock, by the checked table, leaving one row of
//! history and one audit entry. Invariants: calls that race are done one after the other, so the history is a path
//! through the table; the history's key is the version that the step made, so no two steps can claim one place; a
//! repeated call writes nothing; times in a history never go back; where the retailer asks for two people, one alone
//! does not resume what a stop-loss paused.

mod store;

use super::model::{Step, Verb, is_due, is_over, step};
use super::store::{self as campaigns, Locked};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::identity::{reach, staff, tenants};
use crate::measure::samples::calendar::{day_start, local_date};
use crate::plan::archived;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Row;
use tillwatch_shared::ids::{AlertId, CampaignId, TenantId};
use tillwatch_shared::plan::{CampaignHistory, CampaignState, ResumeAsked, StateChanged};
use tillwatch_shared::webhooks::{CampaignMoved, EventType};
use uuid::Uuid;

/// The kind of job that tells upper wings that a person or a partner changed a campaign's state. Its payload is a
/// [`CampaignChanged`].
pub const CAMPAIGN_CHANGED: &str = "campaign_changed";

/// What a job of the kind [`CAMPAIGN_CHANGED`] says.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CampaignChanged {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What was done to it.
    pub verb: Verb,
    /// The version of the campaign that this made.
    pub version: i64,
}

/// How long the wish of the first of two people holds.
const WISH_HOLDS: TimeDelta = TimeDelta::hours(24);

/// What became of a rule's wish to pause a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It was active and is paused now.
    Paused,
    /// Another stop-loss had paused it, and nobody has moved it since.
    Already,
    /// It does not run: it was not launched, is at its end, or a person paused it.
    NotRunning,
}

/// The kind of job that launches a scheduled campaign when its first day has begun. Its payload is
/// `{"campaign_id": "cmp_…"}`.
pub(super) const LAUNCH_DUE: &str = "launch_due_campaign";

/// Does `verb` to a campaign, for `reason` (1 to 500 characters). When the campaign is in that state already,
/// nothing is written.
///
/// # Errors
/// 404, 409 when the state does not allow it or the campaign is archived, 422 for a bad reason.
pub async fn change_state(app: &App, who: &Who, id: CampaignId, verb: Verb, reason: &str) -> Result<StateChanged> {
    let mut checks = Checks::default();
    checks.text("/reason", reason, 1, 500);
    checks.done()?;
    let now = now();
    let answer = app
        .db
        .write(who, async |tx| {
            let locked = campaigns::lock(tx, who.tenant, id).await?;
            reach::check_campaign(tx, who, id).await?;
            if verb == Verb::Resume && waits_for_another(tx, who, &locked, reason, now).await? {
                return Ok(StateChanged { changed: false, campaign: campaigns::get(tx, who.tenant, id).await? });
            }
            let changed = advance(tx, who, &locked, Change { verb, reason, stopped_by: None, now }).await?;
            if changed && verb == Verb::Schedule {
                begins_later(tx, who, &locked, now).await?;
            }
            if changed {
                let payload = json!(CampaignChanged { campaign_id: id, verb, version: locked.version + 1 });
                queue::enqueue(tx, who, CAMPAIGN_CHANGED, &payload, now).await?;
            }
            Ok(StateChanged { changed, campaign: campaigns::get(tx, who.tenant, id).await? })
        })
        .await?;
    if answer.changed {
        app.wake(Topic::Jobs);
    }
    Ok(answer)
}

/// Whether the resumption of a campaign that a stop-loss paused waits for a second person, since the retailer asks for two.
/// The first one's wish is kept, and the second one who wishes it has it done.
async fn waits_for_another(tx: &mut Tx, who: &Who, locked: &Locked, reason: &str, now: DateTime<Utc>) -> Result<bool> {
    if !locked.stopped || locked.state != CampaignState::Paused || !tenants::resume_needs_two(tx, who.tenant).await? {
        return Ok(false);
    }
    let Some(staff) = who.staff() else {
        return Err(Error::conflict(
            "A stop-loss paused this campaign, and the retailer asks for two people to resume it. Let two of its staff do so.",
        ));
    };
    if let Some((first, _)) = locked.asked.filter(|(_, at)| now - *at < WISH_HOLDS) {
        return Ok(first == staff);
    }
    let asked = ResumeAsked { by: staff, at: now, reason: reason.to_owned() };
    store::ask_resume(tx, who.tenant, locked.id, locked.version + 1, &asked).await?;
    let object = Some(locked.id.to_string());
    let entry = Entry { action: "campaign.resume_asked", object, reason: Some(reason), ..Entry::default() };
    audit::record(tx, who, entry).await?;
    Ok(true)
}

/// Has a campaign that was just scheduled start on its first day.
async fn begins_later(tx: &mut Tx, who: &Who, locked: &Locked, now: DateTime<Utc>) -> Result<()> {
    let today = local_date(tenants::settings(tx, who.tenant).await?.time_zone, now);
    if let Some(last) = locked.ends_on.filter(|_| is_over(locked.ends_on, today)) {
        let detail = format!("Its last day, {last}, is over, so it would never start. Set a later `ends_on` first.");
        return Err(Error::conflict(detail));
    }
    match locked.starts_on {
        Some(first) => start_on(tx, who, locked.id, first).await,
        // Refused already: see `advance`.
        None => Ok(()),
    }
}

/// Has a scheduled campaign looked at when `first` begins in the retailer's time zone; at once when it has begun. When
/// the day is moved, the job of the old day stays and finds nothing to do.
pub(super) async fn start_on(tx: &mut Tx, who: &Who, id: CampaignId, first: NaiveDate) -> Result<()> {
    let zone = tenants::settings(tx, who.tenant).await?.time_zone;
    queue::enqueue(tx, who, LAUNCH_DUE, &json!({ "campaign_id": id }), day_start(zone, first)).await
}

/// Launches a scheduled campaign whose first day has come; anything else stays as it is.
///
/// # Errors
/// When there is no such campaign or the database fails.
pub(super) async fn launch_due(app: &App, who: &Who, id: CampaignId) -> Result<()> {
    let (now, who) = (now(), Who { via: "schedule".to_owned(), ..who.clone() });
    let launched = app
        .db
        .write(&who, async |tx| {
            let locked = campaigns::lock(tx, who.tenant, id).await?;
            let today = local_date(tenants::settings(tx, who.tenant).await?.time_zone, now);
            let Some(first) = locked.starts_on else { return Ok(false) };
            if locked.archived || !is_due(locked.state, locked.starts_on, locked.ends_on, today) {
                return Ok(false);
            }
            let reason = format!("Scheduled for {first}.");
            let change = Change { verb: Verb::Launch, reason: &reason, stopped_by: None, now };
            let changed = advance(tx, &who, &locked, change).await?;
            let payload = json!(CampaignChanged { campaign_id: id, verb: Verb::Launch, version: locked.version + 1 });
            queue::enqueue(tx, &who, CAMPAIGN_CHANGED, &payload, now).await?;
            Ok(changed)
        })
        .await?;
    if launched {
        app.wake(Topic::Jobs);
    }
    Ok(())
}

/// Pauses an active campaign because of `alert`, within the transaction that found the breach; `who` is the rule.
/// Writes nothing when the campaign was not active. To pause several, go in the order of their
/// ids. The caller tells upper wings itself: no job is enqueued.
///
/// # Errors
/// When there is no such campaign or the database fails.
pub async fn pause_by_rule(
    tx: &mut Tx,
    who: &Who,
    campaign: CampaignId,
    alert: AlertId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Held> {
    let locked = campaigns::lock(tx, who.tenant, campaign).await?;
    if locked.state != CampaignState::Active {
        return Ok(if locked.stopped { Held::Already } else { Held::NotRunning });
    }
    advance(tx, who, &locked, Change { verb: Verb::Pause, reason, stopped_by: Some(alert), now }).await?;
    Ok(Held::Paused)
}

/// A page of a campaign's history, oldest first or newest first.
///
/// # Errors
/// 404 when the tenant has no such campaign; 422 for a bad limit, 400 for a cursor of another list.
pub async fn history(
    app: &App,
    who: &Who,
    id: CampaignId,
    newest_first: bool,
    page: &PageParams,
) -> Result<CampaignHistory> {
    let filter = format!("{id}/{newest_first}");
    let paging = page.of(who.tenant, "campaign_history", &filter)?;
    let (rows, names) = app
        .db
        .read(who, async |tx| {
            reach::check_campaign(tx, who, id).await?;
            let rows = store::history(tx, who.tenant, id, newest_first, &paging).await?;
            let people: Vec<Uuid> = rows.iter().filter_map(Row::staff).collect();
            let names = staff::named(tx, who.tenant, &people).await?;
            Ok((rows, names))
        })
        .await?;
    // A campaign's making is its first event.
    if rows.is_empty() && paging.after.is_none() {
        return Err(Error::not_found("campaign"));
    }
    let page = paging.page(rows, Row::place, |row| row.into_event(&names));
    Ok(CampaignHistory { data: page.data.into_iter().collect::<Result<_>>()?, next_cursor: page.next_cursor })
}

/// Who made a version of a campaign by changing its state, from where and why.
#[derive(Clone, Debug)]
pub struct Moved {
    /// `staff`, `api_token`, `rule` or `system`.
    pub actor_kind: String,
    /// The actor's id.
    pub actor: Option<Uuid>,
    /// From where.
    pub via: String,
    /// Why.
    pub reason: Option<String>,
}

/// Who made this version of a campaign; `None` when that changed no state.
///
/// # Errors
/// When the database fails.
pub async fn moved(tx: &mut Tx, tenant: TenantId, id: CampaignId, version: i64) -> Result<Option<Moved>> {
    store::moved(tx, tenant, id, version).await
}

/// Begins the history of a campaign that was just made.
pub(super) async fn begin(tx: &mut Tx, who: &Who, id: CampaignId, to: CampaignState, now: DateTime<Utc>) -> Result<()> {
    store::add_event(tx, who, id, &store::Event { version: 1, at: now, from: None, to, reason: None }).await?;
    let by = who.actor.kind().to_owned();
    let made = CampaignMoved { campaign: id, from: None, to, stopped_by: None, by };
    events::emit(tx, who, &Happened::Campaign(EventType::CampaignCreated, made), now).await?;
    Ok(())
}

/// What customers' own systems are told of a verb.
const fn told_of(verb: Verb) -> EventType {
    match verb {
        Verb::Submit => EventType::CampaignSubmitted,
        Verb::Schedule => EventType::CampaignScheduled,
        Verb::Launch => EventType::CampaignLaunched,
        Verb::Pause => EventType::CampaignPaused,
        Verb::Resume => EventType::CampaignResumed,
        Verb::Complete => EventType::CampaignCompleted,
        Verb::Cancel => EventType::CampaignCancelled,
    }
}

/// A wish to move a campaign.
struct Change<'a> {
    verb: Verb,
    reason: &'a str,
    stopped_by: Option<AlertId>,
    now: DateTime<Utc>,
}

/// Moves a locked campaign; `false` when it is there already.
async fn advance(tx: &mut Tx, who: &Who, locked: &Locked, change: Change<'_>) -> Result<bool> {
    let Change { verb, reason, stopped_by, now } = change;
    let to = match step(locked.state, verb).map_err(|refused| Error::conflict(refused.to_string()))? {
        Step::Already => return Ok(false),
        Step::To(state) => state,
    };
    if locked.archived {
        return Err(archived("campaign"));
    }
    if verb == Verb::Schedule && locked.starts_on.is_none() {
        return Err(Error::conflict("A campaign is scheduled for its first day. Set `starts_on` first."));
    }
    // The clock was read before the lock was had: whoever waited may have an earlier time than the step before.
    let at = now.max(locked.state_since);
    let event = store::Event { version: locked.version + 1, at, from: Some(locked.state), to, reason: Some(reason) };
    store::set_state(tx, who.tenant, locked.id, &event, stopped_by).await?;
    store::add_event(tx, who, locked.id, &event).await?;
    let mut after = json!({ "state": to });
    if let Some(alert) = stopped_by {
        after["stopped_by"] = json!(alert);
    }
    let entry = Entry {
        action: verb.action(),
        object: Some(locked.id.to_string()),
        reason: Some(reason),
        before: Some(json!({ "state": locked.state })),
        after: Some(after),
    };
    audit::record(tx, who, entry).await?;
    let by = who.actor.kind().to_owned();
    let moved = CampaignMoved { campaign: locked.id, from: Some(locked.state), to, stopped_by, by };
    events::emit(tx, who, &Happened::Campaign(told_of(verb), moved), at).await?;
    Ok(true)
}
