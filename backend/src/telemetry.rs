//! Logs: structured, to standard error, as text or JSON lines. Colours only on a terminal.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// What may be logged, from nothing to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether `filter` is made of levels, or of targets with levels. A bare word that is no level would be taken for a
/// target, and everything else would fall silent.
///
/// # Errors
/// What is wrong, in words.
pub fn check(filter: &str) -> Result<(), String> {
    let is_right = |directive: &str| {
        let (target, level) = directive.rsplit_once('=').map_or((None, directive), |(t, l)| (Some(t), l));
        target.is_none_or(|target| !target.is_empty() && !target.contains(char::is_whitespace))
            && LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
    };
    match filter.split(',').map(str::trim).find(|directive| !is_right(directive)) {
        None => Ok(()),
        Some(wrong) => Err(format!("`{wrong}` is no level ({}) and no target with one", LEVELS.join(", "))),
    }
}

/// Starts logging. `filter` is a level or targets with levels, checked when the settings are read; one that still cannot
/// be understood falls back to `info`.
pub fn start(filter: &str, json: bool) {
    let colours = std::io::stderr().is_terminal();
    start_to(filter, json, colours, BoxMakeWriter::new(std::io::stderr));
}

/// As [`start`], to a place of the caller's choice.
pub fn start_to(filter: &str, json: bool, colours: bool, writer: BoxMakeWriter) {
    // What is no HTTP is nobody's fault here, and whoever sends it would choose how much is logged.
    let filter = format!("actix_server=warn,actix_http=off,{filter}");
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    // A second start in one process (tests) keeps the first.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_has_a_level_that_is_known() {
        for right in ["info", "WARN", "off", "warn,tillwatch_backend=debug", "tillwatch_backend::watch=trace, error"] {
            assert_eq!(check(right), Ok(()), "{right}");
            assert!(EnvFilter::try_new(right).is_ok(), "{right}");
        }
        for wrong in ["debgu", "tillwatch_backend", "tillwatch_backend=loud", "=debug", "info,,warn", "my target=info"]
        {
            assert!(check(wrong).unwrap_err().contains("is no level"), "{wrong}");
        }
    }
}
