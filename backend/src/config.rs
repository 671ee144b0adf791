//! Configuration: every setting in one table, from the environment or a file of `NAME=value` lines.
//!
//! [`SETTINGS`] is the list that `tillwatch config` prints. Invariant: a wrong value is refused at start by an error
//! that names the variable and what it takes; the environment wins over the file, the file over the default.

mod reader;

use crate::platform::http::cors::Cors;
use crate::platform::limits::{LimitsConfig, Rate};
use crate::platform::mail::MailConfig;
use reader::Reader;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// Its value when nobody sets it; empty for "not set".
    pub default: &'static str,
    /// Whether its value is shown masked.
    pub secret: bool,
    /// What it is for and what it takes.
    pub help: &'static str,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, secret: false, help }
}

const fn secret(name: &'static str, help: &'static str) -> Setting {
    Setting { name, default: "", secret: true, help }
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    setting("HOST", "127.0.0.1", "Address to listen on."),
    setting("PORT", "8080", "Port to listen on; 0 takes a free one."),
    setting("HTTP_WORKERS", "2", "Threads that serve requests, 1 to 64."),
    secret("DATABASE_URL", "PostgreSQL as the role tillwatch_app. Not set: a local PostgreSQL is started."),
    secret("DATABASE_SYSTEM_URL", "PostgreSQL as the role tillwatch_system. Needed with DATABASE_URL."),
    secret("DATABASE_OWNER_URL", "PostgreSQL as the role tillwatch_owner, for `migrate` and `up` only."),
    setting("DATABASE_POOL", "10", "Connections of one thread, 1 to 100."),
    setting("DATA_DIR", "", "Where the local PostgreSQL and the keys are kept. Not set: the user's data folder."),
    setting("PG_BIN_DIR", "", "Folder with PostgreSQL's programs (initdb, postgres), 15 or newer."),
    secret("REDIS_URL", "Redis for wake-ups and limits between processes. Not set: within this process only."),
    secret(
        "SMTP_URL",
        "Mail server: smtps://user:password@host, or smtp://user:password@host:587. Not set: see `tillwatch mail`.",
    ),
    setting("MAIL_FROM", "", "Who sends mails: `Tillwatch <no-reply@retailer.example>`. Needed with SMTP_URL."),
    setting(
        "PUBLIC_URL",
        "",
        "Where the links in mails lead, https://… (http:// only to this machine). Needed with SMTP_URL. Not set: HOST and \
         PORT.",
    ),
    setting("REPLICAS", "1", "How many API processes serve together; more than 1 needs REDIS_URL and SECRET_KEY."),
    secret(
        "SECRET_KEY",
        "64 hex digits; keys for tokens are derived from it. Not set: made once and kept in DATA_DIR.",
    ),
    secret("SECRET_KEY_PREVIOUS", "The SECRET_KEY before, while it is rotated: its tokens still verify."),
    setting("REQUESTS_PER_MINUTE", "6000", "Requests a minute of one retailer, 1 to 1000000."),
    setting("REQUESTS_PER_MINUTE_TOKEN", "3000", "Requests a minute of one API token, 1 to 1000000."),
    setting(
        "REQUESTS_PER_MINUTE_ADDRESS",
        "300",
        "Requests a minute of one address without a credential, 1 to 1000000.",
    ),
    setting(
        "CONCURRENT_REQUESTS",
        "",
        "Requests of one retailer in hand at once in this process, 1 to 10000. Not set: half of HTTP_WORKERS x \
         DATABASE_POOL, so that one retailer cannot hold every connection.",
    ),
    setting("CONCURRENT_REQUESTS_TOTAL", "512", "Requests in hand at once in this process, 1 to 100000."),
    setting("CORS_ORIGINS", "", "Origins of other sites' pages that may call the API, with commas. Not set: none."),
    setting("BOT_PUBLIC_KEY", "", "64 hex digits: the bot's public key. Not set: the bot of this process."),
    secret("BOT_PRIVATE_KEY", "64 hex digits: the bot's private key, for `tillwatch bot`."),
    setting("API_URL", "", "Where the bot finds the API, for `tillwatch bot`."),
    secret("DISCORD_TOKEN", "The Discord bot's token. Not set: no Discord."),
    setting("CONSOLE", "auto", "The console bot: auto (on a terminal), on, off."),
    setting("DEMO", "on", "Load the demo retailers and replay their weeks: on, off."),
    setting("DEMO_SECONDS_PER_DAY", "4", "How long one day of the replay takes, 0.05 to 86400 seconds."),
    setting("CLOSING_DAYS", "30", "Days for which a closed retailer can be kept open, 0 to 90; then it is erased."),
    setting("LOG", "info", "What to log: a level, or targets with levels (`warn,tillwatch_backend=debug`)."),
    setting("LOG_FORMAT", "text", "text or json."),
];

