//! The only SQL of what a new password does to a staff and their sessions; the passwords themselves lie in the directory.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{sessions, staff};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{LoginId, SessionId, StaffId, TenantId};
use uuid::Uuid;

/// The login of a staff.
pub(super) async fn login(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<LoginId> {
    let login: Uuid = staff::table
        .select(staff::login_id)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await?;
    Ok(LoginId(login))
}

/// The language that a staff chose, if any; `None` for one who may not work here any more.
pub(super) async fn working(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Option<Locale>>> {
    let found: Option<Option<String>> = staff::table
        .select(staff::locale)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    found.map(|own| own.map(|word| word.parse().map_err(Error::internal)).transpose()).transpose()
}

/// Notes that the password of `changed` is settled, at `now`; `false` when it was noted before. Whoever opens a session
/// waits for this, and sees it.
pub(super) async fn mark(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    changed: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let marked = diesel::update(
        staff::table
            .filter(staff::tenant_id.eq(tenant.0))
            .filter(staff::staff_id.eq(id.0))
            .filter(staff::password_changed_at.is_null().or(staff::password_changed_at.lt(changed))),
    )
    .set(staff::password_changed_at.eq(now))
    .execute(tx)
    .await?;
    Ok(marked > 0)
}

/// Ends every session of a staff that was opened up to `now`, save for one; which these were.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    stays: Option<SessionId>,
    because: &str,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>> {
    // No session has the nil id.
    let stays = stays.map_or(Uuid::nil(), |session| session.0);
    let ended: Vec<Uuid> = diesel::update(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant.0))
            .filter(sessions::staff_id.eq(id.0))
            .filter(sessions::session_id.ne(stays))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::created_at.le(now)),
    )
    .set((sessions::ended_at.eq(now), sessions::ended_because.eq(because)))
    .returning(sessions::session_id)
    .get_results(tx)
    .await?;
    Ok(ended.into_iter().map(SessionId).collect())
}
