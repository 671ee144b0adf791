//! Partners' API tokens: made, listed, revoked. They belong to the retailer, not to the person who made them.
//!
//! A token's secret is shown once and kept as SHA-256. Its scopes are a subset of what tokens may have; an empty
//! list allows nothing. Nobody can give a token a permission that they do not have themselves.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::identity::directory;
use crate::identity::secret;
use crate::platform::clock::now;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{PermissionSet, Who};
use crate::platform::validate::Checks;
use chrono::TimeDelta;
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::identity::{ApiToken, ApiTokenCreated, CreateApiToken};
use tillwatch_shared::ids::{ApiTokenId, TenantId};

/// `last_used_at` is kept to the minute.
const USED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Makes a token.
///
/// # Errors
/// 422 with every wrong field.
pub async fn create(app: &App, who: &Who, request: CreateApiToken) -> Result<ApiTokenCreated> {
    let mut checks = Checks::default();
    checks.text("/name", &request.name, 1, 120);
    let days = (1..=365).contains(&request.expires_in_days);
    checks.ensure(days, "/expires_in_days", "out_of_range", "Takes 1 to 365 days.");
    for (index, scope) in request.scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        checks.ensure(scope.for_tokens(), &pointer, "not_for_tokens", "Is not given to tokens; only to people.");
        checks.ensure(
            who.permissions.allows(*scope),
            &pointer,
            "not_yours",
            "You do not have this permission yourself.",
        );
    }
    checks.done()?;
    let (at, id, secret) = (now(), ApiTokenId::new(), secret::api_token());
    let mut scopes = request.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let token = ApiToken {
        id,
        name: request.name.trim().to_owned(),
        starts_with: secret.chars().take(12).collect(),
        scopes,
        created_at: at,
        expires_at: at + TimeDelta::days(i64::from(request.expires_in_days)),
        last_used_at: None,
        revoked_at: None,
    };
    app.db
        .write(who, async |tx| {
            store::insert(tx, who.tenant, &token).await?;
            let opens = (who.tenant, id.0);
            let hash = secret::hash(&secret);
            directory::add_credential(tx, directory::CredentialKind::ApiToken, &hash, opens, token.expires_at).await?;
            let after = Some(json!({ "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at }));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "api_token.created", object, after, ..Entry::default() }).await
        })
        .await?;
    Ok(ApiTokenCreated { token, secret: Some(secret) })
}

/// A page of the tokens, oldest first, the revoked ones too.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, paging: &Paging) -> Result<Page<ApiToken>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, paging).await).await?;
    Ok(paging.page(rows, |token| token.id.0, |token| token))
}

/// Revokes a token; `false` when it was revoked already.
///
/// # Errors
/// 404.
pub async fn revoke(app: &App, who: &Who, id: ApiTokenId) -> Result<bool> {
    app.db
        .write(who, async |tx| {
            let changed = store::revoke(tx, who.tenant, id, now()).await?;
            if changed {
                let object = Some(id.to_string());
                audit::record(tx, who, Entry { action: "api_token.revoked", object, ..Entry::default() }).await?;
            }
            Ok(changed)
        })
        .await
}

/// What a token may do now, `None` when it is revoked or expired; notes that it was used.
///
/// # Errors
/// When the database fails.
pub async fn living(app: &App, tenant: TenantId, id: ApiTokenId) -> Result<Option<PermissionSet>> {
    let (who, at) = (Who::system(tenant, "gate", "gate"), now());
    let token = app.db.read(&who, async |tx| store::get(tx, tenant, id).await).await?;
    let Some(token) = token.filter(|t| t.revoked_at.is_none() && t.expires_at > at) else { return Ok(None) };
    if token.last_used_at.is_none_or(|used| at - used >= USED_EVERY) {
        app.db.write(&who, async |tx| store::used(tx, tenant, id, at).await).await?;
    }
    Ok(Some(token.scopes.into_iter().filter(|scope| scope.for_tokens()).collect()))
}
