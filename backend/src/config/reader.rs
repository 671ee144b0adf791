//! Reading settings: each value checked as it is read, every fault kept.

use super::{Config, ConfigError, SETTINGS, parse_key, shown};
use crate::platform::http::cors::Cors;
use crate::platform::mail::{self, MailConfig};
use crate::telemetry;
use std::collections::BTreeMap;
use std::path::Path;

/// What was found for each setting, and what is wrong with it.
pub(super) struct Reader {
    pub(super) values: BTreeMap<&'static str, (String, &'static str)>,
    pub(super) errors: Vec<ConfigError>,
}

impl Reader {
    pub(super) fn read_file(&mut self, file: &Path) -> BTreeMap<String, String> {
        let shown = file.display().to_string();
        let mut values = BTreeMap::new();
        match dotenvy::from_path_iter(file) {
            Err(error) => self.errors.push(ConfigError::File { file: shown, cause: error.to_string() }),
            Ok(lines) => {
                for line in lines {
                    match line {
                        Ok((name, value)) if SETTINGS.iter().any(|s| s.name == name) => {
                            values.insert(name, value);
                        }
                        Ok((name, _)) => self.errors.push(ConfigError::Unknown { file: shown.clone(), name }),
                        Err(error) => {
                            self.errors.push(ConfigError::File { file: shown.clone(), cause: error.to_string() });
                        }
                    }
                }
            }
        }
        values
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.values.get(name).map(|(value, _)| value.clone()).filter(|value| !value.is_empty())
    }

    pub(super) fn bad(&mut self, name: &'static str, value: &str, fault: String) {
        if let Some(setting) = SETTINGS.iter().find(|s| s.name == name) {
            self.errors.push(ConfigError::Bad { name, value: shown(setting, value), fault, help: setting.help });
        }
    }

    pub(super) fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display + Default>(
        &mut self,
        name: &'static str,
        least: T,
        most: T,
    ) -> T {
        let range = least..=most;
        let text = self.text(name).unwrap_or_default();
        match text.parse::<T>() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.bad(name, &text, format!("takes a number from {} to {}", range.start(), range.end()));
                T::default()
            }
        }
    }

    pub(super) fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> T {
        let text = self.text(name).unwrap_or_default();
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let words = choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        self.bad(name, &text, format!("takes one of: {words}"));
        choices[0].1
    }

    pub(super) fn log_filter(&mut self, name: &'static str) -> String {
        let text = self.text(name).unwrap_or_default();
        if let Err(fault) = telemetry::check(&text) {
            self.bad(name, &text, fault);
        }
        text
    }

    pub(super) fn origins(&mut self, name: &'static str) -> Cors {
        let text = self.text(name).unwrap_or_default();
        Cors::parse(&text).unwrap_or_else(|fault| {
            self.bad(name, &text, fault);
            Cors::default()
        })
    }

    pub(super) fn mail(&mut self) -> MailConfig {
        let config = MailConfig {
            smtp_url: self.text("SMTP_URL"),
            from: self.text("MAIL_FROM"),
            public_url: self.text("PUBLIC_URL"),
        };
        let mut check = |name: &'static str, value: &Option<String>, fault: Option<String>| {
            if let (Some(value), Some(fault)) = (value, fault) {
                // The setting is named in front already.
                self.bad(name, value, fault.trim_start_matches(name).trim_start_matches(": ").to_owned());
            }
        };
        let url = config.smtp_url.as_deref();
        check("SMTP_URL", &config.smtp_url, url.and_then(|url| mail::check_url(url).err()));
        let from = config.from.as_deref();
        check("MAIL_FROM", &config.from, from.and_then(|from| mail::check_from(from).err()));
        let url = config.public_url.as_deref();
        check("PUBLIC_URL", &config.public_url, url.and_then(|url| mail::check_public_url(url).err()));
        config
    }

    pub(super) fn key(&mut self, name: &'static str) -> Option<[u8; 32]> {
        let text = self.text(name)?;
        let key = parse_key(&text);
        if key.is_none() {
            self.bad(name, &text, "takes 64 hexadecimal digits".to_owned());
        }
        key
    }

    pub(super) fn check_together(&mut self, config: &Config) {
        let mut need = |name: &'static str, missing: bool, because: &'static str| {
            if let (true, Some(setting)) = (missing, SETTINGS.iter().find(|s| s.name == name)) {
                self.errors.push(ConfigError::Missing { name, because, help: setting.help });
            }
        };
        let external = config.database_url.is_some();
        need("DATABASE_SYSTEM_URL", external && config.database_system_url.is_none(), "DATABASE_URL is set");
        let sends = config.mail.smtp_url.is_some();
        need("MAIL_FROM", sends && config.mail.from.is_none(), "SMTP_URL is set");
        need("PUBLIC_URL", sends && config.mail.public_url.is_none(), "SMTP_URL is set");
        need("REDIS_URL", config.replicas > 1 && config.redis_url.is_none(), "REPLICAS is more than 1");
        need("SECRET_KEY", config.replicas > 1 && config.secret_key.is_none(), "REPLICAS is more than 1");
    }
}
