//! Deliveries: taking an incident to the chat, once, and keeping its message true.
//!
//! One delivery is one alert's message in one chat channel. It is level-triggered: it says which version the chat
//! shall show (`wanted`) and which it shows (`posted`), so any number of changes while the chat is away collapse into
//! one edit. The bot claims due deliveries (through [`crate::watch::dispatch`], which knows what they show); a claim is a
//! lease with an attempt number; a report of an older attempt is refused. Ten failures make a delivery dead, and a
//! person can send it again.
//! Invariants: the row is written by the transaction that changed the alert; claims skip what others hold; the
//! message id, once known, is never forgotten, so nothing is posted twice.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::chat::Server;
use crate::platform::clock::now;
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{AlertId, DeliveryId, TenantId};
use tillwatch_shared::watch::{DeliveryInfo, DeliveryOutcome, DeliveryState, ReportDelivery};

pub use store::Claimed;

/// A claimed delivery comes back after this if the bot died.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Failures before a delivery is dead.
const MOST_FAILURES: i32 = 10;

/// Orders an alert's first version for a chat server, as part of the transaction that raised it.
///
/// # Errors
/// When the database fails.
pub async fn order(tx: &mut Tx, tenant: TenantId, alert: AlertId, server: &Server, at: DateTime<Utc>) -> Result<()> {
    store::insert(tx, tenant, DeliveryId::new(), alert, server, at).await
}

/// Has every chat that shows an alert show `version` of it.
///
/// # Errors
/// When the database fails.
pub async fn want(tx: &mut Tx, tenant: TenantId, alert: AlertId, version: i64, at: DateTime<Utc>) -> Result<()> {
    store::want(tx, tenant, alert, version, at).await
}

/// Claims up to `most` due deliveries of these chats for [`LEASE`].
///
/// # Errors
/// When the database fails.
pub async fn claim(tx: &mut SystemTx, transports: &[&str], most: i64, at: DateTime<Utc>) -> Result<Vec<Claimed>> {
    store::claim(tx, transports, most, at, at + LEASE).await
}

/// The tenant and the alert of a delivery, for the narrow role.
///
/// # Errors
/// When the database fails.
pub async fn alert_of(tx: &mut SystemTx, id: DeliveryId) -> Result<Option<(TenantId, AlertId)>> {
    Ok(store::alert_of(tx, id).await?.map(|(tenant, alert)| (TenantId(tenant), AlertId(alert))))
}

/// Takes the bot's report of an attempt.
///
/// # Errors
/// 409 `lease_lost` when another attempt has the delivery now.
pub async fn report(app: &App, id: DeliveryId, report: &ReportDelivery) -> Result<()> {
    let at = now();
    let (taken, more) = app
        .db
        .system("report a delivery", async |tx| match &report.outcome {
            DeliveryOutcome::Posted { message, version } => {
                store::posted(tx, id, report.attempt, message, *version, at).await
            }
            DeliveryOutcome::Failed { error, retry_after_ms, permanent } => {
                let Some(failures) = store::failures(tx, id, report.attempt).await? else { return Ok((false, false)) };
                let failures = failures + 1;
                let dead = *permanent || failures >= MOST_FAILURES;
                let pause = retry_after_ms.map_or_else(
                    || TimeDelta::milliseconds(250 << failures.clamp(0, 12)),
                    |ms| TimeDelta::milliseconds(i64::from(ms)),
                );
                if dead {
                    tracing::warn!(delivery = %id, failures, error, "a delivery is dead");
                }
                store::failed(tx, id, report.attempt, failures, dead, error, at + pause).await?;
                Ok((true, false))
            }
        })
        .await?;
    if !taken {
        return Err(Error::new(Code::LeaseLost, "Another attempt has this delivery now. Drop it."));
    }
    if more {
        app.wake(Topic::Deliveries);
    }
    Ok(())
}

/// A page of the deliveries, newest first, in one state if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, state: Option<DeliveryState>, paging: &Paging) -> Result<Page<DeliveryInfo>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, state, paging).await).await?;
    Ok(paging.page(rows, |row| row.id.0, |row| row))
}

/// Sends a dead delivery again; `false` when it is not dead.
///
/// # Errors
/// 404.
pub async fn replay(app: &App, who: &Who, id: DeliveryId) -> Result<bool> {
    let changed = app
        .db
        .write(who, async |tx| {
            let changed = store::replay(tx, who.tenant, id, now()).await?;
            if changed {
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "delivery.replayed", object, ..Entry::default() }).await?;
            }
            Ok(changed)
        })
        .await?;
    if changed {
        app.wake(Topic::Deliveries);
    }
    Ok(changed)
}
