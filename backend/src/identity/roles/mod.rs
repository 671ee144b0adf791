//! Roles: the built-in ones, and those that a retailer makes for itself.
//!
//! A *role* is a set of permissions and nothing else; the built-in ones are the one matrix of
//! `tillwatch_shared::permissions`. Cast: [`model`] (who may put what into a role, pure). Invariants: an empty list allows
//! nothing; nobody makes a role that allows what they may not do themselves, and what only an owner does is in none;
//! nor changes one that does; names differ ([`names`]); a role is archived, never deleted, and not while a staff has it. Who has which role is the business of [`crate::identity::authority`].

pub mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{authority, names};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{PermissionSet, Who};
use crate::platform::validate::Checks;
use serde_json::json;
use tillwatch_shared::authority::{BuiltInRole, CreateRole, CustomRole, Roles, UpdateRole};
use tillwatch_shared::ids::{RoleId, TenantId};
use tillwatch_shared::permissions::Role;

/// Makes a role.
///
/// # Errors
/// 422 with every wrong field, 409 when another role has the name.
pub async fn create(app: &App, who: &Who, wanted: CreateRole) -> Result<CustomRole> {
    let mut checks = Checks::default();
    names::check(&mut checks, &wanted.name);
    model::check_permissions(&mut checks, "/permissions", &wanted.permissions, who.permissions);
    checks.done()?;
    let role = CustomRole {
        id: RoleId::new(),
        name: wanted.name.trim().to_owned(),
        permissions: model::tidy(wanted.permissions),
        archived_at: None,
        created_at: now(),
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            store::insert(tx, who.tenant, &role).await?;
            let after = Some(json!({ "name": role.name, "permissions": role.permissions }));
            let object = Some(role.id.to_string());
            audit::record(tx, who, Entry { action: "role.created", object, after, ..Entry::default() }).await
        })
        .await?;
    Ok(role)
}

/// The built-in roles, and a page of the retailer's own, oldest first: those in use, or the archived ones.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool, paging: &Paging) -> Result<Roles> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, archived, paging).await).await?;
    let page = paging.page(rows, |role| role.id.0, |role| role);
    let built_in =
        Role::ALL.iter().map(|&role| BuiltInRole { role, permissions: PermissionSet::of_role(role).to_vec() });
    Ok(Roles { built_in: built_in.collect(), data: page.data, next_cursor: page.next_cursor })
}

/// One role of the retailer's own.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: RoleId) -> Result<CustomRole> {
    app.db.read(who, async |tx| store::get(tx, who.tenant, id).await).await
}

/// Changes a role; whoever has it may do within a second what it allows then. When nothing differs, nothing is
/// written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 403 for other permissions in a role that allows what the caller may not do, 409 when
/// the role is archived or the name is taken, 422 with every wrong field.
pub async fn update(app: &App, who: &Who, id: RoleId, version: &IfMatch, wanted: UpdateRole) -> Result<CustomRole> {
    let mut checks = Checks::default();
    if let Some(name) = &wanted.name {
        names::check(&mut checks, name);
    }
    if let Some(permissions) = &wanted.permissions {
        model::check_permissions(&mut checks, "/permissions", permissions, who.permissions);
    }
    checks.done()?;
    app.db
        .write(who, async |tx| {
            let before = store::lock(tx, who.tenant, id).await?;
            version.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(archived());
            }
            let mut after = before.clone();
            if let Some(name) = wanted.name {
                name.trim().clone_into(&mut after.name);
            }
            after.permissions = wanted.permissions.map_or(after.permissions, model::tidy);
            if after == before {
                return Ok(before);
            }
            if after.permissions != before.permissions {
                authority::may_touch(who, before.permissions.iter().copied().collect())?;
            }
            after.version += 1;
            store::update(tx, who.tenant, &after).await?;
            let shown = |role: &CustomRole| Some(json!({ "name": role.name, "permissions": role.permissions }));
            let (before, is) = (shown(&before), shown(&after));
            let object = Some(id.to_string());
            let entry = Entry { action: "role.changed", object, before, after: is, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after)
        })
        .await
}

/// Archives a role that nobody has; one that is archived stays as it is.
///
/// # Errors
/// 404, 403 for a role that allows what the caller may not do, 409 while a staff has it.
pub async fn archive(app: &App, who: &Who, id: RoleId) -> Result<CustomRole> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let mut role = store::lock(tx, who.tenant, id).await?;
            if role.archived_at.is_some() {
                return Ok(role);
            }
            authority::may_touch(who, role.permissions.iter().copied().collect())?;
            let held_by = store::held_by(tx, who.tenant, id).await?;
            if held_by > 0 {
                let detail = format!("{held_by} staff have this role. Give each another one first.");
                return Err(Error::conflict(detail));
            }
            role.archived_at = Some(at);
            role.version += 1;
            store::update(tx, who.tenant, &role).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "role.archived", object, ..Entry::default() }).await?;
            Ok(role)
        })
        .await
}

/// A role that is about to be given to somebody, held against being changed or archived until the transaction ends;
/// `None` when there is none in use with this id.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, tenant: TenantId, id: RoleId) -> Result<Option<CustomRole>> {
    store::hold(tx, tenant, id).await
}

fn archived() -> Error {
    Error::conflict("This role is archived: it can be read, not changed. Make another one.")
}
