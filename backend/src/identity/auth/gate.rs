//! The gate: what a request's headers mean. Every handler but an anonymous one passes it.
//!
//! A staff's JWT, a partner's token, or the bot's JWT with `On-Behalf-Of`. What was looked up is believed for at
//! most a second, so a revoked token, an ended session or a changed role takes effect within that time in every
//! process, as do the suspension of a retailer and a second factor that it begins to ask for; a verified signature is
//! remembered by the token's hash, since that cannot change.

use super::factor;
use super::jwt::Claims;
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::authority::Authority;
use crate::identity::directory;
use crate::identity::partners::Living;
use crate::identity::tenants::{self, Standing};
use crate::identity::{chat, partners, secret};
use crate::platform::cache::Recent;
use crate::platform::clock::now;
use crate::platform::http::authorized::{Authenticate, Credential, CredentialHeaders};
use crate::platform::http::who::{Actor, PermissionSet, Quota, Reach, Who};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use std::time::{Duration, Instant};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{ApiTokenId, SessionId, StaffId, TenantId};
use tillwatch_shared::permissions::Permission;

/// How long a looked-up right is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// A token that has worked is looked up for so long, whoever else asks from its address; it is believed no longer.
const FAMILIAR: Duration = Duration::from_mins(10);

/// Who a live credential belongs to.
#[derive(Clone, Debug)]
struct Known {
    tenant: TenantId,
    actor: Actor,
    permissions: PermissionSet,
    reach: Reach,
    authenticated_at: Option<DateTime<Utc>>,
    /// Requests a minute of the token itself.
    rate: Option<u32>,
    /// Whether they must enrol a second factor before anything else.
    must_enrol: bool,
}

/// What the gate learnt lately, shared by the process.
pub struct RecentLookups {
    verified: Recent<[u8; 32], Claims>,
    sessions: Recent<(TenantId, SessionId), Option<store::Living>>,
    /// `None` for one that does not work.
    tokens: Recent<[u8; 32], Option<Known>>,
    familiar: Recent<[u8; 32], ()>,
    chat_users: Recent<String, Known>,
    standings: Recent<TenantId, Standing>,
}

impl Default for RecentLookups {
    fn default() -> Self {
        Self {
            verified: Recent::new(Duration::from_mins(10), 50_000),
            sessions: Recent::new(BELIEVED, 50_000),
            tokens: Recent::new(BELIEVED, 50_000),
            familiar: Recent::new(FAMILIAR, 50_000),
            chat_users: Recent::new(BELIEVED, 50_000),
            standings: Recent::new(BELIEVED, 50_000),
        }
    }
}

impl RecentLookups {
    /// Forgets a session, so that its end is seen at once in this process.
    pub fn forget_session(&self, tenant: TenantId, session: SessionId) {
        self.sessions.forget(&(tenant, session));
    }

    /// Forgets all that is known of a staff, so that what changed of them is seen at once in this process.
    pub fn forget_staff(&self, tenant: TenantId, staff: StaffId) {
        let theirs = |living: &Option<store::Living>| living.as_ref().is_some_and(|living| living.staff == staff);
        self.sessions.forget_if(|(of, _), living| *of == tenant && theirs(living));
        self.chat_users.forget_if(|_, known| {
            known.tenant == tenant && matches!(known.actor, Actor::Staff { id, .. } if id == staff)
        });
    }
}

/// The gate of one runtime.
pub struct Gate {
    app: App,
}

