//! The only SQL of deliveries. The app role sees its own tenant's rows, the system role works the queue.

mod notices;
mod settling;

pub use notices::NoticeRow;
pub(super) use notices::{add_notice, messages, notices, renew_notice, renew_notices, take_over, was_told};
pub use settling::end;
pub(super) use settling::{give_up, redirect_unclaimed, refused, replay};

use super::model::Failed;
use crate::error::{Error, Result};
use crate::identity::chat::Server;
use crate::identity::reach::{Within, reached};
use crate::paged;
use crate::platform::db::schema::{
    alerts, chat_servers, directory_chat_servers, directory_resting, queue_deliveries as queue,
};
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use diesel::dsl::{case_when, sql};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{AlertId, DeliveryId, NoticeId, TenantId};
use tillwatch_shared::watch::{DeliveryInfo, DeliveryState};
use uuid::Uuid;

/// What a delivery shows: an alert or a notice, and which version of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) id: Uuid,
    pub(super) shows: &'static str,
    pub(super) version: i64,
}

/// The word of a delivery that shows an alert.
pub(super) const ALERT: &str = "alert";
/// The word of a delivery that shows a notice.
pub(super) const NOTICE: &str = "notice";
/// Notices that are claimed at once: a report is computed during the claim, and the alerts beside it wait for that.
const MOST_NOTICES: i64 = 10;

pub(super) async fn insert(
    tx: &mut Tx,
    who: &Who,
    id: DeliveryId,
    subject: Subject,
    server: &Server,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(queue::table)
        .values((
            queue::delivery_id.eq(id.0),
            queue::for_tenant.eq(who.tenant.0),
            queue::alert_id.eq(subject.id),
            queue::shows.eq(subject.shows),
            queue::transport.eq(&server.transport),
            queue::server_ref.eq(&server.server_ref),
            queue::channel_ref.eq(&server.channel_ref),
            queue::state.eq("pending"),
            queue::wanted_version.eq(subject.version),
            queue::wanted_at.eq(at),
            queue::due_at.eq(at),
            queue::created_at.eq(at),
            queue::request_id.eq(&who.request_id),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(())
}

/// A delivery that is with the bot keeps its lease: only one that was done, or given up, becomes due at once. What the
/// chat refused for good stays so, and what was shown in a server that is linked no more is left as it is.
pub(super) async fn want(tx: &mut Tx, who: &Who, subject: Uuid, version: i64, at: DateTime<Utc>) -> Result<()> {
    let linked = chat_servers::table
        .filter(chat_servers::tenant_id.eq(who.tenant.0))
        .select(chat_servers::transport.concat("/").concat(chat_servers::server_ref));
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(who.tenant.0))
            .filter(queue::alert_id.eq(subject))
            .filter(queue::state.ne("dead").or(queue::refused.eq(false)))
            .filter(queue::wanted_version.lt(version))
            .filter(queue::transport.concat("/").concat(queue::server_ref).eq_any(linked)),
    )
    .set((
        queue::wanted_version.eq(version),
        queue::wanted_at.eq(at),
        queue::request_id.eq(&who.request_id),
        queue::failures.eq(case_when(queue::state.eq("dead"), 0.into_sql::<Integer>()).otherwise(queue::failures)),
        queue::due_at.eq(case_when(queue::state.ne("pending"), at.into_sql::<Timestamptz>()).otherwise(queue::due_at)),
        queue::state.eq("pending"),
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
    /// The alert or the notice that it shows.
    pub subject: Uuid,
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
    /// The request behind what it shall show.
    pub request_id: Option<String>,
    /// Which of the two it shows.
    shows: String,
    /// Up to which version the message's thread tells what happened.
    pub told: i64,
}

impl Claimed {
    /// Whether it shows a notice.
    pub fn is_notice(&self) -> bool {
        self.shows == NOTICE
    }
}

/// Due rows of the `whole` chats, and of the `named` servers (`chat/server`) of the others: alerts first.
pub(super) async fn claim(
    tx: &mut SystemTx,
    whole: &[&str],
    named: &[String],
    most: i64,
    at: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let mut due = due_of(tx, ALERT, whole, named, most, at).await?;
    let left = (most - i64::try_from(due.len()).unwrap_or(most)).min(MOST_NOTICES);
    if left > 0 {
        due.extend(due_of(tx, NOTICE, whole, named, left, at).await?);
    }
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
            queue::request_id,
            queue::shows,
            queue::told_version,
        ))
        .load(tx)
        .await?)
}

