//! The only SQL of campaigns; their states' is in [`super::states`].

use super::Filter;
use crate::error::{Error, Result};
use crate::identity::reach::Within;
use crate::paged;
use crate::plan::budgets::SPEND;
use crate::plan::names::prefix_pattern;
use crate::platform::db::Tx;
use crate::platform::db::schema::{campaign_channels, campaign_totals, campaigns};
use crate::platform::http::page::Paging;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::array;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use tillwatch_shared::Money;
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, StaffId, TenantId};
use tillwatch_shared::plan::{Campaign, CampaignState, ResumeAsked};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = campaigns)]
struct Row {
    campaign_id: Uuid,
    name: String,
    external_key: Option<String>,
    objective: String,
    state: String,
    state_reason: Option<String>,
    state_since: DateTime<Utc>,
    stopped_by: Option<Uuid>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    budget_minor: Option<i64>,
    budget_currency: Option<String>,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
    resume_asked_by: Option<Uuid>,
    resume_asked_at: Option<DateTime<Utc>>,
    resume_reason: Option<String>,
}

/// A wish that stands.
fn asked(by: Option<Uuid>, at: Option<DateTime<Utc>>, reason: Option<String>) -> Option<ResumeAsked> {
    Some(ResumeAsked { by: StaffId(by?), at: at?, reason: reason? })
}

/// A campaign's row, what it has cost, and its channels.
type Shown = (Row, Option<i64>, Vec<Uuid>);

