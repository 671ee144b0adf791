//! Partners' API tokens: made, listed, rotated, revoked. They belong to the retailer, not to the person who made them.
//!
//! A token's secret is shown once and kept as SHA-256. Its scopes are a subset of what tokens may have; an empty list
//! allows nothing; so does an empty list of channels. Nobody can give a token a permission that they do not have
//! themselves, nor take over a token that has one, by rotating it.
//!
//! Cast: [`model`] (which secret works when, how often a client may report, pure), [`leaks`] (what anybody reports as
//! found, and how our tokens are recognised). A *rotation* gives a token a new secret while the one before works until
//! the overlap's end, or the end it had if that comes first; there are at most two, so the one before that ends with the next rotation. Invariants: a token lives
//! at most 365 days from its making or rotation; what is revoked, rotated out or expired works nowhere within a second.

pub mod leaks;
pub mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::secret;
use crate::identity::{authority, directory, limits, reach};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::{PermissionSet, Reach, Who};
use crate::platform::validate::Checks;
use chrono::{DateTime, TimeDelta, Utc};
use model::Presented;
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::authority::{PreviousSecret, RotateApiToken};
use tillwatch_shared::identity::{ApiToken, ApiTokenCreated, CreateApiToken};
use tillwatch_shared::ids::{ApiTokenId, TenantId};

/// `last_used_at` is kept to the minute.
const USED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Characters of a secret by which it is recognised.
const SHOWN: usize = 12;

/// Makes a token.
///
/// # Errors
/// 422 with every wrong field, 409 when the retailer has as many as it may.
pub async fn create(app: &App, who: &Who, request: CreateApiToken) -> Result<ApiTokenCreated> {
    let mut checks = Checks::default();
    checks.line("/name", &request.name, 1, 120);
    model::check_days(&mut checks, Some(request.expires_in_days));
    let rate = request.requests_per_minute.is_none_or(|rate| (1..=model::MOST_PER_MINUTE).contains(&rate));
    checks.ensure(rate, "/requests_per_minute", "out_of_range", "Takes 1 to 100000 requests a minute.");
    model::check_scopes(&mut checks, &request.scopes, who.permissions, request.channels.is_some());
    let (at, id, secret) = (now(), ApiTokenId::new(), secret::api_token());
    let mut scopes = request.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let token = ApiToken {
        id,
        name: request.name.trim().to_owned(),
        starts_with: secret.chars().take(SHOWN).collect(),
        scopes,
        channels: request.channels,
        requests_per_minute: request.requests_per_minute,
        previous: None,
        created_at: at,
        expires_at: at + TimeDelta::days(i64::from(request.expires_in_days)),
        last_used_at: None,
        revoked_at: None,
    };
    app.db
        .write(who, async |tx| {
            let channels = token.channels.as_deref().unwrap_or_default();
            reach::check_list(&mut checks, tx, who.tenant, "/channels", channels).await?;
            checks.done()?;
            limits::room_for_token(tx, who.tenant, at).await?;
            let hash = secret::hash(&secret);
            store::insert(tx, who.tenant, &token, &hash).await?;
            let opens = (who.tenant, id.0);
            directory::add_credential(tx, directory::CredentialKind::ApiToken, &hash, opens, token.expires_at).await?;
            let after = Some(json!({
                "name": token.name, "scopes": token.scopes, "channels": token.channels,
                "requests_per_minute": token.requests_per_minute, "expires_at": token.expires_at,
            }));
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
    let at = now();
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, paging).await).await?;
    Ok(paging.page(rows, |row| row.token.id.0, |row| row.shown(at)))
}

/// One token.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: ApiTokenId) -> Result<ApiToken> {
    let found = app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await?;
    Ok(found.ok_or_else(|| Error::not_found("API token"))?.shown(now()))
}

