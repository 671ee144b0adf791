//! The only SQL of where logins have a staff.

use crate::error::{Error, Result};
use crate::platform::db::schema::{
    directory_closings as closings, directory_resting as resting, directory_staff as places,
};
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as Diesel};
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use uuid::Uuid;

/// Places that are read at once.
const AT_ONCE: i64 = 200;

fn read((tenant, staff): (Uuid, Uuid)) -> (TenantId, StaffId) {
    (TenantId(tenant), StaffId(staff))
}

/// Gives a login a place in a retailer.
///
/// # Errors
/// `state_conflict` when it has one there.
pub async fn add_place(tx: &mut Tx, login: LoginId, place: (TenantId, StaffId)) -> Result<()> {
    let added = diesel::insert_into(places::table)
        .values((places::login_id.eq(login.0), places::for_tenant.eq(place.0.0), places::staff_id.eq(place.1.0)))
        .execute(tx)
        .await;
    if let Err(Diesel::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) = &added {
        return Err(Error::conflict("This login was removed just now, with its last retailer. Open the link again."));
    }
    let taken = || Error::conflict("This login has a place at this retailer already. Sign in with it.");
    Error::unless_taken(added, taken)?;
    Ok(())
}

/// Up to 200 places of a login behind the retailer `after`, in the order of retailers.
///
/// # Errors
/// When the database fails.
pub async fn places(tx: &mut SystemTx, login: LoginId, after: Option<TenantId>) -> Result<Vec<(TenantId, StaffId)>> {
    let found: Vec<(Uuid, Uuid)> = places::table
        .select((places::for_tenant, places::staff_id))
        .filter(places::login_id.eq(login.0))
        // No retailer has the nil id.
        .filter(places::for_tenant.gt(after.map_or(Uuid::nil(), |after| after.0)))
        .order(places::for_tenant)
        .limit(AT_ONCE)
        .load(tx)
        .await?;
    Ok(found.into_iter().map(read).collect())
}

/// The staff of a login at one retailer.
///
/// # Errors
/// When the database fails.
pub async fn place(tx: &mut SystemTx, login: LoginId, tenant: TenantId) -> Result<Option<StaffId>> {
    let found: Option<Uuid> = places::table
        .select(places::staff_id)
        .filter(places::login_id.eq(login.0))
        .filter(places::for_tenant.eq(tenant.0))
        .first(tx)
        .await
        .optional()?;
    Ok(found.map(StaffId))
}

/// The first place of a login, behind the retailer `after`, whose work is done: neither does the retailer rest, nor is
/// it being erased at `now`.
///
/// # Errors
/// When the database fails.
pub async fn served_place(
    tx: &mut SystemTx,
    login: LoginId,
    after: Option<TenantId>,
    now: DateTime<Utc>,
) -> Result<Option<(TenantId, StaffId)>> {
    let erased = closings::table
        .select(closings::for_tenant)
        .filter(closings::kept_open_at.is_null())
        .filter(closings::closes_at.le(now));
    let found: Option<(Uuid, Uuid)> = places::table
        .select((places::for_tenant, places::staff_id))
        .filter(places::login_id.eq(login.0))
        .filter(places::for_tenant.gt(after.map_or(Uuid::nil(), |after| after.0)))
        .filter(places::for_tenant.ne_all(resting::table.select(resting::for_tenant)))
        .filter(places::for_tenant.ne_all(erased))
        .order(places::for_tenant)
        .first(tx)
        .await
        .optional()?;
    Ok(found.map(read))
}
