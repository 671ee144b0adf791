//! Imports: files of samples, up to 100 MiB, taken batch after batch as a long job.
//!
//! Vocabulary: the *upload* is streamed into the job's parts, unpacked on the way and its SHA-256 noted; a *batch* is
//! at most 5,000 rows of it. The job reads a *window* of the upload from its place on, [`cut`] finds where the rows
//! end, the parser and the taking of [`crate::watch::ingest`] do the rest, so an imported row has all the effects of a
//! sent one, the pause by a stop-loss among them. What the day has no room for waits for the next one.
//!
//! Cast: [`receive`] (from chunks to parts), [`cut`] (from a window to whole rows), [`report`] (the lines of the
//! result and the file of refused rows); all pure. Invariants: one result line for each row, in the order sent, up to a
//! bound which the file tells, and a bound on the rows, so that what comes of a file is never many times the file; rows
//! have keys, so sending a file again changes nothing; a batch, its results and the next place are one transaction;
//! two rows of one batch with the same key are refused as they are in a request, and in different batches the later
//! one corrects the earlier.

mod cut;
pub mod jobs;
mod receive;
mod report;
pub mod routes;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::longjobs::{self, FileName, Held, Slice};
use crate::identity::tenants;
use crate::measure::metrics;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::ingest;
use crate::watch::ingest::parse::{self, BodyError, Format, Limits, Parsed};
use cut::{Broken, Place};
use futures_util::{Stream, StreamExt as _};
use receive::{BITE, Receiving};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::pin::pin;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::JobId;
use tillwatch_shared::jobs::{LongJob, LongJobKind};

/// The most bytes of a file, unpacked: 100 MiB.
pub const MOST_BYTES: u64 = 100 * 1024 * 1024;
/// The most rows of a file: more than [`MOST_BYTES`] hold of the shortest good rows, which have 26 bytes.
const MOST_ROWS: i64 = 4_100_000;
/// Rows of a batch.
const BATCH: usize = 5_000;
/// What becomes of rows, as the job counts it.
const ROWS: [&str; 4] = ["accepted", "corrected", "unchanged", "refused"];
/// Bytes that are looked at for the rows of a batch.
const WINDOW: usize = 1024 * 1024;

/// What the job is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Wanted {
    format: Written,
    /// Bytes of the whole file.
    #[serde(default)]
    bytes: u64,
    /// Of the whole file.
    #[serde(default)]
    sha256: Option<String>,
}

/// [`Format`] as it is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    Ndjson,
    Csv,
    Json,
}

impl Written {
    const fn of(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
        }
    }

    const fn format(self) -> Format {
        match self {
            Self::Ndjson => Format::Ndjson,
            Self::Csv => Format::Csv,
            Self::Json => Format::Json,
        }
    }
}

/// Takes a file in: streams it into the parts of a new job, which waits for its turn afterwards. No transaction is open
/// while bytes are waited for.
///
/// # Errors
/// 400 for a file that breaks off or is no gzip although it says so, 413 beyond [`MOST_BYTES`], 429 when too many jobs
/// are not over. The job has failed then, with the same sentence.
pub async fn upload<C: AsRef<[u8]>>(
    app: &App,
    who: &Who,
    format: Format,
    gzip: bool,
    chunks: impl Stream<Item = Result<C>>,
) -> Result<LongJob> {
    let wanted = Wanted { format: Written::of(format), bytes: 0, sha256: None };
    let id = longjobs::begin_upload(app, who, LongJobKind::SamplesImport, json!(wanted)).await?;
    let received = receive_all(app, who, id, format, gzip, chunks).await;
    match received {
        Ok(whole) => {
            let bytes = i64::try_from(whole.bytes).map_err(Error::internal)?;
            let wanted = json!(Wanted { bytes: whole.bytes, sha256: Some(whole.sha256), ..wanted });
            longjobs::uploaded(app, who, id, &whole.last, bytes, wanted, json!(Place::default())).await
        }
        Err(error) => {
            longjobs::broke_off(app, who, id, &error.detail).await?;
            Err(error)
        }
    }
}

async fn receive_all<C: AsRef<[u8]>>(
    app: &App,
    who: &Who,
    id: JobId,
    format: Format,
    gzip: bool,
    chunks: impl Stream<Item = Result<C>>,
) -> Result<receive::Whole> {
    let mut receiving = Receiving::new(gzip, MOST_BYTES);
    let mut chunks = pin!(chunks);
    let mut begun = false;
    while let Some(chunk) = chunks.next().await {
        // However large a chunk is and whatever it unpacks to, no more than a bite of it is held unpacked.
        for bite in chunk?.as_ref().chunks(BITE) {
            receiving.take(bite).map_err(refused)?;
            let Some(parts) = receiving.full_parts() else { continue };
            if !std::mem::replace(&mut begun, true) {
                check_beginning(format, &parts, false)?;
            }
            longjobs::add_upload(app, who, id, &parts).await?;
        }
    }
    let whole = receiving.finish().map_err(refused)?;
    if !begun {
        check_beginning(format, &whole.last, true)?;
    }
    Ok(whole)
}

