//! Which addresses are public. Pure.
//!
//! The tables are the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190; as of 2025), and they
//! are taken whole: what stands in a registry is refused even where it says "globally reachable", since none of it is
//! where somebody's own server lives. Of IPv6 only `2000::/3` is given out at all, so everything outside is refused
//! without being named: unspecified, loopback, IPv4-mapped and IPv4-compatible, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`),
//! discard (`100::/64`), `SRv6` (`5f00::/16`), unique local (`fc00::/7`), link-local (`fe80::/10`), multicast (`ff00::/8`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not public: first address and length of the prefix.
const SPECIAL_4: [([u8; 4], u32); 19] = [
    // "This network".
    ([0, 0, 0, 0], 8),
    // Private.
    ([10, 0, 0, 0], 8),
    // Shared, behind a carrier's NAT.
    ([100, 64, 0, 0], 10),
    // Loopback.
    ([127, 0, 0, 0], 8),
    // Link-local, with the clouds' metadata at 169.254.169.254.
    ([169, 254, 0, 0], 16),
    // Private.
    ([172, 16, 0, 0], 12),
    // IETF protocol assignments.
    ([192, 0, 0, 0], 24),
    // Documentation.
    ([192, 0, 2, 0], 24),
    // AS112.
    ([192, 31, 196, 0], 24),
    // AMT.
    ([192, 52, 193, 0], 24),
    // 6to4 relays, given up.
    ([192, 88, 99, 0], 24),
    // Private.
    ([192, 168, 0, 0], 16),
    // AS112.
    ([192, 175, 48, 0], 24),
    // Benchmarking.
    ([198, 18, 0, 0], 15),
    // Documentation.
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast.
    ([224, 0, 0, 0], 4),
    // Reserved, with the broadcast address.
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// Blocks within `2000::/3` that are not public: first address and length of the prefix.
const SPECIAL_6: [(Ipv6Addr, u32); 5] = [
    // IETF protocol assignments: Teredo, benchmarking, AMT, AS112, ORCHID, drone ids.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which carries an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // AS112.
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    // Documentation.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether `address` is one that anybody on the Internet may be at.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let within = |(first, length): &([u8; 4], u32)| {
                (address.to_bits() ^ Ipv4Addr::from(*first).to_bits()).leading_zeros() >= *length
            };
            !SPECIAL_4.iter().any(within)
        }
        IpAddr::V6(address) => {
            let within =
                |(first, length): &(Ipv6Addr, u32)| (address.to_bits() ^ first.to_bits()).leading_zeros() >= *length;
            within(&(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)) && !SPECIAL_6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap_or_else(|_| panic!("{text} is no address")))
    }

    #[test]
    fn the_first_and_the_last_address_of_every_special_block_are_refused_and_their_neighbours_are_not() {
        for (block, before, after) in [
            (["0.0.0.0", "0.255.255.255"], None, Some("1.0.0.0")),
            (["10.0.0.0", "10.255.255.255"], Some("9.255.255.255"), Some("11.0.0.0")),
            (["100.64.0.0", "100.127.255.255"], Some("100.63.255.255"), Some("100.128.0.0")),
            (["127.0.0.0", "127.255.255.255"], Some("126.255.255.255"), Some("128.0.0.0")),
            (["169.254.0.0", "169.254.255.255"], Some("169.253.255.255"), Some("169.255.0.0")),
            (["172.16.0.0", "172.31.255.255"], Some("172.15.255.255"), Some("172.32.0.0")),
            (["192.0.0.0", "192.0.0.255"], Some("191.255.255.255"), Some("192.0.1.0")),
            (["192.0.2.0", "192.0.2.255"], Some("192.0.1.255"), Some("192.0.3.0")),
            (["192.31.196.0", "192.31.196.255"], Some("192.31.195.255"), Some("192.31.197.0")),
            (["192.52.193.0", "192.52.193.255"], Some("192.52.192.255"), Some("192.52.194.0")),
            (["192.88.99.0", "192.88.99.255"], Some("192.88.98.255"), Some("192.88.100.0")),
            (["192.168.0.0", "192.168.255.255"], Some("192.167.255.255"), Some("192.169.0.0")),
            (["192.175.48.0", "192.175.48.255"], Some("192.175.47.255"), Some("192.175.49.0")),
            (["198.18.0.0", "198.19.255.255"], Some("198.17.255.255"), Some("198.20.0.0")),
            (["198.51.100.0", "198.51.100.255"], Some("198.51.99.255"), Some("198.51.101.0")),
            (["203.0.113.0", "203.0.113.255"], Some("203.0.112.255"), Some("203.0.114.0")),
            (["224.0.0.0", "255.255.255.255"], Some("223.255.255.255"), None),
            (["::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], None, None),
            (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2000:ffff::"), Some("2001:200::")),
            (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2001:db7::"), Some("2001:db9::")),
            (["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2001:ffff::"), Some("2003::")),
            (["2620:4f:8000::", "2620:4f:8000:ffff::"], Some("2620:4f:7fff::"), Some("2620:4f:8001::")),
            (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("3ffe:ffff::"), Some("3fff:1000::")),
            (["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], None, None),
        ] {
            for address in block {
                assert!(!public(address), "{address}");
            }
            for address in [before, after].into_iter().flatten() {
                assert!(public(address), "{address}");
            }
        }
    }

    #[test]
    fn what_attackers_like_is_refused() {
        for address in [
            "127.0.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::1",
            "fd00:ec2::254",
            "fc00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!public(address), "{address}");
        }
        assert!(public("8.8.8.8") && public("2606:4700:4700::1111"));
    }
}
