//! Running the programs of the local servers: as whom, how long, and what becomes of them when we die.
//!
//! Cast: [`RunAs`] (the account; PostgreSQL refuses root), [`run`] (a program run to its end, bounded),
//! [`signal`] and [`name_of`] (processes that may not be our children), [`Watchdog`].
//!
//! Invariants: nothing started here shares our process group, so Ctrl-C reaches us alone and we stop the
//! servers in our own order; nothing started here sees our environment, which holds secrets; nothing
//! keeps our locks open, since std opens every file close-on-exec.

use crate::platform::hex::hex;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::LocalError;
use super::folder::remove_if_there;

/// How often a process or a file is looked at while we wait for it.
pub(super) const POLL: Duration = Duration::from_millis(10);

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 12;

/// The account that runs the server.
#[derive(Clone, Debug)]
pub(super) struct RunAs {
    /// For messages.
    pub(super) name: String,
    /// User and group id to change to; `None` when we stay who we are.
    ids: Option<(u32, u32)>,
}

impl RunAs {
    /// Ourselves, unless we are root. As root: whoever owns `data` already, else `postgres`, else `nobody`.
    pub(super) fn choose(data: &Path) -> Result<Self, LocalError> {
        if !we_are_root() {
            return Ok(Self { name: "this user".to_owned(), ids: None });
        }
        if let Ok(owned) = fs::metadata(data)
            && owned.uid() != 0
        {
            return Ok(Self { name: format!("user {}", owned.uid()), ids: Some((owned.uid(), owned.gid())) });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                let ids = (id(&["-u", name])?, id(&["-g", name])?);
                // An account with the id 0 under another name would not help: the server refuses it.
                (ids.0 != 0).then(|| Self { name: name.to_owned(), ids: Some(ids) })
            })
            .ok_or(LocalError::NoServerUser)
    }

    /// A command for `program` that runs as this account, in its own process group, without our
    /// environment or terminal. std drops the supplementary groups with the user id.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = detached(program);
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives `path` to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), LocalError> {
        let Some((user, group)) = self.ids else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(LocalError::io("give away", path))
    }

    /// Says clearly, before PostgreSQL does it obscurely, that this account cannot enter `path`.
    pub(super) fn can_enter(&self, path: &Path) -> Result<(), LocalError> {
        if self.ids.is_none() {
            return Ok(());
        }
        let entered = self
            .command(Path::new("/bin/sh"))
            .args(["-c", r#"cd -- "$1""#, "sh"])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match entered {
            Ok(status) if status.success() => Ok(()),
            _ => Err(LocalError::NoAccess { user: self.name.clone(), path: path.to_owned() }),
        }
    }
}

/// A command in its own process group, with an environment of its own and no standard input.
pub(super) fn detached(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    // Where programs and libraries are is the machine's business and holds no secret.
    for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.process_group(0).stdin(Stdio::null()).current_dir("/");
    command
}

/// Whether this process may change to other accounts.
pub(super) fn we_are_root() -> bool {
    id(&["-u"]) == Some(0)
}

/// One number from `id`, which also asks directory services, where a reader of /etc/passwd does not.
fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Runs `command` to its end with its output in the file `log`; `started` hears its process id.
pub(super) fn run(
    mut command: Command,
    step: &'static str,
    log: &Path,
    limit: Duration,
    started: impl FnOnce(u32),
) -> Result<(), LocalError> {
    // A new file: a killed process may have left a program behind that still writes into the old one.
    remove_if_there(log)?;
    let out = File::create_new(log).map_err(LocalError::io("create", log))?;
    let err = out.try_clone().map_err(LocalError::io("open", log))?;
    let mut child = command.stdout(out).stderr(err).spawn().map_err(|error| LocalError::step(step, &error))?;
    started(child.id());
    let how = match wait(&mut child, limit) {
        Some(status) if status.success() => return Ok(()),
        Some(status) => status.to_string(),
        None => {
            // It may have ended just now; either way it is gone afterwards.
            let _ = child.kill();
            let _ = child.wait();
            format!("not done after {} s", limit.as_secs())
        }
    };
    Err(LocalError::Step { step, how, log: tail(log, 0) })
}

