//! Who may change whom, pure.

use crate::error::{Error, Result};
use crate::platform::http::who::{PermissionSet, Who};
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::StaffMember;
use tillwatch_shared::ids::StaffId;
use tillwatch_shared::permissions::Role;

/// What is to be done to a staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They get another role.
    Role(Role),
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
/// 409 for oneself (save for signing out) and for the last owner; 403 for somebody, or a role, above the asker.
pub fn check(who: &Who, staff: &StaffMember, held: PermissionSet, change: Change, owners: &[StaffId]) -> Result<()> {
    if who.staff() == Some(staff.id) && change != Change::SignOut {
        return Err(Error::conflict("Nobody changes their own place. Ask another owner or admin."));
    }
    if !who.permissions.holds(held) {
        return Err(above("This staff may do more than you. Ask an owner."));
    }
    if let Change::Role(role) = change
        && !who.permissions.holds(PermissionSet::of_role(role))
    {
        return Err(above("This role may do more than you. Ask an owner."));
    }
    let owner_goes = match change {
        Change::Role(role) => role != Role::Owner,
        Change::Disable => true,
        Change::Enable | Change::SignOut => false,
    };
    if owner_goes && owners == [staff.id] {
        return Err(Error::conflict("This is the last owner. Make somebody else an owner first."));
    }
    Ok(())
}

fn above(detail: &str) -> Error {
    Error::new(Code::PermissionDenied, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::who::Actor;
    use chrono::DateTime;
    use tillwatch_shared::identity::StaffState;
    use tillwatch_shared::ids::TenantId;

    fn staff(role: Role) -> StaffMember {
        let (name, created_at) = ("A".to_owned(), DateTime::UNIX_EPOCH);
        StaffMember {
            id: StaffId::new(),
            name,
            role,
            custom_role: None,
            department: None,
            channels: None,
            state: StaffState::Active,
            created_at,
            version: 1,
        }
    }

    fn asker(staff: &StaffMember) -> Who {
        let actor = Actor::Staff { id: staff.id, role: staff.role, session: None };
        let permissions = PermissionSet::of_role(staff.role);
        Who { actor, permissions, ..Who::system(TenantId::new(), "api", "r") }
    }

    #[test]
    fn nobody_changes_somebody_above_themselves_nor_themselves() {
        let (owner, admin, viewer) = (staff(Role::Owner), staff(Role::Admin), staff(Role::Viewer));
        let owners = [owner.id, StaffId::new()];
        let code = |by: &StaffMember, of: &StaffMember, change| {
            check(&asker(by), of, PermissionSet::of_role(of.role), change, &owners).map_err(|error| error.code)
        };
        for change in [Change::Role(Role::Marketer), Change::Disable, Change::Enable, Change::SignOut] {
            assert_eq!(code(&admin, &viewer, change), Ok(()), "{change:?}");
            assert_eq!(code(&owner, &admin, change), Ok(()), "{change:?}");
            assert_eq!(code(&admin, &owner, change), Err(Code::PermissionDenied), "{change:?}");
        }
        assert_eq!(code(&admin, &viewer, Change::Role(Role::Owner)), Err(Code::PermissionDenied));
        assert_eq!(code(&admin, &viewer, Change::Role(Role::Admin)), Ok(()));
        assert_eq!(code(&owner, &viewer, Change::Role(Role::Owner)), Ok(()));
        assert_eq!(code(&admin, &admin, Change::Role(Role::Viewer)), Err(Code::StateConflict));
        assert_eq!(code(&owner, &owner, Change::Disable), Err(Code::StateConflict));
        assert_eq!(code(&owner, &owner, Change::SignOut), Ok(()));
    }

    #[test]
    fn the_last_owner_stays() {
        let (asking, last) = (staff(Role::Owner), staff(Role::Owner));
        // Whoever asks was an owner a moment ago and is none any more.
        for change in [Change::Role(Role::Admin), Change::Disable] {
            let refused = check(&asker(&asking), &last, PermissionSet::of_role(last.role), change, &[last.id])
                .map_err(|error| error.code);
            assert_eq!(refused, Err(Code::StateConflict));
            assert!(
                check(&asker(&asking), &last, PermissionSet::of_role(last.role), change, &[last.id, asking.id]).is_ok()
            );
        }
    }
}
