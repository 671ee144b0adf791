//! Who asks, after the credential was checked: the tenant, the actor, where from, and what they may do.

use crate::platform::db::once::Once;
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

    /// What a role allows.
    pub fn of_role(role: Role) -> Self {
        Permission::ALL.iter().copied().filter(|&p| role.allows(p)).collect()
    }

    /// Whether every permission of `other` is in the set.
    pub fn holds(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What is in the set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What of the set is left to somebody of this reach: see [`Permission::by_channel`].
    #[must_use]
    pub fn within(self, reach: &Reach) -> Self {
        match reach {
            Reach::All => self,
            Reach::Only(_) => self.to_vec().into_iter().filter(|permission| permission.by_channel()).collect(),
        }
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
    /// The reach of a list of channels as it is kept: every channel where there is none, nothing where it is empty.
    pub fn of(channels: Option<impl IntoIterator<Item = ChannelId>>) -> Self {
        channels.map_or(Self::All, |channels| Self::Only(Arc::new(channels.into_iter().collect())))
    }

    /// The rule: an object is reached when it belongs to channels and all of them are reached. What belongs to none is
    /// about the whole retailer.
    pub fn holds_all(&self, channels: &[ChannelId]) -> bool {
        match self {
            Self::All => true,
            Self::Only(_) => !channels.is_empty() && channels.iter().all(|channel| self.holds(*channel)),
        }
    }

    /// The channel, if exactly one is reached.
    pub fn single(&self) -> Option<ChannelId> {
        match self {
            Self::Only(channels) if channels.len() == 1 => channels.first().copied(),
            _ => None,
        }
    }

    /// The channels as the wire lists them; `None` for all.
    pub fn to_wire(&self) -> Option<Vec<ChannelId>> {
        match self {
            Self::All => None,
            Self::Only(channels) => Some(channels.iter().copied().collect()),
        }
    }

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

/// What a tenant or a token may send, where that is not the usual number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests a minute of the tenant.
    pub per_minute: Option<u32>,
    /// Requests of the tenant in hand at once, in each process.
    pub concurrent: Option<u32>,
    /// Requests a minute of the token that asks.
    pub of_token: Option<u32>,
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
    /// Their limits.
    pub quota: Quota,
    /// The request that this is part of.
    pub request_id: String,
    /// The request's own transaction, when it carries an idempotency key.
    pub once: Option<Once>,
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
            quota: Quota::default(),
            request_id: request_id.to_owned(),
            once: None,
        }
    }

    /// The same request as the doing of a rule, which stands above the reach of whoever set it off.
    #[must_use]
    pub fn as_rule(&self, rule: RuleId) -> Self {
        Self { actor: Actor::Rule(rule), via: "rule".to_owned(), reach: Reach::All, ..self.clone() }
    }

    /// Whether they may: the permission is theirs, and within their reach it means something.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.within(&self.reach).allows(permission)
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

    #[test]
    fn sets_are_compared_and_taken_apart() {
        let [read, write] = [Permission::ChannelsRead, Permission::ChannelsWrite];
        let (one, both) = (PermissionSet::from_iter([read]), PermissionSet::from_iter([read, write]));
        assert!(both.holds(one) && both.holds(both) && !one.holds(both));
        assert!(PermissionSet::default().holds(PermissionSet::default()) && !PermissionSet::default().holds(one));
        assert_eq!(both.without(one).to_vec(), [write]);
    }

    #[test]
    fn an_object_is_reached_with_all_its_channels_and_one_without_channels_is_not() {
        let [inside, outside] = [ChannelId::new(), ChannelId::new()];
        let reach = Reach::of(Some([inside]));
        assert!(reach.holds_all(&[inside]));
        assert!(!reach.holds_all(&[inside, outside]) && !reach.holds_all(&[outside]) && !reach.holds_all(&[]));
        assert_eq!((reach.single(), Reach::All.single()), (Some(inside), None));
        let everything = Reach::of(None::<Vec<ChannelId>>);
        assert!(everything.holds_all(&[inside, outside]) && everything.holds_all(&[]));
        let nothing = Reach::of(Some([]));
        assert!(!nothing.holds(inside) && !nothing.holds_all(&[inside]) && !nothing.holds_all(&[]));
        assert_eq!(nothing.only(), Some(Vec::new()), "an empty list is not the absence of one");
    }

    #[test]
    fn a_narrowed_caller_may_only_what_is_about_channels() {
        let who = Who {
            permissions: PermissionSet::of_role(Role::Admin),
            reach: Reach::of(Some([ChannelId::new()])),
            ..Who::system(TenantId::new(), "api", "r")
        };
        for &permission in Permission::ALL {
            assert_eq!(who.may(permission), permission.by_channel(), "{permission}");
        }
        assert_eq!(who.as_rule(RuleId::new()).reach, Reach::All);
    }
}