/// Waits for a child of ours, at most for `limit`.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => sleep(POLL),
            // An error means that it is no child of ours to wait for: treated as time running out.
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What was written into a log after its first `from` bytes.
pub(super) fn log_since(log: &Path, from: u64) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
    String::from_utf8_lossy(&bytes[from..]).into_owned()
}

/// The last lines of that, for an error's text.
pub(super) fn tail(log: &Path, from: u64) -> String {
    let text = log_since(log, from);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return "(nothing)".to_owned();
    }
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Sends a signal by name (`INT`, `QUIT`, `TERM`) to a process that may not be our child.
pub(super) fn signal(name: &str, pid: u32) {
    // A process that is gone already is what we want, so the outcome does not matter.
    let _ = Command::new("/bin/sh")
        .args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// What the process `pid` is called, `None` if there is no such living process: after a crash the number
/// in a pid file may belong to anybody, and a dead process that its parent has not collected has one too.
pub(super) fn name_of(pid: u32) -> Option<String> {
    if Path::new("/proc/self/status").exists() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("").trim();
        return (!field("State:").starts_with(['Z', 'X'])).then(|| field("Name:").to_owned());
    }
    let listed = Command::new("ps")
        .args(["-o", "stat=,comm=", "-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
    let (state, program) = line.split_once(char::is_whitespace)?;
    // Some systems list the path.
    let name = program.trim().rsplit('/').next()?;
    (!state.starts_with('Z')).then(|| name.to_owned())
}

/// 192 random bits from the system, as hex: safe in a URL as it is.
pub(super) fn random_hex() -> Result<String, LocalError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 24];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(LocalError::io("read", source))?;
    Ok(hex(&bytes))
}

/// Ends a server when we end, however we end.
///
/// A shell reads from a pipe that only we hold, so it notices our death by any signal. It is told each
/// process id as it comes; at the end of the pipe it stops the last one and deletes the given folder.
pub(super) struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
}

/// `$1` is the signal that stops the server, `$2` a folder to delete or nothing. The folder is deleted
/// repeatedly, since a program that was just starting up may still be writing into it. In a container
/// without an init nobody collects the dead, and `kill -0` finds them; their state tells.
const WATCHDOG: &str = r#"
pid=
while read -r line; do pid=$line; done
[ "$pid" = done ] && exit 0
lives() { kill -0 "$pid" && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"; }
if [ -n "$pid" ]; then
  kill -s "$1" "$pid"
  i=0
  while lives && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
  lives && kill -s KILL "$pid"
fi
i=0
while [ -n "$2" ] && [ -e "$2" ] && [ $i -lt 50 ]; do rm -rf -- "$2"; sleep 0.1; i=$((i + 1)); done
"#;

impl Watchdog {
    /// Starts to watch. `stop_signal` ends the server; `delete` goes away after it.
    pub(super) fn start(stop_signal: &str, delete: Option<&Path>) -> Result<Self, LocalError> {
        let mut shell = detached(Path::new("/bin/sh"))
            .args(["-c", WATCHDOG, "sh", stop_signal])
            .arg(delete.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| LocalError::step("the watchdog (/bin/sh)", &error))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// From now on the process to end is `pid`.
    pub(super) fn guard(&mut self, pid: u32) {
        self.say(&pid.to_string());
    }

    /// The server is stopped or belongs to somebody else: nothing to do at our end.
    pub(super) fn release(mut self) {
        self.say("done");
        self.pipe = None;
        let _ = self.shell.wait();
    }

    fn say(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe {
            // A watchdog that somebody killed costs the clean-up, not the work at hand.
            let _ = writeln!(pipe, "{line}").and_then(|()| pipe.flush());
        }
    }
}