/// Gives a token a new secret; the one before works until the overlap's end, or its own if that comes first.
///
/// # Errors
/// 404, 403 for a token that may do what the caller may not, 409 when it is revoked or expired, 422 with every wrong
/// field.
pub async fn rotate(app: &App, who: &Who, id: ApiTokenId, request: &RotateApiToken) -> Result<ApiTokenCreated> {
    let mut checks = Checks::default();
    let hours = request.overlap_hours <= model::LONGEST_OVERLAP_HOURS;
    checks.ensure(hours, "/overlap_hours", "out_of_range", "Takes 0 to 72 hours.");
    model::check_days(&mut checks, request.expires_in_days);
    checks.done()?;
    let (at, secret) = (now(), secret::api_token());
    let hash = secret::hash(&secret);
    app.db
        .write(who, async |tx| {
            let row = store::lock(tx, who.tenant, id).await?.ok_or_else(|| Error::not_found("API token"))?;
            let mut token = row.token;
            authority::may_touch(who, token.scopes.iter().copied().collect())?;
            if token.revoked_at.is_some() || token.expires_at <= at {
                return Err(Error::conflict("This token is revoked or expired. Make another one."));
            }
            // A secret never outlives the end that it was given, whatever end the token has from now on.
            let ends_at = (at + TimeDelta::hours(i64::from(request.overlap_hours))).min(token.expires_at);
            if let Some(days) = request.expires_in_days {
                token.expires_at = at + TimeDelta::days(i64::from(days));
            }
            token.previous = Some(PreviousSecret { starts_with: token.starts_with, ends_at });
            token.starts_with = secret.chars().take(SHOWN).collect();
            store::rotate(tx, who.tenant, &token, &hash, row.secrets.current.as_deref()).await?;
            let opens = (who.tenant, id.0);
            directory::add_credential(tx, directory::CredentialKind::ApiToken, &hash, opens, token.expires_at).await?;
            let after = Some(json!({ "previous_ends_at": ends_at, "expires_at": token.expires_at }));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "api_token.rotated", object, after, ..Entry::default() }).await?;
            token.previous = token.previous.filter(|previous| previous.ends_at > at);
            Ok(ApiTokenCreated { token, secret: Some(secret) })
        })
        .await
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

/// What the bearer of a living secret may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Living {
    /// What it may do.
    pub permissions: PermissionSet,
    /// Which channels that reaches.
    pub reach: Reach,
    /// Requests that it may make in a minute, if it has a limit of its own.
    pub rate: Option<u32>,
}

impl Living {
    fn of(token: ApiToken) -> Self {
        let reach = Reach::of(token.channels);
        let permissions: PermissionSet = token.scopes.into_iter().filter(|scope| scope.for_tokens()).collect();
        Self { permissions: permissions.within(&reach), reach, rate: token.requests_per_minute }
    }
}

/// What a token may do now for whoever shows the secret with this hash; `None` when the token is revoked or expired or
/// the secret was rotated out. Notes that it was used.
///
/// # Errors
/// When the database fails.
pub async fn living(app: &App, tenant: TenantId, id: ApiTokenId, hash: &[u8; 32]) -> Result<Option<Living>> {
    let (who, at) = (Who::system(tenant, "gate", "gate"), now());
    let row = app.db.read(&who, async |tx| store::get(tx, tenant, id).await).await?;
    let Some(row) = row.filter(|row| row.presented(hash, at) != Presented::Ended) else { return Ok(None) };
    let token = row.token;
    if token.last_used_at.is_none_or(|used| at - used >= USED_EVERY) {
        app.db.write(&who, async |tx| store::used(tx, tenant, id, at).await).await?;
    }
    Ok(Some(Living::of(token)))
}

/// What a token may do now, whichever secret somebody has of it; `None` when it is revoked, expired or not there.
///
/// # Errors
/// When the database fails.
pub async fn of_working(tx: &mut Tx, tenant: TenantId, id: ApiTokenId, at: DateTime<Utc>) -> Result<Option<Living>> {
    let token = store::get(tx, tenant, id).await?.map(|row| row.token);
    Ok(token.filter(|token| token.revoked_at.is_none() && token.expires_at > at).map(Living::of))
}
