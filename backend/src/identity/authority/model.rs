//! How a staff's authority comes about, and the one rule of giving it: nobody gives, changes or takes over what allows
//! what they may not do themselves. Pure.

use crate::error::{Error, Result};
use crate::platform::http::who::{PermissionSet, Reach, Who};
use crate::platform::validate::Checks;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::permissions::{Permission, Role};
use uuid::Uuid;

/// What somebody may do, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The built-in role; counts for nothing where a custom one is set.
    pub role: Role,
    /// What the role allows, wherever.
    pub of_role: PermissionSet,
    /// What they may do: what the role allows, less what is about the whole retailer if they are narrowed to channels.
    pub permissions: PermissionSet,
    /// Which channels that reaches.
    pub reach: Reach,
}

impl Authority {
    /// From what is kept of a staff: the built-in role, the permissions of the custom one if one is set, and the
    /// channels if they are narrowed to some.
    pub fn new(role: Role, custom: Option<&[String]>, channels: Option<Vec<Uuid>>) -> Self {
        let of_role = custom.map_or_else(|| PermissionSet::of_role(role), of_words);
        let reach = Reach::of(channels.map(|channels| channels.into_iter().map(ChannelId)));
        Self { role, of_role, permissions: of_role.within(&reach), reach }
    }
}

/// The permissions of a custom role. A word that this version does not know allows nothing, and what is in no custom
/// role is not allowed by one that somebody wrote into the database.
fn of_words(words: &[String]) -> PermissionSet {
    words.iter().filter_map(|word| word.parse::<Permission>().ok()).filter(|word| word.for_custom_roles()).collect()
}

/// What of `set` somebody who may do `own` lacks, named; `None` when they may do all of it. What only an owner does is in
/// no other role, so only an owner lacks nothing of an owner's set.
fn lacking(own: PermissionSet, set: PermissionSet) -> Option<String> {
    let names: Vec<String> = set.without(own).to_vec().iter().map(|permission| format!("`{permission}`")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Refuses the field at `pointer`, which gives `set`, if somebody who may do `own` lacks some of it.
pub fn check_given(checks: &mut Checks, pointer: &str, own: PermissionSet, set: PermissionSet) {
    if let Some(lacking) = lacking(own, set) {
        checks.refuse(pointer, "not_yours", format!("Allows what you may not do yourself: {lacking}."));
    }
}

/// Whether `who` may give somebody `set`.
///
/// # Errors
/// 403 that names what they lack.
pub fn may_give(who: &Who, set: PermissionSet) -> Result<()> {
    let refused = |lacking| format!("You may not give what you may not do yourself: {lacking}. Ask somebody who may.");
    lacking(who.permissions, set).map_or(Ok(()), |lacking| Err(Error::new(Code::PermissionDenied, refused(lacking))))
}

/// Whether `who` may change or take over what allows `set`: a person, a role, a token.
///
/// # Errors
/// 403 that names what they lack.
pub fn may_touch(who: &Who, set: PermissionSet) -> Result<()> {
    let refused = |lacking| format!("This allows what you may not do yourself: {lacking}. Ask somebody who may.");
    lacking(who.permissions, set).map_or(Ok(()), |lacking| Err(Error::new(Code::PermissionDenied, refused(lacking))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::TenantId;

    #[test]
    fn nobody_gives_or_touches_what_they_lack_and_only_an_owner_an_owners() {
        let who = |role| Who { permissions: PermissionSet::of_role(role), ..Who::system(TenantId::new(), "api", "r") };
        for &role in Role::ALL {
            for set in [PermissionSet::of_role(role), PermissionSet::default()] {
                assert!(may_give(&who(Role::Owner), set).is_ok() && may_touch(&who(Role::Owner), set).is_ok());
                assert!(may_give(&who(role), set).is_ok(), "{role} gives their own");
            }
            let owners = PermissionSet::of_role(Role::Owner);
            assert_eq!(may_give(&who(role), owners).is_ok(), role == Role::Owner, "{role}");
            assert_eq!(may_touch(&who(role), owners).is_ok(), role == Role::Owner, "{role}");
        }
        let refused = may_give(&who(Role::Marketer), PermissionSet::of_role(Role::Compliance)).unwrap_err();
        assert_eq!(refused.code, Code::PermissionDenied);
        assert!(refused.detail.contains("`tenant:export`, `audit:read`"), "{}", refused.detail);
        let mut checks = Checks::default();
        check_given(&mut checks, "/a", PermissionSet::default(), PermissionSet::default());
        check_given(&mut checks, "/b", PermissionSet::default(), PermissionSet::of_role(Role::Viewer));
        let told: Vec<_> = checks.into_error().fields.into_iter().map(|field| (field.pointer, field.code)).collect();
        assert_eq!(told, [("/b".to_owned(), "not_yours".to_owned())]);
    }

    fn words(permissions: &[&str]) -> Vec<String> {
        permissions.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_custom_role_counts_instead_of_the_built_in_one() {
        for &role in Role::ALL {
            let plain = Authority::new(role, None, None);
            assert_eq!(plain.permissions, PermissionSet::of_role(role));
            let custom = Authority::new(role, Some(&words(&["samples:write"])), None);
            assert_eq!(custom.permissions.to_vec(), [Permission::SamplesWrite], "{role}");
        }
    }

    #[test]
    fn an_empty_list_gives_nothing_whatever_else_is_said() {
        for &role in Role::ALL {
            assert_eq!(Authority::new(role, Some(&[]), None).permissions, PermissionSet::default(), "{role}");
            let nowhere = Authority::new(role, None, Some(Vec::new()));
            assert!(!nowhere.reach.holds(ChannelId::new()), "{role}");
        }
    }

    #[test]
    fn unknown_words_and_what_is_the_owners_give_nothing() {
        let odd = words(&["tenant:delete", "everything", "*", "", "channels:read"]);
        assert_eq!(Authority::new(Role::Owner, Some(&odd), None).permissions.to_vec(), [Permission::ChannelsRead]);
    }

    #[test]
    fn a_narrowed_admin_keeps_what_is_about_channels() {
        let admin = Authority::new(Role::Admin, None, Some(vec![Uuid::now_v7()]));
        assert!(admin.of_role.allows(Permission::StaffWrite) && !admin.permissions.allows(Permission::StaffWrite));
        assert!(admin.permissions.allows(Permission::CampaignsWrite));
    }
}
