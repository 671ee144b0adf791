//! What a command is, described once: its words in both languages, its options, who may do it, and what does it.
//!
//! Pure. Everything else is read off it: the console's grammar and completion (`crate::console`), what Discord is told
//! and asks (`crate::discord`), usage and help. Invariants, held by the tests: the names and texts keep Discord's limits,
//! exist in both languages and use the trade's terms; no two commands are typed alike.

use futures_util::future::BoxFuture;
use tillwatch_shared::Locale;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::Transport;

use super::{Asking, Completing};
use crate::api::{Answer, Api};
use crate::command::{Actor, Given};
use crate::reply::Reply;

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Both {
    /// In English.
    pub(crate) en: &'static str,
    /// In Simplified Chinese.
    pub(crate) zh: &'static str,
}

impl Both {
    /// In the reader's language.
    pub(crate) const fn of(self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.en,
            Locale::ZhCn => self.zh,
        }
    }
}

/// A text in English and in Chinese.
pub(crate) const fn both(en: &'static str, zh: &'static str) -> Both {
    Both { en, zh }
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text of at most so many characters; 0 for as many as the chat takes.
    Text(u16),
    /// A whole number from 1.
    Number,
    /// Yes or no: at the console one of these words.
    Flag(&'static [&'static str]),
    /// Why: it is asked for when it is left out.
    Reason,
}

/// An option of a command. The first one is what the command is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionSpec {
    /// Its name on Discord, of one word.
    pub(crate) name: &'static str,
    /// The same in Chinese.
    pub(crate) zh_name: &'static str,
    /// At most 100 characters.
    pub(crate) about: Both,
    /// What it takes.
    pub(crate) kind: Kind,
    /// The command means nothing without it.
    pub(crate) required: bool,
    /// What completes it.
    pub(crate) completes: Option<Completing>,
    /// What stands for it in the command's usage; empty: it is not in there.
    pub(crate) example: &'static str,
    /// Words of which one may stand before it at the console; the first one does in the command's usage.
    pub(crate) before: &'static [&'static str],
}

/// What stands before a reason at the console.
pub(crate) const BECAUSE: &[&str] = &["because", "因为"];

impl OptionSpec {
    const fn new(name: &'static str, zh_name: &'static str, about: Both, kind: Kind) -> Self {
        Self { name, zh_name, about, kind, required: false, completes: None, example: "", before: &[] }
    }

    /// A text of any length.
    pub(crate) const fn text(name: &'static str, zh_name: &'static str, about: Both) -> Self {
        Self::new(name, zh_name, about, Kind::Text(0))
    }

    /// A whole number from 1.
    pub(crate) const fn number(name: &'static str, zh_name: &'static str, about: Both) -> Self {
        Self::new(name, zh_name, about, Kind::Number)
    }

    /// Yes or no; `words` say yes at the console.
    pub(crate) const fn flag(
        name: &'static str,
        zh_name: &'static str,
        about: Both,
        words: &'static [&'static str],
    ) -> Self {
        Self::new(name, zh_name, about, Kind::Flag(words))
    }

    /// Why; the Chinese text says why what.
    pub(crate) const fn reason(zh: &'static str) -> Self {
        let about = both("Why; you are asked when you leave it out", zh);
        Self { before: BECAUSE, example: "…", ..Self::new("reason", "原因", about, Kind::Reason) }
    }

    /// The same, of at most so many characters.
    pub(crate) const fn at_most(self, characters: u16) -> Self {
        Self { kind: Kind::Text(characters), ..self }
    }

    /// The same, without which the command means nothing.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, completed while it is typed.
    pub(crate) const fn completing(self, what: Completing) -> Self {
        Self { completes: Some(what), ..self }
    }

    /// The same, with what stands for it in the command's usage.
    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// The same, behind one of these words at the console.
    pub(crate) const fn behind(self, words: &'static [&'static str]) -> Self {
        Self { before: words, ..self }
    }
}

/// The texts of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    /// What Discord shows while it is chosen; at most 100 characters.
    pub(crate) about: Both,
    /// What it does, in a few words: its line of the help.
    pub(crate) line: Both,
    /// What there is to know about it.
    pub(crate) help: Both,
}

/// How a missing reason is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    /// Names the command in the id of the form that asks; forms that are open outlive a restart, so it never changes.
    pub(crate) word: &'static str,
    /// The form's title, at most 45 characters.
    pub(crate) title: Both,
}

type Anyone = for<'a> fn(&'a Given, &'a Actor, &'a Api) -> BoxFuture<'a, Reply>;
type Staff = for<'a> fn(&'a Given, &'a Asking<'a>) -> BoxFuture<'a, Answer<Reply>>;

/// What does it.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// For anybody, linked or not.
    Anyone(Anyone),
    /// For a staff.
    Staff {
        /// What the service asks for: whoever lacks it is told who has it.
        needs: fn(&Given) -> Permission,
        /// The work.
        run: Staff,
    },
}

