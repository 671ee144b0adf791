//! The only SQL of logins and their passwords.

use super::{add_place, links};
use crate::error::{Error, Result};
use crate::platform::db::schema::directory_logins as logins;
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use uuid::Uuid;

/// A person's login.
#[derive(Debug, Clone)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Its address, in lower case.
    pub email: String,
    /// PHC text of the password's hash.
    pub password_hash: String,
    /// Since when it has this password; no two of its passwords have the same time, and a newer one has a later one.
    pub password_at: DateTime<Utc>,
}

type Row = (Uuid, String, String, Option<DateTime<Utc>>, DateTime<Utc>);

fn read((id, email, password_hash, changed, created): Row) -> Login {
    Login { id: LoginId(id), email, password_hash, password_at: changed.unwrap_or(created) }
}

/// The columns of a [`Row`].
macro_rules! columns {
    () => {
        (logins::login_id, logins::email, logins::password_hash, logins::password_changed_at, logins::created_at)
    };
}

/// Adds a login with its first staff; `now` is the time of its password.
///
/// # Errors
/// `already_exists` when the address has a login.
pub async fn add_login(
    tx: &mut Tx,
    login: LoginId,
    email: &str,
    password_hash: &str,
    place: (TenantId, StaffId),
    now: DateTime<Utc>,
) -> Result<()> {
    let added = diesel::insert_into(logins::table)
        .values((
            logins::login_id.eq(login.0),
            logins::email.eq(email),
            logins::password_hash.eq(password_hash),
            logins::created_at.eq(now),
        ))
        .execute(tx)
        .await;
    Error::unless_taken(added, || {
        Error::new(Code::AlreadyExists, "This e-mail address has a login already. Sign in with it.")
    })?;
    add_place(tx, login, place).await
}

/// The login of an address, in lower case.
///
/// # Errors
/// When the database fails.
pub async fn login(tx: &mut SystemTx, email: &str) -> Result<Option<Login>> {
    let query = logins::table.select(columns!()).filter(logins::email.eq(email));
    Ok(query.first(tx).await.optional()?.map(read))
}

/// A login by its id.
///
/// # Errors
/// When the database fails.
pub async fn login_of(tx: &mut SystemTx, id: LoginId) -> Result<Option<Login>> {
    let query = logins::table.select(columns!()).filter(logins::login_id.eq(id.0));
    Ok(query.first(tx).await.optional()?.map(read))
}

/// As [`login_of`], locked: of two that set its password at once, the second finds the first one's.
async fn lock(tx: &mut SystemTx, id: LoginId) -> Result<Option<Login>> {
    let query = logins::table.select(columns!()).filter(logins::login_id.eq(id.0)).for_update();
    Ok(query.first(tx).await.optional()?.map(read))
}

/// Sets a login's new password by the link whose token has this hash, and makes its other links useless. The password's
/// time; `None` when the link was used meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn new_password_by_link(
    tx: &mut SystemTx,
    login: LoginId,
    link: &[u8; 32],
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let known = lock(tx, login).await?;
    let used = links::void_resets(tx, login).await?;
    match known.filter(|_| used.iter().any(|hash| hash == link)) {
        Some(known) => set_password(tx, &known, password_hash, now).await.map(Some),
        None => Ok(None),
    }
}

/// Sets a login's new password in place of the one whose hash is `before`, and makes its links useless. The password's
/// time; `None` when the login has another one by now.
///
/// # Errors
/// When the database fails.
pub async fn change_password(
    tx: &mut SystemTx,
    login: LoginId,
    before: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let Some(known) = lock(tx, login).await?.filter(|known| known.password_hash == before) else { return Ok(None) };
    links::void_resets(tx, login).await?;
    set_password(tx, &known, password_hash, now).await.map(Some)
}

async fn set_password(
    tx: &mut SystemTx,
    login: &Login,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    // Later than the one before, whatever the clocks of two processes say.
    let at = now.max(login.password_at + TimeDelta::microseconds(1));
    diesel::update(logins::table.filter(logins::login_id.eq(login.id.0)))
        .set((logins::password_hash.eq(password_hash), logins::password_changed_at.eq(at)))
        .execute(tx)
        .await?;
    Ok(at)
}
