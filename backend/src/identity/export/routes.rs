//! The complete copy over HTTP: asked for here, followed and read as a long job.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Sensitive, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::jobs::LongJob;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(export)]
}

/// Asks for a complete copy of the retailer's data, which is written as a long job: `Location` is the job, whose
/// result is a `tar.gz` with each table's rows as NDJSON and a `manifest.json`. Needs a fresh proof of who you are,
/// and so does reading it.
#[utoipa::path(post, path = "/v1/tenant/export", operation_id = "tenant_export", tag = "tenant",
    responses((status = 202, description = "The job, which waits for its turn.", body = LongJob)))]
async fn export(who: Sensitive<may::TenantExport>, app: ThinData<App>) -> Result<Reply<LongJob>> {
    let job = super::start(&app, &who).await?;
    let location = format!("/v1/jobs/{}", job.id);
    Ok(Reply::deferred(job, location))
}
