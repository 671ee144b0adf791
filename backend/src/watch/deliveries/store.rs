//! The only SQL of deliveries. The app role sees its own tenant's rows, the system role works the queue.

use crate::error::{Error, Result};
use crate::identity::chat::Server;
use crate::platform::db::schema::queue_deliveries as queue;
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::dsl::{case_when, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, DeliveryId, TenantId};
use tillwatch_shared::watch::{DeliveryInfo, DeliveryState};
use uuid::Uuid;

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: DeliveryId,
    alert: AlertId,
    server: &Server,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(queue::table)
        .values((
            queue::delivery_id.eq(id.0),
            queue::for_tenant.eq(tenant.0),
            queue::alert_id.eq(alert.0),
            queue::transport.eq(&server.transport),
            queue::server_ref.eq(&server.server_ref),
            queue::channel_ref.eq(&server.channel_ref),
            queue::state.eq("pending"),
            queue::wanted_version.eq(1_i64),
            queue::due_at.eq(at),
            queue::created_at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(())
}

/// A delivery that is with the bot keeps its lease: only one that was done becomes due at once.
pub(super) async fn want(tx: &mut Tx, tenant: TenantId, alert: AlertId, version: i64, at: DateTime<Utc>) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::alert_id.eq(alert.0))
            .filter(queue::state.ne("dead"))
            .filter(queue::wanted_version.lt(version)),
    )
    .set((
        queue::wanted_version.eq(version),
        queue::state.eq("pending"),
        queue::due_at.eq(case_when(queue::state.eq("done"), at.into_sql::<Timestamptz>()).otherwise(queue::due_at)),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// A claimed delivery: where to, and what was said there before.
#[derive(Queryable)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: Uuid,
    /// What it shows.
    pub alert: Uuid,
    /// The kind of chat.
    pub transport: String,
    /// The server there.
    pub server_ref: String,
    /// The channel in it.
    pub channel_ref: String,
    /// The message that shows it already.
    pub message_ref: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// When it was claimed the first time.
    pub first_claimed_at: Option<DateTime<Utc>>,
}

pub(super) async fn claim(
    tx: &mut SystemTx,
    transports: &[&str],
    most: i64,
    at: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let due: Vec<Uuid> = queue::table
        .select(queue::delivery_id)
        // In the statement's text: with a parameter in its place the index of pending deliveries could not be used.
        .filter(queue::state.eq(sql::<Text>("'pending'")))
        .filter(queue::due_at.le(at))
        .filter(queue::transport.eq_any(transports))
        .order(queue::due_at)
        .limit(most)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    Ok(diesel::update(queue::table.filter(queue::delivery_id.eq_any(due)))
        .set((
            queue::attempt.eq(queue::attempt + 1),
            queue::due_at.eq(lease_until),
            queue::first_claimed_at.eq(case_when(
                queue::first_claimed_at.is_null(),
                at.into_sql::<Nullable<Timestamptz>>(),
            )
            .otherwise(queue::first_claimed_at)),
        ))
        .returning((
            queue::delivery_id,
            queue::for_tenant,
            queue::alert_id,
            queue::transport,
            queue::server_ref,
            queue::channel_ref,
            queue::message_ref,
            queue::attempt,
            queue::first_claimed_at,
        ))
        .load(tx)
        .await?)
}

/// The chat shows `version`. Returns whether the attempt still had the lease, and whether more is wanted already.
pub(super) async fn posted(
    tx: &mut SystemTx,
    id: DeliveryId,
    attempt: i32,
    message: &str,
    version: i64,
    at: DateTime<Utc>,
) -> Result<(bool, bool)> {
    let state: Option<String> =
        diesel::update(queue::table.filter(queue::delivery_id.eq(id.0)).filter(queue::attempt.eq(attempt)))
            .set((
                queue::posted_version.eq(version),
                queue::message_ref.eq(message),
                queue::failures.eq(0),
                queue::last_error.eq(sql::<Nullable<Text>>("NULL")),
                queue::due_at.eq(at),
                queue::state
                    .eq(case_when(queue::wanted_version.gt(version), "pending".into_sql::<Text>()).otherwise("done")),
            ))
            .returning(queue::state)
            .get_result(tx)
            .await
            .optional()?;
    Ok((state.is_some(), state.as_deref() == Some("pending")))
}

/// How often this delivery failed in a row, locked; `None` when the attempt has lost its lease.
pub(super) async fn failures(tx: &mut SystemTx, id: DeliveryId, attempt: i32) -> Result<Option<i32>> {
    Ok(queue::table
        .select(queue::failures)
        .filter(queue::delivery_id.eq(id.0))
        .filter(queue::attempt.eq(attempt))
        .for_update()
        .first(tx)
        .await
        .optional()?)
}

pub(super) async fn failed(
    tx: &mut SystemTx,
    id: DeliveryId,
    attempt: i32,
    failures: i32,
    dead: bool,
    error: &str,
    due_at: DateTime<Utc>,
) -> Result<()> {
    let error: String = error.chars().take(500).collect();
    diesel::update(queue::table.filter(queue::delivery_id.eq(id.0)).filter(queue::attempt.eq(attempt)))
        .set((
            queue::failures.eq(failures),
            queue::state.eq(if dead { "dead" } else { "pending" }),
            queue::last_error.eq(error),
            queue::due_at.eq(due_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn alert_of(tx: &mut SystemTx, id: DeliveryId) -> Result<Option<(Uuid, Uuid)>> {
    Ok(queue::table
        .select((queue::for_tenant, queue::alert_id))
        .filter(queue::delivery_id.eq(id.0))
        .first(tx)
        .await
        .optional()?)
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    state: Option<DeliveryState>,
    paging: &Paging,
) -> Result<Vec<DeliveryInfo>> {
    type Row = (Uuid, Uuid, String, String, i32, Option<String>, Option<String>, DateTime<Utc>);
    let mut query = queue::table
        .select((
            queue::delivery_id,
            queue::alert_id,
            queue::transport,
            queue::state,
            queue::attempt,
            queue::last_error,
            queue::message_ref,
            queue::created_at,
        ))
        .filter(queue::for_tenant.eq(tenant.0))
        .order(queue::delivery_id.desc())
        .limit(paging.fetch())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(queue::state.eq(state.as_str()));
    }
    if let Some(after) = paging.after {
        query = query.filter(queue::delivery_id.lt(after));
    }
    query
        .load::<Row>(tx)
        .await?
        .into_iter()
        .map(|(id, alert, transport, state, attempt, last_error, message, created_at)| {
            Ok(DeliveryInfo {
                id: DeliveryId(id),
                alert: AlertId(alert),
                transport: transport.parse().map_err(Error::internal)?,
                state: state.parse().map_err(Error::internal)?,
                attempt,
                last_error,
                message,
                created_at,
            })
        })
        .collect()
}

pub(super) async fn replay(tx: &mut Tx, tenant: TenantId, id: DeliveryId, at: DateTime<Utc>) -> Result<bool> {
    let state: String = queue::table
        .select(queue::state)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::delivery_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("delivery"))?;
    if state != "dead" {
        return Ok(false);
    }
    diesel::update(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::delivery_id.eq(id.0)))
        .set((queue::state.eq("pending"), queue::failures.eq(0), queue::due_at.eq(at)))
        .execute(tx)
        .await?;
    Ok(true)
}
