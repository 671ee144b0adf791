//! The only SQL of channels.

use super::Filter;
use crate::error::{Error, Result};
use crate::paged;
use crate::plan::names::prefix_pattern;
use crate::platform::db::Tx;
use crate::platform::db::schema::channels;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{ChannelId, TenantId};
use tillwatch_shared::plan::Channel;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = channels)]
struct Row {
    channel_id: Uuid,
    name: String,
    external_key: Option<String>,
    kind: String,
    online: bool,
    domain: String,
    stage: String,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_channel(self) -> Result<Channel> {
        Ok(Channel {
            id: ChannelId(self.channel_id),
            name: self.name,
            external_key: self.external_key,
            kind: self.kind.parse().map_err(Error::internal)?,
            online: self.online,
            domain: self.domain.parse().map_err(Error::internal)?,
            stage: self.stage.parse().map_err(Error::internal)?,
            archived_at: self.archived_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// Adds a channel; `false` when its key is taken, after which the transaction can only be rolled back.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, channel: &Channel) -> Result<bool> {
    let added = diesel::insert_into(channels::table)
        .values((
            channels::tenant_id.eq(tenant.0),
            channels::channel_id.eq(channel.id.0),
            channels::name.eq(&channel.name),
            channels::external_key.eq(&channel.external_key),
            channels::kind.eq(channel.kind.as_str()),
            channels::online.eq(channel.online),
            channels::domain.eq(channel.domain.as_str()),
            channels::stage.eq(channel.stage.as_str()),
            channels::created_at.eq(channel.created_at),
            channels::updated_at.eq(channel.updated_at),
            channels::version.eq(channel.version),
        ))
        .execute(tx)
        .await;
    match added {
        Ok(_) => Ok(true),
        Err(error) if Error::is_unique_violation(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: ChannelId) -> Result<Channel> {
    channels::table
        .select(Row::as_select())
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq(id.0))
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("channel"))?
        .into_channel()
}

pub(super) async fn in_use(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    let used = channels::table.filter(channels::tenant_id.eq(tenant.0)).filter(channels::archived_at.is_null()).count();
    Ok(used.get_result(tx).await?)
}

/// The channels that were archived.
pub(super) async fn archived(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Uuid>> {
    let ids = channels::table.select(channels::channel_id).filter(channels::tenant_id.eq(tenant.0));
    Ok(ids.filter(channels::archived_at.is_not_null()).load(tx).await?)
}

/// As [`get`], held against other writers until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: ChannelId) -> Result<Channel> {
    channels::table
        .select(Row::as_select())
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq(id.0))
        // NO KEY: rows that refer to the channel may still be added meanwhile.
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("channel"))?
        .into_channel()
}

/// Newest first, those that `who` reaches. `q` needs no index: a tenant has few channels, and only its own rows are looked at.
pub(super) async fn list(tx: &mut Tx, who: &Who, filter: &Filter, paging: &Paging) -> Result<Vec<Channel>> {
    let query = channels::table.select(Row::as_select()).filter(channels::tenant_id.eq(who.tenant.0));
    let mut query = paged!(query, paging, channels::channel_id, newest);
    query = if filter.archived {
        query.filter(channels::archived_at.is_not_null())
    } else {
        query.filter(channels::archived_at.is_null())
    };
    if let Some(reached) = who.reach.only() {
        query = query.filter(channels::channel_id.eq_any(reached));
    }
    if let Some(stage) = filter.stage {
        query = query.filter(channels::stage.eq(stage.as_str()));
    }
    if let Some(q) = &filter.q {
        let pattern = prefix_pattern(q);
        query = query.filter(channels::name.ilike(pattern.clone()).or(channels::external_key.ilike(pattern)));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_channel).collect()
}

/// Writes what can change in a channel.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, channel: &Channel) -> Result<()> {
    diesel::update(channels::table)
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq(channel.id.0))
        .set((
            channels::name.eq(&channel.name),
            channels::domain.eq(channel.domain.as_str()),
            channels::stage.eq(channel.stage.as_str()),
            channels::archived_at.eq(channel.archived_at),
            channels::updated_at.eq(channel.updated_at),
            channels::version.eq(channel.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Those of `ids` that exist, each with whether it is archived.
pub(super) async fn by_ids(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, bool)>> {
    Ok(channels::table
        .select((channels::channel_id, channels::archived_at.is_not_null()))
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq_any(ids))
        .load(tx)
        .await?)
}

/// Those of `keys` that exist, each with its id and whether it is archived.
pub(super) async fn by_keys(tx: &mut Tx, tenant: TenantId, keys: &[&str]) -> Result<Vec<(String, Uuid, bool)>> {
    Ok(channels::table
        .select((channels::external_key.assume_not_null(), channels::channel_id, channels::archived_at.is_not_null()))
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::external_key.eq_any(keys))
        .load(tx)
        .await?)
}

/// Ids and names of those of `ids` that exist.
pub(super) async fn names(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(channels::table
        .select((channels::channel_id, channels::name))
        .filter(channels::tenant_id.eq(tenant.0))
        .filter(channels::channel_id.eq_any(ids))
        .load(tx)
        .await?)
}
