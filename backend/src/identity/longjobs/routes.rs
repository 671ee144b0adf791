//! Long jobs over HTTP: what became of them, cancel, and their files as streams.

use super::{FileName, Handed};
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::packer::Packer;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use crate::platform::http::stream::takes_gzip;
use crate::platform::http::who::Who;
use actix_web::http::header;
use actix_web::web::{Bytes, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Deserialize;
use tillwatch_shared::Page;
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::{LongJob, LongJobKind, LongJobState};

/// Parts of a file that are read at once: a megabyte.
const AT_ONCE: i64 = 4;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(list), endpoint!(get), endpoint!(cancel), endpoint!(result), endpoint!(errors)]
}

/// What may be asked of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only jobs in this state.
    #[param(inline)]
    state: Option<LongJobState>,
    /// Only jobs of this kind.
    #[param(inline)]
    kind: Option<LongJobKind>,
}

/// Lists the long jobs, newest first. Whoever is narrowed to some channels sees their own.
#[utoipa::path(get, path = "/v1/jobs", operation_id = "jobs_list", tag = "jobs", params(ListParams, PageParams),
    responses((status = 200, body = Page<LongJob>)))]
async fn list(
    who: Authorized<may::JobsRead>,
    app: ThinData<App>,
    query: ListQuery<ListParams>,
) -> Result<Reply<Page<LongJob>>> {
    let ListQuery { filters: ListParams { state, kind }, page } = query;
    let filter = format!("{:?} {:?}", state.map(LongJobState::as_str), kind.map(LongJobKind::as_str));
    let paging = page.of(who.tenant, "jobs", &filter)?;
    Ok(Reply::ok(super::list(&app, &who, state, kind, &paging).await?))
}

/// Reads a long job: its state, its progress and what came of it so far.
#[utoipa::path(get, path = "/v1/jobs/{id}", operation_id = "jobs_get", tag = "jobs",
    params(("id" = inline(JobId), Path, description = "The job's id.")), responses((status = 200, body = LongJob)))]
async fn get(who: Authorized<may::JobsRead>, app: ThinData<App>, id: PathId<JobId>) -> Result<Reply<LongJob>> {
    Ok(Reply::ok(super::get(&app, &who, id.0).await?))
}

/// Cancels a long job: at once while it waits, at its next step while it runs. What it has done stays. Doing it again,
/// or when the job is over, changes nothing.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", operation_id = "jobs_cancel", tag = "jobs",
    params(("id" = inline(JobId), Path, description = "The job's id.")), responses((status = 200, body = LongJob)))]
async fn cancel(who: Authorized<may::JobsCancel>, app: ThinData<App>, id: PathId<JobId>) -> Result<Reply<LongJob>> {
    Ok(Reply::ok(super::cancel(&app, &who, id.0).await?))
}

/// Reads what came of a job that is over. Of an import: one line of JSON for each row, in the order sent. Of an export:
/// the archive; it needs the permission `tenant:export` and a fresh proof of who you are as well.
///
/// Files are kept for seven days. Plain ones are packed for whoever sends `Accept-Encoding: gzip`.
#[utoipa::path(get, path = "/v1/jobs/{id}/result", operation_id = "jobs_result", tag = "jobs",
    params(("id" = inline(JobId), Path, description = "The job's id.")),
    responses((status = 200, description = "The file.", content(
        (String = "application/x-ndjson", example = r#"{"line":1,"status":"accepted"}"#), (Vec<u8> = "application/gzip"))),
    (status = 409, description = "The job is not over yet.")))]
async fn result(
    who: Authorized<may::JobsRead>,
    app: ThinData<App>,
    id: PathId<JobId>,
    req: HttpRequest,
) -> Result<HttpResponse> {
    let file = super::open_file(&app, &who, id.0, FileName::Result).await?;
    Ok(hand_out(&app, &who, id.0, FileName::Result, file, &req))
}

/// Reads the refused rows of an import that is over: CSV with the reasons beside them, which may be mended and sent as
/// it is, since an import passes over the columns of the reasons. Files are kept for seven days.
#[utoipa::path(get, path = "/v1/jobs/{id}/errors", operation_id = "jobs_errors", tag = "jobs",
    params(("id" = inline(JobId), Path, description = "The job's id.")),
    responses((status = 200, description = "The file; empty when nothing was refused.", content(
        (String = "text/csv", example = "metric,at,key,value,channel,campaign,error_line,error_code,error_detail,error_row\nspend,2026-11-20T10:00:00Z,r1,much,,,2,not_a_number,\"Takes a number, such as 12.5.\","))),
    (status = 409, description = "The job is not over yet.")))]
async fn errors(
    who: Authorized<may::JobsRead>,
    app: ThinData<App>,
    id: PathId<JobId>,
    req: HttpRequest,
) -> Result<HttpResponse> {
    let file = super::open_file(&app, &who, id.0, FileName::Errors).await?;
    Ok(hand_out(&app, &who, id.0, FileName::Errors, file, &req))
}

/// A file on its way: read a megabyte at a time, each in a transaction of its own, so that a slow reader holds none
/// open.
struct Way {
    app: App,
    who: Who,
    id: JobId,
    name: FileName,
    /// The next part; absent at the end.
    next: Option<i32>,
    packer: Packer,
}

impl Way {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(from) = self.next else { return Ok(None) };
        let parts = super::parts(&self.app, &self.who, self.id, self.name, from, AT_ONCE).await?;
        let read = i32::try_from(parts.len()).map_err(Error::internal)?;
        self.next = (i64::from(read) == AT_ONCE).then(|| from + read);
        Ok(Some(Bytes::from(self.packer.next(parts.concat(), self.next.is_none())?)))
    }
}

fn hand_out(app: &App, who: &Who, id: JobId, name: FileName, file: Handed, req: &HttpRequest) -> HttpResponse {
    let pack = !file.packed && takes_gzip(req);
    let mut answer = HttpResponse::Ok();
    answer.content_type(file.content_type);
    let called = format!("attachment; filename=\"{id}-{}.{}\"", name.as_str(), file.ending);
    answer.insert_header((header::CONTENT_DISPOSITION, called));
    if !file.packed {
        answer.insert_header((header::VARY, "Accept-Encoding"));
    }
    if pack {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    let way = Way { app: app.clone(), who: who.clone(), id, name, next: Some(0), packer: Packer::new(pack) };
    answer.streaming(stream::try_unfold(way, async |mut way| {
        let bytes = way.next().await?;
        Ok::<_, Error>(bytes.map(|bytes| (bytes, way)))
    }))
}
