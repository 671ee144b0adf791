//! The threads that read lines: from a terminal with history and completion, or from a pipe.
//!
//! A thread is needed because reading a terminal blocks; it ends with the process at the latest. Invariants: after a
//! line the thread waits for its answer, so that answer and prompt never mix; the terminal's settings are put back
//! when the lines are dropped, even while somebody is typing; one-time codes are not kept in the history.

use std::io::BufRead as _;

use rustyline::error::{ReadlineError, Signal};
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::sync::{mpsc, oneshot};

use super::complete::{Names, Words};
use super::{ConsoleConfig, Printer, printer};
use crate::api::Api;

/// Lines kept in the history.
const KEPT: usize = 1_000;

/// A line that somebody typed, and who waits for its answer.
pub(super) struct Asked {
    line: String,
    answered: oneshot::Sender<Next>,
}

/// What the thread does next.
enum Next {
    Read,
    Leave,
}

impl Asked {
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// The next line may be read.
    pub(super) fn answered(self) {
        // The thread may have ended with the terminal.
        let _gone = self.answered.send(Next::Read);
    }
}

/// Lines as they are typed.
pub(super) struct Lines {
    asked: mpsc::Receiver<Asked>,
    /// Whether the end of the lines means that a person left.
    person: bool,
    left: bool,
    terminal: Option<Terminal>,
}

impl Lines {
    /// The next line; `None` when the input has ended.
    pub(super) async fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.recv().await;
        if asked.is_none() {
            self.left = self.person;
            self.release();
        }
        asked
    }

    /// Somebody typed that they leave.
    pub(super) fn leave(&mut self, asked: Asked) {
        self.left = true;
        // The thread may have ended with the terminal.
        let _gone = asked.answered.send(Next::Leave);
        self.release();
    }

    /// Whether a person left, rather than that an input ended or the service stops.
    pub(super) fn was_left(&self) -> bool {
        self.left
    }

    fn release(&mut self) {
        if let Some(terminal) = self.terminal.take() {
            terminal.restore();
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if self.terminal.is_some() {
            // Stopped while somebody types: the editor will not do it any more. It had the terminal mark what is
            // pasted, and the next prompt begins on a line of its own.
            printer::direct("\x1b[?2004l\n");
        }
        self.release();
    }
}

/// Reads from the terminal, after a first line of welcome.
pub(super) fn start(config: &ConsoleConfig, api: &Api, welcome: &str) -> rustyline::Result<Lines> {
    let terminal = Terminal::now(&config.printer);
    let settings = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(KEPT)?
        .auto_add_history(false)
        .build();
    let mut editor: Editor<Words, DefaultHistory> = Editor::with_config(settings)?;
    let names = Names::new(config.actor(), api.clone(), tokio::runtime::Handle::current());
    editor.set_helper(Some(Words::new(names)));
    if let Some(path) = &config.history {
        // The first run has none.
        let _none_yet = editor.load_history(path);
    }
    config.printer.attach(editor.create_external_printer()?)?;
    printer::direct(&format!("{welcome}\n"));
    let (sender, asked) = mpsc::channel(1);
    let config = config.clone();
    std::thread::Builder::new().name("console".to_owned()).spawn(move || read(editor, &config, &sender))?;
    Ok(Lines { asked, person: true, left: false, terminal: Some(terminal) })
}

/// The editor's thread.
fn read(mut editor: Editor<Words, DefaultHistory>, config: &ConsoleConfig, sender: &mpsc::Sender<Asked>) {
    loop {
        if let Some((columns, _)) = editor.dimensions() {
            config.printer.set_columns(columns.into());
        }
        let line = match editor.readline(&config.prompt) {
            Ok(line) => line,
            // A window that changed its size while no key was pressed.
            Err(ReadlineError::Signal(Signal::Resize)) => continue,
            Err(ReadlineError::Eof | ReadlineError::Interrupted | ReadlineError::Signal(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "the terminal cannot be read");
                return;
            }
        };
        remember(&mut editor, &line, config);
        let (answered, next) = oneshot::channel();
        if sender.blocking_send(Asked { line, answered }).is_err() {
            return;
        }
        match next.blocking_recv() {
            Ok(Next::Read) => {}
            Ok(Next::Leave) | Err(_) => return,
        }
    }
}

/// Keeps a line for the next time; a one-time code is a secret.
fn remember(editor: &mut Editor<Words, DefaultHistory>, line: &str, config: &ConsoleConfig) {
    let word = line.trim_start().trim_start_matches('/').trim_start();
    if line.trim().is_empty() || word.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("link")) {
        return;
    }
    let added = editor.add_history_entry(line);
    if let (Ok(true), Some(path)) = (added, &config.history)
        && let Err(error) = editor.append_history(path)
    {
        tracing::debug!(%error, "the history cannot be kept");
    }
}

/// Reads commands from a pipe; a closed input ends them quietly.
pub(super) fn pipe() -> Lines {
    let (sender, asked) = mpsc::channel(1);
    let reading = std::thread::Builder::new().name("console-pipe".to_owned()).spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            let (answered, next) = oneshot::channel();
            if sender.blocking_send(Asked { line, answered }).is_err() {
                return;
            }
            match next.blocking_recv() {
                Ok(Next::Read) => {}
                Ok(Next::Leave) | Err(_) => return,
            }
        }
    });
    if let Err(error) = reading {
        tracing::warn!(%error, "the input cannot be read");
    }
    Lines { asked, person: false, left: false, terminal: None }
}

/// The terminal as it was found.
struct Terminal {
    printer: Printer,
    #[cfg(unix)]
    settings: Option<nix::sys::termios::Termios>,
}

impl Terminal {
    fn now(printer: &Printer) -> Self {
        Self {
            printer: printer.clone(),
            #[cfg(unix)]
            settings: nix::sys::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Puts it back: the editor may be waiting for a key, with echo off.
    fn restore(self) {
        self.printer.detach();
        #[cfg(unix)]
        if let Some(settings) = &self.settings {
            // A terminal that has gone away needs no settings.
            let _gone = nix::sys::termios::tcsetattr(std::io::stdin(), nix::sys::termios::SetArg::TCSANOW, settings);
        }
    }
}
