//! Trying a document: what a fetch would bring, without keeping anything of it.

use super::fetching::{self, Wanted};
use super::mapping::{Broken, Reading};
use super::model::{self, Life, Seen, Setup};
use super::runs::{TOLD, checked, refusal};
use super::secrets::opened;
use super::{check_source, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::measure::metrics;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::watch::ingest;
use crate::watch::ingest::parse::{Parsed, RowRefusal, SampleRow};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::time::Duration;
use tillwatch_shared::errors::Code;
use tillwatch_shared::feeds::{FeedFault, FeedRefusal, FeedSample, FeedTrial, TryFeed};
use tillwatch_shared::ids::FeedId;
use tokio::time::timeout;

/// A try waits for so long for a document: a request has ten seconds in all.
const LONGEST: Duration = Duration::from_secs(7);
/// Tries at once in this process.
pub const AT_ONCE: usize = 4;
/// Stands for the key that a feed makes for rows without one of their own.
const MADE: &str = "made";

/// Tries a document that is no feed yet.
///
/// # Errors
/// 422 with every wrong field.
pub async fn document(app: &App, who: &Who, wish: TryFeed) -> Result<FeedTrial> {
    let mut checks = Checks::default();
    check_source(app, &mut checks, &wish.url, wish.format, &wish.mapping);
    model::check_headers(&mut checks, &wish.headers);
    checks.done()?;
    let zone = app.db.read(who, async |tx| Ok(tenants::settings(tx, who.tenant).await?.time_zone)).await?;
    let TryFeed { url, format, headers, mapping } = wish;
    let made_key = MADE.to_owned();
    let wanted = Wanted { url, format, mapping, headers, zone, made_key, read_within: LONGEST };
    tried(app, who, wanted, None).await
}

/// Tries a feed as it is.
///
/// # Errors
/// 404, 409 when it is archived.
pub async fn stored(app: &App, who: &Who, id: FeedId) -> Result<FeedTrial> {
    let (kept, zone) = app
        .db
        .read(who, async |tx| {
            let zone = tenants::settings(tx, who.tenant).await?.time_zone;
            Ok((store::get(tx, who.tenant, id, false).await?, zone))
        })
        .await?;
    if kept.life == Life::Archived {
        return Err(Error::conflict("This feed is archived, and its secrets are gone. Try the document by itself."));
    }
    let Ok(secrets) = opened(&app.sealer, who.tenant, &kept) else {
        let unreadable = tillwatch_shared::webhooks::Fault::SecretUnreadable;
        return Ok(failed(fetching::told(unreadable), None, 0));
    };
    let (setup, made_key) = (kept.setup, MADE.to_owned());
    let Setup { url, format, mapping, taken_from, .. } = setup;
    let (url, headers) = (secrets.address(&url), secrets.headers);
    let wanted = Wanted { url, format, mapping, headers, zone, made_key, read_within: LONGEST };
    tried(app, who, wanted, taken_from).await
}

/// Fetches and reads, and says what would become of it.
async fn tried(app: &App, who: &Who, wanted: Wanted, from: Option<DateTime<Utc>>) -> Result<FeedTrial> {
    // Each may hold a document of 10 MiB, packed and unpacked.
    let Some(_place) = app.trials.place(who.tenant) else {
        return Err(Error::new(
            Code::TooManyRequests,
            "Another try of this retailer is in hand, or many of others are. Wait for its answer.",
        ));
    };
    let Ok(came) = timeout(LONGEST, fetching::fetch(app, wanted, &Seen::default())).await else {
        let detail = "The answer did not come within 7 seconds. A feed waits for 15.";
        return Ok(failed(Broken::new(FeedFault::TimedOut, detail), None, 0));
    };
    let came = came?;
    match came.read {
        Ok(reading) => judged(app, who, &reading.unwrap_or_default(), from, came.status, came.bytes).await,
        Err(broken) => Ok(failed(broken, came.status, came.bytes)),
    }
}

fn failed(broken: Broken, status: Option<u16>, bytes: usize) -> FeedTrial {
    FeedTrial {
        fault: Some(broken.fault),
        detail: Some(broken.detail),
        status: status.map(i32::from),
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        columns: broken.columns,
        taken: 0,
        refused: 0,
        empty: 0,
        first: Vec::new(),
        refusals: Vec::new(),
    }
}

/// What would become of these rows now.
async fn judged(
    app: &App,
    who: &Who,
    reading: &Reading,
    from: Option<DateTime<Utc>>,
    status: Option<u16>,
    bytes: usize,
) -> Result<FeedTrial> {
    let book = metrics::read_book(app, who).await?;
    let rows = checked(reading, from, &book, now());
    let later = app.db.read(who, async |tx| ingest::refusals(tx, who, &rows).await).await?;
    let later: HashMap<usize, RowRefusal> = later.into_iter().collect();
    let (mut taken, mut refused) = (0, 0);
    let (mut first, mut refusals): (Vec<FeedSample>, Vec<FeedRefusal>) = (Vec::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        match (row, later.get(&place)) {
            (Parsed::Refused(why), _) | (Parsed::Row(_), Some(why)) => {
                refused += 1;
                if refusals.len() < TOLD {
                    refusals.push(refusal(why));
                }
            }
            (Parsed::Row(row), None) => {
                taken += 1;
                if first.len() < TOLD {
                    first.push(sample(row));
                }
            }
        }
    }
    Ok(FeedTrial {
        fault: None,
        detail: None,
        status: status.map(i32::from),
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        columns: reading.columns.clone(),
        taken,
        refused,
        empty: reading.empty,
        first,
        refusals,
    })
}

fn sample(row: &SampleRow<'_>) -> FeedSample {
    FeedSample {
        line: row.line,
        metric: row.metric.key.to_owned(),
        at: row.at,
        value: row.value,
        channel: row.channel.as_deref().map(str::to_owned),
        campaign: row.campaign.as_deref().map(str::to_owned),
        key: (row.key != MADE).then(|| row.key.clone().into_owned()),
    }
}
