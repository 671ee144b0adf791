//! Deferred work of webhooks: putting events on their ways, forgetting what is old, and sealing secrets anew when the
//! key that they were sealed under is on its way out.

use super::{messages, place, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::directory;
use crate::identity::events::{self, FAN_OUT};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, Sweep};
use crate::platform::wake::Topic;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use std::time::Duration;
use tillwatch_shared::ids::{EventId, TenantId};

const SEALED_ANEW: &str = "webhooks.sealed_anew";
/// Rows of a kind that one transaction removes.
const REMOVED: i64 = 1000;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: FAN_OUT, perform: fan_out }]
}

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![
        Sweep { name: "webhooks.tidy", every: Duration::from_hours(6), perform: |app| tidy(app).boxed_local() },
        // Not housekeeping, which waits after a start: the key before may be gone soon.
        Sweep { name: SEALED_ANEW, every: Duration::from_mins(10), perform: |app| seal_anew(app).boxed_local() },
    ]
}

#[derive(Deserialize)]
struct OneEvent {
    event_id: EventId,
}

fn fan_out(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let OneEvent { event_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        app.db.write(&who, async |tx| messages::fan_out(tx, &who, event_id, now()).await).await?;
        app.wake(Topic::Messages);
        Ok(())
    })
}

/// Wipes secrets that sign no more, and forgets events, messages and attempts that are older than they are kept;
/// retailer by retailer.
///
/// # Errors
/// When the list of retailers cannot be read.
pub async fn tidy(app: &App) -> Result<()> {
    directory::each_tenant(app, "retailers whose webhooks are tidied", async |tenant| {
        let who = Who::system(tenant, "schedule", "webhooks.tidy");
        app.db.write(&who, async |tx| store::wipe_rotated_out(tx, tenant, now()).await).await?;
        forget(app, &who).await
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
    directory::each_tenant(app, "retailers whose webhooks are sealed anew", async |tenant| {
        let who = Who::system(tenant, "schedule", SEALED_ANEW);
        app.db.write(&who, async |tx| reseal(app, tx, tenant).await).await
    })
    .await
}

async fn forget(app: &App, who: &Who) -> Result<()> {
    let (tenant, before) = (who.tenant, now() - events::KEPT);
    while !*app.stopping.borrow() {
        let removed = app
            .db
            .write(who, async |tx| {
                let tries = store::attempts::forget(tx, tenant, before, REMOVED).await?;
                let messages = store::messages::forget(tx, tenant, before, REMOVED).await?;
                Ok(tries + messages + events::forget(tx, tenant, before, REMOVED).await?)
            })
            .await?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}

/// Seals under the current key what is sealed under the one before. What opens under neither is left, and told to the log.
async fn reseal(app: &App, tx: &mut Tx, tenant: TenantId) -> Result<()> {
    for store::Kept { webhook, secret, previous } in store::with_secrets(tx, tenant).await? {
        let anew = |sealed: &Option<Vec<u8>>| {
            let resealed = app.sealer.reseal(place(tenant, webhook.id), sealed.as_deref()?);
            let unknown = |error: &Error| {
                tracing::error!(webhook = %webhook.id, %error, "no key opens a webhook's secret: its owner must rotate it");
            };
            resealed.inspect_err(unknown).ok().flatten()
        };
        let (new_secret, new_previous) = (anew(&secret), anew(&previous));
        if new_secret.is_some() || new_previous.is_some() {
            let (secret, previous) = (new_secret.or(secret), new_previous.or(previous));
            store::set_secrets(tx, tenant, &webhook, secret.as_deref(), previous.as_deref()).await?;
        }
    }
    Ok(())
}
