//! The only SQL of invitations.

use super::model;
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{invitations, mails};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Locale;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{InvitationId, MailId, StaffId, TenantId};
use tillwatch_shared::joining::{Invitation, InvitationState, MailState};
use tillwatch_shared::permissions::Role;
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
}

/// How far a mail is, and why it was not sent.
pub(super) type MailOutcome = (MailState, Option<String>);
/// The same as it is kept; absent when the mail is.
type KeptOutcome = Option<(String, Option<String>)>;

impl Row {
    pub(super) fn role(&self) -> Result<Role> {
        self.role.parse().map_err(Error::internal)
    }

    pub(super) fn locale(&self) -> Result<Locale> {
        self.locale.parse().map_err(Error::internal)
    }

    pub(super) fn state(&self, now: DateTime<Utc>) -> InvitationState {
        model::state(self.accepted_at, self.withdrawn_at, self.expires_at, now)
    }

    pub(super) fn show(self, mail: Option<MailOutcome>, now: DateTime<Utc>) -> Result<Invitation> {
        let (state, role, locale) = (self.state(now), self.role()?, self.locale()?);
        let (mail, mail_failure) = mail.map_or((None, None), |(state, failure)| (Some(state), failure));
        Ok(Invitation {
            id: InvitationId(self.id),
            email: self.email,
            name: self.name,
            role,
            locale,
            invited_by: StaffId(self.invited_by),
            state,
            mail,
            mail_failure,
            created_at: self.created_at,
            expires_at: self.expires_at,
            staff: self.staff_id.map(StaffId),
        })
    }
}

fn outcome(kept: KeptOutcome) -> Result<Option<MailOutcome>> {
    kept.map(|(state, failure)| Ok((state.parse().map_err(Error::internal)?, failure))).transpose()
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, row: &Row) -> Result<()> {
    let added = diesel::insert_into(invitations::table)
        .values((invitations::tenant_id.eq(tenant.0), row.clone()))
        .execute(tx)
        .await;
    if let Err(error) = &added
        && Error::is_unique_violation(error)
    {
        return Err(Error::new(
            Code::AlreadyExists,
            "This address has an open invitation already. Send that one again, or withdraw it first.",
        ));
    }
    added?;
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

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<(Row, Option<MailOutcome>)>> {
    let query = invitations::table
        .left_join(
            mails::table.on(mails::tenant_id.eq(invitations::tenant_id).and(mails::mail_id.eq(invitations::mail_id))),
        )
        .select((Row::as_select(), (mails::state, mails::failure).nullable()))
        .filter(invitations::tenant_id.eq(tenant.0));
    let query = paged!(query, paging, invitations::invitation_id, oldest);
    let rows: Vec<(Row, KeptOutcome)> = query.load(tx).await?;
    rows.into_iter().map(|(row, mail)| Ok((row, outcome(mail)?))).collect()
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: InvitationId) -> Result<(Row, Option<MailOutcome>)> {
    let found: Option<(Row, KeptOutcome)> = invitations::table
        .left_join(
            mails::table.on(mails::tenant_id.eq(invitations::tenant_id).and(mails::mail_id.eq(invitations::mail_id))),
        )
        .select((Row::as_select(), (mails::state, mails::failure).nullable()))
        .filter(invitations::tenant_id.eq(tenant.0))
        .filter(invitations::invitation_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    let (row, mail) = found.ok_or_else(|| Error::not_found("invitation"))?;
    Ok((row, outcome(mail)?))
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
