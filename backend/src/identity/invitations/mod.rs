//! Invitations: how somebody becomes staff of a retailer.
//!
//! A staff invites an address with a role (built-in or the retailer's own), a department and channels; a link with a
//! one-time token goes there by mail. Whoever shows the token joins: with a new login, or, if the address has a login
//! already (an agency), with that login's password, so that one login gets a second place. Cast: [`invite`], [`list`],
//! [`get`], [`resend`], [`withdraw`] for those who may, [`accept`] for the invited; [`model`] (how far an invitation is, and
//! whether it still stands, pure). Invariants: nobody gives what they lack, when they invite and still when it is accepted;
//! a token works once, for a week, and only the last one sent works; before the token is proven no answer tells whether the
//! address has a login; an address has one open invitation at a retailer; what was invited to is given as it was written,
//! by whoever invited, and the audit log names them; what was over 90 days ago is removed.

pub mod jobs;
mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::{self, Opening, ProvenLogin};
use crate::identity::directory::{self, LinkKind};
use crate::identity::mails::{self, Letter, Mail, To};
use crate::identity::staff::{self, Held};
use crate::identity::{authority, departments, limits, secret, tenants};
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
use tillwatch_shared::authority::UpdateAuthority;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Signed;
use tillwatch_shared::ids::{InvitationId, LoginId, MailId, StaffId, TenantId};
use tillwatch_shared::joining::{AcceptInvitation, Invitation, InvitationState, Invite, MailState};
use tillwatch_shared::permissions::{Permission, Role};

/// How long an invitation can be accepted after its last mail.
const LIVES: TimeDelta = TimeDelta::days(7);
/// The same person is not sent the same mail more often than this.
const SENT_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Invites somebody.
///
/// # Errors
/// 422 with every wrong field; 403 for a built-in role that may do more than the inviter; 409 while an invitation of this
/// address is open, and when the retailer has as many staff as it may.
pub async fn invite(app: &App, who: &Who, request: Invite) -> Result<Invitation> {
    let mut checks = Checks::default();
    let email = request.email.trim().to_lowercase();
    checks.email("/email", &email);
    checks.optional_line("/name", request.name.as_deref(), 1, 120);
    let one = request.role.is_some() != request.custom_role.is_some();
    checks.ensure(one, "/role", "one_of", "Give either a `role` or a `custom_role`.");
    let (inviter, _) = auth::own_session(who)?;
    let at = now();
    let (id, mail_id) = (InvitationId::new(), MailId::new());
    let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, mail_id);
    let invitation = app
        .db
        .write(who, async |tx| {
            let wanted = UpdateAuthority {
                custom_role: request.custom_role.map(Some),
                department: request.department.map(Some),
                channels: request.channels.map(Some),
            };
            let role = Held::of_role(request.role.unwrap_or(Role::Viewer));
            let held = staff::assigned(&mut checks, tx, who, role, wanted).await?;
            checks.done()?;
            authority::may_give(who, staff::allowed(tx, who.tenant, &held).await?)?;
            limits::room_for_staff(tx, who.tenant).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            let after = Some(held.shown());
            let row = Row {
                id: id.0,
                email: email.clone(),
                name: request.name.as_deref().map(|name| name.trim().to_owned()),
                role: held.role.as_str().to_owned(),
                custom_role: held.custom_role.map(|role| role.0),
                department: held.department.map(|department| department.0),
                channels: held.channels.map(|channels| channels.into_iter().map(|channel| channel.0).collect()),
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
            let invitation = store::show(store::get(tx, who.tenant, id).await?, at)?;
            mail(tx, who, &invitation, mail_id, &hash).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "invitation.made", object, after, ..Entry::default() }).await?;
            Ok(Invitation { mail: Some(MailState::Waiting), ..invitation })
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(invitation)
}

/// The mail of an invitation as it stands, and its link.
async fn mail(tx: &mut Tx, who: &Who, invitation: &Invitation, id: MailId, hash: &[u8; 32]) -> Result<()> {
    let retailer = tenants::settings(tx, who.tenant).await?.name;
    let inviter = invitation.invited_by.0;
    let inviter = staff::named(tx, who.tenant, &[inviter]).await?.remove(&inviter).unwrap_or_default();
    let custom_role = invitation.custom_role.as_ref().map(|role| role.name.clone());
    let (role, until) = (invitation.role, invitation.expires_at);
    let letter = Letter::Invitation { retailer, inviter, role, custom_role, until };
    let mail = Mail { id, to: To::Address(invitation.email.clone()), locale: invitation.locale, letter };
    directory::add_link(tx, LinkKind::Invitation, hash, (who.tenant, invitation.id.0), until).await?;
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
    let shown: Vec<Invitation> = rows.into_iter().map(|row| store::show(row, at)).collect::<Result<_>>()?;
    Ok(paging.page(shown, |invitation| invitation.id.0, |invitation| invitation))
}

