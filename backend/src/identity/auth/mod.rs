//! Sign-in and sessions, and the gate that every request passes.
//!
//! Vocabulary: a *session* is opened by a sign-in and continued by refresh tokens; an *access token* is a short JWT;
//! a *refresh token* is opaque, works once, and its successor is derived from it, so that the forgiven second use
//! of the same token (a lost answer) gets the same successor without storing it.
//! Cast: [`keys`] (of the process), [`jwt`], [`password`], [`session`] (the rotation rule, pure), [`throttle`]
//! (how many passwords and codes may be tried), `sign_in` (proving who one is), `sessions` (one's own, seen and ended),
//! `places` (the retailers of a login, and going from one to another), `factor` (the second factor) with [`totp`] (its
//! codes, pure), [`operator`] (the way back from a lost one), [`gate`]. Invariants: passwords are hashed on the blocking pool
//! behind a semaphore, never inside a transaction; a reused refresh token ends its session; what is revoked stops
//! within a second; a code works once; whoever must enrol a second factor reaches nothing else, by the type of the
//! handlers' first argument.

mod factor;
pub mod gate;
pub mod jobs;
pub mod jwt;
pub mod operator;
pub mod password;
mod places;
pub mod routes;
pub mod session;
mod sessions;
mod sign_in;
mod store;
pub mod throttle;
pub mod totp;

// They lie beside the domains, since mails are made with them too.
pub use crate::identity::keys;
pub use sessions::{end_sessions, end_sessions_of_before, own_session};
pub use sign_in::{ProvenLogin, SignInOutcome, email_of, prove_login, sign_in, try_password};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::identity::{authority, directory, secret};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::client::Client;
use crate::platform::http::who::{Actor, Who};
use chrono::{DateTime, Utc};
use session::Presented;
use store::Admitted;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::{Me, Refresh, Signed, Staff};
use tillwatch_shared::ids::{SessionId, StaffId, TenantId};
use tillwatch_shared::watch::{BotAssertion, BotToken};

/// What all runtimes share of sign-in: keys, limits, caches.
pub struct AuthShared {
    /// The process's keys.
    pub keys: keys::Keys,
    /// The bot's public key.
    pub bot_key: Option<[u8; 32]>,
    /// Bounds how many passwords are hashed at once.
    pub hashing: password::Hashing,
    /// What the gate learnt lately.
    pub recent: gate::RecentLookups,
}

/// Exchanges a refresh token for the next pair.
///
/// # Errors
/// 401 for a token that is unknown, spent, expired or of an ended session; a spent one ends the session. 403 for a
/// suspended retailer.
pub async fn refresh(app: &App, request: &Refresh, request_id: &str) -> Result<Signed> {
    let at = now();
    let hash = secret::hash(&request.refresh_token);
    let opened = app
        .db
        .system("refresh", async |tx| directory::credential(tx, directory::CredentialKind::Refresh, &hash, at).await)
        .await?
        .ok_or_else(refused)?;
    let who = Who::system(TenantId(opened.tenant), "api", request_id);
    let session = SessionId(opened.subject);
    let signed = app
        .db
        .write(&who, async |tx| {
            let mut row = store::lock_session(tx, who.tenant, session).await?;
            if store::is_disabled(tx, who.tenant, StaffId(row.staff)).await? {
                return Ok(None);
            }
            match session::present(&row, &hash, at) {
                Presented::Ended => Ok(None),
                Presented::Reused => {
                    store::end_session(tx, who.tenant, session, "refresh_reuse", at).await?;
                    let object = Some(session.to_string());
                    audit::record(tx, &who, Entry { action: "session.reuse_detected", object, ..Entry::default() })
                        .await?;
                    Ok(None)
                }
                Presented::Forgiven => {
                    // Under the key that made it: SECRET_KEY may have been rotated in between.
                    match app.auth.keys.successor_of(&request.refresh_token, &row.current_hash) {
                        Some(next) => signed(app, tx, &who, &row, next, at).await.map(Some),
                        None => Ok(None),
                    }
                }
                Presented::Current => {
                    let next = app.auth.keys.successor(&request.refresh_token);
                    let expires = session::expiry(row.created_at, at);
                    row.expires_at = expires;
                    let fresh = secret::hash(&next);
                    store::rotate(tx, who.tenant, session, &fresh, &hash, at, expires).await?;
                    let opens = (who.tenant, session.0);
                    directory::add_credential(tx, directory::CredentialKind::Refresh, &fresh, opens, expires).await?;
                    signed(app, tx, &who, &row, next, at).await.map(Some)
                }
            }
        })
        .await?;
    app.auth.recent.forget_session(who.tenant, session);
    signed.ok_or_else(refused)
}

fn refused() -> Error {
    Error::new(Code::CredentialInvalid, "This refresh token does not work any more. Sign in again.")
}

/// Ends the session that asks.
///
/// # Errors
/// 409 when no session asks (a partner's token, the bot).
pub async fn sign_out(app: &App, who: &Who) -> Result<bool> {
    let (_, session) = own_session(who)?;
    let changed = app
        .db
        .write(who, async |tx| {
            let changed = store::end_session(tx, who.tenant, session, "signed_out", now()).await?;
            if changed {
                let object = Some(session.to_string());
                audit::record(tx, who, Entry { action: "session.signed_out", object, ..Entry::default() }).await?;
            }
            Ok(changed)
        })
        .await?;
    app.auth.recent.forget_session(who.tenant, session);
    Ok(changed)
}

