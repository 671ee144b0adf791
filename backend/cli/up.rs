//! `tillwatch up`: everything in one process. A local PostgreSQL (unless `DATABASE_URL` is set), migrations, the demo
//! retailers, the API, the worker, and the bot on the console and on Discord when a token is set.
//!
//! Cast: [`begin`] starts one thing after the other and notes it in [`Running`], which stops in order what there is by
//! then: not ready any more, long polls, the bot (gateway, handlers, deliveries), the worker, HTTP, PostgreSQL.
//! Invariants: Ctrl-C and SIGTERM are heard from the first moment and leave nothing running; after a kill the next
//! start adopts what was left.

use super::Failure;
use super::parts::{Bot, StopSignal, listen, migrate_as_owner};
use clap::Args;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tillwatch_backend::config::{Config, Console, parse_key};
use tillwatch_backend::demo::retailer::SignInHint;
use tillwatch_backend::demo::{self, CN_SERVER, CONSOLE_USER, DemoOptions, US_SERVER};
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::clock;
use tillwatch_backend::platform::db::local::{self, LocalError, LocalOptions, LocalPostgres, Progress};
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT, migrate};
use tillwatch_backend::platform::hex::hex;
use tillwatch_backend::platform::outbound::AddressPolicy;
use tillwatch_backend::serve::{Service, ServiceOptions};
use tillwatch_backend::telemetry;
use tillwatch_bot::BotConfig;
use tillwatch_bot::api::BotKey;
use tillwatch_bot::console::ConsoleConfig;
use tillwatch_bot::discord::DiscordConfig;
use tillwatch_bot::robots::RobotSink;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// What `tillwatch up` takes.
#[derive(Args, Default)]
pub(super) struct UpArgs {
    /// Delete the local database first and start anew.
    #[arg(long)]
    reset: bool,
}

/// The local database.
pub(super) const DATABASE: &str = "tillwatch";

/// How long the bot may take to end what it has in work.
const FAREWELL: Duration = Duration::from_secs(15);

/// Runs everything until Ctrl-C, SIGTERM or `quit`.
pub(super) async fn up(config: Config, args: UpArgs) -> Result<(), Failure> {
    // First of all, so that an impatient Ctrl-C finds somebody who cleans up.
    let mut stop = StopSignal::listen()?;
    let mut running = Running::default();
    let quit = Arc::new(Notify::new());
    let outcome = tokio::select! {
        begun = begin(&config, &args, &quit, &mut running) => begun,
        () = stop.received() => {
            say("Stopping …");
            return running.stop(&mut stop).await;
        }
    };
    if let Err(error) = outcome {
        // The reason of the failure is what matters; a second one goes to the log.
        if let Err(also) = running.stop(&mut stop).await {
            tracing::warn!(error = %also, "stopping what was started");
        }
        return Err(error);
    }
    loop {
        tokio::select! {
            () = stop.received() => break,
            () = quit.notified() => break,
            ended = Bot::ended(&mut running.bot) => if let Err(error) = ended {
                tracing::error!(%error, "the bot has ended; everything else goes on");
                say(&format!("The bot has ended: {error}\nEverything else goes on; Ctrl-C stops it."));
            }
        }
    }
    say("Stopping …");
    running.stop(&mut stop).await
}

/// What was started so far.
#[derive(Default)]
struct Running {
    /// PostgreSQL on its way; it cannot be broken off, only waited for.
    starting: Option<JoinHandle<Result<LocalPostgres, LocalError>>>,
    postgres: Option<LocalPostgres>,
    service: Option<Service>,
    bot: Option<Bot>,
}

