//! Where outbound requests may go, as a value: what an address must be, how a name becomes addresses, and who vouches
//! for a server.

use super::LONGEST;
use super::public::is_public;
use futures_util::future::BoxFuture;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// The longest address, in bytes.
pub const LONGEST_URL: usize = 2048;

/// Names that stand for machines of a network of one's own (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`).
const OWN: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "onion"];

/// How a name becomes addresses.
pub trait Lookup: Send + Sync {
    /// The addresses of `host`.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's own resolver.
struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// Where outbound requests may go. What serves has [`Self::public_only`]; no setting names anything else.
#[derive(Clone)]
pub struct AddressPolicy {
    allows: fn(IpAddr) -> bool,
    pub(super) lookup: Arc<dyn Lookup>,
    /// PEM of the authority that vouches for servers; the public ones if absent.
    pub(super) authority: Option<String>,
    /// A request is answered, body and all, within this time.
    pub(super) longest: Duration,
}

/// An address that nothing is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The machine-readable word.
    pub reason: &'static str,
    /// What is wrong and how to mend it.
    pub detail: &'static str,
}

impl AddressPolicy {
    /// Public addresses only, by the system's resolver, with the public authorities.
    pub fn public_only() -> Self {
        Self { allows: is_public, lookup: Arc::new(SystemLookup), authority: None, longest: LONGEST }
    }

    /// A policy for tests, whose servers stand on loopback: `tests/it/tidy` holds that nothing else makes one.
    pub fn for_tests(allows: fn(IpAddr) -> bool, lookup: Arc<dyn Lookup>, authority: Option<String>) -> Self {
        Self { allows, lookup, authority, longest: LONGEST }
    }

    /// The same, for tests that do not wait as long as production does.
    #[must_use]
    pub fn answered_within(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Whether a connection to `address` may be made.
    pub fn allows(&self, address: IpAddr) -> bool {
        (self.allows)(address)
    }

    /// `text` as an address that a request may be sent to, as far as it can be told without looking its name up.
    /// Every spelling of an IP address (decimal, octal, hexadecimal, shortened, full-width) is read as the URL
    /// standard reads it, which is how the request will.
    ///
    /// # Errors
    /// Why not.
    pub fn target(&self, text: &str) -> Result<Url, Refused> {
        let refused = |reason, detail| Err(Refused { reason, detail });
        if text.len() > LONGEST_URL {
            return refused("too_long", "Is longer than 2048 bytes. Shorten it.");
        }
        let Ok(url) = Url::parse(text) else {
            return refused("invalid", "Is not an address. Give one such as `https://hooks.shop.example/tillwatch`.");
        };
        if url.scheme() != "https" {
            return refused("not_https", "Must begin with `https://`: what is sent must not be read on its way.");
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return refused(
                "invalid",
                "Must have no user name, password or `#`: whoever reads the address would read them, too.",
            );
        }
        // Lower ports belong to other protocols, whose servers nobody has us knock at.
        if url.port().is_some_and(|port| port < 1024) {
            return refused("port_refused", "Use port 443, or one from 1024 on.");
        }
        let literal = match url.host() {
            Some(Host::Domain(name)) if is_own(name) => {
                return refused(
                    "not_public",
                    "Must be a full name on the public Internet, such as `hooks.shop.example`.",
                );
            }
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            None => return refused("invalid", "Has no host."),
        };
        if literal.is_some_and(|address| !self.allows(address)) {
            return refused("not_public", "Is not a public address. Nothing is sent into private networks.");
        }
        Ok(url)
    }
}

/// Whether `name` is one that only means something in a network of one's own, or is not written in full.
fn is_own(name: &str) -> bool {
    !name.contains('.')
        || name.ends_with('.')
        || OWN.iter().any(|own| name.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Result<String, &'static str> {
        AddressPolicy::public_only().target(text).map(|url| url.to_string()).map_err(|refused| refused.reason)
    }

    #[test]
    fn every_spelling_of_an_address_that_is_not_public_is_refused() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "１２７.０.０.１",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "10.0.0.1",
            "100.64.0.1",
            "192.168.1.1",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "intranet",
            "hooks.shop.example.",
        ] {
            assert_eq!(reason(&format!("https://{host}/x")), Err("not_public"), "{host}");
        }
    }

    #[test]
    fn what_is_no_address_for_a_webhook_is_refused_with_its_reason() {
        for (text, why) in [
            ("", "invalid"),
            ("hooks.shop.example", "invalid"),
            ("https://", "invalid"),
            ("https://[fe80::1%25eth0]/", "invalid"),
            ("https://256.1.1.1/", "invalid"),
            ("https://a b/", "invalid"),
            ("http://hooks.shop.example/", "not_https"),
            ("ftp://hooks.shop.example/", "not_https"),
            ("file:///etc/passwd", "not_https"),
            ("gopher://hooks.shop.example/", "not_https"),
            ("https://user@hooks.shop.example/", "invalid"),
            ("https://user:word@hooks.shop.example/", "invalid"),
            ("https://8.8.8.8@127.0.0.1/", "invalid"),
            ("https://hooks.shop.example/#top", "invalid"),
            ("https://hooks.shop.example:22/", "port_refused"),
            ("https://hooks.shop.example:0/", "port_refused"),
        ] {
            assert_eq!(reason(text), Err(why), "{text}");
        }
        let long = format!("https://hooks.shop.example/{}", "a".repeat(LONGEST_URL));
        assert_eq!(reason(&long), Err("too_long"));
    }

    #[test]
    fn public_names_and_addresses_pass_in_any_script() {
        assert_eq!(reason("https://hooks.shop.example").as_deref(), Ok("https://hooks.shop.example/"));
        assert_eq!(
            reason("https://hooks.shop.example:8443/a?b=c").as_deref(),
            Ok("https://hooks.shop.example:8443/a?b=c")
        );
        assert_eq!(reason("https://8.8.8.8/").as_deref(), Ok("https://8.8.8.8/"));
        assert_eq!(
            reason("https://超市.example/钩子").as_deref(),
            Ok("https://xn--7sto17h.example/%E9%92%A9%E5%AD%90")
        );
    }
}
