//! Campaigns (营销活动): what is done on channels, from draft to its end, with days, a budget and a history.
//!
//! Cast: [`model`] (the table of states, what a plan may say), `states` (moving through the table: [`change_state`]
//! for callers, [`pause_by_rule`] for a stop-loss inside the transaction that books the cost, [`history`]), [`jobs`] (a
//! scheduled campaign starts on its first day), this file
//! (the plan: make, read, change, archive). A campaign is named by its id or by the retailer's own key
//! ([`resolve`]). Invariants: `spend` is the running total of [`super::budgets`], never a copy; every change raises
//! the version; a campaign is archived, never deleted, and not while it runs; its budget is in the retailer's
//! currency; a caller who is narrowed to channels reaches the campaigns that run on these alone, and makes no others
//! ([`crate::identity::reach`]).

pub mod jobs;
pub mod model;
pub mod routes;
mod states;
mod store;

pub use states::{CAMPAIGN_CHANGED, CampaignChanged, Held, Moved, change_state, history, moved, pause_by_rule};

use super::change::{self, Changed};
use super::names::{self, Resolved};
use super::{archived, channels, check_key, check_name, check_search, key_taken};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{reach, tenants};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{Reach, Who};
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use serde_json::{Value, json};
use std::collections::HashMap;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::plan::{Campaign, CampaignState, CreateCampaign, UpdateCampaign};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::NamedCampaign;
use tillwatch_shared::{Money, Page};
use uuid::Uuid;

/// The longest objective, in characters.
const LONGEST_OBJECTIVE: usize = 2000;

/// Which campaigns a list holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<CampaignState>,
    /// Only those whose name or key begins so, in any case.
    pub q: Option<String>,
    /// The archived ones instead of the others.
    pub archived: bool,
}

impl Filter {
    /// Text that tells filters apart, for cursors.
    fn binding(&self) -> String {
        format!("{:?}", (self.state, &self.q, self.archived))
    }
}

/// Makes a campaign, as a draft.
///
/// # Errors
/// 422 for what cannot stand in a plan, 409 for a key that is taken.
pub async fn create(app: &App, who: &Who, wanted: CreateCampaign) -> Result<Campaign> {
    let mut checks = Checks::default();
    check_name(&mut checks, "/name", &wanted.name);
    check_key(&mut checks, wanted.external_key.as_deref());
    checks.text("/objective", &wanted.objective, 0, LONGEST_OBJECTIVE);
    refuse(&mut checks, model::judge_days(wanted.starts_on, wanted.ends_on, false));
    let now = now();
    let mut campaign = Campaign {
        resume_asked: None,
        id: CampaignId::new(),
        name: wanted.name,
        external_key: wanted.external_key,
        objective: wanted.objective,
        state: CampaignState::Draft,
        state_reason: None,
        state_since: now,
        stopped_by: None,
        channels: wanted.channels,
        starts_on: wanted.starts_on,
        ends_on: wanted.ends_on,
        budget: wanted.budget,
        spend: Quantity::ZERO,
        archived_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            check_budget(&mut checks, tx, who.tenant, campaign.budget.as_ref()).await?;
            check_channels(&mut checks, tx, who, &campaign.channels).await?;
            checks.done()?;
            campaign.channels.sort_unstable();
            if !store::insert(tx, who.tenant, &campaign).await? {
                return Err(key_taken("campaign"));
            }
            store::add_channels(tx, who.tenant, campaign.id, &campaign.channels).await?;
            states::begin(tx, who, campaign.id, campaign.state, now).await?;
            let after = json!({
                "name": campaign.name, "external_key": campaign.external_key, "objective": campaign.objective,
                "state": campaign.state, "channels": campaign.channels, "starts_on": campaign.starts_on,
                "ends_on": campaign.ends_on, "budget": campaign.budget,
            });
            record(tx, who, "campaign.created", campaign.id, None, Some(after)).await?;
            Ok(campaign)
        })
        .await
}

