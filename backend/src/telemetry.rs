//! Logs: structured, to standard error, as text or JSON lines. Colours only on a terminal.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Starts logging. `filter` is a level or targets with levels, checked when the settings are read; one that still cannot
/// be understood falls back to `info`.
pub fn start(filter: &str, json: bool) {
    let colours = std::io::stderr().is_terminal();
    start_to(filter, json, colours, BoxMakeWriter::new(std::io::stderr));
}

/// As [`start`], to a place of the caller's choice.
pub fn start_to(filter: &str, json: bool, colours: bool, writer: BoxMakeWriter) {
    let filter = EnvFilter::try_new(format!("actix_server=warn,{filter}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    // A second start in one process (tests) keeps the first.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}
