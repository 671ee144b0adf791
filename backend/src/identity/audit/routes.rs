//! The audit log over HTTP.

use super::export::{self, Export};
use super::{Filter, sealing};
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::Params;
use crate::platform::http::reply::Reply;
use crate::platform::http::stream::takes_gzip;
use crate::platform::validate::Checks;
use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::web::{Bytes, ThinData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::audit::{AuditLine, AuditVerification};
use tillwatch_shared::identity::AuditEntry;
use tillwatch_shared::ids::{ApiTokenId, RuleId, StaffId};
use uuid::Uuid;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(verify), endpoint!(export)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only entries about this object, by id.
    #[param(max_length = 64)]
    object: Option<String>,
    /// Only entries of this actor: the id of a staff, an API token or a rule.
    #[param(max_length = 64, example = "stf_11ChrwyjPRLnTQ4gJmVh7G")]
    actor: Option<String>,
    /// Only this action; one that ends in a point stands for all that begin so.
    #[param(max_length = 64, example = "campaign.")]
    action: Option<String>,
    /// Only what was done from here: `api`, `rule`, `schedule`, `discord/<server>/<user>` …
    #[param(max_length = 200, example = "api")]
    via: Option<String>,
    /// Only what this request did.
    #[param(max_length = 64)]
    request_id: Option<String>,
    /// Only entries from this time on.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Only entries before this time.
    #[param(example = "2026-02-01T00:00:00Z")]
    to: Option<DateTime<Utc>>,
}

/// Lists the audit log, newest first.
#[utoipa::path(get, path = "/v1/audit-entries", operation_id = "audit_list", tag = "audit", params(ListParams, PageParams),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    who: Authorized<may::AuditRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<AuditEntry>>> {
    let ListQuery { filters: ListParams { object, actor, action, via, request_id, from, to }, page } = query;
    let mut checks = Checks::default();
    for (pointer, text, most) in
        [("?object", &object, 64), ("?action", &action, 64), ("?via", &via, 200), ("?request_id", &request_id, 64)]
    {
        checks.optional_text(pointer, text.as_deref(), 0, most);
    }
    let actor = actor.map(|text| actor_id(&text));
    let known = actor.is_none_or(|id| id.is_some());
    checks.ensure(known, "?actor", "invalid", "Takes the id of a staff, an API token or a rule.");
    check_time(&mut checks, "?from", from);
    check_time(&mut checks, "?to", to);
    let ordered = from.zip(to).is_none_or(|(from, to)| from < to);
    checks.ensure(ordered, "?to", "out_of_range", "Lies behind `from`.");
    checks.done()?;
    let filter = Filter { object, actor: actor.flatten(), action, via, request_id, from, to };
    let paging = page.of(who.tenant, "audit", &filter.binding())?;
    Ok(Reply::ok(super::list(&app, &who, &filter, &paging).await?))
}

/// Years of four digits: what lies beyond is no time of an entry, and the database keeps not all of it.
fn check_time(checks: &mut Checks, pointer: &str, time: Option<DateTime<Utc>>) {
    let kept = time.is_none_or(|time| (0..253_402_300_800).contains(&time.timestamp()));
    checks.ensure(kept, pointer, "out_of_range", "Takes a time from 1970 to 9999.");
}

fn actor_id(text: &str) -> Option<Uuid> {
    let staff = text.parse::<StaffId>().ok().map(|id| id.0);
    let token = || text.parse::<ApiTokenId>().ok().map(|id| id.0);
    staff.or_else(token).or_else(|| text.parse::<RuleId>().ok().map(|id| id.0))
}

/// What may be asked of the verification.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VerifyParams {
    /// Verify behind the seal of this number: `next` of the answer before.
    #[param(minimum = 1, maximum = 1_000_000_000_000_i64, example = 10)]
    after: Option<i64>,
}

/// Seals that one request verifies: ten thousand entries at most.
const VERIFIED_AT_ONCE: i64 = 10;

/// Verifies the audit log: that every entry is as it was sealed, none is missing and none was added. Long logs are
/// verified in parts; each answer says where the next begins.
#[utoipa::path(get, path = "/v1/audit-entries/verification", operation_id = "audit_verify", tag = "audit",
    params(VerifyParams), responses((status = 200, body = AuditVerification)))]
async fn verify(
    who: Authorized<may::AuditRead>,
    app: ThinData<App>,
    params: Params<VerifyParams>,
) -> Result<Reply<AuditVerification>> {
    let after = params.0.after;
    let mut checks = Checks::default();
    checks.ensure(after.is_none_or(|after| after >= 1), "?after", "out_of_range", "Takes the number of a seal.");
    checks.done()?;
    Ok(Reply::ok(sealing::verify(&app, &who, after.unwrap_or(0), VERIFIED_AT_ONCE).await?))
}

/// What may be asked of an export.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// Entries from this time on.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: DateTime<Utc>,
    /// Entries before this time; the present if absent.
    #[param(example = "2026-02-01T00:00:00Z")]
    to: Option<DateTime<Utc>>,
}

/// Exports entries with their seals, as lines of JSON that `tillwatch audit verify-file` verifies without the service.
/// The last line says whether it holds everything; 100,000 entries at most. Send `Accept-Encoding: gzip` to have it packed.
#[utoipa::path(get, path = "/v1/audit-entries/export", operation_id = "audit_export", tag = "audit",
    params(ExportParams), responses((status = 200, body = AuditLine, content_type = "application/x-ndjson")))]
async fn export(
    who: Authorized<may::AuditRead>,
    app: ThinData<App>,
    params: Params<ExportParams>,
    request: HttpRequest,
) -> Result<Streamed> {
    let ExportParams { from, to } = params.0;
    let to = to.unwrap_or_else(now);
    let mut checks = Checks::default();
    check_time(&mut checks, "?from", Some(from));
    check_time(&mut checks, "?to", Some(to));
    checks.ensure(from < to, "?from", "out_of_range", "Lies before `to`.");
    checks.done()?;
    Ok(Streamed(export::begin(&app, &who, from, to, takes_gzip(&request)).await?))
}

/// An export that is sent as it is read.
struct Streamed(Export);

impl Responder for Streamed {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer.content_type("application/x-ndjson");
        answer.insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""));
        answer.insert_header((header::VARY, "Accept-Encoding"));
        if self.0.is_packed() {
            answer.insert_header((header::CONTENT_ENCODING, "gzip"));
        }
        answer.streaming(stream::try_unfold(self.0, async |mut export| {
            let bytes = export.some().await.inspect_err(|error| tracing::warn!(%error, "an export broke off"))?;
            Ok::<_, Error>(bytes.map(|bytes| (Bytes::from(bytes), export)))
        }))
    }
}
