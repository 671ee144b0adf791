//! Dispatch over HTTP, for the bot: what is due, and its picture.

use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::TheBot;
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use crate::platform::validate::Checks;
use actix_web::HttpResponse;
use actix_web::web::ThinData;
use tillwatch_shared::ids::DeliveryId;
use tillwatch_shared::watch::{ClaimDeliveries, ClaimedDeliveries};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(claim), endpoint!(picture)]
}

/// Claims due deliveries for 30 seconds each; waits up to `wait_ms` for the first.
#[utoipa::path(post, path = "/v1/deliveries/claim", operation_id = "deliveries_claim", tag = "deliveries",
    request_body = ClaimDeliveries, responses((status = 200, body = ClaimedDeliveries)))]
async fn claim(bot: TheBot, app: ThinData<App>, body: Body<ClaimDeliveries>) -> Result<Reply<ClaimedDeliveries>> {
    let mut checks = Checks::default();
    checks.ensure((1..=50).contains(&body.0.max), "/max", "out_of_range", "Takes 1 to 50.");
    checks.ensure(body.0.wait_ms <= 8000, "/wait_ms", "out_of_range", "Takes 0 to 8000 milliseconds.");
    checks.ensure(!body.0.transports.is_empty(), "/transports", "required", "Names at least one chat.");
    checks.ensure(body.0.servers.len() <= 100, "/servers", "too_many", "Names at most 100 servers.");
    for (place, one) in body.0.servers.iter().take(100).enumerate() {
        checks.text(&format!("/servers/{place}/server"), &one.server, 1, 64);
        let asked = body.0.transports.contains(&one.transport);
        checks.ensure(asked, &format!("/servers/{place}/transport"), "unknown", "Is none of the `transports`.");
    }
    checks.done()?;
    Ok(Reply::ok(super::claim(&app, &body.0, &bot.request_id).await?))
}

/// Draws what a delivery shows.
#[utoipa::path(get, path = "/v1/deliveries/{id}/picture", operation_id = "deliveries_picture", tag = "deliveries",
    params(("id" = DeliveryId, Path)), responses((status = 200, body = [u8], content_type = "image/png")))]
async fn picture(bot: TheBot, app: ThinData<App>, id: PathId<DeliveryId>) -> Result<HttpResponse> {
    let png = super::picture(&app, id.0, &bot.request_id).await?.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").body(png))
}
