//! Changing a staff's custom role, department and channels. Invariants: while a custom role is set the built-in one stands at
//! `viewer`; nobody gives what they lack, nor changes what somebody may do who may do more than they; an owner is never
//! narrowed, and a retailer keeps one.

use super::store::{self, Held};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::{authority, departments, reach, roles};
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{PermissionSet, Who};
use crate::platform::validate::Checks;
use serde_json::json;
use tillwatch_shared::authority::UpdateAuthority;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::StaffMember;
use tillwatch_shared::ids::{RoleId, StaffId};
use tillwatch_shared::permissions::Role;

/// Changes a staff's custom role, department and channels. When nothing differs, nothing is written and the version
/// stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 403 for somebody who may do more than the caller, 409 for the last owner, 422
/// with every wrong field.
pub async fn change_authority(
    app: &App,
    who: &Who,
    id: StaffId,
    version: &IfMatch,
    wanted: UpdateAuthority,
) -> Result<StaffMember> {
    let member = app
        .db
        .write(who, async |tx| {
            let owners = store::lock_owners(tx, who.tenant).await?;
            let before = store::lock_held(tx, who.tenant, id).await?;
            version.check(before.version)?;
            let moves = wanted.custom_role.is_some() || wanted.channels.is_some();
            if moves && !who.permissions.holds(authority::of_staff(tx, who.tenant, id).await?.of_role) {
                let detail = "This person's role allows what you may not do yourself. Ask somebody who may.";
                return Err(Error::new(Code::PermissionDenied, detail));
            }
            let after = checked(tx, who, before.clone(), wanted).await?;
            if before.role == Role::Owner && after.role != Role::Owner && owners.iter().all(|owner| *owner == id) {
                return Err(Error::conflict("This is the last owner. Make somebody else an owner first."));
            }
            if after != before {
                store::set_held(tx, who.tenant, id, &after).await?;
                record(tx, who, id, &before, &after).await?;
            }
            super::member(tx, who.tenant, id).await
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, id);
    Ok(member)
}

/// What is wanted, if it can stand.
async fn checked(tx: &mut Tx, who: &Who, mut staff: Held, wanted: UpdateAuthority) -> Result<Held> {
    let mut checks = Checks::default();
    if let Some(role) = wanted.custom_role {
        if let Some(role) = role {
            check_role(&mut checks, tx, who, role).await?;
        }
        if role.is_some() {
            // What the person falls back to when the custom role is taken away.
            staff.role = Role::Viewer;
        }
        staff.custom_role = role;
    }
    if let Some(department) = wanted.department {
        if let Some(department) = department {
            let there = departments::hold(tx, who.tenant, department).await?;
            checks.ensure(there, "/department", "not_found", "There is no such department in use.");
        }
        staff.department = department;
    }
    if let Some(channels) = wanted.channels {
        if let Some(channels) = &channels {
            reach::check_list(&mut checks, tx, who.tenant, "/channels", channels).await?;
        }
        staff.channels = channels.map(|mut channels| {
            channels.sort_unstable();
            channels
        });
    }
    let narrowed_owner = staff.role == Role::Owner && staff.channels.is_some();
    checks.ensure(!narrowed_owner, "/channels", "owner", "An owner reaches every channel. Give another role first.");
    checks.done()?;
    Ok(staff)
}

async fn check_role(checks: &mut Checks, tx: &mut Tx, who: &Who, role: RoleId) -> Result<()> {
    let Some(role) = roles::hold(tx, who.tenant, role).await? else {
        checks.refuse("/custom_role", "not_found", "There is no such role in use.");
        return Ok(());
    };
    let lacking = role.permissions.into_iter().collect::<PermissionSet>().without(who.permissions).to_vec();
    if !lacking.is_empty() {
        let names: Vec<&str> = lacking.iter().map(|permission| permission.as_str()).collect();
        let detail = format!("Allows what you may not do yourself: {}.", names.join(", "));
        checks.refuse("/custom_role", "not_yours", detail);
    }
    Ok(())
}

async fn record(tx: &mut Tx, who: &Who, id: StaffId, before: &Held, after: &Held) -> Result<()> {
    let shown = |staff: &Held| {
        Some(json!({
            "role": staff.role, "custom_role": staff.custom_role, "department": staff.department,
            "channels": staff.channels,
        }))
    };
    let entry = Entry {
        action: "staff.authority_changed",
        object: Some(id.to_string()),
        before: shown(before),
        after: shown(after),
        ..Entry::default()
    };
    audit::record(tx, who, entry).await
}
