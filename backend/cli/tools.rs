//! Commands that need neither settings nor a database.

use super::Failure;
use clap::Args;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::PathBuf;
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::db::migrate::role_statements;
use tillwatch_backend::platform::hex::hex;
use tillwatch_backend::watch::rules::detect::{BacktestError, BacktestOptions, Method, RuleKind, Side, run_backtest};
use tillwatch_backend::{openapi, router};

/// What `tillwatch backtest` takes.
#[derive(Args)]
pub(super) struct BacktestArgs {
    /// The CSV file: timestamp,value; `-` reads standard input.
    file: PathBuf,
    /// The rule: deviation (default) or threshold.
    #[arg(long, value_name = "KIND", default_value = "deviation")]
    rule: String,
    /// Which side fires: below (default) or above.
    #[arg(long, default_value = "below")]
    side: String,
    /// The line of a threshold.
    #[arg(long, allow_negative_numbers = true)]
    line: Option<f64>,
    /// How many standard deviations; 2 by default.
    #[arg(long)]
    sigmas: Option<f64>,
    /// How many comparable buckets make the baseline; 8 by default.
    #[arg(long)]
    window: Option<u32>,
    /// The fewest comparable buckets; 6 by default.
    #[arg(long)]
    min_history: Option<u32>,
    /// The baseline: mean (default) or median.
    #[arg(long)]
    method: Option<String>,
}

/// Replays a rule over a file: rows to standard output, the summary to standard error.
pub(super) fn backtest(args: &BacktestArgs) -> Result<(), Failure> {
    let mut options = BacktestOptions {
        kind: args.rule.parse::<RuleKind>()?,
        side: args.side.parse::<Side>()?,
        line: args.line,
        ..BacktestOptions::default()
    };
    options.k = args.sigmas.unwrap_or(options.k);
    options.window = args.window.unwrap_or(options.window);
    options.min_history = args.min_history.unwrap_or(options.min_history);
    if let Some(method) = &args.method {
        options.method = method.parse::<Method>()?;
    }
    let output = BufWriter::new(std::io::stdout().lock());
    let outcome = if args.file.as_os_str() == "-" {
        run_backtest(std::io::stdin().lock(), output, &options)
    } else {
        let file = File::open(&args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
        run_backtest(BufReader::new(file), output, &options)
    };
    match outcome {
        Ok(summary) => {
            eprintln!("{summary}");
            Ok(())
        }
        // Whoever read the rows has enough (`… | head`).
        Err(BacktestError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("{}: {error}", args.file.display()).into()),
    }
}

/// Prints the OpenAPI document.
pub(super) fn openapi() -> Result<(), Failure> {
    let text = openapi::document(&router::endpoints()).to_pretty_json()?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// Prints new keys.
pub(super) fn keys() -> Result<(), Failure> {
    let mut random = File::open("/dev/urandom")?;
    let mut fresh = || -> Result<[u8; 32], Failure> {
        let mut key = [0; 32];
        random.read_exact(&mut key)?;
        Ok(key)
    };
    let secret = fresh()?;
    let bot = Keys::new(fresh()?, None)?;
    println!("SECRET_KEY={}", hex(&secret));
    println!("BOT_PRIVATE_KEY={}", hex(&bot.bot_seed()));
    println!("BOT_PUBLIC_KEY={}", hex(&bot.bot_public()));
    Ok(())
}

/// Prints the statements that make the database roles, with a password to be replaced.
pub(super) fn roles() {
    for statement in role_statements("CHANGE-ME") {
        println!("{statement};");
    }
    println!("CREATE DATABASE tillwatch OWNER tillwatch_owner;");
}
