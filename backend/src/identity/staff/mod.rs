//! Staff: the people of a retailer, by name and role.
//!
//! A *staff* is a login's place in one retailer; the login itself (its e-mail address and password) lies in the
//! directory, which no tenant's role reads, so an address is never shown here. Invariants: a staff is disabled, never
//! deleted, so that what they did keeps its name; a retailer always has an owner who may sign in; nobody changes what they
//! may do themselves, or somebody who may do more than they do ([`model`], pure). What a staff holds is changed by
//! [`assignment`], in one place for every door. Signing in is the business of
//! [`crate::identity::auth`]; what changes here is seen at once in this process and within a second in every other.

mod assignment;
pub mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{auth, authority, chat, limits};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use model::Change;
use serde_json::json;
use std::collections::HashMap;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::{StaffMember, StaffState};
use tillwatch_shared::ids::{DepartmentId, LoginId, StaffId, TenantId};
use uuid::Uuid;

pub use assignment::{allowed, assigned, change_authority, update};
pub use model::Held;

/// A page of the staff, oldest first, the disabled ones too; of one department if named.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    who: &Who,
    department: Option<DepartmentId>,
    paging: &Paging,
) -> Result<Page<StaffMember>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, department, paging).await).await?;
    Ok(paging.page(rows, |staff| staff.id.0, |staff| staff))
}

/// One staff.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: StaffId) -> Result<StaffMember> {
    app.db.read(who, async |tx| member(tx, who.tenant, id).await).await
}

/// One staff, as part of `tx`.
///
/// # Errors
/// 404.
pub async fn member(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    store::get(tx, tenant, id).await
}

/// Gives a login a place in a retailer, as part of `tx`; the directory gets its own row.
///
/// # Errors
/// 409 when it has one there, or when the retailer has as many staff as it may.
pub async fn admit(
    tx: &mut Tx,
    place: (TenantId, StaffId),
    login: LoginId,
    name: &str,
    held: &Held,
    at: DateTime<Utc>,
) -> Result<()> {
    limits::room_for_staff(tx, place.0).await?;
    store::insert(tx, place, login, name, held, at).await.map_err(|error| match error.code {
        Code::AlreadyExists => Error::conflict("This login has a place at this retailer already. Sign in with it."),
        _ => error,
    })
}

/// Disables a staff: they sign in no more, their sessions end and their chat user is nobody. `false` when it was so.
///
/// # Errors
/// 404; 409 for oneself and for the last owner; 403 for somebody above oneself.
pub async fn disable(app: &App, who: &Who, id: StaffId) -> Result<bool> {
    set_state(app, who, id, Change::Disable).await
}

/// Lets a disabled staff sign in again. What ended with the disabling stays ended. `false` when they were enabled.
///
/// # Errors
/// 404; 409 for oneself, and when the retailer has as many staff as it may; 403 for somebody above oneself.
pub async fn enable(app: &App, who: &Who, id: StaffId) -> Result<bool> {
    set_state(app, who, id, Change::Enable).await
}

async fn set_state(app: &App, who: &Who, id: StaffId, change: Change) -> Result<bool> {
    let disable = matches!(change, Change::Disable);
    let at = now();
    let changed = app
        .db
        .write(who, async |tx| {
            let owners = store::lock_owners(tx, who.tenant).await?;
            let staff = store::lock(tx, who.tenant, id).await?;
            if (staff.state == StaffState::Disabled) == disable {
                return Ok(false);
            }
            let held = authority::of_staff(tx, who.tenant, id).await?.of_role;
            model::check(who, id, held, change, &owners)?;
            if !disable {
                limits::room_for_staff(tx, who.tenant).await?;
            }
            store::set_disabled(tx, who.tenant, id, disable.then_some(at), staff.version + 1).await?;
            let object = Some(id.to_string());
            let entry = if disable {
                let ended = auth::end_sessions(tx, who.tenant, id, "disabled", at).await?;
                chat::end_links_of(tx, who, id).await?;
                let after = Some(json!({ "state": StaffState::Disabled, "sessions_ended": ended }));
                Entry { action: "staff.disabled", object, after, ..Entry::default() }
            } else {
                let after = Some(json!({ "state": StaffState::Active }));
                Entry { action: "staff.enabled", object, after, ..Entry::default() }
            };
            audit::record(tx, who, entry).await?;
            Ok(true)
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, id);
    Ok(changed)
}

/// Ends every session and chat link of a staff; `false` when there was none.
///
/// # Errors
/// 404; 403 for somebody above oneself.
pub async fn sign_out_everywhere(app: &App, who: &Who, id: StaffId) -> Result<bool> {
    let ended = app
        .db
        .write(who, async |tx| {
            store::lock_held(tx, who.tenant, id).await?;
            let held = authority::of_staff(tx, who.tenant, id).await?.of_role;
            model::check(who, id, held, Change::SignOut, &[])?;
            let ended = auth::end_sessions(tx, who.tenant, id, "revoked", now()).await?;
            if ended > 0 {
                let (object, after) = (Some(id.to_string()), Some(json!({ "sessions": ended })));
                let entry = Entry { action: "staff.signed_out_everywhere", object, after, ..Entry::default() };
                audit::record(tx, who, entry).await?;
            }
            Ok(ended + chat::end_links_of(tx, who, id).await?)
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, id);
    Ok(ended > 0)
}

/// The names of staff, the disabled ones too; an id that is nobody's is absent.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store::names(tx, tenant, ids).await?.into_iter().collect())
}