/// Refuses a document of JSON whose beginning cannot be one of rows, before the rest of it is waited for. What is wrong
/// further down, and in lines and tables, the job tells.
fn check_beginning(format: Format, beginning: &[u8], whole: bool) -> Result<()> {
    if format != Format::Json {
        return Ok(());
    }
    let mut place = Place::default();
    cut::cut(format, beginning, whole, 1, &mut place).map_err(broken)?;
    if place.line == 0 { Err(refused(BodyError::Empty)) } else { Ok(()) }
}

/// What is wrong with a file as a whole, in words that fit a file.
fn refused(error: BodyError) -> Error {
    let detail = match &error {
        BodyError::TooLarge { .. } => {
            Some("The file is larger than 100 MiB unpacked. Split it: rows may be sent in any order.")
        }
        BodyError::BadGzip => {
            Some("The file is not complete, valid gzip. Pack it again, or send it without `Content-Encoding`.")
        }
        BodyError::Empty => Some("The file has no rows."),
        _ => None,
    };
    let mut refusal = Error::from(error);
    if let Some(detail) = detail {
        detail.clone_into(&mut refusal.detail);
    }
    refusal
}

/// What is wrong with a file from some place on.
fn broken(fault: Broken) -> Error {
    match fault {
        Broken::Body(error) => refused(error),
        Broken::Unclosed { .. } => Error::new(Code::MalformedBody, fault.to_string()),
    }
}

/// Refuses a job that has read more rows than a file of good ones can have.
fn check_rows(counts: &BTreeMap<String, i64>) -> Result<()> {
    let read: i64 = ROWS.iter().filter_map(|name| counts.get(*name)).sum();
    if read <= MOST_ROWS {
        return Ok(());
    }
    let detail = format!(
        "The file has more than {MOST_ROWS} rows, which no file of this size with good rows has. The rows before were \
         taken; look at the refused ones and send the rest as another file."
    );
    Err(Error::new(Code::BodyTooLarge, detail))
}

/// What the refusal of a day's limit means for a file.
fn day_is_full(mut error: Error) -> Error {
    if error.code == Code::TooManyRequests {
        "The retailer's limit of samples a day is reached. The rows so far were taken; the rest goes on by itself when \
         the day ends, at the retailer's midnight."
            .clone_into(&mut error.detail);
    }
    error
}

/// One batch.
async fn batch(tx: &mut Tx, who: &Who, held: &Held) -> Result<Slice> {
    let wanted: Wanted = serde_json::from_value(held.params.clone()).map_err(Error::internal)?;
    let mut place: Place = serde_json::from_value(held.checkpoint.clone()).map_err(Error::internal)?;
    let format = wanted.format.format();
    let window = longjobs::upload_from(tx, who, held.id, place.offset, WINDOW).await?;
    let last = place.offset + window.len() as u64 >= wanted.bytes;
    let first = place.offset == 0;
    check_rows(&held.counts)?;
    // No batch is larger than a day's limit, which could never take it; one that the database has no time for is tried
    // again as half of it.
    let day = tenants::standing(tx, who.tenant).await?.limits().samples_per_day;
    let day = usize::try_from(day).unwrap_or_default();
    let most = (BATCH >> held.failures.min(4)).min(day).max(1);
    let piece = cut::cut(format, &window, last, most, &mut place).map_err(broken)?;
    let at = now();
    let limits = Limits { max_rows: BATCH + 1 };
    let book = metrics::book(tx, who.tenant).await?;
    let mut rows = match parse::parse_piece(format, &piece.text, limits, &book, |line| piece.line(line)) {
        Ok(rows) => rows,
        // Blank lines to the end of the window, or the rest of a line that is too long.
        Err(BodyError::Empty) => Vec::new(),
        Err(error) => return Err(refused(error)),
    };
    rows.extend(piece.too_long.map(Parsed::Refused));
    parse::refuse_future(&mut rows, at);
    if rows.is_empty() && last && first {
        return Err(refused(BodyError::Empty));
    }
    let mut slice = Slice { done: i64::try_from(place.offset).map_err(Error::internal)?, ..Slice::default() };
    if !rows.is_empty() {
        let taken = ingest::take_in(tx, who, &rows, at).await.map_err(day_is_full)?.answer;
        let lines = report::bounded(&mut place.result_bytes, report::lines(&taken.results)?, report::RESULT_CUT);
        slice.output.push((FileName::Result, lines));
        if taken.refused > 0 {
            let begun = std::mem::replace(&mut place.errors_begun, true);
            let refused = report::refused_rows(format, &piece.text, &taken.results, begun)?;
            let refused = report::bounded(&mut place.error_bytes, refused, report::ERRORS_CUT);
            slice.output.push((FileName::Errors, refused));
        }
        let counts = [taken.accepted, taken.corrected, taken.unchanged, taken.refused];
        slice.counts.extend(ROWS.into_iter().zip(counts.map(i64::from)));
        slice.counts.push(("stopped_campaigns", i64::try_from(taken.stopped.len()).unwrap_or(i64::MAX)));
    }
    slice.finished = place.offset >= wanted.bytes;
    slice.checkpoint = json!(place);
    Ok(slice)
}

/// Does the batch that `payload` is the ticket of.
///
/// # Errors
/// When it failed and is to be tried again.
async fn advance(app: &App, who: &Who, payload: serde_json::Value) -> Result<()> {
    longjobs::advance(app, who, payload, |tx, who, held| Box::pin(batch(tx, who, held))).await?;
    // A batch may have paused a campaign.
    app.wake(Topic::Deliveries);
    Ok(())
}