/// The rows of one sort that are due, locked, the first due first. One sort at a time: so the index of what is due gives
/// them in their order, passing over the other sort, and nothing is sorted however much waits.
async fn due_of(
    tx: &mut SystemTx,
    shows: &str,
    whole: &[&str],
    named: &[String],
    most: i64,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let linked_to = directory_chat_servers::table
        .filter(directory_chat_servers::transport.eq(queue::transport))
        .filter(directory_chat_servers::server_ref.eq(queue::server_ref))
        .select(directory_chat_servers::for_tenant)
        .single_value();
    Ok(queue::table
        .select(queue::delivery_id)
        // In the statement's text: with a parameter in its place the index of pending deliveries could not be used.
        .filter(queue::state.eq(sql::<Text>("'pending'")))
        .filter(queue::due_at.le(at))
        .filter(queue::shows.eq(shows))
        // A server may be another retailer's by now. A comparison and no join: the queue is read by what is due.
        .filter(queue::for_tenant.nullable().eq(linked_to))
        // Of those who are suspended everything waits.
        .filter(queue::for_tenant.ne_all(directory_resting::table.select(directory_resting::for_tenant)))
        .filter(queue::transport.eq_any(whole).or(queue::transport.concat("/").concat(queue::server_ref).eq_any(named)))
        .order(queue::due_at)
        .limit(most)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?)
}

/// What waits is wanted as of now.
pub(super) async fn rested(tx: &mut SystemTx, tenant: TenantId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::state.eq("pending")))
        .set(queue::wanted_at.eq(at))
        .execute(tx)
        .await?;
    Ok(())
}

/// What a chat shows after an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted<'a> {
    /// The message that shows it.
    pub(super) message: &'a str,
    /// Which version.
    pub(super) version: i64,
    /// Up to which version the message's thread tells what happened.
    pub(super) told: i64,
    /// Failures in a row, and when the thread is told the rest, if it lacks some.
    pub(super) again: Option<(i32, DateTime<Utc>)>,
}

/// The chat shows a version. Returns whether the attempt still had the lease, and whether more is wanted already.
pub(super) async fn posted(
    tx: &mut SystemTx,
    id: DeliveryId,
    attempt: i32,
    posted: &Posted<'_>,
    at: DateTime<Utc>,
) -> Result<(bool, bool)> {
    let Posted { message, version, told, again } = *posted;
    let (failures, again_at) = again.unwrap_or((0, at));
    let done = if again.is_some() { "pending" } else { "done" };
    let state: Option<String> =
        diesel::update(queue::table.filter(queue::delivery_id.eq(id.0)).filter(queue::attempt.eq(attempt)))
            .set((
                queue::posted_version.eq(version),
                queue::message_ref.eq(message),
                queue::told_version.eq(told),
                queue::failures.eq(failures),
                queue::last_error.eq(sql::<Nullable<Text>>("NULL")),
                queue::due_at
                    .eq(case_when(queue::wanted_version.gt(version), at.into_sql::<Timestamptz>()).otherwise(again_at)),
                queue::state
                    .eq(case_when(queue::wanted_version.gt(version), "pending".into_sql::<Text>()).otherwise(done)),
            ))
            .returning(queue::state)
            .get_result(tx)
            .await
            .optional()?;
    Ok((state.is_some(), state.as_deref() == Some("pending")))
}

