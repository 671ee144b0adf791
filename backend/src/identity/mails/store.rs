//! The only SQL of mails.

use super::{Letter, Mail, To};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{mails, staff, tenants};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{LoginId, MailId, StaffId, TenantId};
use tillwatch_shared::joining::MailState;
use uuid::Uuid;

/// A mail as it is kept.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = mails)]
pub(super) struct Row {
    #[diesel(column_name = tenant_id)]
    pub(super) tenant: Uuid,
    #[diesel(column_name = mail_id)]
    pub(super) id: Uuid,
    pub(super) to_address: Option<String>,
    pub(super) to_login: Option<Uuid>,
    locale: String,
    fields: serde_json::Value,
    pub(super) token_hash: Option<Vec<u8>>,
    state: String,
    /// Tries, the present one among them.
    pub(super) attempts: i32,
    pub(super) created_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn letter(&self) -> Result<Letter> {
        serde_json::from_value(self.fields.clone()).map_err(Error::internal)
    }

    pub(super) fn locale(&self) -> Result<Locale> {
        self.locale.parse().map_err(Error::internal)
    }

    pub(super) fn state(&self) -> Result<MailState> {
        self.state.parse().map_err(Error::internal)
    }
}

/// What became of the wish to send a mail.
pub(super) enum Claimed {
    /// Nobody else sends it until the claim is over.
    Mine(Row),
    /// Another attempt has it.
    Busy,
    /// There is nothing to be sent.
    Settled,
}

/// The reader of a mail about their login.
pub(super) struct Reader {
    pub(super) login: LoginId,
    pub(super) locale: Locale,
}

/// The login and the language of a staff, disabled or not; `None` when they are not there.
pub(super) async fn reader(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Reader>> {
    let found: Option<(Uuid, Option<String>, String)> = staff::table
        .inner_join(tenants::table.on(tenants::tenant_id.eq(staff::tenant_id)))
        .select((staff::login_id, staff::locale, tenants::locale))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    let Some((login, own, retailers)) = found else { return Ok(None) };
    let locale = own.unwrap_or(retailers).parse().map_err(Error::internal)?;
    Ok(Some(Reader { login: LoginId(login), locale }))
}

/// Adds a mail; `false` when it is there.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    mail: &Mail,
    hash: Option<&[u8; 32]>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (address, login) = match &mail.to {
        To::Address(address) => (Some(address.as_str()), None),
        To::Login(login) => (None, Some(login.0)),
    };
    let added = diesel::insert_into(mails::table)
        .values((
            mails::tenant_id.eq(tenant.0),
            mails::mail_id.eq(mail.id.0),
            mails::to_address.eq(address),
            mails::to_login.eq(login),
            mails::locale.eq(mail.locale.as_str()),
            mails::template.eq(mail.letter.template()),
            mails::fields.eq(serde_json::to_value(&mail.letter).map_err(Error::internal)?),
            mails::token_hash.eq(hash.map(<[u8; 32]>::as_slice)),
            mails::state.eq(MailState::Waiting.as_str()),
            mails::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added > 0)
}

/// Claims a waiting mail until `until` and counts the try.
pub(super) async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: MailId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Claimed> {
    let mine = mails::table.filter(mails::tenant_id.eq(tenant.0)).filter(mails::mail_id.eq(id.0));
    let found: Option<(String, Option<DateTime<Utc>>)> =
        mine.select((mails::state, mails::claimed_until)).for_update().first(tx).await.optional()?;
    match found {
        Some((state, _)) if state != MailState::Waiting.as_str() => Ok(Claimed::Settled),
        None => Ok(Claimed::Settled),
        Some((_, Some(claimed))) if claimed > now => Ok(Claimed::Busy),
        Some(_) => {
            let row = diesel::update(mine)
                .set((mails::claimed_until.eq(until), mails::attempts.eq(mails::attempts + 1)))
                .returning(Row::as_returning())
                .get_result(tx)
                .await?;
            Ok(Claimed::Mine(row))
        }
    }
}

/// Writes down what became of a try. A sent mail forgets what it said.
pub(super) async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    id: MailId,
    state: MailState,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let waiting = mails::table
        .filter(mails::tenant_id.eq(tenant.0))
        .filter(mails::mail_id.eq(id.0))
        .filter(mails::state.eq(MailState::Waiting.as_str()));
    let settled_at = Some(now).filter(|_| state != MailState::Waiting);
    diesel::update(waiting)
        .set((
            mails::state.eq(state.as_str()),
            mails::failure.eq(failure),
            mails::claimed_until.eq(None::<DateTime<Utc>>),
            mails::settled_at.eq(settled_at),
        ))
        .execute(tx)
        .await?;
    if state == MailState::Sent {
        diesel::update(mails::table.filter(mails::tenant_id.eq(tenant.0)).filter(mails::mail_id.eq(id.0)))
            .set(mails::fields.eq(json!({})))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// The newest mails that were not sent.
pub(super) async fn newest_unsent(tx: &mut Tx, tenant: TenantId, limit: i64) -> Result<Vec<Row>> {
    Ok(mails::table
        .select(Row::as_select())
        .filter(mails::tenant_id.eq(tenant.0))
        .filter(mails::state.ne(MailState::Sent.as_str()))
        .order((mails::created_at.desc(), mails::mail_id.desc()))
        .limit(limit)
        .load(tx)
        .await?)
}

/// Removes up to `limit` mails that were written before `before`; returns how many.
pub(super) async fn remove_old(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let old: Vec<Uuid> = mails::table
        .select(mails::mail_id)
        .filter(mails::tenant_id.eq(tenant.0))
        .filter(mails::created_at.lt(before))
        .limit(limit)
        .load(tx)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    Ok(diesel::delete(mails::table.filter(mails::tenant_id.eq(tenant.0)).filter(mails::mail_id.eq_any(old)))
        .execute(tx)
        .await?)
}
