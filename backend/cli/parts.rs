//! The roles by themselves, as they run on many machines.

use super::Failure;
use clap::Args;
use std::io::{ErrorKind, IsTerminal as _};
use std::net::{TcpListener, ToSocketAddrs as _};
use std::sync::Arc;
use tillwatch_backend::config::{Config, Console};
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::clock;
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT, migrate as db_migrate};
use tillwatch_backend::platform::outbound::AddressPolicy;
use tillwatch_backend::serve::{Service, ServiceOptions};
use tillwatch_backend::telemetry;
use tillwatch_bot::api::BotKey;
use tillwatch_bot::discord::DiscordConfig;
use tillwatch_bot::{BotConfig, BotError, console::ConsoleConfig, robots::RobotSink};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// What `tillwatch serve` takes.
#[derive(Args)]
pub(super) struct ServeArgs {
    /// Work jobs in this process, too.
    #[arg(long)]
    worker: bool,
}

/// The API.
pub(super) async fn serve(config: Config, args: ServeArgs) -> Result<(), Failure> {
    let mut stop = StopSignal::listen()?;
    telemetry::start(&config.log, config.log_json);
    let listener = listen(&config)?;
    let (db, secret) = given(&config)?;
    let options = options(&config, db, secret, Some(listener), args.worker)?;
    let Some(service) = stop.unless_received(Service::start(options)).await else { return Ok(()) };
    let service = service?;
    if let Some(address) = service.address() {
        tracing::info!(%address, "serving");
    }
    stop.received().await;
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

/// The worker.
pub(super) async fn work(config: Config) -> Result<(), Failure> {
    let mut stop = StopSignal::listen()?;
    telemetry::start(&config.log, config.log_json);
    let (db, secret) = given(&config)?;
    let options = options(&config, db, secret, None, true)?;
    let Some(service) = stop.unless_received(Service::start(options)).await else { return Ok(()) };
    let service = service?;
    tracing::info!("working");
    stop.received().await;
    service.stop().await;
    Ok(())
}

/// The bot.
pub(super) async fn bot(config: Config) -> Result<(), Failure> {
    let mut stop = StopSignal::listen()?;
    let console = match config.console {
        Console::On => Some(ConsoleConfig::new("console", "you")),
        _ => None,
    };
    match &console {
        // The log is drawn above the line that is being typed.
        Some(console) if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => {
            let printer = console.printer.clone();
            telemetry::start_to(&config.log, config.log_json, false, BoxMakeWriter::new(move || printer.clone()));
        }
        _ => telemetry::start(&config.log, config.log_json),
    }
    let api_url =
        config.api_url.clone().ok_or("API_URL: not set. Say where the API is, such as http://127.0.0.1:8080.")?;
    let seed = config.bot_private_key.ok_or("BOT_PRIVATE_KEY: not set. `tillwatch keys` makes one.")?;
    let discord = config.discord_token.clone().map(DiscordConfig::new);
    if discord.is_none() && console.is_none() {
        tracing::info!("DISCORD_TOKEN is not set and CONSOLE is not on: only chat robots are served");
    }
    let quit = console.as_ref().map_or_else(|| Arc::new(Notify::new()), |console| Arc::clone(&console.on_quit));
    let mut bot = Some(Bot::start(BotConfig {
        api_url,
        key: BotKey::from_seed(seed),
        discord,
        console,
        robots: Some(RobotSink::client()?),
    }));
    tokio::select! {
        () = stop.received() => {}
        () = quit.notified() => {}
        ended = Bot::ended(&mut bot) => ended?,
    }
    match bot {
        Some(bot) => bot.stop().await,
        None => Ok(()),
    }
}

/// A bot at work.
pub(super) struct Bot {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), BotError>>,
}

impl Bot {
    /// Starts it.
    pub(super) fn start(config: BotConfig) -> Self {
        let (stop, stopping) = watch::channel(false);
        Self { stop, task: tokio::spawn(tillwatch_bot::run(config, stopping)) }
    }

    /// Waits until the bot ends by itself, and for ever where there is none.
    ///
    /// # Errors
    /// Why it gave up.
    pub(super) async fn ended(bot: &mut Option<Self>) -> Result<(), Failure> {
        let Some(running) = bot else { return std::future::pending().await };
        let ended = (&mut running.task).await;
        *bot = None;
        Ok(ended??)
    }

