//! Proving who one is: the password, and the code when the login has a second factor; at sign-in, and once more for
//! what a stolen session must not be able to do.
//!
//! A password alone tells nothing and resets nothing: only what is right as a whole makes the throttle begin anew, or
//! whoever knows the password could guess codes without end. A code is used up by what it opens and not by looking.

pub use super::factor::record_recovery;
use super::factor::{self, Proof};
use super::sessions::own_session;
use super::throttle::Permit;
use super::{Opening, open_session, places, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::http::client::Client;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use std::net::IpAddr;
use tillwatch_shared::errors::{Code, FieldProblem};
use tillwatch_shared::identity::{SignIn, Signed};
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use tillwatch_shared::sessions::{ChoosePlace, Reauthenticate};
use uuid::Uuid;

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
    pub(super) login: Uuid,
    /// Where it has a staff.
    pub(super) places: Vec<(Uuid, Uuid)>,
    /// The code that must be used up, when the login has a second factor.
    pub(super) proof: Option<Proof>,
}

/// Signs a staff in.
///
/// # Errors
/// 401 for a wrong address or password (not told apart), 401 `second_factor_required` without a code that works where
/// one is needed, 403 for a suspended retailer, 429 while the address or the client waits after wrong tries, 503 when too many hash at once.
pub async fn sign_in(app: &App, request: SignIn, client: &Client, request_id: &str) -> Result<SignInOutcome> {
    let mut checks = Checks::default();
    checks.text("/email", &request.email, 1, 254);
    check_secrets(&mut checks, &request.password, request.code.as_deref());
    checks.done()?;
    let email = request.email.trim().to_lowercase();
    // Before the password is read: a session that was checked against an old one is known by this.
    let read_at = now();
    let proven = prove(app, &email, request.password, request.code.as_deref(), client.address).await?;
    let named = request.tenant.map(|wanted| wanted.0);
    let place = match (named, proven.places.as_slice()) {
        (Some(wanted), all) => all.iter().find(|(tenant, _)| *tenant == wanted).copied(),
        (None, [only]) => Some(*only),
        (None, all) => {
            let open = places::open(app, all, request_id).await?;
            if let [only] = open.as_slice() {
                all.iter().find(|(tenant, _)| *tenant == only.tenant.0).copied()
            } else if open.is_empty() {
                None
            } else {
                return Ok(SignInOutcome::Choose(ChoosePlace { places: open }));
            }
        }
    };
    let (tenant, staff) = place.ok_or_else(failed)?;
    let who = Who::system(TenantId(tenant), "api", request_id);
    let opening = Opening { read_at, ..Opening::sign_in(StaffId(staff), now(), client) };
    use_up(app, proven.login, proven.proof).await?;
    let recovered = matches!(proven.proof, Some(Proof::Recovery(_)));
    let signed = app
        .db
        .write(&who, async |tx| {
            if recovered {
                record_recovery(tx, &who, StaffId(staff)).await?;
            }
            open_session(app, tx, &who, opening).await
        })
        .await?;
    Ok(SignInOutcome::Signed(Box::new(signed)))
}

/// A login whose person proved who they are, for what opens a place and not a session of one that is there.
pub struct ProvenLogin {
    /// The login.
    pub login: LoginId,
    /// Whether a recovery code was used up for it, which [`record_recovery`] writes down.
    pub recovered: bool,
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
) -> Result<ProvenLogin> {
    let proven = prove(app, email, password, code, client.address).await?;
    use_up(app, proven.login, proven.proof).await?;
    let recovered = matches!(proven.proof, Some(Proof::Recovery(_)));
    Ok(ProvenLogin { login: LoginId(proven.login), recovered })
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
    use_up(app, proven.login, proven.proof).await?;
    app.db
        .write(who, async |tx| {
            if matches!(proven.proof, Some(Proof::Recovery(_))) {
                record_recovery(tx, who, staff).await?;
            }
            store::authenticated(tx, who.tenant, session, now()).await?;
            let object = Some(session.to_string());
            audit::record(tx, who, Entry { action: "session.reauthenticated", object, ..Entry::default() }).await
        })
        .await?;
    app.auth.recent.forget_session(who.tenant, session);
    Ok(())
}

/// The e-mail address behind a staff.
pub(super) async fn email_of(app: &App, who: &Who, staff: StaffId) -> Result<String> {
    let login = app.db.read(who, async |tx| store::standing(tx, who.tenant, staff).await).await?.login;
    let email = app.db.system("the address of a login", async |tx| directory::email(tx, login).await).await?;
    email.ok_or_else(|| Error::internal("a staff without a login"))
}

pub(super) fn check_secrets(checks: &mut Checks, password: &str, code: Option<&str>) {
    let length = password.chars().count();
    checks.ensure((1..=128).contains(&length), "/password", "length", "Takes 1 to 128 characters.");
    checks.optional_text("/code", code, 6, 64);
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
    let (permit, login) = app
        .db
        .system("sign-in", async |tx| {
            let permit = Permit::take(tx, &app.auth.keys, email, client).await?;
            Ok((permit, directory::login(tx, email).await?))
        })
        .await?;
    let stored = login.as_ref().map(|l| l.password_hash.clone());
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
    // What is refused is counted all the same, so the refusal is an answer of the transaction and not its error.
    app.db
        .system("sign-in", async |tx| {
            let proof = match factor::find(app, tx, login.id, code, now()).await? {
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
            Ok(Ok(Proven { login: login.id, places: directory::places(tx, login.id).await?, proof }))
        })
        .await?
}

/// Uses a code up.
///
/// # Errors
/// 401 when somebody else has used it in between.
pub(super) async fn use_up(app: &App, login: Uuid, proof: Option<Proof>) -> Result<()> {
    let Some(proof) = proof else { return Ok(()) };
    let fresh = app
        .db
        .system("use a code up", async |tx| match proof {
            Proof::Step(step) => directory::use_step(tx, login, step).await,
            Proof::Recovery(hash) => directory::use_recovery_code(tx, login, &hash, now()).await,
        })
        .await?;
    if fresh { Ok(()) } else { Err(wrong_code()) }
}

fn wrong_code() -> Error {
    code_refused("wrong", "Is wrong, too old, or was used before. Wait for the authenticator's next one.")
}

fn code_refused(reason: &str, detail: &str) -> Error {
    let mut refused = Error::new(
        Code::SecondFactorRequired,
        format!("/code: {detail} Send the authenticator's six digits, or a recovery code."),
    );
    refused.fields = vec![FieldProblem { pointer: "/code".into(), code: reason.into(), detail: detail.into() }];
    refused
}

pub(super) fn failed() -> Error {
    Error::new(Code::SignInFailed, "The e-mail address or the password is wrong.")
}
