//! The only SQL of reach: ids of channels, and which campaigns run on which of them.

use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::{campaign_channels, channels};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use uuid::Uuid;

#[diesel::declare_sql_function]
extern "SQL" {
    /// Whether all are true.
    #[aggregate]
    fn bool_and(each: Bool) -> Bool;
}

/// The campaigns that run on some of `channels` and on no others: the rule of `Reach::holds_all` as a query. A tenant
/// has few campaigns, and only its own rows are looked at.
pub(super) async fn campaigns(tx: &mut Tx, tenant: TenantId, channels: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(campaign_channels::table
        .filter(campaign_channels::tenant_id.eq(tenant.0))
        .group_by(campaign_channels::campaign_id)
        .having(bool_and(campaign_channels::channel_id.eq_any(channels)))
        .select(campaign_channels::campaign_id)
        .load(tx)
        .await?)
}

/// The channels that a campaign runs on.
pub(super) async fn channels_of(tx: &mut Tx, tenant: TenantId, campaign: CampaignId) -> Result<Vec<ChannelId>> {
    let ids: Vec<Uuid> = campaign_channels::table
        .filter(campaign_channels::tenant_id.eq(tenant.0))
        .filter(campaign_channels::campaign_id.eq(campaign.0))
        .select(campaign_channels::channel_id)
        .load(tx)
        .await?;
    Ok(ids.into_iter().map(ChannelId).collect())
}

/// Those of `ids` that the tenant has.
pub(super) async fn existing(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(channels::table
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq_any(ids))
        .select(channels::channel_id)
        .load(tx)
        .await?)
}