/// How often this delivery failed in a row, and since when its version is wanted, locked; `None` when the attempt has
/// lost its lease.
pub(super) async fn failures(tx: &mut SystemTx, id: DeliveryId, attempt: i32) -> Result<Option<(i32, DateTime<Utc>)>> {
    Ok(queue::table
        .select((queue::failures, queue::wanted_at))
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
    failed: &Failed,
    error: &str,
) -> Result<()> {
    let error: String = error.chars().take(500).collect();
    diesel::update(queue::table.filter(queue::delivery_id.eq(id.0)).filter(queue::attempt.eq(attempt)))
        .set((
            queue::failures.eq(failed.failures),
            queue::state.eq(if failed.dead { "dead" } else { "pending" }),
            queue::refused.eq(failed.refused),
            queue::last_error.eq(error),
            queue::due_at.eq(failed.due_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Whose a delivery is, and what it shows.
pub(super) async fn subject_of(tx: &mut SystemTx, id: DeliveryId) -> Result<Option<(Uuid, Uuid, String)>> {
    Ok(queue::table
        .select((queue::for_tenant, queue::alert_id, queue::shows))
        .filter(queue::delivery_id.eq(id.0))
        .first(tx)
        .await
        .optional()?)
}

/// The deliveries of the alerts that are reached, to be narrowed further.
macro_rules! reached_deliveries {
    ($query:expr, $tenant:expr, $within:expr) => {
        match $within {
            None => $query,
            Some(within) => {
                let alerts =
                    alerts::table.filter(alerts::tenant_id.eq($tenant.0)).select(alerts::alert_id).into_boxed();
                $query.filter(queue::alert_id.eq_any(reached!(alerts, alerts, Some(within))))
            }
        }
    };
}

/// Refuses a delivery whose alert is out of reach as if it were not there.
pub(super) async fn check_reach(tx: &mut Tx, tenant: TenantId, within: Option<&Within>, id: DeliveryId) -> Result<()> {
    if within.is_none() {
        return Ok(());
    }
    let query = queue::table
        .select(queue::delivery_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::delivery_id.eq(id.0))
        .into_boxed();
    let found: Option<Uuid> = reached_deliveries!(query, tenant, within).first(tx).await.optional()?;
    found.map(|_| ()).ok_or_else(|| Error::not_found("delivery"))
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    within: Option<&Within>,
    state: Option<DeliveryState>,
    paging: &Paging,
) -> Result<Vec<DeliveryInfo>> {
    type Row = (Uuid, Uuid, String, String, i32, Option<String>, Option<String>, DateTime<Utc>, Option<String>, String);
    let query = queue::table
        .select((
            queue::delivery_id,
            queue::alert_id,
            queue::transport,
            queue::state,
            queue::attempt,
            queue::last_error,
            queue::message_ref,
            queue::created_at,
            queue::request_id,
            queue::shows,
        ))
        .filter(queue::for_tenant.eq(tenant.0));
    let query = paged!(query, paging, queue::delivery_id, newest);
    let mut query = reached_deliveries!(query, tenant, within);
    if let Some(state) = state {
        query = query.filter(queue::state.eq(state.as_str()));
    }
    query
        .load::<Row>(tx)
        .await?
        .into_iter()
        .map(|(id, subject, transport, state, attempt, last_error, message, created_at, request_id, shows)| {
            let notice = shows == NOTICE;
            Ok(DeliveryInfo {
                id: DeliveryId(id),
                alert: (!notice).then_some(AlertId(subject)),
                notice: notice.then_some(NoticeId(subject)),
                transport: transport.parse().map_err(Error::internal)?,
                state: state.parse().map_err(Error::internal)?,
                attempt,
                last_error,
                message,
                request_id,
                created_at,
            })
        })
        .collect()
}
