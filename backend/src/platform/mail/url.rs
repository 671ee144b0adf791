//! `SMTP_URL`: which protection the way to the mail server has when the address does not say it.

use std::net::IpAddr;

/// What the setting takes.
pub(super) const TAKES: &str = "It takes smtps://user:password@host, or smtp://user:password@host:587 (STARTTLS; \
    `?tls=none` for a server of one's own network that has no TLS and asks for no password).";

/// The address with its protection spelled out: `smtp://` means STARTTLS, save for a server on this machine, and for
/// `?tls=none`, which is refused together with a password.
///
/// # Errors
/// A sentence that names the setting.
pub(super) fn with_tls(url: &str) -> Result<String, String> {
    let Some(rest) = url.strip_prefix("smtp://") else { return Ok(url.to_owned()) };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let (credentials, host) = authority.rsplit_once('@').map_or((None, authority), |(who, host)| (Some(who), host));
    match query {
        "" if is_here(host) => Ok(url.to_owned()),
        "" => Ok(format!("smtp://{place}?tls=required")),
        "tls=none" if credentials.is_none() || is_here(host) => Ok(format!("smtp://{place}")),
        "tls=none" => Err(format!("SMTP_URL: a password is not sent without TLS. {TAKES}")),
        _ => Ok(url.to_owned()),
    }
}

/// Whether the host (with or without a port) is this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::with_tls;

    #[test]
    fn a_way_over_a_network_is_protected_unless_somebody_says_otherwise() {
        assert_eq!(with_tls("smtp://mail.example").unwrap(), "smtp://mail.example?tls=required");
        assert_eq!(with_tls("smtp://me:x@mail.example:587").unwrap(), "smtp://me:x@mail.example:587?tls=required");
        assert_eq!(with_tls("smtp://127.0.0.1:2525").unwrap(), "smtp://127.0.0.1:2525");
        assert_eq!(with_tls("smtp://[::1]:25").unwrap(), "smtp://[::1]:25");
        assert_eq!(with_tls("smtp://relay:25?tls=none").unwrap(), "smtp://relay:25");
        assert_eq!(with_tls("smtps://mail.example").unwrap(), "smtps://mail.example");
        assert!(with_tls("smtp://me:x@relay?tls=none").is_err());
        assert_eq!(with_tls("smtp://localhost.evil.example").unwrap(), "smtp://localhost.evil.example?tls=required");
    }
}
