//! A run: what was fetched is taken in, and what came of it is written down, in one transaction.

use super::fetching::{self, Came, Wanted};
use super::mapping::{Broken, Reading};
use super::model::{Life, Ran, Seen, Told};
use super::secrets::opened;
use super::store::queue::{self, Claimed};
use super::store::{self, Kept, runs};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::measure::metrics::{self, Book};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::deliveries;
use crate::watch::ingest::parse::{Parsed, RowRefusal};
use crate::watch::ingest::{self, Taken, parse};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tillwatch_shared::errors::Code;
use tillwatch_shared::feeds::{FeedFault, FeedOutcome, FeedRefusal, FeedRun};
use tillwatch_shared::ids::{FeedId, FeedRunId, TenantId};
use tillwatch_shared::samples::{SampleResult, SampleStatus, SamplesTaken};
use tillwatch_shared::tenant::TenantState;
use tillwatch_shared::watch::NoticeKind;

/// Refused rows that a run tells of.
pub(super) const TOLD: usize = 20;
/// Claims of which nothing was written down, before the feed counts as failed instead of being fetched again.
const MOST_LOST: i32 = 3;
/// How long a feed waits whose retailer is not served, or which cannot even be written down.
const PUT_OFF: TimeDelta = TimeDelta::hours(1);
/// How long a document is read.
const LONGEST_READ: Duration = Duration::from_secs(20);

/// What a run has to write down.
struct Done<'c> {
    came: &'c Came,
    begun_at: DateTime<Utc>,
    /// Why nothing was taken in although it could be read.
    not_taken: Option<Broken>,
}

/// Fetches a claimed feed.
///
/// # Errors
/// When what came of it could not be written down: then it is done again.
pub(super) async fn perform(app: &App, claimed: &Claimed) -> Result<()> {
    let (id, run) = (FeedId(claimed.feed), FeedRunId::new());
    let who = Who::system(TenantId(claimed.tenant), "feeds", &run.to_string());
    let begun_at = now();
    if claimed.lost > MOST_LOST {
        return given_up(app, &who, claimed, run, begun_at).await;
    }
    let read = app.db.read(&who, async |tx| {
        let zone = tenants::settings(tx, who.tenant).await?.time_zone;
        let served = tenants::standing(tx, who.tenant).await?.state == TenantState::Active;
        Ok((store::find(tx, who.tenant, id, false).await?, zone, served))
    });
    let (kept, zone, served) = read.await?;
    let Some(kept) = kept else {
        return app.db.write(&who, async |tx| queue::drop(tx, who.tenant, id).await).await;
    };
    if !served {
        return put_off(app, &who, claimed).await;
    }
    let came = match opened(&app.sealer, who.tenant, &kept) {
        Ok(secrets) => {
            let wanted = Wanted {
                url: secrets.address(&kept.setup.url),
                format: kept.setup.format,
                mapping: kept.setup.mapping.clone(),
                headers: secrets.headers,
                zone,
                made_key: id.to_string(),
                read_within: LONGEST_READ,
            };
            fetching::fetch(app, wanted, &kept.progress.seen).await.unwrap_or_else(|error| nothing(not_taken(&error)))
        }
        Err(_) => nothing(fetching::told(tillwatch_shared::webhooks::Fault::SecretUnreadable)),
    };
    let done = Done { came: &came, begun_at, not_taken: None };
    let written = app.db.write(&who, async |tx| write_down(tx, &who, claimed, run, &done).await).await;
    let woken = match written {
        Ok(woken) => woken,
        // An outage or a crowd is not the source's fault, and passes.
        Err(error) if error.outage || error.code == Code::Overloaded => return Err(error),
        Err(error) => {
            let done = Done { not_taken: Some(not_taken(&error)), ..done };
            app.db.write(&who, async |tx| write_down(tx, &who, claimed, run, &done).await).await?
        }
    };
    for topic in woken {
        app.wake(topic);
    }
    Ok(())
}

/// What comes of asking nobody.
fn nothing(broken: Broken) -> Came {
    Came { status: None, bytes: 0, seen: Seen::default(), read: Err(broken) }
}

