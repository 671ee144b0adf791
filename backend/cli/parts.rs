//! The roles by themselves, as they run on many machines.

use super::Failure;
use clap::Args;
use std::net::TcpListener;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::clock;
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT, migrate as db_migrate};
use tillwatch_backend::serve::{Service, ServiceOptions};
use tillwatch_backend::telemetry;
use tillwatch_bot::api::BotKey;
use tillwatch_bot::discord::DiscordConfig;
use tillwatch_bot::{BotConfig, console::ConsoleConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What `tillwatch serve` takes.
#[derive(Args)]
pub(super) struct ServeArgs {
    /// Work jobs in this process, too.
    #[arg(long)]
    worker: bool,
}

/// The API.
pub(super) async fn serve(config: Config, args: ServeArgs) -> Result<(), Failure> {
    telemetry::start(&config.log, config.log_json);
    let listener = listen(&config)?;
    let service = Service::start(options(&config, Some(listener), args.worker)?).await?;
    if let Some(address) = service.address() {
        tracing::info!(%address, "serving");
    }
    stop_signal().await?;
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

/// The worker.
pub(super) async fn work(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log, config.log_json);
    let service = Service::start(options(&config, None, true)?).await?;
    tracing::info!("working");
    stop_signal().await?;
    service.stop().await;
    Ok(())
}

/// The bot.
pub(super) async fn bot(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log, config.log_json);
    let api_url =
        config.api_url.clone().ok_or("API_URL: not set. Say where the API is, such as http://127.0.0.1:8080.")?;
    let seed = config.bot_private_key.ok_or("BOT_PRIVATE_KEY: not set. `tillwatch keys` makes one.")?;
    let console = match config.console {
        tillwatch_backend::config::Console::On => Some(ConsoleConfig::new("console", "you")),
        _ => None,
    };
    let discord = config.discord_token.clone().map(DiscordConfig::new);
    if discord.is_none() && console.is_none() {
        return Err("DISCORD_TOKEN: not set, and CONSOLE is not on: there is no chat to serve.".into());
    }
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(tillwatch_bot::run(
        BotConfig { api_url, key: BotKey::from_seed(seed), discord, console },
        stopping,
    ));
    stop_signal().await?;
    // The bot may have ended by itself.
    let _ = stop.send(true);
    Ok(running.await??)
}

/// The migrations.
pub(super) async fn migrate(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log, config.log_json);
    let url =
        config.database_owner_url.as_deref().ok_or("DATABASE_OWNER_URL: not set. It is the role tillwatch_owner's.")?;
    let ran = db_migrate::run(url, clock::now()).await?;
    for name in &ran {
        println!("{name}");
    }
    println!("{} migration(s) run; the schema is up to date.", ran.len());
    Ok(())
}

/// The address that the settings name, opened.
pub(super) fn listen(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind((config.host.as_str(), config.port)).map_err(|error| {
        format!(
            "PORT: cannot listen on {}:{}: {error}. Set PORT to a free one, or 0 for any.",
            config.host, config.port
        )
        .into()
    })
}

fn options(config: &Config, listener: Option<TcpListener>, worker: bool) -> Result<ServiceOptions, Failure> {
    let app_url = config
        .database_url
        .clone()
        .ok_or("DATABASE_URL: not set. `serve` and `work` need a database; `tillwatch up` brings its own.")?;
    let system_url = config.database_system_url.clone().ok_or("DATABASE_SYSTEM_URL: not set, but DATABASE_URL is.")?;
    let secret = config.secret_key.ok_or("SECRET_KEY: not set. `tillwatch keys` makes one.")?;
    // Fails early when the secret cannot make keys.
    Keys::new(secret, config.secret_key_previous)?;
    Ok(ServiceOptions {
        db: DbConfig { app_url, system_url, pool_size: config.database_pool, pool_wait: POOL_WAIT },
        listener,
        http_workers: config.http_workers,
        secret,
        previous_secret: config.secret_key_previous,
        bot_key: config.bot_public_key,
        worker,
        redis_url: config.redis_url.clone(),
    })
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn stop_signal() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
