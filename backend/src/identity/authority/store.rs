//! The only SQL of authority.

use super::Authority;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, staff};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{StaffId, TenantId};
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