impl Running {
    /// Stops it, the last first. A second signal is not waited for PostgreSQL's start any longer.
    async fn stop(self, again: &mut StopSignal) -> Result<(), Failure> {
        if let Some(service) = &self.service {
            service.leave();
        }
        if let Some(bot) = self.bot {
            match tokio::time::timeout(FAREWELL, bot.stop()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the bot ended with an error"),
                Err(_) => tracing::warn!("the bot did not stop in time"),
            }
        }
        if let Some(service) = self.service {
            service.stop().await;
        }
        let mut postgres = self.postgres;
        if let Some(starting) = self.starting {
            tokio::select! {
                // A start that failed leaves nothing to stop.
                started = starting => postgres = started?.ok(),
                () = again.received() => {
                    return Err("left while PostgreSQL was starting; the next start finds it".into());
                }
            }
        }
        if let Some(postgres) = postgres {
            tokio::task::spawn_blocking(move || postgres.stop()).await??;
        }
        say("Stopped.");
        Ok(())
    }
}

/// Starts everything; what runs is noted in `running` as soon as it does.
async fn begin(config: &Config, args: &UpArgs, quit: &Arc<Notify>, running: &mut Running) -> Result<(), Failure> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let data_dir = match &config.data_dir {
        Some(dir) => std::path::absolute(dir)?,
        None => local::default_data_dir()?,
    };
    std::fs::create_dir_all(&data_dir).map_err(|e| format!("DATA_DIR: cannot make {}: {e}", data_dir.display()))?;
    let log_file = start_log(config, terminal, &data_dir)?;
    let secret = match config.secret_key {
        Some(key) => key,
        None => kept_secret(&data_dir)?,
    };
    let keys = Keys::new(secret, config.secret_key_previous)?;
    let listener = listen(config)?;
    let db = database(config, &data_dir, &keys, args.reset, running).await?;

    let service = Service::start(ServiceOptions {
        db,
        listener: Some(listener),
        http_workers: config.http_workers,
        secret,
        previous_secret: config.secret_key_previous,
        bot_key: config.bot_public_key,
        worker: true,
        closing_days: config.closing_days,
        redis_url: config.redis_url.clone(),
        limits: config.limits,
        cors: config.cors.clone(),
        outbound: AddressPolicy::public_only(),
        mail: config.mail.clone(),
    })
    .await?;
    let service = running.service.insert(service);
    let address = service.address().ok_or("the service does not listen")?;
    let password = keys.local_password("demo-owner");
    let hints = if config.demo {
        say("Loading the demo retailers …");
        let day = Duration::from_secs_f64(config.demo_seconds_per_day);
        let ready = demo::start(service.shared(), DemoOptions { day, password: password.clone() })?;
        ready.await??
    } else {
        Vec::new()
    };

    let url = format!("http://{address}");
    let console = match config.console {
        Console::Off => None,
        Console::Auto if !terminal => None,
        _ => Some(console(&data_dir, Arc::clone(quit))),
    };
    let sends = config.mail.smtp_url.is_some();
    print!("{}", screen(&url, &hints, &password, console.is_some(), sends, log_file.as_deref()));
    std::io::stdout().flush()?;
    let discord = config.discord_token.clone().map(DiscordConfig::new);
    let (key, robots) = (BotKey::from_seed(keys.bot_seed()), Some(RobotSink::client()?));
    let bot = BotConfig { api_url: url.clone(), key, discord, console, robots };
    running.bot = Some(Bot::start(bot));
    tracing::info!(%url, "ready");
    Ok(())
}

fn say(line: &str) {
    eprintln!("{line}");
}

/// On a terminal the log goes to a file, so that it does not write over what is typed.
fn start_log(config: &Config, terminal: bool, data_dir: &Path) -> Result<Option<PathBuf>, Failure> {
    if !terminal || config.console == Console::Off {
        telemetry::start(&config.log, config.log_json);
        return Ok(None);
    }
    let path = data_dir.join("tillwatch.log");
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
    telemetry::start_to(&config.log, config.log_json, false, BoxMakeWriter::new(std::sync::Mutex::new(file)));
    Ok(Some(path))
}

