//! Departments: the parts of a retailer that its staff work in.
//!
//! A *department* is a name; it gives no rights. What asks for the sign-off of several departments finds them here.
//! Invariants: names differ ([`names`]); a department is archived, never deleted, and not while a staff is in it.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::names;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::authority::{CreateDepartment, Department, UpdateDepartment};
use tillwatch_shared::ids::{DepartmentId, TenantId};

/// Makes a department.
///
/// # Errors
/// 422 for a bad name, 409 when another department has it.
pub async fn create(app: &App, who: &Who, wanted: CreateDepartment) -> Result<Department> {
    let mut checks = Checks::default();
    names::check(&mut checks, &wanted.name);
    checks.done()?;
    let department = Department {
        id: DepartmentId::new(),
        name: wanted.name.trim().to_owned(),
        archived_at: None,
        created_at: now(),
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            store::insert(tx, who.tenant, &department).await?;
            let after = Some(json!({ "name": department.name }));
            let object = Some(department.id.to_string());
            audit::record(tx, who, Entry { action: "department.created", object, after, ..Entry::default() }).await
        })
        .await?;
    Ok(department)
}

/// A page of the departments, oldest first: those in use, or the archived ones.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool, paging: &Paging) -> Result<Page<Department>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, archived, paging).await).await?;
    Ok(paging.page(rows, |department| department.id.0, |department| department))
}

/// One department.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: DepartmentId) -> Result<Department> {
    app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await
}

/// Renames a department. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when it is archived or the name is taken, 422 for a bad name.
pub async fn update(
    app: &App,
    who: &Who,
    id: DepartmentId,
    version: &IfMatch,
    wanted: UpdateDepartment,
) -> Result<Department> {
    let mut checks = Checks::default();
    if let Some(name) = &wanted.name {
        names::check(&mut checks, name);
    }
    checks.done()?;
    app.db
        .write(who, async |tx| {
            let before = store::lock(tx, who.tenant, id).await?;
            version.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(Error::conflict("This department is archived: it can be read, not changed."));
            }
            let mut after = before.clone();
            if let Some(name) = wanted.name {
                name.trim().clone_into(&mut after.name);
            }
            if after == before {
                return Ok(before);
            }
            after.version += 1;
            store::update(tx, who.tenant, &after).await?;
            let (was, is) = (Some(json!({ "name": before.name })), Some(json!({ "name": after.name })));
            let object = Some(id.to_string());
            let entry = Entry { action: "department.changed", object, before: was, after: is, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after)
        })
        .await
}

/// Archives a department that nobody is in; one that is archived stays as it is.
///
/// # Errors
/// 404, 409 while a staff is in it.
pub async fn archive(app: &App, who: &Who, id: DepartmentId) -> Result<Department> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let mut department = store::lock(tx, who.tenant, id).await?;
            if department.archived_at.is_some() {
                return Ok(department);
            }
            let people = store::people(tx, who.tenant, id).await?;
            if people > 0 {
                let detail = format!("{people} staff are in this department. Move each to another one first.");
                return Err(Error::conflict(detail));
            }
            department.archived_at = Some(at);
            department.version += 1;
            store::update(tx, who.tenant, &department).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "department.archived", object, ..Entry::default() }).await?;
            Ok(department)
        })
        .await
}

/// Whether there is such a department in use; it is held against being archived until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, tenant: TenantId, id: DepartmentId) -> Result<bool> {
    store::hold(tx, tenant, id).await
}