/// A command.
pub(crate) struct CommandSpec {
    /// Its English words from the top: `campaign pause`. The last one is its own.
    pub(crate) path: &'static str,
    /// Its own word in Chinese.
    pub(crate) zh_name: &'static str,
    /// Its texts.
    pub(crate) texts: Texts,
    /// Its options, required ones first.
    pub(crate) options: &'static [OptionSpec],
    /// Other words for its own at the console.
    pub(crate) also: &'static [&'static str],
    /// Words for it at the console without its group's: `pause`.
    pub(crate) short: &'static [&'static str],
    /// Whether the group's word with this word behind it, in small letters, means this command at the console.
    pub(crate) bare: Option<fn(&str) -> bool>,
    /// Its answer is for the asker alone.
    pub(crate) private: bool,
    /// How a missing reason is asked for.
    pub(crate) asks: Option<Asks>,
    /// What does it.
    pub(crate) run: Run,
}

impl CommandSpec {
    /// A command without options, whose answer everybody sees.
    pub(crate) const fn new(path: &'static str, zh_name: &'static str, texts: Texts, run: Run) -> Self {
        Self { path, zh_name, texts, options: &[], also: &[], short: &[], bare: None, private: false, asks: None, run }
    }

    /// The same with options.
    pub(crate) const fn options(self, options: &'static [OptionSpec]) -> Self {
        Self { options, ..self }
    }

    /// The same with other words for its own.
    pub(crate) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// The same with words for it without its group's.
    pub(crate) const fn short(self, short: &'static [&'static str]) -> Self {
        Self { short, ..self }
    }

    /// The same, meant where the group's word has a word behind it that `what` is true of; that may be none.
    pub(crate) const fn bare(self, what: fn(&str) -> bool) -> Self {
        Self { bare: Some(what), ..self }
    }

    /// The same for the asker alone.
    pub(crate) const fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// The same, with a form that asks for its reason.
    pub(crate) const fn asks(self, word: &'static str, title: Both) -> Self {
        Self { asks: Some(Asks { word, title }), ..self }
    }

    /// Its own word.
    pub(crate) fn word(&self) -> &'static str {
        self.path.rsplit_once(' ').map_or(self.path, |(_, word)| word)
    }

    /// Whether this is its own word, or another for it.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.word() == word || self.also.contains(&word)
    }

    /// What stands in its usage for what it is about; empty without that.
    pub(crate) fn placeholder(&self) -> &'static str {
        self.options.first().map_or("", |option| option.example)
    }

    /// How it is typed in this chat, about `name`. Discord has named options; a terminal has words in a row.
    pub(crate) fn spelled(&self, transport: Transport, name: &str) -> String {
        let path = if transport == Transport::Discord { format!("/{}", self.path) } else { self.path.to_owned() };
        let mut words = vec![path];
        for (place, option) in self.options.iter().enumerate() {
            let value = if place == 0 { name } else { option.example };
            if value.is_empty() {
                continue;
            }
            let before = option.before.first().map(|word| format!("{word} ")).unwrap_or_default();
            words.push(match transport {
                Transport::Discord => format!("{}:{value}", option.name),
                Transport::Console if value.contains(char::is_whitespace) => format!("{before}\"{value}\""),
                _ => format!("{before}{value}"),
            });
        }
        words.join(" ")
    }

    /// The same with what stands for a name.
    pub(crate) fn usage(&self, transport: Transport) -> String {
        self.spelled(transport, self.placeholder())
    }
}

/// Commands are told apart by their words.
impl PartialEq for CommandSpec {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for CommandSpec {}

impl std::fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

/// Commands with one word before their own: `campaign`.
pub(crate) struct GroupSpec {
    /// The word.
    pub(crate) name: &'static str,
    /// Other words for it at the console.
    pub(crate) also: &'static [&'static str],
    /// The word in Chinese.
    pub(crate) zh_name: &'static str,
    /// At most 100 characters.
    pub(crate) about: Both,
    /// The commands.
    pub(crate) commands: &'static [&'static CommandSpec],
}

/// A line of the list of commands.
pub(crate) enum Entry {
    /// A command by itself.
    One(&'static CommandSpec),
    /// Several with one word before them.
    Group(&'static GroupSpec),
}

impl Entry {
    /// Its commands.
    pub(crate) fn commands(&self) -> Vec<&'static CommandSpec> {
        match self {
            Self::One(spec) => vec![*spec],
            Self::Group(group) => group.commands.to_vec(),
        }
    }

    /// Everything that may be typed at the console before the options of a command, in small letters.
    pub(crate) fn ways(&self) -> Vec<(String, &'static CommandSpec)> {
        let called =
            |spec: &CommandSpec| [spec.word()].into_iter().chain(spec.also.iter().copied()).collect::<Vec<_>>();
        match self {
            Self::One(spec) => called(spec).into_iter().map(|word| (word.to_owned(), *spec)).collect(),
            Self::Group(group) => {
                let names = || [group.name].into_iter().chain(group.also.iter().copied());
                let of = |spec: &'static CommandSpec| {
                    let long = names()
                        .flat_map(move |name| called(spec).into_iter().map(move |word| format!("{name} {word}")));
                    let short = spec.short.iter().map(|word| (*word).to_owned());
                    long.chain(short).map(move |way| (way, spec)).collect::<Vec<_>>()
                };
                group.commands.iter().flat_map(|spec| of(spec)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