/// One invitation.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: InvitationId) -> Result<Invitation> {
    store::show(app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await?, now())
}

/// Sends an invitation again, with a new link that lives for a week; the one before works no more. Within a minute of the
/// last mail nothing happens, unless that mail failed.
///
/// # Errors
/// 404; 409 for one that was accepted or withdrawn, or whose role was archived; 403 for one that gives more than who asks
/// may do.
pub async fn resend(app: &App, who: &Who, id: InvitationId) -> Result<bool> {
    let (at, mail_id) = (now(), MailId::new());
    let (inviter, _) = auth::own_session(who)?;
    let (_, hash) = mails::link_token(&app.auth.keys, who.tenant, mail_id);
    let changed = app
        .db
        .write(who, async |tx| {
            let mut row = store::lock(tx, who.tenant, id).await?;
            open(&row, at)?;
            authority::may_give(who, staff::allowed(tx, who.tenant, &row.held()?).await?)?;
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
            let invitation = store::show(store::get(tx, who.tenant, id).await?, at)?;
            mail(tx, who, &invitation, mail_id, &hash).await?;
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
/// existing login; 409 for an invitation that was accepted or withdrawn or that its inviter may not give any more, for a
/// login that has a place here, and when the retailer has as many staff as it may; 403 for a suspended retailer; 429
/// while the address or the client waits after wrong passwords.
pub async fn accept(app: &App, request: AcceptInvitation, client: &Client, request_id: &str) -> Result<Signed> {
    let started = now();
    let mut checks = Checks::default();
    checks.line("/name", &request.name, 1, 120);
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
    let entrance = enter(app, &row.email, &request, client, request_id).await?;
    let at = now();
    app.db
        .write(&who, async |tx| {
            let row = store::lock(tx, who.tenant, id).await?;
            if row.token_hash != hash {
                return Err(unknown());
            }
            open(&row, at)?;
            tenants::standing(tx, who.tenant).await?.admit(Some(Permission::StaffWrite))?;
            let held = still_given(tx, &who, &row).await?;
            let (staff, name) = (StaffId::new(), request.name.trim());
            let place = (who.tenant, staff);
            staff::admit(tx, place, entrance.login(), name, &held, at).await?;
            match &entrance {
                Entrance::New(login, password_hash) => {
                    directory::add_login(tx, *login, &row.email, password_hash, place, at).await?;
                }
                Entrance::Known(proven) => {
                    directory::add_place(tx, proven.login, place).await?;
                }
            }
            store::accept(tx, who.tenant, id, staff, at).await?;
            let after = Some(json!({ "staff": staff, "holds": held.shown(), "invited_by": StaffId(row.invited_by) }));
            let object = Some(id.to_string());
            audit::record(tx, &who, Entry { action: "invitation.accepted", object, after, ..Entry::default() }).await?;
            let opening = Opening::sign_in(staff, entrance.password_at(at), at, client);
            auth::open_session(app, tx, &who, opening).await
        })
        .await
}

/// What a locked invitation gives now. A department that was archived meanwhile is left out: it gives no rights.
///
/// # Errors
/// 409 when its role was archived, or its inviter is disabled or may not give it any more.
async fn still_given(tx: &mut Tx, who: &Who, row: &Row) -> Result<Held> {
    let mut held = row.held()?;
    let gives = staff::allowed(tx, who.tenant, &held).await?;
    let inviter = authority::hold(tx, who.tenant, StaffId(row.invited_by)).await?;
    if !inviter.is_some_and(|inviter| model::stands(inviter.permissions, gives)) {
        return Err(Error::conflict(
            "Whoever invited you may not give you this place any more. Ask the retailer for a new invitation.",
        ));
    }
    if let Some(department) = held.department
        && !departments::hold(tx, who.tenant, department).await?
    {
        held.department = None;
    }
    Ok(held)
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
async fn enter(
    app: &App,
    email: &str,
    request: &AcceptInvitation,
    client: &Client,
    request_id: &str,
) -> Result<Entrance> {
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
    let proven = auth::prove_login(app, email, password, request.code.as_deref(), client, request_id).await;
    let proven = proven.map_err(|error| match error.code {
        Code::SignInFailed => Error::new(
            Code::SignInFailed,
            "Your address has a login already. Join with its password; if you forgot it, ask for a new one first.",
        ),
        _ => error,
    })?;
    Ok(Entrance::Known(proven))
}
