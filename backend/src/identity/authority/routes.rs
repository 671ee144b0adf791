//! What a staff may do, over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::{IfMatch, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::authority::UpdateAuthority;
use tillwatch_shared::identity::StaffMember;
use tillwatch_shared::ids::StaffId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(change)]
}

/// Changes a staff's custom role, department and channels; effective within a second. Asks for a fresh sign-in.
#[utoipa::path(patch, path = "/v1/staff/{id}/authority", operation_id = "staff_authority", tag = "staff",
    params(("id" = StaffId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read.")),
    request_body = UpdateAuthority, responses((status = 200, body = StaffMember)))]
async fn change(
    who: Sensitive<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<StaffId>,
    version: IfMatch,
    body: Body<UpdateAuthority>,
) -> Result<Reply<StaffMember>> {
    let staff = super::change(&app, &who, id.0, &version, body.0).await?;
    let version = staff.version;
    Ok(Reply::ok(staff).version(version))
}
