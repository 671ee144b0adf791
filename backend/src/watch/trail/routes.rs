//! The trail over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::Page;
use tillwatch_shared::ids::RuleId;
use tillwatch_shared::watch::Evaluation;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list)]
}

/// Lists what a rule said of each day of each series and what followed, newest first: why it raised an alert, or did not.
/// It is kept for 90 days. A stop-loss tells that on its alerts.
#[utoipa::path(get, path = "/v1/rules/{id}/evaluations", operation_id = "rules_evaluations", tag = "rules",
    params(("id" = RuleId, Path), PageParams), responses((status = 200, body = Page<Evaluation>)))]
async fn list(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    id: PathId<RuleId>,
    query: ListQuery,
) -> Result<Reply<Page<Evaluation>>> {
    let paging = query.page.of(who.tenant, "evaluations", &id.0.to_string())?;
    Ok(Reply::ok(super::list(&app, &who, id.0, &paging).await?))
}
