//! The only SQL of feeds, of their runs and of when they are fetched.

pub(super) mod queue;
pub(super) mod runs;

use super::model::{Life, Progress, Seen, Setup};
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{feeds, queue_fetches};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tillwatch_shared::feeds::{FeedFault, FeedTrouble};
use tillwatch_shared::ids::{FeedId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = feeds)]
pub(super) struct Row {
    feed_id: Uuid,
    name: String,
    kind: String,
    url: String,
    format: String,
    mapping: Value,
    secrets: Option<Vec<u8>>,
    header_names: Vec<String>,
    every: String,
    minute: i32,
    grace_minutes: Option<i32>,
    life: String,
    created_at: DateTime<Utc>,
    version: i64,
    watched_since: DateTime<Utc>,
    taken_from: Option<DateTime<Utc>>,
    etag: Option<String>,
    last_modified: Option<String>,
    digest: Option<Vec<u8>>,
    last_run_at: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    last_new_at: Option<DateTime<Utc>>,
    newest_at: Option<DateTime<Utc>>,
    failures: i32,
    recent: i32,
    recent_runs: i32,
    last_fault: Option<String>,
    unwell_since: Option<DateTime<Utc>>,
    trouble: Option<String>,
    told_fault: Option<String>,
    episode: i32,
}

/// A feed as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: FeedId,
    pub(super) setup: Setup,
    pub(super) life: Life,
    pub(super) progress: Progress,
    /// What is secret of it, sealed.
    pub(super) secrets: Option<Vec<u8>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) version: i64,
}

