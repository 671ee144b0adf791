//! The only SQL of invitations.

use super::model;
use crate::error::{Error, Result};
use crate::identity::staff::Held;
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{departments, invitations, mails, roles};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Locale;
use tillwatch_shared::authority::{NamedDepartment, NamedRole};
use tillwatch_shared::ids::{ChannelId, DepartmentId, InvitationId, MailId, RoleId, StaffId, TenantId};
use tillwatch_shared::joining::{Invitation, InvitationState, MailState};
use uuid::Uuid;

/// An invitation as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub(super) struct Row {
    #[diesel(column_name = invitation_id)]
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: String,
    pub(super) locale: String,
    pub(super) invited_by: Uuid,
    pub(super) mail_id: Uuid,
    pub(super) mailed_at: DateTime<Utc>,
    pub(super) token_hash: Vec<u8>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) accepted_at: Option<DateTime<Utc>>,
    pub(super) staff_id: Option<Uuid>,
    pub(super) withdrawn_at: Option<DateTime<Utc>>,
    #[diesel(column_name = custom_role_id)]
    pub(super) custom_role: Option<Uuid>,
    #[diesel(column_name = department_id)]
    pub(super) department: Option<Uuid>,
    pub(super) channels: Option<Vec<Uuid>>,
}

/// How far a mail is as it is kept, and why it was not sent; absent when the mail is.
type Outcome = Option<(String, Option<String>)>;
/// The names of the custom role and of the department.
type Names = (Option<String>, Option<String>);
/// An invitation with what is told of it beside its row.
pub(super) type Shown = (Row, Outcome, Names);

impl Row {
    /// What the invited person will hold.
    pub(super) fn held(&self) -> Result<Held> {
        let channels = self.channels.as_ref();
        Ok(Held {
            role: self.role.parse().map_err(Error::internal)?,
            custom_role: self.custom_role.map(RoleId),
            department: self.department.map(DepartmentId),
            channels: channels.map(|channels| channels.iter().map(|channel| ChannelId(*channel)).collect()),
        })
    }

    pub(super) fn locale(&self) -> Result<Locale> {
        self.locale.parse().map_err(Error::internal)
    }

    pub(super) fn state(&self, now: DateTime<Utc>) -> InvitationState {
        model::state(self.accepted_at, self.withdrawn_at, self.expires_at, now)
    }
}

/// An invitation as the wire shows it.
pub(super) fn show((row, mail, (role_name, department_name)): Shown, now: DateTime<Utc>) -> Result<Invitation> {
    let (state, held, locale) = (row.state(now), row.held()?, row.locale()?);
    let (mail, mail_failure) = mail.map_or((None, None), |(state, failure)| (Some(state), failure));
    let mail = mail.map(|state| state.parse::<MailState>().map_err(Error::internal)).transpose()?;
    Ok(Invitation {
        id: InvitationId(row.id),
        email: row.email,
        name: row.name,
        role: held.role,
        custom_role: held.custom_role.zip(role_name).map(|(id, name)| NamedRole { id, name }),
        department: held.department.zip(department_name).map(|(id, name)| NamedDepartment { id, name }),
        channels: held.channels,
        locale,
        invited_by: StaffId(row.invited_by),
        state,
        mail,
        mail_failure,
        created_at: row.created_at,
        expires_at: row.expires_at,
        staff: row.staff_id.map(StaffId),
    })
}

/// Adds an invitation.
///
/// # Errors
/// 409 while the address has an open one.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, row: &Row) -> Result<()> {
    let added = diesel::insert_into(invitations::table)
        .values((invitations::tenant_id.eq(tenant.0), row.clone()))
        .execute(tx)
        .await;
    let detail = "This address has an open invitation already. Send that one again, or withdraw it first.";
    Error::unless_taken(added, || Error::taken("/email", detail))?;
    Ok(())
}

/// Closes what nobody accepted in its time, so that the address can be invited anew.
pub(super) async fn withdraw_expired(tx: &mut Tx, tenant: TenantId, email: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(
        invitations::table
            .filter(invitations::tenant_id.eq(tenant.0))
            .filter(invitations::email.eq(email))
            .filter(invitations::accepted_at.is_null())
            .filter(invitations::withdrawn_at.is_null())
            .filter(invitations::expires_at.le(now)),
    )
    .set(invitations::withdrawn_at.eq(now))
    .execute(tx)
    .await?;
    Ok(())
}

