//! Passwords that are forgotten or changed, and what follows for a login's sessions in all its retailers.
//!
//! Cast: [`ask_reset`] (a link by mail, for whoever names an address), [`reset`] (a new password by that link), [`change`]
//! (by the present password), [`settle`] (ends the sessions of before, one retailer at a time). Vocabulary: to *settle* a
//! new password at a retailer is to end the sessions that were opened before it, write that down, and tell its owner.
//!
//! Invariants: whether an address has a login shows in no answer, nor in the work that is done before it; a link works
//! once and for an hour, and a new password makes every other link useless; the password, and a job that settles it for
//! each place of the login, are one transaction, so that a process killed behind it loses nothing; a place is settled
//! once for each new password ([`store::mark`]), and a sign-in that was checked against the old one opens no
//! session behind it.

pub mod jobs;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::throttle::{self, Permit};
use crate::identity::auth::{self, AuthShared};
use crate::identity::directory::{self, LinkKind};
use crate::identity::mails::{self, Letter, Mail, To};
use crate::identity::{secret, tenants};
use crate::platform::clock::now;
use crate::platform::db::SystemTx;
use crate::platform::http::who::{Actor, Who};
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{LoginId, MailId, SessionId, StaffId, TenantId};
use tillwatch_shared::joining::{Accepted, ChangePassword, RequestPasswordReset, ResetPassword};
use uuid::Uuid;

/// The job that writes the mail with the link.
const ASKED: &str = "password_reset_asked";
/// The job that settles a new password at one retailer.
const SETTLE: &str = "password_settle";
/// How long a link works.
const LIVES: TimeDelta = TimeDelta::hours(1);

/// What came before a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// It was forgotten.
    Reset,
    /// It was known.
    Change,
}

impl By {
    const fn action(self) -> &'static str {
        match self {
            Self::Reset => "password.reset",
            Self::Change => "password.changed",
        }
    }
}

/// A login whose owner asked for a link.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    login_id: LoginId,
    mail_id: MailId,
}

/// A place at which a new password is to be settled.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    login_id: LoginId,
    staff_id: StaffId,
    by: By,
    /// The session that stays.
    session_id: Option<SessionId>,
    /// The mail that tells the login's owner, at one of its places.
    mail_id: Option<MailId>,
}

/// Has a link for a new password sent, if the address has a login.
///
/// # Errors
/// 422 for text that cannot be an address; 429 while the address or the client has asked too often.
pub async fn ask_reset(
    app: &App,
    request: &RequestPasswordReset,
    client: Option<IpAddr>,
    request_id: &str,
) -> Result<Accepted> {
    let mut checks = Checks::default();
    let email = request.email.trim().to_lowercase();
    checks.email("/email", &email);
    checks.done()?;
    app.db
        .system("a forgotten password", async |tx| {
            throttle::take_reset(tx, &app.auth.keys, &email, client).await?;
            // The same three statements for an address without a login: nobody's id, no place, and a job that finds no
            // login and ends.
            let login = directory::login(tx, &email).await?.map_or_else(LoginId::new, |login| LoginId(login.id));
            let places = directory::places(tx, login.0).await?;
            let tenant = places.first().map_or_else(TenantId::new, |(tenant, _)| TenantId(*tenant));
            let who = Who::system(tenant, "api", request_id);
            let asked = Asked { login_id: login, mail_id: MailId::new() };
            queue::enqueue(tx, &who, ASKED, &payload(&asked)?, now()).await
        })
        .await?;
    app.wake(Topic::Jobs);
    let message = "If this address has a login, a link for a new password is on its way. It works for an hour.";
    Ok(Accepted { message: message.to_owned() })
}

fn payload(job: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(job).map_err(Error::internal)
}

