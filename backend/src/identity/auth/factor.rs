//! The second factor of a login: an authenticator program's codes, and recovery codes for when it is lost.
//!
//! It belongs to the login, so it is the same at every retailer of a person; a retailer only says whether it asks for
//! one. It counts once its first code was confirmed. The directory's rows are changed by the narrow role and the entry
//! is written by the retailer's, in two transactions: the entry first, committed last, so that a change that failed
//! leaves none. Each change, and each use of a recovery code, is told to the login's owner by mail.

use super::sessions::own_session;
use super::sign_in::{check_secrets, email_of, prove, use_up};
use super::store::{self, Standing};
use super::totp::{self, Secret, Typed};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory::{self, Factor};
use crate::identity::mails::{self, FactorChange, Letter};
use crate::platform::clock::now;
use crate::platform::db::SystemTx;
use crate::platform::http::client::Client;
use crate::platform::http::who::Who;
use crate::platform::sealed::Place;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use tillwatch_shared::ids::StaffId;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::sessions::{
    RecoveryCodes, RemoveSecondFactor, SecondFactor, SecondFactorRule, SecondFactorSecret,
};
use uuid::Uuid;

/// A code that was right, to be used up by what it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The authenticator's code of this time step.
    Step(i64),
    /// A recovery code, by its hash.
    Recovery([u8; 32]),
}

/// What came of looking at a code.
pub(super) enum Found {
    /// The login has no second factor.
    NotNeeded,
    /// One is needed and none was given.
    Missing,
    /// It is not right, or was used.
    Wrong,
    /// It is right.
    Right(Proof),
}

/// Looks at the code of a login, without using it up.
pub(super) async fn find(
    app: &App,
    tx: &mut SystemTx,
    login: Uuid,
    code: Option<&str>,
    at: DateTime<Utc>,
) -> Result<Found> {
    let Some(factor) = directory::factor(tx, login).await?.filter(|factor| factor.confirmed_at.is_some()) else {
        return Ok(Found::NotNeeded);
    };
    let Some(code) = code else { return Ok(Found::Missing) };
    let proof = match totp::read(code) {
        Typed::Digits(digits) => opened(app, login, &factor)
            .and_then(|secret| totp::step(&secret, &digits, factor.last_step, at))
            .map(Proof::Step),
        Typed::Recovery(hash) => {
            directory::recovery_code_works(tx, login, &hash).await?.then_some(Proof::Recovery(hash))
        }
    };
    Ok(proof.map_or(Found::Wrong, Found::Right))
}

/// Where the secret of a login's authenticator belongs.
fn place(login: Uuid) -> Place<'static> {
    Place { tenant: None, purpose: "second factor", object: login }
}

/// The secret of an authenticator. One that no key of ours opens is told to the log: its person has recovery codes.
fn opened(app: &App, login: Uuid, factor: &Factor) -> Option<Secret> {
    let secret = app.sealer.open(place(login), &factor.sealed).ok().and_then(|secret| secret.try_into().ok());
    if secret.is_none() {
        tracing::error!(sealed_with = factor.sealed_with, "a second factor cannot be opened: SECRET_KEY was changed");
    }
    secret
}

/// Whether the retailer asks this person for a second factor.
fn asked(standing: Standing) -> bool {
    match standing.rule {
        SecondFactorRule::Optional => false,
        SecondFactorRule::Owners => standing.role == Role::Owner,
        SecondFactorRule::Everybody => true,
    }
}

/// Whether somebody must enrol a second factor before anything else.
///
/// # Errors
/// When the database fails.
pub(super) async fn must_enrol(app: &App, standing: Standing) -> Result<bool> {
    if !asked(standing) {
        return Ok(false);
    }
    let login = standing.login;
    let has = app.db.system("second factor of a login", async |tx| directory::has_factor(tx, login).await).await?;
    Ok(!has)
}

