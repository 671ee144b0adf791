//! Requests that are done once: the effect of a request and its answer, in one transaction.
//!
//! [`Db::once`] begins the transaction and writes down the key of the request; from then on every
//! [`Db::read`] and [`Db::write`] of the same [`Who`] works in that transaction, and [`Once::keep`] commits it together with
//! the answer. So a process that dies before the commit has done nothing, and one that dies after it leaves the answer for
//! whoever asks again. Invariants: what a request does is committed together with its answer, or, where none is kept, with the end
//! of its key; a use case that fails ends the transaction, and with it the key, and what the handler does behind that (an
//! entry of the audit log) is in transactions of its own; two requests with one key never work at the same time.

use super::schema::idempotency_keys as keys;
use super::{Db, Tx};
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use tillwatch_shared::errors::Code;
use tokio::sync::Mutex;

/// An answer is kept for so long.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Answers that one sweep removes in one transaction.
const SWEPT: i64 = 1000;

/// Which request it is.
#[derive(Clone, Debug)]
pub struct Key {
    /// SHA-256 of who asks, of the operation and of the key that the caller made.
    pub key: [u8; 32],
    /// SHA-256 of what is asked.
    pub request: [u8; 32],
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The status, 200 to 399.
    pub status: u16,
    /// The headers that belong to the answer itself, such as `etag`.
    pub headers: BTreeMap<String, String>,
    /// The body, without secrets.
    pub body: Vec<u8>,
}

/// What [`Db::once`] found.
#[derive(Debug)]
pub enum Begun {
    /// Nobody has asked this before: do it.
    First(Once),
    /// It was done, with this answer.
    Again(Kept),
}

/// The transaction of a request that is done once. Clones are the same transaction.
#[derive(Clone)]
pub struct Once {
    key: Key,
    /// `None` when a use case has failed and the transaction was rolled back.
    tx: Arc<Mutex<Option<Tx>>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl Once {
    /// Runs `work` in the request's transaction; an error rolls the whole of it back. `Err(work)` when it is not to be had: it
    /// was rolled back, or whoever calls stands within it.
    pub(super) async fn within<T, W>(&self, work: W) -> std::result::Result<Result<T>, W>
    where
        W: AsyncFnOnce(&mut Tx) -> Result<T>,
    {
        let Ok(mut slot) = self.tx.try_lock() else { return Err(work) };
        let Some(mut tx) = slot.take() else { return Err(work) };
        let outcome = work(&mut tx).await;
        if outcome.is_ok() {
            *slot = Some(tx);
        }
        Ok(outcome)
    }

    /// Commits what the request did together with its answer. Without one the key is free again, and what was written
    /// stays: of a refused request an entry of the audit log, say. `false` when there is nothing to commit, since a use
    /// case had failed.
    ///
    /// # Errors
    /// When the database fails: then nothing was done.
    pub async fn keep(self, who: &Who, answer: Option<&Kept>) -> Result<bool> {
        let Some(mut tx) = self.tx.lock().await.take() else { return Ok(false) };
        let mine =
            keys::table.filter(keys::tenant_id.eq(who.tenant.0)).filter(keys::key_hash.eq(self.key.key.as_slice()));
        match answer {
            None => diesel::delete(mine).execute(&mut tx).await?,
            Some(answer) => {
                let headers = serde_json::to_value(&answer.headers).map_err(Error::internal)?;
                let answered =
                    (keys::status.eq(i32::from(answer.status)), keys::headers.eq(headers), keys::body.eq(&answer.body));
                diesel::update(mine).set(answered).execute(&mut tx).await?
            }
        };
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a request that failed: nothing of it stays, and the key is free again.
    pub async fn roll_back(self) {
        drop(self.tx.lock().await.take());
    }
}

impl Db {
    /// Begins a request that is done once, or finds what it was answered.
    ///
    /// # Errors
    /// 409 while another request with this key is being worked on, 422 when the key was used for another request, 503 when
    /// no connection is to be had.
    pub async fn once(&self, who: &Who, key: Key, now: DateTime<Utc>) -> Result<Begun> {
        type Row = (Vec<u8>, Option<i32>, Option<serde_json::Value>, Option<Vec<u8>>);
        let mut tx = self.begin_write(who).await?;
        // Whoever has the key now keeps it until its commit: a short wait, and most often its answer is there.
        tx.batch_execute("SET LOCAL lock_timeout = '250ms'").await?;
        let insert = diesel::insert_into(keys::table)
            .values((
                keys::tenant_id.eq(who.tenant.0),
                keys::key_hash.eq(key.key.as_slice()),
                keys::request_hash.eq(key.request.as_slice()),
                keys::expires_at.eq(now + KEPT),
            ))
            .on_conflict((keys::tenant_id, keys::key_hash))
            .do_update()
            .set((
                keys::request_hash.eq(excluded(keys::request_hash)),
                keys::expires_at.eq(excluded(keys::expires_at)),
                keys::status.eq(None::<i32>),
                keys::headers.eq(None::<serde_json::Value>),
                keys::body.eq(None::<Vec<u8>>),
            ));
        // What has expired is as if it had never been.
        let insert = diesel::query_dsl::methods::FilterDsl::filter(insert, keys::expires_at.le(now));
        let taken = insert.execute(&mut tx).await.map_err(in_flight)?;
        if taken == 1 {
            tx.batch_execute("SET LOCAL lock_timeout = 0").await?;
            return Ok(Begun::First(Once { key, tx: Arc::new(Mutex::new(Some(tx))) }));
        }
        let (request, status, headers, body): Row = keys::table
            .select((keys::request_hash, keys::status, keys::headers, keys::body))
            .filter(keys::tenant_id.eq(who.tenant.0))
            .filter(keys::key_hash.eq(key.key.as_slice()))
            .first(&mut tx)
            .await?;
        if request != key.request {
            return Err(Error::new(
                Code::IdempotencyKeyReused,
                "This `Idempotency-Key` was used for another request in the last 24 hours. Make a new one.",
            ));
        }
        let status = status.and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| Error::internal("an answer was kept without its status"))?;
        let headers = headers.map(serde_json::from_value).transpose().map_err(Error::internal)?.unwrap_or_default();
        Ok(Begun::Again(Kept { status, headers, body: body.unwrap_or_default() }))
    }
}

/// Whoever waits for the key waits for its twin. The insert waits for its retailer's row, too, but nobody locks that
/// against being referred to, save for a change of the settings, which is over in a moment.
fn in_flight(error: diesel::result::Error) -> Error {
    match &error {
        diesel::result::Error::DatabaseError(_, info) if info.message().contains("due to lock timeout") => Error::new(
            Code::RequestInFlight,
            "A request with this `Idempotency-Key` is being worked on. Ask again in a moment for its answer.",
        ),
        _ => error.into(),
    }
}

/// Removes up to 1,000 answers of `who`'s tenant whose time is over; returns how many it found.
///
/// # Errors
/// When the database fails.
pub async fn remove_expired(tx: &mut Tx, who: &Who, now: DateTime<Utc>) -> Result<usize> {
    let old = keys::table
        .select(keys::key_hash)
        .filter(keys::tenant_id.eq(who.tenant.0))
        .filter(keys::expires_at.le(now))
        .limit(SWEPT);
    let old: Vec<Vec<u8>> = old.load(tx).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = keys::table.filter(keys::tenant_id.eq(who.tenant.0)).filter(keys::key_hash.eq_any(old));
    Ok(diesel::delete(gone.filter(keys::expires_at.le(now))).execute(tx).await?)
}
