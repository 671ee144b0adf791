//! The chat bot of Tillwatch: a client of the API like any other.
//!
//! Cast: a transport ([`console`], [`discord`]; [`robots`] only speak) turns words into a [`command::Command`] by an [`command::Actor`];
//! [`commands`] asks the [`api`] and answers with a [`reply::Reply`]; [`deliver`] claims alerts, [`incident`] words
//! them ([`thread`] what happened to them), and a [`deliver::ChatSink`] shows them. All words stand in [`wording`], in both languages. Invariants: the
//! bot never touches the database and knows nothing of a tenant but what the API tells the person who asks;
//! it decides no permission; it holds no state that a restart could lose.

pub mod api;
pub mod command;
pub mod commands;
pub mod console;
pub mod deliver;
pub mod discord;
mod duration;
pub mod incident;
mod notice;
pub mod reply;
mod report;
pub mod robots;
#[cfg(test)]
mod testing;
pub mod thread;
pub mod wording;

use std::sync::Arc;

use tokio::sync::watch;

use api::{Api, ApiError, BotKey};
use console::{Console, ConsoleConfig};
use deliver::{ChatSink, stopped};
use discord::{Discord, DiscordConfig, DiscordError};

/// What the bot needs.
#[derive(Clone, Debug)]
pub struct BotConfig {
    /// Where the API is: `http://127.0.0.1:8080`.
    pub api_url: String,
    /// The bot's own key; the service knows its public half.
    pub key: BotKey,
    /// Discord, if it shall be there.
    pub discord: Option<DiscordConfig>,
    /// A terminal, if there shall be one.
    pub console: Option<ConsoleConfig>,
    /// What posts by chat robots, if that shall be done here: [`robots::RobotSink::client`].
    pub robots: Option<reqwest::Client>,
}

/// Why the bot gave up for good. Everything that may pass is waited out instead.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The client of the API could not be made.
    #[error("the API's client cannot be made: {0}")]
    Api(#[from] ApiError),
    /// Discord refuses the bot.
    #[error(transparent)]
    Discord(#[from] DiscordError),
}

/// Answers and delivers until `stop` is true (or its sender is gone), then ends what is in work. Leaving the console
/// does not end the bot. When Discord refuses the bot for good, that is told at once: in the log, and on the console if
/// there is one. The console goes on then; without one there is nobody left to serve, and everything is ended.
///
/// # Errors
/// When the API's client cannot be made, and when Discord refused the bot (which names `DISCORD_TOKEN`), even if the
/// console went on until `stop`.
pub async fn run(config: BotConfig, mut stop: watch::Receiver<bool>) -> Result<(), BotError> {
    let api = Api::new(&config.api_url, config.key)?;
    let screen = config.console.as_ref().map(|console| (console.actor(), console.printer.clone()));
    let console = config.console.map(Console::new);
    let discord = config.discord.map(Discord::new);
    let robots = config.robots.iter().flat_map(robots::sinks);
    let sinks: Vec<Arc<dyn ChatSink>> =
        console.iter().map(|one| one.sink(&api)).chain(discord.iter().map(Discord::sink)).chain(robots).collect();

    // The one transport that is refused for good ends the rest in order, too.
    let (end, ending) = watch::channel(false);
    let talking = async {
        if let Some(console) = console {
            console.run(api.clone(), ending.clone()).await;
        }
    };
    let chatting = async {
        let Some(discord) = discord else { return Ok(()) };
        let ended = discord.run(api.clone(), ending.clone()).await;
        if let Err(refusal) = &ended {
            tracing::error!(error = %refusal, "Discord is not served");
            match &screen {
                Some((actor, printer)) => {
                    let said = commands::language(actor, &api).await.discord_refused();
                    printer.print(&format!("{}\n{}\n", said.title, said.body));
                }
                None => {
                    end.send_replace(true);
                }
            }
        }
        ended
    };
    let delivering = deliver::run(api.clone(), sinks, ending.clone());
    let work = async { tokio::join!(talking, chatting, delivering).1 };
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => return Ok(ended?),
        () = stopped(&mut stop) => end.send_replace(true),
    };
    Ok(work.await?)
}
