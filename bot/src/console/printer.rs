//! The one way to write to a terminal in which somebody may be typing.
//!
//! Cast: while the editor holds the terminal, a thread hands each text to it, and it redraws the typed line below;
//! else texts go straight to standard output. Invariants: texts come out whole and in order; a caller never waits for
//! a person; once the editor is gone nothing is swallowed.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustyline::ExternalPrinter;
use tokio::sync::oneshot;

/// How long a shown alert may wait to be drawn before it is called shown. Tests look at what was drawn, so they wait.
const PATIENCE: Duration = if cfg!(test) { Duration::from_mins(1) } else { Duration::from_secs(2) };
/// Columns of a terminal that does not tell.
const COLUMNS: usize = 80;

/// Writes without destroying the line that is being typed. Clones share the terminal. As an [`std::io::Write`] it
/// takes a program's log.
#[derive(Clone, Debug, Default)]
pub struct Printer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    editor: Mutex<Option<Sender<Text>>>,
    columns: AtomicUsize,
}

struct Text {
    text: String,
    drawn: Option<oneshot::Sender<()>>,
}

impl Printer {
    fn editor(&self) -> MutexGuard<'_, Option<Sender<Text>>> {
        // A sender is put or taken whole, so a panic elsewhere leaves it valid.
        self.0.editor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a text that ends in a line break.
    pub fn print(&self, text: &str) {
        self.send(Text { text: text.to_owned(), drawn: None });
    }

    /// Writes, and comes back when it is drawn.
    pub(super) async fn show(&self, text: String) {
        let (drawn, done) = oneshot::channel();
        self.send(Text { text, drawn: Some(drawn) });
        // Neither a slow terminal nor a vanished one makes the alert less shown: the text is on its way.
        let _drawn_or_late = tokio::time::timeout(PATIENCE, done).await;
    }

    fn send(&self, text: Text) {
        let editor = self.editor();
        let left = match editor.as_ref() {
            Some(editor) => editor.send(text).err().map(|unsent| unsent.0),
            None => Some(text),
        };
        drop(editor);
        if let Some(text) = left {
            text.out();
        }
    }

    /// The terminal's width.
    pub(super) fn columns(&self) -> usize {
        match self.0.columns.load(Ordering::Relaxed) {
            0 => COLUMNS,
            known => known,
        }
    }

    /// Remembers the terminal's width.
    pub(super) fn set_columns(&self, columns: usize) {
        self.0.columns.store(columns, Ordering::Relaxed);
    }

    /// From now on the editor draws.
    pub(super) fn attach(&self, editor: impl ExternalPrinter + Send + 'static) -> std::io::Result<()> {
        let (sender, texts) = channel();
        std::thread::Builder::new().name("console-printer".to_owned()).spawn(move || draw(editor, &texts))?;
        *self.editor() = Some(sender);
        Ok(())
    }

    /// The editor is gone.
    pub(super) fn detach(&self) {
        *self.editor() = None;
    }
}

/// Hands texts to the editor until nobody sends any more.
fn draw(mut editor: impl ExternalPrinter, texts: &Receiver<Text>) {
    for text in texts {
        if editor.print(text.text.clone()).is_err() {
            text.out();
        } else if let Some(drawn) = text.drawn {
            // Whoever waited may have gone on.
            let _gone = drawn.send(());
        }
    }
}

impl Text {
    /// To standard output, past the editor.
    fn out(self) {
        direct(&self.text);
        if let Some(drawn) = self.drawn {
            // Whoever waited may have gone on.
            let _gone = drawn.send(());
        }
    }
}

/// Writes to standard output at once. For when no line is being typed.
pub(super) fn direct(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed terminal or pipe has no reader: there is nobody to tell, and the service goes on.
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

impl std::io::Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.print(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An editor that keeps what it was given to draw.
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl ExternalPrinter for Kept {
        fn print(&mut self, text: String) -> rustyline::Result<()> {
            self.0.lock().unwrap().push(text);
            Ok(())
        }
    }

    #[tokio::test]
    async fn texts_reach_the_editor_in_order_and_none_after_it_has_gone() {
        let (printer, kept) = (Printer::default(), Arc::new(Mutex::new(Vec::new())));
        printer.attach(Kept(Arc::clone(&kept))).unwrap();
        printer.print("one\n");
        printer.show("two\n".to_owned()).await;
        printer.detach();
        printer.print("");
        assert_eq!(*kept.lock().unwrap(), ["one\n", "two\n"]);
    }
}
