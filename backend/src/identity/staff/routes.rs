//! The staff over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::authority::UpdateAuthority;
use tillwatch_shared::identity::{StaffMember, UpdateStaff};
use tillwatch_shared::ids::{DepartmentId, StaffId};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(list),
        endpoint!(get),
        endpoint!(update),
        endpoint!(disable),
        endpoint!(enable),
        endpoint!(sign_out_everywhere),
        endpoint!(authority),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only the staff of this department.
    department: Option<DepartmentId>,
}

/// Lists the staff, oldest first, the disabled ones too.
#[utoipa::path(get, path = "/v1/staff", operation_id = "staff_list", tag = "staff", params(ListParams, PageParams),
    responses((status = 200, body = Page<StaffMember>)))]
async fn list(
    who: Authorized<may::StaffRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<StaffMember>>> {
    let department = query.filters.department;
    let filter = department.map(|id| id.to_string()).unwrap_or_default();
    let paging = query.page.of(who.tenant, "staff", &filter)?;
    Ok(Reply::ok(super::list(&app, &who, department, &paging).await?))
}

/// Shows a staff.
#[utoipa::path(get, path = "/v1/staff/{id}", operation_id = "staff_get", tag = "staff",
    params(("id" = StaffId, Path)), responses((status = 200, body = StaffMember)))]
async fn get(who: Authorized<may::StaffRead>, app: ThinData<App>, id: PathId<StaffId>) -> Result<Reply<StaffMember>> {
    let staff = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(staff).versioned(|staff| staff.version))
}

/// Changes a staff's role; it counts within a second everywhere.
#[utoipa::path(patch, path = "/v1/staff/{id}", operation_id = "staff_update", tag = "staff",
    params(("id" = inline(StaffId), Path, description = "The staff's id."),
        ("If-Match" = String, Header, description = "The `ETag` that was read.")), request_body = UpdateStaff,
    responses((status = 200, body = StaffMember)))]
async fn update(
    who: Sensitive<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
    version: IfMatch,
    body: Body<UpdateStaff>,
) -> Result<Reply<StaffMember>> {
    let staff = super::update(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(staff).versioned(|staff| staff.version))
}

/// Disables a staff: they sign in no more, their sessions end, their chat user may do nothing.
#[utoipa::path(post, path = "/v1/staff/{id}/disable", operation_id = "staff_disable", tag = "staff",
    params(("id" = inline(StaffId), Path, description = "The staff's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn disable(
    who: Sensitive<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::disable(&app, &who, id.0).await? }))
}

/// Lets a disabled staff sign in again.
#[utoipa::path(post, path = "/v1/staff/{id}/enable", operation_id = "staff_enable", tag = "staff",
    params(("id" = inline(StaffId), Path, description = "The staff's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn enable(
    who: Sensitive<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::enable(&app, &who, id.0).await? }))
}

/// Ends every session of a staff, for when a device was lost.
#[utoipa::path(post, path = "/v1/staff/{id}/sign-out-everywhere", operation_id = "staff_sign_out_everywhere",
    tag = "staff", params(("id" = inline(StaffId), Path, description = "The staff's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn sign_out_everywhere(
    who: Authorized<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::sign_out_everywhere(&app, &who, id.0).await? }))
}

/// Changes a staff's custom role, department and channels; effective within a second. Asks for a fresh sign-in.
#[utoipa::path(patch, path = "/v1/staff/{id}/authority", operation_id = "staff_authority", tag = "staff",
    params(("id" = StaffId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateAuthority, responses((status = 200, body = StaffMember)))]
async fn authority(
    who: Sensitive<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
    version: IfMatch,
    body: Body<UpdateAuthority>,
) -> Result<Reply<StaffMember>> {
    let staff = super::change_authority(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(staff).versioned(|staff| staff.version))
}
