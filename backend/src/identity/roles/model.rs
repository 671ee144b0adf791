//! What may stand in a role, and who may put it there. Pure.

use crate::platform::http::who::PermissionSet;
use crate::platform::validate::Checks;
use tillwatch_shared::permissions::Permission;

/// A name: 1 to 120 characters on one line.
pub fn check_name(checks: &mut Checks, pointer: &str, name: &str) {
    checks.text(pointer, name, 1, 120);
    checks.ensure(!name.contains('\n'), pointer, "control_character", "A name has one line.");
}

/// What must differ between names: the name in lower case, without blanks around it.
pub fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The permissions of a role that somebody who has `own` makes: none that they lack, none that only an owner has.
pub fn check_permissions(checks: &mut Checks, pointer: &str, permissions: &[Permission], own: PermissionSet) {
    if permissions.len() > 64 {
        checks.refuse(pointer, "too_many", "Lists more permissions than there are. Name each once.");
        return;
    }
    for (index, permission) in permissions.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if !permission.for_custom_roles() {
            checks.refuse(&pointer, "owner_only", "Is in no role but the owner's. Remove it.");
        } else if !own.allows(*permission) {
            checks.refuse(&pointer, "not_yours", "You do not have this permission yourself.");
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

    #[test]
    fn names_differ_in_any_case_and_script() {
        assert_eq!(name_key(" Store MANAGER "), name_key("store manager"));
        assert_eq!(name_key("ÉQUIPE"), name_key("équipe"));
        assert_ne!(name_key("店长"), name_key("店員"));
    }
}
