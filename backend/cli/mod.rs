//! The command line: what each word of `tillwatch …` does.
//!
//! Cast: [`up`] (everything in one process, the default), [`parts`] (the roles by themselves: serve, work, bot,
//! migrate), [`operator`] (the audit log), [`tenants`] (the retailers), [`logins`] (the people), [`outbox`] (mails that were
//! kept), [`inside`] (how these reach the database), [`tools`] (backtest, config, openapi, keys, roles). Invariants: every
//! error is one clear text on standard error and exit code 1; a secret is printed only where it is what was asked for
//! (`keys`, the demo's password of `up`, the link of a `mail`); whoever closes the pipe (`… | head`) has enough.

mod inside;
mod logins;
mod operator;
mod outbox;
mod parts;
mod tenants;
mod tools;
mod up;

use clap::{Parser, Subcommand};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use tillwatch_backend::config::Config;

/// Watches a retailer's marketing numbers, stops spend that crosses a line, and tells the team in chat.
#[derive(Parser)]
#[command(name = "tillwatch", version, about)]
struct Cli {
    /// A file of `NAME=value` lines; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Everything in one process, with a local PostgreSQL and the demo retailers (the default).
    Up(up::UpArgs),
    /// The API, and the worker with `--worker`.
    Serve(parts::ServeArgs),
    /// The worker alone.
    Work,
    /// The chat bot alone, as a client of `API_URL`.
    Bot,
    /// Bring the database's schema up to date (as `DATABASE_OWNER_URL`).
    Migrate,
    /// Verify the audit log: that no entry was changed, removed or added afterwards.
    #[command(subcommand)]
    Audit(operator::AuditCommand),
    /// The retailers: list, show, plan, limits, suspend, resume, close, keep-open.
    #[command(subcommand)]
    Tenant(tenants::TenantCommand),
    /// The people: remove a lost second factor.
    #[command(subcommand)]
    Login(logins::LoginCommand),
    /// Try a rule on a CSV file of `timestamp,value`; prints timestamp,value,score,fired.
    Backtest(tools::BacktestArgs),
    /// The mails that were kept because `SMTP_URL` is not set; one of them by its number or id.
    Mail(outbox::MailArgs),
    /// Every setting, its value and where it comes from.
    Config,
    /// The OpenAPI document.
    Openapi,
    /// New keys for `SECRET_KEY`, `BOT_PRIVATE_KEY` and `BOT_PUBLIC_KEY`.
    Keys,
    /// The statements that make the three database roles, for the administrator.
    Roles,
}

/// Anything that ends the program with a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Up(up::UpArgs::default()));
    // These need no settings, so a wrong setting must not keep them from working.
    let simple = match &command {
        Command::Backtest(args) => Some(tools::backtest(args)),
        Command::Openapi => Some(tools::openapi()),
        Command::Audit(operator::AuditCommand::VerifyFile(args)) => Some(operator::verify_file(args)),
        Command::Keys => Some(tools::keys()),
        Command::Roles => {
            tools::roles();
            Some(Ok(()))
        }
        _ => None,
    };
    finish(simple.unwrap_or_else(|| with_settings(command, cli.config.as_deref())))
}

/// Prints a line.
///
/// # Errors
/// When nobody reads any more.
pub(crate) fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

fn finish(outcome: Result<(), Failure>) -> ExitCode {
    let enough =
        |error: &Failure| error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if enough(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tillwatch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn with_settings(command: Command, file: Option<&std::path::Path>) -> Result<(), Failure> {
    let config = Config::load(file, |name| std::env::var(name).ok())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\ntillwatch: "))?;
    if matches!(command, Command::Config) {
        print!("{}", config.table());
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Up(args) => up::up(config, args).await,
            Command::Serve(args) => parts::serve(config, args).await,
            Command::Work => parts::work(config).await,
            Command::Bot => parts::bot(config).await,
            Command::Migrate => parts::migrate(config).await,
            Command::Audit(command) => operator::audit(config, command).await,
            Command::Tenant(command) => tenants::run(config, command).await,
            Command::Login(command) => logins::run(config, command).await,
            Command::Mail(args) => outbox::mail(config, args).await,
            _ => Ok(()),
        }
    });
    // A thread that waits for a terminal's next line must not keep the process alive.
    runtime.shutdown_background();
    outcome
}
