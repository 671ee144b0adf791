//! Deferred work of webhooks: putting events on their ways, and forgetting what is old.

use super::{messages, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::directory;
use crate::identity::events::{self, FAN_OUT};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, Sweep};
use crate::platform::wake::Topic;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use std::time::Duration;
use tillwatch_shared::ids::{EventId, TenantId};

/// Retailers that one look at their list brings.
const RETAILERS: i64 = 200;
/// Rows of a kind that one transaction removes.
const REMOVED: i64 = 1000;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: FAN_OUT, perform: fan_out }]
}

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "webhooks.forget", every: Duration::from_hours(6), perform: |app| forget(app).boxed_local() }]
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

/// Forgets events, messages and attempts that are older than they are kept, retailer by retailer.
async fn forget(app: &App) -> Result<()> {
    let mut behind: Option<TenantId> = None;
    while !*app.stopping.borrow() {
        let tenants = app
            .db
            .system("retailers whose old events are forgotten", async |tx| {
                directory::tenants(tx, behind, RETAILERS).await
            })
            .await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        behind = Some(*last);
        for tenant in tenants {
            forget_of(app, tenant).await?;
        }
    }
    Ok(())
}

async fn forget_of(app: &App, tenant: TenantId) -> Result<()> {
    let (who, before) = (Who::system(tenant, "schedule", "webhooks.forget"), now() - events::KEPT);
    while !*app.stopping.borrow() {
        let removed = app
            .db
            .write(&who, async |tx| {
                let sent = store::messages::forget(tx, tenant, before, REMOVED).await?;
                Ok(sent + events::forget(tx, tenant, before, REMOVED).await?)
            })
            .await?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}