/// A setting whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value of the wrong form.
    #[error("{name}: {fault} (it is `{value}`). {help}")]
    Bad {
        /// The variable.
        name: &'static str,
        /// Its value, masked when secret.
        value: String,
        /// What is wrong.
        fault: String,
        /// What it takes.
        help: &'static str,
    },
    /// A variable that another one needs.
    #[error("{name}: not set, but {because}. {help}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// Why it is needed.
        because: &'static str,
        /// What it takes.
        help: &'static str,
    },
    /// A name in the file that is no setting.
    #[error("{file}: `{name}` is no setting. `tillwatch config` lists them all.")]
    Unknown {
        /// The file.
        file: String,
        /// The name.
        name: String,
    },
    /// The file cannot be read.
    #[error("{file}: {cause}")]
    File {
        /// The file.
        file: String,
        /// Why.
        cause: String,
    },
}

/// Whether the console bot runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// On a terminal.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// The settings, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on.
    pub port: u16,
    /// Threads that serve requests.
    pub http_workers: usize,
    /// The app role's database, if one is given.
    pub database_url: Option<String>,
    /// The system role's.
    pub database_system_url: Option<String>,
    /// The owner's.
    pub database_owner_url: Option<String>,
    /// Connections of one runtime.
    pub database_pool: usize,
    /// Data folder.
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL's programs.
    pub pg_bin_dir: Option<PathBuf>,
    /// Redis.
    pub redis_url: Option<String>,
    /// How much may be asked.
    pub limits: LimitsConfig,
    /// Which other sites' pages may ask.
    pub cors: Cors,
    /// Mail.
    pub mail: MailConfig,
    /// API processes that serve together.
    pub replicas: u16,
    /// The key that others are derived from.
    pub secret_key: Option<[u8; 32]>,
    /// The one before.
    pub secret_key_previous: Option<[u8; 32]>,
    /// The bot's public key.
    pub bot_public_key: Option<[u8; 32]>,
    /// The bot's private key.
    pub bot_private_key: Option<[u8; 32]>,
    /// Where the bot finds the API.
    pub api_url: Option<String>,
    /// Discord's token.
    pub discord_token: Option<String>,
    /// Whether the console bot runs.
    pub console: Console,
    /// Whether the demo is loaded.
    pub demo: bool,
    /// Seconds that one replayed day takes.
    pub demo_seconds_per_day: f64,
    /// Days for which a closed retailer can be kept open.
    pub closing_days: u16,
    /// Log filter.
    pub log: String,
    /// Whether the log is JSON.
    pub log_json: bool,
    origin: BTreeMap<&'static str, (String, &'static str)>,
}