fn campaign((row, spend, channels): Shown) -> Result<Campaign> {
    Ok(Campaign {
        id: CampaignId(row.campaign_id),
        name: row.name,
        external_key: row.external_key,
        objective: row.objective,
        state: row.state.parse().map_err(Error::internal)?,
        state_reason: row.state_reason,
        state_since: row.state_since,
        stopped_by: row.stopped_by.map(AlertId),
        resume_asked: asked(row.resume_asked_by, row.resume_asked_at, row.resume_reason),
        channels: channels.into_iter().map(ChannelId).collect(),
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        budget: row
            .budget_minor
            .zip(row.budget_currency)
            .map(|(amount_minor, currency)| Money { amount_minor, currency }),
        spend: spend.map_or(Quantity::ZERO, Quantity::from_e4),
        archived_at: row.archived_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// Adds a campaign without its channels; `false` when its key is taken, after which the transaction can only be
/// rolled back.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, campaign: &Campaign) -> Result<bool> {
    let added = diesel::insert_into(campaigns::table)
        .values((
            campaigns::tenant_id.eq(tenant.0),
            campaigns::campaign_id.eq(campaign.id.0),
            campaigns::name.eq(&campaign.name),
            campaigns::external_key.eq(&campaign.external_key),
            campaigns::objective.eq(&campaign.objective),
            campaigns::state.eq(campaign.state.as_str()),
            campaigns::state_since.eq(campaign.state_since),
            campaigns::starts_on.eq(campaign.starts_on),
            campaigns::ends_on.eq(campaign.ends_on),
            campaigns::budget_minor.eq(campaign.budget.as_ref().map(|b| b.amount_minor)),
            campaigns::budget_currency.eq(campaign.budget.as_ref().map(|b| &b.currency)),
            campaigns::created_at.eq(campaign.created_at),
            campaigns::updated_at.eq(campaign.updated_at),
            campaigns::version.eq(campaign.version),
        ))
        .execute(tx)
        .await;
    match added {
        Ok(_) => Ok(true),
        Err(error) if Error::is_unique_violation(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Cost and channels are looked up by key within the one query.
pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<Campaign> {
    let spend = campaign_totals::table
        .select(campaign_totals::total_e4)
        .filter(campaign_totals::tenant_id.eq(campaigns::tenant_id))
        .filter(campaign_totals::campaign_id.eq(campaigns::campaign_id))
        .filter(campaign_totals::metric.eq(SPEND))
        .single_value();
    let channels = campaign_channels::table
        .select(campaign_channels::channel_id)
        .filter(campaign_channels::tenant_id.eq(campaigns::tenant_id))
        .filter(campaign_channels::campaign_id.eq(campaigns::campaign_id))
        .order(campaign_channels::channel_id);
    let shown = campaigns::table
        .select((Row::as_select(), spend, array::<SqlUuid, _>(channels)))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq(id.0))
        .first::<Shown>(tx)
        .await
        .optional()?;
    campaign(shown.ok_or_else(|| Error::not_found("campaign"))?)
}

/// What a change of a campaign depends on.
pub(super) struct Locked {
    pub(super) id: CampaignId,
    pub(super) state: CampaignState,
    pub(super) state_since: DateTime<Utc>,
    pub(super) starts_on: Option<NaiveDate>,
    pub(super) ends_on: Option<NaiveDate>,
    pub(super) archived: bool,
    /// Whether a stop-loss paused it and nobody moved it since.
    pub(super) stopped: bool,
    /// Who has asked that it be resumed, and when.
    pub(super) asked: Option<(StaffId, DateTime<Utc>)>,
    pub(super) version: i64,
}

/// Holds a campaign against other writers until the transaction ends. Read the whole of it afterwards with [`get`]:
/// a query that waited for the lock would show channels and cost as of before the wait.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<Locked> {
    let (state, state_since, starts_on, ends_on, archived, stopped, version, asked_by, asked_at) = campaigns::table
        .select((
            campaigns::state,
            campaigns::state_since,
            campaigns::starts_on,
            campaigns::ends_on,
            campaigns::archived_at.is_not_null(),
            campaigns::stopped_by.is_not_null(),
            campaigns::version,
            campaigns::resume_asked_by,
            campaigns::resume_asked_at,
        ))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq(id.0))
        // NO KEY: rows that refer to the campaign may still be added meanwhile. With the stronger lock, two writers
        // who each added a total to it and now both want to pause it would deadlock.
        .for_no_key_update()
        .first::<(String, _, _, _, _, _, _, Option<Uuid>, Option<DateTime<Utc>>)>(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("campaign"))?;
    let state = state.parse().map_err(Error::internal)?;
    let asked = asked_by.map(StaffId).zip(asked_at);
    Ok(Locked { id, state, state_since, starts_on, ends_on, archived, stopped, asked, version })
}

/// Newest first. `q` and `state` need no index: a tenant has few campaigns, and only its own rows are looked at.
/// Costs and channels of the page are asked for all at once: as sub-selects of each row they took two thirds of the
/// whole (each starts a scan of its own, under a policy of its own).
pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    filter: &Filter,
    paging: &Paging,
) -> Result<Vec<Campaign>> {
    let query = campaigns::table.select(Row::as_select()).filter(campaigns::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, campaigns::campaign_id, newest);
    query = if filter.archived {
        query.filter(campaigns::archived_at.is_not_null())
    } else {
        query.filter(campaigns::archived_at.is_null())
    };
    if let Some(within) = within {
        query = query.filter(campaigns::campaign_id.eq_any(&within.campaigns));
    }
    if let Some(state) = filter.state {
        query = query.filter(campaigns::state.eq(state.as_str()));
    }
    if let Some(q) = &filter.q {
        let pattern = prefix_pattern(q);
        query = query.filter(campaigns::name.ilike(pattern.clone()).or(campaigns::external_key.ilike(pattern)));
    }
    let rows = query.load::<Row>(tx).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.campaign_id).collect();
    let spend: HashMap<Uuid, i64> = campaign_totals::table
        .select((campaign_totals::campaign_id, campaign_totals::total_e4))
        .filter(campaign_totals::tenant_id.eq(tenant.0))
        .filter(campaign_totals::metric.eq(SPEND))
        .filter(campaign_totals::campaign_id.eq_any(&ids))
        .load::<(Uuid, i64)>(tx)
        .await?
        .into_iter()
        .collect();
    let mut channels: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let of_all = campaign_channels::table
        .select((campaign_channels::campaign_id, campaign_channels::channel_id))
        .filter(campaign_channels::tenant_id.eq(tenant.0))
        .filter(campaign_channels::campaign_id.eq_any(&ids))
        .order((campaign_channels::campaign_id, campaign_channels::channel_id));
    for (campaign, channel) in of_all.load::<(Uuid, Uuid)>(tx).await? {
        channels.entry(campaign).or_default().push(channel);
    }
    let shown = |row: Row| {
        let id = row.campaign_id;
        campaign((row, spend.get(&id).copied(), channels.remove(&id).unwrap_or_default()))
    };
    rows.into_iter().map(shown).collect()
}

