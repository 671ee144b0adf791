//! What a channel's kind tells about it. Pure.

use tillwatch_shared::plan::{ChannelDomain, ChannelKind};

/// What a channel is taken for unless its maker says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Online or offline.
    pub online: bool,
    /// 公域/私域
    pub domain: ChannelDomain,
}

/// What `kind` tells: a shopper stands in a store or at a partner's and is online elsewhere; the private domain (私域)
/// is where the retailer itself holds the tie and can speak to shoppers again, the public (公域) where a platform
/// lends its traffic.
pub const fn defaults(kind: ChannelKind) -> Defaults {
    use ChannelDomain::{Private, Public};
    use ChannelKind as K;
    let (online, domain) = match kind {
        K::Store => (false, Private),
        K::WebShop | K::Email | K::Sms | K::App | K::MiniProgram | K::CommunityGroup | K::ServiceLine => {
            (true, Private)
        }
        K::Marketplace | K::Social | K::Search | K::LiveStream | K::ShortVideo | K::GroupBuying | K::Kol => {
            (true, Public)
        }
        K::Partner => (false, Public),
    };
    Defaults { online, domain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChannelKind as K;

    #[test]
    fn every_kind_has_its_defaults() {
        let of = |online, domain| {
            ChannelKind::ALL.iter().copied().filter(|&k| defaults(k) == Defaults { online, domain }).collect::<Vec<_>>()
        };
        assert_eq!(of(false, ChannelDomain::Private), [K::Store]);
        assert_eq!(of(false, ChannelDomain::Public), [K::Partner]);
        assert_eq!(
            of(true, ChannelDomain::Private),
            [K::WebShop, K::Email, K::Sms, K::App, K::MiniProgram, K::CommunityGroup, K::ServiceLine]
        );
        assert_eq!(
            of(true, ChannelDomain::Public),
            [K::Marketplace, K::Social, K::Search, K::LiveStream, K::ShortVideo, K::GroupBuying, K::Kol]
        );
    }
}
