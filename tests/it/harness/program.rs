//! The built program, and this test binary, as processes of their own: what they say, signals, and their end.

use super::eventually_within;
use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tillwatch_backend::config::SETTINGS;

/// How long a process may take to end by itself once it was asked to.
const FAREWELL: Duration = Duration::from_secs(30);

/// A running process. Dropped, it is asked to end, and made to; it ends with this process even if that is killed.
pub(crate) struct Program {
    child: Child,
    watchdog: Child,
    input: Option<ChildStdin>,
    output: Arc<Mutex<Vec<u8>>>,
    errors: Arc<Mutex<Vec<u8>>>,
    ended: Option<ExitStatus>,
}

/// `tillwatch <args>` without any setting of the environment in which the tests run.
pub(crate) fn tillwatch(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillwatch"));
    command.args(args);
    for setting in SETTINGS {
        command.env_remove(setting.name);
    }
    // Tests ask as fast as they can; those of the limits set their own.
    for limit in ["REQUESTS_PER_MINUTE", "REQUESTS_PER_MINUTE_TOKEN", "REQUESTS_PER_MINUTE_ADDRESS"] {
        command.env(limit, "1000000");
    }
    command
}

/// The same with its standard input closed, as a service manager may start it.
pub(crate) fn without_input(command: &Command) -> Command {
    let mut closed = Command::new("sh");
    closed.args(["-c", r#"exec "$0" "$@" <&-"#]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => closed.env(name, value),
            None => closed.env_remove(name),
        };
    }
    closed
}

impl Program {
    /// Starts it with pipes on all three sides.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // It reads until its input ends, which it does when this process dies, however it dies.
        let watchdog = Command::new("sh")
            .args(["-c", r#"cat >/dev/null; kill -s TERM "$1"; sleep 20; kill -s KILL "$1""#, "watchdog"])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let output = kept(child.stdout.take().expect("a pipe"));
        let errors = kept(child.stderr.take().expect("a pipe"));
        Self { input: child.stdin.take(), child, watchdog, output, errors, ended: None }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&self.errors.lock().unwrap()).into_owned()
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an input that is open");
        input.write_all(format!("{line}\n").as_bytes()).expect("somebody who reads");
    }

    /// Sends a signal by name: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, name, &self.id().to_string()]).status();
        assert!(sent.expect("sh starts").success(), "the signal {name} was not sent");
    }

    /// kill -9, and its end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.ended = Some(self.child.wait().expect("it ends"));
        self.dismiss();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("it can be asked");
        }
        self.ended
    }

    /// Waits for its end; fails when that takes longer than `patience`.
    pub(crate) async fn until_ended(&mut self, patience: Duration) -> ExitStatus {
        let ended = eventually_within(patience, "the program to end", async || self.ended()).await;
        self.dismiss();
        ended
    }

    /// The watchdog's work is over: an id may be given to another process from now on.
    fn dismiss(&mut self) {
        // It may have ended by itself.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.ended().is_none() {
            if std::thread::panicking() {
                eprintln!("--- standard output\n{}\n--- standard error\n{}", self.output(), self.errors());
            }
            let _ = Command::new("sh").args(["-c", r#"kill -s TERM "$0""#, &self.id().to_string()]).status();
            let end = Instant::now() + FAREWELL;
            while self.ended().is_none() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
            if self.ended().is_none() {
                self.kill();
            }
        }
        self.dismiss();
    }
}

/// Keeps what comes through a pipe, so that nobody waits for a reader.
fn kept(mut pipe: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let text = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(read) = pipe.read(&mut some) {
            if read == 0 {
                break;
            }
            kept.lock().unwrap().extend_from_slice(&some[..read]);
        }
    });
    text
}
