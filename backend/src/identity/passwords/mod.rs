//! Passwords that are forgotten or changed, and what follows for a login's sessions in all its retailers.
//!
//! Cast: [`ask_reset`] (a link by mail, for whoever names an address), [`reset`] (a new password by that link), [`change`]
//! (by the present password), [`settle`] (ends the sessions of before, one retailer at a time). Vocabulary: to *settle* a
//! new password at a retailer is to end the sessions that were opened by one of before, write that down, and tell its
//! owner. A password is known by its time ([`directory::Login::password_at`]).
//!
//! Invariants: whether an address has a login shows in no answer, nor in the work that is done before it; a link works
//! once and for an hour, and a new password makes every other link useless; the password, and a job that settles it for
//! each place of the login, are one transaction, so that a process killed behind it loses nothing; a place is settled
//! once for each new password ([`store::mark`]), and not for one that a newer one has replaced, which ends other
//! sessions; a session knows the password that opened it, so none of before outlasts it and none behind it is ended.

pub mod jobs;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::{self, throttle};
use crate::identity::chat;
use crate::identity::directory::{self, LinkKind};
use crate::identity::mails::{self, Letter, Mail, To};
use crate::identity::secret;
use crate::platform::clock::now;
use crate::platform::db::{SystemTx, Tx};
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{LoginId, MailId, SessionId, StaffId, TenantId};
use tillwatch_shared::joining::{Accepted, ChangePassword, RequestPasswordReset, ResetPassword};

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
    /// Which password; absent in a job of the release before, which means the newest.
    password_at: Option<DateTime<Utc>>,
    /// The session that stays.
    session_id: Option<SessionId>,
    /// Whether the login's owner is told by mail, which happens at one of its places.
    #[serde(default)]
    tells: bool,
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
            let login = directory::login(tx, &email).await?.map_or_else(LoginId::new, |login| login.id);
            let place = directory::served_place(tx, login, None, now()).await?;
            let tenant = place.map_or_else(TenantId::new, |(tenant, _)| tenant);
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

/// Writes the mail with the link, in the language of a place where the login may work and whose mails are sent; without
/// one nothing is sent.
async fn send_link(app: &App, who: &Who, asked: &Asked) -> Result<()> {
    let (login, mut after) = (asked.login_id, None);
    loop {
        let place =
            app.db.system("a forgotten password", async |tx| directory::served_place(tx, login, after, now()).await);
        let Some((tenant, staff)) = place.await? else { return Ok(()) };
        let there = Who::system(tenant, "job", &who.request_id);
        if app.db.write(&there, async |tx| post_link(app, tx, &there, staff, asked).await).await? {
            app.wake(Topic::Jobs);
            return Ok(());
        }
        after = Some(tenant);
    }
}

/// Writes the mail with the link at one place; `false` when the staff may not work there.
async fn post_link(app: &App, tx: &mut Tx, who: &Who, staff: StaffId, asked: &Asked) -> Result<bool> {
    let Some(locale) = store::working(tx, who.tenant, staff).await? else { return Ok(false) };
    let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, asked.mail_id);
    let until = now() + LIVES;
    let (to, letter) = (To::Login(asked.login_id), Letter::PasswordReset { until });
    if mails::post(tx, who, &Mail { id: asked.mail_id, to, locale, letter }, Some(&hash)).await? {
        directory::add_link(tx, LinkKind::PasswordReset, &hash, (who.tenant, asked.login_id.0), until).await?;
        let object = Some(staff.to_string());
        audit::record(tx, who, Entry { action: "password.reset_asked", object, ..Entry::default() }).await?;
    }
    Ok(true)
}

/// Sets a new password by the token of a mailed link. Every session of the login ends: where the link was made before
/// the answer, at the other retailers within moments.
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
    let own = app
        .db
        .system("a new password", async |tx| {
            let set = directory::new_password_by_link(tx, login, &link, &hash, now()).await?;
            let password_at = set.ok_or_else(over)?;
            if let Some(known) = directory::login_of(tx, login).await? {
                throttle::forget(tx, &app.auth.keys, &known.email).await?;
            }
            to_settle(tx, &who, login, (By::Reset, password_at), None).await
        })
        .await?;
    settle_own(app, &who, own).await;
    Ok(())
}

