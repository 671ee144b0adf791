//! Who asks, after the credential was checked: the tenant, the actor, where from, and what they may do.

use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use tillwatch_shared::ids::{ApiTokenId, ChannelId, RuleId, SessionId, StaffId, TenantId};
use tillwatch_shared::permissions::{Permission, Role};
use uuid::Uuid;

/// A set of permissions. The empty set allows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// Whether `permission` is in the set.
    pub fn allows(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether every permission of `other` is in the set.
    pub fn holds(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What a role allows.
    pub fn of_role(role: Role) -> Self {
        Permission::ALL.iter().copied().filter(|&p| role.allows(p)).collect()
    }

    /// The permissions, in the list's order.
    pub fn to_vec(self) -> Vec<Permission> {
        Permission::ALL.iter().copied().filter(|&p| self.allows(p)).collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, p| set | bit(p)))
    }
}

/// The list is closed and shorter than 64, which a test holds.
fn bit(permission: Permission) -> u64 {
    1 << (permission as u32)
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person with a place in the tenant.
    Staff {
        /// Their id.
        id: StaffId,
        /// Their role.
        role: Role,
        /// The signed-in session; absent when the bot acts for them.
        session: Option<SessionId>,
    },
    /// A partner's token.
    Token(ApiTokenId),
    /// A rule.
    Rule(RuleId),
    /// The service itself.
    System,
}

impl Actor {
    /// `staff`, `api_token`, `rule` or `system`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Staff { .. } => "staff",
            Self::Token(_) => "api_token",
            Self::Rule(_) => "rule",
            Self::System => "system",
        }
    }

    /// The actor's id in the database.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::Staff { id, .. } => Some(id.0),
            Self::Token(id) => Some(id.0),
            Self::Rule(id) => Some(id.0),
            Self::System => None,
        }
    }
}

/// The actor's typed id as text, from the two columns that keep it.
pub fn actor_text(kind: &str, id: Option<Uuid>) -> Option<String> {
    let id = id?;
    match kind {
        "staff" => Some(StaffId(id).to_string()),
        "api_token" => Some(ApiTokenId(id).to_string()),
        "rule" => Some(RuleId(id).to_string()),
        _ => None,
    }
}

/// Which channels somebody's permissions reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Every channel, and what belongs to none.
    #[default]
    All,
    /// These channels and what belongs to them alone; the empty set reaches nothing.
    Only(Arc<BTreeSet<ChannelId>>),
}

impl Reach {
    /// Whether `channel` is reached.
    pub fn holds(&self, channel: ChannelId) -> bool {
        match self {
            Self::All => true,
            Self::Only(channels) => channels.contains(&channel),
        }
    }

    /// The channels as the database knows them; `None` for all.
    pub fn only(&self) -> Option<Vec<Uuid>> {
        match self {
            Self::All => None,
            Self::Only(channels) => Some(channels.iter().map(|id| id.0).collect()),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Who {
    /// The retailer; every query names it.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: Actor,
    /// From where: `api`, `discord/<server>/<user>`, `console/<server>/<user>`, `rule`, `schedule`, `job`.
    pub via: String,
    /// What they may do.
    pub permissions: PermissionSet,
    /// Which channels that reaches.
    pub reach: Reach,
    /// When the person last proved who they are, in this session; absent for whoever is no signed-in person.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// The request that this is part of.
    pub request_id: String,
}

impl Who {
    /// The service itself in one tenant: jobs, sign-in before a session exists, rules.
    pub fn system(tenant: TenantId, via: &str, request_id: &str) -> Self {
        Self {
            tenant,
            actor: Actor::System,
            via: via.to_owned(),
            permissions: PermissionSet::default(),
            reach: Reach::All,
            authenticated_at: None,
            request_id: request_id.to_owned(),
        }
    }

    /// The same request as the doing of a rule.
    #[must_use]
    pub fn as_rule(&self, rule: RuleId) -> Self {
        Self { actor: Actor::Rule(rule), via: "rule".to_owned(), ..self.clone() }
    }

    /// The acting staff, if a person acts.
    pub fn staff(&self) -> Option<StaffId> {
        match self.actor {
            Actor::Staff { id, .. } => Some(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_own_bit() {
        assert!(Permission::ALL.len() < 64);
        for &p in Permission::ALL {
            assert_eq!(PermissionSet::from_iter([p]).to_vec(), [p]);
        }
        assert!(PermissionSet::default().to_vec().is_empty());
        let (admin, owner) = (PermissionSet::of_role(Role::Admin), PermissionSet::of_role(Role::Owner));
        assert!(owner.holds(admin) && admin.holds(admin) && !admin.holds(owner));
    }
}
