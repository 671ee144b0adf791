//! The way into an installation for commands that only look or change a little: the database that the settings name, or
//! the local one of `tillwatch up`, whether that runs or not.

use super::up::{DATABASE, kept_secret};
use super::{Failure, parts};
use std::path::Path;
use tillwatch_backend::app::App;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::db::local::{self, LocalOptions, LocalPostgres};
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT, migrate};
use tillwatch_backend::serve::Service;
use tillwatch_backend::telemetry;

/// The service's own view of the database, without serving anything. End it with [`Self::leave`].
pub(super) struct Inside {
    /// What use cases take.
    pub(super) app: App,
    service: Service,
    /// The local server, which was started for as long as this takes when nobody else had.
    postgres: Option<LocalPostgres>,
}

impl Inside {
    /// Opens it.
    ///
    /// # Errors
    /// When there is no installation, or its database cannot be used.
    pub(super) async fn enter(config: &Config) -> Result<Self, Failure> {
        telemetry::start("warn", config.log_json);
        let (db, secret, postgres) = match &config.database_url {
            Some(app_url) => {
                let system_url =
                    config.database_system_url.clone().ok_or("DATABASE_SYSTEM_URL: not set, but DATABASE_URL is.")?;
                (of_urls(config, app_url.clone(), system_url), given_secret(config)?, None)
            }
            None => of_local(config).await?,
        };
        let service = Service::start(parts::options(config, db, secret, None, false)?).await?;
        let app = App::new(service.shared())?;
        Ok(Self { app, service, postgres })
    }

    /// Leaves everything as it was found.
    ///
    /// # Errors
    /// When the local server that was started for this does not stop.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        drop(self.app);
        self.service.stop().await;
        if let Some(postgres) = self.postgres {
            tokio::task::spawn_blocking(move || postgres.stop()).await??;
        }
        Ok(())
    }
}

fn of_urls(config: &Config, app_url: String, system_url: String) -> DbConfig {
    DbConfig { app_url, system_url, pool_size: config.database_pool, pool_wait: POOL_WAIT }
}

fn given_secret(config: &Config) -> Result<[u8; 32], Failure> {
    match (config.secret_key, &config.data_dir) {
        (Some(secret), _) => Ok(secret),
        (None, Some(dir)) => kept_there(dir),
        (None, None) => Err("SECRET_KEY: not set, but DATABASE_URL is. Set the one of this installation.".into()),
    }
}

async fn of_local(config: &Config) -> Result<(DbConfig, [u8; 32], Option<LocalPostgres>), Failure> {
    let data_dir = match &config.data_dir {
        Some(dir) => std::path::absolute(dir)?,
        None => local::default_data_dir()?,
    };
    let secret = match config.secret_key {
        Some(secret) => secret,
        None => kept_there(&data_dir)?,
    };
    let password = Keys::new(secret, config.secret_key_previous)?.local_password("database-roles");
    let options =
        LocalOptions { data_dir: Some(data_dir), bin_dir: config.pg_bin_dir.clone(), ..LocalOptions::default() };
    let postgres = tokio::task::spawn_blocking(move || LocalPostgres::start(&options)).await??;
    let port = postgres.port();
    let [_, app_url, system_url] =
        migrate::ROLES.map(|role| format!("postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}"));
    Ok((of_urls(config, app_url, system_url), secret, Some(postgres)))
}

/// The key of an installation that is there; none is made.
fn kept_there(data_dir: &Path) -> Result<[u8; 32], Failure> {
    if !data_dir.join("secret-key").exists() {
        return Err(format!(
            "There is no local installation in {}. `tillwatch up` makes one; for another database set DATABASE_URL, \
             DATABASE_SYSTEM_URL and SECRET_KEY.",
            data_dir.display()
        )
        .into());
    }
    kept_secret(data_dir)
}
