//! The threads that read lines: from a terminal with history and completion, or from a pipe.
//!
//! A thread is needed because reading a terminal blocks; it ends with the process at the latest. Invariants: after a
//! line the thread waits for its answer, so that answer and prompt never mix; the terminal's settings are put back
//! when the lines are dropped, even while somebody is typing; one-time codes are not kept in the history; a line that
//! is no text (another encoding was pasted) is answered and ends nothing.

use std::io::{BufRead, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// `None`: it is no UTF-8.
    line: Option<String>,
    answered: oneshot::Sender<Next>,
}

/// What the thread does next.
enum Next {
    Read,
    Leave,
}

impl Asked {
    /// What was typed; `None` when it is no text.
    pub(super) fn line(&self) -> Option<&str> {
        self.line.as_deref()
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
    /// Set by the thread when a person ended the lines, rather than that an input ended.
    person: Arc<AtomicBool>,
    left: bool,
    terminal: Option<Terminal>,
}

impl Lines {
    /// The next line; `None` when the input has ended.
    pub(super) async fn next(&mut self) -> Option<Asked> {
        let asked = self.asked.recv().await;
        if asked.is_none() {
            self.left = self.person.load(Ordering::Acquire);
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
    let person = Arc::new(AtomicBool::new(false));
    let left = Arc::clone(&person);
    let reading = move || {
        if read(editor, &config, &sender) == Ended::Left {
            // Before the sender is dropped, which ends the lines.
            left.store(true, Ordering::Release);
        }
        drop(sender);
    };
    std::thread::Builder::new().name("console".to_owned()).spawn(reading)?;
    Ok(Lines { asked, person, left: false, terminal: Some(terminal) })
}

/// How reading came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// A person left.
    Left,
    /// The terminal or the service is gone.
    Lost,
}

/// What an error of the editor means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Nothing was typed: read on.
    Again,
    /// What was typed is no text.
    NoText,
    /// Reading is over.
    Over(Ended),
}

fn meaning(error: &ReadlineError) -> Meaning {
    match error {
        // A window that changed its size while no key was pressed.
        ReadlineError::Signal(Signal::Resize) => Meaning::Again,
        ReadlineError::Eof | ReadlineError::Interrupted | ReadlineError::Signal(_) => Meaning::Over(Ended::Left),
        ReadlineError::Io(error) if error.kind() == ErrorKind::InvalidData => Meaning::NoText,
        _ => Meaning::Over(Ended::Lost),
    }
}

/// The editor's thread.
fn read(mut editor: Editor<Words, DefaultHistory>, config: &ConsoleConfig, sender: &mpsc::Sender<Asked>) -> Ended {
    loop {
        if let Some((columns, _)) = editor.dimensions() {
            config.printer.set_columns(columns.into());
        }
        let line = match editor.readline(&config.prompt) {
            Ok(line) => Some(line),
            Err(error) => match meaning(&error) {
                Meaning::Again => continue,
                Meaning::NoText => None,
                Meaning::Over(ended) => {
                    if ended == Ended::Lost {
                        tracing::warn!(%error, "the terminal cannot be read");
                    }
                    return ended;
                }
            },
        };
        if let Some(line) = &line {
            remember(&mut editor, line, config);
        }
        if !asked(line, sender) {
            return Ended::Lost;
        }
    }
}

/// Hands a line on and waits for its answer; whether the next one shall be read.
fn asked(line: Option<String>, sender: &mpsc::Sender<Asked>) -> bool {
    let (answered, next) = oneshot::channel();
    sender.blocking_send(Asked { line, answered }).is_ok() && matches!(next.blocking_recv(), Ok(Next::Read))
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
    let reading = std::thread::Builder::new()
        .name("console-pipe".to_owned())
        .spawn(move || read_lines(std::io::stdin().lock(), &sender));
    if let Err(error) = reading {
        tracing::warn!(%error, "the input cannot be read");
    }
    Lines { asked, person: Arc::default(), left: false, terminal: None }
}

/// The lines of an input, until it ends or breaks.
fn read_lines(mut input: impl BufRead, sender: &mpsc::Sender<Asked>) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match input.read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = std::str::from_utf8(&bytes).ok().map(|line| line.trim_end_matches(['\n', '\r']).to_owned());
        if !asked(line, sender) {
            return;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_no_text_is_told_and_the_next_one_read() {
        let (sender, mut lines) = mpsc::channel(1);
        // The second line is "help" in UTF-16, the third one of GBK.
        let input: &[u8] = b"kpi\r\n\xff\xfeh\x00\n\xc4\xe3\nhelp";
        let reading = std::thread::spawn(move || read_lines(input, &sender));
        let mut read = Vec::new();
        while let Some(asked) = lines.recv().await {
            read.push(asked.line().map(str::to_owned));
            asked.answered();
        }
        tokio::task::spawn_blocking(|| reading.join().unwrap()).await.unwrap();
        assert_eq!(read, [Some("kpi".to_owned()), None, None, Some("help".to_owned())]);
    }

    #[test]
    fn only_a_person_leaves() {
        let io = |kind: ErrorKind| ReadlineError::Io(std::io::Error::from(kind));
        assert_eq!(meaning(&io(ErrorKind::InvalidData)), Meaning::NoText);
        assert_eq!(meaning(&io(ErrorKind::BrokenPipe)), Meaning::Over(Ended::Lost));
        assert_eq!(meaning(&ReadlineError::Eof), Meaning::Over(Ended::Left));
        assert_eq!(meaning(&ReadlineError::Interrupted), Meaning::Over(Ended::Left));
        assert_eq!(meaning(&ReadlineError::Signal(Signal::Resize)), Meaning::Again);
    }
}
