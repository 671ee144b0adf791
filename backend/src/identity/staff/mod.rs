//! Staff: the people of a retailer, by name and role.
//!
//! A *staff* is a login's place in one retailer; the login itself (its e-mail address and password) lies in the
//! directory, which no tenant's role reads, so an address is never shown here. Invariants: a staff is disabled, never
//! deleted, so that what they did keeps its name; a retailer always has an owner who may sign in; nobody changes
//! themselves, or somebody who may do more than they do ([`model`], pure). Signing in is the business of
//! [`crate::identity::auth`]; what changes here is seen at once in this process and within a second in every other.

mod assignment;
pub mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{auth, authority};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use model::Change;
use serde_json::json;
use std::collections::HashMap;
use tillwatch_shared::Page;
use tillwatch_shared::identity::{StaffMember, StaffState, UpdateStaff};
use tillwatch_shared::ids::{DepartmentId, StaffId, TenantId};
use tillwatch_shared::permissions::Role;
use uuid::Uuid;

pub use assignment::change_authority;

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

/// Changes a staff's role. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404; 412 when `version` is stale; 409 for oneself and for the last owner; 403 for somebody, or a role, above oneself.
pub async fn update(app: &App, who: &Who, id: StaffId, version: &IfMatch, wanted: UpdateStaff) -> Result<StaffMember> {
    let after = app
        .db
        .write(who, async |tx| {
            let owners = store::lock_owners(tx, who.tenant).await?;
            let mut staff = store::lock(tx, who.tenant, id).await?;
            version.check(staff.version)?;
            let custom = staff.custom_role.as_ref().map(|role| role.id);
            let differs = |role: &Role| *role != staff.role || custom.is_some();
            let Some(role) = wanted.role.filter(differs) else { return Ok(staff) };
            let held = authority::of_staff(tx, who.tenant, id).await?.of_role;
            model::check(who, &staff, held, Change::Role(role), &owners)?;
            if role == Role::Owner && staff.channels.is_some() {
                let detail = "An owner reaches every channel, and this person is narrowed to some. Widen that first.";
                return Err(Error::field("/role", "narrowed", detail));
            }
            let before = Some(json!({ "role": staff.role, "custom_role": custom }));
            staff.role = role;
            staff.custom_role = None;
            staff.version += 1;
            store::set_role(tx, who.tenant, &staff).await?;
            let (object, after) = (Some(id.to_string()), Some(json!({ "role": role })));
            let entry = Entry { action: "staff.role_changed", object, before, after, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(staff)
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, id);
    Ok(after)
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
/// 404; 409 for oneself; 403 for somebody above oneself.
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
            model::check(who, &staff, held, change, &owners)?;
            store::set_disabled(tx, who.tenant, id, disable.then_some(at), staff.version + 1).await?;
            let object = Some(id.to_string());
            let entry = if disable {
                let ended = auth::end_sessions(tx, who.tenant, id, "disabled", at).await?;
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

/// Ends every session of a staff; `false` when there was none.
///
/// # Errors
/// 404; 403 for somebody above oneself.
pub async fn sign_out_everywhere(app: &App, who: &Who, id: StaffId) -> Result<bool> {
    let ended = app
        .db
        .write(who, async |tx| {
            let staff = store::lock(tx, who.tenant, id).await?;
            let held = authority::of_staff(tx, who.tenant, id).await?.of_role;
            model::check(who, &staff, held, Change::SignOut, &[])?;
            let ended = auth::end_sessions(tx, who.tenant, id, "revoked", now()).await?;
            if ended > 0 {
                let (object, after) = (Some(id.to_string()), Some(json!({ "sessions": ended })));
                let entry = Entry { action: "staff.signed_out_everywhere", object, after, ..Entry::default() };
                audit::record(tx, who, entry).await?;
            }
            Ok(ended)
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