/// Records that a recovery code was used, and tells its owner.
///
/// # Errors
/// When the database fails.
pub(super) async fn record_recovery(app: &App, who: &Who, staff: StaffId) -> Result<()> {
    app.db
        .write(who, async |tx| {
            let object = Some(staff.to_string());
            let entry = Entry { action: "second_factor.recovery_code_used", object, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            mails::tell(tx, who, staff, letter(FactorChange::CodeUsed)).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(())
}

pub(super) fn letter(what: FactorChange) -> Letter {
    Letter::SecondFactorChanged { what, at: now() }
}

/// The state of one's own second factor.
///
/// # Errors
/// 409 when no session asks.
pub(super) async fn state(app: &App, who: &Who) -> Result<SecondFactor> {
    let standing = own_standing(app, who).await?.1;
    app.db
        .system("state of a second factor", async |tx| {
            let enrolled_at = directory::factor(tx, standing.login).await?.and_then(|factor| factor.confirmed_at);
            let left = directory::recovery_codes_left(tx, standing.login).await?;
            let recovery_codes_left = u32::try_from(left).unwrap_or_default();
            Ok(SecondFactor { enrolled_at, recovery_codes_left, required: asked(standing) })
        })
        .await
}

async fn own_standing(app: &App, who: &Who) -> Result<(StaffId, Standing)> {
    let (staff, _) = own_session(who)?;
    Ok((staff, app.db.read(who, async |tx| store::standing(tx, who.tenant, staff).await).await?))
}

/// Makes the secret of a new authenticator; one that was never confirmed is void.
///
/// # Errors
/// 409 when the login has a second factor, or no session asks.
pub(super) async fn begin(app: &App, who: &Who) -> Result<SecondFactorSecret> {
    let (staff, standing) = own_standing(app, who).await?;
    let email = email_of(app, who, staff).await?;
    let secret: Secret = rand::random();
    let (base32, otpauth_uri) = totp::shown(&secret, &email)?;
    let sealed = app.sealer.seal(place(standing.login), &secret)?;
    recorded(app, who, "second_factor.begun", None, async |tx| {
        let begun = directory::begin_factor(tx, standing.login, &sealed, app.sealer.key(), now()).await?;
        if begun {
            return Ok(());
        }
        Err(Error::conflict("You have a second factor. To change the authenticator, remove it first."))
    })
    .await?;
    Ok(SecondFactorSecret { secret: base32, otpauth_uri })
}

/// Confirms the new authenticator by its first code; from now on it counts.
///
/// # Errors
/// 422 for a wrong code, 409 when nothing was begun or no session asks.
pub(super) async fn confirm(app: &App, who: &Who, code: &str) -> Result<RecoveryCodes> {
    let mut checks = Checks::default();
    checks.text("/code", code, 6, 64);
    checks.done()?;
    let standing = own_standing(app, who).await?.1;
    let (codes, at) = (totp::recovery_codes(), now());
    recorded(app, who, "second_factor.enrolled", Some(FactorChange::Enrolled), async |tx| {
        let pending = directory::factor(tx, standing.login).await?.filter(|factor| factor.confirmed_at.is_none());
        let nothing =
            || Error::conflict("No authenticator waits to be confirmed. Begin with `POST /v1/second-factor`.");
        let pending = pending.ok_or_else(nothing)?;
        let secret = opened(app, standing.login, &pending).ok_or_else(nothing)?;
        let Typed::Digits(digits) = totp::read(code) else { return Err(wrong_first_code()) };
        let step = totp::step(&secret, &digits, pending.last_step, at).ok_or_else(wrong_first_code)?;
        if !directory::confirm_factor(tx, standing.login, &pending.sealed, step, at).await? {
            return Err(nothing());
        }
        keep(tx, standing.login, &codes).await
    })
    .await?;
    Ok(RecoveryCodes { codes: codes.into_iter().map(|(code, _)| code).collect() })
}

fn wrong_first_code() -> Error {
    Error::field("/code", "wrong", "Is not the authenticator's present code. Check the clock of its device.")
}

/// A new set of recovery codes; those before are void.
///
/// # Errors
/// 409 when the login has no second factor, or no session asks.
pub(super) async fn renew_codes(app: &App, who: &Who) -> Result<RecoveryCodes> {
    let standing = own_standing(app, who).await?.1;
    let codes = totp::recovery_codes();
    let renewed = Some(FactorChange::CodesRenewed);
    recorded(app, who, "second_factor.recovery_codes_renewed", renewed, async |tx| {
        if !directory::has_factor(tx, standing.login).await? {
            return Err(none_yet());
        }
        keep(tx, standing.login, &codes).await
    })
    .await?;
    Ok(RecoveryCodes { codes: codes.into_iter().map(|(code, _)| code).collect() })
}

/// Removes the second factor, with the password and a code.
///
/// # Errors
/// 401 for a wrong password or code, 409 when there is none or no session asks, 429 after too many wrong tries.
pub(super) async fn remove(app: &App, who: &Who, request: RemoveSecondFactor, client: &Client) -> Result<()> {
    let mut checks = Checks::default();
    check_secrets(&mut checks, &request.password, Some(&request.code));
    checks.done()?;
    let (staff, standing) = own_standing(app, who).await?;
    let has = app.db.system("second factor of a login", async |tx| directory::has_factor(tx, standing.login).await);
    if !has.await? {
        return Err(none_yet());
    }
    let email = email_of(app, who, staff).await?;
    let proven = prove(app, &email, request.password, Some(&request.code), client.address).await?;
    use_up(app, &proven, Some((who, staff))).await?;
    recorded(app, who, "second_factor.removed", Some(FactorChange::Removed), async |tx| {
        if directory::remove_factor(tx, standing.login).await? { Ok(()) } else { Err(none_yet()) }
    })
    .await
}

fn none_yet() -> Error {
    Error::conflict("You have no second factor. Begin with `POST /v1/second-factor`.")
}

async fn keep(tx: &mut SystemTx, login: Uuid, codes: &[(String, [u8; 32])]) -> Result<()> {
    let hashes: Vec<[u8; 32]> = codes.iter().map(|(_, hash)| *hash).collect();
    directory::set_recovery_codes(tx, login, &hashes).await
}

/// Changes the login's second factor, with an entry in the log of the retailer where its person is, and a mail to them.
async fn recorded(
    app: &App,
    who: &Who,
    action: &str,
    told: Option<FactorChange>,
    change: impl AsyncFnOnce(&mut SystemTx) -> Result<()>,
) -> Result<()> {
    let (staff, _) = own_session(who)?;
    app.db
        .write(who, async |tx| {
            let object = Some(staff.to_string());
            audit::record(tx, who, Entry { action, object, ..Entry::default() }).await?;
            if let Some(what) = told {
                mails::tell(tx, who, staff, letter(what)).await?;
            }
            app.db.system("change a second factor", change).await
        })
        .await?;
    app.wake(Topic::Jobs);
    app.auth.recent.forget_staff(who.tenant, staff);
    Ok(())
}

/// Seals anew up to `limit` secrets behind `after` that the key before has sealed; the last login that was looked at,
/// nothing when none was left.
///
/// # Errors
/// When the database fails.
pub(super) async fn reseal(app: &App, after: Uuid, limit: i64) -> Result<Option<Uuid>> {
    app.db
        .system("seal second factors anew", async |tx| {
            let old = directory::sealed_otherwise(tx, app.sealer.key(), after, limit).await?;
            let last = old.last().map(|(login, _)| *login);
            for (login, sealed) in old {
                let Ok(secret) = app.sealer.open(place(login), &sealed) else {
                    // It stays as it is: another replica may still be rotating. Should it not, its person has recovery codes.
                    tracing::warn!(%login, "no key opens a second factor: was SECRET_KEY_PREVIOUS taken away too early?");
                    continue;
                };
                let sealed = app.sealer.seal(place(login), &secret)?;
                directory::reseal(tx, login, &sealed, app.sealer.key()).await?;
            }
            Ok(last)
        })
        .await
}
