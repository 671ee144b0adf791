//! The only SQL of API tokens.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::api_tokens;
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::identity::ApiToken;
use tillwatch_shared::ids::{ApiTokenId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct Row {
    api_token_id: Uuid,
    name: String,
    starts_with: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_token(self) -> ApiToken {
        ApiToken {
            id: ApiTokenId(self.api_token_id),
            name: self.name,
            starts_with: self.starts_with,
            // A scope that this version does not know allows nothing.
            scopes: self.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
        }
    }
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, token: &ApiToken) -> Result<()> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::tenant_id.eq(tenant.0),
            api_tokens::api_token_id.eq(token.id.0),
            api_tokens::name.eq(&token.name),
            api_tokens::starts_with.eq(&token.starts_with),
            api_tokens::scopes.eq(scopes),
            api_tokens::created_at.eq(token.created_at),
            api_tokens::expires_at.eq(token.expires_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn get(tx: &mut Tx, tenant: TenantId, id: ApiTokenId) -> Result<Option<ApiToken>> {
    let row = api_tokens::table
        .select(Row::as_select())
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .filter(api_tokens::api_token_id.eq(id.0))
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Row::into_token))
}

pub(super) async fn list(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<ApiToken>> {
    let mut query = api_tokens::table
        .select(Row::as_select())
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .order(api_tokens::api_token_id)
        .limit(paging.fetch())
        .into_boxed();
    if let Some(after) = paging.after {
        query = query.filter(api_tokens::api_token_id.gt(after));
    }
    Ok(query.load(tx).await?.into_iter().map(Row::into_token).collect())
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
