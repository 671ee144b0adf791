//! How a staff's authority comes about. Pure.

use crate::platform::http::who::{PermissionSet, Reach};
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

#[cfg(test)]
mod tests {
    use super::*;

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
