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

/// What `tillwatch backtest` prints, column by column.
const BACKTEST_COLUMNS: &str = "\
Input: UTF-8 text, one row a line, `timestamp,value`, oldest first; a header is welcome. Timestamps like 2026-03-31,
2026-03-31 18:00, 2026-03-31 18:00:00 or 2026-03-31T18:00:00+08:00; an empty value means that nothing was reported.

Output, a row for each input row:
  timestamp  as it was written
  value      as it was written
  score      how alarming the row is, 0 to 1: 0.5 or more where the rule fires; 0 where it could not judge
  fired      true at the first row of an episode: here one alert would have been raised

Without a rule the learned anomaly judges: it learns level, spread, trend and season while it reads, looks both ways,
and has one fixed setting for every series. The options after --rule are for the other rules. A summary goes to
standard error.";

/// What `tillwatch backtest` takes.
#[derive(Args)]
#[command(after_help = BACKTEST_COLUMNS)]
pub(super) struct BacktestArgs {
    /// The CSV file: timestamp,value; `-` reads standard input.
    file: PathBuf,
    /// The rule: learned (default), deviation or threshold.
    #[arg(long, value_name = "KIND", default_value = "learned")]
    rule: String,
    /// Deviation and threshold: which side fires, below (default) or above.
    #[arg(long)]
    side: Option<String>,
    /// Threshold: its line.
    #[arg(long, allow_negative_numbers = true)]
    line: Option<f64>,
    /// Deviation: how many standard deviations; 2 by default.
    #[arg(long)]
    sigmas: Option<f64>,
    /// Deviation: how many comparable rows make the baseline; 8 by default.
    #[arg(long)]
    window: Option<u32>,
    /// Deviation: the fewest comparable rows; 6 by default.
    #[arg(long)]
    min_history: Option<u32>,
    /// Deviation: the baseline, mean (default) or median.
    #[arg(long)]
    method: Option<String>,
}

impl BacktestArgs {
    /// The rule that is asked for. The learned anomaly has no settings: to take one and not to use it would mislead.
    fn options(&self) -> Result<BacktestOptions, Failure> {
        let kind = self.rule.parse::<RuleKind>()?;
        let given = [
            ("--side", self.side.is_some()),
            ("--line", self.line.is_some()),
            ("--sigmas", self.sigmas.is_some()),
            ("--window", self.window.is_some()),
            ("--min-history", self.min_history.is_some()),
            ("--method", self.method.is_some()),
        ];
        if let (RuleKind::Learned, Some((option, _))) = (kind, given.iter().find(|(_, given)| *given)) {
            let text = format!(
                "{option} is no setting of the learned anomaly, which has none; name a rule: --rule deviation or threshold"
            );
            return Err(text.into());
        }
        let mut options = BacktestOptions { kind, line: self.line, ..BacktestOptions::default() };
        if let Some(side) = &self.side {
            options.side = side.parse::<Side>()?;
        }
        options.k = self.sigmas.unwrap_or(options.k);
        options.window = self.window.unwrap_or(options.window);
        options.min_history = self.min_history.unwrap_or(options.min_history);
        if let Some(method) = &self.method {
            options.method = method.parse::<Method>()?;
        }
        Ok(options)
    }
}

/// Replays a rule over a file: rows to standard output, the summary to standard error.
pub(super) fn backtest(args: &BacktestArgs) -> Result<(), Failure> {
    let options = args.options()?;
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
