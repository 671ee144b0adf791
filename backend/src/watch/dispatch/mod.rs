//! Dispatch: handing the bot the deliveries that are due, with what they shall show now.
//!
//! A claim is two steps: the narrow role leases due rows of all retailers ([`deliveries`]), then each retailer's own
//! transaction reads the alerts and notices behind them (`shown`, `threads`), so that no query sees two retailers' data. The bot waits in
//! a long poll, which ends when there is work, when its time is up, or when the service stops.
//! Invariants: what is handed out is the newest version at the time of the claim; a later change becomes due again. One
//! retailer's trouble is no other's: what cannot be read is given back as a failed attempt, and the rest handed out. Alerts
//! come before notices, and a report's trouble is its own.

pub mod routes;
mod shown;
mod threads;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::{chat, pages, tenants};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::deliveries::{self, Claimed, Shows};
use crate::watch::{alerts, reports};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{AlertId, DeliveryId, TenantId};
use tillwatch_shared::watch::{ClaimDeliveries, ClaimedDeliveries, Delivery, NoticeKind, Transport};
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
    let at = now();
    let rows = app
        .db
        .system("claim deliveries", async |tx| {
            deliveries::claim(tx, &request.transports, &request.servers, i64::from(request.max), at).await
        })
        .await?;
    let mut by_tenant: BTreeMap<Uuid, Vec<Claimed>> = BTreeMap::new();
    for row in rows {
        by_tenant.entry(row.tenant).or_default().push(row);
    }
    let mut deliveries = Vec::new();
    for (tenant, rows) in by_tenant {
        let rows = in_time(app, TenantId(tenant), rows, at, request_id).await;
        deliveries.extend(handed_out(app, TenantId(tenant), &rows, at, request_id).await);
    }
    Ok(deliveries)
}

/// The claimed deliveries of one retailer without the reports that waited too long, which are ended: after an outage of
/// the bot the newest report is told, and not each that was missed.
async fn in_time(app: &App, tenant: TenantId, rows: Vec<Claimed>, at: DateTime<Utc>, request_id: &str) -> Vec<Claimed> {
    let subjects: Vec<Uuid> = rows.iter().filter(|row| row.is_notice()).map(|row| row.subject).collect();
    if subjects.is_empty() {
        return rows;
    }
    let who = Who::system(tenant, "delivery", request_id);
    let notices = app.db.read(&who, async |tx| deliveries::notices(tx, tenant, &subjects).await).await;
    // What cannot be read is given back where it is filled.
    let Ok(notices) = notices else { return rows };
    let is_late = |row: &Claimed| {
        let mut about = notices.iter().filter(|notice| notice.id.0 == row.subject);
        about.any(|notice| reports::is_late(notice.kind, notice.at, at))
    };
    let (late, rows): (Vec<Claimed>, Vec<Claimed>) = rows.into_iter().partition(is_late);
    let claimed: Vec<(Uuid, i32)> = late.iter().map(|row| (row.id, row.attempt)).collect();
    if !claimed.is_empty() {
        tracing::warn!(%tenant, count = claimed.len(), "reports waited too long and are not told");
        let told = "the report waited too long to be told";
        let ended = app.db.system("end late reports", async |tx| deliveries::end(tx, &claimed, told).await);
        if let Err(error) = ended.await {
            tracing::warn!(%error, "late reports are left to their leases");
        }
    }
    rows
}

/// The claimed deliveries of one retailer, as far as they can be read; the others are given back.
async fn handed_out(
    app: &App,
    tenant: TenantId,
    rows: &[Claimed],
    at: DateTime<Utc>,
    request_id: &str,
) -> Vec<Delivery> {
    if rows.is_empty() {
        return Vec::new();
    }
    let error = match filled(app, tenant, rows, at, request_id).await {
        Ok(filled) => {
            let lost: Vec<(Uuid, i32)> = rows
                .iter()
                .filter(|row| filled.iter().all(|delivery| delivery.id.0 != row.id))
                .map(|row| (row.id, row.attempt))
                .collect();
            give_back(app, tenant, &lost, "what it shows is not there", at).await;
            return filled;
        }
        Err(error) => error,
    };
    // One alert that cannot be read must not hold its neighbours back; a busy database is left alone.
    if error.code == Code::Internal && rows.len() > 1 {
        let mut found = Vec::new();
        for row in rows {
            found.extend(Box::pin(handed_out(app, tenant, std::slice::from_ref(row), at, request_id)).await);
        }
        return found;
    }
    let claimed: Vec<(Uuid, i32)> = rows.iter().map(|row| (row.id, row.attempt)).collect();
    give_back(app, tenant, &claimed, &error.to_string(), at).await;
    Vec::new()
}

