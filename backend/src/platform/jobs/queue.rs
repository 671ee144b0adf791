//! The only SQL of the job queue.

use super::MOST_ATTEMPTS;
use super::hands::Share;
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::db::schema::{directory_resting, queue_jobs};
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::who::Who;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::ids::JobId;
use uuid::Uuid;

/// A claimed job.
#[derive(Debug, Queryable)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Its tenant.
    pub tenant: Uuid,
    /// Its kind.
    pub kind: String,
    /// Ids.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: String,
    /// Which attempt this is, from 1.
    pub attempt: i32,
}

/// Puts a job of `kind` into the queue, as part of `tx`, not to run before `run_at`.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(
    tx: &mut Tx,
    who: &Who,
    kind: &str,
    payload: &serde_json::Value,
    run_at: DateTime<Utc>,
) -> Result<()> {
    insert(tx, who, JobId::new().0, kind, payload, run_at).await?;
    Ok(())
}

/// As [`enqueue`], and nothing happens when a job enqueued under the same `once` still waits; says whether it was put in.
/// For jobs of a later time only: one that is due may be running already, on what it saw before this transaction.
///
/// # Errors
/// When the database fails.
pub async fn enqueue_once(
    tx: &mut Tx,
    who: &Who,
    kind: &str,
    payload: &serde_json::Value,
    run_at: DateTime<Utc>,
    once: &str,
) -> Result<bool> {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(once.as_bytes())[..16]);
    insert(tx, who, uuid::Builder::from_custom_bytes(id).into_uuid(), kind, payload, run_at).await
}

async fn insert(
    tx: &mut Tx,
    who: &Who,
    id: Uuid,
    kind: &str,
    payload: &serde_json::Value,
    run_at: DateTime<Utc>,
) -> Result<bool> {
    let inserted = diesel::insert_into(queue_jobs::table)
        .values((
            queue_jobs::job_id.eq(id),
            queue_jobs::for_tenant.eq(who.tenant.0),
            queue_jobs::kind.eq(kind),
            queue_jobs::payload.eq(payload),
            queue_jobs::request_id.eq(&who.request_id),
            queue_jobs::state.eq("ready"),
            queue_jobs::run_at.eq(run_at),
            queue_jobs::created_at.eq(clock::now()),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}

/// Due jobs that a claim looks at to find some of several tenants.
const CANDIDATES: i64 = 100;

/// Claims due jobs for `lease`, the longest due first, as far as `share` allows; of those that ask for the same, one.
///
/// # Errors
/// When the database fails.
pub async fn claim(tx: &mut SystemTx, now: DateTime<Utc>, lease: TimeDelta, share: &Share) -> Result<Vec<Job>> {
    let due = queue_jobs::table
        .select((queue_jobs::job_id, queue_jobs::for_tenant))
        // In the statement's text: with a parameter in its place the index of ready jobs could not be used.
        .filter(queue_jobs::state.eq(sql::<Text>("'ready'")))
        .filter(queue_jobs::run_at.le(now))
        .filter(queue_jobs::for_tenant.ne_all(share.served()))
        // Of those who are suspended everything waits.
        .filter(queue_jobs::for_tenant.ne_all(directory_resting::table.select(directory_resting::for_tenant)))
        .order(queue_jobs::run_at)
        .limit(CANDIDATES)
        .load::<(Uuid, Uuid)>(tx)
        .await?;
    let chosen = share.choose(&due);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    // Another worker may have chosen the same: each job goes to whoever locks it first.
    let due = queue_jobs::table
        .select(queue_jobs::job_id)
        .filter(queue_jobs::job_id.eq_any(chosen))
        .filter(queue_jobs::state.eq("ready"))
        .filter(queue_jobs::run_at.le(now))
        .for_update()
        .skip_locked()
        .load::<Uuid>(tx)
        .await?;
    let claimed = diesel::update(queue_jobs::table.filter(queue_jobs::job_id.eq_any(due)))
        .set((queue_jobs::attempt.eq(queue_jobs::attempt + 1), queue_jobs::run_at.eq(now + lease)))
        .returning((
            queue_jobs::job_id,
            queue_jobs::for_tenant,
            queue_jobs::kind,
            queue_jobs::payload,
            queue_jobs::request_id,
            queue_jobs::attempt,
        ))
        .load(tx)
        .await?;
    drop_twins(tx, claimed).await
}

/// Removes all but one of the claimed jobs that ask for the same: who enqueued the others has committed, so the one sees
/// all that they were to see. (Jobs carry ids only, so the same payload is the same work.)
async fn drop_twins(tx: &mut SystemTx, claimed: Vec<Job>) -> Result<Vec<Job>> {
    let mut kept: Vec<Job> = Vec::with_capacity(claimed.len());
    let mut spare = Vec::new();
    for mut job in claimed {
        let same =
            |other: &&mut Job| (other.tenant, &other.kind, &other.payload) == (job.tenant, &job.kind, &job.payload);
        if let Some(twin) = kept.iter_mut().find(same) {
            // The one that was tried more often stays, so that failures still add up.
            if job.attempt > twin.attempt {
                std::mem::swap(twin, &mut job);
            }
            spare.push(job.id);
        } else {
            kept.push(job);
        }
    }
    if !spare.is_empty() {
        diesel::delete(queue_jobs::table.filter(queue_jobs::job_id.eq_any(spare))).execute(tx).await?;
    }
    Ok(kept)
}

/// Removes a done job, unless a later attempt has it now.
///
/// # Errors
/// When the database fails.
pub async fn done(tx: &mut SystemTx, job: &Job) -> Result<()> {
    diesel::delete(queue_jobs::table.filter(queue_jobs::job_id.eq(job.id)).filter(queue_jobs::attempt.eq(job.attempt)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Puts a failed job back with a growing pause, or declares it dead after the last attempt.
///
/// # Errors
/// When the database fails.
pub async fn failed(tx: &mut SystemTx, job: &Job, error: &Error, now: DateTime<Utc>) -> Result<()> {
    // An outage is nobody's fault: it does not use up attempts, so no work dies of a long one. A job whose own query
    // takes too long is tried no more often than one that fails.
    let outage = error.outage;
    let dead = !outage && job.attempt >= MOST_ATTEMPTS;
    let pause = TimeDelta::milliseconds(200 << job.attempt.clamp(0, 10));
    let text: String = error.to_string().chars().take(500).collect();
    diesel::update(queue_jobs::table.filter(queue_jobs::job_id.eq(job.id)).filter(queue_jobs::attempt.eq(job.attempt)))
        .set((
            queue_jobs::state.eq(if dead { "dead" } else { "ready" }),
            queue_jobs::run_at.eq(now + pause),
            queue_jobs::attempt.eq(if outage { job.attempt - 1 } else { job.attempt }),
            queue_jobs::last_error.eq(text),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes the dead jobs of these kinds ready again, their attempts counted from the beginning; returns how many there were.
///
/// # Errors
/// When the database fails.
pub async fn revive(tx: &mut SystemTx, kinds: Vec<&str>, now: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::update(queue_jobs::table.filter(queue_jobs::state.eq("dead")).filter(queue_jobs::kind.eq_any(kinds)))
        .set((queue_jobs::state.eq("ready"), queue_jobs::run_at.eq(now), queue_jobs::attempt.eq(0)))
        .execute(tx)
        .await?)
}
