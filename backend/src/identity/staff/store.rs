//! The only SQL of the staff list; sessions and sign-in have theirs in [`crate::identity::auth`].

use super::model::Held;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{departments, roles, staff};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::{NamedDepartment, NamedRole};
use tillwatch_shared::identity::{StaffMember, StaffState};
use tillwatch_shared::ids::{ChannelId, DepartmentId, LoginId, RoleId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use uuid::Uuid;

type Named = (Option<Uuid>, Option<String>);

/// A staff with the names of the role and the department.
#[derive(Queryable)]
struct Row {
    staff_id: Uuid,
    name: String,
    role: String,
    custom_role: Named,
    department: Named,
    channels: Option<Vec<Uuid>>,
    disabled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_member(self) -> Result<StaffMember> {
        let named = |(id, name): Named| id.zip(name);
        Ok(StaffMember {
            id: StaffId(self.staff_id),
            name: self.name,
            role: self.role.parse().map_err(Error::internal)?,
            custom_role: named(self.custom_role).map(|(id, name)| NamedRole { id: RoleId(id), name }),
            department: named(self.department).map(|(id, name)| NamedDepartment { id: DepartmentId(id), name }),
            channels: self.channels.map(|channels| channels.into_iter().map(ChannelId).collect()),
            state: if self.disabled_at.is_some() { StaffState::Disabled } else { StaffState::Active },
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// The staff of a tenant, each with the names of the role and the department.
macro_rules! members {
    ($tenant:expr) => {
        staff::table
            .left_join(
                roles::table
                    .on(roles::tenant_id.eq(staff::tenant_id).and(roles::role_id.nullable().eq(staff::custom_role_id))),
            )
            .left_join(
                departments::table.on(departments::tenant_id
                    .eq(staff::tenant_id)
                    .and(departments::department_id.nullable().eq(staff::department_id))),
            )
            .select((
                staff::staff_id,
                staff::name,
                staff::role,
                (roles::role_id.nullable(), roles::name.nullable()),
                (departments::department_id.nullable(), departments::name.nullable()),
                staff::channels,
                staff::disabled_at,
                staff::created_at,
                staff::version,
            ))
            .filter(staff::tenant_id.eq($tenant.0))
    };
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    department: Option<DepartmentId>,
    paging: &Paging,
) -> Result<Vec<StaffMember>> {
    let query = members!(tenant);
    let mut query = paged!(query, paging, staff::staff_id, oldest);
    if let Some(department) = department {
        query = query.filter(staff::department_id.eq(department.0));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_member).collect()
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    let row: Option<Row> = members!(tenant).filter(staff::staff_id.eq(id.0)).first(tx).await.optional()?;
    row.ok_or_else(|| Error::not_found("staff"))?.into_member()
}

/// One staff, locked until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    lock_held(tx, tenant, id).await?;
    get(tx, tenant, id).await
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

/// What a staff holds, and its version; held against other writers until the transaction ends.
pub(super) async fn lock_held(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<(Held, i64)> {
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
    let held = Held {
        role: role.parse().map_err(Error::internal)?,
        custom_role: custom_role.map(RoleId),
        department: department.map(DepartmentId),
        channels: channels.map(|channels| channels.into_iter().map(ChannelId).collect()),
    };
    Ok((held, version))
}

fn uuids(held: &Held) -> Option<Vec<Uuid>> {
    held.channels.as_ref().map(|channels| channels.iter().map(|channel| channel.0).collect())
}

/// Adds a staff.
pub(super) async fn insert(
    tx: &mut Tx,
    (tenant, id): (TenantId, StaffId),
    login: LoginId,
    name: &str,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(staff::table)
        .values((
            staff::tenant_id.eq(tenant.0),
            staff::staff_id.eq(id.0),
            staff::login_id.eq(login.0),
            staff::name.eq(name),
            staff::role.eq(held.role.as_str()),
            staff::custom_role_id.eq(held.custom_role.map(|role| role.0)),
            staff::department_id.eq(held.department.map(|department| department.0)),
            staff::channels.eq(uuids(held)),
            staff::created_at.eq(now),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes what was changed of a locked staff, with a new version.
pub(super) async fn set_held(tx: &mut Tx, tenant: TenantId, id: StaffId, to: &Held) -> Result<()> {
    let channels = uuids(to);
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
