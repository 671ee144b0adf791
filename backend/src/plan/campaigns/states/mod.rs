//! How a campaign moves through its states, by people and by rules, and what is kept of it.
//!
//! Whatever moves a campaign goes through [`advance`]: under the row's lock, by the checked table, leaving one row of
//! history and one audit entry. Invariants: calls that race are done one after the other, so the history is a path
//! through the table; the history's key is the version that the step made, so no two steps can claim one place; a
//! repeated call writes nothing; times in a history never go back.

mod store;

use super::model::{Step, Verb, step};
use super::store::{self as campaigns, Locked};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::plan::archived;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tillwatch_shared::ids::{AlertId, CampaignId};
use tillwatch_shared::plan::{CampaignHistory, CampaignState, StateChanged};

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
            let changed = advance(tx, who, &locked, Change { verb, reason, stopped_by: None, now }).await?;
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

/// A campaign's whole history, oldest first.
///
/// # Errors
/// 404 when the tenant has no such campaign.
pub async fn history(app: &App, who: &Who, id: CampaignId) -> Result<CampaignHistory> {
    let data = app.db.read(who, async |tx| store::history(tx, who.tenant, id).await).await?;
    // A campaign's making is its first event.
    if data.is_empty() {
        return Err(Error::not_found("campaign"));
    }
    Ok(CampaignHistory { data })
}

/// Begins the history of a campaign that was just made.
pub(super) async fn begin(tx: &mut Tx, who: &Who, id: CampaignId, to: CampaignState, now: DateTime<Utc>) -> Result<()> {
    store::add_event(tx, who, id, &store::Event { version: 1, at: now, from: None, to, reason: None }).await
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
    Ok(true)
}
