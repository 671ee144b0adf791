//! The only SQL of departments.

use crate::error::{Error, Result};
use crate::identity::names;
use crate::platform::db::Tx;
use crate::platform::db::schema::{departments, staff};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::Department;
use tillwatch_shared::ids::{DepartmentId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = departments)]
struct Row {
    department_id: Uuid,
    name: String,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_department(self) -> Department {
        Department {
            id: DepartmentId(self.department_id),
            name: self.name,
            archived_at: self.archived_at,
            created_at: self.created_at,
            version: self.version,
        }
    }
}

/// Adds a department.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, department: &Department) -> Result<()> {
    diesel::insert_into(departments::table)
        .values((
            departments::tenant_id.eq(tenant.0),
            departments::department_id.eq(department.id.0),
            departments::name.eq(&department.name),
            departments::name_key.eq(names::key(&department.name)),
            departments::created_at.eq(department.created_at),
            departments::version.eq(department.version),
        ))
        .execute(tx)
        .await
        .map_err(|error| names::not_written(error, "department"))?;
    Ok(())
}

/// Writes what can change in a department.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, department: &Department) -> Result<()> {
    diesel::update(departments::table)
        .filter(departments::tenant_id.eq(tenant.0))
        .filter(departments::department_id.eq(department.id.0))
        .set((
            departments::name.eq(&department.name),
            departments::name_key.eq(names::key(&department.name)),
            departments::archived_at.eq(department.archived_at),
            departments::version.eq(department.version),
        ))
        .execute(tx)
        .await
        .map_err(|error| names::not_written(error, "department"))?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: DepartmentId) -> Result<Department> {
    let row: Option<Row> = departments::table
        .select(Row::as_select())
        .filter(departments::tenant_id.eq(tenant.0))
        .filter(departments::department_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("department"))?.into_department())
}

/// As [`get`], held against other writers and against taking people in until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: DepartmentId) -> Result<Department> {
    let row: Option<Row> = departments::table
        .select(Row::as_select())
        .filter(departments::tenant_id.eq(tenant.0))
        .filter(departments::department_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.ok_or_else(|| Error::not_found("department"))?.into_department())
}

/// Whether the department is in use; held against being changed until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, tenant: TenantId, id: DepartmentId) -> Result<bool> {
    let found: Option<Uuid> = departments::table
        .select(departments::department_id)
        .filter(departments::tenant_id.eq(tenant.0))
        .filter(departments::department_id.eq(id.0))
        .filter(departments::archived_at.is_null())
        .for_share()
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// How many staff are in the department.
pub(super) async fn people(tx: &mut Tx, tenant: TenantId, id: DepartmentId) -> Result<i64> {
    Ok(staff::table
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::department_id.eq(id.0))
        .count()
        .get_result(tx)
        .await?)
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, archived: bool, paging: &Paging) -> Result<Vec<Department>> {
    let mut query = departments::table
        .select(Row::as_select())
        .filter(departments::tenant_id.eq(tenant.0))
        .order(departments::department_id)
        .limit(paging.fetch())
        .into_boxed();
    query = if archived {
        query.filter(departments::archived_at.is_not_null())
    } else {
        query.filter(departments::archived_at.is_null())
    };
    if let Some(after) = paging.after {
        query = query.filter(departments::department_id.gt(after));
    }
    Ok(query.load::<Row>(tx).await?.into_iter().map(Row::into_department).collect())
}
