//! The only HTTP client for addresses that customers give.
//!
//! It trusts nothing of such an address: https only, public addresses only ([`policy`], [`public`]), looked up once for
//! each connection, checked, and connected to at exactly what was checked, so that a name that changes its answer
//! gains nothing. It follows no redirect (it could lead inside), uses no proxy (which would look names up itself), keeps
//! no connection and no cookie, and reads only the beginning of an answer. Where it may go is a value that the
//! process is started with: there is no setting for it.

pub mod policy;
pub mod public;

pub use policy::{AddressPolicy, Lookup, Refused};

use crate::error::{Error, Result};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::net::SocketAddr;
use std::time::Duration;
use std::{io, sync::Arc};
use tillwatch_shared::webhooks::Fault;
use url::Url;

/// A connection, TLS and all, is made within this time.
pub const CONNECT: Duration = Duration::from_secs(3);
/// A request is answered, body and all, within this time.
pub const LONGEST: Duration = Duration::from_secs(15);
/// So much of an answer's body is read, in bytes.
pub const LONGEST_ANSWER: usize = 16 * 1024;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body, as far as it came.
    pub body: Vec<u8>,
}

/// A document as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The `ETag` that it is known by.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
    /// Its `Content-Encoding`: it is as it came.
    pub encoding: Option<String>,
    /// The body; `None` when it is longer than what was asked for.
    pub body: Option<Vec<u8>>,
}

/// A header of a request for a document.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value; sent, and printed nowhere.
    pub value: &'a str,
}

/// The headers of a request; `None` when one is none.
fn headers(wanted: &[Header<'_>]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in wanted {
        let mut value = HeaderValue::from_str(header.value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(header.name.as_bytes()).ok()?, value);
    }
    Some(headers)
}

/// The client.
pub struct Outbound {
    client: Client,
    policy: AddressPolicy,
}

impl Outbound {
    /// A client that goes where `policy` allows.
    ///
    /// # Errors
    /// When the authority is no certificate.
    pub fn new(policy: AddressPolicy) -> Result<Self> {
        let mut builder = Client::builder()
            .use_rustls_tls()
            .https_only(true)
            .http1_only()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            // What is read is what came: a small answer must not unpack to a large one.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .user_agent(concat!("Tillwatch-Webhooks/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .timeout(policy.longest)
            .dns_resolver(Arc::new(Checked(policy.clone())));
        if let Some(pem) = &policy.authority {
            let authority = Certificate::from_pem(pem.as_bytes()).map_err(Error::internal)?;
            builder = builder.tls_built_in_root_certs(false).add_root_certificate(authority);
        }
        Ok(Self { client: builder.build().map_err(Error::internal)?, policy })
    }

    /// `text` as an address that may be sent to, as far as it can be told without looking its name up.
    ///
    /// # Errors
    /// Why not.
    pub fn target(&self, text: &str) -> Result<Url, Refused> {
        self.policy.target(text)
    }

    /// Posts `body` to `address` with these headers.
    ///
    /// # Errors
    /// Why no answer came. An answer that breaks off behind its status is an answer.
    pub async fn post(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, Fault> {
        let url = self.target(address).map_err(|_| Fault::AddressRefused)?;
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send().await.map_err(|error| fault(&error))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while body.len() < LONGEST_ANSWER
            && let Ok(Some(piece)) = answer.chunk().await
        {
            body.extend_from_slice(&piece[..piece.len().min(LONGEST_ANSWER - body.len())]);
        }
        Ok(Answer { status, body })
    }

    /// Fetches what is at `address` with these headers: up to `most` bytes of it, as it comes, packed or not.
    ///
    /// # Errors
    /// Why no whole answer came. A header that is none, which only one that was kept can be, is a secret that cannot be
    /// read.
    pub async fn fetch(&self, address: &str, wanted: &[Header<'_>], most: usize) -> Result<Fetched, Fault> {
        let url = self.target(address).map_err(|_| Fault::AddressRefused)?;
        let headers = headers(wanted).ok_or(Fault::SecretUnreadable)?;
        let mut answer = self.client.get(url).headers(headers).send().await.map_err(|error| fault(&error))?;
        let header = |name: HeaderName| answer.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (etag, last_modified) = (header(ETAG), header(LAST_MODIFIED));
        let (status, encoding) = (answer.status().as_u16(), header(CONTENT_ENCODING));
        let fetched = Fetched { status, etag, last_modified, encoding, body: None };
        // Who says so beforehand is not read.
        if answer.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > most)) {
            return Ok(fetched);
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| fault(&error))? {
            if piece.len() > most - body.len() {
                return Ok(fetched);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched { body: Some(body), ..fetched })
    }
}

/// Looks names up and lets through only what the policy allows: what it returns is what is connected to.
struct Checked(AddressPolicy);

/// A name of which an address is not allowed.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that nothing is sent to")]
struct NotAllowed;

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
struct NoAddress;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let found = policy.lookup.lookup(name.as_str().to_owned()).await.map_err(|_| NoAddress)?;
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            // One inside is enough to refuse them all: no honest name mixes them.
            if !found.iter().all(|address| policy.allows(*address)) {
                return Err(NotAllowed.into());
            }
            // The port is the URL's.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// What `error` means, by what lies at its root.
fn fault(error: &reqwest::Error) -> Fault {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(here) = cause {
        if here.is::<NotAllowed>() {
            return Fault::AddressRefused;
        }
        if here.is::<NoAddress>() {
            return Fault::NameUnknown;
        }
        let io = here.downcast_ref::<io::Error>();
        // What rustls says of a handshake comes as invalid data.
        if io.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return Fault::TlsFailed;
        }
        // An I/O error does not name the error that it wraps as its source.
        let wrapped = io.and_then(io::Error::get_ref).map(|error| error as &(dyn std::error::Error + 'static));
        cause = wrapped.or_else(|| here.source());
    }
    if error.is_timeout() {
        Fault::TimedOut
    } else if error.is_connect() {
        Fault::ConnectFailed
    } else {
        Fault::AnswerBroken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_sent_and_printed_nowhere() {
        let sent = headers(&[Header { name: "Authorization", value: "Bearer canary" }]).unwrap();
        assert_eq!(sent["authorization"], "Bearer canary");
        assert!(!format!("{sent:?}").contains("canary"), "{sent:?}");
        assert!(headers(&[Header { name: "a b", value: "x" }]).is_none());
        assert!(headers(&[Header { name: "a", value: "x\n" }]).is_none());
    }
}
