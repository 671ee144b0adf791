//! What a staff holds, and who may change whom. Pure.

use crate::error::{Error, Result};
use crate::identity::authority;
use crate::platform::http::who::{PermissionSet, Who};
use serde_json::{Value, json};
use tillwatch_shared::ids::{ChannelId, DepartmentId, RoleId, StaffId};
use tillwatch_shared::permissions::Role;

/// What a staff holds, or an invited person will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The built-in role; `viewer` while a custom one is set, which is what is left when that is taken away.
    pub role: Role,
    /// The role of the retailer's own that counts instead.
    pub custom_role: Option<RoleId>,
    /// Their department; it gives no rights.
    pub department: Option<DepartmentId>,
    /// The channels that their permissions reach; `None` for every one. Sorted.
    pub channels: Option<Vec<ChannelId>>,
}

impl Held {
    /// A built-in role and nothing else.
    pub fn of_role(role: Role) -> Self {
        Self { role, custom_role: None, department: None, channels: None }
    }

    /// As the audit log shows it.
    pub fn shown(&self) -> Value {
        json!({
            "role": self.role, "custom_role": self.custom_role, "department": self.department, "channels": self.channels,
        })
    }

    /// Whether `other` gives the same role.
    pub fn same_role(&self, other: &Self) -> bool {
        (self.role, self.custom_role) == (other.role, other.custom_role)
    }

    /// Whether `other` gives the same rights: all but the department.
    pub fn same_rights(&self, other: &Self) -> bool {
        self.same_role(other) && self.channels == other.channels
    }
}

/// What is to be done to a staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They get other rights.
    Rights {
        /// What their role allows from then on.
        gives: PermissionSet,
        /// Whether they are an owner from then on.
        owner: bool,
    },
    /// They sign in no more.
    Disable,
    /// They sign in again.
    Enable,
    /// Their sessions end.
    SignOut,
}

/// Judges a change of `staff`, whose role allows `held`, that `who` asks for, where `owners` are the owners who may sign in.
///
/// # Errors
/// 409 for oneself (save for signing out) and for the last owner; 403 for somebody, or for rights, above the asker.
pub fn check(who: &Who, staff: StaffId, held: PermissionSet, change: Change, owners: &[StaffId]) -> Result<()> {
    if who.staff() == Some(staff) && change != Change::SignOut {
        return Err(Error::conflict("Nobody changes what they may do themselves. Ask another owner or admin."));
    }
    authority::may_touch(who, held)?;
    if let Change::Rights { gives, .. } = change {
        authority::may_give(who, gives)?;
    }
    let owner_goes = matches!(change, Change::Rights { owner: false, .. } | Change::Disable);
    if owner_goes && owners == [staff] {
        return Err(Error::conflict("This is the last owner. Make somebody else an owner first."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::who::Actor;
    use tillwatch_shared::errors::Code;
    use tillwatch_shared::ids::TenantId;

    /// A staff and what their role is.
    type Person = (StaffId, Role);

    fn person(role: Role) -> Person {
        (StaffId::new(), role)
    }

    fn asker((id, role): Person) -> Who {
        let actor = Actor::Staff { id, role, session: None };
        Who { actor, permissions: PermissionSet::of_role(role), ..Who::system(TenantId::new(), "api", "r") }
    }

    fn becomes(role: Role) -> Change {
        Change::Rights { gives: PermissionSet::of_role(role), owner: role == Role::Owner }
    }

    fn judged(by: Person, of: Person, change: Change, owners: &[StaffId]) -> Result<(), Code> {
        check(&asker(by), of.0, PermissionSet::of_role(of.1), change, owners).map_err(|error| error.code)
    }

    #[test]
    fn nobody_changes_somebody_above_themselves_nor_themselves() {
        let (owner, admin, viewer) = (person(Role::Owner), person(Role::Admin), person(Role::Viewer));
        let code = |by, of, change| judged(by, of, change, &[owner.0, StaffId::new()]);
        for change in [becomes(Role::Marketer), Change::Disable, Change::Enable, Change::SignOut] {
            assert_eq!(code(admin, viewer, change), Ok(()), "{change:?}");
            assert_eq!(code(owner, admin, change), Ok(()), "{change:?}");
            assert_eq!(code(admin, owner, change), Err(Code::PermissionDenied), "{change:?}");
        }
        assert_eq!(code(admin, viewer, becomes(Role::Owner)), Err(Code::PermissionDenied));
        assert_eq!(code(admin, viewer, becomes(Role::Admin)), Ok(()));
        assert_eq!(code(owner, viewer, becomes(Role::Owner)), Ok(()));
        assert_eq!(code(admin, admin, becomes(Role::Viewer)), Err(Code::StateConflict));
        assert_eq!(code(owner, owner, Change::Disable), Err(Code::StateConflict));
        assert_eq!(code(owner, owner, Change::SignOut), Ok(()));
    }

    #[test]
    fn the_last_owner_stays() {
        let (asking, last) = (person(Role::Owner), person(Role::Owner));
        // Whoever asks was an owner a moment ago and is none any more.
        for change in [becomes(Role::Admin), Change::Disable] {
            assert_eq!(judged(asking, last, change, &[last.0]), Err(Code::StateConflict));
            assert_eq!(judged(asking, last, change, &[last.0, asking.0]), Ok(()));
        }
        let narrowed = Change::Rights { gives: PermissionSet::of_role(Role::Owner), owner: true };
        assert_eq!(judged(asking, last, narrowed, &[last.0]), Ok(()));
    }

    #[test]
    fn a_department_gives_no_rights() {
        let held = Held::of_role(Role::Viewer);
        assert!(held.same_rights(&Held { department: Some(DepartmentId::new()), ..held.clone() }));
        assert!(!held.same_rights(&Held { channels: Some(Vec::new()), ..held.clone() }));
        assert!(!held.same_rights(&Held { custom_role: Some(RoleId::new()), ..held.clone() }));
        assert!(!held.same_rights(&Held::of_role(Role::Admin)));
    }
}
