//! The staff list over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::Paging;
use crate::platform::http::params::{Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::identity::StaffMember;
use tillwatch_shared::ids::StaffId;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(get)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(max_length = 128)]
    cursor: Option<String>,
}

/// Lists the staff, oldest first, the disabled ones too.
#[utoipa::path(get, path = "/v1/staff", operation_id = "staff_list", tag = "staff", params(ListParams),
    responses((status = 200, body = Page<StaffMember>)))]
async fn list(
    who: Authorized<may::StaffRead>,
    app: ThinData<App>,
    params: Params<ListParams>,
) -> Result<Reply<Page<StaffMember>>> {
    let Params(ListParams { limit, cursor }) = params;
    let paging = Paging::new(who.tenant, "staff", "", limit, cursor.as_deref())?;
    Ok(Reply::ok(super::list(&app, &who, &paging).await?))
}

/// Shows a staff.
#[utoipa::path(get, path = "/v1/staff/{id}", operation_id = "staff_get", tag = "staff",
    params(("id" = StaffId, Path)), responses((status = 200, body = StaffMember)))]
async fn get(who: Authorized<may::StaffRead>, app: ThinData<App>, id: PathId<StaffId>) -> Result<Reply<StaffMember>> {
    let staff = super::get(&app, &who, id.0).await?;
    let version = staff.version;
    Ok(Reply::ok(staff).version(version))
}
