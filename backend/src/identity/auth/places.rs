//! The places of a login: somebody who works for several retailers (an agency) has one login and a staff at each.
//!
//! Going from one to another is explicit and opens a session of its own there; the one that asked stays. Neither
//! retailer's audit log names the other: for whom else an agency works is not theirs to know.

use super::sessions::own_session;
use super::{Opening, factor, gate, open_session, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{directory, tenants};
use crate::platform::clock::now;
use crate::platform::http::client::Client;
use crate::platform::http::who::Who;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Signed;
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use tillwatch_shared::sessions::Place;

/// The first 200 places of a login, in the order of retailers.
pub(super) async fn of_login(app: &App, login: LoginId) -> Result<Vec<(TenantId, StaffId)>> {
    app.db.system("the places of a login", async |tx| directory::places(tx, login, None).await).await
}

/// The staff of a login at one retailer.
pub(super) async fn at(app: &App, login: LoginId, tenant: TenantId) -> Result<Option<StaffId>> {
    app.db.system("the place of a login", async |tx| directory::place(tx, login, tenant).await).await
}

/// Those of `places` that are not closed to their staff, with the retailers' names.
pub(super) async fn open(app: &App, places: &[(TenantId, StaffId)], request_id: &str) -> Result<Vec<Place>> {
    let mut open = Vec::with_capacity(places.len());
    for (tenant, staff) in places {
        let who = Who::system(*tenant, "api", request_id);
        let name = app
            .db
            .read(&who, async |tx| {
                if store::is_disabled(tx, who.tenant, *staff).await? {
                    return Ok(None);
                }
                Ok(Some(tenants::settings(tx, who.tenant).await?.name))
            })
            .await?;
        open.extend(name.map(|name| Place { tenant: who.tenant, name }));
    }
    Ok(open)
}

/// The retailers where the login of the person who asks has a place; at most 200, so there is no second page.
///
/// # Errors
/// 409 when no session asks.
pub(super) async fn own(app: &App, who: &Who) -> Result<Page<Place>> {
    let places = of_login(app, own_login(app, who).await?).await?;
    Ok(Page { data: open(app, &places, &who.request_id).await?, next_cursor: None })
}

async fn own_login(app: &App, who: &Who) -> Result<LoginId> {
    let (staff, _) = own_session(who)?;
    Ok(LoginId(app.db.read(who, async |tx| store::standing(tx, who.tenant, staff).await).await?.login))
}

/// Opens a session at `tenant` for the person who asks. It is as old as the sign-in that it stands on.
///
/// # Errors
/// 404 where the login has no place, 409 at the retailer where it is already or when no session asks, 403 where a
/// second factor is asked for that the login does not have, 401 when the session that asks is over or was opened by a
/// password of before.
pub(super) async fn switch(app: &App, who: &Who, tenant: TenantId, client: &Client) -> Result<Signed> {
    let (_, session) = own_session(who)?;
    if tenant == who.tenant {
        return Err(Error::conflict("This session is at that retailer already."));
    }
    let no_place = || Error::not_found("retailer where you have a place");
    let login = own_login(app, who).await?;
    let staff = at(app, login, tenant).await?.ok_or_else(no_place)?;
    let there = Who::system(tenant, "api", &who.request_id);
    let standing = app
        .db
        .read(&there, async |tx| {
            if store::is_disabled(tx, tenant, staff).await? {
                return Err(no_place());
            }
            store::standing(tx, tenant, staff).await
        })
        .await?;
    if factor::must_enrol(app, standing).await? {
        return Err(Error::new(
            Code::EnrolmentRequired,
            "That retailer asks for a second factor. Enrol one (`POST /v1/second-factor`), then switch.",
        ));
    }
    let known = app.db.system("switch places", async |tx| directory::login_of(tx, login).await).await?;
    let password_at = known.ok_or_else(gate::over)?.password_at;
    let now = now();
    // First where the person comes from: two retailers share no transaction, and a switch without its entry would be
    // worse than an entry whose switch broke off.
    let held = app
        .db
        .write(who, async |tx| {
            // The gate believes in a session for a second behind its end, which must not give it a life elsewhere; nor
            // may a session of before a new password, which may not have been ended here yet.
            let held = store::hold_session(tx, who.tenant, session, now).await?;
            let held = held.filter(|held| held.password_at >= password_at).ok_or_else(gate::over)?;
            let object = Some(session.to_string());
            audit::record(tx, who, Entry { action: "session.switched", object, ..Entry::default() }).await?;
            Ok(held)
        })
        .await?;
    let store::Held { since, authenticated_at, password_at } = held;
    let opening = Opening { staff, at: now, password_at, since, authenticated_at, client };
    app.db.write(&there, async |tx| open_session(app, tx, &there, opening).await).await
}