/// A short-lived token for the bot's signed assertion, which works once.
///
/// # Errors
/// 401 for an assertion that is not the bot's, not for us, too old, or was used before.
pub async fn bot_token(app: &App, request: &BotAssertion) -> Result<BotToken> {
    let Some(key) = app.auth.bot_key else {
        return Err(Error::new(Code::CredentialInvalid, "No bot is set up here: BOT_PUBLIC_KEY is not set."));
    };
    let at = now();
    let once = jwt::check_assertion(&request.assertion, &key, at)?;
    let fresh =
        app.db.system("a bot's assertion", async |tx| directory::use_assertion(tx, &once.id, once.until).await).await?;
    if !fresh {
        return Err(Error::new(Code::CredentialInvalid, "This assertion was used before. Sign a new one."));
    }
    Ok(BotToken { access_token: app.auth.keys.bot_token(at)?, expires_in: jwt::ACCESS_SECONDS })
}

/// Who asks, as the service understands the credential.
///
/// # Errors
/// When the database fails.
pub async fn me(app: &App, who: &Who) -> Result<Me> {
    app.db
        .read(who, async |tx| {
            let tenant = tenants::settings(tx, who.tenant).await?.to_wire();
            let staff = match who.staff() {
                Some(id) => Some(store::staff(tx, who.tenant, id).await?),
                None => None,
            };
            let api_token = match who.actor {
                Actor::Token(id) => Some(id),
                _ => None,
            };
            let (permissions, channels) = (who.permissions.to_vec(), who.reach.to_wire());
            Ok(Me { tenant, staff, api_token, permissions, channels })
        })
        .await
}

/// How a session is opened.
pub struct Opening<'a> {
    /// Whose it will be.
    pub staff: StaffId,
    /// When.
    pub at: DateTime<Utc>,
    /// Which password opens it, by its time: a newer one shuts it out, or ends it.
    pub password_at: DateTime<Utc>,
    /// When the person signed in: a session that a switch opens does not outlast the sign-in that it stands on.
    pub since: DateTime<Utc>,
    /// When the person proved who they are.
    pub authenticated_at: DateTime<Utc>,
    /// By which program, from where.
    pub client: &'a Client,
}

impl<'a> Opening<'a> {
    /// By a sign-in with the password of `password_at`.
    pub fn sign_in(staff: StaffId, password_at: DateTime<Utc>, at: DateTime<Utc>, client: &'a Client) -> Self {
        Self { staff, at, password_at, since: at, authenticated_at: at, client }
    }
}

/// Opens a session.
///
/// # Errors
/// 401 when the staff is disabled, or has a newer password than the one that opens it; 403 for a suspended retailer.
pub async fn open_session(app: &App, tx: &mut Tx, who: &Who, opening: Opening<'_>) -> Result<Signed> {
    let Opening { staff, at, password_at, since, authenticated_at, client } = opening;
    match store::admitted(tx, who.tenant, staff, password_at).await? {
        Admitted::Yes => {}
        Admitted::Disabled => return Err(sign_in::closed()),
        Admitted::OldPassword => return Err(sign_in::failed()),
    }
    let person = store::staff(tx, who.tenant, staff).await?;
    let token = secret::refresh_token();
    let hash = secret::hash(&token);
    let row = session::Session {
        id: SessionId::new().0,
        staff: staff.0,
        current_hash: hash.to_vec(),
        previous_hash: None,
        rotated_at: at,
        created_at: since,
        expires_at: session::expiry(since, at),
        ended_at: None,
    };
    store::insert_session(tx, who.tenant, &row, authenticated_at, password_at, client).await?;
    let opens = (who.tenant, row.id);
    directory::add_credential(tx, directory::CredentialKind::Refresh, &hash, opens, row.expires_at).await?;
    let actor = Actor::Staff { id: staff, role: person.role, session: Some(SessionId(row.id)) };
    let object = Some(SessionId(row.id).to_string());
    let entry = Entry { action: "session.opened", object, ..Entry::default() };
    audit::record(tx, &Who { actor, ..who.clone() }, entry).await?;
    signed(app, tx, who, &row, token, at).await
}

/// The pair of tokens of a session: every way in leads through here, so none of them leads into a retailer that is not
/// served. What was written before is undone then: a refresh token stays as it is, and works when it is served again.
async fn signed(
    app: &App,
    tx: &mut Tx,
    who: &Who,
    row: &session::Session,
    refresh_token: String,
    at: DateTime<Utc>,
) -> Result<Signed> {
    tenants::standing(tx, who.tenant).await?.admit(None)?;
    let staff: Staff = store::staff(tx, who.tenant, StaffId(row.staff)).await?;
    let tenant = tenants::settings(tx, who.tenant).await?.to_wire();
    let session = SessionId(row.id);
    let access_token = app.auth.keys.access_token(who.tenant, staff.id, session, at)?;
    let authority = authority::of_staff(tx, who.tenant, staff.id).await?;
    let (permissions, channels) = (authority.permissions.to_vec(), authority.reach.to_wire());
    Ok(Signed {
        access_token,
        token_type: "Bearer".to_owned(),
        expires_in: jwt::ACCESS_SECONDS,
        refresh_token,
        session,
        me: Me { tenant, staff: Some(staff), api_token: None, permissions, channels },
    })
}
