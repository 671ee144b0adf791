//! Sign-up: how a retailer begins, with its owner. Its end is [`crate::identity::closing`].
//!
//! Invariants: the retailer, its owner, the login, the audit log's first entry and the session come about in one
//! transaction; the password is hashed before it; an address has one login.

pub mod routes;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::{self, Opening};
use crate::identity::directory;
use crate::identity::staff::{self, Held};
use crate::identity::tenants::{self, Settings};
use crate::platform::clock::now;
use crate::platform::http::client::Client;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use chrono_tz::Tz;
use tillwatch_shared::identity::{SignUp, Signed};
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;

/// Signs a retailer up with its owner, and signs the owner in.
///
/// # Errors
/// 422 with every wrong field, 409 when the address has a login, 503 when too many hash at once.
pub async fn sign_up(app: &App, request: SignUp, client: &Client, request_id: &str) -> Result<Signed> {
    let zone = check_sign_up(&request)?;
    let hash = app.auth.hashing.hash(request.password.clone()).await?;
    let at = now();
    let settings = Settings {
        id: TenantId::new(),
        name: request.retailer.trim().to_owned(),
        locale: request.locale,
        time_zone: zone,
        currency: request.currency.clone(),
        created_at: at,
    };
    let (login, owner) = (LoginId::new(), StaffId::new());
    let who = Who::system(settings.id, "api", request_id);
    let email = request.email.trim().to_lowercase();
    app.db
        .write(&who, async |tx| {
            tenants::create(tx, &settings).await?;
            directory::add_tenant(tx, settings.id, at).await?;
            let place = (settings.id, owner);
            staff::admit(tx, place, login, request.name.trim(), &Held::of_role(Role::Owner), at).await?;
            directory::add_login(tx, login, &email, &hash, place, at).await?;
            let object = Some(settings.id.to_string());
            audit::record(tx, &who, Entry { action: "tenant.signed_up", object, ..Entry::default() }).await?;
            auth::open_session(app, tx, &who, Opening::sign_in(owner, at, at, client)).await
        })
        .await
}

fn check_sign_up(request: &SignUp) -> Result<Tz> {
    let mut checks = Checks::default();
    checks.line("/retailer", &request.retailer, 1, 120);
    checks.line("/name", &request.name, 1, 120);
    checks.email("/email", request.email.trim());
    auth::password::check(&mut checks, "/password", &request.password);
    let currency = request.currency.len() == 3 && request.currency.bytes().all(|b| b.is_ascii_uppercase());
    checks.ensure(currency, "/currency", "invalid", "Takes an ISO 4217 code in capitals, such as USD or CNY.");
    let zone = request.time_zone.parse::<Tz>();
    checks.ensure(zone.is_ok(), "/time_zone", "invalid", "Takes an IANA time zone, such as Asia/Shanghai.");
    checks.done()?;
    zone.map_err(Error::internal)
}
