//! The only SQL of authority.

use super::Authority;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, staff};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{ChannelId, DepartmentId, RoleId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use uuid::Uuid;

pub(super) async fn of_staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Authority> {
    type Row = (String, Option<Uuid>, Option<Vec<String>>, Option<Vec<Uuid>>);
    let (role, custom, permissions, channels): Row = staff::table
        .left_join(
            roles::table
                .on(roles::tenant_id.eq(staff::tenant_id).and(roles::role_id.nullable().eq(staff::custom_role_id))),
        )
        .select((staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("staff"))?;
    let custom = custom.map(|_| permissions.unwrap_or_default());
    Ok(Authority::new(role.parse().map_err(Error::internal)?, custom.as_deref(), channels))
}

/// What of a staff is changed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) role: Role,
    pub(super) custom_role: Option<RoleId>,
    pub(super) department: Option<DepartmentId>,
    pub(super) channels: Option<Vec<ChannelId>>,
    pub(super) version: i64,
}

/// The enabled owners, locked: two who step down at once do so one after the other. Before any other staff, by id.
pub(super) async fn lock_owners(tx: &mut Tx, tenant: TenantId) -> Result<Vec<StaffId>> {
    let ids: Vec<Uuid> = staff::table
        .select(staff::staff_id)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::role.eq(Role::Owner.as_str()))
        .filter(staff::disabled_at.is_null())
        .order(staff::staff_id)
        // NO KEY: they may sign in meanwhile.
        .for_no_key_update()
        .load(tx)
        .await?;
    Ok(ids.into_iter().map(StaffId).collect())
}

/// A staff, held against other writers until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Held> {
    type Row = (String, Option<Uuid>, Option<Uuid>, Option<Vec<Uuid>>, i64);
    let row: Option<Row> = staff::table
        .select((staff::role, staff::custom_role_id, staff::department_id, staff::channels, staff::version))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?;
    let (role, custom_role, department, channels, version) = row.ok_or_else(|| Error::not_found("staff"))?;
    Ok(Held {
        role: role.parse().map_err(Error::internal)?,
        custom_role: custom_role.map(RoleId),
        department: department.map(DepartmentId),
        channels: channels.map(|channels| channels.into_iter().map(ChannelId).collect()),
        version,
    })
}

/// Writes what was changed of a locked staff, with a new version.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, id: StaffId, to: &Held) -> Result<()> {
    let channels: Option<Vec<Uuid>> = to.channels.as_ref().map(|ids| ids.iter().map(|channel| channel.0).collect());
    diesel::update(staff::table.filter(staff::tenant_id.eq(tenant.0)).filter(staff::staff_id.eq(id.0)))
        .set((
            staff::role.eq(to.role.as_str()),
            staff::custom_role_id.eq(to.custom_role.map(|role| role.0)),
            staff::department_id.eq(to.department.map(|department| department.0)),
            staff::channels.eq(channels),
            staff::version.eq(staff::version + 1),
        ))
        .execute(tx)
        .await?;
    Ok(())
}
