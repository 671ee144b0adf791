//! Channels: where the retailer meets shoppers (stores, shops, platforms, messages), each with a kind, online or
//! offline, public or private domain (公域/私域), and a stage of life.
//!
//! A channel is named by its id or by the retailer's own key; both serve in samples ([`resolve`]). Invariants: a key
//! is unique in its tenant and never looks like an id; a channel is archived, never deleted, so that what was counted
//! on it stays told. A caller who is narrowed to channels sees and changes these and makes none
//! ([`crate::identity::reach`]).

pub mod model;
pub mod routes;
mod store;

use super::change::{self, Changed};
use super::names::{self, Resolved};
use super::{archived, check_key, check_name, check_search, key_taken};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::reach;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use tillwatch_shared::Page;
use tillwatch_shared::ids::{ChannelId, TenantId};
use tillwatch_shared::plan::{Channel, ChannelStage, CreateChannel, UpdateChannel};
use tillwatch_shared::watch::Named;
use uuid::Uuid;

/// Which channels a list holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of this stage.
    pub stage: Option<ChannelStage>,
    /// Only those whose name or key begins so, in any case.
    pub q: Option<String>,
    /// The archived ones instead of those in use.
    pub archived: bool,
}

impl Filter {
    /// Text that tells filters apart, for cursors.
    fn binding(&self) -> String {
        format!("{:?}", (self.stage, &self.q, self.archived))
    }
}

/// Makes a channel.
///
/// # Errors
/// 403 for a caller who is narrowed to channels, 422 for a bad name or key, 409 for a key that is taken.
pub async fn create(app: &App, who: &Who, wanted: CreateChannel) -> Result<Channel> {
    reach::check_everything(who)?;
    let mut checks = Checks::default();
    check_name(&mut checks, "/name", &wanted.name);
    check_key(&mut checks, wanted.external_key.as_deref());
    checks.done()?;
    let (now, told) = (now(), model::defaults(wanted.kind));
    let channel = Channel {
        id: ChannelId::new(),
        name: wanted.name,
        external_key: wanted.external_key,
        kind: wanted.kind,
        online: wanted.online.unwrap_or(told.online),
        domain: wanted.domain.unwrap_or(told.domain),
        stage: wanted.stage,
        archived_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            if !store::insert(tx, who.tenant, &channel).await? {
                return Err(key_taken("channel"));
            }
            let after = json!({
                "name": channel.name, "external_key": channel.external_key, "kind": channel.kind,
                "online": channel.online, "domain": channel.domain, "stage": channel.stage,
            });
            record(tx, who, "channel.created", channel.id, None, Some(after)).await
        })
        .await?;
    Ok(channel)
}

/// A page of channels, newest first.
///
/// # Errors
/// 422 for a bad limit or search, 400 for a cursor of another list.
pub async fn list(app: &App, who: &Who, filter: &Filter, page: &PageParams) -> Result<Page<Channel>> {
    let mut checks = Checks::default();
    check_search(&mut checks, filter.q.as_deref());
    checks.done()?;
    let paging = page.of(who.tenant, "channels", &filter.binding())?;
    let rows = app.db.read(who, async |tx| store::list(tx, who, filter, &paging).await).await?;
    Ok(paging.page(rows, |channel| channel.id.0, |channel| channel))
}

/// One channel.
///
/// # Errors
/// 404 when the tenant has no such channel.
pub async fn get(app: &App, who: &Who, id: ChannelId) -> Result<Channel> {
    reach::check_channel(who, id)?;
    app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await
}

