//! Roles over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::identity::names::ListParams;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::authority::{CreateRole, CustomRole, Roles, UpdateRole};
use tillwatch_shared::ids::RoleId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(create), endpoint!(get), endpoint!(update), endpoint!(archive)]
}

/// Lists the roles: the built-in ones, and the retailer's own, oldest first.
#[utoipa::path(get, path = "/v1/roles", operation_id = "roles_list", tag = "roles", params(ListParams, PageParams),
    responses((status = 200, body = Roles)))]
async fn list(
    who: Authorized<may::StaffRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Roles>> {
    let (archived, filter) = query.filters.archived();
    let paging = query.page.of(who.tenant, "roles", filter)?;
    Ok(Reply::ok(super::list(&app, &who, archived, &paging).await?))
}

/// Makes a role of the retailer's own. Asks for a fresh sign-in.
#[utoipa::path(post, path = "/v1/roles", operation_id = "roles_create", tag = "roles", request_body = CreateRole,
    responses((status = 201, body = CustomRole)))]
async fn create(
    who: Sensitive<may::RolesWrite>,
    app: ThinData<App>,
    body: Body<CreateRole>,
) -> Result<Reply<CustomRole>> {
    let role = super::create(&app, &who, body.0).await?;
    let location = format!("/v1/roles/{}", role.id);
    Ok(Reply::created(role, location).version(1))
}

/// Shows a role of the retailer's own.
#[utoipa::path(get, path = "/v1/roles/{id}", operation_id = "roles_get", tag = "roles",
    params(("id" = RoleId, Path)), responses((status = 200, body = CustomRole)))]
async fn get(who: Authorized<may::StaffRead>, app: ThinData<App>, id: PathId<RoleId>) -> Result<Reply<CustomRole>> {
    let role = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(role).versioned(|role| role.version))
}

/// Changes a role; within a second whoever has it may do what it allows then. Asks for a fresh sign-in.
#[utoipa::path(patch, path = "/v1/roles/{id}", operation_id = "roles_update", tag = "roles",
    params(("id" = RoleId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateRole, responses((status = 200, body = CustomRole)))]
async fn update(
    who: Sensitive<may::RolesWrite>,
    app: ThinData<App>,
    id: PathId<RoleId>,
    version: IfMatch,
    body: Body<UpdateRole>,
) -> Result<Reply<CustomRole>> {
    let role = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(role).versioned(|role| role.version))
}

/// Archives a role that no staff has and that allows nothing that the caller may not do. Doing it again changes nothing.
#[utoipa::path(post, path = "/v1/roles/{id}/archive", operation_id = "roles_archive", tag = "roles",
    params(("id" = RoleId, Path)), responses((status = 200, body = CustomRole)))]
async fn archive(
    who: Authorized<may::RolesWrite>,
    app: ThinData<App>,
    id: PathId<RoleId>,
) -> Result<Reply<CustomRole>> {
    let role = super::archive(&app, &who, id.0).await?;
    Ok(Reply::ok(role).versioned(|role| role.version))
}
