//! The program: one binary, many roles. The only place that composes the service and the bot.

mod cli;

use std::process::ExitCode;

/// A request is many small allocations that live and die on one thread, which is what this allocator is for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
