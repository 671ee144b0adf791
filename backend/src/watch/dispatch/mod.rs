//! Dispatch: handing the bot the deliveries that are due, with what they shall show now.
//!
//! A claim is two steps: the narrow role leases due rows of all retailers ([`deliveries`]), then each retailer's own
//! transaction reads the alerts behind them ([`alerts`]), so that no query sees two retailers' data. The bot waits in
//! a long poll, which ends when there is work, when its time is up, or when the service stops.
//! Invariant: what is handed out is the newest version at the time of the claim; a later change becomes due again.

pub mod routes;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::alerts;
use crate::watch::deliveries::{self, Claimed};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tillwatch_shared::ids::{DeliveryId, TenantId};
use tillwatch_shared::watch::{ClaimDeliveries, ClaimedDeliveries, Delivery};
use uuid::Uuid;

/// How often a waiting claim looks without a wake-up.
const POLL: Duration = Duration::from_millis(500);

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
        .system("claim deliveries", async |tx| deliveries::claim(tx, &transports, i64::from(request.max), at).await)
        .await?;
    let mut by_tenant: BTreeMap<Uuid, Vec<Claimed>> = BTreeMap::new();
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
    rows: Vec<Claimed>,
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

/// The picture of what a delivery shows.
///
/// # Errors
/// 404 for an unknown delivery.
pub async fn picture(app: &App, id: DeliveryId, request_id: &str) -> Result<Option<Vec<u8>>> {
    let (tenant, alert) = app
        .db
        .system("picture of a delivery", async |tx| deliveries::alert_of(tx, id).await)
        .await?
        .ok_or_else(|| Error::not_found("delivery"))?;
    let who = Who::system(tenant, "delivery", request_id);
    alerts::picture::png(app, &who, alert, None).await
}
