//! A redis-server for tests, from PATH or from a wheel.
//!
//! Cast: [`LocalRedis`]. Invariants: it keeps nothing on disk, listens on loopback only, and ends with
//! this process, even if that is killed.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Progress;
use super::error::LocalError;
use super::folder::{free_port, make_dir};
use super::process::{self, POLL, Watchdog, detached, random_hex, signal, tail};
use super::wheel;

/// It is ready in a few milliseconds; a busy machine gets more.
const READY_LIMIT: Duration = Duration::from_secs(10);

/// With nothing to save it ends at once.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// How often a start is tried when somebody else takes the port in between.
const PORT_TRIES: usize = 3;

/// A running redis-server. Dropping it stops it.
pub struct LocalRedis {
    child: Child,
    port: u16,
    folder: PathBuf,
    watchdog: Option<Watchdog>,
}

impl std::fmt::Debug for LocalRedis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalRedis").field("pid", &self.child.id()).field("port", &self.port).finish_non_exhaustive()
    }
}

impl LocalRedis {
    /// Starts a redis-server from PATH; if there is none, one from a wheel that is kept in `data_dir`.
    /// Blocks until it answers.
    ///
    /// # Errors
    /// [`LocalError::NoRedis`] if there is none and none could be fetched, or why it did not start.
    pub fn start(data_dir: &Path) -> Result<Self, LocalError> {
        Self::start_with(data_dir, false, |step| tracing::info!("{step}"))
    }

    /// Like [`LocalRedis::start`]; with `force_wheel` a redis-server in PATH is not used.
    ///
    /// # Errors
    /// As [`LocalRedis::start`].
    pub fn start_with(data_dir: &Path, force_wheel: bool, progress: fn(Progress)) -> Result<Self, LocalError> {
        let in_path = if force_wheel { None } else { from_path() };
        let program = if let Some(program) = in_path {
            program
        } else {
            let data_dir = std::path::absolute(data_dir).map_err(LocalError::io("find", data_dir))?;
            let bin = wheel::provide(&wheel::REDIS, &data_dir, progress).map_err(|why| LocalError::NoRedis { why })?;
            bin.join("redis-server")
        };
        let folder = std::env::temp_dir().join(format!("tillwatch-redis-{}", &random_hex()?[..12]));
        let watchdog = Watchdog::start("TERM", Some(&folder))?;
        make_dir(&folder)?;
        let launched = launch(&program, &folder, watchdog);
        if launched.is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        launched
    }

    /// The connection URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    /// [`LocalError::NotStopped`] if it does not end within its bounded time.
    pub fn stop(mut self) -> Result<(), LocalError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), LocalError> {
        let Some(watchdog) = self.watchdog.take() else { return Ok(()) };
        let pid = self.child.id();
        signal("TERM", pid);
        if process::wait(&mut self.child, STOP_LIMIT).is_none() {
            // Dropping the watchdog has it killed.
            return Err(LocalError::NotStopped { server: "redis-server", pid, seconds: STOP_LIMIT.as_secs() });
        }
        let _ = std::fs::remove_dir_all(&self.folder);
        watchdog.release();
        Ok(())
    }
}

impl Drop for LocalRedis {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("stopping redis-server: {error}");
        }
    }
}

/// The first redis-server in PATH that runs.
fn from_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("redis-server")).find(|program| {
        let said = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
        said.is_ok_and(|output| output.status.success())
    })
}

fn launch(program: &Path, folder: &Path, mut watchdog: Watchdog) -> Result<LocalRedis, LocalError> {
    let log = folder.join("redis.log");
    let mut how = String::new();
    for _ in 0..PORT_TRIES {
        let port = free_port()?;
        let out =
            File::options().create(true).append(true).mode(0o600).open(&log).map_err(LocalError::io("open", &log))?;
        let err = out.try_clone().map_err(LocalError::io("open", &log))?;
        let mut child = detached(program)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(folder)
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| LocalError::step("redis-server", &error))?;
        watchdog.guard(child.id());
        match wait_ready(&mut child, port) {
            Ok(()) => return Ok(LocalRedis { child, port, folder: folder.to_owned(), watchdog: Some(watchdog) }),
            Err(why) => how = why,
        }
        // Gone already, or hopeless.
        let _ = child.kill();
        let _ = child.wait();
    }
    Err(LocalError::NotReady { server: "redis-server", how, log: tail(&log, 0) })
}

fn wait_ready(child: &mut Child, port: u16) -> Result<(), String> {
    let end = Instant::now() + READY_LIMIT;
    while Instant::now() < end {
        // First its life, then its port: a stranger on that port would make ours end.
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("ended at once ({status})"));
        }
        if answers(port) {
            return Ok(());
        }
        sleep(POLL);
    }
    Err(format!("is not ready after {} s", READY_LIMIT.as_secs()))
}

fn answers(port: u16) -> bool {
    let patience = Duration::from_secs(1);
    let ask = || -> std::io::Result<[u8; 5]> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    matches!(ask(), Ok(answer) if &answer == b"+PONG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_answers_as_redis_does_is_taken_for_one() {
        let replies: [(&[u8], bool); 2] = [(b"+PONG\r\n", true), (b"HTTP/1.1 400 Bad Request\r\n", false)];
        for (reply, expected) in replies {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
            let port = listener.local_addr().expect("address").port();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("accept");
                let mut asked = [0; 6];
                stream.read_exact(&mut asked).expect("read");
                stream.write_all(reply).expect("answer");
                asked
            });
            assert_eq!(answers(port), expected);
            assert_eq!(&server.join().expect("server"), b"PING\r\n");
        }
    }

    #[test]
    fn a_program_that_ends_at_once_is_an_error_with_its_words_and_leaves_no_folder() {
        let folder = std::env::temp_dir().join(format!("tillwatch-redis-test-{}", std::process::id()));
        make_dir(&folder).expect("mkdir");
        let watchdog = Watchdog::start("TERM", Some(&folder)).expect("watchdog");
        // `ls` knows none of the options and says so.
        let error = launch(Path::new("/bin/ls"), &folder, watchdog).expect_err("no server");
        assert!(error.to_string().contains("ended at once") && error.to_string().contains("option"), "{error}");
        let end = Instant::now() + Duration::from_mins(1);
        while folder.exists() && Instant::now() < end {
            sleep(POLL);
        }
        assert!(!folder.exists());
    }
}
