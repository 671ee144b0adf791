//! `help [COMMAND]`.

use super::find::nearest;
use super::only_you;
use crate::command::Actor;
use crate::reply::{Reply, Tone};
use crate::wording::{Topic, Wording, spelled};

/// The words of each command, without what follows them.
pub(crate) const WORDS: &[(Topic, &str)] = &[
    (Topic::Link, "link"),
    (Topic::CampaignList, "campaign list"),
    (Topic::CampaignShow, "campaign show"),
    (Topic::CampaignPause, "campaign pause"),
    (Topic::CampaignResume, "campaign resume"),
    (Topic::Kpi, "kpi"),
    (Topic::AlertsList, "alerts list"),
    (Topic::AlertsShow, "alerts show"),
    (Topic::AlertsAck, "alerts ack"),
    (Topic::AlertsSilence, "alerts silence"),
    (Topic::AlertsWhy, "alerts why"),
    (Topic::GoalsList, "goals list"),
    (Topic::GoalsShow, "goals show"),
    (Topic::Budget, "budget"),
    (Topic::Digest, "digest"),
    (Topic::Report, "report"),
    (Topic::Schedule, "schedule"),
    (Topic::Help, "help"),
];

/// What stands for the name in a command's usage.
pub(crate) const fn placeholder(topic: Topic) -> &'static str {
    match topic {
        Topic::Link => "CODE",
        Topic::CampaignShow | Topic::CampaignPause | Topic::CampaignResume | Topic::GoalsShow => "NAME",
        Topic::Kpi => "METRIC",
        Topic::AlertsShow | Topic::AlertsAck | Topic::AlertsSilence | Topic::AlertsWhy => "1",
        Topic::Schedule => "daily",
        Topic::CampaignList
        | Topic::AlertsList
        | Topic::GoalsList
        | Topic::Budget
        | Topic::Digest
        | Topic::Report
        | Topic::Help => "",
    }
}

/// All commands, or one.
pub(super) fn help(topic: Option<&str>, actor: &Actor, words: &dyn Wording) -> Reply {
    let usage = |topic| spelled(actor.transport, topic, placeholder(topic));
    let asked =
        topic.map(|topic| topic.trim().trim_start_matches('/').to_lowercase()).filter(|topic| !topic.is_empty());
    let Some(asked) = asked else {
        let said = words.help();
        let reply = Reply::say(Tone::Plain, said.title, said.body).private();
        return WORDS
            .iter()
            .fold(reply, |reply, (topic, _)| reply.field(usage(*topic), words.help_line(*topic), false));
    };
    let asked = asked.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits: Vec<Topic> =
        WORDS.iter().filter(|(_, word)| starts_with_words(word, &asked)).map(|(topic, _)| *topic).collect();
    match fits.as_slice() {
        [] => {
            let known: Vec<&str> = WORDS.iter().map(|(_, word)| *word).collect();
            let near: Vec<String> = nearest(&asked, &known).into_iter().map(str::to_owned).collect();
            let all = spelled(actor.transport, Topic::Help, "");
            only_you(Tone::Refused, words.unknown_command(&asked, &near, &all))
        }
        some => {
            let title = some.first().filter(|_| some.len() == 1).map_or(asked, |topic| usage(*topic));
            let reply = Reply::say(Tone::Plain, title, "").private();
            some.iter().fold(reply, |reply, topic| {
                let text = format!("{}\n{}", words.help_line(*topic), words.help_text(*topic));
                reply.field(usage(*topic), text, false)
            })
        }
    }
}

/// Whether `asked` is the first whole words of `words`, or all of them.
fn starts_with_words(words: &str, asked: &str) -> bool {
    words.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
