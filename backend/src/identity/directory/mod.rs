//! The directory: logins, credential hashes and chat servers, each to the tenant they belong to.
//!
//! It is read by the narrow system role, since no tenant is known yet, and added to by the tenant's own
//! transaction, so that a credential exists exactly when what it opens exists. It holds no tenant's data. Its use cases are single
//! statements, so they are the store's own.

pub mod jobs;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use tillwatch_shared::ids::TenantId;

/// Retailers that are asked for at once.
const AT_ONCE: i64 = 500;

/// Does `work`, which says how much it found to do, for every retailer until it finds nothing more, each time in a
/// transaction of its own; ends early when the process stops. For the sweep called `name`.
///
/// # Errors
/// What `work` returns; when the database fails.
pub async fn for_each_tenant(
    app: &App,
    name: &'static str,
    work: impl AsyncFn(&mut Tx, TenantId) -> Result<usize>,
) -> Result<()> {
    let mut after = None;
    loop {
        let tenants = app.db.system(name, async |tx| tenants(tx, after, AT_ONCE).await).await?;
        let Some(last) = tenants.last().copied() else { return Ok(()) };
        for tenant in tenants {
            let who = Who::system(tenant, "schedule", name);
            loop {
                if *app.stopping.borrow() {
                    return Ok(());
                }
                if app.db.write(&who, async |tx| work(tx, tenant).await).await? == 0 {
                    break;
                }
            }
        }
        after = Some(last);
    }
}

pub use store::{
    Account, CredentialKind, Factor, LinkKind, Login, Opened, Tries, account, add_chat_server, add_credential,
    add_link, add_login, add_place, add_tenant, begin_factor, change_password, chat_server, confirm_factor, credential,
    email, factor, forget_tries, has_factor, link, lock_tries, login, new_password_by_link, places,
    recovery_code_works, recovery_codes_left, remove_chat_server, remove_factor, reseal, rest, sealed_otherwise,
    set_recovery_codes, set_tries, tenants, use_assertion, use_recovery_code, use_step, wake,
};
