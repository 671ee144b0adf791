//! The only SQL of sessions.

use crate::error::Result;
use crate::identity::auth::gate;
use crate::identity::auth::session::Session;
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::sessions;
use crate::platform::http::client::Client;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{SessionId, StaffId, TenantId};
use tillwatch_shared::sessions::OpenSession;
use uuid::Uuid;

/// Keeps a session that the person of `authenticated_at` opens from `client` by the password of `password_at`.
pub(in crate::identity::auth) async fn insert_session(
    tx: &mut Tx,
    tenant: TenantId,
    session: &Session,
    authenticated_at: DateTime<Utc>,
    password_at: DateTime<Utc>,
    client: &Client,
) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::tenant_id.eq(tenant.0),
            sessions::session_id.eq(session.id),
            sessions::staff_id.eq(session.staff),
            sessions::current_hash.eq(&session.current_hash),
            sessions::rotated_at.eq(session.rotated_at),
            sessions::created_at.eq(session.created_at),
            sessions::expires_at.eq(session.expires_at),
            sessions::authenticated_at.eq(authenticated_at),
            sessions::password_at.eq(password_at),
            sessions::client.eq(&client.agent),
            sessions::network.eq(client.network()),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A page of a staff's living sessions, oldest first; `current` is marked.
pub(in crate::identity::auth) async fn open_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    of: StaffId,
    current: SessionId,
    paging: &Paging,
    now: DateTime<Utc>,
) -> Result<Vec<OpenSession>> {
    type Row =
        (Uuid, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, DateTime<Utc>, Option<String>, Option<String>);
    let query = sessions::table
        .select((
            sessions::session_id,
            sessions::created_at,
            sessions::rotated_at,
            sessions::authenticated_at,
            sessions::expires_at,
            sessions::client,
            sessions::network,
        ))
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::staff_id.eq(of.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let query = paged!(query, paging, sessions::session_id, oldest);
    let rows: Vec<Row> = query.load(tx).await?;
    let shown = |(id, opened_at, refreshed_at, authenticated_at, expires_at, client, network): Row| OpenSession {
        id: SessionId(id),
        opened_at,
        refreshed_at,
        authenticated_at: authenticated_at.unwrap_or(opened_at),
        expires_at,
        client,
        network,
        current: id == current.0,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Whose a session is; `None` when there is no such session.
pub(in crate::identity::auth) async fn session_of(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
) -> Result<Option<StaffId>> {
    let of: Option<Uuid> = sessions::table
        .select(sessions::staff_id)
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(of.map(StaffId))
}

/// What a new session takes from the living one that it stands on.
#[derive(Clone, Copy, Debug)]
pub(in crate::identity::auth) struct Held {
    /// When its person signed in.
    pub(in crate::identity::auth) since: DateTime<Utc>,
    /// When they last proved who they are.
    pub(in crate::identity::auth) authenticated_at: DateTime<Utc>,
    /// The password that they proved it by; of a session of the release before, the one of the time it was opened.
    pub(in crate::identity::auth) password_at: DateTime<Utc>,
}

/// A living session, which nobody ends until the transaction does; `None` when it is over.
pub(in crate::identity::auth) async fn hold_session(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Held>> {
    type Row = (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let found: Option<Row> = sessions::table
        .select((sessions::created_at, sessions::authenticated_at, sessions::password_at))
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(id.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .for_share()
        .first(tx)
        .await
        .optional()?;
    Ok(found.map(|(since, authenticated_at, password_at)| Held {
        since,
        authenticated_at: authenticated_at.unwrap_or(since),
        password_at: password_at.unwrap_or(since),
    }))
}

/// Ends every living session of a staff but `kept`, or of these only what was opened by a password of before `passwords`;
/// which these were.
pub(in crate::identity::auth) async fn end_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    of: StaffId,
    kept: Option<SessionId>,
    passwords: Option<DateTime<Utc>>,
    because: &str,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>> {
    let (any, before) = (passwords.is_none(), passwords.unwrap_or(now));
    let ended: Vec<Uuid> = diesel::update(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant.0))
            .filter(sessions::staff_id.eq(of.0))
            // No session has the nil id.
            .filter(sessions::session_id.ne(kept.map_or(Uuid::nil(), |kept| kept.0)))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::password_at.is_null().or(sessions::password_at.lt(before)).or(any.into_sql::<Bool>())),
    )
    .set((sessions::ended_at.eq(now), sessions::ended_because.eq(because)))
    .returning(sessions::session_id)
    .get_results(tx)
    .await?;
    Ok(ended.into_iter().map(SessionId).collect())
}

/// Notes that the person of a session proved who they are by the password of `password_at`; `false` when the session is
/// over or has a newer password.
pub(in crate::identity::auth) async fn proven_anew(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    password_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let noted = diesel::update(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant.0))
            .filter(sessions::session_id.eq(id.0))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::password_at.is_null().or(sessions::password_at.le(password_at))),
    )
    .set((sessions::authenticated_at.eq(now), sessions::password_at.eq(password_at)))
    .execute(tx)
    .await?;
    Ok(noted > 0)
}

/// Notes that a session goes on with the password of `password_at`, which it set itself.
pub(in crate::identity::auth) async fn take_password(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    password_at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::tenant_id.eq(tenant.0)).filter(sessions::session_id.eq(id.0)))
        .set(sessions::password_at.eq(password_at))
        .execute(tx)
        .await?;
    Ok(())
}

/// A session for its next token, held against others that bring one.
pub(in crate::identity::auth) async fn lock_session(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<Session> {
    type Row =
        (Uuid, Uuid, Vec<u8>, Option<Vec<u8>>, DateTime<Utc>, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);
    let row: Row = sessions::table
        .select((
            sessions::session_id,
            sessions::staff_id,
            sessions::current_hash,
            sessions::previous_hash,
            sessions::rotated_at,
            sessions::created_at,
            sessions::expires_at,
            sessions::ended_at,
        ))
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(gate::over)?;
    let (id, staff, current_hash, previous_hash, rotated_at, created_at, expires_at, ended_at) = row;
    Ok(Session { id, staff, current_hash, previous_hash, rotated_at, created_at, expires_at, ended_at })
}

pub(in crate::identity::auth) async fn rotate(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    current: &[u8; 32],
    previous: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::tenant_id.eq(tenant.0)).filter(sessions::session_id.eq(id.0)))
        .set((
            sessions::current_hash.eq(current.as_slice()),
            sessions::previous_hash.eq(previous.as_slice()),
            sessions::rotated_at.eq(now),
            sessions::expires_at.eq(expires_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends a session; `false` when it was over already.
pub(in crate::identity::auth) async fn end_session(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    because: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ended = diesel::update(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant.0))
            .filter(sessions::session_id.eq(id.0))
            .filter(sessions::ended_at.is_null()),
    )
    .set((sessions::ended_at.eq(now), sessions::ended_because.eq(because)))
    .execute(tx)
    .await?;
    Ok(ended > 0)
}