/// Sets a new password in place of the present one. Every other session of the login ends: at this retailer before the
/// answer, at the others within moments.
///
/// # Errors
/// 409 when no signed-in person asks; 422 for a new password that is refused or a present one that is wrong; 429 while
/// the login waits after wrong passwords; 503 when too many hash.
pub async fn change(app: &App, who: &Who, request: ChangePassword, client: Option<IpAddr>) -> Result<()> {
    let (staff, session) = auth::own_session(who)?;
    let mut checks = Checks::default();
    auth::password::check_present(&mut checks, "/current", &request.current);
    auth::password::check(&mut checks, "/new", &request.new);
    checks.done()?;
    let email = auth::email_of(app, who, staff).await?;
    let tried = auth::try_password(app, &email, request.current, client).await;
    let (permit, login) = tried.map_err(|error| match error.code {
        Code::SignInFailed => Error::field("/current", "wrong", "Is not your present password."),
        _ => error,
    })?;
    // Before the new one is hashed: a service that is busy then must not count the right one as wrong. A password alone
    // does not make the throttle begin anew: whoever knows it could guess codes without end.
    app.db.system("change a password", async |tx| permit.give_back(tx).await).await?;
    let hash = app.auth.hashing.hash(request.new).await?;
    let own = app
        .db
        .system("change a password", async |tx| {
            let set = directory::change_password(tx, login.id, &login.password_hash, &hash, now()).await?;
            let taken = || Error::conflict("The password was changed by somebody else just now. Sign in again.");
            to_settle(tx, who, login.id, (By::Change, set.ok_or_else(taken)?), Some(session)).await
        })
        .await?;
    settle_own(app, who, own).await;
    Ok(())
}

/// Enqueues a job for every place of the login, as part of the transaction that sets its password. The retailer of `who`
/// has the session that stays, and the mail; what is to be done there is returned, if the login still has a place there.
async fn to_settle(
    tx: &mut SystemTx,
    who: &Who,
    login: LoginId,
    (by, password_at): (By, DateTime<Utc>),
    stays: Option<SessionId>,
) -> Result<Option<Place>> {
    let (mut own, mut after) = (None, None);
    loop {
        let some = directory::places(tx, login, after).await?;
        let Some((last, _)) = some.last().copied() else { return Ok(own) };
        for (tenant, staff_id) in some {
            let here = tenant == who.tenant;
            let session_id = stays.filter(|_| here);
            let place =
                Place { login_id: login, staff_id, by, password_at: Some(password_at), session_id, tells: here };
            let job = Who::system(tenant, "api", &who.request_id);
            queue::enqueue(tx, &job, SETTLE, &payload(&place)?, now()).await?;
            own = own.or(Some(place).filter(|_| here));
        }
        after = Some(last);
    }
}

/// Settles the place of whoever asks before the answer, and leaves the others to their jobs. So is this one when it fails.
async fn settle_own(app: &App, who: &Who, own: Option<Place>) {
    if let Some(place) = own
        && let Err(error) = settle(app, who, &place).await
    {
        tracing::warn!(%error, request_id = who.request_id, "sessions are ended by the job instead");
    }
    app.wake(Topic::Jobs);
}

/// Ends the sessions of before at one place, unless that was done, or a newer password has come.
async fn settle(app: &App, who: &Who, place: &Place) -> Result<()> {
    let login =
        app.db.system("settle a new password", async |tx| directory::login_of(tx, place.login_id).await).await?;
    let Some(password_at) = login.map(|login| login.password_at) else { return Ok(()) };
    if place.password_at.is_some_and(|own| own != password_at) {
        // The newer one has jobs of its own, which leave other sessions.
        return Ok(());
    }
    let (staff, at, action) = (place.staff_id, now(), place.by.action());
    let ended = app
        .db
        .write(who, async |tx| {
            if !store::mark(tx, who.tenant, staff, password_at, at).await? {
                return Ok(Vec::new());
            }
            let stays = place.session_id;
            let ended = auth::end_sessions_of_before(tx, who.tenant, staff, password_at, stays, action, at).await?;
            for session in &ended {
                let object = Some(session.to_string());
                let after = Some(json!({ "because": action }));
                audit::record(tx, who, Entry { action: "session.ended", object, after, ..Entry::default() }).await?;
            }
            if place.by == By::Reset {
                // Whoever had the old password may have linked a chat of theirs with it.
                chat::end_links_of(tx, who, staff).await?;
            }
            let object = Some(staff.to_string());
            let after = Some(json!({ "sessions_ended": ended.len() }));
            audit::record(tx, who, Entry { action, object, after, ..Entry::default() }).await?;
            if place.tells {
                mails::tell(tx, who, staff, Letter::PasswordChanged { at: password_at }).await?;
            }
            Ok(ended)
        })
        .await?;
    for session in ended {
        app.auth.recent.forget_session(who.tenant, session);
    }
    app.auth.recent.forget_staff(who.tenant, staff);
    Ok(())
}
