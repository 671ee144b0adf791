//! Subjects over HTTP. (They come in with the samples that name them.)

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::measure::{Subject, SubjectKind};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only of this kind.
    kind: Option<SubjectKind>,
}

/// Lists the content items, keywords and products of which something was counted, by id. `GET /v1/series` takes one as
/// `subject=product:sku-1042`.
#[utoipa::path(get, path = "/v1/subjects", operation_id = "subjects_list", tag = "subjects", params(ListParams, PageParams),
    responses((status = 200, body = Page<Subject>)))]
async fn list(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Subject>>> {
    let kind = query.filters.kind;
    let paging = query.page.of(who.tenant, "subjects", kind.map_or("", SubjectKind::as_str))?;
    Ok(Reply::ok(super::list(&app, &who, kind, &paging).await?))
}