impl Gate {
    /// The gate in front of `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    async fn credential(&self, headers: CredentialHeaders) -> Result<Credential> {
        let Some(bearer) = headers.bearer else {
            return Err(Error::new(
                Code::CredentialMissing,
                "Send `Authorization: Bearer <access token or API token>`.",
            ));
        };
        if bearer.starts_with(secret::API_PREFIX) {
            let known = self.partner(&bearer).await?;
            let quota = self.admit(&known, headers.asks, &headers.request_id).await?;
            return Ok(who(known, quota, "api".to_owned(), headers.request_id));
        }
        let claims = self.verified(&bearer)?;
        if claims.is_bot() {
            let Some(person) = headers.on_behalf_of else { return Ok(Credential::Bot) };
            let known = self.chat_user(&person, &headers.request_id).await?;
            let quota = self.admit(&known, headers.asks, &headers.request_id).await?;
            return Ok(who(known, quota, person, headers.request_id));
        }
        let known = self.staff(&claims, &headers.request_id).await?;
        let quota = self.admit(&known, headers.asks, &headers.request_id).await?;
        Ok(who(known, quota, "api".to_owned(), headers.request_id))
    }

    /// Whether the retailer is served, and how much it may ask. How it stands is looked up once a second and process,
    /// however many of its credentials ask meanwhile.
    async fn admit(&self, known: &Known, asks: Option<Permission>, request_id: &str) -> Result<Quota> {
        let standing = self.standing(known.tenant, request_id).await?;
        standing.admit(asks)?;
        Ok(Quota { of_token: known.rate, ..standing.quota() })
    }

    async fn standing(&self, tenant: TenantId, request_id: &str) -> Result<Standing> {
        let recent = &self.app.auth.recent.standings;
        if let Some(standing) = recent.get(&tenant) {
            return Ok(standing);
        }
        let read_at = Instant::now();
        let asker = Who::system(tenant, "gate", request_id);
        let standing = self.app.db.read(&asker, async |tx| tenants::standing(tx, tenant).await).await?;
        recent.put(tenant, standing, read_at);
        Ok(standing)
    }

    fn verified(&self, token: &str) -> Result<Claims> {
        let hash = secret::hash(token);
        let recent = &self.app.auth.recent.verified;
        if let Some(claims) = recent.get(&hash)
            && claims.exp > now().timestamp()
        {
            return Ok(claims);
        }
        let read_at = Instant::now();
        let claims = self.app.auth.keys.verify(token)?;
        recent.put(hash, claims.clone(), read_at);
        Ok(claims)
    }

    async fn staff(&self, claims: &Claims, request_id: &str) -> Result<Known> {
        let (Some(tenant), Some(session)) = (claims.tid, claims.sid) else { return Err(over()) };
        let recent = &self.app.auth.recent.sessions;
        let living = if let Some(living) = recent.get(&(tenant, session)) {
            living
        } else {
            let read_at = Instant::now();
            let asker = Who::system(tenant, "gate", request_id);
            let mut living =
                self.app.db.read(&asker, async |tx| store::living(tx, tenant, session, now()).await).await?;
            if let Some(living) = &mut living {
                living.must_enrol = factor::must_enrol(&self.app, living.standing).await?;
            }
            recent.put((tenant, session), living.clone(), read_at);
            living
        };
        let living = living.ok_or_else(over)?;
        let Authority { role, permissions, reach, .. } = living.authority;
        let actor = Actor::Staff { id: living.staff, role, session: Some(session) };
        let (authenticated_at, must_enrol) = (Some(living.authenticated_at), living.must_enrol);
        Ok(Known { tenant, actor, permissions, reach, authenticated_at, rate: None, must_enrol })
    }

    async fn partner(&self, token: &str) -> Result<Known> {
        let invalid =
            || Error::new(Code::CredentialInvalid, "This API token is not valid: unknown, revoked or expired.");
        if !secret::is_api_token(token) {
            return Err(invalid());
        }
        let hash = secret::hash(token);
        let RecentLookups { tokens, familiar, .. } = &self.app.auth.recent;
        let known = if let Some(known) = tokens.get(&hash) {
            known
        } else {
            let read_at = Instant::now();
            let known = self.look_up(&hash).await?;
            tokens.put(hash, known.clone(), read_at);
            match &known {
                Some(_) => familiar.put(hash, (), read_at),
                None => familiar.forget(&hash),
            }
            known
        };
        known.ok_or_else(invalid)
    }

    /// Whose API token has this hash; `None` when it is nobody's, or has been revoked or expired.
    async fn look_up(&self, hash: &[u8; 32]) -> Result<Option<Known>> {
        let found = self
            .app
            .db
            .system("API token", async |tx| {
                directory::credential(tx, directory::CredentialKind::ApiToken, hash, now()).await
            })
            .await?;
        let Some(opened) = found else { return Ok(None) };
        let (tenant, id) = (TenantId(opened.tenant), ApiTokenId(opened.subject));
        let Some(living) = partners::living(&self.app, tenant, id, hash).await? else { return Ok(None) };
        let Living { permissions, reach, rate } = living;
        let (actor, must_enrol) = (Actor::Token(id), false);
        Ok(Some(Known { tenant, actor, permissions, reach, authenticated_at: None, rate, must_enrol }))
    }

    async fn chat_user(&self, person: &str, request_id: &str) -> Result<Known> {
        let recent = &self.app.auth.recent.chat_users;
        if let Some(known) = recent.get(&person.to_owned()) {
            return Ok(known);
        }
        let read_at = Instant::now();
        let (tenant, id, authority) = chat::staff_behind(&self.app, person, request_id).await?;
        let actor = Actor::Staff { id, role: authority.role, session: None };
        // The staff's rights and the bot's scope: whoever holds a chat account holds no more than that.
        let permissions = authority.permissions.to_vec().into_iter().filter(|p| p.for_chat()).collect();
        let asker = Who::system(tenant, "gate", request_id);
        let standing = self.app.db.read(&asker, async |tx| store::standing(tx, tenant, id).await).await?;
        let must_enrol = factor::must_enrol(&self.app, standing).await?;
        let (reach, rate) = (authority.reach, None);
        let known = Known { tenant, actor, permissions, reach, authenticated_at: None, rate, must_enrol };
        recent.put(person.to_owned(), known.clone(), read_at);
        Ok(known)
    }
}

