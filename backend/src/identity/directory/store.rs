//! The only SQL of the directory.

mod factors;
mod links;
mod logins;
mod places;

pub use factors::{
    Factor, begin_factor, confirm_factor, factor, has_factor, recovery_code_works, recovery_codes_left, remove_factor,
    reseal, sealed_otherwise, set_recovery_codes, use_recovery_code, use_step,
};
pub use links::{LinkKind, add_link, link};
pub use logins::{Login, add_login, change_password, login, login_of, new_password_by_link};
pub use places::{add_place, place, places, served_place};

use crate::error::{Error, Result};
use crate::platform::db::schema::{
    directory_bot_assertions as assertions, directory_chat_servers as chat_servers,
    directory_credentials as credentials, directory_resting as resting, directory_sign_in_attempts as attempts,
    directory_tenants,
};
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::TenantId;
use uuid::Uuid;

/// Rows of a kind that one sweep removes in one transaction.
pub(super) const SWEPT: i64 = 1000;

/// What is kept of the passwords that were tried for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Tries {
    /// Tries that were wrong, or whose outcome is not known yet.
    pub failures: i32,
    /// No try before this.
    pub locked_until: Option<DateTime<Utc>>,
    /// The last try.
    pub tried_at: DateTime<Utc>,
}

/// What an opaque credential opens.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Opened {
    /// The tenant.
    pub tenant: Uuid,
    /// The token, session or link code.
    pub subject: Uuid,
}

/// What sort of credential a hash belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A partner's token.
    ApiToken,
    /// A refresh token.
    Refresh,
    /// A chat link code.
    LinkCode,
}

impl CredentialKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ApiToken => "api_token",
            Self::Refresh => "refresh",
            Self::LinkCode => "link_code",
        }
    }
}

