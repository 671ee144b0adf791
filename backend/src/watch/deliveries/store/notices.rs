//! The SQL of notices: messages that are no alert's own.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::notices;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{NoticeId, TenantId};
use tillwatch_shared::watch::NoticeKind;
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
