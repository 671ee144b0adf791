//! The only SQL of mailed links.

use super::{Opened, SWEPT};
use crate::error::Result;
use crate::platform::db::schema::directory_links as links;
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{LoginId, TenantId};
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

/// Makes the links for a new password of a login useless; the hashes of their tokens.
pub(super) async fn void_resets(tx: &mut SystemTx, login: LoginId) -> Result<Vec<Vec<u8>>> {
    let of_login =
        links::table.filter(links::subject_id.eq(login.0)).filter(links::kind.eq(LinkKind::PasswordReset.as_str()));
    Ok(diesel::delete(of_login).returning(links::hash).get_results(tx).await?)
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
