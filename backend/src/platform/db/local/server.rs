//! One PostgreSQL server process: making its data, starting it, knowing that it is ready, stopping it.
//!
//! Cast: [`init`], [`launch`], [`running`] (a server left by a process that was killed), [`PidFile`]
//! (`postmaster.pid`, PostgreSQL's own word on what runs in a data folder), [`stop`].
//!
//! Invariants: the server listens on 127.0.0.1 and nowhere else, with scram-sha-256 for everybody; data
//! appears under its final name only when it is complete; fsync is as PostgreSQL has it unless the caller
//! says otherwise.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::binaries::Binaries;
use super::error::LocalError;
use super::folder::{Folder, make_dir, set_mode};
use super::process::{self, POLL, RunAs, Watchdog, log_since, name_of, signal, tail};

/// The superuser's role.
pub(super) const SUPERUSER: &str = "postgres";

/// How long a start may take before it is an error. It includes recovery after a crash.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Making the data takes about a second; slow disks get more.
const INIT_LIMIT: Duration = Duration::from_secs(90);

/// How long a fast shutdown may take (it writes a checkpoint), then how long an immediate one may.
const STOP_LIMITS: [(&str, Duration); 2] = [("INT", Duration::from_secs(30)), ("QUIT", Duration::from_secs(5))];

/// How often a start is tried when somebody else takes the port in between.
const PORT_TRIES: usize = 3;

/// What `postmaster.pid` says: line 1 the process, line 4 the port, line 8 the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) ready: bool,
}

impl PidFile {
    /// `None` if there is none, or if it is still being written.
    fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3)?.parse().ok()?,
            ready: lines.get(7) == Some(&"ready"),
        })
    }
}

/// Makes the data folder.
pub(super) fn init(
    binaries: &Binaries,
    user: &RunAs,
    folder: &Folder,
    quick: bool,
    watchdog: Option<&mut Watchdog>,
) -> Result<(), LocalError> {
    folder.delete_unfinished();
    let unfinished = folder.unfinished()?;
    // initdb must not outlive us either, or it would be in the way of the next start.
    let mut own_watchdog = None;
    let watchdog = match watchdog {
        Some(watchdog) => watchdog,
        None => own_watchdog.insert(Watchdog::start("TERM", Some(&unfinished))?),
    };
    make_dir(&unfinished)?;
    set_mode(&unfinished, 0o700)?;
    user.own(&unfinished)?;
    user.can_enter(&unfinished)?;
    folder.new_password(user)?;
    let attempt = |ctype: &str, watchdog: &mut Watchdog| {
        let mut command = user.command(&binaries.initdb);
        command.arg("-D").arg(&unfinished).args(["-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"]);
        // Sorted by bytes, so that order does not depend on the machine; letters beyond ASCII still fold.
        command.args(["--locale=C", "--text-search-config=simple"]).arg(format!("--lc-ctype={ctype}"));
        command.arg("--pwfile").arg(folder.password_file());
        if quick {
            command.arg("--no-sync");
        }
        process::run(command, "initdb", &folder.init_log(), INIT_LIMIT, |pid| watchdog.guard(pid))
    };
    match attempt("C.UTF-8", watchdog) {
        // Not every C library has that locale; every one has this.
        // (Any failure's words tell of the locale that is used; only this one's find fault with it.)
        Err(LocalError::Step { log, .. }) if log.contains("invalid locale") => attempt("C", watchdog)?,
        other => other?,
    }
    let data = folder.data();
    fs::rename(&unfinished, &data).map_err(LocalError::io("rename to", &data))?;
    if let Some(watchdog) = own_watchdog {
        watchdog.release();
    }
    let root = &folder.root;
    fs::File::open(root).and_then(|dir| dir.sync_all()).map_err(LocalError::io("flush", root))
}

