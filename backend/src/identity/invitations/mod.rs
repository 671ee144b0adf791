//! Invitations: how somebody becomes staff of a retailer.
//!
//! A staff invites an address with a role; a link with a one-time token goes there by mail. Whoever shows the token
//! joins: with a new login, or, if the address has a login already (an agency), with that login's password, so that one
//! login gets a second place. Cast: [`invite`], [`list`], [`get`], [`resend`], [`withdraw`] for those who may, [`accept`]
//! for the invited; [`model`] (how far an invitation is, and who may give which role, pure). Invariants: nobody gives what
//! they do not have, and only an owner makes owners; a token works once, for a week, and only the last one sent works;
//! before the token is proven no answer tells whether the address has a login; an address has one open invitation at
//! a retailer; a role is given as it was written, by whoever invited, and the audit log names them.

mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::{self, Opening, ProvenLogin};
use crate::identity::directory::{self, LinkKind};
use crate::identity::mails::{self, Letter, Mail, To};
use crate::identity::{secret, staff, tenants};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::client::Client;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::Row;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Signed;
use tillwatch_shared::ids::{InvitationId, LoginId, MailId, StaffId, TenantId};
use tillwatch_shared::joining::{AcceptInvitation, Invitation, InvitationState, Invite, MailState};

/// How long an invitation can be accepted after its last mail.
const LIVES: TimeDelta = TimeDelta::days(7);
/// The same person is not sent the same mail more often than this.
const SENT_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Invites somebody.
///
/// # Errors
/// 422 with every wrong field; 403 for a role that may do more than the inviter; 409 while an invitation of this
/// address is open.
pub async fn invite(app: &App, who: &Who, request: &Invite) -> Result<Invitation> {
    let mut checks = Checks::default();
    let email = request.email.trim().to_lowercase();
    checks.email("/email", &email);
    checks.optional_text("/name", request.name.as_deref(), 1, 120);
    checks.done()?;
    model::may_give(who, request.role)?;
    let (inviter, _) = auth::own_session(who)?;
    let at = now();
    let (id, mail_id) = (InvitationId::new(), MailId::new());
    let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, mail_id);
    let invitation = app
        .db
        .write(who, async |tx| {
            let settings = tenants::settings(tx, who.tenant).await?;
            let row = Row {
                id: id.0,
                email: email.clone(),
                name: request.name.as_deref().map(|name| name.trim().to_owned()),
                role: request.role.as_str().to_owned(),
                locale: request.locale.unwrap_or(settings.locale).as_str().to_owned(),
                invited_by: inviter.0,
                mail_id: mail_id.0,
                mailed_at: at,
                token_hash: hash.to_vec(),
                created_at: at,
                expires_at: at + LIVES,
                accepted_at: None,
                staff_id: None,
                withdrawn_at: None,
            };
            store::withdraw_expired(tx, who.tenant, &email, at).await?;
            store::insert(tx, who.tenant, &row).await?;
            mail(tx, who, &row, &hash, at).await?;
            let after = Some(json!({ "role": request.role, "expires_at": row.expires_at }));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "invitation.made", object, after, ..Entry::default() }).await?;
            row.show(Some((MailState::Waiting, None)), at)
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(invitation)
}

/// The mail of an invitation as it stands, and its link.
async fn mail(tx: &mut Tx, who: &Who, row: &Row, hash: &[u8; 32], at: DateTime<Utc>) -> Result<()> {
    let retailer = tenants::settings(tx, who.tenant).await?.name;
    let inviter = staff::named(tx, who.tenant, &[row.invited_by]).await?.remove(&row.invited_by).unwrap_or_default();
    let letter = Letter::Invitation { retailer, inviter, role: row.role()?, until: row.expires_at };
    let mail = Mail { id: MailId(row.mail_id), to: To::Address(row.email.clone()), locale: row.locale()?, letter };
    directory::add_link(tx, LinkKind::Invitation, hash, (who.tenant, row.id), at + LIVES).await?;
    mails::post(tx, who, &mail, Some(hash)).await?;
    Ok(())
}

/// A page of the invitations, oldest first, those that are over too.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, paging: &Paging) -> Result<Page<Invitation>> {
    let at = now();
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, paging).await).await?;
    let shown: Vec<Invitation> = rows.into_iter().map(|(row, mail)| row.show(mail, at)).collect::<Result<_>>()?;
    Ok(paging.page(shown, |invitation| invitation.id.0, |invitation| invitation))
}

/// One invitation.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: InvitationId) -> Result<Invitation> {
    let (row, mail) = app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await?;
    row.show(mail, now())
}

/// Sends an invitation again, with a new link that lives for a week; the one before works no more. Within a minute of the
/// last mail nothing happens, unless that mail failed.
///
/// # Errors
/// 404; 409 for one that was accepted or withdrawn; 403 for a role that may do more than who asks.
pub async fn resend(app: &App, who: &Who, id: InvitationId) -> Result<bool> {
    let (at, mail_id) = (now(), MailId::new());
    let (inviter, _) = auth::own_session(who)?;
    let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, mail_id);
    let changed = app
        .db
        .write(who, async |tx| {
            let mut row = store::lock(tx, who.tenant, id).await?;
            open(&row, at)?;
            model::may_give(who, row.role()?)?;
            let failed = store::mail(tx, who.tenant, MailId(row.mail_id)).await? == Some(MailState::Failed);
            if at - row.mailed_at < SENT_EVERY && !failed {
                return Ok(false);
            }
            row.mail_id = mail_id.0;
            row.mailed_at = at;
            row.token_hash = hash.to_vec();
            row.expires_at = at + LIVES;
            row.invited_by = inviter.0;
            store::renew(tx, who.tenant, &row).await?;
            mail(tx, who, &row, &hash, at).await?;
            let after = Some(json!({ "expires_at": row.expires_at }));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "invitation.sent_again", object, after, ..Entry::default() })
                .await?;
            Ok(true)
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(changed)
}

