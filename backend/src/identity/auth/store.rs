//! The only SQL of staff and sessions.

use super::session::Session;
use crate::error::{Error, Result};
use crate::identity::authority::Authority;
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, sessions, staff};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::NamedRole;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Staff;
use tillwatch_shared::ids::{LoginId, RoleId, SessionId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use uuid::Uuid;

pub(super) async fn insert_staff(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    login: LoginId,
    name: &str,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(staff::table)
        .values((
            staff::tenant_id.eq(tenant.0),
            staff::staff_id.eq(id.0),
            staff::login_id.eq(login.0),
            staff::name.eq(name),
            staff::role.eq(role.as_str()),
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
}

/// The staff behind a living session of an enabled staff.
pub(super) async fn living(
    tx: &mut Tx,
    tenant: TenantId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Living>> {
    type Row =
        (Uuid, (String, Option<Uuid>, Option<Vec<String>>, Option<Vec<Uuid>>), DateTime<Utc>, Option<DateTime<Utc>>);
    let found: Option<Row> = sessions::table
        .inner_join(
            staff::table.on(staff::tenant_id.eq(sessions::tenant_id).and(staff::staff_id.eq(sessions::staff_id))),
        )
        .left_join(custom_role!())
        .select((
            staff::staff_id,
            (staff::role, staff::custom_role_id, roles::permissions.nullable(), staff::channels),
            sessions::created_at,
            sessions::authenticated_at,
        ))
        .filter(sessions::tenant_id.eq(tenant.0))
        .filter(sessions::session_id.eq(session.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    let Some((id, (role, custom, permissions, channels), created_at, authenticated_at)) = found else {
        return Ok(None);
    };
    let custom = custom.map(|_| permissions.unwrap_or_default());
    let authority = Authority::new(role.parse().map_err(Error::internal)?, custom.as_deref(), channels);
    Ok(Some(Living { staff: StaffId(id), authority, authenticated_at: authenticated_at.unwrap_or(created_at) }))
}

pub(super) async fn insert_session(tx: &mut Tx, tenant: TenantId, session: &Session) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::tenant_id.eq(tenant.0),
            sessions::session_id.eq(session.id),
            sessions::staff_id.eq(session.staff),
            sessions::current_hash.eq(&session.current_hash),
            sessions::rotated_at.eq(session.rotated_at),
            sessions::created_at.eq(session.created_at),
            sessions::expires_at.eq(session.expires_at),
        ))
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
