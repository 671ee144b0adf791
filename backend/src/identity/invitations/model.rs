//! How far an invitation is, and whether it still stands. Pure.

use crate::platform::http::who::PermissionSet;
use chrono::{DateTime, Utc};
use tillwatch_shared::joining::InvitationState;
use tillwatch_shared::permissions::Permission;

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

/// Whether somebody who may do `inviter` may still give what they gave when they invited.
pub(super) fn stands(inviter: PermissionSet, gives: PermissionSet) -> bool {
    inviter.allows(Permission::StaffWrite) && inviter.holds(gives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use tillwatch_shared::permissions::Role;

    #[test]
    fn an_invitation_stands_while_its_inviter_may_give_it() {
        let set = PermissionSet::of_role;
        assert!(stands(set(Role::Owner), set(Role::Owner)) && stands(set(Role::Admin), set(Role::Viewer)));
        assert!(!stands(set(Role::Admin), set(Role::Owner)), "who stepped down makes no owner");
        assert!(!stands(set(Role::Marketer), set(Role::Viewer)), "who invites no more has invited nobody");
        assert!(!stands(PermissionSet::default(), PermissionSet::default()));
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