/// A page of campaigns, newest first.
///
/// # Errors
/// 422 for a bad limit or search, 400 for a cursor of another list.
pub async fn list(app: &App, who: &Who, filter: &Filter, page: &PageParams) -> Result<Page<Campaign>> {
    let mut checks = Checks::default();
    check_search(&mut checks, filter.q.as_deref());
    checks.done()?;
    let paging = page.of(who.tenant, "campaigns", &filter.binding())?;
    let rows = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            store::list(tx, who.tenant, within.as_ref(), filter, &paging).await
        })
        .await?;
    Ok(paging.page(rows, |campaign| campaign.id.0, |campaign| campaign))
}

/// One campaign.
///
/// # Errors
/// 404 when the tenant has no such campaign.
pub async fn get(app: &App, who: &Who, id: CampaignId) -> Result<Campaign> {
    app.db
        .read(who, async |tx| {
            reach::check_campaign(tx, who, id).await?;
            store::get(tx, who.tenant, id).await
        })
        .await
}

/// One campaign, as part of a transaction of somebody who reaches it.
///
/// # Errors
/// 404 when the tenant has no such campaign.
pub async fn plan_of(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<Campaign> {
    store::get(tx, tenant, id).await
}

/// Changes a campaign's plan. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when the campaign is archived, 422 for what cannot stand in a plan.
pub async fn update(
    app: &App,
    who: &Who,
    id: CampaignId,
    version: &IfMatch,
    wanted: UpdateCampaign,
) -> Result<Campaign> {
    let mut checks = Checks::default();
    if let Some(name) = &wanted.name {
        check_name(&mut checks, "/name", name);
    }
    checks.optional_text("/objective", wanted.objective.as_deref(), 0, LONGEST_OBJECTIVE);
    let now = now();
    let campaign = app
        .db
        .write(who, async |tx| {
            let locked = store::lock(tx, who.tenant, id).await?;
            reach::check_campaign(tx, who, id).await?;
            version.check(locked.version)?;
            if locked.archived {
                return Err(archived("campaign"));
            }
            check_budget(&mut checks, tx, who.tenant, wanted.budget.as_ref().and_then(Option::as_ref)).await?;
            if let Some(channels) = &wanted.channels {
                check_channels(&mut checks, tx, who, channels).await?;
            }
            let before = store::get(tx, who.tenant, id).await?;
            let only_start = wanted.ends_on.is_none();
            let mut after = with(before.clone(), wanted);
            refuse(&mut checks, model::judge_days(after.starts_on, after.ends_on, only_start));
            refuse(&mut checks, model::judge_start(after.state, after.starts_on));
            checks.done()?;
            let Some(Changed { before: was, after: is }) = change::between(&before, &after).map_err(Error::internal)?
            else {
                return Ok(before);
            };
            after.version += 1;
            after.updated_at = now.max(before.updated_at);
            store::update(tx, who.tenant, &after).await?;
            if after.channels != before.channels {
                store::set_channels(tx, who.tenant, id, &after.channels).await?;
            }
            let moved = (after.starts_on, after.ends_on) != (before.starts_on, before.ends_on);
            if let Some(first) = after.starts_on.filter(|_| moved && after.state == CampaignState::Scheduled) {
                states::start_on(tx, who, id, first).await?;
            }
            record(tx, who, "campaign.changed", id, Some(was), Some(is)).await?;
            Ok(after)
        })
        .await?;
    if campaign.state == CampaignState::Scheduled {
        // Its first day may have been moved to one that has begun.
        app.wake(Topic::Jobs);
    }
    Ok(campaign)
}

/// Archives a campaign; one that is archived stays as it is.
///
/// # Errors
/// 404, 409 while the campaign is active.
pub async fn archive(app: &App, who: &Who, id: CampaignId) -> Result<Campaign> {
    let now = now();
    app.db
        .write(who, async |tx| {
            let locked = store::lock(tx, who.tenant, id).await?;
            reach::check_campaign(tx, who, id).await?;
            let mut campaign = store::get(tx, who.tenant, id).await?;
            if locked.archived {
                return Ok(campaign);
            }
            if campaign.state == CampaignState::Active {
                return Err(Error::conflict(
                    "The campaign is `active`, which does not allow archiving it. Pause, complete or cancel it first.",
                ));
            }
            campaign.archived_at = Some(now);
            campaign.updated_at = now.max(campaign.updated_at);
            campaign.version += 1;
            store::update(tx, who.tenant, &campaign).await?;
            record(tx, who, "campaign.archived", id, None, None).await?;
            Ok(campaign)
        })
        .await
}

/// What `names` (ids or external keys) point to, in at most two queries; a name that points to nothing is absent.
///
/// # Errors
/// When the database fails.
pub async fn resolve(tx: &mut Tx, tenant: TenantId, names: &[&str]) -> Result<HashMap<String, Resolved<CampaignId>>> {
    let told = names::tell(names, CampaignId::PREFIX, |text| text.parse::<CampaignId>().ok().map(|id| id.0));
    let by_id = if told.ids.is_empty() { Vec::new() } else { store::by_ids(tx, tenant, &told.ids).await? };
    let by_key = if told.keys.is_empty() { Vec::new() } else { store::by_keys(tx, tenant, &told.keys).await? };
    Ok(names::joined(by_id, by_key, CampaignId))
}

/// Names and states of campaigns, archived ones too.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, NamedCampaign>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut found = HashMap::with_capacity(ids.len());
    for (id, name, state) in store::names(tx, tenant, ids).await? {
        let state = state.parse().map_err(Error::internal)?;
        found.insert(id, NamedCampaign { id: CampaignId(id), name, state });
    }
    Ok(found)
}

