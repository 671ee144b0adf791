//! The only SQL of sessions, and of what they ask of a staff.

mod opened;

pub(super) use opened::{
    Held, end_session, end_sessions, hold_session, insert_session, lock_session, open_sessions, proven_anew, rotate,
    session_of, take_password,
};

use crate::error::{Error, Result};
use crate::identity::authority::{self, Authority};
use crate::platform::db::Tx;
use crate::platform::db::schema::{roles, sessions, staff, tenants};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::NamedRole;
use tillwatch_shared::identity::Staff;
use tillwatch_shared::ids::{RoleId, SessionId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use tillwatch_shared::sessions::SecondFactorRule;
use uuid::Uuid;

pub(super) async fn staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Staff> {
    type Row = (String, String, Option<String>, i64, Option<Uuid>, Option<String>);
    let (name, role, locale, version, custom_id, custom_name): Row = staff::table
        .left_join(
            roles::table
                .on(roles::tenant_id.eq(staff::tenant_id).and(roles::role_id.nullable().eq(staff::custom_role_id))),
        )
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

/// Whether a session may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It may.
    Yes,
    /// The staff is disabled, or not there any more.
    Disabled,
    /// The login has a newer password by now.
    OldPassword,
}

/// Whether a staff may open a session by the password of `password_at`. The row is held, so that a new password is
/// settled before this, or behind the session, which it then ends.
pub(super) async fn admitted(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    password_at: DateTime<Utc>,
) -> Result<Admitted> {
    type Row = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let found: Option<Row> = staff::table
        .select((staff::disabled_at, staff::password_settled))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .for_share()
        .first(tx)
        .await
        .optional()?;
    Ok(match found {
        None | Some((Some(_), _)) => Admitted::Disabled,
        Some((None, Some(settled))) if settled > password_at => Admitted::OldPassword,
        Some((None, _)) => Admitted::Yes,
    })
}

/// Whether there is such a staff: a retailer's own rows are erased before the directory's.
pub(super) async fn is_there(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<bool> {
    let found: Option<Uuid> = staff::table
        .select(staff::staff_id)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Whether a staff is disabled, or not there any more.
pub(super) async fn is_disabled(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<bool> {
    let disabled: Option<Option<DateTime<Utc>>> = staff::table
        .select(staff::disabled_at)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(disabled.is_none_or(|disabled| disabled.is_some()))
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
    type Row = (Uuid, DateTime<Utc>, Option<DateTime<Utc>>, Uuid, String);
    let found: Option<Row> = sessions::table
        .inner_join(
            staff::table.on(staff::tenant_id.eq(sessions::tenant_id).and(staff::staff_id.eq(sessions::staff_id))),
        )
        .inner_join(tenants::table.on(tenants::tenant_id.eq(sessions::tenant_id)))
        .select((
            staff::staff_id,
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
    let Some((staff, created_at, authenticated_at, login, rule)) = found else { return Ok(None) };
    let staff = StaffId(staff);
    let authority = authority::of_staff(tx, tenant, staff).await?;
    let standing = Standing { login, role: authority.role, rule: rule.parse().map_err(Error::internal)? };
    let authenticated_at = authenticated_at.unwrap_or(created_at);
    Ok(Some(Living { staff, authority, authenticated_at, standing, must_enrol: false }))
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
