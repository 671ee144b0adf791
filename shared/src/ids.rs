//! Ids: a UUIDv7 shown as a type prefix and 22 base58 characters (`cmp_11GqZx…`).
//!
//! The prefix tells what an id names, so an id of the wrong type is refused when parsed, not when looked up.
//! Invariant: printing and parsing are inverse; 22 characters hold every 128-bit value, left-padded with `1`.

use uuid::Uuid;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Base58 digits that hold 128 bits: ceil(128 / log2(58)).
const DIGITS: usize = 22;

/// Text that is not an id of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this type: expected `{prefix}_` and 22 base58 characters")]
pub struct BadId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

/// The 22 base58 characters of `id`.
pub fn encode(id: Uuid) -> String {
    let mut rest = id.as_u128();
    let mut text = [b'1'; DIGITS];
    for slot in text.iter_mut().rev() {
        // The remainder is below 58, so it fits and indexes the alphabet.
        let digit = (rest % 58) as usize;
        *slot = ALPHABET[digit];
        rest /= 58;
    }
    text.iter().map(|&b| char::from(b)).collect()
}

/// The id that [`encode`] printed, or `None` for anything else.
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != DIGITS {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |sum, byte| {
            let digit = ALPHABET.iter().position(|&a| a == byte)?;
            sum.checked_mul(58)?.checked_add(digit as u128)
        })
        .map(Uuid::from_u128)
}

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident $prefix:literal ),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id; later ids sort after earlier ones.
            #[expect(clippy::new_without_default, reason = "a fresh id each time is no default")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_")).and_then(decode).map(Self).ok_or(BadId { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[1-9A-HJ-NP-X][1-9A-HJ-NP-Za-km-z]{21}$")))
                    .min_length(Some($prefix.len() + 23))
                    .max_length(Some($prefix.len() + 23))
                    .examples([serde_json::Value::String(format!("{}_{}", $prefix, encode(Uuid::from_u128(0x0192_f0c1_2e5a_7000_8000_0000_0000_0001))))])
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )+ };
}

ids! {
    /// A retailer.
    TenantId "ten",
    /// A person's e-mail and password, without tenant.
    LoginId "lgn",
    /// A login's place in one tenant.
    StaffId "stf",
    /// An invitation to become staff.
    InvitationId "inv",
    /// A role that a retailer made for itself.
    RoleId "rol",
    /// A department of a retailer.
    DepartmentId "dep",
    /// A mail that waits or was sent.
    MailId "mal",
    /// A signed-in session of a staff.
    SessionId "ses",
    /// A partner's API token.
    ApiTokenId "tok",
    /// An entry of the audit log.
    AuditId "aud",
    /// A channel.
    ChannelId "chn",
    /// A campaign.
    CampaignId "cmp",
    /// A rule.
    RuleId "rul",
    /// An alert.
    AlertId "alr",
    /// A delivery: one incident's message in one chat channel.
    DeliveryId "dlv",
    /// A message in chat that is no alert's own.
    NoticeId "ntc",
    /// A silence: alerts of which nobody is told for a while.
    SilenceId "sil",
    /// An announced maintenance window.
    WindowId "mtw",
    /// A chat server linked to a tenant.
    ChatServerId "csv",
    /// A chat user linked to a staff.
    ChatUserId "cus",
    /// A metric of a retailer's own.
    MetricId "mtr",
    /// Something that samples are about: a content item, a keyword, a product.
    SubjectId "sbj",
    /// A reference value of other retailers.
    BenchmarkId "bmk",
    /// A document that is fetched on a schedule.
    FeedId "fed",
    /// One fetch of a feed.
    FeedRunId "frn",
    /// An address that a retailer's events are sent to.
    WebhookId "whk",
    /// An event of a retailer.
    EventId "evt",
    /// An event's way to one webhook; the `webhook-id` that it is sent under.
    MessageId "msg",
    /// A long job, or a unit of deferred work.
    JobId "job",
    /// The end of a retailer, and its certificate.
    ErasureId "ers",
    /// A goal.
    GoalId "gol",
    /// A proposed correction of a goal.
    ProposalId "prp",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_and_parsing_are_inverse_at_the_ends() {
        for id in [0, 1, 57, 58, u128::MAX] {
            let id = Uuid::from_u128(id);
            assert_eq!(decode(&encode(id)), Some(id));
            assert_eq!(encode(id).len(), DIGITS);
        }
    }

    #[test]
    fn a_foreign_prefix_a_wrong_length_and_an_overflow_are_refused() {
        let campaign = CampaignId::new();
        assert_eq!(campaign.to_string().parse(), Ok(campaign));
        assert!(campaign.to_string().parse::<ChannelId>().is_err());
        assert!("cmp_123".parse::<CampaignId>().is_err());
        assert!(format!("cmp_{}", "z".repeat(22)).parse::<CampaignId>().is_err());
        assert!("cmp_000000000000000000000O".parse::<CampaignId>().is_err());
    }
}
