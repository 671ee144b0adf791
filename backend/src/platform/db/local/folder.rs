//! The folders on disk and the locks that let several processes share one server.
//!
//! ```text
//! <data folder>/            default: see `default_data_dir`
//!   pg-bin/, redis-bin/     programs that pip fetched; kept by a reset
//!   postgres/               all of one server; nothing in it belongs to anybody else
//!     TILLWATCH             the marker: without it nothing here is touched
//!     start.lock            held alone by whoever starts, stops or resets
//!     users.lock            held together by every process that uses the server
//!     data/                 PostgreSQL's own folder (data.new-… while it is being made)
//!     password, port        of the superuser; last used, so that it stays the same
//!     server.log, init.log
//! ```
//!
//! Cast: [`Folder`], [`StartLock`], [`UseLock`].
//!
//! Invariants: the kernel drops both locks when a process dies, so neither is ever stale; `users.lock`
//! is only tested for being alone while `start.lock` is held, so no user can slip in.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::LocalError;
use super::process::{POLL, RunAs, random_hex, we_are_root};

/// Says that a folder is ours.
const MARKER: &str = "TILLWATCH";

/// How the names of data in the making begin.
const UNFINISHED: &str = "data.new-";

/// As long as the slowest first start: fetching the programs, then making the data.
const LOCK_LIMIT: Duration = Duration::from_secs(400);

/// A log beyond this many bytes is set aside at the next start.
const LOG_LIMIT: u64 = 8 * 1024 * 1024;

/// Where data is kept unless told otherwise. Root's home is closed to the account that runs PostgreSQL
/// for root, so root's data is in `/var/lib/tillwatch`; others have `$XDG_DATA_HOME/tillwatch` or
/// `~/.local/share/tillwatch`.
///
/// # Errors
/// [`LocalError::NoDataFolder`] when the environment names no home.
pub fn default_data_dir() -> Result<PathBuf, LocalError> {
    if we_are_root() {
        return Ok(PathBuf::from("/var/lib/tillwatch"));
    }
    // A relative XDG_DATA_HOME is to be ignored, says the XDG base directory specification.
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named("XDG_DATA_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("tillwatch"))
        .ok_or(LocalError::NoDataFolder)
}

/// One server's folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
}