/// Changes a channel. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when the channel is archived, 422 for a bad name.
pub async fn update(app: &App, who: &Who, id: ChannelId, version: &IfMatch, wanted: UpdateChannel) -> Result<Channel> {
    reach::check_channel(who, id)?;
    let mut checks = Checks::default();
    if let Some(name) = &wanted.name {
        check_name(&mut checks, "/name", name);
    }
    checks.done()?;
    let now = now();
    app.db
        .write(who, async |tx| {
            let before = store::lock(tx, who.tenant, id).await?;
            version.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(archived("channel"));
            }
            let mut after = before.clone();
            after.name = wanted.name.unwrap_or(after.name);
            after.stage = wanted.stage.unwrap_or(after.stage);
            after.domain = wanted.domain.unwrap_or(after.domain);
            let Some(Changed { before: was, after: is }) = change::between(&before, &after).map_err(Error::internal)?
            else {
                return Ok(before);
            };
            after.version += 1;
            after.updated_at = now;
            store::update(tx, who.tenant, &after).await?;
            record(tx, who, "channel.changed", id, Some(was), Some(is)).await?;
            Ok(after)
        })
        .await
}

/// Archives a channel; one that is archived stays as it is.
///
/// # Errors
/// 404 when the tenant has no such channel.
pub async fn archive(app: &App, who: &Who, id: ChannelId) -> Result<Channel> {
    reach::check_channel(who, id)?;
    let now = now();
    app.db
        .write(who, async |tx| {
            let mut channel = store::lock(tx, who.tenant, id).await?;
            if channel.archived_at.is_some() {
                return Ok(channel);
            }
            channel.archived_at = Some(now);
            channel.updated_at = now;
            channel.version += 1;
            store::update(tx, who.tenant, &channel).await?;
            record(tx, who, "channel.archived", id, None, None).await?;
            Ok(channel)
        })
        .await
}

/// What `names` (ids or external keys) point to, in at most two queries; a name that points to nothing is absent.
///
/// # Errors
/// When the database fails.
pub async fn resolve(tx: &mut Tx, tenant: TenantId, names: &[&str]) -> Result<HashMap<String, Resolved<ChannelId>>> {
    let told = names::tell(names, ChannelId::PREFIX, |text| text.parse::<ChannelId>().ok().map(|id| id.0));
    let by_id = if told.ids.is_empty() { Vec::new() } else { store::by_ids(tx, tenant, &told.ids).await? };
    let by_key = if told.keys.is_empty() { Vec::new() } else { store::by_keys(tx, tenant, &told.keys).await? };
    Ok(names::joined(by_id, by_key, ChannelId))
}

/// Those of `ids` that the tenant has.
///
/// # Errors
/// When the database fails.
pub async fn existing(tx: &mut Tx, tenant: TenantId, ids: &[ChannelId]) -> Result<HashSet<ChannelId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(store::by_ids(tx, tenant, &ids).await?.into_iter().map(|(id, _)| ChannelId(id)).collect())
}

/// How many channels are in use: not archived.
///
/// # Errors
/// When the database fails.
pub async fn in_use(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    store::in_use(tx, tenant).await
}

/// The channels that were archived.
///
/// # Errors
/// When the database fails.
pub async fn archived_ids(tx: &mut Tx, tenant: TenantId) -> Result<BTreeSet<ChannelId>> {
    Ok(store::archived(tx, tenant).await?.into_iter().map(ChannelId).collect())
}

/// The names of channels, archived ones too.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, Named>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = store::names(tx, tenant, ids).await?;
    Ok(rows.into_iter().map(|(id, name)| (id, Named { id: ChannelId(id), name })).collect())
}

async fn record(
    tx: &mut Tx,
    who: &Who,
    action: &str,
    id: ChannelId,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Result<()> {
    audit::record(tx, who, Entry { action, object: Some(id.to_string()), reason: None, before, after }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_differ_bind_cursors_differently() {
        let filters = [
            Filter::default(),
            Filter { archived: true, ..Filter::default() },
            Filter { stage: Some(ChannelStage::Pilot), ..Filter::default() },
            Filter { q: Some(String::new()), ..Filter::default() },
            Filter { q: Some("a\", true".into()), ..Filter::default() },
        ];
        let texts: HashSet<String> = filters.iter().map(Filter::binding).collect();
        assert_eq!(texts.len(), filters.len());
    }
}
