//! The Discord transport: slash commands, buttons, one modal, and alerts that stay up to date.
//!
//! Cast: [`Discord`] is one bot account; [`commands`] and [`events`] translate what people do there into a
//! [`crate::command::Command`] or [`crate::command::Action`], [`answer`] owns the first answer and the final one,
//! [`render`] turns a [`crate::reply::Reply`] into the platform's builders ([`text`] escapes and cuts), [`running`] counts
//! handlers, [`sink`] keeps one message per delivery, [`threads`] tells under it what happened, [`leader`] decides which of several replicas is connected,
//! [`late`] mends what an edit that came late has overwritten, [`trouble`] reads the platform's errors, [`words`] holds what the platform itself shows in both languages.
//! Invariants: the gateway is asked for servers only (intents `GUILDS`); no message can ping anybody; what a tenant
//! named is shown as text, never as markup; an interaction that another replica answers is left to it; `stop` waits
//! for running handlers, at most [`FAREWELL`]. Production always speaks to discord.com: only a caller that passes a
//! client of its own to [`DiscordConfig::with_client`] can change that, no configuration can.

mod answer;
mod commands;
mod events;
mod late;
mod leader;
mod render;
mod running;
mod sink;
mod text;
mod threads;
mod trouble;
pub(crate) mod words;

pub use sink::DiscordSink;

use crate::api::Api;
use crate::deliver::ChatSink;
use leader::Leader;
use running::Running;
use serenity::all::{Client, ClientBuilder, CreateAllowedMentions, GatewayError, GatewayIntents, Http, HttpBuilder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use trouble::Trouble;

/// How long running handlers may go on after `stop`.
pub const FAREWELL: Duration = Duration::from_secs(10);
/// How long the question for the gateway's address may take.
const ASKING: Duration = Duration::from_secs(10);
/// How long the gateway may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(3);
/// The first and the longest pause between attempts to reach Discord.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// What a bot account needs.
#[derive(Clone)]
pub struct DiscordConfig {
    token: String,
    client: Option<reqwest::Client>,
}

impl DiscordConfig {
    /// A bot with this token, on discord.com.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into(), client: None }
    }

    /// The same with another HTTP client. Meant for tests, whose client resolves `discord.com` to a fake.
    #[must_use]
    pub fn with_client(self, client: reqwest::Client) -> Self {
        Self { client: Some(client), ..self }
    }

    /// An HTTP handle with the platform's rate limits kept and mentions off.
    fn http(&self) -> Http {
        let builder = HttpBuilder::new(&self.token).default_allowed_mentions(CreateAllowedMentions::new());
        match &self.client {
            Some(client) => builder.client(client.clone()).build(),
            None => builder.build(),
        }
    }
}

/// The token stays out of logs.
impl std::fmt::Debug for DiscordConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordConfig").field("token", &"…").field("own_client", &self.client.is_some()).finish()
    }
}

/// Why the transport gave up for good. Everything that may pass is waited out instead.
#[derive(Debug, thiserror::Error)]
pub enum DiscordError {
    /// The token is wrong or was reset.
    #[error("Discord refuses the token (DISCORD_TOKEN): make a new one in the developer portal")]
    Token,
    /// The gateway refuses this bot for good.
    #[error("Discord's gateway refuses the bot (see DISCORD_TOKEN's account in the developer portal): {0}")]
    Gateway(String),
}

/// One bot account on Discord.
pub struct Discord {
    config: DiscordConfig,
    sink: Arc<DiscordSink>,
}

/// What every handler works with.
pub(crate) struct Data {
    api: Api,
    running: Running,
}

/// How a gateway session ended.
enum Ended {
    Stopped,
    /// Worth another attempt.
    Lost(String),
    Refused(DiscordError),
}

impl Discord {
    /// A bot account; nothing is sent yet.
    pub fn new(config: DiscordConfig) -> Self {
        let sink = Arc::new(DiscordSink::new(Arc::new(config.http())));
        Self { config, sink }
    }

    /// Where deliveries are shown. It needs no gateway: every replica may post.
    pub fn sink(&self) -> Arc<dyn ChatSink> {
        Arc::clone(&self.sink) as Arc<dyn ChatSink>
    }

