//! Who may come in, and when: each request is counted against its tenant, its token or its address, waits for its
//! tenant's turn, and the answer tells how the allowances stand (draft-ietf-httpapi-ratelimit-headers).
//!
//! Which of them counts follows from the credential: a tenant's request is its tenant's and, if a token sends it, the
//! token's; a request without a credential that works is its address's; the bot's own are nobody's.

use super::authorized::{Credential, RequestId};
use super::client::{ClientAddress, network};
use super::endpoint::Access;
use super::who::{Actor, Who};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::limits::{Counted, Kind, Seat, Standing, Subject, Turn};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::ThinData;
use actix_web::{HttpMessage as _, HttpRequest};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use tillwatch_shared::errors::Code;

/// The header that names the limits.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The header that tells what is left.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A body of more bytes than this is heavy.
const HEAVY_BYTES: u64 = 1024 * 1024;
/// The places among a tenant's requests that a heavy one takes.
const HEAVY: u32 = 4;

/// What the answer shall tell of the limits; the edge puts one beside each request and keeps a clone, so that it can
/// tell even when the request is gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Rc<RefCell<ToldOf>>);

#[derive(Debug, Default)]
struct ToldOf {
    standings: Vec<(Kind, Standing)>,
    /// How many requests may be in hand at once.
    concurrent: Option<u32>,
}

