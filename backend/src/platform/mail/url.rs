//! `SMTP_URL`: which protection the way to the mail server has when the address does not say it.

use std::net::IpAddr;
use url::Url;

/// What the setting takes.
pub(super) const TAKES: &str = "It takes smtps://user:password@host, or smtp://user:password@host:587 (STARTTLS; \
    `?tls=none` for a server of one's own network that has no TLS and asks for no password).";

/// The address with its protection spelled out: `smtp://` means STARTTLS, save for a server on this machine, and for
/// `?tls=none`, which is refused together with a password. It is judged as it is parsed, by the parser of whoever
/// connects, and what was not judged is not passed on: nothing else of the text decides about TLS.
///
/// # Errors
/// A sentence that names the setting, and nothing of its value.
pub(super) fn with_tls(text: &str) -> Result<String, String> {
    let mut url = Url::parse(text).map_err(|error| format!("SMTP_URL: {error}. {TAKES}"))?;
    if url.fragment().is_some() {
        return Err(format!("SMTP_URL: `#` stands for nothing here; in a password it is written %23. {TAKES}"));
    }
    let here = url.host_str().is_some_and(is_here);
    let has_password = url.password().is_some() || !url.username().is_empty();
    let protected = match (url.scheme(), url.query()) {
        ("smtps", None | Some("tls=required")) | ("smtp", Some("tls=required")) => true,
        ("smtp", None) => !here,
        ("smtp", Some("tls=none")) if has_password && !here => {
            return Err(format!("SMTP_URL: a password is not sent without TLS. {TAKES}"));
        }
        ("smtp", Some("tls=none")) => false,
        ("smtp" | "smtps", _) => {
            return Err(format!("SMTP_URL: behind `?` stands `tls=required`, `tls=none` or nothing. {TAKES}"));
        }
        _ => return Err(format!("SMTP_URL: it begins with smtp:// or smtps://. {TAKES}")),
    };
    url.set_query(protected.then_some("tls=required"));
    Ok(url.into())
}

/// Whether the host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::with_tls;

    #[test]
    fn a_way_over_a_network_is_protected_unless_somebody_says_otherwise() {
        for (given, used) in [
            ("smtp://mail.example", "smtp://mail.example?tls=required"),
            ("smtp://me:x@mail.example:587", "smtp://me:x@mail.example:587?tls=required"),
            ("smtp://mail.example?tls=required", "smtp://mail.example?tls=required"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("smtp://[::1]:25", "smtp://[::1]:25"),
            ("smtp://me:x@LOCALHOST?tls=none", "smtp://me:x@LOCALHOST"),
            ("smtp://relay:25?tls=none", "smtp://relay:25"),
            ("smtps://mail.example", "smtps://mail.example?tls=required"),
            ("smtp://localhost.evil.example", "smtp://localhost.evil.example?tls=required"),
            ("smtp://127.0.0.1@mail.example", "smtp://127.0.0.1@mail.example?tls=required"),
        ] {
            assert_eq!(with_tls(given).unwrap(), used, "{given}");
        }
    }

    #[test]
    fn no_way_of_writing_the_address_sends_a_password_in_the_clear() {
        // The scheme in capitals is the same scheme.
        assert_eq!(with_tls("SMTP://me:hunter2@mail.example").unwrap(), "smtp://me:hunter2@mail.example?tls=required");
        for refused in [
            "smtp://me:hunter2@mail.example#x",
            "smtp://me:hunter2@mail.example?tls=required#x",
            "smtp://me:hunter2@mail.example?tls=opportunistic",
            "smtp://me:hunter2@mail.example?TLS=required",
            "smtp://me:hunter2@mail.example?tls=none&tls=required",
            "smtp://me:hunter2@mail.example?",
            "smtp://me:hunter2@mail.example?tls=none",
            "SMTP://me@mail.example?tls=none",
            "smtps://me:hunter2@mail.example?tls=none",
            "http://me:hunter2@mail.example",
            "mail.example",
        ] {
            let said = with_tls(refused).unwrap_err();
            assert!(said.starts_with("SMTP_URL: ") && !said.contains("hunter2"), "{refused}: {said}");
        }
    }
}
