//! The file of a job that is still coming in: part after part, each in a short transaction.

use super::model::{Kept, PART, UPLOAD};
use super::slices::{end, put};
use super::store::{self, Change};
use super::{FileName, Tidy, insert, jobs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::wake::Topic;
use serde_json::{Value, json};
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::{LongJob, LongJobKind, LongJobState};

/// Begins a job of `kind` whose file is still to come: [`add_upload`], and [`uploaded`] in the end.
///
/// # Errors
/// 429 when too many of the retailer's jobs are not over; otherwise when the database fails.
pub async fn begin_upload(app: &App, who: &Who, kind: LongJobKind, params: Value) -> Result<JobId> {
    app.db
        .write(who, async |tx| {
            let job = insert(tx, who, kind, LongJobState::Uploading, params.clone()).await?;
            let tidy = json!(Tidy { job: job.id });
            queue::enqueue(tx, who, jobs::TIDY, &tidy, job.created_at + UPLOAD).await?;
            Ok(job.id)
        })
        .await
}

/// Adds bytes to a job's upload: a multiple of [`PART`], but for the last ones.
///
/// # Errors
/// 409 when the job takes none any more, because it was cancelled or the upload took too long.
pub async fn add_upload(app: &App, who: &Who, id: JobId, bytes: &[u8]) -> Result<()> {
    app.db
        .write(who, async |tx| {
            uploading(tx, who, id).await?;
            store::append(tx, who.tenant, id, FileName::Upload, bytes).await
        })
        .await
}

/// The upload is whole: `last` bytes more, and `total` in all. The job waits for its turn.
///
/// # Errors
/// 409 when the job takes none any more.
pub async fn uploaded(
    app: &App,
    who: &Who,
    id: JobId,
    last: &[u8],
    total: i64,
    params: Value,
    checkpoint: Value,
) -> Result<LongJob> {
    let job = app
        .db
        .write(who, async |tx| {
            let job = uploading(tx, who, id).await?;
            store::append(tx, who.tenant, id, FileName::Upload, last).await?;
            let (total, state) = (Some(total), Some(LongJobState::Waiting.as_str()));
            let (params, checkpoint) = (Some(params.clone()), Some(checkpoint.clone()));
            let change = Change { state, total, params, checkpoint, ..Change::default() };
            store::change(tx, who.tenant, id, change).await?;
            put(tx, who, job.kind.as_str(), id, 0).await?;
            store::get(tx, who.tenant, id, None).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(job.to_wire())
}

/// The upload will not become whole: the job has failed for the reason `why`.
///
/// # Errors
/// When the database fails.
pub async fn broke_off(app: &App, who: &Who, id: JobId, why: &str) -> Result<()> {
    app.db
        .write(who, async |tx| match store::lock(tx, who.tenant, id).await? {
            Some(job) if job.state == LongJobState::Uploading => {
                end(tx, who, &job, LongJobState::Failed, Some(why), now()).await
            }
            _ => Ok(()),
        })
        .await
}

async fn uploading(tx: &mut Tx, who: &Who, id: JobId) -> Result<Kept> {
    let job = store::lock(tx, who.tenant, id).await?;
    job.filter(|job| job.state == LongJobState::Uploading).ok_or_else(|| {
        Error::conflict("The job takes no file any more: it was cancelled, or the upload took too long.")
    })
}

/// At least `least` bytes of a job's upload from byte `from` on, or what is left of it, as part of `tx`.
///
/// # Errors
/// When the database fails.
pub async fn upload_from(tx: &mut Tx, who: &Who, id: JobId, from: u64, least: usize) -> Result<Vec<u8>> {
    let size = PART as u64;
    let (part, skip) = (i32::try_from(from / size).map_err(Error::internal)?, from % size);
    let most = least.div_ceil(PART) + 1;
    let most = i64::try_from(most).map_err(Error::internal)?;
    let mut bytes = store::parts(tx, who.tenant, id, FileName::Upload, part, most).await?.concat();
    let skip = usize::try_from(skip).map_err(Error::internal)?.min(bytes.len());
    bytes.drain(..skip);
    Ok(bytes)
}
