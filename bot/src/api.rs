//! The typed client of the API: what the bot may ask of the service, and nothing else.
//!
//! Cast: [`BotKey`] signs, [`Api`] keeps the ten-minute token that the signature is changed for, and
//! `memory` holds the little that is remembered about people who ask. Every call on somebody's behalf carries
//! `On-Behalf-Of`; the service decides what that person may do. Invariants: no call lasts longer than its
//! timeout; a token is renewed before it expires, and once more when it is refused; only a call that may be done twice
//! is asked again of a busy service; credentials and bodies are never logged.

mod alerts;
mod error;
mod gateway;
mod goals;
mod key;
pub(crate) mod memory;
mod reports;

pub use error::{Answer, ApiError};
pub use key::{BadKey, BotKey};

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::Me;
use tillwatch_shared::ids::{CampaignId, DeliveryId};
use tillwatch_shared::measure::{Kpis, MetricCatalogue, Series};
use tillwatch_shared::plan::{Campaign, CampaignHistory, CampaignState, ChangeState, Channel, StateChanged};
use tillwatch_shared::watch::{
    BotAssertion, BotToken, ClaimDeliveries, ClaimedDeliveries, Delivery, DeliveryOutcome, Linked, RedeemCode,
    ReportDelivery, ServerRef, Transport,
};
use tillwatch_shared::{Acknowledgement, Page};
use tokio::sync::Mutex;

use crate::command::Actor;
use memory::Memory;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much longer than its own wait a long poll may take.
const POLL_SLACK: Duration = Duration::from_secs(5);
/// A token is renewed when it has less than this left.
const RENEW_BEFORE: Duration = Duration::from_secs(30);
/// How long a busy service is left alone before it is asked once more.
const BUSY_PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// The largest picture that is fetched, in bytes; a chat takes 10 MiB.
const LARGEST_PICTURE: usize = 8 << 20;

/// A client of the API. Clones share the connection pool, the token and the memory.
#[derive(Clone, Debug)]
pub struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: String,
    http: reqwest::Client,
    key: BotKey,
    token: Mutex<Option<Token>>,
    memory: Memory,
}

#[derive(Clone)]
struct Token {
    bearer: HeaderValue,
    renew_at: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Api {
    /// A client of the API at `base_url` (`http://127.0.0.1:8080`). Connects at the first call.
    pub fn new(base_url: &str, key: BotKey) -> Answer<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("tillwatch-bot/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            // The API is a neighbour: a proxy of the environment must not see the bot's token.
            .no_proxy()
            .build()?;
        let base = base_url.trim_end_matches('/').to_owned();
        Ok(Self(Arc::new(Inner { base, http, key, token: Mutex::new(None), memory: Memory::default() })))
    }

    /// What is remembered about people who ask.
    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    // ---- the bot for itself ----

    /// Redeems a one-time code. Works before the user is linked, so nobody is named.
    pub async fn redeem(&self, code: &str, actor: &Actor) -> Answer<Linked> {
        let body = RedeemCode {
            code: code.to_owned(),
            transport: actor.transport,
            server: actor.server.clone(),
            channel: actor.channel.clone(),
            user: actor.user.clone(),
        };
        // Once: a code works once, so a second call would be told that it is used up.
        let ask = |http: &reqwest::Client, url: String| http.post(url).json(&body);
        let linked = self.send_once("/v1/chat-links/redeem", ask).await;
        if linked.is_ok() {
            self.memory().forget(actor);
        }
        linked
    }

    /// Claims up to `max` deliveries for these chats, waiting up to `wait` for the first. Of a chat that `servers`
    /// names, only those of the servers named.
    pub async fn claim(
        &self,
        transports: &[Transport],
        servers: &[ServerRef],
        max: u16,
        wait: Duration,
    ) -> Answer<Vec<Delivery>> {
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let body = ClaimDeliveries { transports: transports.to_vec(), servers: servers.to_vec(), max, wait_ms };
        let ask = |http: &reqwest::Client, url: String| http.post(url).json(&body).timeout(wait + POLL_SLACK);
        // Once: a claim that was begun has leased deliveries, and a second would lease others.
        let claimed: ClaimedDeliveries = self.send_once("/v1/deliveries/claim", ask).await?;
        Ok(claimed.data)
    }

    /// Tells what became of a claimed delivery.
    pub async fn report(&self, id: DeliveryId, attempt: i32, outcome: &DeliveryOutcome) -> Answer<Acknowledgement> {
        let body = ReportDelivery { attempt, outcome: outcome.clone() };
        self.post(&format!("/v1/deliveries/{id}/report"), None, Some(&body)).await
    }

    /// The PNG of a delivery's alert in the delivery's language; `None` when there is none.
    pub async fn picture(&self, id: DeliveryId) -> Answer<Option<Vec<u8>>> {
        let ask = |http: &reqwest::Client, url: String| http.get(url);
        match self.send_raw(&format!("/v1/deliveries/{id}/picture"), None, &BUSY_PAUSES, ask).await {
            Ok(png) if png.len() > LARGEST_PICTURE => Err(ApiError::Unexpected("the picture is too large".to_owned())),
            Ok(png) => Ok(Some(png)),
            Err(error) if error.code() == Some(Code::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    // ---- on somebody's behalf ----

    /// Who the actor is to the service.
    pub async fn me(&self, actor: &Actor) -> Answer<Me> {
        self.get("/v1/me", actor, &[]).await
    }

    /// Campaigns in this state, newest first.
    pub async fn campaigns_in(
        &self,
        actor: &Actor,
        state: CampaignState,
        limit: u16,
        cursor: Option<&str>,
    ) -> Answer<Page<Campaign>> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str()), ("state", state.as_str())];
        query.extend(cursor.map(|c| ("cursor", c)));
        self.get("/v1/campaigns", actor, &query).await
    }

    /// Campaigns; those whose name or key starts with `starts_with`, if given.
    pub async fn campaigns(
        &self,
        actor: &Actor,
        starts_with: Option<&str>,
        limit: u16,
        cursor: Option<&str>,
    ) -> Answer<Page<Campaign>> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(starts_with.map(|q| ("q", q)));
        query.extend(cursor.map(|c| ("cursor", c)));
        self.get("/v1/campaigns", actor, &query).await
    }

