//! How far an invitation is, and who may give which role. Pure.

use crate::error::{Error, Result};
use crate::platform::http::who::{Actor, PermissionSet, Reach, Who};
use chrono::{DateTime, Utc};
use tillwatch_shared::errors::Code;
use tillwatch_shared::joining::InvitationState;
use tillwatch_shared::permissions::Role;

/// How far an invitation is at `now`.
pub(super) fn state(
    accepted_at: Option<DateTime<Utc>>,
    withdrawn_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> InvitationState {
    if accepted_at.is_some() {
        InvitationState::Accepted
    } else if withdrawn_at.is_some() {
        InvitationState::Withdrawn
    } else if expires_at <= now {
        InvitationState::Expired
    } else {
        InvitationState::Pending
    }
}

/// Whether `who` may give somebody this role: they have every permission of it, on every channel, and only an owner makes
/// an owner.
///
/// # Errors
/// 403 that says what is missing.
pub(super) fn may_give(who: &Who, role: Role) -> Result<()> {
    let denied = |detail: String| Err(Error::new(Code::PermissionDenied, detail));
    let owner = matches!(who.actor, Actor::Staff { role: Role::Owner, .. });
    if role == Role::Owner && !owner {
        return denied("Only an owner makes an owner.".to_owned());
    }
    if who.reach != Reach::All {
        return denied(
            "Your rights hold for some channels only, so you cannot give a role, which holds for all.".to_owned(),
        );
    }
    let more = PermissionSet::of_role(role).to_vec().into_iter().find(|&p| !who.permissions.allows(p));
    match more {
        None => Ok(()),
        Some(permission) => {
            denied(format!("The role `{role}` has the permission `{permission}`, which you do not have yourself."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::sync::Arc;
    use tillwatch_shared::ids::{StaffId, TenantId};

    fn staff(role: Role) -> Who {
        let mut who = Who::system(TenantId::new(), "api", "r");
        who.actor = Actor::Staff { id: StaffId::new(), role, session: None };
        who.permissions = PermissionSet::of_role(role);
        who
    }

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        for &role in Role::ALL {
            assert!(may_give(&staff(Role::Owner), role).is_ok());
            assert_eq!(may_give(&staff(Role::Admin), role).is_ok(), role != Role::Owner, "{role}");
        }
        assert!(may_give(&staff(Role::Marketer), Role::Viewer).is_ok());
        assert!(may_give(&staff(Role::Marketer), Role::Compliance).is_err());
        assert!(may_give(&staff(Role::Viewer), Role::Marketer).is_err());
        let narrowed = Who { reach: Reach::Only(Arc::default()), ..staff(Role::Admin) };
        assert!(may_give(&narrowed, Role::Viewer).is_err());
        // However many permissions somebody has, only an owner makes an owner.
        let mut every = staff(Role::Admin);
        every.permissions = PermissionSet::of_role(Role::Owner);
        assert!(may_give(&every, Role::Owner).is_err());
    }

    #[test]
    fn an_invitation_ends_once() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = now + TimeDelta::seconds(1);
        assert_eq!(state(None, None, later, now), InvitationState::Pending);
        assert_eq!(state(None, None, now, now), InvitationState::Expired);
        assert_eq!(state(None, Some(now), now, now), InvitationState::Withdrawn);
        assert_eq!(state(Some(now), None, now, now), InvitationState::Accepted);
    }
}
