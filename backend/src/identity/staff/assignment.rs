//! What a staff is given: a role, a department, channels. Both ways of changing it, and invitations, come through here.
//!
//! Invariants: while a custom role is set the built-in one stands at `viewer`; nobody gives what they lack, changes somebody
//! who may do more than they, or changes what they may do themselves ([`model::check`]); an owner is never narrowed, and a
//! retailer keeps one.

use super::model::{self, Change, Held};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{authority, departments, reach, roles};
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{PermissionSet, Who};
use crate::platform::validate::Checks;
use tillwatch_shared::authority::UpdateAuthority;
use tillwatch_shared::identity::{StaffMember, UpdateStaff};
use tillwatch_shared::ids::{StaffId, TenantId};
use tillwatch_shared::permissions::Role;

/// Gives a staff a built-in role, in place of a custom one. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404; 412 when `version` is stale; 409 for oneself and for the last owner; 403 for somebody, or a role, above oneself;
/// 422 for an owner who is narrowed to channels.
pub async fn update(app: &App, who: &Who, id: StaffId, version: &IfMatch, wanted: UpdateStaff) -> Result<StaffMember> {
    change(app, who, id, version, "staff.role_changed", async |_, mut held| {
        if let Some(role) = wanted.role {
            held = Held { role, custom_role: None, ..held };
        }
        if held.role == Role::Owner && held.channels.is_some() {
            let detail = "An owner reaches every channel, and this person is narrowed to some. Widen that first.";
            return Err(Error::field("/role", "narrowed", detail));
        }
        Ok(held)
    })
    .await
}

/// Changes a staff's custom role, department and channels. When nothing differs, nothing is written and the version
/// stays.
///
/// # Errors
/// 404; 412 when `version` is stale; 409 for oneself (save for the department) and for the last owner; 403 for somebody, or
/// rights, above oneself; 422 with every wrong field.
pub async fn change_authority(
    app: &App,
    who: &Who,
    id: StaffId,
    version: &IfMatch,
    wanted: UpdateAuthority,
) -> Result<StaffMember> {
    change(app, who, id, version, "staff.authority_changed", async |tx, held| {
        let mut checks = Checks::default();
        let held = assigned(&mut checks, tx, who, held, wanted).await?;
        checks.done()?;
        Ok(held)
    })
    .await
}

/// Changes what a staff holds to what `wish` makes of it, as `action`.
async fn change(
    app: &App,
    who: &Who,
    id: StaffId,
    version: &IfMatch,
    action: &str,
    wish: impl AsyncFnOnce(&mut Tx, Held) -> Result<Held>,
) -> Result<StaffMember> {
    let member = app
        .db
        .write(who, async |tx| {
            let owners = store::lock_owners(tx, who.tenant).await?;
            let (before, read) = store::lock_held(tx, who.tenant, id).await?;
            version.check(read)?;
            let after = wish(tx, before.clone()).await?;
            if after != before {
                if !after.same_rights(&before) {
                    let held = authority::of_staff(tx, who.tenant, id).await?.of_role;
                    let gives = if after.same_role(&before) { held } else { allowed(tx, who.tenant, &after).await? };
                    let change = Change::Rights { gives, owner: after.role == Role::Owner };
                    model::check(who, id, held, change, &owners)?;
                }
                store::set_held(tx, who.tenant, id, &after).await?;
                let object = Some(id.to_string());
                let (before, after) = (Some(before.shown()), Some(after.shown()));
                audit::record(tx, who, Entry { action, object, before, after, ..Entry::default() }).await?;
            }
            super::member(tx, who.tenant, id).await
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, id);
    Ok(member)
}

/// `held` with what is wanted; `checks` gets what of it cannot stand.
///
/// # Errors
/// When the database fails.
pub async fn assigned(
    checks: &mut Checks,
    tx: &mut Tx,
    who: &Who,
    mut held: Held,
    wanted: UpdateAuthority,
) -> Result<Held> {
    if let Some(wish) = wanted.custom_role {
        if let Some(role) = wish {
            match roles::hold(tx, who.tenant, role).await? {
                Some(role) => {
                    let gives = role.permissions.into_iter().collect();
                    authority::check_given(checks, "/custom_role", who.permissions, gives);
                }
                None => checks.refuse("/custom_role", "not_found", "There is no such role in use."),
            }
            // What the person falls back to when the custom role is taken away.
            held.role = Role::Viewer;
        }
        held.custom_role = wish;
    }
    if let Some(wish) = wanted.department {
        if let Some(department) = wish {
            let there = departments::hold(tx, who.tenant, department).await?;
            checks.ensure(there, "/department", "not_found", "There is no such department in use.");
        }
        held.department = wish;
    }
    if let Some(mut wish) = wanted.channels {
        if let Some(channels) = &mut wish {
            reach::check_list(checks, tx, who.tenant, "/channels", channels).await?;
            channels.sort_unstable();
        }
        held.channels = wish;
    }
    let narrowed_owner = held.role == Role::Owner && held.channels.is_some();
    checks.ensure(!narrowed_owner, "/channels", "owner", "An owner reaches every channel. Give another role first.");
    Ok(held)
}

/// What the role of `held` allows; a custom one is held against being changed until the transaction ends.
///
/// # Errors
/// 409 for a custom role that is not in use any more.
pub async fn allowed(tx: &mut Tx, tenant: TenantId, held: &Held) -> Result<PermissionSet> {
    let Some(role) = held.custom_role else { return Ok(PermissionSet::of_role(held.role)) };
    let role = roles::hold(tx, tenant, role).await?;
    let role = role.ok_or_else(|| Error::conflict("The role that is to be given is archived. Choose another one."))?;
    Ok(role.permissions.into_iter().collect())
}
