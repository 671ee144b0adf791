//! The console transport: type commands in a terminal, see alerts there, with no account anywhere.
//!
//! Cast: `words` turns a typed line into a command, `draw` a reply into lines, `complete` half a word into a
//! whole one; `editor` is the blocking thread that holds the terminal, [`Printer`] the one way to write while it
//! does; [`Console`] joins them. Invariants: nothing that a tenant named reaches the terminal with a control
//! character in it; an alert never destroys the line that is being typed; without a terminal nothing is drawn, alerts
//! go to the log and commands may come from a pipe; leaving the console leaves the terminal as it was found.

mod complete;
mod draw;
mod editor;
mod printer;
mod sink;
mod words;

pub use printer::Printer;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use tillwatch_shared::watch::Transport;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::api::Api;
use crate::command::Actor;
use crate::commands::{HELP, handle, language, nearest};
use crate::deliver::{ChatSink, Pause, stopped};
use crate::reply::{Reply, Tone};
use draw::Style;
use words::Typed;

/// The chat channel that a console stands for.
const CHANNEL: &str = "console";

/// What a console needs.
#[derive(Clone, Debug)]
pub struct ConsoleConfig {
    /// The server that this console stands for: 1 to 64 letters, digits, `.`, `_`, `-`.
    pub server: String,
    /// Who types: the same alphabet.
    pub user: String,
    /// A one-time code to link that user with at the start.
    pub link_code: Option<String>,
    /// Other console servers of this machine whose alerts appear here too.
    pub also_shows: Vec<String>,
    /// What stands before the typed line.
    pub prompt: String,
    /// Where typed lines are kept between runs; not kept if absent.
    pub history: Option<PathBuf>,
    /// Told once when somebody leaves the console (`quit`, Ctrl-D, Ctrl-C). The bot goes on until it is stopped.
    pub on_quit: Arc<Notify>,
    /// The way to write while somebody types; a program's log may share it.
    pub printer: Printer,
}

impl ConsoleConfig {
    /// A console of this server and user, with nothing else asked for.
    pub fn new(server: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            user: user.into(),
            link_code: None,
            also_shows: Vec::new(),
            prompt: "tillwatch> ".to_owned(),
            history: None,
            on_quit: Arc::new(Notify::new()),
            printer: Printer::default(),
        }
    }

    /// The person at the console.
    pub fn actor(&self) -> Actor {
        Actor {
            transport: Transport::Console,
            server: self.server.clone(),
            channel: CHANNEL.to_owned(),
            user: self.user.clone(),
        }
    }
}

/// A terminal, or what stands in its place.
#[derive(Debug)]
pub struct Console {
    config: ConsoleConfig,
    style: Style,
    terminal: bool,
}

impl Console {
    /// A console on this process's standard input and output.
    pub fn new(config: ConsoleConfig) -> Self {
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !dumb();
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { config, style: Style { colours }, terminal }
    }

    /// Where alerts are shown.
    pub fn sink(&self, api: &Api) -> Arc<dyn ChatSink> {
        Arc::new(sink::ConsoleSink::new(&self.config, self.style, self.terminal, api))
    }

    /// Answers what is typed until it is left, its input ends, or `stop` is true.
    pub async fn run(self, api: Api, mut stop: watch::Receiver<bool>) {
        let actor = self.config.actor();
        let linking = self.link(&api, &actor, stop.clone());
        let talking = self.talk(&api, &actor, &mut stop);
        tokio::join!(linking, talking);
    }

    /// Redeems the given code, waiting for a service that is not up yet.
    async fn link(&self, api: &Api, actor: &Actor, mut stop: watch::Receiver<bool>) {
        let Some(code) = &self.config.link_code else { return };
        let mut pause = Pause::default();
        loop {
            let error = match api.redeem(code, actor).await {
                Ok(linked) => {
                    tracing::info!(retailer = linked.retailer, staff = linked.staff, "the console is linked");
                    return;
                }
                Err(error) => error,
            };
            if !error.is_passing() {
                tracing::warn!(%error, "the console's link code was refused; type `link CODE` with a fresh one");
                return;
            }
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(pause.next()) => {}
            }
        }
    }

    async fn talk(&self, api: &Api, actor: &Actor, stop: &mut watch::Receiver<bool>) {
        let words = language(actor, api);
        let mut lines = if self.terminal {
            match editor::start(&self.config, api, words.await.welcome()) {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::warn!(%error, "the terminal cannot be used; serving without it");
                    return;
                }
            }
        } else {
            editor::pipe()
        };
        loop {
            let asked = tokio::select! {
                () = stopped(stop) => break,
                asked = lines.next() => asked,
            };
            let Some(asked) = asked else { break };
            let reply = match asked.line().map_or(Typed::NoText, words::parse) {
                Typed::Nothing => None,
                Typed::Quit => {
                    lines.leave(asked);
                    break;
                }
                typed => Some(answer(typed, actor, api).await),
            };
            if let Some(reply) = reply {
                // The editor waits for its answer, so the terminal is free to be written to.
                printer::direct(&draw::reply(&reply, self.style, self.config.printer.columns()));
            }
            asked.answered();
        }
        if lines.was_left() {
            printer::direct(&format!("{}\n", language(actor, api).await.goodbye()));
            self.config.on_quit.notify_one();
        }
    }
}

/// The reply to a typed line that is neither empty nor `quit`.
async fn answer(typed: Typed, actor: &Actor, api: &Api) -> Reply {
    let say = |said: crate::wording::Said| Reply::say(Tone::Refused, said.title, said.body).private();
    match typed {
        Typed::Command(command) => handle(command, actor, api).await,
        Typed::Unknown(typed) => {
            let known: Vec<&str> = words::known().collect();
            let near: Vec<String> = nearest(&typed, &known).into_iter().map(str::to_owned).collect();
            let all = words::usage(&HELP);
            say(language(actor, api).await.unknown_command(&typed, &near, &all))
        }
        Typed::NoText => say(language(actor, api).await.no_text()),
        Typed::Incomplete(spec) => say(language(actor, api).await.incomplete(&words::usage(spec))),
        Typed::Nothing | Typed::Quit => Reply::say(Tone::Plain, "", ""),
    }
}

/// A terminal that cannot move its cursor.
fn dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term.is_empty() || term == "dumb")
}