    /// A campaign.
    pub async fn campaign(&self, actor: &Actor, id: CampaignId) -> Answer<Campaign> {
        self.get(&format!("/v1/campaigns/{id}"), actor, &[]).await
    }

    /// Pauses a campaign.
    pub async fn pause(&self, actor: &Actor, id: CampaignId, reason: &str) -> Answer<StateChanged> {
        let body = ChangeState { reason: reason.to_owned() };
        self.post(&format!("/v1/campaigns/{id}/pause"), Some(actor), Some(&body)).await
    }

    /// Resumes a campaign.
    pub async fn resume(&self, actor: &Actor, id: CampaignId, reason: &str) -> Answer<StateChanged> {
        let body = ChangeState { reason: reason.to_owned() };
        self.post(&format!("/v1/campaigns/{id}/resume"), Some(actor), Some(&body)).await
    }

    /// The last steps of a campaign's history, newest first.
    pub async fn history(&self, actor: &Actor, id: CampaignId) -> Answer<CampaignHistory> {
        self.get(&format!("/v1/campaigns/{id}/history"), actor, &[("newest_first", "true")]).await
    }

    /// The first 100 channels.
    pub async fn channels(&self, actor: &Actor) -> Answer<Page<Channel>> {
        self.get("/v1/channels", actor, &[("limit", "100")]).await
    }

    /// The KPI screen of the last day with samples.
    pub async fn kpis(&self, actor: &Actor) -> Answer<Kpis> {
        self.get("/v1/kpis", actor, &[]).await
    }

    /// The metric catalogue.
    pub async fn metrics(&self, actor: &Actor) -> Answer<MetricCatalogue> {
        self.get("/v1/metrics", actor, &[]).await
    }

    /// A metric day by day, `from` included, `to` not; both RFC 3339.
    pub async fn days(&self, actor: &Actor, metric: &str, from: &str, to: &str) -> Answer<Series> {
        let query = [("metric", metric), ("resolution", "day"), ("from", from), ("to", to)];
        self.get("/v1/series", actor, &query).await
    }

    // ---- how ----