impl Folder {
    /// Makes the folder if need be, and makes sure that it is ours.
    pub(super) fn open(root: PathBuf) -> Result<Self, LocalError> {
        make_dir(&root)?;
        let marker = root.join(MARKER);
        if !marker.exists() {
            // The locks do not count: two first starts may be between these lines at once.
            let foreign = fs::read_dir(&root)
                .map_err(LocalError::io("read", &root))?
                .filter_map(Result::ok)
                .any(|entry| entry.file_name() != MARKER && !entry.file_name().to_string_lossy().ends_with(".lock"));
            if foreign && !marker.exists() {
                return Err(LocalError::NotOurs { path: root });
            }
            let text = "This folder holds Tillwatch's local PostgreSQL. `--reset` deletes the data in it.\n";
            fs::write(&marker, text).map_err(LocalError::io("write", &marker))?;
        }
        Ok(Self { root })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// A name for data in the making, another one each time.
    pub(super) fn unfinished(&self) -> Result<PathBuf, LocalError> {
        Ok(self.root.join(format!("{UNFINISHED}{}", &random_hex()?[..8])))
    }

    /// Deletes what killed first starts left behind. If one's initdb has not noticed yet and still
    /// writes, some of it stays, which is no harm: the next call gets it.
    pub(super) fn delete_unfinished(&self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.root.join("password")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    pub(super) fn init_log(&self) -> PathBuf {
        self.root.join("init.log")
    }

    /// The major version that wrote the data, `None` before the first start.
    pub(super) fn data_major(&self) -> Result<Option<u32>, LocalError> {
        let path = self.data().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().split('.').next().and_then(|major| major.parse().ok())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.data().exists() => Ok(None),
            Err(error) => Err(LocalError::io("read", &path)(error)),
        }
    }

    /// The superuser's password.
    pub(super) fn password(&self) -> Result<String, LocalError> {
        let path = self.password_file();
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Ok(_) => Err(LocalError::NoPassword { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(LocalError::NoPassword { path }),
            Err(error) => Err(LocalError::io("read", &path)(error)),
        }
    }

    /// Makes a new random password, readable by the server's account only (and root).
    pub(super) fn new_password(&self, user: &RunAs) -> Result<(), LocalError> {
        let path = self.password_file();
        remove_if_there(&path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(LocalError::io("create", &path))?;
        writeln!(file, "{}", random_hex()?).map_err(LocalError::io("write", &path))?;
        file.sync_all().map_err(LocalError::io("write", &path))?;
        user.own(&path)
    }

    /// The port of last time if it is free, else a free one.
    pub(super) fn choose_port(&self) -> Result<u16, LocalError> {
        let last = fs::read_to_string(self.root.join("port")).ok().and_then(|text| text.trim().parse().ok());
        last.filter(|&port| port != 0 && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
            .map_or_else(free_port, Ok)
    }

    pub(super) fn keep_port(&self, port: u16) -> Result<(), LocalError> {
        let path = self.root.join("port");
        fs::write(&path, format!("{port}\n")).map_err(LocalError::io("write", &path))
    }

    pub(super) fn forget_port(&self) -> Result<(), LocalError> {
        remove_if_there(&self.root.join("port"))
    }

    /// The server's log, opened by us: the server's account needs no right to the folder it is in.
    pub(super) fn open_log(&self) -> Result<File, LocalError> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
            fs::rename(&path, self.root.join("server.log.1")).map_err(LocalError::io("rename", &path))?;
        }
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(LocalError::io("open", &path))
    }

    /// Waits until nobody else starts or stops; calls `waiting` once if that takes more than a moment.
    pub(super) fn start_lock(&self, waiting: impl FnOnce()) -> Result<StartLock, LocalError> {
        StartLock::take(&self.root.join("start.lock"), waiting)
    }

    /// Joins the users of the server.
    pub(super) fn use_lock(&self) -> Result<UseLock, LocalError> {
        let path = self.root.join("users.lock");
        let file = lock_file(&path)?;
        file.lock_shared().map_err(LocalError::io("lock", &path))?;
        Ok(UseLock(file))
    }

    /// Deletes the data and what belongs to it; the marker and the locks stay, since others may hold them.
    pub(super) fn delete_data(&self) -> Result<(), LocalError> {
        remove_dir_if_there(&self.data())?;
        self.delete_unfinished();
        for name in ["password", "port", "server.log", "server.log.1", "init.log"] {
            remove_if_there(&self.root.join(name))?;
        }
        Ok(())
    }
}

/// Held by the one process that may start, stop or reset now.
#[derive(Debug)]
pub(super) struct StartLock(#[expect(dead_code, reason = "held, not read")] File);

impl StartLock {
    pub(super) fn take(path: &Path, waiting: impl FnOnce()) -> Result<Self, LocalError> {
        let file = lock_file(path)?;
        let begun = Instant::now();
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => return Err(LocalError::io("lock", path)(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if begun.elapsed() > LOCK_LIMIT {
                return Err(LocalError::Locked { path: path.to_owned(), seconds: LOCK_LIMIT.as_secs() });
            }
            if begun.elapsed() > Duration::from_millis(500)
                && let Some(say) = waiting.take()
            {
                say();
            }
            sleep(POLL);
        }
    }
}

/// Held by every process that uses the server.
#[derive(Debug)]
pub(super) struct UseLock(File);

impl UseLock {
    /// Stops being a user and says whether nobody else is one. Call it under the start lock.
    pub(super) fn leave(self) -> bool {
        // A shared lock becomes an exclusive one only if it is the last.
        self.0.try_lock().is_ok()
    }
}

fn lock_file(path: &Path) -> Result<File, LocalError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(LocalError::io("open", path))
}

/// Makes `dir` and what is missing above it. Root's are open to the server's account, which must pass
/// through them whatever our umask is; a user's are the user's own.
pub(super) fn make_dir(dir: &Path) -> Result<(), LocalError> {
    let mode = if we_are_root() { 0o755 } else { 0o700 };
    let missing: Vec<&Path> =
        dir.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
    for path in missing.into_iter().rev() {
        match DirBuilder::new().mode(mode).create(path) {
            Ok(()) => set_mode(path, mode)?,
            // Made by another process just now.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(LocalError::io("create", path)(error)),
        }
    }
    Ok(())
}

pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), LocalError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(LocalError::io("change the mode of", path))
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), LocalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LocalError::io("delete", path)(error)),
        _ => Ok(()),
    }
}

pub(super) fn remove_dir_if_there(path: &Path) -> Result<(), LocalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LocalError::io("delete", path)(error)),
        _ => Ok(()),
    }
}

/// A port on loopback that is free now. Whoever uses it must be ready to lose the race and ask again.
pub(super) fn free_port() -> Result<u16, LocalError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| LocalError::step("finding a free port on 127.0.0.1", &error))
}
