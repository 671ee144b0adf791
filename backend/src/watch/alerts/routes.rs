//! Alerts over HTTP.

use super::Wanted;
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::{Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::HttpResponse;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::ids::{AlertId, NoticeId};
use tillwatch_shared::watch::{
    Alert, AlertAcknowledged, AlertEvent, AlertSilenced, AlertState, AlertWhy, SilenceAlert,
};
use tillwatch_shared::{Locale, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(list),
        endpoint!(get),
        endpoint!(timeline),
        endpoint!(why),
        endpoint!(acknowledge),
        endpoint!(silence),
        endpoint!(picture),
    ]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only alerts in this state.
    state: Option<AlertState>,
    /// Only alerts that are told in the message of this group, the one of a storm.
    group: Option<NoticeId>,
}

/// Lists the alerts, newest first.
#[utoipa::path(get, path = "/v1/alerts", operation_id = "alerts_list", tag = "alerts", params(ListParams, PageParams),
    responses((status = 200, body = Page<Alert>)))]
async fn list(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Alert>>> {
    let ListQuery { filters: ListParams { state, group }, page } = query;
    let of_group = group.map(|group| group.to_string()).unwrap_or_default();
    let filter = format!("{}{of_group}", state.map_or("", AlertState::as_str));
    let paging = page.of(who.tenant, "alerts", &filter)?;
    Ok(Reply::ok(super::list(&app, &who, Wanted { state, group }, &paging).await?))
}

/// Shows an alert with the figures that explain it.
#[utoipa::path(get, path = "/v1/alerts/{id}", operation_id = "alerts_get", tag = "alerts",
    params(("id" = AlertId, Path)), responses((status = 200, body = Alert)))]
async fn get(who: Authorized<may::AlertsRead>, app: ThinData<App>, id: PathId<AlertId>) -> Result<Reply<Alert>> {
    let alert = super::get(&app, &who, id.0).await?;
    Ok(Reply::ok(alert).versioned(|alert| alert.version))
}

/// Shows an alert's timeline, newest step first.
#[utoipa::path(get, path = "/v1/alerts/{id}/timeline", operation_id = "alerts_timeline", tag = "alerts",
    params(("id" = AlertId, Path), PageParams), responses((status = 200, body = Page<AlertEvent>)))]
async fn timeline(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    id: PathId<AlertId>,
    query: ListQuery,
) -> Result<Reply<Page<AlertEvent>>> {
    Ok(Reply::ok(super::timeline(&app, &who, id.0, &query.page).await?))
}

/// Tells why somebody was told of an alert, or was not: the judgement, what it was held together with, what kept it
/// quiet, and what became of each message.
#[utoipa::path(get, path = "/v1/alerts/{id}/why", operation_id = "alerts_why", tag = "alerts",
    params(("id" = AlertId, Path)), responses((status = 200, body = AlertWhy)))]
async fn why(who: Authorized<may::AlertsRead>, app: ThinData<App>, id: PathId<AlertId>) -> Result<Reply<AlertWhy>> {
    Ok(Reply::ok(super::why(&app, &who, id.0).await?))
}

/// Acknowledges an alert: somebody has it in hand. Again changes nothing.
#[utoipa::path(post, path = "/v1/alerts/{id}/acknowledge", operation_id = "alerts_acknowledge", tag = "alerts",
    params(("id" = AlertId, Path)), responses((status = 200, body = AlertAcknowledged)))]
async fn acknowledge(
    who: Authorized<may::AlertsAcknowledge>,
    app: ThinData<App>,
    id: PathId<AlertId>,
) -> Result<Reply<AlertAcknowledged>> {
    Ok(Reply::ok(super::acknowledge(&app, &who, id.0).await?))
}

/// Silences an alert, and what else its rule says of the same place, for a while. Again for no longer changes nothing.
#[utoipa::path(post, path = "/v1/alerts/{id}/silence", operation_id = "alerts_silence", tag = "alerts",
    params(("id" = AlertId, Path)), request_body = SilenceAlert, responses((status = 200, body = AlertSilenced)))]
async fn silence(
    who: Authorized<may::AlertsSilence>,
    app: ThinData<App>,
    id: PathId<AlertId>,
    body: Body<SilenceAlert>,
) -> Result<Reply<AlertSilenced>> {
    Ok(Reply::ok(super::silence(&app, &who, id.0, body.0).await?))
}

/// What may be asked of a picture.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PictureParams {
    /// The language of its words; the retailer's if absent.
    locale: Option<Locale>,
}

/// Draws an alert: what was measured, what was expected, and where it broke.
#[utoipa::path(get, path = "/v1/alerts/{id}/picture", operation_id = "alerts_picture", tag = "alerts",
    params(("id" = AlertId, Path), PictureParams), responses((status = 200, body = [u8], content_type = "image/png")))]
async fn picture(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    id: PathId<AlertId>,
    params: Params<PictureParams>,
) -> Result<HttpResponse> {
    let png = super::picture::png(&app, &who, id.0, params.0.locale).await?;
    let png = png.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").body(png))
}