/// A feed of which several fetches were lost (the process ended, or took too long) has failed, so that it is asked less
/// often and the team is told. One that cannot even be written down waits.
async fn given_up(app: &App, who: &Who, claimed: &Claimed, run: FeedRunId, begun_at: DateTime<Utc>) -> Result<()> {
    let detail = "Several times it could not be fetched and read to the end. Make the document smaller.";
    let came = nothing(Broken::new(FeedFault::NotTaken, detail));
    let done = Done { came: &came, begun_at, not_taken: None };
    match app.db.write(who, async |tx| write_down(tx, who, claimed, run, &done).await).await {
        Ok(woken) => {
            for topic in woken {
                app.wake(topic);
            }
            Ok(())
        }
        Err(error) if error.outage => Err(error),
        Err(error) => {
            tracing::error!(feed = %FeedId(claimed.feed), %error, "a feed can be neither fetched nor said to have failed");
            put_off(app, who, claimed).await
        }
    }
}

async fn put_off(app: &App, who: &Who, claimed: &Claimed) -> Result<()> {
    app.db.write(who, async |tx| queue::done(tx, who.tenant, claimed, now() + PUT_OFF).await).await
}

/// Gives a claimed feed back, for another process to fetch.
///
/// # Errors
/// When the database fails; then its lease ends by the clock.
pub(super) async fn give_back(app: &App, claimed: &Claimed) -> Result<()> {
    let who = Who::system(TenantId(claimed.tenant), "feeds", "given back");
    app.db.write(&who, async |tx| queue::give_back(tx, who.tenant, claimed, now()).await).await
}

/// What it means that rows which could be read were not taken.
fn not_taken(error: &Error) -> Broken {
    if error.code == Code::TooManyRequests {
        let detail = "The retailer's limit of samples a day is reached. It is fetched again; what is over is taken after \
                      the retailer's midnight.";
        return Broken::new(FeedFault::DayIsFull, detail);
    }
    tracing::warn!(%error, "what a feed brought could not be taken in");
    Broken::new(FeedFault::NotTaken, "What it brought could not be taken in. It is fetched again.")
}

/// Takes in what came and writes it down, unless the feed was changed, paused or claimed by somebody else meanwhile. Says
/// whom to wake.
async fn write_down(tx: &mut Tx, who: &Who, claimed: &Claimed, run: FeedRunId, done: &Done<'_>) -> Result<Vec<Topic>> {
    let (tenant, id) = (who.tenant, FeedId(claimed.feed));
    // The feed first, as everybody locks them.
    let Some(kept) = store::find(tx, tenant, id, true).await? else { return Ok(Vec::new()) };
    if kept.life != Life::Active || !queue::holds(tx, tenant, claimed).await? {
        return Ok(Vec::new());
    }
    if tenants::standing(tx, tenant).await?.state != TenantState::Active {
        queue::done(tx, tenant, claimed, now() + PUT_OFF).await?;
        return Ok(Vec::new());
    }
    // Before samples are counted, which every push of the retailer waits for.
    let zone = tenants::settings(tx, tenant).await?.time_zone;
    runs::make_room(tx, tenant, id).await?;
    let mut woken = Vec::new();
    let mut taken = None;
    let mut newest_at = None;
    if let (Ok(Some(reading)), None) = (&done.came.read, &done.not_taken)
        && !reading.samples.is_empty()
    {
        let (done, newest) = take(tx, who, reading, kept.setup.taken_from).await?;
        woken.extend(done.woken);
        (taken, newest_at) = (Some(done.answer), newest);
    }
    let broken = done.not_taken.as_ref().or(done.came.read.as_ref().err());
    let run = shown(run, done, taken.as_ref(), broken);
    let mostly_refused = run.refused > run.accepted + run.corrected + run.unchanged;
    let seen = match (&done.came.read, &done.not_taken) {
        (Err(_), _) => None,
        (Ok(_), None) if run.refused == 0 => Some(done.came.seen.clone()),
        // What was refused may be taken when the same comes again: a channel is made, say.
        _ => Some(Seen::default()),
    };
    let ran = Ran { outcome: run.outcome, fault: run.fault, mostly_refused, seen, newest_at };
    let at = run.ended_at;
    let (progress, told) = kept.progress.after(&kept.setup, &ran, at);
    runs::add(tx, tenant, id, &run).await?;
    store::set_progress(tx, tenant, id, &progress).await?;
    queue::done(tx, tenant, claimed, progress.due(&kept.setup, id, zone, at, rand::random())).await?;
    if let Some(told) = told {
        tell(tx, who, &kept, told, progress.episode, at).await?;
        woken.push(Topic::Deliveries);
    }
    Ok(woken)
}

