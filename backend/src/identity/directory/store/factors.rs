//! The only SQL of logins' second factors.

use crate::error::Result;
use crate::platform::db::SystemTx;
use crate::platform::db::schema::{directory_recovery_codes as codes, directory_second_factors as factors};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// A login's authenticator.
#[derive(Debug, Clone, Queryable)]
pub struct Factor {
    /// Its secret, sealed.
    pub sealed: Vec<u8>,
    /// The id of the key that sealed it.
    pub sealed_with: String,
    /// The newest time step that was used; 0 before the first.
    pub last_step: i64,
    /// When its first code was confirmed; it counts from then on.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// The authenticator of a login, confirmed or not.
///
/// # Errors
/// When the database fails.
pub async fn factor(tx: &mut SystemTx, login: Uuid) -> Result<Option<Factor>> {
    Ok(factors::table
        .select((factors::sealed, factors::sealed_with, factors::last_step, factors::confirmed_at))
        .filter(factors::login_id.eq(login))
        .first(tx)
        .await
        .optional()?)
}

/// Whether a login has a second factor that counts.
///
/// # Errors
/// When the database fails.
pub async fn has_factor(tx: &mut SystemTx, login: Uuid) -> Result<bool> {
    Ok(factor(tx, login).await?.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// Keeps a new secret, in place of one that was never confirmed; `false` when a confirmed one is there.
///
/// # Errors
/// When the database fails.
pub async fn begin_factor(
    tx: &mut SystemTx,
    login: Uuid,
    sealed: &[u8],
    sealed_with: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    diesel::delete(factors::table.filter(factors::login_id.eq(login)).filter(factors::confirmed_at.is_null()))
        .execute(tx)
        .await?;
    let added = diesel::insert_into(factors::table)
        .values((
            factors::login_id.eq(login),
            factors::sealed.eq(sealed),
            factors::sealed_with.eq(sealed_with),
            factors::last_step.eq(0),
            factors::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added > 0)
}

/// Confirms an authenticator by the code of `step`; `false` when it was confirmed already, or has another secret by now.
///
/// # Errors
/// When the database fails.
pub async fn confirm_factor(
    tx: &mut SystemTx,
    login: Uuid,
    sealed: &[u8],
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let confirmed = diesel::update(
        factors::table
            .filter(factors::login_id.eq(login))
            .filter(factors::sealed.eq(sealed))
            .filter(factors::confirmed_at.is_null()),
    )
    .set((factors::confirmed_at.eq(now), factors::last_step.eq(step)))
    .execute(tx)
    .await?;
    Ok(confirmed > 0)
}

/// Uses a time step up; `false` when it, or a later one, was used before.
///
/// # Errors
/// When the database fails.
pub async fn use_step(tx: &mut SystemTx, login: Uuid, step: i64) -> Result<bool> {
    let used = diesel::update(
        factors::table
            .filter(factors::login_id.eq(login))
            .filter(factors::confirmed_at.is_not_null())
            .filter(factors::last_step.lt(step)),
    )
    .set(factors::last_step.eq(step))
    .execute(tx)
    .await?;
    Ok(used > 0)
}

/// Removes a login's second factor with its recovery codes; `false` when there was none.
///
/// # Errors
/// When the database fails.
pub async fn remove_factor(tx: &mut SystemTx, login: Uuid) -> Result<bool> {
    diesel::delete(codes::table.filter(codes::login_id.eq(login))).execute(tx).await?;
    Ok(diesel::delete(factors::table.filter(factors::login_id.eq(login))).execute(tx).await? > 0)
}

/// Keeps a new set of recovery codes; those before are void.
///
/// # Errors
/// When the database fails.
pub async fn set_recovery_codes(tx: &mut SystemTx, login: Uuid, hashes: &[[u8; 32]]) -> Result<()> {
    // Two sets at once would both stand: the factor's row is the queue.
    factors::table.select(factors::login_id).filter(factors::login_id.eq(login)).for_update().load::<Uuid>(tx).await?;
    diesel::delete(codes::table.filter(codes::login_id.eq(login))).execute(tx).await?;
    let rows: Vec<_> =
        hashes.iter().map(|hash| (codes::login_id.eq(login), codes::code_hash.eq(hash.as_slice()))).collect();
    diesel::insert_into(codes::table).values(rows).execute(tx).await?;
    Ok(())
}

/// Whether a recovery code is one of the login's and was not used.
///
/// # Errors
/// When the database fails.
pub async fn recovery_code_works(tx: &mut SystemTx, login: Uuid, hash: &[u8; 32]) -> Result<bool> {
    let found: Option<Uuid> = codes::table
        .select(codes::login_id)
        .filter(codes::login_id.eq(login))
        .filter(codes::code_hash.eq(hash.as_slice()))
        .filter(codes::used_at.is_null())
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Uses a recovery code up; `false` when it does not work.
///
/// # Errors
/// When the database fails.
pub async fn use_recovery_code(tx: &mut SystemTx, login: Uuid, hash: &[u8; 32], now: DateTime<Utc>) -> Result<bool> {
    let used = diesel::update(
        codes::table
            .filter(codes::login_id.eq(login))
            .filter(codes::code_hash.eq(hash.as_slice()))
            .filter(codes::used_at.is_null()),
    )
    .set(codes::used_at.eq(now))
    .execute(tx)
    .await?;
    Ok(used > 0)
}

/// How many recovery codes of a login were not used yet.
///
/// # Errors
/// When the database fails.
pub async fn recovery_codes_left(tx: &mut SystemTx, login: Uuid) -> Result<i64> {
    Ok(codes::table.filter(codes::login_id.eq(login)).filter(codes::used_at.is_null()).count().get_result(tx).await?)
}

/// Up to `limit` authenticators behind `after` that another key than `with` has sealed, locked: login, secret, key.
///
/// # Errors
/// When the database fails.
pub async fn sealed_otherwise(tx: &mut SystemTx, with: &str, after: Uuid, limit: i64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    Ok(factors::table
        .select((factors::login_id, factors::sealed))
        .filter(factors::sealed_with.ne(with))
        .filter(factors::login_id.gt(after))
        .order(factors::login_id)
        .limit(limit)
        // It waits for who uses one just now: a secret that was passed over would wait for the next round.
        .for_update()
        .load(tx)
        .await?)
}

/// Keeps a secret as it was sealed anew.
///
/// # Errors
/// When the database fails.
pub async fn reseal(tx: &mut SystemTx, login: Uuid, sealed: &[u8], with: &str) -> Result<()> {
    diesel::update(factors::table.filter(factors::login_id.eq(login)))
        .set((factors::sealed.eq(sealed), factors::sealed_with.eq(with)))
        .execute(tx)
        .await?;
    Ok(())
}
