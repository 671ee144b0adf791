//! Deliveries over HTTP: the bot reports, the retailer sees and sends again.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, TheBot, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::ids::DeliveryId;
use tillwatch_shared::watch::{DeliveryInfo, DeliveryState, ReportDelivery};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(report), endpoint!(list), endpoint!(replay)]
}

/// Takes the outcome of a claimed attempt.
#[utoipa::path(post, path = "/v1/deliveries/{id}/report", operation_id = "deliveries_report", tag = "deliveries",
    params(("id" = DeliveryId, Path)), request_body = ReportDelivery, responses((status = 200, body = Acknowledgement)))]
async fn report(
    _bot: TheBot,
    app: ThinData<App>,
    id: PathId<DeliveryId>,
    body: Body<ReportDelivery>,
) -> Result<Reply<Acknowledgement>> {
    super::report(&app, id.0, &body.0).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only deliveries in this state.
    state: Option<DeliveryState>,
}

/// Lists the deliveries, newest first; `state=dead` shows what was given up.
#[utoipa::path(get, path = "/v1/deliveries", operation_id = "deliveries_list", tag = "deliveries", params(ListParams, PageParams),
    responses((status = 200, body = Page<DeliveryInfo>)))]
async fn list(
    who: Authorized<may::DeliveriesManage>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<DeliveryInfo>>> {
    let ListQuery { filters: ListParams { state }, page } = query;
    let filter = state.map_or("", DeliveryState::as_str);
    let paging = page.of(who.tenant, "deliveries", filter)?;
    Ok(Reply::ok(super::list(&app, &who, state, &paging).await?))
}

/// Sends a dead delivery again.
#[utoipa::path(post, path = "/v1/deliveries/{id}/replay", operation_id = "deliveries_replay", tag = "deliveries",
    params(("id" = DeliveryId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn replay(
    who: Authorized<may::DeliveriesManage>,
    app: ThinData<App>,
    id: PathId<DeliveryId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::replay(&app, &who, id.0).await? }))
}
