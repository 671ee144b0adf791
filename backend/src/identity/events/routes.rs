//! Events over HTTP: what happened, and what can happen.

use super::catalogue;
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
use tillwatch_shared::webhooks::{Event, EventCatalogue, EventType};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(types)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only events of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<EventType>,
}

/// Lists what happened in the last thirty days, newest first: the bodies that webhooks get.
#[utoipa::path(get, path = "/v1/events", operation_id = "events_list", tag = "events", params(ListParams, PageParams),
    responses((status = 200, body = Page<Event>)))]
async fn list(
    who: Authorized<may::WebhooksRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<Event>>> {
    let kind = query.filters.kind;
    let filter = kind.map_or("", EventType::as_str);
    let paging = query.page.of(who.tenant, "events", filter)?;
    Ok(Reply::ok(super::list(&app, &who, kind, &paging).await?))
}

/// Lists every type of event with the version and the schema of its data, and an example.
#[utoipa::path(get, path = "/v1/webhook-events", operation_id = "events_types", tag = "events",
    responses((status = 200, body = EventCatalogue)))]
async fn types(_who: Authorized<may::WebhooksRead>) -> Reply<EventCatalogue> {
    Reply::ok(EventCatalogue { data: catalogue::all() })
}