/// Takes an invitation back; its link works no more.
///
/// # Errors
/// 404; 409 for one that was accepted.
pub async fn withdraw(app: &App, who: &Who, id: InvitationId) -> Result<bool> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let row = store::lock(tx, who.tenant, id).await?;
            match row.state(at) {
                InvitationState::Withdrawn => return Ok(false),
                InvitationState::Accepted => open(&row, at)?,
                InvitationState::Pending | InvitationState::Expired => {}
            }
            store::withdraw(tx, who.tenant, id, at).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "invitation.withdrawn", object, ..Entry::default() }).await?;
            Ok(true)
        })
        .await
}

/// Refuses an invitation that was accepted or withdrawn.
fn open(row: &Row, at: DateTime<Utc>) -> Result<()> {
    match row.state(at) {
        InvitationState::Accepted => {
            Err(Error::conflict("This invitation was accepted already. Sign in with your e-mail address and password."))
        }
        InvitationState::Withdrawn => {
            Err(Error::conflict("This invitation was withdrawn. Ask the retailer for a new one."))
        }
        InvitationState::Pending | InvitationState::Expired => Ok(()),
    }
}

/// Joins by an invitation and signs in: with a new login, or with the one that the address has.
///
/// # Errors
/// 422 with every wrong field; 401 for a token that is unknown, expired or was replaced, or for the wrong password of an
/// existing login; 409 for an invitation that was accepted or withdrawn, or a login that has a place here; 429 while
/// the address or the client waits after wrong passwords.
pub async fn accept(app: &App, request: AcceptInvitation, client: &Client, request_id: &str) -> Result<Signed> {
    let started = now();
    let mut checks = Checks::default();
    checks.text("/name", &request.name, 1, 120);
    auth::password::check_present(&mut checks, "/password", &request.password);
    checks.done()?;
    let hash = secret::hash(&request.token);
    let opened = app
        .db
        .system("accept an invitation", async |tx| directory::link(tx, LinkKind::Invitation, &hash, started).await)
        .await?
        .ok_or_else(unknown)?;
    let (who, id) = (Who::system(TenantId(opened.tenant), "api", request_id), InvitationId(opened.subject));
    let row = app.db.read(&who, async |tx| store::by_token(tx, who.tenant, id, &hash).await).await?;
    let row = row.ok_or_else(unknown)?;
    open(&row, started)?;
    let entrance = enter(app, &row.email, &request, client).await?;
    let at = now();
    app.db
        .write(&who, async |tx| {
            let row = store::lock(tx, who.tenant, id).await?;
            if row.token_hash != hash {
                return Err(unknown());
            }
            open(&row, at)?;
            let (staff, name) = (StaffId::new(), request.name.trim());
            let place = (who.tenant, staff);
            auth::admit(tx, place, entrance.login(), name, row.role()?, at).await?;
            match &entrance {
                Entrance::New(login, password_hash) => {
                    directory::add_login(tx, *login, &row.email, password_hash, place, at).await?;
                }
                Entrance::Known(proven) => {
                    directory::add_place(tx, proven.login, place).await?;
                    if proven.recovered {
                        auth::record_recovery(tx, &who, staff).await?;
                    }
                }
            }
            store::accept(tx, who.tenant, id, staff, at).await?;
            let after = Some(json!({ "staff": staff, "role": row.role, "invited_by": StaffId(row.invited_by) }));
            let object = Some(id.to_string());
            audit::record(tx, &who, Entry { action: "invitation.accepted", object, after, ..Entry::default() }).await?;
            let opening = Opening::sign_in(staff, entrance.password_at(at), at, client);
            auth::open_session(app, tx, &who, opening).await
        })
        .await
}

fn unknown() -> Error {
    Error::new(
        Code::CredentialInvalid,
        "This link does not work: it is too old, or a newer mail was sent. Ask the retailer to invite you again.",
    )
}

/// By which login the invited person comes in.
enum Entrance {
    /// A new one, with the hash of its password.
    New(LoginId, String),
    /// The one that the address has.
    Known(ProvenLogin),
}

impl Entrance {
    fn login(&self) -> LoginId {
        match self {
            Self::New(login, _) => *login,
            Self::Known(proven) => proven.login,
        }
    }

    /// The time of its password; a new login has it from `now`.
    fn password_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::New(..) => now,
            Self::Known(proven) => proven.password_at,
        }
    }
}

/// Checks the password (and the code) of the address's login, or makes a hash for a new login.
async fn enter(app: &App, email: &str, request: &AcceptInvitation, client: &Client) -> Result<Entrance> {
    let password = request.password.clone();
    let login = app
        .db
        .system("accept an invitation", async |tx| directory::login(tx, email).await)
        .await?
        .map(|login| login.id);
    if login.is_none() {
        let mut checks = Checks::default();
        auth::password::check(&mut checks, "/password", &password);
        checks.done()?;
        return Ok(Entrance::New(LoginId::new(), app.auth.hashing.hash(password).await?));
    }
    let proven = auth::prove_login(app, email, password, request.code.as_deref(), client).await;
    let proven = proven.map_err(|error| match error.code {
        Code::SignInFailed => Error::new(
            Code::SignInFailed,
            "Your address has a login already. Join with its password; if you forgot it, ask for a new one first.",
        ),
        _ => error,
    })?;
    Ok(Entrance::Known(proven))
}