/// The invitations of a tenant, each with what is told of it beside its row.
macro_rules! shown {
    ($tenant:expr) => {
        invitations::table
            .left_join(
                mails::table
                    .on(mails::tenant_id.eq(invitations::tenant_id).and(mails::mail_id.eq(invitations::mail_id))),
            )
            .left_join(
                roles::table.on(roles::tenant_id
                    .eq(invitations::tenant_id)
                    .and(roles::role_id.nullable().eq(invitations::custom_role_id))),
            )
            .left_join(
                departments::table.on(departments::tenant_id
                    .eq(invitations::tenant_id)
                    .and(departments::department_id.nullable().eq(invitations::department_id))),
            )
            .select((
                Row::as_select(),
                (mails::state, mails::failure).nullable(),
                (roles::name.nullable(), departments::name.nullable()),
            ))
            .filter(invitations::tenant_id.eq($tenant.0))
    };
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<Shown>> {
    let query = paged!(shown!(tenant), paging, invitations::invitation_id, oldest);
    Ok(query.load(tx).await?)
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: InvitationId) -> Result<Shown> {
    let found: Option<Shown> = shown!(tenant).filter(invitations::invitation_id.eq(id.0)).first(tx).await.optional()?;
    found.ok_or_else(|| Error::not_found("invitation"))
}

pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: InvitationId) -> Result<Row> {
    invitations::table
        .select(Row::as_select())
        .filter(invitations::tenant_id.eq(tenant.0))
        .filter(invitations::invitation_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("invitation"))
}

/// The invitation, if its last mail's token has this hash.
pub(super) async fn by_token(tx: &mut Tx, tenant: TenantId, id: InvitationId, hash: &[u8; 32]) -> Result<Option<Row>> {
    Ok(invitations::table
        .select(Row::as_select())
        .filter(invitations::tenant_id.eq(tenant.0))
        .filter(invitations::invitation_id.eq(id.0))
        .filter(invitations::token_hash.eq(hash.as_slice()))
        .first(tx)
        .await
        .optional()?)
}

/// How far a mail is; `None` when it is not kept any more.
pub(super) async fn mail(tx: &mut Tx, tenant: TenantId, id: MailId) -> Result<Option<MailState>> {
    let state: Option<String> = mails::table
        .select(mails::state)
        .filter(mails::tenant_id.eq(tenant.0))
        .filter(mails::mail_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    state.map(|state| state.parse().map_err(Error::internal)).transpose()
}

/// Writes a locked invitation's new mail, token and time.
pub(super) async fn renew(tx: &mut Tx, tenant: TenantId, row: &Row) -> Result<()> {
    diesel::update(
        invitations::table.filter(invitations::tenant_id.eq(tenant.0)).filter(invitations::invitation_id.eq(row.id)),
    )
    .set((
        invitations::mail_id.eq(row.mail_id),
        invitations::mailed_at.eq(row.mailed_at),
        invitations::token_hash.eq(&row.token_hash),
        invitations::expires_at.eq(row.expires_at),
        invitations::invited_by.eq(row.invited_by),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn withdraw(tx: &mut Tx, tenant: TenantId, id: InvitationId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(
        invitations::table.filter(invitations::tenant_id.eq(tenant.0)).filter(invitations::invitation_id.eq(id.0)),
    )
    .set(invitations::withdrawn_at.eq(now))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn accept(
    tx: &mut Tx,
    tenant: TenantId,
    id: InvitationId,
    staff: StaffId,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        invitations::table.filter(invitations::tenant_id.eq(tenant.0)).filter(invitations::invitation_id.eq(id.0)),
    )
    .set((invitations::accepted_at.eq(now), invitations::staff_id.eq(staff.0)))
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes up to `limit` invitations that could be accepted until before `before`, whatever came of them; returns how many.
pub(super) async fn remove_over(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let over: Vec<Uuid> = invitations::table
        .select(invitations::invitation_id)
        .filter(invitations::tenant_id.eq(tenant.0))
        .filter(invitations::expires_at.lt(before))
        .limit(limit)
        .load(tx)
        .await?;
    if over.is_empty() {
        return Ok(0);
    }
    let over = invitations::invitation_id.eq_any(over);
    Ok(diesel::delete(invitations::table.filter(invitations::tenant_id.eq(tenant.0)).filter(over)).execute(tx).await?)
}
