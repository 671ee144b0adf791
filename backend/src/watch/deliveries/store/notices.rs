//! The SQL of notices: messages that are no alert's own.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{notices, queue_deliveries as queue};
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use tillwatch_shared::ids::{AlertId, NoticeId, TenantId};
use tillwatch_shared::watch::{AlertMessage, NoticeKind};
use uuid::Uuid;

/// A notice as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// What it tells.
    pub kind: NoticeKind,
    /// The alert, silence or window that it is about.
    pub about: Uuid,
    /// Since when there is that to tell.
    pub at: DateTime<Utc>,
    /// Grows with every change of what it tells.
    pub version: i64,
}

/// Adds a notice; `false` when there is such a one.
pub(in super::super) async fn add_notice(
    tx: &mut Tx,
    tenant: TenantId,
    id: NoticeId,
    kind: NoticeKind,
    about: Uuid,
    step: i32,
    at: DateTime<Utc>,
) -> Result<bool> {
    let added = diesel::insert_into(notices::table)
        .values((
            notices::tenant_id.eq(tenant.0),
            notices::notice_id.eq(id.0),
            notices::kind.eq(kind.as_str()),
            notices::about.eq(about),
            notices::step.eq(step),
            notices::at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added == 1)
}

/// Whether there is such a notice.
pub(in super::super) async fn was_told(
    tx: &mut Tx,
    tenant: TenantId,
    kind: NoticeKind,
    about: Uuid,
    step: i32,
) -> Result<bool> {
    let of_kind = notices::table
        .filter(notices::tenant_id.eq(tenant.0))
        .filter(notices::kind.eq(kind.as_str()))
        .filter(notices::about.eq(about))
        .filter(notices::step.eq(step));
    Ok(diesel::select(diesel::dsl::exists(of_kind)).get_result(tx).await?)
}

/// Gives a notice its next version; `None` when there is no such one.
pub(in super::super) async fn renew_notice(
    tx: &mut Tx,
    tenant: TenantId,
    kind: NoticeKind,
    about: Uuid,
    step: i32,
) -> Result<Option<(NoticeId, i64)>> {
    let of_kind = notices::table
        .filter(notices::tenant_id.eq(tenant.0))
        .filter(notices::kind.eq(kind.as_str()))
        .filter(notices::about.eq(about))
        .filter(notices::step.eq(step));
    let renewed: Option<(Uuid, i64)> = diesel::update(of_kind)
        .set(notices::version.eq(notices::version + 1))
        .returning((notices::notice_id, notices::version))
        .get_result(tx)
        .await
        .optional()?;
    Ok(renewed.map(|(id, version)| (NoticeId(id), version)))
}

/// These notices, in no order.
pub(in super::super) async fn notices(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<NoticeRow>> {
    let rows: Vec<(Uuid, String, Uuid, DateTime<Utc>, i64)> = notices::table
        .select((notices::notice_id, notices::kind, notices::about, notices::at, notices::version))
        .filter(notices::tenant_id.eq(tenant.0))
        .filter(notices::notice_id.eq_any(ids))
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(id, kind, about, at, version)| {
            let kind = kind.parse().map_err(Error::internal)?;
            Ok(NoticeRow { id: NoticeId(id), kind, about, at, version })
        })
        .collect()
}

/// Gives every notice of these kinds about a thing its next version.
pub(in super::super) async fn renew_notices(
    tx: &mut Tx,
    tenant: TenantId,
    kinds: &[NoticeKind],
    about: Uuid,
) -> Result<Vec<(NoticeId, i64)>> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let of_kinds = notices::table
        .filter(notices::tenant_id.eq(tenant.0))
        .filter(notices::kind.eq_any(kinds))
        .filter(notices::about.eq(about));
    let renewed: Vec<(Uuid, i64)> = diesel::update(of_kinds)
        .set(notices::version.eq(notices::version + 1))
        .returning((notices::notice_id, notices::version))
        .get_results(tx)
        .await?;
    Ok(renewed.into_iter().map(|(id, version)| (NoticeId(id), version)).collect())
}

/// The messages of one alert show another from now on. The attempt grows: whoever has one in hand has lost it.
pub(in super::super) async fn take_over(
    tx: &mut Tx,
    who: &Who,
    from: AlertId,
    to: AlertId,
    version: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(who.tenant.0))
            .filter(queue::alert_id.eq(from.0))
            .filter(queue::state.ne("dead").or(queue::refused.eq(false))),
    )
    .set((
        queue::alert_id.eq(to.0),
        queue::wanted_version.eq(version),
        queue::posted_version.eq(0_i64),
        queue::told_version.eq(0_i64),
        queue::wanted_at.eq(at),
        queue::due_at.eq(at),
        queue::state.eq("pending"),
        queue::failures.eq(0),
        queue::attempt.eq(queue::attempt + 1),
        queue::request_id.eq(&who.request_id),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// Messages that are shown of one alert.
const MOST_MESSAGES: i64 = 200;

/// The messages about an alert, oldest first: its own, that of its group, and what was told of it beside them.
pub(in super::super) async fn messages(
    tx: &mut Tx,
    tenant: TenantId,
    alert: AlertId,
    group: Option<Uuid>,
) -> Result<Vec<AlertMessage>> {
    type Kept = (Uuid, String, String, String, String, i32, Option<String>, Option<String>, DateTime<Utc>);
    let beside = [NoticeKind::Escalation, NoticeKind::Reminder].map(NoticeKind::as_str);
    let told: Vec<(Uuid, String)> = notices::table
        .select((notices::notice_id, notices::kind))
        .filter(notices::tenant_id.eq(tenant.0))
        .filter(notices::about.eq(alert.0).and(notices::kind.eq_any(beside)).or(notices::notice_id.eq_any(group)))
        .load(tx)
        .await?;
    let kinds: HashMap<Uuid, String> = told.into_iter().collect();
    let subjects: Vec<Uuid> = kinds.keys().copied().chain([alert.0]).collect();
    let rows: Vec<Kept> = queue::table
        .select((
            queue::alert_id,
            queue::transport,
            queue::server_ref,
            queue::channel_ref,
            queue::state,
            queue::attempt,
            queue::message_ref,
            queue::last_error,
            queue::created_at,
        ))
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::alert_id.eq_any(subjects))
        .order(queue::delivery_id)
        .limit(MOST_MESSAGES)
        .load(tx)
        .await?;
    rows.into_iter()
        .map(|(subject, transport, server, channel, state, attempts, message, last_error, ordered_at)| {
            let notice = kinds.get(&subject).map(|kind| kind.parse()).transpose().map_err(Error::internal)?;
            Ok(AlertMessage {
                transport: transport.parse().map_err(Error::internal)?,
                server,
                channel,
                notice,
                state: state.parse().map_err(Error::internal)?,
                attempts,
                message,
                last_error,
                ordered_at,
            })
        })
        .collect()
}
