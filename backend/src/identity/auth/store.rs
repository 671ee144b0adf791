//! The only SQL of sessions, of what they ask of a staff, and of the first one of a retailer.

use super::session::Session;
use crate::error::{Error, Result};
use crate::identity::authority::Authority;
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, sessions, staff, tenants};
use crate::platform::http::client::Client;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::NamedRole;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Staff;
use tillwatch_shared::ids::{LoginId, RoleId, SessionId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use tillwatch_shared::sessions::{OpenSession, SecondFactorRule};
use uuid::Uuid;

/// Adds the first staff of a new retailer; everybody else comes in by an invitation.
pub(super) async fn insert_owner(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    login: LoginId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(staff::table)
        .values((
            staff::tenant_id.eq(tenant.0),
            staff::staff_id.eq(id.0),
            staff::login_id.eq(login.0),
            staff::name.eq(name),
            staff::role.eq(Role::Owner.as_str()),
            staff::created_at.eq(now),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// The role of the retailer's own that a staff has, to be joined on the left.
macro_rules! custom_role {
    () => {
        roles::table.on(roles::tenant_id.eq(staff::tenant_id).and(roles::role_id.nullable().eq(staff::custom_role_id)))
    };
}

pub(super) async fn staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Staff> {
    type Row = (String, String, Option<String>, i64, Option<Uuid>, Option<String>);
    let (name, role, locale, version, custom_id, custom_name): Row = staff::table
        .left_join(custom_role!())
        .select((
            staff::name,
            staff::role,
            staff::locale,
            staff::version,
            roles::role_id.nullable(),
            roles::name.nullable(),
        ))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await?;
    let custom_role = custom_id.zip(custom_name).map(|(id, name)| NamedRole { id: RoleId(id), name });
    let locale = locale.map(|word| word.parse().map_err(Error::internal)).transpose()?;
    Ok(Staff { id, name, role: role.parse().map_err(Error::internal)?, custom_role, locale, version })
}

/// Whether a staff whose password was read at `at` may open no session: disabled, or the password is another by now.
/// The row is held, so that a new password is settled before this or behind the session.
pub(super) async fn is_shut_out(tx: &mut Tx, tenant: TenantId, id: StaffId, at: DateTime<Utc>) -> Result<bool> {
    let (disabled, changed): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = staff::table
        .select((staff::disabled_at, staff::password_changed_at))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .for_share()
        .first(tx)
        .await?;
    Ok(disabled.is_some() || changed.is_some_and(|changed| changed > at))
}

pub(super) async fn is_disabled(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<bool> {
    let disabled: Option<DateTime<Utc>> = staff::table
        .select(staff::disabled_at)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await?;
    Ok(disabled.is_some())
}

/// The staff behind a living session.
#[derive(Clone, Debug)]
pub(super) struct Living {
    pub(super) staff: StaffId,
    pub(super) authority: Authority,
    /// When they last proved who they are.
    pub(super) authenticated_at: DateTime<Utc>,
    /// What decides whether they need a second factor.
    pub(super) standing: Standing,
    /// Whether they need one and have none; filled in by the gate, which may ask the directory.
    pub(super) must_enrol: bool,
}

/// What decides whether a staff needs a second factor: whose login it is, what they are, and what the retailer asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) login: Uuid,
    pub(super) role: Role,
    pub(super) rule: SecondFactorRule,
}

/// The standing of a staff.
pub(super) async fn standing(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Standing> {
    let (login, role, asked): (Uuid, String, String) = staff::table
        .inner_join(tenants::table.on(tenants::tenant_id.eq(staff::tenant_id)))
        .select((staff::login_id, staff::role, tenants::second_factor))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await?;
    let (role, asked) = (role.parse().map_err(Error::internal)?, asked.parse().map_err(Error::internal)?);
    Ok(Standing { login, role, rule: asked })
}

/// The staff behind a living session of an enabled staff.
pub(super) async fn living(
    tx: &mut Tx,
    tenant: TenantId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Living>> {
    type Held = (String, Option<Uuid>, Option<Vec<String>>, Option<Vec<Uuid>>);
    type Row = (Uuid, Held, DateTime<Utc>, Option<DateTime<Utc>>, Uuid, String);
    let found: Option<Row> = sessions::table
        .inner_join(
            staff::table.on(staff::tenant_id.eq(sessions::tenant_id).and(staff::staff_id.eq(sessions::staff_id))),
        )
        .inner_join(tenants::table.on(tenants::tenant_id.eq(sessions::tenant_id)))
        .left_join(custom_role!())
        .select((
            staff::staff_id,
            (staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels),
            sessions::created_at,
            sessions::authenticated_at,
            staff::login_id,
            tenants::second_factor,
        ))
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(session.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    let Some((id, held, created_at, authenticated_at, login, rule)) = found else { return Ok(None) };
    let (role, custom, permissions, channels) = held;
    let custom = custom.map(|_| permissions.unwrap_or_default());
    let authority = Authority::new(role.parse().map_err(Error::internal)?, custom.as_deref(), channels);
    let standing = Standing { login, role: authority.role, rule: rule.parse().map_err(Error::internal)? };
    let authenticated_at = authenticated_at.unwrap_or(created_at);
    Ok(Some(Living { staff: StaffId(id), authority, authenticated_at, standing, must_enrol: false }))
}

/// Keeps a session that the person of `authenticated_at` opens from `client`.
pub(super) async fn insert_session(
    tx: &mut Tx,
    tenant: TenantId,
    session: &Session,
    authenticated_at: DateTime<Utc>,
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
            sessions::client.eq(&client.agent),
            sessions::network.eq(client.network()),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A page of a staff's living sessions, oldest first; `current` is marked.
pub(super) async fn open_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    of: StaffId,
    current: SessionId,
    paging: &Paging,
    now: DateTime<Utc>,
) -> Result<Vec<OpenSession>> {
    type Row =
        (Uuid, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, DateTime<Utc>, Option<String>, Option<String>);
    let mut query = sessions::table
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
        .filter(sessions::expires_at.gt(now))
        .order(sessions::session_id)
        .limit(paging.fetch())
        .into_boxed();
    if let Some(after) = paging.after {
        query = query.filter(sessions::session_id.gt(after));
    }
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
pub(super) async fn session_of(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<Option<StaffId>> {
    let of: Option<Uuid> = sessions::table
        .select(sessions::staff_id)
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(of.map(StaffId))
}

/// When the person of a session signed in.
pub(super) async fn opened_at(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<DateTime<Utc>> {
    Ok(sessions::table
        .select(sessions::created_at)
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(id.0))
        .first(tx)
        .await?)
}

/// Ends every living session of a staff but `kept`; how many there were.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    of: StaffId,
    kept: Option<SessionId>,
    because: &str,
    now: DateTime<Utc>,
) -> Result<usize> {
    Ok(diesel::update(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant.0))
            .filter(sessions::staff_id.eq(of.0))
            .filter(sessions::session_id.ne(kept.map_or(Uuid::nil(), |kept| kept.0)))
            .filter(sessions::ended_at.is_null()),
    )
    .set((sessions::ended_at.eq(now), sessions::ended_because.eq(because)))
    .execute(tx)
    .await?)
}

/// Notes that the person of a session proved who they are.
pub(super) async fn authenticated(tx: &mut Tx, tenant: TenantId, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::tenant_id.eq(tenant.0)).filter(sessions::session_id.eq(id.0)))
        .set(sessions::authenticated_at.eq(now))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn lock_session(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<Session> {
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
        .ok_or_else(|| Error::new(Code::CredentialInvalid, "This session is over. Sign in again."))?;
    let (id, staff, current_hash, previous_hash, rotated_at, created_at, expires_at, ended_at) = row;
    Ok(Session { id, staff, current_hash, previous_hash, rotated_at, created_at, expires_at, ended_at })
}

pub(super) async fn rotate(
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
pub(super) async fn end_session(
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

/// Removes up to `limit` sessions that were over before `before`; returns how many.
pub(super) async fn remove_over(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let over: Vec<Uuid> = sessions::table
        .select(sessions::session_id)
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::expires_at.lt(before).or(sessions::ended_at.lt(before)))
        .limit(limit)
        .load(tx)
        .await?;
    if over.is_empty() {
        return Ok(0);
    }
    let over = sessions::session_id.eq_any(over);
    Ok(diesel::delete(sessions::table.filter(sessions::tenant_id.eq(tenant.0)).filter(over)).execute(tx).await?)
}
