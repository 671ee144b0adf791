//! The audit log over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::reply::Reply;
use crate::platform::validate::Checks;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::identity::AuditEntry;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only entries about this object, by id.
    #[param(max_length = 64)]
    object: Option<String>,
}

/// Lists the audit log, newest first.
#[utoipa::path(get, path = "/v1/audit-entries", operation_id = "audit_list", tag = "audit", params(ListParams, PageParams),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    who: Authorized<may::AuditRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<AuditEntry>>> {
    let ListQuery { filters: ListParams { object }, page } = query;
    let mut checks = Checks::default();
    checks.optional_text("?object", object.as_deref(), 0, 64);
    checks.done()?;
    let filter = object.as_deref().unwrap_or("");
    let paging = page.of(who.tenant, "audit", filter)?;
    Ok(Reply::ok(super::list(&app, &who, object.as_deref(), &paging).await?))
}
