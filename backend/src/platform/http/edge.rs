//! What every request passes: a request id, one log line, the problem body, and the headers that every answer carries,
//! refusals of any kind among them.

use super::admission::Told;
use super::authorized::RequestId;
use super::client::is_secure;
use super::cors::{Cors, is_preflight, write_preflight};
use super::unread::Unread;
use crate::app::App;
use crate::error::Error;
use crate::platform::tally::Tally;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::ThinData;
use actix_web::{HttpMessage as _, HttpResponse, ResponseError};
use std::time::{Duration, Instant};
use tillwatch_shared::errors::{Code, FieldProblem, Problem};
use uuid::Uuid;

/// What every answer says to a browser, unless its handler says otherwise: it is data, nothing runs or is shown in it,
/// nobody else embeds it, nobody keeps it.
const MANNERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Who came over https shall never come otherwise: for a year.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// The header that carries the request id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers of 503 come in thousands when the database is away: one line every few seconds, with their number.
static OUTAGES: Tally = Tally::new(Duration::from_secs(5));

/// Refusals that come in thousands when somebody tries credentials or sends too much: one line a minute for each code.
static TURNED_AWAY: Tally = Tally::new(Duration::from_mins(1));

/// Tells the log of answers that the service, and not its caller, is to blame for, and of callers who are turned away.
fn tell_refusal(outages: &Tally, turned_away: &Tally, error: &Error) {
    let (code, now) = (error.code, Instant::now());
    match code.status() {
        503 => {
            if let Some(times) = outages.count(code.as_str(), now) {
                let cause = error.cause.as_deref().unwrap_or(&error.detail);
                tracing::warn!(%code, times, cause, "requests are answered 503");
            }
        }
        401 | 403 | 429 => {
            if let Some(times) = turned_away.count(code.as_str(), now) {
                tracing::info!(%code, times, "callers are turned away");
            }
        }
        _ => {}
    }
}

/// The refusal of a request, on its way to the edge, which knows the request's id and path.
#[derive(Clone, Debug)]
struct Refusal {
    code: Code,
    detail: String,
    fields: Vec<FieldProblem>,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        if let Some(cause) = &self.cause {
            if self.code == Code::Internal {
                tracing::error!(code = %self.code, cause, "request failed");
            } else {
                tracing::debug!(code = %self.code, cause, "request refused");
            }
        }
        tell_refusal(&OUTAGES, &TURNED_AWAY, self);
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.code.status() == 401 {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let mut answer = answer.finish();
        let refusal = Refusal { code: self.code, detail: self.detail.clone(), fields: self.fields.clone() };
        answer.extensions_mut().insert(refusal);
        answer
    }
}

/// The middleware.
///
/// # Errors
/// Never by itself: whatever the handler refuses becomes an answer.
pub async fn edge(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = req
        .headers()
        .get(&REQUEST_ID)
        .and_then(|v| v.to_str().ok())
        .filter(|t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)))
        .map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned);
    let parting = Parting::of(&req, id);
    req.extensions_mut().insert(RequestId(parting.id.clone()));
    req.extensions_mut().insert(parting.told.clone());
    if parting.origin.is_some() && is_preflight(&req) {
        let mut answer = req.into_response(HttpResponse::NoContent().finish());
        write_preflight(answer.headers_mut());
        parting.finish(answer.headers_mut());
        return Ok(answer);
    }
    let unread = Unread::of(&mut req);
    let mut answer = next.call(req).await?.map_into_boxed_body();
    if let Some(unread) = unread.filter(|_| answer.status().as_u16() >= 400) {
        unread.drain().await;
    }
    let refusal = answer.response().extensions().get::<Refusal>().cloned();
    if let Some(refusal) = refusal.or_else(|| foreign(&answer)) {
        answer = with_problem(answer, &refusal, &parting.id);
    }
    parting.finish(answer.headers_mut());
    let status = answer.status().as_u16();
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (method, path) = (answer.request().method(), answer.request().path());
    tracing::debug!(request_id = parting.id, %method, path, status, took_ms, "request");
    Ok(answer)
}

