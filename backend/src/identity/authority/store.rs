//! The only SQL of authority.

use super::{Authority, Holder};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, staff};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use uuid::Uuid;

/// The built-in role, the custom one with its permissions, and the channels.
type Kept = (String, Option<Uuid>, Option<Vec<String>>, Option<Vec<Uuid>>);

fn authority((role, custom, permissions, channels): Kept) -> Result<Authority> {
    let custom = custom.map(|_| permissions.unwrap_or_default());
    Ok(Authority::new(role.parse().map_err(Error::internal)?, custom.as_deref(), channels))
}

/// The staff of a tenant, each with the custom role.
macro_rules! staff_with_role {
    ($tenant:expr) => {
        staff::table
            .left_join(
                roles::table
                    .on(roles::tenant_id.eq(staff::tenant_id).and(roles::role_id.nullable().eq(staff::custom_role_id))),
            )
            .filter(staff::tenant_id.eq($tenant.0))
    };
}

pub(super) async fn of_staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Authority> {
    let kept: Option<Kept> = staff_with_role!(tenant)
        .select((staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    authority(kept.ok_or_else(|| Error::not_found("staff"))?)
}

pub(super) async fn of_working(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Authority>> {
    let kept: Option<Kept> = staff_with_role!(tenant)
        .select((staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels))
        .filter(staff::staff_id.eq(id.0))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    kept.map(authority).transpose()
}

/// Whether a staff is enabled; held against being changed until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<bool> {
    let found: Option<Uuid> = staff::table
        .select(staff::staff_id)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .filter(staff::disabled_at.is_null())
        .for_share()
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

pub(super) async fn active(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(Holder, Authority)>> {
    let rows: Vec<(Uuid, Option<String>, Kept)> = staff_with_role!(tenant)
        .select((
            staff::login_id,
            staff::locale,
            (staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels),
        ))
        .filter(staff::disabled_at.is_null())
        .order(staff::staff_id)
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(login, locale, kept)| {
            let locale = locale.map(|locale| locale.parse().map_err(Error::internal)).transpose()?;
            Ok((Holder { login: LoginId(login), locale }, authority(kept)?))
        })
        .collect()
}
