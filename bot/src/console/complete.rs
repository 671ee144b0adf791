//! Tab: half a word becomes a whole one.
//!
//! Cast: [`wanted`] tells, purely, what stands at the cursor; [`Names`] asks the API for the names of the tenant's own
//! things and keeps them a few seconds; [`Words`] is the editor's helper. Invariants: a slow or absent service makes
//! Tab do nothing, it never holds the editor longer than [`PATIENCE`]; names with spaces come quoted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use tokio::runtime::Handle;

use super::draw::clean_line;
use super::words::known;
use crate::api::Api;
use crate::command::Actor;
use crate::commands::spec::Entry;
use crate::commands::{Completing, ENTRIES, names};

/// How long names are kept.
const KEPT: Duration = Duration::from_secs(5);
/// How long the service may take.
const PATIENCE: Duration = Duration::from_millis(800);

/// What stands at the cursor.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    /// The words of a command, from this place on.
    Command(usize, &'a str),
    /// The words of a command to be helped with.
    Topic(usize, &'a str),
    /// A name.
    Name(Completing, usize, &'a str),
    /// Nothing that is known here: a reason, say.
    Nothing,
}

/// What stands at the end of `line`, which ends at the cursor.
fn wanted(line: &str) -> Wanted<'_> {
    let trimmed = line.trim_start_matches([' ', '/']);
    let start = line.len() - trimmed.len();
    let after = |words: &str| {
        let rest = trimmed.get(words.len()..)?;
        let same = trimmed.get(..words.len())?.eq_ignore_ascii_case(words);
        (same && rest.starts_with(' ')).then(|| (line.len() - rest.trim_start().len(), rest.trim_start()))
    };
    for (way, spec) in ENTRIES.iter().flat_map(Entry::ways) {
        let Some(what) = spec.options.first().and_then(|option| option.completes) else { continue };
        let Some((at, rest)) = after(&way) else { continue };
        if what == Completing::Command {
            return Wanted::Topic(at, rest);
        }
        // A closed quote ends the name; what follows is the reason.
        let done = rest.len() > 1 && rest.starts_with('"') && rest.get(1..).is_some_and(|rest| rest.contains('"'));
        return if done { Wanted::Nothing } else { Wanted::Name(what, at, rest) };
    }
    Wanted::Command(start, trimmed)
}

/// The names that start with what is typed, in any case, quoted where they need it.
fn fitting(names: &[String], typed: &str) -> Vec<Pair> {
    let typed = typed.trim_start_matches('"').to_lowercase();
    let fits = names.iter().map(|name| clean_line(name)).filter(|name| name.to_lowercase().starts_with(&typed));
    fits.map(|name| {
        let replacement = if name.contains(char::is_whitespace) { format!("\"{name}\" ") } else { format!("{name} ") };
        Pair { display: name, replacement }
    })
    .collect()
}

/// The names of the tenant's own things, as the API gives them to the person at the console.
pub(super) struct Names {
    actor: Actor,
    api: Api,
    runtime: Handle,
    patience: Duration,
    kept: Mutex<HashMap<&'static str, (Instant, Vec<String>)>>,
}

impl Names {
    pub(super) fn new(actor: Actor, api: Api, runtime: Handle) -> Self {
        Self { actor, api, runtime, patience: PATIENCE, kept: Mutex::default() }
    }

    /// Called on the editor's thread, never on one of the runtime's.
    fn of(&self, what: Completing) -> Vec<String> {
        let key = match what {
            Completing::Campaign => "campaign",
            Completing::Alert => "alert",
            Completing::Metric => "metric",
            Completing::Goal => "goal",
            Completing::Report => "report",
            Completing::Command => "command",
        };
        // An entry is put whole, so a panic elsewhere leaves it valid.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, names)) = kept.get(key).filter(|(at, _)| at.elapsed() < KEPT) {
            return names.clone();
        }
        // Made inside, since a timeout needs the runtime's clock already when it is made.
        let asked = async { tokio::time::timeout(self.patience, names(what, &self.actor, &self.api)).await };
        match self.runtime.block_on(asked) {
            Ok(Ok(names)) => {
                kept.insert(key, (Instant::now(), names.clone()));
                names
            }
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// The editor's helper.
pub(super) struct Words {
    names: Names,
}

impl Words {
    pub(super) fn new(names: Names) -> Self {
        Self { names }
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let words = |typed: &str| -> Vec<Pair> {
            let typed = typed.to_lowercase();
            let fits = known().filter(|word| word.starts_with(&typed));
            fits.map(|word| Pair { display: word.to_owned(), replacement: format!("{word} ") }).collect()
        };
        Ok(match wanted(line.get(..at).unwrap_or(line)) {
            Wanted::Command(start, typed) | Wanted::Topic(start, typed) => (start, words(typed)),
            Wanted::Name(what, start, typed) => (start, fitting(&self.names.of(what), typed)),
            Wanted::Nothing => (at, Vec::new()),
        })
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Validator for Words {}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeApi, actor, things};
    use tillwatch_shared::plan::CampaignState;

    #[test]
    fn the_cursor_tells_what_is_wanted() {
        assert_eq!(wanted("camp"), Wanted::Command(0, "camp"));
        assert_eq!(wanted("/campaign pa"), Wanted::Command(1, "campaign pa"));
        assert_eq!(wanted("campaign pause Aut"), Wanted::Name(Completing::Campaign, 15, "Aut"));
        assert_eq!(wanted("campaign show 秋"), Wanted::Name(Completing::Campaign, 14, "秋"));
        assert_eq!(wanted("campaign pause \"Autumn coupons\" bec"), Wanted::Nothing);
        assert_eq!(wanted("alerts ack "), Wanted::Name(Completing::Alert, 11, ""));
        assert_eq!(wanted("kpi sal"), Wanted::Name(Completing::Metric, 4, "sal"));
        assert_eq!(wanted("goals show Aut"), Wanted::Name(Completing::Goal, 11, "Aut"));
        assert_eq!(wanted("help cam"), Wanted::Topic(5, "cam"));
    }

    #[tokio::test]
    async fn the_editors_thread_gets_names_from_the_service_and_keeps_them_a_moment() {
        let fake = FakeApi::start(|_| {
            let some = things::campaign(5, "Autumn coupons", None, CampaignState::Active);
            (200, serde_json::json!({ "data": [some] }))
        });
        let fake = fake.await;
        let patience = Duration::from_mins(1);
        let names = Names { patience, ..Names::new(actor(), fake.api(), Handle::current()) };
        let editor = std::thread::spawn(move || (names.of(Completing::Campaign), names.of(Completing::Campaign)));
        let (first, second) = tokio::task::spawn_blocking(|| editor.join().unwrap()).await.unwrap();
        assert_eq!((first.as_slice(), &second), (["Autumn coupons".to_owned()].as_slice(), &first));
        assert_eq!(fake.seen().len(), 1);
    }

    #[test]
    fn names_are_completed_in_any_case_quoted_and_clean() {
        let names = ["Autumn coupons".to_owned(), "autumn-sale".to_owned(), "秋季\x1b[2J满减".to_owned()];
        let replacements =
            |typed: &str| -> Vec<String> { fitting(&names, typed).into_iter().map(|pair| pair.replacement).collect() };
        assert_eq!(replacements("aut"), ["\"Autumn coupons\" ", "autumn-sale "]);
        assert_eq!(replacements("\"Autumn c"), ["\"Autumn coupons\" "]);
        assert_eq!(replacements("秋"), ["秋季[2J满减 "]);
    }
}