/// A refusal that the framework made by itself, in our words.
fn foreign(answer: &ServiceResponse<BoxBody>) -> Option<Refusal> {
    let (code, detail) = match answer.status().as_u16() {
        404 => (Code::NotFound, "There is nothing at this address."),
        405 => (Code::MethodNotAllowed, "This address does not take this method; see the `Allow` header."),
        413 => (Code::BodyTooLarge, "The body is too large."),
        status @ 400..=499 if answer.response().error().is_some() => {
            tracing::debug!(status, "refused by the framework");
            (Code::MalformedBody, "The request could not be read.")
        }
        500..=599 if answer.response().error().is_some() => {
            (Code::Internal, "The request could not be completed. Nothing was written.")
        }
        _ => return None,
    };
    Some(Refusal { code, detail: detail.to_owned(), fields: Vec::new() })
}

/// At most `most` characters of a text: a refusal quotes what was sent, which may be as long as a body.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

fn problem(refusal: &Refusal, path: &str, id: &str) -> Vec<u8> {
    let field = |field: &FieldProblem| FieldProblem {
        pointer: short(&field.pointer, 500),
        code: field.code.clone(),
        detail: short(&field.detail, 2000),
    };
    let problem = Problem {
        kind: format!("/docs/errors#{}", refusal.code),
        title: refusal.code.title().to_owned(),
        status: refusal.code.status(),
        detail: short(&refusal.detail, 2000),
        instance: short(path, 2048),
        code: refusal.code,
        request_id: id.to_owned(),
        // A body of a thousand wrong fields is told of as many as somebody reads.
        errors: refusal.fields.iter().take(100).map(field).collect(),
    };
    // A problem is made of texts and numbers, which always serialise.
    serde_json::to_vec(&problem).unwrap_or_default()
}

fn with_problem(answer: ServiceResponse<BoxBody>, refusal: &Refusal, id: &str) -> ServiceResponse<BoxBody> {
    let body = problem(refusal, answer.request().path(), id);
    let mut answer = answer.map_body(|_, _| BoxBody::new(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

/// What the answer needs to know of its request, which may be gone by then.
struct Parting {
    id: String,
    told: Told,
    cors: Cors,
    /// The origin of the page that asks, if it may.
    origin: Option<HeaderValue>,
    secure: bool,
}

impl Parting {
    fn of(req: &ServiceRequest, id: String) -> Self {
        let cors = req.app_data::<ThinData<App>>().map(|app| app.cors.clone()).unwrap_or_default();
        let origin = cors.allowed(req.headers());
        Self { id, told: Told::default(), cors, origin, secure: is_secure(req.peer_addr(), req.headers()) }
    }

    /// The headers that every answer carries.
    fn finish(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, value);
        }
        for (name, value) in MANNERS {
            if !headers.contains_key(&name) {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        if self.secure {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
        }
        self.told.write(headers);
        self.cors.write(self.origin.as_ref(), headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_refusal_quotes_no_more_than_somebody_reads() {
        let long = "门".repeat(60_000);
        let fields =
            vec![FieldProblem { pointer: format!("/{long}"), code: "invalid".into(), detail: long.clone() }; 300];
        let refusal = Refusal { code: Code::ValidationFailed, detail: long.clone(), fields };
        let body = problem(&refusal, &format!("/v1/{long}"), "id");
        let told: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!((told.detail.chars().count(), told.instance.chars().count(), told.errors.len()), (2000, 2048, 100));
        assert_eq!((told.errors[0].pointer.chars().count(), told.errors[0].detail.chars().count()), (500, 2000));
        assert!(told.detail.ends_with("门…"));
        assert_eq!((short("abc", 3), short("abcd", 3)), ("abc".to_owned(), "ab…".to_owned()));
    }

    #[test]
    fn an_outage_or_a_flood_is_one_line_and_not_thousands() {
        let log = Kept::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let (outages, turned_away) = [(); 2].map(|()| Tally::new(Duration::from_hours(1))).into();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..1_000 {
                tell_refusal(&outages, &turned_away, &Error::unavailable("connection refused on port 5432"));
                for code in [Code::TooManyRequests, Code::CredentialInvalid, Code::NotFound] {
                    tell_refusal(&outages, &turned_away, &Error::new(code, "no"));
                }
            }
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].contains("WARN") && lines[0].contains("connection refused on port 5432"), "{text}");
        assert!(lines[1].contains("INFO") && lines[1].contains("too_many_requests"), "{text}");
        assert!(lines[2].contains("INFO") && lines[2].contains("credential_invalid"), "{text}");
    }
}