/// Tells every linked chat, once for each episode.
async fn tell(tx: &mut Tx, who: &Who, kept: &Kept, told: Told, episode: i32, at: DateTime<Utc>) -> Result<()> {
    let kind = match told {
        Told::Unwell => NoticeKind::FeedUnwell,
        Told::Well => NoticeKind::FeedWell,
    };
    deliveries::announce(tx, who, kind, kept.id.0, episode, at).await?;
    Ok(())
}

/// The rows of a document as those of a request, those from before `from` left out.
pub(super) fn checked<'a>(
    reading: &'a Reading,
    from: Option<DateTime<Utc>>,
    book: &'a Book,
    at: DateTime<Utc>,
) -> Vec<Parsed<'a>> {
    let mut rows = parse::check(&reading.samples, book);
    parse::refuse_future(&mut rows, at);
    let is_wanted = |row: &Parsed<'_>| match row {
        Parsed::Row(row) => from.is_none_or(|from| row.at >= from),
        Parsed::Refused(_) => true,
    };
    rows.retain(is_wanted);
    rows
}

/// Takes the samples of a document as those of a request; the time of the newest that is in.
async fn take(
    tx: &mut Tx,
    who: &Who,
    reading: &Reading,
    from: Option<DateTime<Utc>>,
) -> Result<(Taken, Option<DateTime<Utc>>)> {
    let at = now();
    let book = metrics::book(tx, who.tenant).await?;
    let rows = checked(reading, from, &book, at);
    let taken = ingest::take_in(tx, who, &rows, at).await?;
    let in_now = rows.iter().zip(&taken.answer.results).filter(|(_, result)| result.status != SampleStatus::Refused);
    let newest = in_now.filter_map(|(row, _)| match row {
        Parsed::Row(row) => Some(row.at),
        Parsed::Refused(_) => None,
    });
    let newest = newest.max();
    Ok((taken, newest))
}

/// A refused row, as it is told.
pub(super) fn refusal(refused: &RowRefusal) -> FeedRefusal {
    let RowRefusal { line, code, pointer, detail } = refused.clone();
    FeedRefusal { line, code, pointer, detail }
}

/// The run as it is kept.
fn shown(id: FeedRunId, done: &Done<'_>, taken: Option<&SamplesTaken>, broken: Option<&Broken>) -> FeedRun {
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let [accepted, corrected, unchanged, refused] =
        taken.map_or([0; 4], |taken| [taken.accepted, taken.corrected, taken.unchanged, taken.refused].map(number));
    let refusal = |result: &SampleResult| {
        let (line, detail) = (result.line, result.detail.clone().unwrap_or_default());
        Some(FeedRefusal { line, code: result.code?, pointer: result.pointer.clone().unwrap_or_default(), detail })
    };
    let outcome = match broken {
        Some(_) => FeedOutcome::Failed,
        None if accepted + corrected > 0 => FeedOutcome::Taken,
        None if refused > 0 => FeedOutcome::Refused,
        None => FeedOutcome::Unchanged,
    };
    FeedRun {
        id,
        begun_at: done.begun_at,
        ended_at: now(),
        outcome,
        fault: broken.map(|broken| broken.fault),
        detail: broken.map(|broken| broken.detail.clone()),
        status: done.came.status.map(i32::from),
        bytes: i64::try_from(done.came.bytes).unwrap_or(i64::MAX),
        accepted,
        corrected,
        unchanged,
        refused,
        refusals: taken.into_iter().flat_map(|taken| &taken.results).filter_map(refusal).take(TOLD).collect(),
    }
}
