//! Departments over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::identity::names::ListParams;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Page;
use tillwatch_shared::authority::{CreateDepartment, Department, UpdateDepartment};
use tillwatch_shared::ids::DepartmentId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(create), endpoint!(get), endpoint!(update), endpoint!(archive)]
}

/// Lists the departments, oldest first.
#[utoipa::path(get, path = "/v1/departments", operation_id = "departments_list", tag = "departments", params(ListParams, PageParams),
    responses((status = 200, body = Page<Department>)))]
async fn list(
    who: Authorized<may::StaffRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Department>>> {
    let (archived, filter) = query.filters.archived();
    let paging = query.page.of(who.tenant, "departments", filter)?;
    Ok(Reply::ok(super::list(&app, &who, archived, &paging).await?))
}

/// Makes a department.
#[utoipa::path(post, path = "/v1/departments", operation_id = "departments_create", tag = "departments", request_body = CreateDepartment,
    responses((status = 201, body = Department)))]
async fn create(
    who: Authorized<may::RolesWrite>,
    app: ThinData<App>,
    body: Body<CreateDepartment>,
) -> Result<Reply<Department>> {
    let department = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/departments/{}", department.id);
    Ok(Reply::created(department, location).version(1))
}

/// Shows a department.
#[utoipa::path(get, path = "/v1/departments/{id}", operation_id = "departments_get", tag = "departments",
    params(("id" = DepartmentId, Path)), responses((status = 200, body = Department)))]
async fn get(
    who: Authorized<may::StaffRead>,
    app: ThinData<App>,
    id: PathId<DepartmentId>,
) -> Result<Reply<Department>> {
    let department = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(department).versioned(|department| department.version))
}

/// Renames a department.
#[utoipa::path(patch, path = "/v1/departments/{id}", operation_id = "departments_update", tag = "departments",
    params(("id" = DepartmentId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateDepartment, responses((status = 200, body = Department)))]
async fn update(
    who: Authorized<may::RolesWrite>,
    app: ThinData<App>,
    id: PathId<DepartmentId>,
    version: IfMatch,
    body: Body<UpdateDepartment>,
) -> Result<Reply<Department>> {
    let department = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(department).versioned(|department| department.version))
}

/// Archives a department that no staff is in. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/departments/{id}/archive", operation_id = "departments_archive", tag = "departments",
    params(("id" = DepartmentId, Path)), responses((status = 200, body = Department)))]
async fn archive(
    who: Authorized<may::RolesWrite>,
    app: ThinData<App>,
    id: PathId<DepartmentId>,
) -> Result<Reply<Department>> {
    let department = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(department).versioned(|department| department.version))
}
