//! A staff's sessions, seen and ended. Effective at once in this process and within a second in every other.

use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{Actor, Who};
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{SessionId, StaffId, TenantId};
use tillwatch_shared::sessions::OpenSession;

/// The signed-in person who asks, and their session.
///
/// # Errors
/// 409 when no session asks (a partner's token, a chat user).
pub fn own_session(who: &Who) -> Result<(StaffId, SessionId)> {
    match who.actor {
        Actor::Staff { id, session: Some(session), .. } => Ok((id, session)),
        _ => Err(Error::conflict("Only a person in a signed-in session can do this.")),
    }
}

/// A page of one's own living sessions, oldest first.
///
/// # Errors
/// 409 when no session asks.
pub(super) async fn list(app: &App, who: &Who, paging: &Paging) -> Result<Page<OpenSession>> {
    let (staff, current) = own_session(who)?;
    let rows =
        app.db.read(who, async |tx| store::open_sessions(tx, who.tenant, staff, current, paging, now()).await).await?;
    Ok(paging.page(rows, |session| session.id.0, |session| session))
}

/// Ends one of one's own sessions; `false` when it was over.
///
/// # Errors
/// 404 for a session that is not one's own, 409 when no session asks.
pub(super) async fn revoke(app: &App, who: &Who, id: SessionId) -> Result<bool> {
    let (staff, _) = own_session(who)?;
    let changed = app
        .db
        .write(who, async |tx| {
            if store::session_of(tx, who.tenant, id).await? != Some(staff) {
                return Err(Error::not_found("session"));
            }
            let changed = store::end_session(tx, who.tenant, id, "revoked", now()).await?;
            if changed {
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "session.revoked", object, ..Entry::default() }).await?;
            }
            Ok(changed)
        })
        .await?;
    app.auth.recent.forget_session(who.tenant, id);
    Ok(changed)
}

/// Ends all of one's own sessions but the one that asks; `false` when there was no other.
///
/// # Errors
/// 409 when no session asks.
pub(super) async fn revoke_others(app: &App, who: &Who) -> Result<bool> {
    let (staff, current) = own_session(who)?;
    let ended = app
        .db
        .write(who, async |tx| {
            let ended = store::end_sessions(tx, who.tenant, staff, Some(current), None, "revoked", now()).await?.len();
            if ended > 0 {
                let (object, after) = (Some(staff.to_string()), Some(json!({ "sessions": ended })));
                let entry = Entry { action: "session.others_revoked", object, after, ..Entry::default() };
                audit::record(tx, who, entry).await?;
            }
            Ok(ended)
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, staff);
    Ok(ended > 0)
}

/// Ends every session of a staff as part of `tx`; how many there were. The caller forgets the staff at the gate behind
/// the commit ([`forget_staff`](super::gate::RecentLookups::forget_staff)).
///
/// # Errors
/// When the database fails.
pub async fn end_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    staff: StaffId,
    because: &str,
    at: DateTime<Utc>,
) -> Result<usize> {
    Ok(store::end_sessions(tx, tenant, staff, None, None, because, at).await?.len())
}

/// Ends every session of a staff that was opened by a password of before `password_at`, as part of `tx`, save for the one
/// that set it; which these were. The caller forgets them at the gate behind the commit.
///
/// # Errors
/// When the database fails.
pub async fn end_sessions_of_before(
    tx: &mut Tx,
    tenant: TenantId,
    staff: StaffId,
    password_at: DateTime<Utc>,
    set_by: Option<SessionId>,
    because: &str,
    at: DateTime<Utc>,
) -> Result<Vec<SessionId>> {
    if let Some(session) = set_by {
        store::take_password(tx, tenant, session, password_at).await?;
    }
    store::end_sessions(tx, tenant, staff, set_by, Some(password_at), because, at).await
}
