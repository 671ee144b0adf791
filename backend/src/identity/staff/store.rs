//! The only SQL of the staff list; sessions and sign-in have theirs in [`crate::identity::auth`].

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{departments, roles, staff};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::{NamedDepartment, NamedRole};
use tillwatch_shared::identity::{StaffMember, StaffState};
use tillwatch_shared::ids::{ChannelId, DepartmentId, RoleId, StaffId, TenantId};
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
    let mut query = members!(tenant).order(staff::staff_id).limit(paging.fetch()).into_boxed();
    if let Some(department) = department {
        query = query.filter(staff::department_id.eq(department.0));
    }
    if let Some(after) = paging.after {
        query = query.filter(staff::staff_id.gt(after));
    }
    query.load::<Row>(tx).await?.into_iter().map(Row::into_member).collect()
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    let row: Option<Row> = members!(tenant).filter(staff::staff_id.eq(id.0)).first(tx).await.optional()?;
    row.ok_or_else(|| Error::not_found("staff"))?.into_member()
}

pub(super) async fn names(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(staff::table
        .select((staff::staff_id, staff::name))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq_any(ids))
        .load(tx)
        .await?)
}