fn who(known: Known, quota: Quota, via: String, request_id: String) -> Credential {
    let who = Who {
        tenant: known.tenant,
        actor: known.actor,
        via,
        permissions: known.permissions,
        reach: known.reach,
        authenticated_at: known.authenticated_at,
        quota,
        request_id,
        once: None,
    };
    if known.must_enrol { Credential::Enrolling(who) } else { Credential::Tenant(who) }
}

/// What whoever comes with a session that is over is told.
pub(super) fn over() -> Error {
    Error::new(Code::CredentialInvalid, "This session is over. Sign in again.")
}

impl Authenticate for Gate {
    fn authenticate(&self, headers: CredentialHeaders) -> LocalBoxFuture<'_, Result<Credential>> {
        Box::pin(self.credential(headers))
    }

    fn is_strange(&self, headers: &CredentialHeaders) -> bool {
        let Some(token) = headers.bearer.as_deref().filter(|bearer| secret::is_api_token(bearer)) else { return false };
        let (hash, RecentLookups { tokens, familiar, .. }) = (secret::hash(token), &self.app.auth.recent);
        tokens.get(&hash).is_none() && familiar.get(&hash).is_none()
    }

    fn refused(&self, who: Who, permission: Permission, place: String) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            let after = Some(serde_json::json!({ "permission": permission, "operation": place }));
            // The object is the last id of the path, if there is one.
            let object = place.split('/').rev().find(|part| part.contains('_')).map(str::to_owned);
            let entry = Entry { action: "permission.denied", object, after, ..Entry::default() };
            let recorded = self.app.db.write(&who, async |tx| audit::record(tx, &who, entry).await).await;
            if let Err(error) = recorded {
                tracing::warn!(%error, request_id = who.request_id, "a refusal could not be audited");
            }
        })
    }
}
