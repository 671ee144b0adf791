//! Which other web sites' pages may call the API from a browser (Fetch Standard, CORS).
//!
//! A list of exact origins, none unless they are named. Credentials travel in `Authorization`, which a page must set by
//! itself, never in cookies; so answers never allow a browser's own credentials, and no origin is `*`.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, Uri};

/// What a page may send.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// The headers that it may send.
const HEADERS: &str = "authorization, content-type, content-encoding, idempotency-key, if-match, x-request-id";
/// The headers of an answer that it may read.
const EXPOSED: &str =
    "etag, location, retry-after, ratelimit, ratelimit-policy, x-request-id, idempotency-replayed, www-authenticate";
/// Seconds for which a browser may remember it.
const REMEMBERED: &str = "600";

/// The origins that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// From a list with commas: `https://console.example, http://localhost:5173`.
    ///
    /// # Errors
    /// A sentence that names the entry which is no origin, or one that is not https and not of this machine.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let origins = entries.map(|entry| origin(entry).map_err(|fault| format!("`{entry}` {fault}")));
        Ok(Self { origins: origins.collect::<Result<_, _>>()? })
    }

    /// The origin of the request, if its pages may call.
    pub(super) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let asked = headers.get(header::ORIGIN)?;
        self.origins.iter().any(|origin| origin.as_bytes() == asked.as_bytes()).then(|| asked.clone())
    }

    /// Adds what every answer carries.
    pub(super) fn write(&self, allowed: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        // Whatever a cache keeps is of one origin only.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// Whether a browser asks if it may ask.
pub(super) fn is_preflight(req: &ServiceRequest) -> bool {
    req.method() == Method::OPTIONS
        && req.headers().contains_key(header::ORIGIN)
        && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What the answer to that says beside [`Cors::write`].
pub(super) fn write_preflight(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
}

/// An origin as browsers send it: scheme, host, and the port if it is not the scheme's own.
fn origin(text: &str) -> Result<String, &'static str> {
    const FORM: &str =
        "is no origin: write https://host or https://host:port, in small letters, with nothing behind it";
    let uri: Uri = text.parse().map_err(|_| FORM)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(FORM) };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
    if format!("{scheme}://{authority}") != text || !authority.as_str().bytes().all(plain) {
        return Err(FORM);
    }
    match (scheme, authority.port_u16()) {
        ("https", Some(443)) | ("http", Some(80)) => Err("names the usual port, which browsers leave out"),
        ("https", _) => Ok(text.to_owned()),
        ("http", _) if ["localhost", "127.0.0.1", "[::1]"].contains(&authority.host()) => Ok(text.to_owned()),
        _ => Err("is not https; only pages of this machine may be http"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_https_origins_are_taken() {
        let taken = Cors::parse(" https://console.example, http://localhost:5173 ,https://a.example:8443,").unwrap();
        assert_eq!(taken.origins, ["https://console.example", "http://localhost:5173", "https://a.example:8443"]);
        assert_eq!(Cors::parse(" ").unwrap(), Cors::default());
        for wrong in [
            "*",
            "null",
            "console.example",
            "https://*.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "http://a.example",
            "https://me@a.example",
            "https://a.example:443",
            "file://",
            "ftp://a.example",
        ] {
            let fault = Cors::parse(&format!("https://good.example,{wrong}")).map(|taken| taken.origins);
            assert!(fault.as_ref().is_err_and(|fault| fault.contains(wrong)), "{wrong}: {fault:?}");
        }
    }
}