    /// Ends it and waits for what it has in work.
    ///
    /// # Errors
    /// Why it had given up before.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        Ok(self.task.await??)
    }
}

/// The migrations.
pub(super) async fn migrate(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log, config.log_json);
    let url =
        config.database_owner_url.as_deref().ok_or("DATABASE_OWNER_URL: not set. It is the role tillwatch_owner's.")?;
    let ran = migrate_as_owner(url).await?;
    for name in &ran {
        println!("{name}");
    }
    println!("{} migration(s) run; the schema is up to date.", ran.len());
    Ok(())
}

/// Runs the migrations at the address of `DATABASE_OWNER_URL`; an error names that setting.
pub(super) async fn migrate_as_owner(url: &str) -> Result<Vec<String>, Failure> {
    db_migrate::run(url, clock::now()).await.map_err(|error| format!("DATABASE_OWNER_URL: {error}").into())
}

/// The address that the settings name, opened.
pub(super) fn listen(config: &Config) -> Result<TcpListener, Failure> {
    let (host, port) = (config.host.as_str(), config.port);
    let wrong_host = |error: &std::io::Error| -> Failure {
        format!("HOST: cannot listen on {host}: {error}. Set HOST to an address of this machine, such as 127.0.0.1.")
            .into()
    };
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|error| wrong_host(&error))?.collect();
    TcpListener::bind(addresses.as_slice()).map_err(|error| match error.kind() {
        ErrorKind::AddrNotAvailable => wrong_host(&error),
        _ => format!("PORT: cannot listen on {host}:{port}: {error}. Set PORT to a free one, or 0 for any.").into(),
    })
}

/// The database and the secret that the settings name.
fn given(config: &Config) -> Result<(DbConfig, [u8; 32]), Failure> {
    let app_url = config
        .database_url
        .clone()
        .ok_or("DATABASE_URL: not set. `serve` and `work` need a database; `tillwatch up` brings its own.")?;
    let system_url = config.database_system_url.clone().ok_or("DATABASE_SYSTEM_URL: not set, but DATABASE_URL is.")?;
    let secret = config.secret_key.ok_or("SECRET_KEY: not set. `tillwatch keys` makes one.")?;
    Ok((DbConfig { app_url, system_url, pool_size: config.database_pool, pool_wait: POOL_WAIT }, secret))
}

/// What a service of these settings needs to know.
pub(super) fn options(
    config: &Config,
    db: DbConfig,
    secret: [u8; 32],
    listener: Option<TcpListener>,
    worker: bool,
) -> Result<ServiceOptions, Failure> {
    // Fails early when the secret cannot make keys.
    Keys::new(secret, config.secret_key_previous)?;
    Ok(ServiceOptions {
        db,
        listener,
        http_workers: config.http_workers,
        secret,
        previous_secret: config.secret_key_previous,
        bot_key: config.bot_public_key,
        worker,
        closing_days: config.closing_days,
        redis_url: config.redis_url.clone(),
        limits: config.limits,
        cors: config.cors.clone(),
        outbound: AddressPolicy::public_only(),
        mail: config.mail.clone(),
    })
}

/// Ctrl-C and SIGTERM, heard from the moment that this exists: before it they end the process at once.
pub(super) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them; each call takes a signal of its own.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// What `work` comes to; `None`, and `work` is broken off, when a signal comes first.
    async fn unless_received<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.received() => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_bot::api::ApiError;

    #[tokio::test]
    async fn a_bot_that_gives_up_is_noticed_with_its_reason_and_another_is_waited_for() {
        let (stop, mut stopping) = watch::channel(false);
        let refusal = BotError::Api(ApiError::Unexpected("the token was refused".to_owned()));
        let mut bot = Some(Bot { stop, task: tokio::spawn(async { Err(refusal) }) });
        let said = Bot::ended(&mut bot).await.unwrap_err().to_string();
        assert!(said.contains("the token was refused"), "{said}");
        assert!(bot.is_none(), "it is gone");

        let task = tokio::spawn(async move {
            // The end of the sender is an end, too.
            let _ = stopping.wait_for(|stop| *stop).await;
            Ok(())
        });
        let mut bot = Some(Bot { stop: watch::channel(false).0, task });
        assert!(Bot::ended(&mut bot).await.is_ok());
    }
}
