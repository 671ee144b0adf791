//! The life of a feed: pausing, resuming, fetching it now, archiving it.

use super::model::Life;
use super::store::{self, Kept, queue};
use super::{changed, living, shown};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use tillwatch_shared::feeds::FeedChanged;
use tillwatch_shared::ids::FeedId;

/// Pauses a feed: it is not fetched until it is resumed, and nobody is told that it is missed.
///
/// # Errors
/// 404, 409 when it is archived.
pub async fn pause(app: &App, who: &Who, id: FeedId) -> Result<FeedChanged> {
    app.db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            stopped(tx, who, before, Life::Paused, "feed.paused").await
        })
        .await
}

/// Archives a feed for good: it is never fetched again, and its secrets are wiped. One that is archived stays as it is.
///
/// # Errors
/// 404.
pub async fn archive(app: &App, who: &Who, id: FeedId) -> Result<FeedChanged> {
    app.db
        .write(who, async |tx| {
            let before = store::get(tx, who.tenant, id, true).await?;
            stopped(tx, who, before, Life::Archived, "feed.archived").await
        })
        .await
}

/// Ends the fetching of a locked feed.
async fn stopped(tx: &mut Tx, who: &Who, before: Kept, life: Life, action: &str) -> Result<FeedChanged> {
    let at = now();
    if before.life == life {
        return Ok(FeedChanged { changed: false, feed: shown(&before, None, at) });
    }
    let mut kept = Kept { life, ..before.clone() };
    kept.progress.unwell_since = None;
    if life == Life::Archived {
        kept.secrets = None;
        kept.setup.header_names.clear();
    }
    changed(tx, who, &before, &mut kept, action).await?;
    queue::drop(tx, who.tenant, kept.id).await?;
    Ok(FeedChanged { changed: true, feed: shown(&kept, None, at) })
}

/// Resumes a paused feed, which is fetched at once.
///
/// # Errors
/// 404, 409 when it is archived.
pub async fn resume(app: &App, who: &Who, id: FeedId) -> Result<FeedChanged> {
    let at = now();
    let resumed = app
        .db
        .write(who, async |tx| {
            let before = living(tx, who, id).await?;
            if before.life == Life::Active {
                let next = queue::due_at(tx, who.tenant, id).await?;
                return Ok(FeedChanged { changed: false, feed: shown(&before, next, at) });
            }
            let progress = before.progress.begun_again(at);
            let mut kept = Kept { life: Life::Active, progress, ..before.clone() };
            changed(tx, who, &before, &mut kept, "feed.resumed").await?;
            queue::plan(tx, who.tenant, id, at).await?;
            Ok(FeedChanged { changed: true, feed: shown(&kept, Some(at), at) })
        })
        .await?;
    app.wake(Topic::Fetches);
    Ok(resumed)
}

/// Has a feed fetched now; nothing changes while it is being fetched, or about to be.
///
/// # Errors
/// 404, 409 when it is paused or archived.
pub async fn run_now(app: &App, who: &Who, id: FeedId) -> Result<FeedChanged> {
    let at = now();
    let asked = app
        .db
        .write(who, async |tx| {
            let kept = living(tx, who, id).await?;
            if kept.life == Life::Paused {
                return Err(Error::conflict("This feed is paused. Resume it, which has it fetched at once."));
            }
            let changed = queue::ask(tx, who.tenant, id, at).await?;
            if changed {
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "feed.run_asked", object, ..Entry::default() }).await?;
            }
            let next = queue::due_at(tx, who.tenant, id).await?;
            Ok(FeedChanged { changed, feed: shown(&kept, next, at) })
        })
        .await?;
    app.wake(Topic::Fetches);
    Ok(asked)
}
