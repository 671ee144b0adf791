//! The console on a real terminal: Tab, the arrow up, an alert in the middle of a word, and Ctrl-C.

use super::{FIRST_START, Folder, IN_TIME, Postgres};
use crate::harness::eventually_within;
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{Termios, tcgetattr};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A pseudo-terminal with a program on it. Dropped, the program is asked to end, and made to.
struct Terminal {
    child: Child,
    keys: File,
    /// The program's side, kept open so that the terminal can be asked after the program has ended.
    side: OwnedFd,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: 50, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
        let end = || Stdio::from(pty.slave.try_clone().expect("a handle"));
        command.stdin(end()).stdout(end()).stderr(end()).env("TERM", "xterm").env("NO_COLOR", "1");
        let child = command.spawn().expect("the program starts");
        let keys = File::from(pty.master);
        let mut screen = keys.try_clone().expect("a handle");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut some) {
                kept.lock().expect("no reader panicked").extend_from_slice(&some[..read]);
            }
        });
        Self { child, keys, side: pty.slave, seen }
    }

    /// How the terminal is set.
    fn settings(&self) -> Termios {
        tcgetattr(&self.side).expect("a terminal")
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("somebody who reads");
    }

    /// What was written so far, without the cursor's movements.
    fn text(&self) -> String {
        plain(&String::from_utf8_lossy(&self.seen.lock().expect("no writer panicked")))
    }

    /// Waits until these words are written behind the first `from` bytes; where they end.
    async fn until(&mut self, words: &str, from: usize, patience: Duration) -> usize {
        eventually_within(patience, words, async || {
            if let Some(ended) = self.child.try_wait().expect("it can be asked") {
                panic!("it ended by itself ({ended}): {}", self.text());
            }
            let text = self.text();
            text.get(from..)?.find(words).map(|at| from + at + words.len())
        })
        .await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        if std::thread::panicking() {
            eprintln!("--- the terminal\n{}", self.text());
        }
        let _ = Command::new("sh").args(["-c", r#"kill -s TERM "$0""#, &self.child.id().to_string()]).status();
        let end = Instant::now() + IN_TIME;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may have ended by now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Text without escape sequences (ECMA-48: `ESC [`, parameters, one letter).
fn plain(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.strip_prefix('[').map_or(piece, |sequence| {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or(sequence.len(), |at| at + 1);
            &sequence[end..]
        });
        plain.push_str(rest);
    }
    plain
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_on_a_terminal_completes_remembers_keeps_what_is_typed_and_is_left_in_order() {
    let folder = Folder::new("terminal");
    let mut terminal = Terminal::start(folder.up("2"));
    let before = terminal.settings();
    let begun = terminal.until("tillwatch> ", 0, FIRST_START).await;

    // An alert comes while somebody types: it is drawn above, and what was typed stands below it once more.
    terminal.press("campaign sh");
    let typed = terminal.until("campaign sh", begun, IN_TIME).await;
    let alert = terminal.until("┌─ ", typed, FIRST_START).await;
    let redrawn = terminal.until("tillwatch> campaign sh", alert, IN_TIME).await;

    // Tab completes the name; it asks the service, which may be too busy to answer at the first time.
    terminal.press("ow \"Coupon mailing 20");
    let from = terminal.until("Coupon mailing 20", redrawn, IN_TIME).await;
    let completed = "campaign show \"Coupon mailing 20 (type C)\"";
    let end = Instant::now() + IN_TIME;
    while !terminal.text()[from..].contains(completed) {
        assert!(Instant::now() < end, "Tab completed nothing: {}", terminal.text());
        terminal.press("\t");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let from = terminal.text().len();
    terminal.press("\r");
    let shown = terminal.until("Coupon mailing 20 (type C)", from, IN_TIME).await;
    let asked = terminal.until("tillwatch> ", shown, IN_TIME).await;

    // The arrow up brings the line back.
    terminal.press("\u{1b}[A");
    terminal.until(completed, asked, IN_TIME).await;

    // Ctrl-C leaves, everything ends, and the terminal is as it was.
    let postgres = Postgres::of(&folder.0);
    terminal.press("\u{3}");
    let ended =
        eventually_within(IN_TIME, "the end", async || terminal.child.try_wait().expect("it can be asked")).await;
    assert_eq!(ended.code(), Some(0), "{}", terminal.text());
    assert_eq!(terminal.settings(), before, "the terminal is as it was found");
    assert!(!postgres.listens(), "PostgreSQL has ended with it");
}