/// The campaign with what is wanted of it.
fn with(mut campaign: Campaign, wanted: UpdateCampaign) -> Campaign {
    campaign.name = wanted.name.unwrap_or(campaign.name);
    campaign.objective = wanted.objective.unwrap_or(campaign.objective);
    campaign.channels = wanted.channels.unwrap_or(campaign.channels);
    campaign.channels.sort_unstable();
    campaign.starts_on = wanted.starts_on.unwrap_or(campaign.starts_on);
    campaign.ends_on = wanted.ends_on.unwrap_or(campaign.ends_on);
    campaign.budget = wanted.budget.unwrap_or(campaign.budget);
    campaign
}

fn refuse(checks: &mut Checks, faults: Vec<model::Fault>) {
    for fault in faults {
        checks.refuse(&fault.pointer, fault.reason, fault.detail);
    }
}

async fn check_budget(checks: &mut Checks, tx: &mut Tx, tenant: TenantId, budget: Option<&Money>) -> Result<()> {
    if let Some(budget) = budget {
        let currency = tenants::settings(tx, tenant).await?.currency;
        refuse(checks, model::judge_budget(budget, &currency));
    }
    Ok(())
}

async fn check_channels(checks: &mut Checks, tx: &mut Tx, who: &Who, listed: &[ChannelId]) -> Result<()> {
    // A list that is too long is refused for that alone, so no more than that many are looked up.
    let there = channels::existing(tx, who.tenant, &listed[..listed.len().min(model::MOST_CHANNELS)]).await?;
    refuse(checks, model::judge_channels(listed, |id| there.contains(id) && who.reach.holds(*id)));
    let seen = !listed.is_empty() || who.reach == Reach::All;
    let detail =
        "Your permissions are narrowed to channels: name at least one of them, or you could not see the campaign.";
    checks.ensure(seen, "/channels", "required", detail);
    Ok(())
}

async fn record(
    tx: &mut Tx,
    who: &Who,
    action: &str,
    id: CampaignId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    audit::record(tx, who, Entry { action, object: Some(id.to_string()), reason: None, before, after }).await
}
