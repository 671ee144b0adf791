//! The program: one binary, many roles. The only place that composes the service and the bot.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
