//! The only SQL of long jobs and their files.

use super::model::{FileName, Kept, PART};
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{job_files as files, long_jobs as jobs};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tillwatch_shared::ids::{JobId, TenantId};
use tillwatch_shared::jobs::{LongJobKind, LongJobState};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct Row {
    job_id: Uuid,
    kind: String,
    state: String,
    done: i64,
    total: Option<i64>,
    message: Option<String>,
    params: Value,
    checkpoint: Value,
    counts: Value,
    slice: i64,
    failures: i32,
    cancel_asked_at: Option<DateTime<Utc>>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    authority: Value,
    request_id: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    files_removed_at: Option<DateTime<Utc>>,
}

impl Row {
    fn kept(self) -> Result<Kept> {
        Ok(Kept {
            id: JobId(self.job_id),
            kind: self.kind.parse().map_err(Error::internal)?,
            state: self.state.parse().map_err(Error::internal)?,
            done: self.done,
            total: self.total,
            message: self.message,
            params: self.params,
            checkpoint: self.checkpoint,
            counts: self.counts,
            slice: self.slice,
            failures: self.failures,
            cancel_asked_at: self.cancel_asked_at,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            authority: self.authority,
            request_id: self.request_id,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            files_removed_at: self.files_removed_at,
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, job: &Kept) -> Result<()> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::tenant_id.eq(tenant.0),
            jobs::job_id.eq(job.id.0),
            jobs::kind.eq(job.kind.as_str()),
            jobs::state.eq(job.state.as_str()),
            jobs::total.eq(job.total),
            jobs::params.eq(&job.params),
            jobs::checkpoint.eq(&job.checkpoint),
            jobs::counts.eq(&job.counts),
            jobs::actor_kind.eq(&job.actor_kind),
            jobs::actor_id.eq(job.actor_id),
            jobs::authority.eq(&job.authority),
            jobs::request_id.eq(&job.request_id),
            jobs::created_at.eq(job.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A job; of `only_of` alone where that is given.
pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: JobId, only_of: Option<Option<Uuid>>) -> Result<Kept> {
    let mut query = jobs::table
        .select(Row::as_select())
        .filter(jobs::tenant_id.eq(tenant.0))
        .filter(jobs::job_id.eq(id.0))
        .into_boxed();
    if let Some(actor) = only_of {
        query = query.filter(jobs::actor_id.eq(actor));
    }
    query.first(tx).await.optional()?.ok_or_else(|| Error::not_found("job"))?.kept()
}

pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: JobId) -> Result<Option<Kept>> {
    let row = jobs::table
        .select(Row::as_select())
        .filter(jobs::tenant_id.eq(tenant.0))
        .filter(jobs::job_id.eq(id.0))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?;
    row.map(Row::kept).transpose()
}

/// What a list is narrowed to.
pub(super) struct Narrowed {
    pub(super) state: Option<LongJobState>,
    pub(super) kind: Option<LongJobKind>,
    pub(super) only_of: Option<Option<Uuid>>,
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, narrowed: &Narrowed, paging: &Paging) -> Result<Vec<Kept>> {
    let query = jobs::table.select(Row::as_select()).filter(jobs::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, jobs::job_id, newest);
    if let Some(state) = narrowed.state {
        query = query.filter(jobs::state.eq(state.as_str()));
    }
    if let Some(kind) = narrowed.kind {
        query = query.filter(jobs::kind.eq(kind.as_str()));
    }
    if let Some(actor) = narrowed.only_of {
        query = query.filter(jobs::actor_id.eq(actor));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::kept).collect()
}

/// How many are in `state`, or in any state before the end.
pub(super) async fn count_open(tx: &mut Tx, tenant: TenantId, state: Option<LongJobState>) -> Result<i64> {
    let mut query =
        jobs::table.count().filter(jobs::tenant_id.eq(tenant.0)).filter(jobs::finished_at.is_null()).into_boxed();
    if let Some(state) = state {
        query = query.filter(jobs::state.eq(state.as_str()));
    }
    Ok(query.get_result(tx).await?)
}

/// The `most` jobs that wait longest, with their kinds and slices; those that rest are not among them.
pub(super) async fn next_waiting(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<(Uuid, String, i64)>> {
    Ok(jobs::table
        .select((jobs::job_id, jobs::kind, jobs::slice))
        .filter(jobs::tenant_id.eq(tenant.0))
        .filter(jobs::finished_at.is_null())
        .filter(jobs::state.eq(LongJobState::Waiting.as_str()))
        .filter(jobs::rests_until.is_null().or(jobs::rests_until.le(now)))
        .order(jobs::job_id)
        .limit(most)
        .load(tx)
        .await?)
}

/// What a slice changed of its job.
#[derive(AsChangeset, Default)]
#[diesel(table_name = jobs)]
pub(super) struct Change {
    pub(super) state: Option<&'static str>,
    pub(super) done: Option<i64>,
    pub(super) total: Option<i64>,
    pub(super) message: Option<Option<String>>,
    pub(super) params: Option<Value>,
    pub(super) checkpoint: Option<Value>,
    pub(super) counts: Option<Value>,
    pub(super) slice: Option<i64>,
    pub(super) failures: Option<i32>,
    pub(super) cancel_asked_at: Option<DateTime<Utc>>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) files_removed_at: Option<DateTime<Utc>>,
    pub(super) rests_until: Option<Option<DateTime<Utc>>>,
}

pub(super) async fn change(tx: &mut Tx, tenant: TenantId, id: JobId, change: Change) -> Result<()> {
    diesel::update(jobs::table.filter(jobs::tenant_id.eq(tenant.0)).filter(jobs::job_id.eq(id.0)))
        .set(change)
        .execute(tx)
        .await?;
    Ok(())
}

/// Adds `bytes` at the end of a file.
pub(super) async fn append(tx: &mut Tx, tenant: TenantId, id: JobId, name: FileName, bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let last: Option<i32> = files::table
        .select(max(files::part))
        .filter(files::tenant_id.eq(tenant.0))
        .filter(files::job_id.eq(id.0))
        .filter(files::name.eq(name.as_str()))
        .first(tx)
        .await?;
    let first = last.map_or(0, |last| last + 1);
    // One statement holds a few megabytes at most.
    for (some, parts) in (0_i32..).zip(bytes.chunks(PART * 8)) {
        let rows: Vec<_> = (first + some * 8..)
            .zip(parts.chunks(PART))
            .map(|(part, bytes)| {
                (
                    files::tenant_id.eq(tenant.0),
                    files::job_id.eq(id.0),
                    files::name.eq(name.as_str()),
                    files::part.eq(part),
                    files::bytes.eq(bytes),
                )
            })
            .collect();
        diesel::insert_into(files::table).values(rows).execute(tx).await?;
    }
    Ok(())
}

/// Up to `most` parts of a file, from part `from` on.
pub(super) async fn parts(
    tx: &mut Tx,
    tenant: TenantId,
    id: JobId,
    name: FileName,
    from: i32,
    most: i64,
) -> Result<Vec<Vec<u8>>> {
    Ok(files::table
        .select(files::bytes)
        .filter(files::tenant_id.eq(tenant.0))
        .filter(files::job_id.eq(id.0))
        .filter(files::name.eq(name.as_str()))
        .filter(files::part.ge(from))
        .order(files::part)
        .limit(most)
        .load(tx)
        .await?)
}

/// Removes up to `most` parts of a job's files, of one file if it is named; returns how many it found.
pub(super) async fn remove_parts(
    tx: &mut Tx,
    tenant: TenantId,
    id: JobId,
    name: Option<FileName>,
    most: i64,
) -> Result<usize> {
    let mut query = files::table
        .select((files::name, files::part))
        .filter(files::tenant_id.eq(tenant.0))
        .filter(files::job_id.eq(id.0))
        .limit(most)
        .into_boxed();
    if let Some(name) = name {
        query = query.filter(files::name.eq(name.as_str()));
    }
    let found: Vec<(String, i32)> = query.load(tx).await?;
    let mut removed = 0;
    for name in [FileName::Upload, FileName::Result, FileName::Errors, FileName::Index] {
        let parts: Vec<i32> = found.iter().filter(|(of, _)| of == name.as_str()).map(|(_, part)| *part).collect();
        removed += diesel::delete(
            files::table
                .filter(files::tenant_id.eq(tenant.0))
                .filter(files::job_id.eq(id.0))
                .filter(files::name.eq(name.as_str()))
                .filter(files::part.eq_any(parts)),
        )
        .execute(tx)
        .await?;
    }
    Ok(removed)
}
