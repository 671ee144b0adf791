//! Deliveries over HTTP: the bot claims and reports, the retailer sees and sends again.

use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, TheBot, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::Paging;
use crate::platform::http::params::{Params, PathId};
use crate::platform::http::reply::Reply;
use crate::platform::validate::Checks;
use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::ids::DeliveryId;
use tillwatch_shared::watch::{ClaimDeliveries, ClaimedDeliveries, DeliveryInfo, DeliveryState, ReportDelivery};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(claim), endpoint!(report), endpoint!(picture), endpoint!(list), endpoint!(replay)]
}

/// Claims due deliveries for 30 seconds each; waits up to `wait_ms` for the first.
#[utoipa::path(post, path = "/v1/deliveries/claim", operation_id = "deliveries_claim", tag = "deliveries",
    request_body = ClaimDeliveries, responses((status = 200, body = ClaimedDeliveries)))]
async fn claim(bot: TheBot, app: ThinData<App>, body: Body<ClaimDeliveries>) -> Result<Reply<ClaimedDeliveries>> {
    let mut checks = Checks::default();
    checks.ensure((1..=50).contains(&body.0.max), "/max", "out_of_range", "Takes 1 to 50.");
    checks.ensure(body.0.wait_ms <= 8000, "/wait_ms", "out_of_range", "Takes 0 to 8000 milliseconds.");
    checks.ensure(!body.0.transports.is_empty(), "/transports", "required", "Names at least one chat.");
    checks.done()?;
    Ok(Reply::ok(super::claim(&app, &body.0, &bot.request_id).await?))
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

/// Draws what a delivery shows.
#[utoipa::path(get, path = "/v1/deliveries/{id}/picture", operation_id = "deliveries_picture", tag = "deliveries",
    params(("id" = DeliveryId, Path)), responses((status = 200, body = [u8], content_type = "image/png")))]
async fn picture(bot: TheBot, app: ThinData<App>, id: PathId<DeliveryId>) -> Result<HttpResponse> {
    let png = super::picture(&app, id.0, &bot.request_id).await?.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").body(png))
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only deliveries in this state.
    state: Option<DeliveryState>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(max_length = 128)]
    cursor: Option<String>,
}

/// Lists the deliveries, newest first; `state=dead` shows what was given up.
#[utoipa::path(get, path = "/v1/deliveries", operation_id = "deliveries_list", tag = "deliveries", params(ListParams),
    responses((status = 200, body = Page<DeliveryInfo>)))]
async fn list(
    who: Authorized<may::DeliveriesManage>,
    app: ThinData<App>,
    params: Params<ListParams>,
) -> Result<Reply<Page<DeliveryInfo>>> {
    let Params(ListParams { state, limit, cursor }) = params;
    let filter = state.map_or("", DeliveryState::as_str);
    let paging = Paging::new(who.tenant, "deliveries", filter, limit, cursor.as_deref())?;
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