/// Adds a retailer to the list of all.
///
/// # Errors
/// When the database fails.
pub async fn add_tenant(tx: &mut Tx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(directory_tenants::table)
        .values((directory_tenants::for_tenant.eq(tenant.0), directory_tenants::created_at.eq(now)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Every retailer behind `after`, at most `limit` of them: for sweeps, which then work in each one's own transaction.
///
/// # Errors
/// When the database fails.
pub(super) async fn tenants(tx: &mut SystemTx, after: Option<TenantId>, limit: i64) -> Result<Vec<TenantId>> {
    let mut query = directory_tenants::table
        .select(directory_tenants::for_tenant)
        .order(directory_tenants::for_tenant)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(directory_tenants::for_tenant.gt(after.0));
    }
    Ok(query.load::<Uuid>(tx).await?.into_iter().map(TenantId).collect())
}

/// Lets a retailer's jobs and deliveries rest: nobody claims them until [`wake`].
///
/// # Errors
/// When the database fails.
pub async fn rest(tx: &mut SystemTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(resting::table)
        .values((resting::for_tenant.eq(tenant.0), resting::since.eq(now)))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether a retailer's jobs and deliveries rest.
///
/// # Errors
/// When the database fails.
pub async fn rests(tx: &mut SystemTx, tenant: TenantId) -> Result<bool> {
    let found: Option<Uuid> = resting::table
        .select(resting::for_tenant)
        .filter(resting::for_tenant.eq(tenant.0))
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Lets a retailer's jobs and deliveries go on.
///
/// # Errors
/// When the database fails.
pub async fn wake(tx: &mut SystemTx, tenant: TenantId) -> Result<()> {
    diesel::delete(resting::table.filter(resting::for_tenant.eq(tenant.0))).execute(tx).await?;
    Ok(())
}

/// The tries of a key, locked until the transaction ends; a key that was never tried has none since `now`.
///
/// # Errors
/// When the database fails.
pub async fn lock_tries(tx: &mut SystemTx, key: &[u8; 32], now: DateTime<Utc>) -> Result<Tries> {
    Ok(diesel::insert_into(attempts::table)
        .values((attempts::key_hash.eq(key.as_slice()), attempts::failures.eq(0), attempts::tried_at.eq(now)))
        .on_conflict(attempts::key_hash)
        // Changes nothing: it is what locks a row that is there, and has it returned.
        .do_update()
        .set(attempts::failures.eq(attempts::failures))
        .returning((attempts::failures, attempts::locked_until, attempts::tried_at))
        .get_result(tx)
        .await?)
}

/// Writes the tries of a key that [`lock_tries`] locked.
///
/// # Errors
/// When the database fails.
pub async fn set_tries(tx: &mut SystemTx, key: &[u8; 32], tries: Tries) -> Result<()> {
    diesel::update(attempts::table.filter(attempts::key_hash.eq(key.as_slice())))
        .set((
            attempts::failures.eq(tries.failures),
            attempts::locked_until.eq(tries.locked_until),
            attempts::tried_at.eq(tries.tried_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets the tries of a key.
///
/// # Errors
/// When the database fails.
pub async fn forget_tries(tx: &mut SystemTx, key: &[u8; 32]) -> Result<()> {
    diesel::delete(attempts::table.filter(attempts::key_hash.eq(key.as_slice()))).execute(tx).await?;
    Ok(())
}

/// Removes up to [`SWEPT`] keys that were last tried before `before`; returns how many it found.
///
/// # Errors
/// When the database fails.
pub(super) async fn remove_old_tries(tx: &mut SystemTx, before: DateTime<Utc>) -> Result<usize> {
    // It waits for nobody: a sign-in locks two rows, and a sweep that held one and waited for the other would make
    // a circle with it.
    let old: Vec<Vec<u8>> = attempts::table
        .select(attempts::key_hash)
        .filter(attempts::tried_at.lt(before))
        .limit(SWEPT)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    Ok(diesel::delete(attempts::table.filter(attempts::key_hash.eq_any(old))).execute(tx).await?)
}

/// Adds a credential's hash.
///
/// # Errors
/// When the database fails.
pub async fn add_credential(
    tx: &mut Tx,
    kind: CredentialKind,
    hash: &[u8; 32],
    opens: (TenantId, Uuid),
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(credentials::table)
        .values((
            credentials::hash.eq(hash.as_slice()),
            credentials::kind.eq(kind.as_str()),
            credentials::for_tenant.eq(opens.0.0),
            credentials::subject_id.eq(opens.1),
            credentials::expires_at.eq(expires_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// What a credential of this kind opens, unless it has expired.
///
/// # Errors
/// When the database fails.
pub async fn credential(
    tx: &mut SystemTx,
    kind: CredentialKind,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Opened>> {
    Ok(credentials::table
        .select((credentials::for_tenant, credentials::subject_id))
        .filter(credentials::hash.eq(hash.as_slice()))
        .filter(credentials::kind.eq(kind.as_str()))
        .filter(credentials::expires_at.gt(now))
        .first(tx)
        .await
        .optional()?)
}

/// Removes up to [`SWEPT`] credentials and as many links and assertions that have expired; returns how many it found.
///
/// # Errors
/// When the database fails.
pub(super) async fn remove_expired(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<usize> {
    let old = credentials::table.select(credentials::hash).filter(credentials::expires_at.lt(now)).limit(SWEPT);
    let old: Vec<Vec<u8>> = old.load(tx).await?;
    let removed = diesel::delete(credentials::table.filter(credentials::hash.eq_any(old))).execute(tx).await?;
    let old = assertions::table.select(assertions::assertion_id).filter(assertions::expires_at.lt(now)).limit(SWEPT);
    let old: Vec<String> = old.load(tx).await?;
    let removed = removed + links::remove_expired(tx, now).await?;
    Ok(removed + diesel::delete(assertions::table.filter(assertions::assertion_id.eq_any(old))).execute(tx).await?)
}

/// Remembers an assertion of the bot; `false` when it was used before.
///
/// # Errors
/// When the database fails.
pub async fn use_assertion(tx: &mut SystemTx, id: &str, expires_at: DateTime<Utc>) -> Result<bool> {
    let added = diesel::insert_into(assertions::table)
        .values((assertions::assertion_id.eq(id), assertions::expires_at.eq(expires_at)))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added > 0)
}

/// The tenant that a chat server is linked to.
///
/// # Errors
/// When the database fails.
pub async fn chat_server(tx: &mut SystemTx, transport: &str, server: &str) -> Result<Option<Uuid>> {
    Ok(chat_servers::table
        .select(chat_servers::for_tenant)
        .filter(chat_servers::transport.eq(transport))
        .filter(chat_servers::server_ref.eq(server))
        .first(tx)
        .await
        .optional()?)
}

/// Links a chat server to a tenant.
///
/// # Errors
/// `state_conflict` when it is linked already.
pub async fn add_chat_server(tx: &mut Tx, transport: &str, server: &str, tenant: TenantId) -> Result<()> {
    let added = diesel::insert_into(chat_servers::table)
        .values((
            chat_servers::transport.eq(transport),
            chat_servers::server_ref.eq(server),
            chat_servers::for_tenant.eq(tenant.0),
        ))
        .execute(tx)
        .await;
    Error::unless_taken(added, || Error::conflict("This chat server was linked by someone else just now."))?;
    Ok(())
}

/// Forgets that a chat server is linked to a tenant. Here the app role sees the rows of its own tenant and no others.
///
/// # Errors
/// When the database fails.
pub async fn remove_chat_server(tx: &mut Tx, transport: &str, server: &str, tenant: TenantId) -> Result<()> {
    diesel::delete(
        chat_servers::table
            .filter(chat_servers::transport.eq(transport))
            .filter(chat_servers::server_ref.eq(server))
            .filter(chat_servers::for_tenant.eq(tenant.0)),
    )
    .execute(tx)
    .await?;
    Ok(())
}
