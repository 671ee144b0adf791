//! Proving who one is: the password, and the code when the login has a second factor; at sign-in, and once more for
//! what a stolen session must not be able to do.
//!
//! A password alone tells nothing and resets nothing: only what is right as a whole makes the throttle begin anew, or
//! whoever knows the password could guess codes without end. A code is used up by what it opens and not by looking.

use super::factor::{self, Proof};
use super::sessions::own_session;
use super::throttle::Permit;
use super::{Opening, open_session, password, places, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory::{self, Login};
use crate::platform::clock::now;
use crate::platform::http::client::Client;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use tillwatch_shared::errors::{Code, FieldProblem};
use tillwatch_shared::identity::{SignIn, Signed};
use tillwatch_shared::ids::{LoginId, StaffId};
use tillwatch_shared::sessions::{ChoosePlace, Reauthenticate};

/// What a sign-in comes to.
pub enum SignInOutcome {
    /// A session.
    Signed(Box<Signed>),
    /// The login has several places; one must be named.
    Choose(ChoosePlace),
}

/// Somebody who proved who they are.
pub(super) struct Proven {
    /// Their login.
    pub(super) login: LoginId,
    /// The password that they proved it by, by its time.
    pub(super) password_at: DateTime<Utc>,
    /// The code that must be used up, when the login has a second factor.
    pub(super) proof: Option<Proof>,
}

/// Signs a staff in.
///
/// # Errors
/// 401 for a wrong address or password (not told apart), 401 `second_factor_required` without a code that works where
/// one is needed, 401 for a place that is not there or disabled (to who proved who they are), 403 for a suspended
/// retailer, 429 while the address or the client waits after wrong tries, 503 when too many hash at once.
pub async fn sign_in(app: &App, request: SignIn, client: &Client, request_id: &str) -> Result<SignInOutcome> {
    let mut checks = Checks::default();
    checks.text("/email", &request.email, 1, 254);
    check_secrets(&mut checks, &request.password, request.code.as_deref());
    checks.done()?;
    let email = request.email.trim().to_lowercase();
    let proven = prove(app, &email, request.password, request.code.as_deref(), client.address).await?;
    let (tenant, staff) = if let Some(tenant) = request.tenant {
        (tenant, places::at(app, proven.login, tenant).await?.ok_or_else(no_place)?)
    } else {
        let all = places::of_login(app, proven.login).await?;
        let all_closed = !all.is_empty();
        let chosen = if let [only] = all.as_slice() {
            Some(*only)
        } else {
            let open = places::open(app, &all, request_id).await?;
            if open.len() > 1 {
                return Ok(SignInOutcome::Choose(ChoosePlace { places: open }));
            }
            all.into_iter().find(|(tenant, _)| open.first().is_some_and(|open| open.tenant == *tenant))
        };
        chosen.ok_or_else(|| if all_closed { closed() } else { nowhere() })?
    };
    let who = Who::system(tenant, "api", request_id);
    let opening = Opening::sign_in(staff, proven.password_at, now(), client);
    use_up(app, &proven, Some((&who, staff))).await?;
    let signed = app.db.write(&who, async |tx| open_session(app, tx, &who, opening).await).await?;
    Ok(SignInOutcome::Signed(Box::new(signed)))
}

/// A login whose person proved who they are, for what opens a place and not a session of one that is there.
pub struct ProvenLogin {
    /// The login.
    pub login: LoginId,
    /// The password that was proven, by its time.
    pub password_at: DateTime<Utc>,
}

/// Checks the password of the address's login, and its code if it has a second factor, which is used up.
///
/// # Errors
/// As [`sign_in`].
pub async fn prove_login(
    app: &App,
    email: &str,
    password: String,
    code: Option<&str>,
    client: &Client,
    request_id: &str,
) -> Result<ProvenLogin> {
    let proven = prove(app, email, password, code, client.address).await?;
    // The place that is about to be opened is not there yet: what happens to the login is told at its first one.
    let first = places::of_login(app, proven.login).await?.first().copied();
    let there = first.map(|(tenant, staff)| (Who::system(tenant, "api", request_id), staff));
    use_up(app, &proven, there.as_ref().map(|(who, staff)| (who, *staff))).await?;
    Ok(ProvenLogin { login: proven.login, password_at: proven.password_at })
}

/// The person of a session proves once more who they are.
///
/// # Errors
/// 409 when no session asks; else as [`sign_in`].
pub(super) async fn reauthenticate(app: &App, who: &Who, request: Reauthenticate, client: &Client) -> Result<()> {
    let (staff, session) = own_session(who)?;
    let mut checks = Checks::default();
    check_secrets(&mut checks, &request.password, request.code.as_deref());
    checks.done()?;
    let email = email_of(app, who, staff).await?;
    let proven = prove(app, &email, request.password, request.code.as_deref(), client.address).await?;
    use_up(app, &proven, Some((who, staff))).await?;
    app.db
        .write(who, async |tx| {
            if !store::proven_anew(tx, who.tenant, session, proven.password_at, now()).await? {
                return Err(failed());
            }
            let object = Some(session.to_string());
            audit::record(tx, who, Entry { action: "session.reauthenticated", object, ..Entry::default() }).await
        })
        .await?;
    app.auth.recent.forget_session(who.tenant, session);
    Ok(())
}

/// The e-mail address behind a staff.
///
/// # Errors
/// When the database fails.
pub async fn email_of(app: &App, who: &Who, staff: StaffId) -> Result<String> {
    let login = LoginId(app.db.read(who, async |tx| store::standing(tx, who.tenant, staff).await).await?.login);
    let known = app.db.system("the address of a login", async |tx| directory::login_of(tx, login).await).await?;
    known.map(|login| login.email).ok_or_else(|| Error::internal("a staff without a login"))
}

pub(super) fn check_secrets(checks: &mut Checks, password: &str, code: Option<&str>) {
    password::check_present(checks, "/password", password);
    checks.optional_text("/code", code, 6, 64);
}

/// Tries the password of an address. The one that is right is not given back yet: say what the permit's try comes to.
///
/// # Errors
/// 401 for a wrong address or password (not told apart), 429 while the address or the client waits after wrong tries,
/// 503 when too many hash at once.
pub async fn try_password(app: &App, email: &str, password: String, client: Option<IpAddr>) -> Result<(Permit, Login)> {
    let (permit, login) = app
        .db
        .system("try a password", async |tx| {
            let permit = Permit::take(tx, &app.auth.keys, email, client).await?;
            Ok((permit, directory::login(tx, email).await?))
        })
        .await?;
    let stored = login.as_ref().map(|login| login.password_hash.clone());
    let right = match app.auth.hashing.verify(password, stored).await {
        Ok(right) => right,
        Err(busy) => {
            app.db.system("give a try back", async |tx| permit.give_back(tx).await).await?;
            return Err(busy);
        }
    };
    let Some(login) = login.filter(|_| right) else {
        app.db.system("count a wrong password", async |tx| permit.wrong(tx).await).await?;
        return Err(failed());
    };
    Ok((permit, login))
}

/// Looks at a password, and at the code when the login has a second factor. The code is not used up yet.
///
/// # Errors
/// As [`sign_in`].
pub(super) async fn prove(
    app: &App,
    email: &str,
    password: String,
    code: Option<&str>,
    client: Option<IpAddr>,
) -> Result<Proven> {
    let (permit, login) = try_password(app, email, password, client).await?;
    // What is refused is counted all the same, so the refusal is an answer of the transaction and not its error.
    app.db
        .system("sign-in", async |tx| {
            let proof = match factor::find(app, tx, login.id.0, code, now()).await? {
                factor::Found::NotNeeded => None,
                factor::Found::Right(proof) => Some(proof),
                factor::Found::Missing => {
                    permit.give_back(tx).await?;
                    return Ok(Err(code_refused("required", "Is needed: this login has a second factor.")));
                }
                factor::Found::Wrong => {
                    permit.wrong(tx).await?;
                    return Ok(Err(wrong_code()));
                }
            };
            permit.right(tx).await?;
            Ok(Ok(Proven { login: login.id, password_at: login.password_at, proof }))
        })
        .await?
}

/// Uses a code up. A recovery code is written down at the login's place and told to its owner at once, whatever becomes
/// of what it was used for.
///
/// # Errors
/// 401 when somebody else has used it in between.
pub(super) async fn use_up(app: &App, proven: &Proven, place: Option<(&Who, StaffId)>) -> Result<()> {
    let (login, Some(proof)) = (proven.login.0, proven.proof) else { return Ok(()) };
    let fresh = app
        .db
        .system("use a code up", async |tx| match proof {
            Proof::Step(step) => directory::use_step(tx, login, step).await,
            Proof::Recovery(hash) => directory::use_recovery_code(tx, login, &hash, now()).await,
        })
        .await?;
    if !fresh {
        return Err(wrong_code());
    }
    if let (Proof::Recovery(_), Some((who, staff))) = (proof, place) {
        factor::record_recovery(app, who, staff).await?;
    }
    Ok(())
}

fn wrong_code() -> Error {
    code_refused("wrong", "Is wrong, too old, or was used before. Wait for the authenticator's next one.")
}

fn code_refused(reason: &str, detail: &str) -> Error {
    let more = "Send the authenticator's six digits, or a recovery code.";
    field_refused(Code::SecondFactorRequired, "/code", reason, &format!("{detail} {more}"))
}

fn field_refused(code: Code, pointer: &str, reason: &str, detail: &str) -> Error {
    let mut refused = Error::new(code, format!("{pointer}: {detail}"));
    refused.fields = vec![FieldProblem { pointer: pointer.into(), code: reason.into(), detail: detail.into() }];
    refused
}

/// What is told to somebody who has proved who they are and named a retailer where they have no place.
fn no_place() -> Error {
    let detail = "You have no place at this retailer. Leave `tenant` out to be shown where you have.";
    field_refused(Code::SignInFailed, "/tenant", "no_place", detail)
}

/// What is told to somebody who has proved who they are and may work nowhere, or not where they wish to.
pub(super) fn closed() -> Error {
    Error::new(Code::SignInFailed, "Your place is disabled. Ask the retailer's owner or an admin to enable it.")
}

/// What is told to somebody who has proved who they are and has no place at any retailer any more.
fn nowhere() -> Error {
    Error::new(Code::SignInFailed, "You have no place at any retailer any more. Ask to be invited, or sign up anew.")
}

/// What is told to anybody else.
pub(super) fn failed() -> Error {
    Error::new(Code::SignInFailed, "The e-mail address or the password is wrong.")
}
