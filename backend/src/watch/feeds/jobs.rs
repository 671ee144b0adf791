//! Deferred work of feeds: forgetting old runs, sealing secrets anew when the key that they were sealed under is on its way
//! out, and planning what lost its next time.

use super::model::minutes;
use super::secrets::place;
use super::store::{self, queue};
use crate::app::App;
use crate::error::Result;
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::Sweep;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use std::time::Duration;
use tillwatch_shared::feeds::FeedCadence;
use tillwatch_shared::ids::TenantId;

/// How long runs are kept.
const KEPT: TimeDelta = TimeDelta::days(30);
/// A feed is fetched at most so long behind its cadence: an hour behind a failure, and a share of that.
const ABSURD: TimeDelta = TimeDelta::hours(2);
const TIDY: &str = "feeds.tidy";
const SEALED_ANEW: &str = "feeds.sealed_anew";

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![
        Sweep { name: TIDY, every: Duration::from_hours(6), perform: |app| tidy(app).boxed_local() },
        // Not housekeeping, which waits after a start: the key before may be gone soon.
        Sweep { name: SEALED_ANEW, every: Duration::from_mins(10), perform: |app| seal_anew(app).boxed_local() },
    ]
}

/// Forgets runs that are older than they are kept, and plans what nobody would fetch; retailer by retailer.
///
/// # Errors
/// When the list of retailers cannot be read.
pub async fn tidy(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose feeds are tidied", async |tenant| {
        let who = Who::system(tenant, "schedule", TIDY);
        app.db
            .write(&who, async |tx| {
                heal(tx, tenant, now()).await?;
                store::runs::forget(tx, tenant, now() - KEPT).await
            })
            .await
    })
    .await
}

/// Seals anew what the key before has sealed, while the key is rotated; retailer by retailer.
///
/// # Errors
/// When the list of retailers cannot be read.
pub async fn seal_anew(app: &App) -> Result<()> {
    if !app.sealer.is_rotating() {
        return Ok(());
    }
    directory::each_tenant(app, "retailers whose feeds are sealed anew", async |tenant| {
        let who = Who::system(tenant, "schedule", SEALED_ANEW);
        app.db.write(&who, async |tx| reseal(app, tx, tenant).await).await
    })
    .await
}

/// Has fetched at once what has no next time, or one so far ahead that only a clock which went wrong can have set it.
async fn heal(tx: &mut Tx, tenant: TenantId, at: DateTime<Utc>) -> Result<()> {
    for (id, every) in store::active(tx, tenant).await? {
        let cadence =
            every.parse::<FeedCadence>().map_or(TimeDelta::days(1), |every| TimeDelta::minutes(minutes(every).into()));
        let due = queue::due_at(tx, tenant, id).await?;
        if due.is_none_or(|due| due > at + cadence + ABSURD) {
            queue::plan(tx, tenant, id, at).await?;
        }
    }
    Ok(())
}

/// Seals under the current key what is sealed under the one before. What opens under neither is left, and told to the log.
async fn reseal(app: &App, tx: &mut Tx, tenant: TenantId) -> Result<()> {
    for (id, sealed) in store::with_secrets(tx, tenant).await? {
        match app.sealer.reseal(place(tenant, id), &sealed) {
            Ok(Some(anew)) => store::set_secrets(tx, tenant, id, &anew).await?,
            Ok(None) => {}
            Err(error) => {
                tracing::error!(feed = %id, %error, "no key opens a feed's secrets: they must be given again");
            }
        }
    }
    Ok(())
}