/// Writes the mail with the link, in the language of a place where the login may work; without one nothing is sent.
async fn send_link(app: &App, who: &Who, asked: &Asked) -> Result<()> {
    let login = asked.login_id;
    let places = app.db.system("a forgotten password", async |tx| directory::places(tx, login.0).await).await?;
    for (tenant, staff) in places {
        let who = Who::system(TenantId(tenant), "job", &who.request_id);
        let written = app
            .db
            .write(&who, async |tx| {
                let settings = tenants::settings(tx, who.tenant).await?;
                let Some(own) = store::working(tx, who.tenant, StaffId(staff)).await? else { return Ok(false) };
                let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, asked.mail_id);
                let until = now() + LIVES;
                let mail = Mail {
                    id: asked.mail_id,
                    to: To::Login(login),
                    locale: own.unwrap_or(settings.locale),
                    letter: Letter::PasswordReset { until },
                };
                if mails::post(tx, &who, &mail, Some(&hash)).await? {
                    directory::add_link(tx, LinkKind::PasswordReset, &hash, (who.tenant, login.0), until).await?;
                    let object = Some(StaffId(staff).to_string());
                    audit::record(tx, &who, Entry { action: "password.reset_asked", object, ..Entry::default() })
                        .await?;
                }
                Ok(true)
            })
            .await?;
        if written {
            app.wake(Topic::Jobs);
            break;
        }
    }
    Ok(())
}

/// Sets a new password by the token of a mailed link. Every session of the login ends, at every retailer.
///
/// # Errors
/// 422 for a password that is refused; 401 for a token that is unknown, used or too old; 503 when too many hash.
pub async fn reset(app: &App, request: ResetPassword, request_id: &str) -> Result<()> {
    let mut checks = Checks::default();
    auth::password::check(&mut checks, "/password", &request.password);
    checks.done()?;
    let over = || {
        Error::new(Code::CredentialInvalid, "This link does not work: it was used, or is too old. Ask for a new one.")
    };
    let link = secret::hash(&request.token);
    let opened = app
        .db
        .system("a new password", async |tx| directory::link(tx, LinkKind::PasswordReset, &link, now()).await)
        .await?
        .ok_or_else(over)?;
    let (login, first) = (LoginId(opened.subject), TenantId(opened.tenant));
    let hash = app.auth.hashing.hash(request.password).await?;
    let who = Who::system(first, "api", request_id);
    let places = app
        .db
        .system("a new password", async |tx| {
            if !directory::new_password_by_link(tx, login, &link, &hash, now()).await? {
                return Err(over());
            }
            if let Some(account) = directory::account(tx, login).await? {
                throttle::forget(tx, &app.auth.keys, &account.email).await?;
            }
            to_settle(tx, &who, login, By::Reset, None).await
        })
        .await?;
    settle_all(app, &who, places).await;
    Ok(())
}

/// Sets a new password in place of the present one. Every other session of the login ends, at every retailer.
///
/// # Errors
/// 409 when no signed-in person asks; 422 for a new password that is refused or a present one that is wrong; 429 while
/// the login waits after wrong passwords; 503 when too many hash.
pub async fn change(app: &App, who: &Who, request: ChangePassword, client: Option<IpAddr>) -> Result<()> {
    let Actor::Staff { id, session: Some(session), .. } = who.actor else {
        return Err(Error::conflict("Only a signed-in person changes their password."));
    };
    let mut checks = Checks::default();
    let length = request.current.chars().count();
    checks.ensure((1..=128).contains(&length), "/current", "length", "Takes 1 to 128 characters.");
    auth::password::check(&mut checks, "/new", &request.new);
    checks.done()?;
    let login = app.db.read(who, async |tx| store::login(tx, who.tenant, id).await).await?;
    let gone = || Error::conflict("This login is gone.");
    let account = app.db.system("change a password", async |tx| directory::account(tx, login).await).await?;
    let account = account.ok_or_else(gone)?;
    let permit = proven(app, &account, request.current, client).await?;
    let hash = app.auth.hashing.hash(request.new).await?;
    let places = app
        .db
        .system("change a password", async |tx| {
            permit.right(tx).await?;
            if !directory::change_password(tx, login, &account.password_hash, &hash, now()).await? {
                return Err(Error::conflict("The password was changed by somebody else just now. Sign in again."));
            }
            to_settle(tx, who, login, By::Change, Some(session)).await
        })
        .await?;
    settle_all(app, who, places).await;
    Ok(())
}

