//! Silences and maintenance windows over HTTP.

use super::{Kind, Shown, Wish};
use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{SilenceId, WindowId};
use tillwatch_shared::watch::{
    AnnounceWindow, CreateSilence, MaintenanceWindow, QuietState, Silence, SilenceEnded, WindowEnded,
};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(create),
        endpoint!(list),
        endpoint!(get),
        endpoint!(end),
        endpoint!(announce),
        endpoint!(windows),
        endpoint!(window),
        endpoint!(end_window),
    ]
}

/// What may be asked of the lists.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only those in this state.
    state: Option<QuietState>,
}

/// Silences alerts for a while: they are judged on, and nobody is told until the silence ends. A stop-loss speaks through
/// every silence.
#[utoipa::path(post, path = "/v1/silences", operation_id = "silences_create", tag = "silences",
    request_body = CreateSilence, responses((status = 201, body = Silence)))]
async fn create(
    who: Authorized<may::AlertsSilence>,
    app: ThinData<App>,
    body: Body<CreateSilence>,
) -> Result<Reply<Silence>> {
    let CreateSilence { scope, starts_at, ends_at, reason } = body.0;
    let wish = Wish { kind: Kind::Silence, scope, starts_at, ends_at, reason };
    let silence = super::create(&app, &who, wish).await?.into_silence();
    let (location, version) = (format!("/v1/silences/{}", silence.id), silence.version);
    Ok(Reply::created(silence, location).version(version))
}

/// Lists the silences, newest first.
#[utoipa::path(get, path = "/v1/silences", operation_id = "silences_list", tag = "silences",
    params(ListParams, PageParams), responses((status = 200, body = Page<Silence>)))]
async fn list(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Silence>>> {
    let ListQuery { filters: ListParams { state }, page } = query;
    let paging = page.of(who.tenant, "silences", state.map_or("", QuietState::as_str))?;
    let Page { data, next_cursor } = super::list(&app, &who, Kind::Silence, state, &paging).await?;
    Ok(Reply::ok(Page { data: data.into_iter().map(Shown::into_silence).collect(), next_cursor }))
}

/// Shows a silence.
#[utoipa::path(get, path = "/v1/silences/{id}", operation_id = "silences_get", tag = "silences",
    params(("id" = SilenceId, Path)), responses((status = 200, body = Silence)))]
async fn get(who: Authorized<may::AlertsRead>, app: ThinData<App>, id: PathId<SilenceId>) -> Result<Reply<Silence>> {
    let silence = super::get(&app, &who, Kind::Silence, id.0.0).await?.into_silence();
    Ok(Reply::ok(silence).versioned(|silence| silence.version))
}

/// Ends a silence now: what still fires speaks. Again changes nothing.
#[utoipa::path(post, path = "/v1/silences/{id}/end", operation_id = "silences_end", tag = "silences",
    params(("id" = SilenceId, Path)), responses((status = 200, body = SilenceEnded)))]
async fn end(
    who: Authorized<may::AlertsSilence>,
    app: ThinData<App>,
    id: PathId<SilenceId>,
) -> Result<Reply<SilenceEnded>> {
    let (changed, shown) = super::end(&app, &who, Kind::Silence, id.0.0).await?;
    Ok(Reply::ok(SilenceEnded { changed, silence: shown.into_silence() }))
}

/// Announces a maintenance window: what fires within is judged to the end and told together when it is over. A stop-loss
/// speaks through it.
#[utoipa::path(post, path = "/v1/maintenance-windows", operation_id = "maintenance_windows_announce",
    tag = "maintenance_windows", request_body = AnnounceWindow, responses((status = 201, body = MaintenanceWindow)))]
async fn announce(
    who: Authorized<may::MaintenanceWrite>,
    app: ThinData<App>,
    body: Body<AnnounceWindow>,
) -> Result<Reply<MaintenanceWindow>> {
    let AnnounceWindow { scope, starts_at, ends_at, reason } = body.0;
    let wish = Wish { kind: Kind::Maintenance, scope, starts_at, ends_at, reason };
    let window = super::create(&app, &who, wish).await?.into_window();
    let (location, version) = (format!("/v1/maintenance-windows/{}", window.id), window.version);
    Ok(Reply::created(window, location).version(version))
}

/// Lists the maintenance windows, newest first.
#[utoipa::path(get, path = "/v1/maintenance-windows", operation_id = "maintenance_windows_list",
    tag = "maintenance_windows", params(ListParams, PageParams),
    responses((status = 200, body = Page<MaintenanceWindow>)))]
async fn windows(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<MaintenanceWindow>>> {
    let ListQuery { filters: ListParams { state }, page } = query;
    let paging = page.of(who.tenant, "maintenance windows", state.map_or("", QuietState::as_str))?;
    let Page { data, next_cursor } = super::list(&app, &who, Kind::Maintenance, state, &paging).await?;
    Ok(Reply::ok(Page { data: data.into_iter().map(Shown::into_window).collect(), next_cursor }))
}

/// Shows a maintenance window.
#[utoipa::path(get, path = "/v1/maintenance-windows/{id}", operation_id = "maintenance_windows_get",
    tag = "maintenance_windows", params(("id" = WindowId, Path)), responses((status = 200, body = MaintenanceWindow)))]
async fn window(
    who: Authorized<may::AlertsRead>,
    app: ThinData<App>,
    id: PathId<WindowId>,
) -> Result<Reply<MaintenanceWindow>> {
    let window = super::get(&app, &who, Kind::Maintenance, id.0.0).await?.into_window();
    Ok(Reply::ok(window).versioned(|window| window.version))
}

/// Ends a maintenance window now, or calls it off: what still fires speaks. Again changes nothing.
#[utoipa::path(post, path = "/v1/maintenance-windows/{id}/end", operation_id = "maintenance_windows_end",
    tag = "maintenance_windows", params(("id" = WindowId, Path)), responses((status = 200, body = WindowEnded)))]
async fn end_window(
    who: Authorized<may::MaintenanceWrite>,
    app: ThinData<App>,
    id: PathId<WindowId>,
) -> Result<Reply<WindowEnded>> {
    let (changed, shown) = super::end(&app, &who, Kind::Maintenance, id.0.0).await?;
    Ok(Reply::ok(WindowEnded { changed, window: shown.into_window() }))
}
