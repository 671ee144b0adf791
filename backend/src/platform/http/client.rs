//! From which address a request comes, for limits; never for rights.
//!
//! The peer's address, unless the peer is on this machine or in a private network: then it is a proxy in front of the
//! service, and the last address of `X-Forwarded-For`, which that proxy has added, counts. What a caller writes into
//! the header itself stands before it and counts for nothing.

use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};

/// The address of the client, if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl FromRequest for ClientAddress {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

impl ClientAddress {
    /// The address that `req` comes from.
    pub fn of(req: &HttpRequest) -> Self {
        Self(client(req.peer_addr().map(|peer| peer.ip()), last(req.headers(), "x-forwarded-for")))
    }
}

/// Whether the caller came over https, as the proxy in front of the service tells.
pub(super) fn is_secure(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let told = || last(headers, "x-forwarded-proto")?.rsplit(',').next().map(|proto| proto.trim() == "https");
    peer.is_some_and(|peer| is_near(peer.ip().to_canonical())) && told().unwrap_or(false)
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).last().and_then(|value| value.to_str().ok())
}

/// Whose address it is: one address, or the /64 that one subscriber of IPv6 gets.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Characters of a program's name that are kept.
const AGENT: usize = 200;

/// Who is at the other end, as far as it can be told: the address, and what the program calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
    /// The `User-Agent` in at most 200 characters; anybody may write anything into it.
    pub agent: Option<String>,
}

impl FromRequest for Client {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ClientAddress(address) = ClientAddress::of(req);
        let agent = req.headers().get("user-agent").map(|value| String::from_utf8_lossy(value.as_bytes()));
        ready(Ok(Self { address, agent: agent.and_then(|text| shown_agent(&text)) }))
    }
}

impl Client {
    /// The network of the address, for people to recognise and too coarse to follow a person by: an IPv4 /24, an
    /// IPv6 /48.
    pub fn network(&self) -> Option<String> {
        Some(match self.address?.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
        })
    }
}

/// `text` cut to what is kept, without control characters; nothing when nothing is left.
fn shown_agent(text: &str) -> Option<String> {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(AGENT).collect();
    Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty())
}

fn client(peer: Option<IpAddr>, forwarded: Option<&str>) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let told = || forwarded?.rsplit(',').next()?.trim().parse::<IpAddr>().ok();
    if is_near(peer) { told().or(Some(peer)) } else { Some(peer) }
}

/// On this machine or in a private network (RFC 1918, RFC 4193, link-local).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn a_subscriber_is_one_client() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff::9"));
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
        assert_ne!(network_of("192.0.2.1"), network_of("192.0.2.2"));
    }

    #[test]
    fn a_proxy_is_believed_and_a_caller_is_not() {
        let seen = |peer: &str, forwarded: Option<&str>| client(peer.parse().ok(), forwarded).unwrap().to_string();
        assert_eq!(seen("198.51.100.7", Some("203.0.113.1")), "198.51.100.7", "a stranger says anything");
        assert_eq!(
            seen("10.0.0.2", Some("203.0.113.1, 198.51.100.7")),
            "198.51.100.7",
            "the last one is the proxy's word"
        );
        assert_eq!(seen("::ffff:127.0.0.1", Some(" 2001:db8::1 ")), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", Some("unknown")), "127.0.0.1");
        assert_eq!(seen("fd00::1", None), "fd00::1");
        assert_eq!(client(None, Some("203.0.113.1")), None);
    }

    #[test]
    fn only_a_proxy_says_that_a_request_came_over_https() {
        let seen = |peer: &str, proto: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static(proto));
            is_secure(peer.parse().ok(), &headers)
        };
        assert!(seen("127.0.0.1:9", "https") && seen("10.0.0.2:9", "http, https"));
        assert!(!seen("127.0.0.1:9", "http") && !seen("10.0.0.2:9", "https, http"));
        assert!(!seen("198.51.100.7:9", "https"), "a stranger says anything");
        assert!(!is_secure("127.0.0.1:9".parse().ok(), &HeaderMap::new()));
    }

    #[test]
    fn what_is_kept_of_a_client_is_coarse_and_short() {
        let network = |text: &str| Client { address: text.parse().ok(), agent: None }.network();
        assert_eq!(network("203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("::ffff:203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("2001:db8:1:2:3::9").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(network("nowhere"), None);
        assert_eq!(shown_agent("浏览器/1.0\0\r\n"), Some("浏览器/1.0".to_owned()));
        assert_eq!(shown_agent(&"x".repeat(9000)).map(|text| text.len()), Some(AGENT));
        assert_eq!((shown_agent("  "), shown_agent("")), (None, None));
    }
}
