//! The way back for somebody who lost the authenticator and the recovery codes: the operator of the service, who has made
//! sure by other means who asks, removes the second factor. It can be said again and then changes nothing.

use super::factor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory;
use crate::identity::mails::{self, FactorChange};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};

/// Removes the second factor of an address's login, with an entry in the log of every retailer where it has a place, and
/// a mail to it; `false` when it has none. Signing in takes the password alone then, until a new one is enrolled.
///
/// # Errors
/// 404 for an address without a login, 422 without a reason.
pub async fn remove_second_factor(app: &App, email: &str, reason: &str, request_id: &str) -> Result<bool> {
    let mut checks = Checks::default();
    checks.text("/reason", reason, 1, 500);
    checks.done()?;
    let email = email.trim().to_lowercase();
    let (login, told) = app
        .db
        .system("remove a lost second factor", async |tx| {
            let login = directory::login(tx, &email).await?.ok_or_else(unknown)?.id;
            if !directory::has_factor(tx, login.0).await? {
                return Ok((None, None));
            }
            Ok((Some(login), directory::served_place(tx, login, None, now()).await?))
        })
        .await?;
    let Some(login) = login else { return Ok(false) };
    // The entries come first: a removal without one would be worse than an entry whose removal broke off, which is said
    // again.
    record_elsewhere(app, login, told, reason, request_id).await?;
    let remove = async || {
        app.db.system("remove a lost second factor", async |tx| directory::remove_factor(tx, login.0).await).await
    };
    let Some((tenant, staff)) = told else { return remove().await };
    let who = Who::system(tenant, "operator", request_id);
    let removed = app
        .db
        .write(&who, async |tx| {
            record(tx, &who, staff, reason).await?;
            mails::tell(tx, &who, staff, factor::letter(FactorChange::RemovedByOperator)).await?;
            remove().await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(removed)
}

fn unknown() -> Error {
    Error::new(Code::NotFound, "No login has this address.")
}

/// Writes the entry at every place of the login but `told`.
async fn record_elsewhere(
    app: &App,
    login: LoginId,
    told: Option<(TenantId, StaffId)>,
    reason: &str,
    request_id: &str,
) -> Result<()> {
    let mut after = None;
    loop {
        let some = app.db.system("the places of a login", async |tx| directory::places(tx, login, after).await).await?;
        let Some((last, _)) = some.last().copied() else { return Ok(()) };
        for (tenant, staff) in some.into_iter().filter(|place| Some(*place) != told) {
            let who = Who::system(tenant, "operator", request_id);
            app.db.write(&who, async |tx| record(tx, &who, staff, reason).await).await?;
        }
        after = Some(last);
    }
}

async fn record(tx: &mut Tx, who: &Who, staff: StaffId, reason: &str) -> Result<()> {
    if !super::store::is_there(tx, who.tenant, staff).await? {
        // The retailer is being erased.
        return Ok(());
    }
    let (object, reason) = (Some(staff.to_string()), Some(reason));
    audit::record(tx, who, Entry { action: "second_factor.removed", object, reason, ..Entry::default() }).await
}
