//! The REST side: HTTP over TLS on loopback, faults, and the answer of each route.
//!
//! Invariants: an effect happens in one step under the world's lock, so a connection that dies has either all of
//! it or nothing; a request outlives its client (as it would at the platform); every request is recorded once.

use super::effects::{self, Answer, Call};
use super::faults::{Fault, Route};
use super::recorder::Request as Record;
use super::{Inner, body, interactions};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The connection ends here, without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// Accepts connections until the task is aborted; they end with it.
pub(super) async fn serve(inner: Arc<Inner>, listener: TcpListener, tls: TlsAcceptor) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (inner, tls) = (Arc::clone(&inner), tls.clone());
        connections.spawn(async move {
            // A client that breaks off its handshake is no business of ours.
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(move |request| {
                let inner = Arc::clone(&inner);
                async move {
                    // A task of its own: the effect outlives a client that gives up.
                    tokio::spawn(handle(inner, request)).await.unwrap_or(Err(Dropped))
                }
            });
            let _closed =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn handle(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, incoming) = request.into_parts();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let path = path.strip_prefix("/api/v10").unwrap_or(&path).to_owned();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let bytes = incoming.collect().await.map_err(|_| Dropped)?.to_bytes();
    let mut call = Call::parse(parts.method.as_str(), &path);
    if call.route == Route::CreateMessage && inner.world.lock().unwrap().threads.contains_key(&call.ids[0]) {
        call.route = Route::ThreadMessage;
    }
    let (body, files) = match body::read(content_type, bytes).await {
        Ok(read) => read,
        Err(why) => {
            inner.recorder.violation(format!("{path}: {why}"));
            (Value::Null, Vec::new())
        }
    };
    let record = Record { route: call.route, method: parts.method.to_string(), path, body, files, status: 0 };
    let authorised =
        parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()) == Some(&format!("Bot {}", inner.token));
    if !authorised && call.route != Route::Gateway {
        return Ok(send(&inner, record, Answer::error(401, 0, "401: Unauthorized")));
    }
    let fault = inner.faults.take(call.route);
    if fault.is_some() {
        inner.changed();
    }
    match fault {
        None => {
            let answer = effects::apply(&inner, &call, &record);
            Ok(send(&inner, record, answer))
        }
        Some(Fault::Refuse(status)) => Ok(send(&inner, record, Answer::error(status, 0, "refused by the script"))),
        Some(Fault::RefuseAfter(status)) => {
            effects::apply(&inner, &call, &record);
            Ok(send(&inner, record, Answer::error(status, 0, "done, but refused by the script")))
        }
        Some(Fault::Drop) => {
            inner.recorder.request(record);
            Err(Dropped)
        }
        Some(Fault::DropAfter) => {
            effects::apply(&inner, &call, &record);
            inner.recorder.request(record);
            Err(Dropped)
        }
        Some(Fault::LateAnswer(by)) => {
            let answer = effects::apply(&inner, &call, &record);
            let response = send(&inner, record, answer);
            tokio::time::sleep(by).await;
            Ok(response)
        }
        Some(Fault::LateEffect(by)) => {
            tokio::time::sleep(by).await;
            let answer = effects::apply(&inner, &call, &record);
            let response = send(&inner, record, answer);
            inner.recorder.came_late();
            inner.changed();
            Ok(response)
        }
        Some(Fault::Expire) => {
            interactions::expire(&mut inner.world.lock().unwrap(), &call);
            let answer = effects::apply(&inner, &call, &record);
            Ok(send(&inner, record, answer))
        }
        Some(Fault::Limit(after)) => Ok(limited(&inner, record, after, false)),
        Some(Fault::GlobalLimit(after)) => Ok(limited(&inner, record, after, true)),
    }
}

/// Records the request and writes its answer, with the headers of a bucket that has room.
fn send(inner: &Inner, mut record: Record, answer: Answer) -> Response<Full<Bytes>> {
    record.status = answer.status;
    let bucket = format!("{:?}", record.route);
    inner.recorder.request(record);
    let mut response = Response::builder()
        .status(answer.status)
        .header("X-RateLimit-Limit", "50")
        .header("X-RateLimit-Remaining", "49")
        .header("X-RateLimit-Reset-After", "1.000")
        .header("X-RateLimit-Bucket", bucket);
    if answer.body.is_some() {
        response = response.header(CONTENT_TYPE, "application/json");
    }
    let body = answer.body.map(|b| b.to_string()).unwrap_or_default();
    response.body(Full::new(Bytes::from(body))).unwrap()
}

/// A 429 as the platform words it.
fn limited(inner: &Inner, mut record: Record, after: Duration, global: bool) -> Response<Full<Bytes>> {
    record.status = 429;
    inner.recorder.request(record);
    let seconds = format!("{:.3}", after.as_secs_f64());
    let mut response =
        Response::builder().status(429).header(RETRY_AFTER, &seconds).header(CONTENT_TYPE, "application/json");
    response = if global {
        response.header("X-RateLimit-Global", "true")
    } else {
        response
            .header("X-RateLimit-Limit", "5")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset-After", &seconds)
            .header("X-RateLimit-Bucket", "limited")
            .header("X-RateLimit-Scope", "user")
    };
    let body = json!({"message": "You are being rate limited.", "retry_after": after.as_secs_f64(), "global": global});
    response.body(Full::new(Bytes::from(body.to_string()))).unwrap()
}
