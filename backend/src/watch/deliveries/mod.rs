//! Deliveries: taking an incident to the chat, once, and keeping its message true.
//!
//! One delivery is one alert's message in one chat channel. It is level-triggered: it says which version the chat
//! shall show (`wanted`) and which it shows (`posted`), so any number of changes while the chat is away collapse into
//! one edit. The bot claims due deliveries over the API with a long poll; a claim is a lease with an attempt number;
//! a report of an older attempt is refused. Ten failures make a delivery dead, and a person can send it again.
//! Invariants: the row is written by the transaction that changed the alert; claims skip what others hold; the
//! message id, once known, is never forgotten, so nothing is posted twice.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::chat::Server;
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::alerts;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{AlertId, DeliveryId, TenantId};
use tillwatch_shared::watch::{
    ClaimDeliveries, ClaimedDeliveries, Delivery, DeliveryInfo, DeliveryOutcome, DeliveryState, ReportDelivery,
};
use uuid::Uuid;

/// A claimed delivery comes back after this if the bot died.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Failures before a delivery is dead.
const MOST_FAILURES: i32 = 10;
/// How often a waiting claim looks without a wake-up.
const POLL: Duration = Duration::from_millis(500);

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

/// Claims due deliveries for the bot, waiting for the first up to the asked time.
///
/// # Errors
/// When the database fails.
pub async fn claim(app: &App, request: &ClaimDeliveries, request_id: &str) -> Result<ClaimedDeliveries> {
    let until = Instant::now() + Duration::from_millis(u64::from(request.wait_ms));
    let mut stopping = app.stopping.clone();
    loop {
        let claimed = claim_once(app, request, request_id).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !claimed.is_empty() || left.is_zero() || *stopping.borrow() {
            return Ok(ClaimedDeliveries { data: claimed });
        }
        tokio::select! {
            () = app.wake.wait(Topic::Deliveries, POLL.min(left)) => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn claim_once(app: &App, request: &ClaimDeliveries, request_id: &str) -> Result<Vec<Delivery>> {
    let transports: Vec<&str> = request.transports.iter().map(|t| t.as_str()).collect();
    let at = now();
    let rows = app
        .db
        .system("claim deliveries", async |tx| {
            store::claim(tx, &transports, i64::from(request.max), at, at + LEASE).await
        })
        .await?;
    let mut by_tenant: BTreeMap<Uuid, Vec<store::Claimed>> = BTreeMap::new();
    for row in rows {
        by_tenant.entry(row.tenant).or_default().push(row);
    }
    let mut deliveries = Vec::new();
    for (tenant, rows) in by_tenant {
        deliveries.extend(filled(app, TenantId(tenant), rows, at, request_id).await?);
    }
    Ok(deliveries)
}

/// The claimed deliveries of one retailer, with what they shall show.
async fn filled(
    app: &App,
    tenant: TenantId,
    rows: Vec<store::Claimed>,
    at: DateTime<Utc>,
    request_id: &str,
) -> Result<Vec<Delivery>> {
    let who = Who::system(tenant, "delivery", request_id);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.alert).collect();
    let (settings, alerts) = app
        .db
        .read(&who, async |tx| {
            let settings = tenants::settings(tx, tenant).await?;
            Ok((settings, alerts::by_ids(tx, tenant, &ids).await?))
        })
        .await?;
    rows.into_iter()
        .filter_map(|row| {
            let alert = alerts.iter().find(|alert| alert.id.0 == row.alert)?.clone();
            Some((row, alert))
        })
        .map(|(row, alert)| {
            Ok(Delivery {
                id: DeliveryId(row.id),
                attempt: row.attempt,
                transport: row.transport.parse().map_err(Error::internal)?,
                server: row.server_ref,
                channel: row.channel_ref,
                locale: settings.locale,
                retailer: settings.name.clone(),
                time_zone: settings.time_zone.name().to_owned(),
                version: alert.version,
                message: row.message_ref,
                first_claimed_at: row.first_claimed_at.unwrap_or(at),
                claimed_at: at,
                alert,
            })
        })
        .collect()
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

/// The picture of what a delivery shows.
///
/// # Errors
/// 404 for an unknown delivery.
pub async fn picture(app: &App, id: DeliveryId, request_id: &str) -> Result<Option<Vec<u8>>> {
    let (tenant, alert) = app
        .db
        .system("picture of a delivery", async |tx| store::alert_of(tx, id).await)
        .await?
        .ok_or_else(|| Error::not_found("delivery"))?;
    let who = Who::system(TenantId(tenant), "delivery", request_id);
    alerts::picture::png(app, &who, AlertId(alert), None).await
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
