//! Fetching a document: the request, what its answer means, and what the mapping makes of it. Nothing is written here, and
//! no transaction is open meanwhile.

use super::mapping::{self, Broken, How, Reading};
use super::model::Seen;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::outbound::Header;
use crate::watch::ingest::parse::{BodyError, UNPACKED_LIMIT, unpack};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use tillwatch_shared::feeds::{FeedFault, FeedFormat, FeedHeader, FeedMapping};
use tillwatch_shared::webhooks::Fault;

/// The longest mark of an answer that is kept, in bytes.
const LONGEST_MARK: usize = 500;
const NOT_MODIFIED: u16 = 304;
/// What gzip begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Who asks, unless a header says otherwise.
const AGENT: &str = concat!("Tillwatch-Feeds/", env!("CARGO_PKG_VERSION"));

/// What is fetched, and how it is read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) url: String,
    pub(super) format: FeedFormat,
    pub(super) mapping: FeedMapping,
    pub(super) headers: Vec<FeedHeader>,
    pub(super) zone: Tz,
    /// The key of rows without one of their own.
    pub(super) made_key: String,
    /// Reading is given up after this.
    pub(super) read_within: Duration,
}

/// What came.
#[derive(Clone, Debug)]
pub(super) struct Came {
    /// The answer's status; absent where none came.
    pub(super) status: Option<u16>,
    /// Bytes of the body, as it came.
    pub(super) bytes: usize,
    /// What it is known by.
    pub(super) seen: Seen,
    /// Its rows; `None` where it is the document that was seen before.
    pub(super) read: std::result::Result<Option<Reading>, Broken>,
}

/// Fetches a document and reads it, unless it is the one that was `seen`.
///
/// # Errors
/// When reading it failed in the service itself.
pub(super) async fn fetch(app: &App, wanted: Wanted, seen: &Seen) -> Result<Came> {
    let nothing = |status, read| Came { status, bytes: 0, seen: Seen::default(), read: Err(read) };
    let answer = match app.outbound.fetch(&wanted.url, &headers(&wanted.headers, seen), UNPACKED_LIMIT).await {
        Ok(answer) => answer,
        Err(fault) => return Ok(nothing(None, told(fault))),
    };
    let (status, bytes) = (Some(answer.status), answer.body.as_ref().map_or(UNPACKED_LIMIT, Vec::len));
    let marked = seen.etag.is_some() || seen.last_modified.is_some();
    if answer.status == NOT_MODIFIED && marked {
        return Ok(Came { status, bytes, seen: seen.clone(), read: Ok(None) });
    }
    if !(200..300).contains(&answer.status) {
        return Ok(Came { bytes, ..nothing(status, refused(answer.status)) });
    }
    let Some(body) = answer.body else {
        return Ok(Came { bytes, ..nothing(status, packed(&BodyError::TooLarge { limit: UNPACKED_LIMIT })) });
    };
    // A large document is unpacked and read beside the worker, which has others to serve.
    let before = seen.digest.clone();
    let read = tokio::task::spawn_blocking(move || {
        // A file that is packed is often given without a word about it.
        let encoding = answer.encoding.as_deref().or(body.starts_with(&GZIP).then_some("gzip"));
        let plain = unpack(encoding, &body, UNPACKED_LIMIT).map_err(|error| packed(&error))?;
        let digest: [u8; 32] = Sha256::digest(&plain).into();
        if before.as_deref() == Some(&digest[..]) {
            return Ok((digest, None));
        }
        let Wanted { format, mapping, zone, made_key, read_within, .. } = &wanted;
        let how = How { format: *format, mapping, zone: *zone, made_key, until: Instant::now() + *read_within };
        Ok((digest, Some(mapping::read(how, &plain)?)))
    });
    let short = |mark: Option<String>| mark.filter(|mark| mark.len() <= LONGEST_MARK);
    let (etag, last_modified) = (short(answer.etag), short(answer.last_modified));
    Ok(match read.await.map_err(Error::internal)? {
        Ok((digest, reading)) => {
            let seen = Seen { etag, last_modified, digest: Some(digest.to_vec()) };
            Came { status, bytes, seen, read: Ok(reading) }
        }
        Err(broken) => Came { bytes, ..nothing(status, broken) },
    })
}

/// The headers of a request: the secret ones, the service's own, and what is known of the document.
fn headers<'a>(secret: &'a [FeedHeader], seen: &'a Seen) -> Vec<Header<'a>> {
    let own = [("accept-encoding", "gzip"), ("user-agent", AGENT)].map(|(name, value)| Header { name, value });
    let marks = [("if-none-match", &seen.etag), ("if-modified-since", &seen.last_modified)];
    let marks = marks.into_iter().filter_map(|(name, mark)| Some(Header { name, value: mark.as_deref()? }));
    let secret = secret.iter().map(|header| Header { name: &header.name, value: &header.value });
    // A later header takes the place of an earlier one of its name.
    own.into_iter().chain(secret).chain(marks).collect()
}

/// Why no answer came, in a sentence.
pub(super) fn told(fault: Fault) -> Broken {
    let (fault, detail) = match fault {
        Fault::AddressRefused => {
            (FeedFault::AddressRefused, "The address leads into a private network, from which nothing is fetched.")
        }
        Fault::NameUnknown => (FeedFault::NameUnknown, "The address's name is not known (DNS). Check its spelling."),
        Fault::ConnectFailed => {
            (FeedFault::ConnectFailed, "No connection could be made. Is the server up, and the port open?")
        }
        Fault::TlsFailed => (FeedFault::TlsFailed, "The server's certificate is not trusted, or does not name it."),
        Fault::TimedOut => {
            (FeedFault::TimedOut, "The answer did not come in time: 3 s to connect, 15 s for all of it.")
        }
        Fault::AnswerBroken => (FeedFault::AnswerBroken, "The connection broke off before the end of the answer."),
        Fault::SecretUnreadable => (
            FeedFault::SecretUnreadable,
            "The feed's secrets could not be read, so nothing was asked. Give the address and the headers again.",
        ),
    };
    Broken::new(fault, detail)
}

/// What a status means that is no success.
fn refused(status: u16) -> Broken {
    let detail = match status {
        300..=399 if status != NOT_MODIFIED => {
            let detail = format!(
                "The answer ({status}) leads to another address, which is not followed. Give the address that it leads to."
            );
            return Broken::new(FeedFault::Redirected, detail);
        }
        401 | 403 => format!("The server answers {status}: it refuses what the headers say. Give them again."),
        404 | 410 => format!("The server answers {status}: there is nothing at this address."),
        429 => "The server answers 429: it is asked too often. Have the feed fetched less often.".to_owned(),
        _ => format!("The server answers {status}, which is no success."),
    };
    Broken::new(FeedFault::Status, detail)
}

fn packed(error: &BodyError) -> Broken {
    match error {
        BodyError::TooLarge { .. } => Broken::new(
            FeedFault::TooLarge,
            "The document is larger than 10 MiB unpacked. Have the address give fewer rows: those of the last days, say.",
        ),
        _ => Broken::new(
            FeedFault::BadEncoding,
            "The document is packed otherwise than with gzip, or the gzip is broken.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_success_says_what_to_do() {
        for (status, fault) in [(302, FeedFault::Redirected), (404, FeedFault::Status), (503, FeedFault::Status)] {
            let broken = refused(status);
            assert_eq!(broken.fault, fault);
            assert!(broken.detail.contains(&status.to_string()), "{}", broken.detail);
        }
        for &fault in Fault::ALL {
            assert!(told(fault).detail.ends_with(['.', '?']), "{fault}");
        }
    }
}
