//! The only SQL of the staff list; sessions and sign-in have theirs in [`crate::identity::auth`].

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::staff;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::identity::{StaffMember, StaffState};
use tillwatch_shared::ids::{StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = staff)]
struct Row {
    staff_id: Uuid,
    name: String,
    role: String,
    disabled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_member(self) -> Result<StaffMember> {
        Ok(StaffMember {
            id: StaffId(self.staff_id),
            name: self.name,
            role: self.role.parse().map_err(Error::internal)?,
            state: if self.disabled_at.is_some() { StaffState::Disabled } else { StaffState::Active },
            created_at: self.created_at,
            version: self.version,
        })
    }
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<StaffMember>> {
    let mut query = staff::table
        .select(Row::as_select())
        .filter(staff::tenant_id.eq(tenant.0))
        .order(staff::staff_id)
        .limit(paging.fetch())
        .into_boxed();
    if let Some(after) = paging.after {
        query = query.filter(staff::staff_id.gt(after));
    }
    query.load(tx).await?.into_iter().map(Row::into_member).collect()
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    let row = staff::table
        .select(Row::as_select())
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("staff"))?.into_member()
}

/// One staff, locked until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    let row = staff::table
        .select(Row::as_select())
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("staff"))?.into_member()
}

/// The owners that are not disabled, locked in one order: whatever could leave a retailer without an owner queues here.
pub(super) async fn lock_owners(tx: &mut Tx, tenant: TenantId) -> Result<Vec<StaffId>> {
    let owners: Vec<Uuid> = staff::table
        .select(staff::staff_id)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::role.eq(Role::Owner.as_str()))
        .filter(staff::disabled_at.is_null())
        .order(staff::staff_id)
        .for_update()
        .load(tx)
        .await?;
    Ok(owners.into_iter().map(StaffId).collect())
}

/// Writes the role of a staff that was locked, with its version.
pub(super) async fn set_role(tx: &mut Tx, tenant: TenantId, member: &StaffMember) -> Result<()> {
    diesel::update(staff::table.filter(staff::tenant_id.eq(tenant.0)).filter(staff::staff_id.eq(member.id.0)))
        .set((staff::role.eq(member.role.as_str()), staff::version.eq(member.version)))
        .execute(tx)
        .await?;
    Ok(())
}

/// Disables a staff that was locked, or enables it again.
pub(super) async fn set_disabled(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    disabled_at: Option<DateTime<Utc>>,
    version: i64,
) -> Result<()> {
    diesel::update(staff::table.filter(staff::tenant_id.eq(tenant.0)).filter(staff::staff_id.eq(id.0)))
        .set((staff::disabled_at.eq(disabled_at), staff::version.eq(version)))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn names(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(staff::table
        .select((staff::staff_id, staff::name))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq_any(ids))
        .load(tx)
        .await?)
}