impl Config {
    /// Reads the settings from `env` and, where it is silent, from `file`.
    ///
    /// # Errors
    /// Every wrong setting at once.
    pub fn load(file: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader { values: BTreeMap::new(), errors: Vec::new() };
        let from_file = file.map_or_else(BTreeMap::new, |file| reader.read_file(file));
        for setting in SETTINGS {
            let found = env(setting.name).map(|v| (v, "environment"));
            let found = found.or_else(|| from_file.get(setting.name).cloned().map(|v| (v, "file")));
            let (value, from) = found.unwrap_or_else(|| (setting.default.to_owned(), "default"));
            reader.values.insert(setting.name, (value.trim().to_owned(), from));
        }
        let http_workers = reader.number("HTTP_WORKERS", 1, 64);
        let database_pool = reader.number("DATABASE_POOL", 1, 100);
        let config = Self {
            host: reader.text("HOST").unwrap_or_default(),
            port: reader.number("PORT", 0, u16::MAX),
            http_workers,
            database_url: reader.text("DATABASE_URL"),
            database_system_url: reader.text("DATABASE_SYSTEM_URL"),
            database_owner_url: reader.text("DATABASE_OWNER_URL"),
            database_pool,
            data_dir: reader.text("DATA_DIR").map(PathBuf::from),
            pg_bin_dir: reader.text("PG_BIN_DIR").map(PathBuf::from),
            redis_url: reader.text("REDIS_URL"),
            limits: LimitsConfig {
                of_tenant: reader.number("REQUESTS_PER_MINUTE", 1, Rate::MOST),
                of_token: reader.number("REQUESTS_PER_MINUTE_TOKEN", 1, Rate::MOST),
                of_address: reader.number("REQUESTS_PER_MINUTE_ADDRESS", 1, Rate::MOST),
                concurrent: match reader.text("CONCURRENT_REQUESTS") {
                    Some(_) => reader.number("CONCURRENT_REQUESTS", 1, 10_000),
                    None => half_of_connections(http_workers, database_pool),
                },
                concurrent_total: reader.number("CONCURRENT_REQUESTS_TOTAL", 1, 100_000),
            },
            cors: reader.origins("CORS_ORIGINS"),
            mail: reader.mail(),
            replicas: reader.number("REPLICAS", 1, 1000),
            secret_key: reader.key("SECRET_KEY"),
            secret_key_previous: reader.key("SECRET_KEY_PREVIOUS"),
            bot_public_key: reader.key("BOT_PUBLIC_KEY"),
            bot_private_key: reader.key("BOT_PRIVATE_KEY"),
            api_url: reader.text("API_URL"),
            discord_token: reader.text("DISCORD_TOKEN"),
            console: reader.choice("CONSOLE", &[("auto", Console::Auto), ("on", Console::On), ("off", Console::Off)]),
            demo: reader.choice("DEMO", &[("on", true), ("off", false)]),
            demo_seconds_per_day: reader.number("DEMO_SECONDS_PER_DAY", 0.05, 86_400.0),
            closing_days: reader.number("CLOSING_DAYS", 0, 90),
            log: reader.log_filter("LOG"),
            log_json: reader.choice("LOG_FORMAT", &[("text", false), ("json", true)]),
            origin: reader.values.clone(),
        };
        reader.check_together(&config);
        if reader.errors.is_empty() { Ok(config) } else { Err(reader.errors) }
    }

    /// Every setting with its value (secrets masked), where it comes from, and what it is for.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for setting in SETTINGS {
            let (value, from) = self.origin.get(setting.name).cloned().unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:<28} {:<24} {:<12} {}",
                setting.name,
                if value.is_empty() { "-".into() } else { shown(setting, &value) },
                from,
                setting.help
            );
        }
        text
    }
}

/// Half of the connections that the threads have together, at least one.
fn half_of_connections(workers: usize, pool: usize) -> u32 {
    // 64 threads of 100 connections at most.
    u32::try_from(workers * pool / 2).unwrap_or(u32::MAX).max(1)
}

fn shown(setting: &Setting, value: &str) -> String {
    if setting.secret { "(set, not shown)".to_owned() } else { value.to_owned() }
}

/// 32 bytes from 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests;