    /// Answers commands and buttons until `stop` is true, then waits for the handlers that run. Of several replicas with
    /// one token one is connected, the others wait for their turn.
    pub async fn run(self, api: Api, mut stop: watch::Receiver<bool>) -> Result<(), DiscordError> {
        let running = Running::default();
        let leader = Leader::new(&api, &self.config.token);
        let mut pauses = Reconnecting::default();
        let ended = loop {
            let mut was_ready = false;
            match self.turn(&leader, &api, &running, &mut stop, &mut was_ready).await {
                Ended::Stopped => break Ok(()),
                Ended::Refused(error) => {
                    // Deliveries go by the same token: they stay due for a bot that is let in.
                    self.sink.close();
                    break Err(error);
                }
                Ended::Lost(why) => {
                    let pause = pauses.after(was_ready);
                    tracing::warn!(why, wait_ms = pause.as_millis(), "no connection to Discord");
                    tokio::select! {
                        () = stopped(&mut stop) => break Ok(()),
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        };
        let left = running.ended(FAREWELL).await;
        if left > 0 {
            tracing::warn!(left, "Discord handlers were still running at the end");
        }
        ended
    }

    /// One turn at the gateway: from having its lease to giving it back. A session that broke gives it back, too: another
    /// replica may reach Discord where this one does not.
    async fn turn(
        &self,
        leader: &Leader,
        api: &Api,
        running: &Running,
        stop: &mut watch::Receiver<bool>,
        was_ready: &mut bool,
    ) -> Ended {
        let mut held = tokio::select! {
            () = stopped(stop) => return Ended::Stopped,
            held = leader.lead() => held,
        };
        let (end, mut ending) = watch::channel(false);
        let session = self.session(api, running, &mut ending, was_ready);
        tokio::pin!(session);
        let ended = tokio::select! {
            ended = &mut session => ended,
            why = leader.lost(&mut held) => {
                end.send_replace(true);
                session.await;
                // Nothing to give back.
                return Ended::Lost(why);
            }
            () = stopped(stop) => {
                end.send_replace(true);
                session.await
            }
        };
        leader.release(held).await;
        ended
    }

    /// One client from its start to its end; the library itself resumes and reconnects within it.
    async fn session(
        &self,
        api: &Api,
        running: &Running,
        stop: &mut watch::Receiver<bool>,
        was_ready: &mut bool,
    ) -> Ended {
        let (ready, mut registering) = oneshot::channel();
        let data = Data { api: api.clone(), running: running.clone() };
        let connecting = async {
            let asked = tokio::time::timeout(ASKING, async { self.config.http().get_bot_gateway().await }).await;
            let asked = asked.map_err(|_| Ended::Lost("no answer in time".to_owned()))?;
            let url = asked.map_err(|e| refused(&Trouble::of(&e)))?.url;
            let client = ClientBuilder::new_with_http(self.config.http(), GatewayIntents::GUILDS)
                .framework(commands::framework(data, ready))
                .await
                .map_err(|e| Ended::Lost(e.to_string()))?;
            // The builder falls back to a built-in address when its own question fails; ours was answered.
            *client.ws_url.lock().await = url;
            Ok(client)
        };
        let mut client: Client = tokio::select! {
            () = stopped(stop) => return Ended::Stopped,
            connected = connecting => match connected {
                Ok(client) => client,
                Err(ended) => return ended,
            },
        };
        let shards = Arc::clone(&client.shard_manager);
        let started = client.start();
        tokio::pin!(started);
        let registration = async {
            // An error says that the client ended before it was ready.
            if let Ok(http) = (&mut registering).await {
                *was_ready = true;
                commands::register(http).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stopped(stop) => {}
            () = registration => {}
            ended = &mut started => return match ended {
                Ok(()) => Ended::Lost("the gateway client ended".to_owned()),
                Err(error) => ended_by(&error),
            },
        }
        if tokio::time::timeout(CLOSING, shards.shutdown_all()).await.is_err() {
            tracing::warn!("Discord's gateway did not say goodbye in time");
        }
        Ended::Stopped
    }
}

/// The pauses between attempts to reach Discord: they double, and begin anew after a session that worked.
#[derive(Debug, Default)]
struct Reconnecting(Option<Duration>);

impl Reconnecting {
    /// How long to wait after a session that was ready once, or never was.
    fn after(&mut self, was_ready: bool) -> Duration {
        let last = self.0.filter(|_| !was_ready);
        let pause = last.map_or(PAUSES.0, |last| (last * 2).min(PAUSES.1));
        self.0 = Some(pause);
        pause
    }
}

/// A refusal of the first question: for good only when it concerns the token.
fn refused(trouble: &Trouble) -> Ended {
    match trouble {
        Trouble::Token => Ended::Refused(DiscordError::Token),
        other => Ended::Lost(other.to_string()),
    }
}

/// Which ends of the gateway client are final.
fn ended_by(error: &serenity::Error) -> Ended {
    match error {
        serenity::Error::Gateway(GatewayError::InvalidAuthentication | GatewayError::NoAuthentication) => {
            Ended::Refused(DiscordError::Token)
        }
        serenity::Error::Gateway(
            error @ (GatewayError::DisallowedGatewayIntents | GatewayError::InvalidGatewayIntents),
        ) => Ended::Refused(DiscordError::Gateway(error.to_string())),
        other => Ended::Lost(other.to_string()),
    }
}

/// Waits until `stop` is true; a dropped sender counts as stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _gone = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_in_the_debug_text() {
        let text = format!("{:?}", DiscordConfig::new("secret-token"));
        assert!(!text.contains("secret-token"), "{text}");
    }

    #[test]
    fn pauses_begin_anew_after_a_session_that_worked() {
        let mut pauses = Reconnecting::default();
        let bad: Vec<u128> = (0..9).map(|_| pauses.after(false).as_millis()).collect();
        assert_eq!(bad, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!([true, false, true].map(|ready| pauses.after(ready).as_millis()), [500, 1_000, 500]);
    }

    #[test]
    fn only_refusals_of_the_account_end_the_transport() {
        let by = |e: GatewayError| ended_by(&serenity::Error::Gateway(e));
        assert!(matches!(by(GatewayError::InvalidAuthentication), Ended::Refused(DiscordError::Token)));
        assert!(matches!(by(GatewayError::DisallowedGatewayIntents), Ended::Refused(DiscordError::Gateway(_))));
        assert!(matches!(by(GatewayError::HeartbeatFailed), Ended::Lost(_)));
        assert!(matches!(refused(&Trouble::Token), Ended::Refused(DiscordError::Token)));
        assert!(matches!(refused(&Trouble::Passing("503".to_owned())), Ended::Lost(_)));
    }
}
