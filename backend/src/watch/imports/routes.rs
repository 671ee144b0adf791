//! Imports over HTTP: a file as a stream.

use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::Params;
use crate::platform::http::reply::Reply;
use crate::watch::ingest::parse::{BodyError, Format};
use actix_web::web::ThinData;
use actix_web::{HttpRequest, web};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use tillwatch_shared::errors::Code;
use tillwatch_shared::jobs::{ImportKind, LongJob, SamplesFile};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(start).with_files().with_keyed_rows()]
}

/// What an import says of its file.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StartParams {
    /// What the file holds.
    #[param(inline)]
    kind: ImportKind,
}

/// Sends a file of up to 100 MiB (unpacked), which is taken as a long job.
///
/// The rows are those of `POST /v1/samples`, as NDJSON, CSV or JSON, with `Content-Encoding: gzip` or without.
/// Answered when the file is there; `Location` is the job, whose result has one line a row and whose errors are the
/// refused rows to be mended and sent again. Each row has its own key, so that sending a file again changes nothing. When
/// the day's samples are used up, the job waits for the retailer's midnight and goes on by itself.
#[utoipa::path(post, path = "/v1/imports", operation_id = "imports_start", tag = "imports", params(StartParams),
    request_body(content(
        (String = "application/x-ndjson", example = r#"{"metric":"spend","at":"2026-11-20T10:00:00Z","key":"r1","value":12.5}"#),
        (String = "text/csv", example = "metric,at,key,value\nspend,2026-11-20T10:00:00Z,r1,12.5"),
        (SamplesFile = "application/json")
    )),
    responses((status = 202, description = "The job, which waits for its turn.", body = LongJob)))]
async fn start(
    who: Authorized<may::SamplesWrite>,
    app: ThinData<App>,
    params: Params<StartParams>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<Reply<LongJob>> {
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let ImportKind::Samples = params.0.kind;
    let format = Format::from_content_type(header("content-type"))?;
    let gzip = match header("content-encoding").unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => false,
        "gzip" | "x-gzip" => true,
        other => return Err(BodyError::UnknownEncoding { encoding: other.chars().take(60).collect() }.into()),
    };
    let broke_off = |error| Error::new(Code::MalformedBody, format!("The file broke off: {error}. Send it again."));
    let job = super::upload(&app, &who, format, gzip, payload.map_err(broke_off)).await?;
    let location = format!("/v1/jobs/{}", job.id);
    Ok(Reply::deferred(job, location))
}
