//! The only SQL of mailed links and of what they change: places and passwords of logins.

use super::{Opened, SWEPT};
use crate::error::{Error, Result};
use crate::platform::db::schema::{directory_links as links, directory_logins as logins, directory_staff};
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as Diesel};
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use uuid::Uuid;

/// What a mailed link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Joining a retailer; opens an invitation.
    Invitation,
    /// A new password; opens a login.
    PasswordReset,
}

impl LinkKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A login with all that is known of it.
#[derive(Debug, Clone, Queryable)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Its address, in lower case.
    pub email: String,
    /// PHC text of the password's hash.
    pub password_hash: String,
    /// When the password was last changed; absent when it never was.
    pub password_changed_at: Option<DateTime<Utc>>,
}

/// Adds the hash of a mailed link's token; one that is there stays.
///
/// # Errors
/// When the database fails.
pub async fn add_link(
    tx: &mut Tx,
    kind: LinkKind,
    hash: &[u8; 32],
    opens: (TenantId, Uuid),
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(links::table)
        .values((
            links::hash.eq(hash.as_slice()),
            links::kind.eq(kind.as_str()),
            links::for_tenant.eq(opens.0.0),
            links::subject_id.eq(opens.1),
            links::expires_at.eq(expires_at),
        ))
        // Without naming the key, which the role that adds may not read.
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(())
}

/// What a link of this kind opens, unless it has expired.
///
/// # Errors
/// When the database fails.
pub async fn link(tx: &mut SystemTx, kind: LinkKind, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<Opened>> {
    Ok(links::table
        .select((links::for_tenant, links::subject_id))
        .filter(links::hash.eq(hash.as_slice()))
        .filter(links::kind.eq(kind.as_str()))
        .filter(links::expires_at.gt(now))
        .first(tx)
        .await
        .optional()?)
}

/// A login by its id.
///
/// # Errors
/// When the database fails.
pub async fn account(tx: &mut SystemTx, login: LoginId) -> Result<Option<Account>> {
    Ok(logins::table
        .select((logins::login_id, logins::email, logins::password_hash, logins::password_changed_at))
        .filter(logins::login_id.eq(login.0))
        .first(tx)
        .await
        .optional()?)
}

/// Gives a login a place in a retailer.
///
/// # Errors
/// `state_conflict` when it has one there.
pub async fn add_place(tx: &mut Tx, login: LoginId, place: (TenantId, StaffId)) -> Result<()> {
    let added = diesel::insert_into(directory_staff::table)
        .values((
            directory_staff::login_id.eq(login.0),
            directory_staff::for_tenant.eq(place.0.0),
            directory_staff::staff_id.eq(place.1.0),
        ))
        .execute(tx)
        .await;
    if let Err(error) = &added
        && Error::is_unique_violation(error)
    {
        return Err(Error::conflict("This login has a place at this retailer already. Sign in with it."));
    }
    if let Err(Diesel::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) = &added {
        return Err(Error::conflict("This login was removed just now, with its last retailer. Open the link again."));
    }
    added?;
    Ok(())
}

/// Sets a login's new password by the link whose token has this hash, and makes its other links useless; `false`
/// when the link was used meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn new_password_by_link(
    tx: &mut SystemTx,
    login: LoginId,
    link: &[u8; 32],
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    // Locked first: of two that use one link at once, the second finds it gone.
    let known: Option<Uuid> = logins::table
        .select(logins::login_id)
        .filter(logins::login_id.eq(login.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    let of_login =
        links::table.filter(links::subject_id.eq(login.0)).filter(links::kind.eq(LinkKind::PasswordReset.as_str()));
    let used: Vec<Vec<u8>> = diesel::delete(of_login).returning(links::hash).get_results(tx).await?;
    if known.is_none() || !used.iter().any(|hash| hash == link) {
        return Ok(false);
    }
    set_password(tx, login, password_hash, now).await?;
    Ok(true)
}

/// Sets a login's new password in place of the one whose hash is `before`, and makes its links useless; `false` when
/// it has another one by now.
///
/// # Errors
/// When the database fails.
pub async fn change_password(
    tx: &mut SystemTx,
    login: LoginId,
    before: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let present: Option<String> = logins::table
        .select(logins::password_hash)
        .filter(logins::login_id.eq(login.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    if present.as_deref() != Some(before) {
        return Ok(false);
    }
    let of_login =
        links::table.filter(links::subject_id.eq(login.0)).filter(links::kind.eq(LinkKind::PasswordReset.as_str()));
    diesel::delete(of_login).execute(tx).await?;
    set_password(tx, login, password_hash, now).await?;
    Ok(true)
}

async fn set_password(tx: &mut SystemTx, login: LoginId, password_hash: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(logins::table.filter(logins::login_id.eq(login.0)))
        .set((logins::password_hash.eq(password_hash), logins::password_changed_at.eq(now)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Removes up to [`SWEPT`] links that have expired; returns how many it found.
///
/// # Errors
/// When the database fails.
pub(super) async fn remove_expired(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<usize> {
    let old: Vec<Vec<u8>> =
        links::table.select(links::hash).filter(links::expires_at.lt(now)).limit(SWEPT).load(tx).await?;
    Ok(diesel::delete(links::table.filter(links::hash.eq_any(old))).execute(tx).await?)
}