    async fn get<T: DeserializeOwned>(&self, path: &str, actor: &Actor, query: &[(&str, &str)]) -> Answer<T> {
        self.send(path, Some(actor), |http: &reqwest::Client, url: String| http.get(url).query(query)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        actor: Option<&Actor>,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Answer<T> {
        let ask = |http: &reqwest::Client, url: String| match body {
            Some(body) => http.post(url).json(body),
            None => http.post(url),
        };
        self.send(path, actor, ask).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        actor: Option<&Actor>,
        ask: impl Fn(&reqwest::Client, String) -> RequestBuilder + Sync,
    ) -> Answer<T> {
        read(path, &self.send_raw(path, actor, &BUSY_PAUSES, ask).await?)
    }

    /// As [`Self::send`] for the bot itself, for a call whose repetition would do something else.
    async fn send_once<T: DeserializeOwned>(
        &self,
        path: &str,
        ask: impl Fn(&reqwest::Client, String) -> RequestBuilder + Sync,
    ) -> Answer<T> {
        read(path, &self.send_raw(path, None, &[], ask).await?)
    }

    /// Sends with a token; with a fresh one once more when the service no longer takes the kept one. A service that
    /// is busy is asked again after each of `pauses`. It may have begun all the same (a request that takes too long
    /// is told that the service is busy), so only calls that may be done twice have pauses.
    async fn send_raw(
        &self,
        path: &str,
        actor: Option<&Actor>,
        pauses: &[Duration],
        ask: impl Fn(&reqwest::Client, String) -> RequestBuilder + Sync,
    ) -> Answer<Vec<u8>> {
        let behalf = actor.map(on_behalf_of).transpose()?;
        let (mut second, mut pauses) = (false, pauses.iter());
        loop {
            let refused = match self.token().await {
                Err(error) => error,
                Ok(token) => {
                    let mut request = ask(&self.0.http, format!("{}{path}", self.0.base))
                        .header("Authorization", token.bearer.clone());
                    if let Some(behalf) = &behalf {
                        request = request.header("On-Behalf-Of", behalf.clone());
                    }
                    match exchange(request, path).await {
                        Ok(bytes) => return Ok(bytes),
                        Err(error) if !second && error.is_stale_token() => {
                            second = true;
                            self.drop_token(&token).await;
                            continue;
                        }
                        Err(error) => error,
                    }
                }
            };
            let busy = refused.code() == Some(Code::Overloaded);
            let Some(pause) = pauses.next().filter(|_| busy) else { return Err(refused) };
            tokio::time::sleep(*pause).await;
        }
    }

    /// The kept token, renewed when it is about to expire. One renewal at a time: the others wait for it.
    async fn token(&self) -> Answer<Token> {
        let mut kept = self.0.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.renew_at > Instant::now()) {
            return Ok(token.clone());
        }
        let asked = Instant::now();
        let assertion = self.0.key.assertion(chrono::Utc::now());
        let assertion = assertion.map_err(|error| ApiError::Unexpected(format!("cannot sign: {error}")))?;
        let path = "/v1/bot/token";
        let request = self.0.http.post(format!("{}{path}", self.0.base)).json(&BotAssertion { assertion });
        let bytes = exchange(request, path).await?;
        let given: BotToken =
            serde_json::from_slice(&bytes).map_err(|error| ApiError::Unexpected(format!("{path}: {error}")))?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", given.access_token))
            .map_err(|_| ApiError::Unexpected(format!("{path}: not a token")))?;
        bearer.set_sensitive(true);
        let lifetime = Duration::from_secs(given.expires_in.into());
        let token = Token { bearer, renew_at: asked + lifetime.saturating_sub(RENEW_BEFORE) };
        *kept = Some(token.clone());
        Ok(token)
    }

    /// Forgets a refused token, unless somebody has renewed it meanwhile.
    async fn drop_token(&self, refused: &Token) {
        let mut kept = self.0.token.lock().await;
        if kept.as_ref().is_some_and(|token| token.bearer == refused.bearer) {
            *kept = None;
        }
    }
}

/// `discord/<server>/<user>`. The parts come from a chat or a terminal: one that could be read as another part is
/// refused here.
fn on_behalf_of(actor: &Actor) -> Answer<HeaderValue> {
    let plain = |part: &str| {
        (1..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    if !plain(&actor.server) || !plain(&actor.user) {
        return Err(ApiError::Unexpected("a chat's server and user are letters, digits, '.', '_' and '-'".to_owned()));
    }
    HeaderValue::from_str(&format!("{}/{}/{}", actor.transport, actor.server, actor.user))
        .map_err(|_| ApiError::Unexpected("a chat user that no header can carry".to_owned()))
}

/// An answer's body.
fn read<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::Unexpected(format!("{path}: {error}")))
}

/// One request and its answer.
async fn exchange(request: RequestBuilder, path: &str) -> Answer<Vec<u8>> {
    let request_id = format!("bot-{}", uuid::Uuid::now_v7().simple());
    let response =
        request.header("X-Request-Id", &request_id).header(ACCEPT, "application/json, image/png").send().await;
    let response = response.inspect_err(|error| {
        tracing::debug!(path, request_id, error = %error, "the API did not answer");
    })?;
    let status = response.status();
    let bytes = response.bytes().await?;
    tracing::trace!(path, request_id, status = status.as_u16(), "the API answered");
    if status.is_success() {
        return Ok(bytes.into());
    }
    Err(error::refusal(status, &bytes, path))
}

#[cfg(test)]
mod tests;