impl Told {
    /// Writes the headers; none when nothing was counted.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let told = self.0.borrow();
        if told.standings.is_empty() {
            return;
        }
        let (mut policy, mut limit) = (String::new(), String::new());
        for (kind, standing) in &told.standings {
            let (comma, name, rate) = (if limit.is_empty() { "" } else { ", " }, kind.as_str(), standing.rate);
            // Writing to a string does not fail.
            let _ = write!(policy, "{comma}\"{name}\";q={};w={}", rate.burst(), rate.window_seconds());
            let _ = write!(limit, "{comma}\"{name}\";r={};t={}", standing.left(), standing.full_in());
        }
        if let Some(concurrent) = told.concurrent {
            let _ = write!(policy, ", \"concurrency\";q={concurrent};qu=\"concurrent-requests\"");
        }
        for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
            // Digits, names and quotes always make a header.
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

/// The request's part of the service.
pub(super) fn app(req: &HttpRequest) -> Result<&App> {
    req.app_data::<ThinData<App>>().map(|app| &app.0).ok_or_else(|| Error::internal("no service is mounted"))
}

/// Counts a request by what its credential turned out to be.
///
/// # Errors
/// 429 beyond an allowance.
pub(super) async fn count(req: &HttpRequest, credential: &Result<Credential>) -> Result<()> {
    match credential {
        Ok(Credential::Tenant(who) | Credential::Enrolling(who)) => {
            let told = count_of(req, &of_tenant(who)).await?;
            told.check()
        }
        // The bot's own: a chat user who is linked to nobody is no client of ours.
        Ok(Credential::Bot) => Ok(()),
        Err(error) if error.code == Code::ChatUserNotLinked || error.code.status() == 503 => Ok(()),
        // Whoever shows nothing, or something that does not work (any more), is nobody in particular.
        Err(_) => count_anonymous(req).await,
    }
}

/// Lets a credential be looked up that nobody knows yet: a flood of invented ones costs their address what it may ask,
/// and nobody else a connection to the database.
///
/// # Errors
/// 429 when the address has used up its allowance.
pub(super) async fn let_look_up(req: &HttpRequest) -> Result<()> {
    let standing = app(req)?.limits.look(&[of_address(req)]).await;
    if !standing.allowed {
        tell(req, &standing);
    }
    standing.check()
}

/// Counts a request of nobody in particular, by its address.
///
/// # Errors
/// 429 beyond the allowance.
pub(super) async fn count_anonymous(req: &HttpRequest) -> Result<()> {
    count_of(req, &[of_address(req)]).await?.check()
}

fn of_address(req: &HttpRequest) -> Subject {
    // Those whose address is not known share one allowance.
    let name = ClientAddress::of(req).0.map_or_else(|| "unknown".to_owned(), network);
    Subject { kind: Kind::Address, name, per_minute: None }
}

fn of_tenant(who: &Who) -> Vec<Subject> {
    let mut subjects =
        vec![Subject { kind: Kind::Tenant, name: who.tenant.to_string(), per_minute: who.quota.per_minute }];
    if let Actor::Token(id) = who.actor {
        subjects.push(Subject { kind: Kind::Token, name: id.to_string(), per_minute: who.quota.of_token });
    }
    subjects
}

async fn count_of(req: &HttpRequest, subjects: &[Subject]) -> Result<Counted> {
    let counted = app(req)?.limits.count(subjects).await;
    tell(req, &counted);
    Ok(counted)
}

/// Has the answer tell how the allowances stand.
fn tell(req: &HttpRequest, counted: &Counted) {
    if let Some(told) = req.extensions().get::<Told>() {
        told.0.borrow_mut().standings.clone_from(&counted.standings);
    }
    if !counted.allowed {
        let id = req.extensions().get::<RequestId>().map(|id| id.0.clone());
        tracing::debug!(request_id = id, "a request is beyond its limit");
    }
}

/// A request's place, given up when it is answered to the end.
#[derive(Debug)]
pub(super) struct Place {
    _seat: Seat,
    _turn: Option<Turn>,
}

/// The place of a request by `who`, as soon as there is one. `seat` was taken before anything was looked at.
///
/// # Errors
/// 429 when the tenant has too many in hand.
pub(super) async fn place(req: &HttpRequest, seat: Seat, who: Option<&Who>) -> Result<Place> {
    let Some(who) = who else { return Ok(Place { _seat: seat, _turn: None }) };
    let limits = &app(req)?.limits;
    if let Some(told) = req.extensions().get::<Told>() {
        told.0.borrow_mut().concurrent = Some(limits.concurrent(who.quota.concurrent));
    }
    let turn = limits.turn(who.tenant, who.quota.concurrent, weight(req.headers())).await?;
    Ok(Place { _seat: seat, _turn: Some(turn) })
}

/// How many places a request takes: a large body holds memory and a transaction for long, and one that does not say how
/// large it is may be.
fn weight(headers: &HeaderMap) -> u32 {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let length = text("content-length").and_then(|length| length.parse::<u64>().ok());
    let heavy = length.map_or_else(|| text("transfer-encoding").is_some(), |length| length > HEAVY_BYTES);
    if heavy { HEAVY } else { 1 }
}

/// Whether an operation's requests are counted: all but the bot's own.
pub fn is_limited(access: Access) -> bool {
    access != Access::Bot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::limits::Rate;
    use actix_web::http::header;

    #[test]
    fn the_headers_are_lists_of_structured_fields() {
        let told = Told::default();
        let mut headers = HeaderMap::new();
        told.write(&mut headers);
        assert!(headers.is_empty(), "nothing was counted");
        let standing = |per_minute| Standing::full(Rate::per_minute(per_minute));
        told.0.borrow_mut().standings = vec![(Kind::Tenant, standing(6_000)), (Kind::Token, standing(1))];
        told.0.borrow_mut().concurrent = Some(32);
        told.write(&mut headers);
        let policy = r#""tenant";q=1000;w=10, "token";q=1;w=60, "concurrency";q=32;qu="concurrent-requests""#;
        assert_eq!(headers.get(POLICY).unwrap(), policy);
        assert_eq!(headers.get(LIMIT).unwrap(), r#""tenant";r=1000;t=0, "token";r=1;t=0"#);
    }

    #[test]
    fn a_large_body_and_one_of_unknown_size_are_heavy() {
        let with = |name, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            weight(&headers)
        };
        assert_eq!(weight(&HeaderMap::new()), 1);
        assert_eq!(with(header::CONTENT_LENGTH, "1048576"), 1);
        assert_eq!(with(header::CONTENT_LENGTH, "1048577"), HEAVY);
        assert_eq!(with(header::TRANSFER_ENCODING, "chunked"), HEAVY);
    }
}
