//! `Idempotency-Key`: a POST that is sent again is done once and answered the same (the IETF draft of that name, and what
//! Stripe made of it).
//!
//! Every POST with an effect that asks for a permission takes the header. What concerns one's own sign-in (sessions, passwords) does not:
//! it is safe to repeat or has rules of its own, and no transaction may stay open while a password is hashed. Whoever has no
//! tenant yet and the bot are not kept apart by a key. There it is ignored. The effect and the answer are one transaction
//! ([`crate::platform::db::once`]), so a handler need not know of it.
//!
//! Rows that have keys of their own (samples) are safe to send again without any of this, and their answers are as long as
//! they are many. So a long one is not kept and its key is free again: asked once more, the rows are taken once more, which
//! changes nothing, and the answer says so. Invariants: the key counts for one caller and one operation; a refused request
//! is not kept; what an answer shows once (a token's secret) is not kept either, and the answer that is shown again has
//! `null` in its place.

use super::body;
use super::who::Who;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::db::once::{Begun, Kept, Key, Once};
use crate::platform::wake::Topic;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ThinData};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::errors::Code;

/// The header with the caller's key.
pub const HEADER: &str = "idempotency-key";

/// The header that tells an answer which is shown again.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A key's longest text, in characters.
pub const LONGEST: usize = 255;

/// The longest body of a request with a key, in bytes: it is read whole before anything is done.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The longest answer about rows with keys of their own that is kept, in bytes. Any other answer says no more than its
/// request, which is as short.
const LONGEST_KEPT: usize = body::LONGEST;

