//! `help [COMMAND]`.

use super::find::nearest;
use super::spec::{CommandSpec, Entry, OptionSpec, Run, Texts, both};
use super::{Completing, ENTRIES, all, language, only_you};
use crate::command::Actor;
use crate::reply::limits::FIELDS;
use crate::reply::{Reply, Tone};
use crate::wording::Wording;
use tillwatch_shared::Locale;
use tillwatch_shared::watch::Transport;

/// Which one; all of them if it is left out.
const TOPIC: OptionSpec =
    OptionSpec::text("command", "命令", both("One command; all of them if left out", "某一个命令；留空则显示全部"))
        .completing(Completing::Command);

/// `help [COMMAND]`
pub(crate) static HELP: CommandSpec = CommandSpec::new(
    "help",
    "帮助",
    Texts {
        about: both("What the bot can do", "机器人能做什么"),
        line: both("this list, or help on one command", "显示本列表，或某个命令的说明"),
        help: both("For example: help campaign pause", "例如：help campaign pause"),
    },
    Run::Anyone(|given, actor, api| {
        Box::pin(async move { help(given.text(&TOPIC), actor, language(actor, api).await) })
    }),
)
.options(&[TOPIC])
.also(&["?"])
.private();

/// All commands, or one.
fn help(topic: Option<&str>, actor: &Actor, words: &dyn Wording) -> Reply {
    let locale = words.locale();
    let usage = |spec: &CommandSpec| spec.usage(actor.transport);
    let asked = topic.map(|topic| topic.trim_start_matches('/').to_lowercase()).filter(|topic| !topic.is_empty());
    let Some(asked) = asked else {
        let more = HELP.spelled(actor.transport, both("COMMAND", "命令").of(locale));
        let said = words.help(&more);
        let reply = Reply::say(Tone::Plain, said.title, said.body).private();
        let fields = overview(ENTRIES, FIELDS, actor.transport, locale);
        return fields.into_iter().fold(reply, |reply, (name, value)| reply.field(name, value, false));
    };
    let asked = asked.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits: Vec<&CommandSpec> = all().filter(|spec| starts_with_words(spec.path, &asked)).collect();
    match fits.as_slice() {
        [] => {
            let known: Vec<&str> = all().map(|spec| spec.path).collect();
            let near: Vec<String> = nearest(&asked, &known).into_iter().map(str::to_owned).collect();
            only_you(Tone::Refused, words.unknown_command(&asked, &near, &usage(&HELP)))
        }
        some => {
            let title = some.first().filter(|_| some.len() == 1).map_or(asked, |spec| usage(spec));
            let reply = Reply::say(Tone::Plain, title, "").private();
            some.iter().fold(reply, |reply, spec| {
                let text = format!("{}\n{}", spec.texts.line.of(locale), spec.texts.help.of(locale));
                reply.field(usage(spec), text, false)
            })
        }
    }
}

/// A field for each command, or for each group where they are more than `most`: name and text.
fn overview(entries: &[Entry], most: usize, transport: Transport, locale: Locale) -> Vec<(String, String)> {
    let one = |spec: &CommandSpec| (spec.usage(transport), spec.texts.line.of(locale).to_owned());
    let commands: usize = entries.iter().map(|entry| entry.commands().len()).sum();
    if commands <= most {
        return entries.iter().flat_map(Entry::commands).map(one).collect();
    }
    let grouped = entries.iter().map(|entry| match entry {
        Entry::One(spec) => one(spec),
        Entry::Group(group) => {
            let slash = if transport == Transport::Discord { "/" } else { "" };
            let words: Vec<&str> = group.commands.iter().map(|spec| spec.word()).collect();
            (format!("{slash}{}", group.name), format!("{}\n{}", group.about.of(locale), words.join(" · ")))
        }
    });
    grouped.collect()
}

/// Whether `asked` is the first whole words of `words`, or all of them.
fn starts_with_words(words: &str, asked: &str) -> bool {
    words.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_commands_than_a_reply_has_room_for_are_told_by_their_groups() {
        let told = |most| overview(ENTRIES, most, Transport::Console, Locale::En);
        assert_eq!(told(all().count()).len(), all().count());
        let grouped = told(all().count() - 1);
        assert_eq!(grouped.len(), ENTRIES.len());
        assert!(grouped.contains(&("goals".to_owned(), "Goals: list, show\nlist · show".to_owned())), "{grouped:?}");
        assert!(grouped.iter().any(|(name, _)| name == "kpi METRIC"), "{grouped:?}");
    }
}
