//! Authority: what a staff may do, and where.
//!
//! A staff's [`Authority`] is a set of permissions, from the built-in role or from a role of the retailer's own, and
//! a reach. Cast: [`model`] (how they come about, and who may give them, pure), this file (reading them). Invariants: where a custom role is set
//! it alone counts; an empty list, of permissions or of channels, gives nothing; nobody gives what they lack. The gate asks for it anew every second, so
//! that a change ([`crate::identity::staff`] makes it) takes effect in every process within that time.

pub mod model;
mod store;

use crate::error::Result;
use crate::platform::db::Tx;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use tillwatch_shared::permissions::Permission;

pub use model::{Authority, check_given, may_give, may_touch};

/// What a staff may do, disabled or not.
///
/// # Errors
/// When there is no such staff or the database fails.
pub async fn of_staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Authority> {
    store::of_staff(tx, tenant, id).await
}

/// What a staff may do now; `None` for one who is disabled or not there.
///
/// # Errors
/// When the database fails.
pub async fn of_working(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Authority>> {
    store::of_working(tx, tenant, id).await
}

/// What an enabled staff may do, held against being changed or disabled until the transaction ends; `None` for one who is
/// disabled or not there.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Authority>> {
    if !store::hold(tx, tenant, id).await? {
        return Ok(None);
    }
    store::of_staff(tx, tenant, id).await.map(Some)
}

/// A staff who may do something, as far as telling them takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Their login.
    pub login: LoginId,
    /// Their own language; `None` for the retailer's.
    pub locale: Option<Locale>,
}

/// Everybody of the retailer who has `permission` now; nobody who is disabled.
///
/// # Errors
/// When the database fails.
pub async fn holders(tx: &mut Tx, tenant: TenantId, permission: Permission) -> Result<Vec<Holder>> {
    let active = store::active(tx, tenant).await?;
    Ok(active
        .into_iter()
        .filter(|(_, authority)| authority.permissions.allows(permission))
        .map(|(holder, _)| holder)
        .collect())
}
