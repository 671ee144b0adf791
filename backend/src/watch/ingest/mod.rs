//! Taking samples: the one transaction in which a number becomes a row, a sum, a campaign's total and, where a line is
//! reached, a pause.
//!
//! Order of locks, the same for everybody: subjects, series, samples, rollups (in [`crate::measure::samples`]), then
//! the campaigns' totals sorted, then the campaigns that a stop-loss stops, sorted, and last of all the day's count
//! ([`crate::identity::limits`]). Invariants: when the write is answered, a campaign whose line was reached is paused
//! already, and the answer says so; a refused row never takes its neighbours with it; a request either leaves
//! everything that it answers or nothing; a caller who is narrowed to channels writes to these and to the campaigns
//! that run on them alone, and is not told what else there is.

pub mod parse;
pub mod routes;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::limits;
use crate::identity::reach::{self, Place};
use crate::measure::retention;
use crate::measure::samples::{self, NewSample, Outcome};
use crate::measure::subjects::{self, Named};
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::judging;
use chrono::{DateTime, Utc};
use parse::{Parsed, RowRefusal, SampleRow};
use serde_json::json;
use std::collections::HashSet;
use tillwatch_shared::ids::{CampaignId, ChannelId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::samples::{RowCode, SampleResult, SampleStatus, SamplesTaken};
use uuid::Uuid;

/// Takes the parsed rows of one request.
///
/// # Errors
/// When the database fails or a sum would overflow; nothing is written then.
pub async fn take(app: &App, who: &Who, mut rows: Vec<Parsed<'_>>) -> Result<SamplesTaken> {
    let at = now();
    parse::refuse_future(&mut rows, at);
    let taken = app.db.write(who, async |tx| take_in(tx, who, &rows, at).await).await?;
    for topic in taken.woken {
        app.wake(topic);
    }
    Ok(taken.answer)
}

/// What became of rows, and whom to wake behind the commit.
#[derive(Debug)]
pub struct Taken {
    /// What became of each row.
    pub answer: SamplesTaken,
    /// Who has something to do now. Most rows leave nothing to be done before the day is closed.
    pub woken: Vec<Topic>,
}

/// Takes rows as part of `tx`, with everything that follows from them. The future ones are refused before
/// ([`parse::refuse_future`]).
///
/// # Errors
/// When the database fails or a sum would overflow; the transaction must be rolled back then.
pub async fn take_in(tx: &mut Tx, who: &Who, rows: &[Parsed<'_>], at: DateTime<Utc>) -> Result<Taken> {
    let (zone, counting) = limits::begin_counting(tx, who.tenant, at).await?;
    // Only a row that some retailer would not keep has the mark looked up.
    let old = rows.iter().any(|row| matches!(row, Parsed::Row(row) if row.at < at - retention::SURELY_KEPT));
    let kept_from = if old { retention::kept_from(tx, who.tenant).await? } else { None };
    let (good, refused) = place(tx, who, rows, kept_from).await?;
    subjects::ensure(tx, who.tenant, good.subjects, at).await?;
    let recorded = samples::record(tx, who.tenant, zone, &good.samples, at).await?;
    let counted = counted(&good.samples, &recorded.outcomes);
    let judged = judging::stop_loss::judge(tx, who, &recorded.campaign_deltas, at).await?;
    let mut answer = answer(rows, &refused, &recorded.outcomes);
    let mut due = judged.told;
    answer.stopped = judged.stopped;
    if answer.accepted + answer.corrected > 0 {
        due |= judging::after_samples(tx, who, zone, &recorded.touched, at).await?;
        let after = json!({ "accepted": answer.accepted, "corrected": answer.corrected });
        let entry = Entry { action: "samples.taken", after: Some(after), ..Entry::default() };
        audit::record(tx, who, entry).await?;
        limits::count(tx, who.tenant, &counting, counted, at).await?;
    }
    let topics = [(Topic::Deliveries, judged.told), (Topic::Jobs, due)];
    let woken = topics.into_iter().filter(|(_, wanted)| *wanted).map(|(topic, _)| topic).collect();
    Ok(Taken { answer, woken })
}

/// The rows that [`take_in`] would refuse now, by place in `rows`; nothing is written. The future ones are refused before.
///
/// # Errors
/// When the database fails.
pub async fn refusals(tx: &mut Tx, who: &Who, rows: &[Parsed<'_>]) -> Result<Vec<(usize, RowRefusal)>> {
    let kept_from = retention::kept_from(tx, who.tenant).await?;
    Ok(place(tx, who, rows, kept_from).await?.1)
}

/// What counts for the day's limit: every row that was taken or corrected, and each duration of one that lists several.
fn counted(samples: &[NewSample<'_>], outcomes: &[Outcome]) -> u32 {
    let written = samples.iter().zip(outcomes).filter(|(_, outcome)| **outcome != Outcome::Unchanged);
    let durations = written.map(|(sample, _)| sample.many.len().max(1)).sum::<usize>();
    u32::try_from(durations).unwrap_or(u32::MAX)
}

/// The rows whose channel and campaign were found, in the order sent.
struct Placed<'a> {
    samples: Vec<NewSample<'a>>,
    /// What they are about, also repeated.
    subjects: Vec<Named<'a>>,
}

/// What makes two rows the same sample: metric, channel, campaign, period, subject, time and key.
type Same<'a> =
    (&'a str, Option<ChannelId>, Option<CampaignId>, Option<Resolution>, Option<Uuid>, DateTime<Utc>, &'a str);

/// Looks channels and campaigns up and refuses the rows that name what is not there, or that turn out to be the
/// same sample under two spellings. The refusals are by place in `rows`.
async fn place<'a>(
    tx: &mut Tx,
    who: &Who,
    rows: &'a [Parsed<'_>],
    kept_from: Option<DateTime<Utc>>,
) -> Result<(Placed<'a>, Vec<(usize, RowRefusal)>)> {
    let good = || {
        rows.iter().enumerate().filter_map(|(place, row)| match row {
            Parsed::Row(row) => Some((place, row)),
            Parsed::Refused(_) => None,
        })
    };
    let mut channel_names: Vec<&str> = good().filter_map(|(_, row)| row.channel.as_deref()).collect();
    let mut campaign_names: Vec<&str> = good().filter_map(|(_, row)| row.campaign.as_deref()).collect();
    for names in [&mut channel_names, &mut campaign_names] {
        names.sort_unstable();
        names.dedup();
    }
    let mut channels = channels::resolve(tx, who.tenant, &channel_names).await?;
    let mut campaigns = campaigns::resolve(tx, who.tenant, &campaign_names).await?;
    let within = reach::within(tx, who).await?;
    if let Some(within) = &within {
        let place = |channel, campaign| Place { channel, campaign };
        channels.retain(|_, channel| within.holds(place(Some(channel.id), None)));
        campaigns.retain(|_, campaign| within.holds(place(None, Some(campaign.id))));
    }
    let named: Vec<Uuid> = good()
        .filter_map(|(_, row)| row.subject.as_deref().and_then(subjects::read))
        .map(|named| subjects::id(who.tenant, named))
        .collect();
    let mut room = subjects::room(tx, who.tenant, &named).await?;
    let mut placed = Placed { samples: Vec::with_capacity(rows.len()), subjects: Vec::new() };
    let mut refused = Vec::new();
    let mut seen: HashSet<Same<'_>> = HashSet::new();
    for (place, row) in good() {
        let channel = row.channel.as_deref().map(|name| channels.get(name).ok_or(name)).transpose();
        let campaign = row.campaign.as_deref().map(|name| campaigns.get(name).ok_or(name)).transpose();
        let fault = match (&channel, &campaign) {
            _ if kept_from.is_some_and(|from| row.at < from) => Some(not_kept(row)),
            (Err(name), _) if within.is_some() => Some(not_allowed(row, name)),
            (Ok(None), Ok(None)) if within.is_some() => Some(names_nothing(row)),
            (Err(name), _) => Some(unknown(row, RowCode::UnknownChannel, "/channel", name)),
            (_, Err(name)) => Some(unknown(row, RowCode::UnknownCampaign, "/campaign", name)),
            (Ok(Some(channel)), _) if channel.archived => {
                let detail = "This channel is archived; it takes no samples any more.";
                Some(RowRefusal::new(row.line, RowCode::ArchivedChannel, "/channel", detail))
            }
            (_, Ok(Some(campaign))) if campaign.archived => {
                let detail = "This campaign is archived; it takes no samples any more.";
                Some(RowRefusal::new(row.line, RowCode::ArchivedCampaign, "/campaign", detail))
            }
            _ => None,
        };
        let (channel, campaign) = (channel.ok().flatten().map(|c| c.id), campaign.ok().flatten().map(|c| c.id));
        let named = row.subject.as_deref().and_then(subjects::read);
        let about = named.map(|named| subjects::id(who.tenant, named));
        let fault = fault.or_else(|| {
            let fresh = seen.insert((row.metric.key, channel, campaign, row.period, about, row.at, row.key.as_ref()));
            let detail =
                "An earlier row of this request is the same sample under another spelling of its channel or campaign.";
            (!fresh).then(|| RowRefusal::new(row.line, RowCode::DuplicateKey, "/key", detail))
        });
        let fault = fault.or_else(|| {
            let held = about.is_none_or(|subject| room.holds(subject));
            (!held).then(|| no_room(row))
        });
        if let Some(fault) = fault {
            refused.push((place, fault));
            continue;
        }
        placed.subjects.extend(named);
        placed.samples.push(NewSample {
            metric: row.metric,
            channel,
            campaign,
            subject: about,
            period: row.period,
            at: row.at,
            key: row.key.as_ref(),
            value: row.value,
            many: &row.many,
        });
    }
    Ok((placed, refused))
}

fn not_kept(row: &SampleRow<'_>) -> RowRefusal {
    let detail = "Samples of this time are not kept any more, so nobody could tell whether it is new or a correction. See \
                  GET /v1/sample-retention.";
    RowRefusal::new(row.line, RowCode::TooOld, "/at", detail)
}

fn no_room(row: &SampleRow<'_>) -> RowRefusal {
    let detail = format!(
        "There are {} subjects already, and no more are kept. Send the row without its subject, or of one that is there.",
        subjects::MOST
    );
    RowRefusal::new(row.line, RowCode::TooManySubjects, "/subject", detail)
}

fn unknown(row: &SampleRow<'_>, code: RowCode, pointer: &str, name: &str) -> RowRefusal {
    let shown: String = name.chars().take(64).collect();
    let detail = format!("`{shown}` is neither an id nor a key of yours. Create it first, or mend the spelling.");
    RowRefusal::new(row.line, code, pointer, detail)
}

/// A narrowed caller is told the same of a channel that is not there and of one that is out of reach.
fn not_allowed(row: &SampleRow<'_>, name: &str) -> RowRefusal {
    let shown: String = name.chars().take(64).collect();
    let detail = format!("`{shown}` is none of the channels to which your permissions are narrowed.");
    RowRefusal::new(row.line, RowCode::ChannelNotAllowed, "/channel", detail)
}

fn names_nothing(row: &SampleRow<'_>) -> RowRefusal {
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    RowRefusal::new(row.line, RowCode::ChannelNotAllowed, "/channel", detail)
}

fn answer(rows: &[Parsed<'_>], refused: &[(usize, RowRefusal)], outcomes: &[Outcome]) -> SamplesTaken {
    let (mut accepted, mut corrected, mut unchanged) = (0, 0, 0);
    let mut refused = refused.iter().peekable();
    let mut outcomes = outcomes.iter();
    let results: Vec<SampleResult> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let row = match row {
                Parsed::Refused(refusal) => return SampleResult::from(refusal.clone()),
                Parsed::Row(row) => row,
            };
            if let Some((_, refusal)) = refused.next_if(|(at, _)| *at == place) {
                return SampleResult::from(refusal.clone());
            }
            let status = match outcomes.next() {
                Some(Outcome::Accepted) | None => {
                    accepted += 1;
                    SampleStatus::Accepted
                }
                Some(Outcome::Corrected { .. }) => {
                    corrected += 1;
                    SampleStatus::Corrected
                }
                Some(Outcome::Unchanged) => {
                    unchanged += 1;
                    SampleStatus::Unchanged
                }
            };
            SampleResult::taken(row.line, status)
        })
        .collect();
    let total = u32::try_from(results.len()).unwrap_or(u32::MAX);
    let refused = total - accepted - corrected - unchanged;
    SamplesTaken { accepted, corrected, unchanged, refused, stopped: Vec::new(), results }
}

impl From<parse::BodyError> for Error {
    fn from(error: parse::BodyError) -> Self {
        use parse::BodyError as B;
        use tillwatch_shared::errors::Code;
        let code = match &error {
            B::TooManyRows { .. } | B::TooLarge { .. } => Code::BodyTooLarge,
            B::UnknownEncoding { .. } | B::UnknownFormat { .. } => Code::UnsupportedMediaType,
            _ => Code::MalformedBody,
        };
        Self::new(code, error.to_string())
    }
}