/// The secret of this installation: made once, readable by its owner only.
pub(super) fn kept_secret(data_dir: &Path) -> Result<[u8; 32], Failure> {
    let path = data_dir.join("secret-key");
    let read = |path: &Path| -> Result<[u8; 32], Failure> {
        let text = std::fs::read_to_string(path)?;
        parse_key(text.trim()).ok_or_else(|| format!("{}: is not 64 hexadecimal digits", path.display()).into())
    };
    if path.exists() {
        return read(&path);
    }
    let mut key = [0_u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    let text = hex(&key);
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(key)
        }
        // Another start made it at the same moment.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// The database: the given one, or a local one that this process starts; migrated.
async fn database(
    config: &Config,
    data_dir: &Path,
    keys: &Keys,
    reset: bool,
    running: &mut Running,
) -> Result<DbConfig, Failure> {
    if let Some(app_url) = &config.database_url {
        if reset {
            return Err("--reset deletes the local database only, and DATABASE_URL is set.".into());
        }
        let system_url = config.database_system_url.clone().ok_or("DATABASE_SYSTEM_URL: not set")?;
        if let Some(owner_url) = &config.database_owner_url {
            migrate_as_owner(owner_url).await?;
        }
        let app_url = app_url.clone();
        return Ok(DbConfig { app_url, system_url, pool_size: config.database_pool, pool_wait: POOL_WAIT });
    }
    let options = LocalOptions {
        data_dir: Some(data_dir.to_owned()),
        bin_dir: config.pg_bin_dir.clone(),
        progress: |step: Progress| say(&step.to_string()),
        ..LocalOptions::default()
    };
    let starting = running.starting.insert(tokio::task::spawn_blocking(move || {
        if reset {
            LocalPostgres::reset(&options)?;
        }
        LocalPostgres::start(&options)
    }));
    let started = starting.await;
    running.starting = None;
    let postgres = running.postgres.insert(started??);
    let password = keys.local_password("database-roles");
    let port = postgres.port();
    let address = |role: &str| format!("postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}");
    let superuser = postgres.superuser_url("postgres");
    let [owner, app_url, system_url] = migrate::prepare_cluster(&superuser, DATABASE, &password, address).await?;
    migrate::run(&owner, clock::now()).await?;
    Ok(DbConfig { app_url, system_url, pool_size: config.database_pool, pool_wait: POOL_WAIT })
}

fn console(data_dir: &Path, quit: Arc<Notify>) -> ConsoleConfig {
    let mut console = ConsoleConfig::new(US_SERVER, CONSOLE_USER);
    console.also_shows = vec![CN_SERVER.to_owned()];
    console.history = Some(data_dir.join("console-history"));
    console.on_quit = quit;
    console
}

/// What a person sees when everything runs: where, as whom, and what to try.
fn screen(url: &str, hints: &[SignInHint], password: &str, console: bool, sends: bool, log: Option<&Path>) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "\nTillwatch is ready at {url}\n");
    for hint in hints {
        let _ = writeln!(text, "  {}\n    e-mail {}   password {password}", hint.retailer, hint.email);
    }
    if let Some(hint) = hints.first() {
        let _ = write!(
            text,
            "\nTry\n  curl -s {url}/v1/sessions -H 'Content-Type: application/json' \\\n    \
             -d '{{\"email\":\"{}\",\"password\":\"{password}\"}}'\n  \
             then, with the access_token:  curl -s {url}/v1/campaigns -H \"Authorization: Bearer $TOKEN\"\n",
            hint.email
        );
        if console {
            let _ = writeln!(
                text,
                "\nType here\n  help\n  kpi\n  campaign list\n  campaign pause \"{}\" because it costs too much\n  \
                 quit          (stops everything)\n\nThe weeks behind the history are replayed now: alerts appear by themselves.",
                hint.campaign
            );
        }
    }
    if !sends {
        let _ = writeln!(
            text,
            "\nNo mail is sent (SMTP_URL is not set). Invitations and forgotten passwords:  tillwatch mail"
        );
    }
    if let Some(log) = log {
        let _ = writeln!(text, "The log is in {}.", log.display());
    }
    text.push('\n');
    text
}