/// Starts the server and waits until it takes connections.
pub(super) fn launch(
    binaries: &Binaries,
    user: &RunAs,
    folder: &Folder,
    settings: &[(String, String)],
    mut watchdog: Option<&mut Watchdog>,
) -> Result<(Child, PidFile), LocalError> {
    user.can_enter(&folder.data())?;
    for tries_left in (0..PORT_TRIES).rev() {
        let port = folder.choose_port()?;
        let log = folder.open_log()?;
        let log_begins = log.metadata().map_or(0, |meta| meta.len());
        let errors = log.try_clone().map_err(LocalError::io("open", &folder.log()))?;
        let mut command = user.command(&binaries.postgres);
        command.arg("-D").arg(folder.data()).args(["-p", &port.to_string()]);
        for (name, value) in [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("max_connections", "200"),
        ] {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdout(log).stderr(errors);
        let mut child = command.spawn().map_err(|error| LocalError::step("postgres", &error))?;
        if let Some(watchdog) = watchdog.as_deref_mut() {
            watchdog.guard(child.id());
        }
        match wait_ready(folder, Some(&mut child), log_begins) {
            Ok(ready) => {
                folder.keep_port(ready.port)?;
                return Ok((child, ready));
            }
            Err(_) if tries_left > 0 && log_since(&folder.log(), log_begins).contains("could not bind") => {
                folder.forget_port()?;
            }
            Err(error) => return Err(error),
        }
    }
    // Not reached, since the last try returns; an error is as good an answer as a panic.
    Err(not_ready(folder, 0, "found no free port".to_owned()))
}

/// The server that runs in this folder already, waited for until it is ready.
///
/// PostgreSQL judges a stale pid file by whether a process with that number and its account exists. After
/// a crash of the machine, or in a new container on an old volume, that may be a bystander, or a dead
/// process that nobody collected, and every start would fail until somebody deletes the file. The system
/// tells which process that is, so the file is deleted here if it is no living PostgreSQL; the caller
/// holds the start lock, and PostgreSQL still refuses if old server processes have its memory attached.
pub(super) fn running(folder: &Folder) -> Result<Option<PidFile>, LocalError> {
    let data = folder.data();
    let Some(claimed) = PidFile::read(&data) else { return Ok(None) };
    if !postgres_lives(claimed.pid) {
        let path = data.join("postmaster.pid");
        fs::remove_file(&path).map_err(LocalError::io("delete", &path))?;
        return Ok(None);
    }
    match wait_ready(folder, None, 0) {
        Ok(ready) => Ok(Some(ready)),
        // It was on its way out.
        Err(_) if PidFile::read(&data).is_none() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until the server says that it is ready and answers on its port. With `child` it is ours and its
/// end is noticed at once.
fn wait_ready(folder: &Folder, mut child: Option<&mut Child>, log_begins: u64) -> Result<PidFile, LocalError> {
    let data = folder.data();
    let end = Instant::now() + READY_LIMIT;
    while Instant::now() < end {
        let ours = child.as_ref().map(|child| child.id());
        if let Some(said) = PidFile::read(&data)
            && said.ready
            && ours.is_none_or(|pid| pid == said.pid)
            && speaks_postgres(said.port)
        {
            return Ok(said);
        }
        if let Some(child) = child.as_deref_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            return Err(not_ready(folder, log_begins, format!("ended at once ({status})")));
        }
        if child.is_none() && PidFile::read(&data).is_none() {
            return Err(not_ready(folder, log_begins, "stopped just now".to_owned()));
        }
        sleep(POLL);
    }
    // Left running: after a crash it may be repairing its data, and the next start adopts it.
    Err(not_ready(folder, log_begins, format!("is not ready after {} s; try again in a while", READY_LIMIT.as_secs())))
}

fn not_ready(folder: &Folder, log_begins: u64, how: String) -> LocalError {
    LocalError::NotReady { server: "PostgreSQL", how, log: tail(&folder.log(), log_begins) }
}

/// Asks whatever listens on the port for TLS, as every client begins; a PostgreSQL answers S or N.
fn speaks_postgres(port: u16) -> bool {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let patience = Duration::from_secs(1);
    let ask = || -> std::io::Result<u8> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(&SSL_REQUEST)?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(answer[0])
    };
    matches!(ask(), Ok(b'S' | b'N'))
}

/// Stops the server and waits for its end: fast (clients are disconnected, everything is on disk), and
/// if that takes too long, at once (the next start recovers). `throw_away` goes straight to the latter.
pub(super) fn stop(pid: u32, mut child: Option<Child>, throw_away: bool) -> Result<(), LocalError> {
    for (name, limit) in STOP_LIMITS.into_iter().skip(usize::from(throw_away)) {
        signal(name, pid);
        let gone = match &mut child {
            Some(child) => process::wait(child, limit).is_some(),
            None => wait_gone(pid, limit),
        };
        if gone {
            return Ok(());
        }
    }
    let seconds = STOP_LIMITS.iter().map(|(_, limit)| limit.as_secs()).sum();
    Err(LocalError::NotStopped { server: "PostgreSQL", pid, seconds })
}

/// Whether `pid` is a living process under one of the names that the server's program has.
fn postgres_lives(pid: u32) -> bool {
    name_of(pid).is_some_and(|name| ["postgres", "postmaster"].contains(&name.as_str()))
}

fn wait_gone(pid: u32, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while postgres_lives(pid) {
        if Instant::now() >= end {
            return false;
        }
        sleep(POLL);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_is_read_only_when_it_says_enough() {
        let whole = "4711\n/data\n1700000000\n5433\n\n127.0.0.1\n  5433001  65536\nready   \n";
        assert_eq!(PidFile::parse(whole), Some(PidFile { pid: 4711, port: 5433, ready: true }));
        let starting = "4711\n/data\n1700000000\n5433\n\n127.0.0.1\n  5433001  65536\nstarting\n";
        assert_eq!(PidFile::parse(starting).map(|file| file.ready), Some(false));
        assert_eq!(PidFile::parse("4711\n/data\n"), None);
        // A stand-alone backend writes its number as a negative one: no server to talk to.
        assert_eq!(PidFile::parse("-4711\n/data\n1\n5433\n"), None);
    }

    #[test]
    fn what_listens_but_is_no_postgres_is_not_taken_for_one() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        let port = listener.local_addr().expect("address").port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accept");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("answer");
        });
        assert!(!speaks_postgres(port));
        server.join().expect("server");
    }
}