async fn give_back(app: &App, tenant: TenantId, claimed: &[(Uuid, i32)], why: &str, at: DateTime<Utc>) {
    if claimed.is_empty() {
        return;
    }
    tracing::error!(%tenant, count = claimed.len(), why, "claimed deliveries cannot be read");
    // The retailer sees this beside the delivery: the cause is the log's.
    let told = "the service could not read what it shows";
    let given = app.db.system("give deliveries back", async |tx| deliveries::give_back(tx, claimed, told, at).await);
    if let Err(error) = given.await {
        tracing::warn!(%error, "unread deliveries are left to their leases");
    }
}

/// The claimed deliveries of one retailer, with what they shall show.
async fn filled(
    app: &App,
    tenant: TenantId,
    rows: &[Claimed],
    at: DateTime<Utc>,
    request_id: &str,
) -> Result<Vec<Delivery>> {
    let who = Who::system(tenant, "delivery", request_id);
    let is_robot = |row: &&Claimed| row.transport.parse::<Transport>().is_ok_and(Transport::is_robot);
    let robots: Vec<String> = rows.iter().filter(is_robot).map(|row| row.server_ref.clone()).collect();
    let (settings, mut shown, robots, mut threads) = app
        .db
        .read(&who, async |tx| {
            let settings = tenants::settings(tx, tenant).await?;
            let robots = chat::robots::addresses(tx, &app.sealer, tenant, &robots).await?;
            let shown = shown::of(tx, tenant, rows, at).await?;
            let threads = threads::of(tx, tenant, rows, &shown).await?;
            Ok((settings, shown, robots, threads))
        })
        .await?;
    let mut unread = Vec::new();
    for (subject, shown) in &mut shown {
        let Some(notice) = &mut shown.notice else { continue };
        match reports::delivered(app, &who, notice.kind, notice.at).await {
            Ok(told) => (notice.daily, notice.weekly) = told,
            // It is given back alone: alerts do not wait for a report.
            Err(error) => {
                tracing::warn!(%tenant, %error, "a report cannot be read");
                unread.push(*subject);
            }
        }
    }
    shown.retain(|subject, _| !unread.contains(subject));
    rows.iter()
        .filter_map(|row| Some((row, shown.get(&row.subject)?.clone())))
        .map(|(row, shown)| {
            let page = shown.alert.as_ref().filter(|_| is_robot(&row)).map(|alert| page(app, alert.id));
            Ok(Delivery {
                id: DeliveryId(row.id),
                attempt: row.attempt,
                transport: row.transport.parse().map_err(Error::internal)?,
                server: row.server_ref.clone(),
                channel: row.channel_ref.clone(),
                locale: settings.locale,
                retailer: settings.name.clone(),
                time_zone: settings.time_zone.name().to_owned(),
                version: shown.version,
                message: row.message_ref.clone(),
                first_claimed_at: row.first_claimed_at.unwrap_or(at),
                claimed_at: at,
                request_id: row.request_id.clone(),
                robot: robots.get(&row.server_ref).cloned(),
                alert: shown.alert,
                notice: shown.notice,
                page,
                thread: threads.remove(&row.id),
            })
        })
        .collect()
}

/// Where an alert is seen and handled by whoever signs in there. The id stands behind `#`, which no browser sends.
fn page(app: &App, alert: AlertId) -> String {
    format!("{}/{}#{alert}", app.mail.public_url, pages::ALERT)
}

/// The picture of what a delivery shows.
///
/// # Errors
/// 404 for an unknown delivery.
pub async fn picture(app: &App, id: DeliveryId, request_id: &str) -> Result<Option<Vec<u8>>> {
    let (tenant, shows) = app
        .db
        .system("picture of a delivery", async |tx| deliveries::shown_by(tx, id).await)
        .await?
        .ok_or_else(|| Error::not_found("delivery"))?;
    let who = Who::system(tenant, "delivery", request_id);
    let notice = match shows {
        Shows::Alert(alert) => return alerts::picture::png(app, &who, alert, None).await,
        Shows::Notice(notice) => notice,
    };
    let told = app.db.read(&who, async |tx| deliveries::notices(tx, tenant, &[notice.0]).await).await?;
    match told.first().filter(|told| told.kind == NoticeKind::WeeklyReport) {
        Some(told) => reports::picture::delivered(app, &who, told.at).await,
        None => Ok(None),
    }
}