impl Row {
    fn into_kept(self) -> Result<Kept> {
        Ok(Kept {
            id: FeedId(self.feed_id),
            setup: Setup {
                name: self.name,
                kind: self.kind.parse().map_err(Error::internal)?,
                url: self.url,
                format: self.format.parse().map_err(Error::internal)?,
                mapping: serde_json::from_value(self.mapping).map_err(Error::internal)?,
                header_names: self.header_names,
                every: self.every.parse().map_err(Error::internal)?,
                minute: self.minute,
                grace_minutes: self.grace_minutes,
                taken_from: self.taken_from,
            },
            life: Life::of(&self.life),
            progress: Progress {
                watched_since: self.watched_since,
                seen: Seen { etag: self.etag, last_modified: self.last_modified, digest: self.digest },
                last_run_at: self.last_run_at,
                last_success_at: self.last_success_at,
                last_new_at: self.last_new_at,
                newest_at: self.newest_at,
                failures: self.failures,
                recent: self.recent,
                recent_runs: self.recent_runs,
                // A word that this version does not know tells nobody anything.
                last_fault: self.last_fault.and_then(|word| word.parse().ok()),
                unwell_since: self.unwell_since,
                trouble: self.trouble.and_then(|word| word.parse().ok()),
                told_fault: self.told_fault.and_then(|word| word.parse().ok()),
                episode: self.episode,
            },
            secrets: self.secrets,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// How many feeds there are, the archived ones aside.
pub(super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(feeds::table
        .filter(feeds::tenant_id.eq(tenant.0))
        .filter(feeds::life.ne(Life::Archived.as_str()))
        .count()
        .get_result(tx)
        .await?)
}

/// What a person sets, as columns.
macro_rules! setup_columns {
    ($kept:expr, $mapping:expr) => {
        (
            feeds::name.eq(&$kept.setup.name),
            feeds::kind.eq($kept.setup.kind.as_str()),
            feeds::url.eq(&$kept.setup.url),
            feeds::format.eq($kept.setup.format.as_str()),
            feeds::mapping.eq($mapping),
            feeds::secrets.eq($kept.secrets.as_deref()),
            feeds::header_names.eq(&$kept.setup.header_names),
            feeds::every.eq($kept.setup.every.as_str()),
            feeds::minute.eq($kept.setup.minute),
            feeds::grace_minutes.eq($kept.setup.grace_minutes),
            feeds::taken_from.eq($kept.setup.taken_from),
            feeds::life.eq($kept.life.as_str()),
            feeds::version.eq($kept.version),
        )
    };
}

/// How it has fared, as columns.
macro_rules! progress_columns {
    ($progress:expr) => {
        (
            feeds::watched_since.eq($progress.watched_since),
            feeds::etag.eq($progress.seen.etag.as_deref()),
            feeds::last_modified.eq($progress.seen.last_modified.as_deref()),
            feeds::digest.eq($progress.seen.digest.as_deref()),
            feeds::last_run_at.eq($progress.last_run_at),
            feeds::last_success_at.eq($progress.last_success_at),
            feeds::last_new_at.eq($progress.last_new_at),
            feeds::newest_at.eq($progress.newest_at),
            feeds::failures.eq($progress.failures),
            feeds::recent.eq($progress.recent),
            feeds::recent_runs.eq($progress.recent_runs),
            feeds::last_fault.eq($progress.last_fault.map(FeedFault::as_str)),
            feeds::unwell_since.eq($progress.unwell_since),
            feeds::trouble.eq($progress.trouble.map(FeedTrouble::as_str)),
            feeds::told_fault.eq($progress.told_fault.map(FeedFault::as_str)),
            feeds::episode.eq($progress.episode),
        )
    };
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, kept: &Kept) -> Result<()> {
    let mapping = serde_json::to_value(&kept.setup.mapping).map_err(Error::internal)?;
    diesel::insert_into(feeds::table)
        .values((
            feeds::tenant_id.eq(tenant.0),
            feeds::feed_id.eq(kept.id.0),
            feeds::created_at.eq(kept.created_at),
            setup_columns!(kept, &mapping),
            progress_columns!(kept.progress),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes what a person changed of a locked feed, and its version.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, kept: &Kept) -> Result<()> {
    let mapping = serde_json::to_value(&kept.setup.mapping).map_err(Error::internal)?;
    diesel::update(feeds::table.filter(feeds::tenant_id.eq(tenant.0)).filter(feeds::feed_id.eq(kept.id.0)))
        .set((setup_columns!(kept, &mapping), progress_columns!(kept.progress)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes how a locked feed has fared.
pub(super) async fn set_progress(tx: &mut Tx, tenant: TenantId, id: FeedId, progress: &Progress) -> Result<()> {
    diesel::update(feeds::table.filter(feeds::tenant_id.eq(tenant.0)).filter(feeds::feed_id.eq(id.0)))
        .set(progress_columns!(progress))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes the sealed secrets of a locked feed.
pub(super) async fn set_secrets(tx: &mut Tx, tenant: TenantId, id: FeedId, secrets: &[u8]) -> Result<()> {
    diesel::update(feeds::table.filter(feeds::tenant_id.eq(tenant.0)).filter(feeds::feed_id.eq(id.0)))
        .set(feeds::secrets.eq(secrets))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: FeedId, lock: bool) -> Result<Kept> {
    find(tx, tenant, id, lock).await?.ok_or_else(|| Error::not_found("feed"))
}

pub(super) async fn find(tx: &mut Tx, tenant: TenantId, id: FeedId, lock: bool) -> Result<Option<Kept>> {
    let query =
        feeds::table.select(Row::as_select()).filter(feeds::tenant_id.eq(tenant.0)).filter(feeds::feed_id.eq(id.0));
    // NO KEY: runs are written for the feed meanwhile.
    let found = if lock { query.for_no_key_update().first(tx).await } else { query.first(tx).await };
    found.optional()?.map(Row::into_kept).transpose()
}

/// A feed, and when it is fetched next.
pub(super) type Due = (Kept, Option<DateTime<Utc>>);

/// A page of the feeds, oldest first, with when each is fetched next.
pub(super) async fn list(tx: &mut Tx, tenant: TenantId, archived: bool, paging: &Paging) -> Result<Vec<Due>> {
    let query = feeds::table.select(Row::as_select()).filter(feeds::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, feeds::feed_id, oldest);
    query = if archived {
        query.filter(feeds::life.eq(Life::Archived.as_str()))
    } else {
        query.filter(feeds::life.ne(Life::Archived.as_str()))
    };
    let rows: Vec<Row> = query.load(tx).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.feed_id).collect();
    let due: Vec<(Uuid, DateTime<Utc>)> = queue_fetches::table
        .select((queue_fetches::feed_id, queue_fetches::due_at))
        .filter(queue_fetches::for_tenant.eq(tenant.0))
        .filter(queue_fetches::feed_id.eq_any(ids))
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|row| {
            let next = due.iter().find(|(id, _)| *id == row.feed_id).map(|(_, at)| *at);
            Ok((row.into_kept()?, next))
        })
        .collect()
}

/// The active feeds, locked, with their cadence as it is kept.
pub(super) async fn active(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(FeedId, String)>> {
    let rows: Vec<(Uuid, String)> = feeds::table
        .select((feeds::feed_id, feeds::every))
        .filter(feeds::tenant_id.eq(tenant.0))
        .filter(feeds::life.eq(Life::Active.as_str()))
        .order(feeds::feed_id)
        .for_no_key_update()
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(|(id, every)| (FeedId(id), every)).collect())
}

/// The feeds that have secrets, locked, each with its sealed ones.
pub(super) async fn with_secrets(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(FeedId, Vec<u8>)>> {
    let rows: Vec<(Uuid, Option<Vec<u8>>)> = feeds::table
        .select((feeds::feed_id, feeds::secrets))
        .filter(feeds::tenant_id.eq(tenant.0))
        .filter(feeds::secrets.is_not_null())
        .order(feeds::feed_id)
        .for_no_key_update()
        .load(tx)
        .await?;
    Ok(rows.into_iter().filter_map(|(id, secrets)| Some((FeedId(id), secrets?))).collect())
}
