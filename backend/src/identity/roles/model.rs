//! What may stand in a role, and who may put it there. Pure.

use crate::identity::authority;
use crate::platform::http::who::PermissionSet;
use crate::platform::validate::Checks;
use tillwatch_shared::permissions::Permission;

/// The permissions of a role that somebody who has `own` makes: none that they lack, none that only an owner has.
pub fn check_permissions(checks: &mut Checks, pointer: &str, permissions: &[Permission], own: PermissionSet) {
    if permissions.len() > 64 {
        checks.refuse(pointer, "too_many", "Lists more permissions than there are. Name each once.");
        return;
    }
    for (index, permission) in permissions.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if permission.for_custom_roles() {
            authority::check_given(checks, &pointer, own, PermissionSet::from_iter([*permission]));
        } else {
            checks.refuse(&pointer, "owner_only", "Is in no role but the owner's. Remove it.");
        }
    }
}

/// The permissions sorted, each once.
pub fn tidy(mut permissions: Vec<Permission>) -> Vec<Permission> {
    permissions.sort_unstable();
    permissions.dedup();
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::permissions::Role;

    #[test]
    fn nobody_puts_in_what_they_lack_nor_what_is_the_owners() {
        let mut checks = Checks::default();
        let wish = [Permission::ChannelsRead, Permission::CampaignsResume, Permission::TenantDelete];
        check_permissions(&mut checks, "/permissions", &wish, PermissionSet::of_role(Role::Compliance));
        let refused = checks.into_error();
        let told: Vec<_> = refused.fields.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
        assert_eq!(told, [("/permissions/1", "not_yours"), ("/permissions/2", "owner_only")]);
        let mut checks = Checks::default();
        check_permissions(
            &mut checks,
            "/permissions",
            &[Permission::TenantDelete],
            PermissionSet::of_role(Role::Owner),
        );
        assert_eq!(checks.into_error().fields[0].code, "owner_only");
        let mut checks = Checks::default();
        check_permissions(&mut checks, "/permissions", &[], PermissionSet::default());
        assert!(checks.done().is_ok(), "a role that allows nothing is anybody's to make");
    }
}
