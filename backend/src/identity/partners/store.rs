//! The only SQL of API tokens.

use super::model::{Presented, Secrets};
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::api_tokens;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::authority::PreviousSecret;
use tillwatch_shared::identity::ApiToken;
use tillwatch_shared::ids::{ApiTokenId, ChannelId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct Row {
    api_token_id: Uuid,
    name: String,
    starts_with: String,
    scopes: Vec<String>,
    channels: Option<Vec<Uuid>>,
    requests_per_minute: Option<i32>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    secret_hash: Option<Vec<u8>>,
    previous_hash: Option<Vec<u8>>,
    previous_starts_with: Option<String>,
    previous_ends_at: Option<DateTime<Utc>>,
}

/// A token with the hashes of its secrets.
pub(super) struct Kept {
    pub(super) token: ApiToken,
    pub(super) secrets: Secrets,
}

impl Kept {
    /// What the secret with this hash is at `now`.
    pub(super) fn presented(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Presented {
        let alive = self.token.revoked_at.is_none() && self.token.expires_at > now;
        if alive { self.secrets.present(hash, now) } else { Presented::Ended }
    }

    /// The token as it is shown at `now`: the secret before the last rotation only while it works.
    pub(super) fn shown(self, now: DateTime<Utc>) -> ApiToken {
        let previous = self.token.previous.filter(|previous| previous.ends_at > now);
        ApiToken { previous, ..self.token }
    }
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        let previous = row.previous_starts_with.zip(row.previous_ends_at);
        let token = ApiToken {
            id: ApiTokenId(row.api_token_id),
            name: row.name,
            starts_with: row.starts_with,
            // A scope that this version does not know allows nothing.
            scopes: row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
            channels: row.channels.map(|channels| channels.into_iter().map(ChannelId).collect()),
            requests_per_minute: row.requests_per_minute.and_then(|rate| u32::try_from(rate).ok()),
            previous: previous.map(|(starts_with, ends_at)| PreviousSecret { starts_with, ends_at }),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        };
        let secrets =
            Secrets { current: row.secret_hash, previous: row.previous_hash, previous_ends_at: row.previous_ends_at };
        Self { token, secrets }
    }
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, token: &ApiToken, hash: &[u8; 32]) -> Result<()> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let channels: Option<Vec<Uuid>> = token.channels.as_ref().map(|ids| ids.iter().map(|channel| channel.0).collect());
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::tenant_id.eq(tenant.0),
            api_tokens::api_token_id.eq(token.id.0),
            api_tokens::name.eq(&token.name),
            api_tokens::starts_with.eq(&token.starts_with),
            api_tokens::scopes.eq(scopes),
            api_tokens::channels.eq(channels),
            api_tokens::requests_per_minute.eq(token.requests_per_minute.map(u32::cast_signed)),
            api_tokens::created_at.eq(token.created_at),
            api_tokens::expires_at.eq(token.expires_at),
            api_tokens::secret_hash.eq(hash.as_slice()),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: ApiTokenId) -> Result<Option<Kept>> {
    let row: Option<Row> = api_tokens::table
        .select(Row::as_select())
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .filter(api_tokens::api_token_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Kept::from))
}

/// As [`get`], held against other writers until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: ApiTokenId) -> Result<Option<Kept>> {
    let row: Option<Row> = api_tokens::table
        .select(Row::as_select())
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .filter(api_tokens::api_token_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Kept::from))
}

/// Writes a rotated token with the hashes of its new secret and of the one before.
pub(super) async fn rotate(
    tx: &mut Tx,
    tenant: TenantId,
    token: &ApiToken,
    hash: &[u8; 32],
    before: Option<&[u8]>,
) -> Result<()> {
    let previous = token.previous.as_ref();
    diesel::update(
        api_tokens::table.filter(api_tokens::tenant_id.eq(tenant.0)).filter(api_tokens::api_token_id.eq(token.id.0)),
    )
    .set((
        api_tokens::starts_with.eq(&token.starts_with),
        api_tokens::expires_at.eq(token.expires_at),
        api_tokens::secret_hash.eq(hash.as_slice()),
        api_tokens::previous_hash.eq(before),
        api_tokens::previous_starts_with.eq(previous.map(|previous| &previous.starts_with)),
        api_tokens::previous_ends_at.eq(previous.map(|previous| previous.ends_at)),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the secret before the last rotation at `now`.
pub(super) async fn end_previous(tx: &mut Tx, tenant: TenantId, id: ApiTokenId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(
        api_tokens::table.filter(api_tokens::tenant_id.eq(tenant.0)).filter(api_tokens::api_token_id.eq(id.0)),
    )
    .set(api_tokens::previous_ends_at.eq(now))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<Kept>> {
    let query = api_tokens::table.select(Row::as_select()).filter(api_tokens::tenant_id.eq(tenant.0));
    let query = paged!(query, paging, api_tokens::api_token_id, oldest);
    Ok(query.load::<Row>(tx).await?.into_iter().map(Kept::from).collect())
}

pub(super) async fn revoke(tx: &mut Tx, tenant: TenantId, id: ApiTokenId, now: DateTime<Utc>) -> Result<bool> {
    let revoked_at: Option<DateTime<Utc>> = api_tokens::table
        .select(api_tokens::revoked_at)
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .filter(api_tokens::api_token_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("API token"))?;
    if revoked_at.is_some() {
        return Ok(false);
    }
    diesel::update(
        api_tokens::table.filter(api_tokens::tenant_id.eq(tenant.0)).filter(api_tokens::api_token_id.eq(id.0)),
    )
    .set(api_tokens::revoked_at.eq(now))
    .execute(tx)
    .await?;
    Ok(true)
}

pub(super) async fn used(tx: &mut Tx, tenant: TenantId, id: ApiTokenId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(
        api_tokens::table.filter(api_tokens::tenant_id.eq(tenant.0)).filter(api_tokens::api_token_id.eq(id.0)),
    )
    .set(api_tokens::last_used_at.eq(now))
    .execute(tx)
    .await?;
    Ok(())
}
