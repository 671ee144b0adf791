//! Taking samples over HTTP: NDJSON, CSV or JSON, gzip too.

use super::parse::{self, Format, Limits, UNPACKED_LIMIT};
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::measure::metrics::{self, Book};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use actix_web::{HttpRequest, web};
use tillwatch_shared::errors::Code;
use tillwatch_shared::samples::{Samples, SamplesTaken};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(take).with_keyed_rows()]
}

/// Takes up to 10,000 samples (10 MiB unpacked) in one transaction.
///
/// One row a line: `metric`, `at` (RFC 3339), `key` (your own key of the row), `value`, and optionally `channel` and
/// `campaign` (an id or your own key). A distinct count says the `period` in which it was counted (`hour`, `day`,
/// `week`, `month`; a day unless said); a `subject` is what the row is about (`product:sku-1042`, `keyword:…`,
/// `content:…`); a row of durations may list several: `"value": [12.5, 20]`, `12.5;20` in CSV. Sending a row again
/// changes nothing; with another value it corrects the earlier one, and rollups, totals and stop-loss lines follow
/// exactly. The answer has one result a row. A campaign whose stop-loss line was reached is paused already when this is
/// answered; `stopped` names it.
#[utoipa::path(post, path = "/v1/samples", operation_id = "samples_take", tag = "samples",
    request_body(content(
        (String = "application/x-ndjson", example = r#"{"metric":"spend","at":"2026-11-20T10:00:00Z","key":"r1","value":12.5,"campaign":"coupons-18"}"#),
        (String = "text/csv", example = "metric,at,key,value,campaign\nspend,2026-11-20T10:00:00Z,r1,12.5,coupons-18"),
        (Samples = "application/json")
    )),
    responses((status = 200, body = SamplesTaken)))]
async fn take(
    who: Authorized<may::SamplesWrite>,
    app: ThinData<App>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<Reply<SamplesTaken>> {
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let format = Format::from_content_type(header("content-type"))?;
    let packed = body::read(payload, UNPACKED_LIMIT).await.map_err(|error| match error.code {
        Code::BodyTooLarge => {
            let split =
                "Split it: send at most 10,000 rows and 10 MiB unpacked in one request; rows may be sent in any order.";
            Error::new(Code::BodyTooLarge, format!("The body is larger than 10 MiB. {split}"))
        }
        _ => error,
    })?;
    let bytes = parse::unpack(header("content-encoding"), &packed, UNPACKED_LIMIT)?;
    let own;
    let mut rows = parse::parse(format, &bytes, Limits::default(), Book::shipped())?;
    if parse::names_unknown(&rows) {
        // Only whoever sends metrics of their own pays for looking them up.
        own = metrics::read_book(&app, &who).await?;
        rows = parse::parse(format, &bytes, Limits::default(), &own)?;
    }
    Ok(Reply::ok(super::take(&app, &who, rows).await?))
}
