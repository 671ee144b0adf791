//! A stub of the API on loopback: canned answers for the few endpoints that the transport's tests need.
//!
//! Invariant: every call is kept with its actor and body, so a test can say how often the bot really acted.

use super::things::{self, AT};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tillwatch_bot::api::{Api, BotKey};
use tillwatch_shared::ids::{CampaignId, StaffId, TenantId};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

/// The chat user who is linked to nobody.
pub(super) const STRANGER: u64 = 99;
/// The one code that links.
pub(super) const LINK_CODE: &str = "ABCD-1234";
/// A resumption with this reason waits for a second person.
pub(super) const ASKS_A_SECOND: &str = "a second person is asked";

/// One call: `POST /v1/…`, `On-Behalf-Of`, body.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) line: String,
    pub(super) actor: String,
    pub(super) body: Value,
}

/// What the stub knows and saw.
#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    locale: Mutex<&'static str>,
    forbidden: Mutex<bool>,
    swollen: Mutex<bool>,
    slow: Mutex<Duration>,
}

/// A running stub with the campaign `Spring coupons`, and `Autumn sale`, which is paused.
pub(super) struct StubApi {
    state: Arc<State>,
    address: String,
    pub(super) campaign: CampaignId,
    task: JoinHandle<()>,
}

impl StubApi {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State { locale: Mutex::new("en"), ..State::default() });
        let campaign = CampaignId::new();
        let task = tokio::spawn(serve(listener, Arc::clone(&state), campaign));
        Self { state, address, campaign, task }
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        self.address.clone()
    }

    /// A client of this stub.
    pub(super) fn api(&self) -> Api {
        Api::new(&self.address, BotKey::from_seed([7; 32])).unwrap()
    }

    /// The tenant reads this language.
    pub(super) fn speak(&self, locale: &'static str) {
        *self.state.locale.lock().unwrap() = locale;
    }

    /// Changes are refused from now on: the staff may only look.
    pub(super) fn forbid(&self) {
        *self.state.forbidden.lock().unwrap() = true;
    }

    /// Names and lists are as long as they may be from now on.
    pub(super) fn swell(&self) {
        *self.state.swollen.lock().unwrap() = true;
    }

    /// Changes take so long from now on.
    pub(super) fn slow_down(&self, by: Duration) {
        *self.state.slow.lock().unwrap() = by;
    }

    /// The calls whose line ends so.
    pub(super) fn calls(&self, end: &str) -> Vec<Call> {
        self.state.calls.lock().unwrap().iter().filter(|c| c.line.ends_with(end)).cloned().collect()
    }
}

impl Drop for StubApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>, campaign: CampaignId) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&state), campaign, request));
            let _closed =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    state: Arc<State>,
    campaign: CampaignId,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let actor = request.headers().get("On-Behalf-Of").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    state.calls.lock().unwrap().push(Call { line: line.clone(), actor: actor.clone(), body: body.clone() });
    let changes = line.ends_with("/pause") || line.ends_with("/resume");
    let slow = *state.slow.lock().unwrap();
    if changes && !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    let (status, mut body) = if actor.ends_with(&format!("/{STRANGER}")) {
        (403, problem(&line, "chat_user_not_linked", 403))
    } else if changes && *state.forbidden.lock().unwrap() {
        (403, problem(&line, "permission_denied", 403))
    } else {
        // A place's server is the asker's.
        let about = if line.ends_with("/report-schedules") {
            actor.split('/').nth(1).unwrap_or_default()
        } else {
            query.as_str()
        };
        things::answer(&line, about, &body, campaign)
            .unwrap_or_else(|| canned(&line, &query, &body, campaign, *state.locale.lock().unwrap()))
    };
    if status == 200 && *state.swollen.lock().unwrap() {
        body = things::swollen(body, !query.contains("q="));
    }
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    Ok(Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap())
}

fn canned(line: &str, query: &str, body: &Value, id: CampaignId, locale: &str) -> (u16, Value) {
    let show = format!("GET /v1/campaigns/{id}");
    let change = |state: &str| json!({"changed": true, "campaign": campaign(id, state)});
    let answer = match line {
        // Everybody leads: what holds when two replicas are connected is held by the chat itself.
        "POST /v1/gateway-leases/acquire" => json!({"held": true, "fence": 1, "expires_in_ms": 6_000}),
        "POST /v1/gateway-leases/release" => json!({"changed": true}),
        "POST /v1/bot/token" => json!({"access_token": "t", "expires_in": 600}),
        "GET /v1/me" => json!({
            "tenant": {"id": TenantId::new(), "name": "Harbour Grocers", "locale": locale, "time_zone": "UTC", "currency": "USD"},
            "staff": {"id": StaffId::new(), "name": "Mei Lin", "role": "marketer", "locale": null, "version": 1}, "api_token": null, "permissions": []
        }),
        "POST /v1/chat-links/redeem" if body["code"] == LINK_CODE => json!({
            "retailer": "Harbour Grocers", "staff": "Mei Lin", "server_linked": true, "channel_moved": false, "locale": locale
        }),
        "GET /v1/campaigns" => json!({"data": campaigns(id, query)}),
        line if line == show => campaign(id, "active"),
        line if line.ends_with("/pause") => change("paused"),
        line if line.ends_with("/resume") && body["reason"] == ASKS_A_SECOND => {
            let mut waiting = campaign(id, "paused");
            waiting["resume_asked"] = json!({"by": StaffId::new(), "at": AT, "reason": body["reason"]});
            json!({"changed": false, "campaign": waiting})
        }
        line if line.ends_with("/resume") => change("active"),
        line if line.ends_with("/history") => json!({"data": []}),
        line => return (404, problem(line, "not_found", 404)),
    };
    (200, answer)
}

/// Those in the state, or whose name or key starts so, that the query asks for.
fn campaigns(id: CampaignId, query: &str) -> Vec<Value> {
    let asked = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_lowercase)
    };
    let (state, starts) = (asked("state"), asked("q"));
    let mut paused = campaign(CampaignId(Uuid::from_u128(2)), "paused");
    paused["name"] = json!("Autumn sale");
    paused["external_key"] = json!(null);
    paused["budget"] = json!({"amount_minor": 200_000, "currency": "USD"});
    paused["starts_on"] = json!("2026-01-01");
    paused["ends_on"] = json!("2026-02-01");
    paused["state_reason"] = json!("too dear");
    let starts_so = |one: &Value| {
        let names = [&one["name"], &one["external_key"]];
        starts.as_ref().is_none_or(|q| {
            names.iter().any(|name| name.as_str().is_some_and(|name| name.to_lowercase().starts_with(q)))
        })
    };
    let all = [campaign(id, "active"), paused].into_iter().filter(starts_so);
    all.filter(|one| state.as_ref().is_none_or(|state| one["state"] == state.as_str())).collect()
}

fn campaign(id: CampaignId, state: &str) -> Value {
    let at = AT;
    json!({
        "id": id, "name": "Spring coupons", "external_key": "SPRING", "objective": "conversion", "state": state, "state_reason": null, "state_since": at,
        "stopped_by": null, "channels": [], "starts_on": null, "ends_on": null, "budget": null, "spend": 1200, "archived_at": null, "created_at": at,
        "updated_at": at, "version": 1
    })
}

/// A refusal as the service words it.
pub(super) fn problem(line: &str, code: &str, status: u16) -> Value {
    json!({"type": format!("/docs/errors#{code}"), "title": code, "status": status, "detail": "as the stub was told", "instance": line, "code": code, "request_id": "stub"})
}