/// Writes what can change in a campaign's plan. States are changed by [`super::states`], channels by
/// [`set_channels`].
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, campaign: &Campaign) -> Result<()> {
    diesel::update(campaigns::table)
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq(campaign.id.0))
        .set((
            campaigns::name.eq(&campaign.name),
            campaigns::objective.eq(&campaign.objective),
            campaigns::starts_on.eq(campaign.starts_on),
            campaigns::ends_on.eq(campaign.ends_on),
            campaigns::budget_minor.eq(campaign.budget.as_ref().map(|b| b.amount_minor)),
            campaigns::budget_currency.eq(campaign.budget.as_ref().map(|b| &b.currency)),
            campaigns::archived_at.eq(campaign.archived_at),
            campaigns::updated_at.eq(campaign.updated_at),
            campaigns::version.eq(campaign.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes `channels` the campaign's channels.
pub(super) async fn set_channels(tx: &mut Tx, tenant: TenantId, id: CampaignId, channels: &[ChannelId]) -> Result<()> {
    let ids: Vec<Uuid> = channels.iter().map(|channel| channel.0).collect();
    diesel::delete(campaign_channels::table)
        .filter(campaign_channels::tenant_id.eq(tenant.0))
        .filter(campaign_channels::campaign_id.eq(id.0))
        .filter(campaign_channels::channel_id.ne_all(&ids))
        .execute(tx)
        .await?;
    add_channels(tx, tenant, id, channels).await
}

/// Adds `channels` to the campaign's; those that it has stay.
pub(super) async fn add_channels(tx: &mut Tx, tenant: TenantId, id: CampaignId, channels: &[ChannelId]) -> Result<()> {
    if channels.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = channels
        .iter()
        .map(|channel| {
            (
                campaign_channels::tenant_id.eq(tenant.0),
                campaign_channels::campaign_id.eq(id.0),
                campaign_channels::channel_id.eq(channel.0),
            )
        })
        .collect();
    diesel::insert_into(campaign_channels::table).values(rows).on_conflict_do_nothing().execute(tx).await?;
    Ok(())
}

/// Those of `ids` that exist, each with whether it is archived.
pub(super) async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, bool)>> {
    Ok(campaigns::table
        .select((campaigns::campaign_id, campaigns::archived_at.is_not_null()))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq_any(ids))
        .load(tx)
        .await?)
}

/// Those of `keys` that exist, each with its id and whether it is archived.
pub(super) async fn by_keys(tx: &mut Tx, tenant: TenantId, keys: &[&str]) -> Result<Vec<(String, Uuid, bool)>> {
    Ok(campaigns::table
        .select((
            campaigns::external_key.assume_not_null(),
            campaigns::campaign_id,
            campaigns::archived_at.is_not_null(),
        ))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::external_key.eq_any(keys))
        .load(tx)
        .await?)
}

/// Ids, names and states of those of `ids` that exist.
pub(super) async fn names(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, String, String)>> {
    Ok(campaigns::table
        .select((campaigns::campaign_id, campaigns::name, campaigns::state))
        .filter(campaigns::tenant_id.eq(tenant.0))
        .filter(campaigns::campaign_id.eq_any(ids))
        .load(tx)
        .await?)
}