/// The permit of a present password that is right.
async fn proven(app: &App, account: &directory::Account, password: String, client: Option<IpAddr>) -> Result<Permit> {
    let AuthShared { keys, hashing, .. } = &app.auth;
    let permit =
        app.db.system("change a password", async |tx| Permit::take(tx, keys, &account.email, client).await).await?;
    match hashing.verify(password, Some(account.password_hash.clone())).await {
        Ok(true) => Ok(permit),
        Ok(false) => {
            app.db.system("count a wrong password", async |tx| permit.wrong(tx).await).await?;
            Err(Error::field("/current", "wrong", "Is not your present password."))
        }
        Err(busy) => {
            app.db.system("give a try back", async |tx| permit.give_back(tx).await).await?;
            Err(busy)
        }
    }
}

/// Enqueues a job for every place of the login, as part of the transaction that sets its password. The retailer of `who`
/// has the session that stays, and the mail.
async fn to_settle(
    tx: &mut SystemTx,
    who: &Who,
    login: LoginId,
    by: By,
    stays: Option<SessionId>,
) -> Result<Vec<(TenantId, Place)>> {
    let mut places = Vec::new();
    let known: Vec<(Uuid, Uuid)> = directory::places(tx, login.0).await?;
    for (tenant, staff) in known {
        let here = tenant == who.tenant.0;
        let place = Place {
            login_id: login,
            staff_id: StaffId(staff),
            by,
            session_id: stays.filter(|_| here),
            mail_id: here.then(MailId::new),
        };
        let job = Who::system(TenantId(tenant), "api", &who.request_id);
        queue::enqueue(tx, &job, SETTLE, &payload(&place)?, now()).await?;
        places.push((TenantId(tenant), place));
    }
    Ok(places)
}

/// Settles every place at once, before the answer. What fails here is done by its job.
async fn settle_all(app: &App, who: &Who, places: Vec<(TenantId, Place)>) {
    for (tenant, place) in places {
        let own = tenant == who.tenant;
        let there = if own { who.clone() } else { Who::system(tenant, "api", &who.request_id) };
        if let Err(error) = settle(app, &there, &place).await {
            tracing::warn!(%error, request_id = who.request_id, "sessions are ended by the job instead");
        }
    }
    app.wake(Topic::Jobs);
}

/// Ends the sessions of before at one place, unless that was done.
async fn settle(app: &App, who: &Who, place: &Place) -> Result<()> {
    let account =
        app.db.system("settle a new password", async |tx| directory::account(tx, place.login_id).await).await?;
    let Some(changed) = account.and_then(|account| account.password_changed_at) else { return Ok(()) };
    // Behind the commit of the password: whoever signs in from now on was checked against the new one.
    let at = now().max(changed);
    let ended = app
        .db
        .write(who, async |tx| {
            if !store::mark(tx, who.tenant, place.staff_id, changed, at).await? {
                return Ok(Vec::new());
            }
            let ended =
                store::end_sessions(tx, who.tenant, place.staff_id, place.session_id, place.by.action(), at).await?;
            for session in &ended {
                let object = Some(session.to_string());
                let after = Some(json!({ "because": place.by.action() }));
                audit::record(tx, who, Entry { action: "session.ended", object, after, ..Entry::default() }).await?;
            }
            let object = Some(place.staff_id.to_string());
            let after = Some(json!({ "sessions_ended": ended.len() }));
            audit::record(tx, who, Entry { action: place.by.action(), object, after, ..Entry::default() }).await?;
            if let Some(id) = place.mail_id {
                let settings = tenants::settings(tx, who.tenant).await?;
                let own = store::working(tx, who.tenant, place.staff_id).await?.flatten();
                let locale = own.unwrap_or(settings.locale);
                let letter = Letter::PasswordChanged { at: changed };
                mails::post(tx, who, &Mail { id, to: To::Login(place.login_id), locale, letter }, None).await?;
            }
            Ok(ended)
        })
        .await?;
    for session in ended {
        app.auth.recent.forget_session(who.tenant, session);
    }
    Ok(())
}
