//! The directory: what is asked before a tenant is known, each to the tenant or the login that it belongs to.
//!
//! Cast, by the tables: logins with their passwords, their places (tenant and staff) and second factors; hashes of
//! credentials and of the tokens in mailed links; the bot's assertions and chat servers; tries to sign in; the list of
//! retailers ([`each_tenant`] is the round that sweeps make), and which of them rest.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own transaction, so
//! that a credential exists exactly when what it opens exists. It holds no tenant's data. Each use case is one
//! statement or a few on one key, so they are the store's own. Invariant: each password of a login has a time of its
//! own ([`Login::password_at`]), which grows from one to the next and by which it is known everywhere else.

pub mod jobs;
mod store;

pub use store::{
    CredentialKind, Factor, LinkKind, Login, Opened, Tries, add_chat_server, add_credential, add_link, add_login,
    add_place, add_tenant, begin_factor, change_password, chat_server, confirm_factor, credential, factor,
    forget_tries, has_factor, link, lock_tries, login, login_of, new_password_by_link, place, places,
    recovery_code_works, recovery_codes_left, remove_chat_server, remove_factor, reseal, rest, rests, sealed_otherwise,
    served_place, set_recovery_codes, set_tries, use_assertion, use_recovery_code, use_step, wake,
};

use crate::app::App;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use std::time::{Duration, Instant};
use tillwatch_shared::ids::TenantId;

/// Retailers that are listed at once.
const LISTED: i64 = 200;

/// A round rests for so many times what a retailer's part took before it goes on to the next: however many retailers there
/// are, rounds take an eighth of a connection each and leave the others to requests.
const REST: u32 = 7;
/// No rest is longer: a part that was slow has been held up itself, and a round over 10,000 retailers must end well within
/// the eleven minutes after which an entry of the audit log that is in no seal looks like somebody's doing.
const LONGEST_REST: Duration = Duration::from_millis(20);

/// Does `work` for every retailer, one after the other and with a rest between, until the process stops. What fails for one
/// is told to the log and keeps nobody else waiting. `reason` says why all of them are listed.
///
/// # Errors
/// When the list cannot be read.
pub async fn each_tenant(
    app: &App,
    reason: &'static str,
    mut work: impl AsyncFnMut(TenantId) -> Result<()>,
) -> Result<()> {
    each_tenant_at_once(app, reason, async |tenant| {
        let began = Instant::now();
        let done = work(tenant).await;
        tokio::time::sleep((began.elapsed() * REST).min(LONGEST_REST)).await;
        done
    })
    .await
}

/// As [`each_tenant`], without a rest: for somebody who waits.
///
/// # Errors
/// When the list cannot be read.
pub async fn each_tenant_at_once(
    app: &App,
    reason: &'static str,
    mut work: impl AsyncFnMut(TenantId) -> Result<()>,
) -> Result<()> {
    let mut after = None;
    loop {
        let listed = app.db.system(reason, async |tx| store::tenants(tx, after, LISTED).await).await?;
        if listed.is_empty() {
            return Ok(());
        }
        for tenant in listed {
            if *app.stopping.borrow() {
                return Ok(());
            }
            after = Some(tenant);
            if let Err(error) = work(tenant).await {
                tracing::warn!(%tenant, round = reason, %error, "a retailer's part of a round failed; the others go on");
                // Listed anew, which fails, too, and so ends the round, when it is the database that is away.
                break;
            }
        }
    }
}

/// As [`each_tenant`], for the sweep called `name`: `work` says how much it found to do, and is done again, each time in a
/// transaction of its own, until it finds nothing more.
///
/// # Errors
/// When the list cannot be read.
pub async fn sweep_each_tenant(
    app: &App,
    name: &'static str,
    work: impl AsyncFn(&mut Tx, TenantId) -> Result<usize>,
) -> Result<()> {
    each_tenant(app, name, async |tenant| {
        let who = Who::system(tenant, "schedule", name);
        while !*app.stopping.borrow() && app.db.write(&who, async |tx| work(tx, tenant).await).await? > 0 {}
        Ok(())
    })
    .await
}
