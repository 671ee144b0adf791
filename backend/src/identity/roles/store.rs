//! The only SQL of custom roles.

use crate::error::{Error, Result};
use crate::identity::names;
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, staff};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::CustomRole;
use tillwatch_shared::ids::{RoleId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = roles)]
struct Row {
    role_id: Uuid,
    name: String,
    permissions: Vec<String>,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_role(self) -> CustomRole {
        CustomRole {
            id: RoleId(self.role_id),
            name: self.name,
            // A permission that this version does not know allows nothing.
            permissions: self.permissions.iter().filter_map(|permission| permission.parse().ok()).collect(),
            archived_at: self.archived_at,
            created_at: self.created_at,
            version: self.version,
        }
    }
}

fn words(role: &CustomRole) -> Vec<&'static str> {
    role.permissions.iter().map(|permission| permission.as_str()).collect()
}

/// Adds a role.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, role: &CustomRole) -> Result<()> {
    diesel::insert_into(roles::table)
        .values((
            roles::tenant_id.eq(tenant.0),
            roles::role_id.eq(role.id.0),
            roles::name.eq(&role.name),
            roles::name_key.eq(names::key(&role.name)),
            roles::permissions.eq(words(role)),
            roles::created_at.eq(role.created_at),
            roles::version.eq(role.version),
        ))
        .execute(tx)
        .await
        .map_err(|error| names::not_written(error, "role"))?;
    Ok(())
}

/// Writes what can change in a role.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, role: &CustomRole) -> Result<()> {
    diesel::update(roles::table)
        .filter(roles::tenant_id.eq(tenant.0))
        .filter(roles::role_id.eq(role.id.0))
        .set((
            roles::name.eq(&role.name),
            roles::name_key.eq(names::key(&role.name)),
            roles::permissions.eq(words(role)),
            roles::archived_at.eq(role.archived_at),
            roles::version.eq(role.version),
        ))
        .execute(tx)
        .await
        .map_err(|error| names::not_written(error, "role"))?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: RoleId) -> Result<CustomRole> {
    let row: Option<Row> = roles::table
        .select(Row::as_select())
        .filter(roles::tenant_id.eq(tenant.0))
        .filter(roles::role_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("role"))?.into_role())
}

/// As [`get`], held against other writers and against being given to somebody until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: RoleId) -> Result<CustomRole> {
    let row: Option<Row> = roles::table
        .select(Row::as_select())
        .filter(roles::tenant_id.eq(tenant.0))
        .filter(roles::role_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("role"))?.into_role())
}

/// A role in use, held against being changed until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, tenant: TenantId, id: RoleId) -> Result<Option<CustomRole>> {
    let row: Option<Row> = roles::table
        .select(Row::as_select())
        .filter(roles::tenant_id.eq(tenant.0))
        .filter(roles::role_id.eq(id.0))
        .filter(roles::archived_at.is_null())
        .for_share()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Row::into_role))
}

/// How many staff have the role.
pub(super) async fn held_by(tx: &mut Tx, tenant: TenantId, id: RoleId) -> Result<i64> {
    Ok(staff::table
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::custom_role_id.eq(id.0))
        .count()
        .get_result(tx)
        .await?)
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, archived: bool, paging: &Paging) -> Result<Vec<CustomRole>> {
    let mut query = roles::table
        .select(Row::as_select())
        .filter(roles::tenant_id.eq(tenant.0))
        .order(roles::role_id)
        .limit(paging.fetch())
        .into_boxed();
    query = if archived {
        query.filter(roles::archived_at.is_not_null())
    } else {
        query.filter(roles::archived_at.is_null())
    };
    if let Some(after) = paging.after {
        query = query.filter(roles::role_id.gt(after));
    }
    Ok(query.load::<Row>(tx).await?.into_iter().map(Row::into_role).collect())
}