/// The headers that belong to the answer itself.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// Where an answer shows what is shown once: pointers into its JSON, on its way from [`super::reply::Reply`] to here.
#[derive(Clone, Debug)]
pub(super) struct Secrets(pub(super) Vec<&'static str>);

/// A request that is done once, between its beginning and its answer.
pub(super) struct Doing {
    once: Once,
    who: Who,
    app: App,
    keyed_rows: bool,
}

/// What to do with a request.
pub(super) enum Keyed {
    /// It has no key: as always.
    No,
    /// Do it, and then [`Doing::done`].
    First(Box<Doing>),
    /// It was done before: this was the answer.
    Again(HttpResponse),
}

/// Looks for a key, and for what it was answered. The body is read for that and put back. `keyed_rows` says that its rows
/// have keys of their own.
///
/// # Errors
/// 400 for a malformed key, 409 and 422 as [`crate::platform::db::Db::once`] says, 413 for a body beyond 10 MiB.
pub(super) async fn begin(
    request: &HttpRequest,
    who: Option<&mut Who>,
    payload: &mut Payload,
    keyed_rows: bool,
) -> Result<Keyed> {
    let (Some(who), Some(given)) = (who, request.headers().get(HEADER)) else { return Ok(Keyed::No) };
    if request.method() != Method::POST {
        return Ok(Keyed::No);
    }
    let printable = |key: &&str| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let given = given.to_str().ok().filter(printable);
    let given = given.ok_or_else(|| {
        Error::new(Code::MalformedHeader, "`Idempotency-Key` takes 1 to 255 visible ASCII characters, such as a UUID.")
    })?;
    let app = request.app_data::<ThinData<App>>().ok_or_else(|| Error::internal("no app is mounted"))?.0.clone();
    let stream = web::Payload::from_request(request, payload);
    let stream = stream.await.map_err(|error| Error::new(Code::MalformedBody, error.to_string()))?;
    let bytes = body::read(stream, LARGEST_BODY).await.map_err(|error| match error.code {
        Code::BodyTooLarge => too_large(keyed_rows),
        _ => error,
    })?;
    let actor = who.actor.id().unwrap_or_default();
    let header = |name: &str| request.headers().get(name).map_or(&[][..], HeaderValue::as_bytes);
    let key = Key {
        key: hash(&[who.actor.kind().as_bytes(), actor.as_bytes(), request.path().as_bytes(), given.as_bytes()]),
        request: hash(&[request.query_string().as_bytes(), header("content-type"), header("content-encoding"), &bytes]),
    };
    match app.db.once(who, key, now()).await? {
        Begun::Again(kept) => Ok(Keyed::Again(shown_again(kept)?)),
        Begun::First(once) => {
            let asker = who.clone();
            who.once = Some(once.clone());
            *payload = Payload::from(stream::once(async move { Ok(bytes) }).boxed_local());
            Ok(Keyed::First(Box::new(Doing { once, who: asker, app, keyed_rows })))
        }
    }
}

impl Doing {
    /// Commits what was done together with `answer`, which a later request with the same key will get.
    ///
    /// # Errors
    /// When the database fails: then nothing was done.
    pub(super) async fn done(self, answer: HttpResponse) -> Result<HttpResponse> {
        let Self { once, who, app, keyed_rows } = self;
        match answer.status().as_u16() {
            200..400 => {}
            400..500 => {
                once.keep(&who, None).await?;
                return Ok(answer);
            }
            // A handler that failed on its way has done nothing, though its first steps succeeded.
            _ => {
                once.roll_back().await;
                return Ok(answer);
            }
        }
        let secrets = answer.extensions().get::<Secrets>().cloned();
        let (head, body) = answer.into_parts();
        let bytes = to_bytes(body).await.map_err(|error| Error::internal(error.to_string()))?;
        let headers = KEPT_HEADERS.iter().filter_map(|name| {
            let value = head.headers().get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let kept = Kept {
            status: head.status().as_u16(),
            headers: headers.collect(),
            body: match secrets {
                Some(Secrets(pointers)) => without(&bytes, &pointers)?,
                None => bytes.to_vec(),
            },
        };
        let kept = Some(&kept).filter(|kept| !keyed_rows || kept.body.len() <= LONGEST_KEPT);
        if !once.keep(&who, kept).await? {
            // A use case failed, was rolled back, and the handler told a success all the same.
            return Err(Error::internal("a request with a key succeeded after its transaction had failed"));
        }
        // The handler said so before the commit, when nobody could see the work yet.
        for topic in Topic::ALL {
            app.wake(topic);
        }
        Ok(head.set_body(BoxBody::new(bytes)))
    }
}

fn too_large(keyed_rows: bool) -> Error {
    let way_out = if keyed_rows {
        "Leave the key out: each row has a key of its own, so that sending them again changes nothing."
    } else {
        "Send less at once."
    };
    Error::new(Code::BodyTooLarge, format!("A request with an `Idempotency-Key` may be 10 MiB long. {way_out}"))
}

fn shown_again(kept: Kept) -> Result<HttpResponse> {
    let status = StatusCode::from_u16(kept.status).map_err(Error::internal)?;
    let mut answer = HttpResponse::build(status);
    for (name, value) in kept.headers {
        answer.insert_header((name, value));
    }
    answer.insert_header((REPLAYED, "true"));
    Ok(answer.body(kept.body))
}

/// The JSON body with `null` at each of `pointers`.
fn without(bytes: &[u8], pointers: &[&str]) -> Result<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(bytes).map_err(Error::internal)?;
    for pointer in pointers {
        if let Some(secret) = body.pointer_mut(pointer) {
            *secret = Value::Null;
        }
    }
    serde_json::to_vec(&body).map_err(Error::internal)
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn parts_are_told_apart_and_secrets_are_taken_out() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        let kept = without(br#"{"secret":"tw_live_x","token":{"name":"a"}}"#, &["/secret", "/nothing"]).unwrap();
        assert_eq!(kept, br#"{"secret":null,"token":{"name":"a"}}"#);
    }

    #[test]
    fn what_is_shown_again_says_so() {
        let headers = BTreeMap::from([("etag".to_owned(), "\"1\"".to_owned())]);
        let answer = shown_again(Kept { status: 201, headers, body: b"{}".to_vec() }).unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers().get(REPLAYED).unwrap(), "true");
        assert_eq!(answer.headers().get(ETAG).unwrap(), "\"1\"");
    }
}
