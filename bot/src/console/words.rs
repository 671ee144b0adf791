//! From a typed line to a command. Pure.
//!
//! Invariants: any line means something ([`Typed`]), none panics; a leading `/` changes nothing, so that the words of
//! a chat work here too; a name may stand in quotes of any common kind.

use crate::command::Command;
use crate::commands::{WORDS, placeholder};
use crate::wording::{Topic, spelled};
use tillwatch_shared::watch::Transport;

/// What a typed line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// An empty line.
    Nothing,
    /// To leave.
    Quit,
    /// A command.
    Command(Command),
    /// Not a command; the words that should have named one.
    Unknown(String),
    /// Bytes that are no text.
    NoText,
    /// A command that lacks its name or code.
    Incomplete(Topic),
}

/// What stands between a campaign's name and the reason.
const BECAUSE: [&str; 2] = ["because", "因为"];
/// What may stand before a length of time.
const FOR: [&str; 2] = ["for", "时长"];
/// That something shall be where it is typed.
const HERE: [&str; 2] = ["here", "此处"];
/// Opening and closing quotes.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’'), ('「', '」'), ('《', '》')];

/// The words of every command.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(_, word)| *word).chain(["quit"])
}

/// How a command is typed.
pub(super) fn usage(topic: Topic) -> String {
    spelled(Transport::Console, topic, placeholder(topic))
}

/// What a typed line means.
pub(super) fn parse(line: &str) -> Typed {
    let line = line.trim();
    let line = line.strip_prefix('/').unwrap_or(line).trim_start();
    let (first, rest) = word(line);
    match first.to_lowercase().as_str() {
        "" => Typed::Nothing,
        "quit" | "exit" | "q" => Typed::Quit,
        "help" | "?" => Typed::Command(Command::Help { topic: some(rest) }),
        "link" => named(Topic::Link, rest, |code| Command::Link { code }),
        "kpi" | "kpis" => Typed::Command(Command::Kpi { metric: some(rest) }),
        "digest" | "standup" => Typed::Command(Command::Digest),
        "report" => Typed::Command(Command::Report),
        "budget" | "budgets" => Typed::Command(Command::Budget),
        "schedule" => schedule(rest),
        "campaign" | "campaigns" => campaign(line, rest),
        "alert" | "alerts" => alert(line, rest),
        "goal" | "goals" => goal(line, rest),
        "pause" | "resume" => change(first, rest),
        "silence" => silence(rest),
        "ack" => named(Topic::AlertsAck, rest, |alert| Command::AlertAck { alert }),
        _ => Typed::Unknown(two_words(line)),
    }
}

fn campaign(line: &str, rest: &str) -> Typed {
    let (verb, rest) = word(rest);
    match verb.to_lowercase().as_str() {
        "" | "list" => listed(line, rest),
        "show" => named(Topic::CampaignShow, rest, |campaign| Command::CampaignShow { campaign }),
        "pause" | "resume" => change(verb, rest),
        _ => Typed::Unknown(two_words(line)),
    }
}

/// `campaign list`, `campaign list 2`.
fn listed(line: &str, rest: &str) -> Typed {
    match rest.trim() {
        "" => Typed::Command(Command::CampaignList { page: 1 }),
        page => page.parse().map_or_else(
            |_| {
                Typed::Unknown(line.split_whitespace().take(3).collect::<Vec<_>>().join(" ").chars().take(40).collect())
            },
            |page| Typed::Command(Command::CampaignList { page }),
        ),
    }
}

fn alert(line: &str, rest: &str) -> Typed {
    let (verb, rest) = word(rest);
    match verb.to_lowercase().as_str() {
        "" | "list" => Typed::Command(Command::AlertsList),
        "show" | "open" => named(Topic::AlertsShow, rest, |alert| Command::AlertShow { alert }),
        "why" => named(Topic::AlertsWhy, rest, |alert| Command::AlertWhy { alert }),
        "silence" | "mute" => silence(rest),
        "ack" | "acknowledge" => named(Topic::AlertsAck, rest, |alert| Command::AlertAck { alert }),
        number if number.trim_start_matches('#').parse::<usize>().is_ok() || number.starts_with("alr_") => {
            Typed::Command(Command::AlertShow { alert: verb.to_owned() })
        }
        _ => Typed::Unknown(two_words(line)),
    }
}

/// `goals list`, `goals show NAME`.
fn goal(line: &str, rest: &str) -> Typed {
    let (verb, rest) = word(rest);
    match verb.to_lowercase().as_str() {
        "" | "list" => Typed::Command(Command::GoalsList),
        "show" => named(Topic::GoalsShow, rest, |goal| Command::GoalShow { goal }),
        _ => Typed::Unknown(two_words(line)),
    }
}

/// `silence 1 for 2h because REASON`; the length and the reason may be left out.
fn silence(rest: &str) -> Typed {
    let (alert, rest) = word(rest);
    let Some(alert) = some(alert) else { return Typed::Incomplete(Topic::AlertsSilence) };
    let (length, reason) = BECAUSE
        .iter()
        .find_map(|because| split_at_word(rest, because))
        .map_or((rest, None), |(length, reason)| (length, some(reason)));
    let length = length.trim();
    let duration = FOR.iter().find_map(|word| strip_word(length, word)).unwrap_or(length);
    Typed::Command(Command::AlertSilence { alert, duration: some(duration), reason })
}

/// `schedule`, `schedule daily 08:30 here`: the words behind the report in any order.
fn schedule(rest: &str) -> Typed {
    let (report, rest) = word(rest);
    let is_here = |word: &&str| HERE.iter().any(|here| word.eq_ignore_ascii_case(here));
    let here = rest.split_whitespace().any(|word| is_here(&word));
    let at: Vec<&str> = rest.split_whitespace().filter(|word| !is_here(word)).collect();
    Typed::Command(Command::Schedule { report: some(report), at: some(&at.join(" ")), here })
}

/// `pause NAME because REASON`, `pause "NAME" REASON`, and the same with `resume`.
fn change(verb: &str, rest: &str) -> Typed {
    let (campaign, reason) = name_and_reason(rest);
    let pause = verb.eq_ignore_ascii_case("pause");
    match (campaign, pause) {
        (None, true) => Typed::Incomplete(Topic::CampaignPause),
        (None, false) => Typed::Incomplete(Topic::CampaignResume),
        (Some(campaign), true) => Typed::Command(Command::CampaignPause { campaign, reason }),
        (Some(campaign), false) => Typed::Command(Command::CampaignResume { campaign, reason }),
    }
}

/// A name and the reason after it: what follows a quoted name, or what follows "because".
fn name_and_reason(text: &str) -> (Option<String>, Option<String>) {
    let text = text.trim();
    if let Some((name, rest)) = quoted(text) {
        let rest = rest.trim_start().trim_start_matches([':', '：', ',', '，']).trim_start();
        let reason = BECAUSE.iter().find_map(|because| strip_word(rest, because)).unwrap_or(rest);
        return (some(name), some(reason));
    }
    for because in BECAUSE {
        if let Some((name, reason)) = split_at_word(text, because) {
            return (some(name), some(reason));
        }
    }
    (some(text), None)
}

/// The text after `word`, if it starts with it. A Latin word must end there; a Chinese one need not.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends = !word.is_ascii() || rest.is_empty() || rest.starts_with(char::is_whitespace);
    (start.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// What stands before and after the first `word` that stands by itself.
fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    for (at, _) in text.char_indices() {
        let (before, after) = text.split_at(at);
        let begins = !word.is_ascii() || before.is_empty() || before.ends_with(char::is_whitespace);
        if let Some(rest) = strip_word(after, word).filter(|_| begins) {
            return Some((before, rest));
        }
    }
    None
}

/// A quoted name and what follows it. A quote that is never closed is part of the name: `'tis the season`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (open, close) = QUOTES.into_iter().find(|(open, _)| text.starts_with(*open))?;
    let inner = text.strip_prefix(open)?;
    // A closing quote ends a word: the one in `'n' roll's` does not.
    let end = inner.char_indices().find(|(at, c)| {
        let after = inner.get(at + c.len_utf8()..).unwrap_or_default();
        *c == close && (open != '\'' || after.is_empty() || after.starts_with(|c: char| !c.is_alphanumeric()))
    })?;
    Some((inner.get(..end.0)?, inner.get(end.0 + close.len_utf8()..)?))
}

fn named(topic: Topic, rest: &str, command: impl FnOnce(String) -> Command) -> Typed {
    let name = quoted(rest).filter(|(_, after)| after.trim().is_empty()).map_or(rest, |(name, _)| name);
    some(name).map_or(Typed::Incomplete(topic), |name| Typed::Command(command(name)))
}

fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// What was meant to name a command, short enough to be repeated.
fn two_words(line: &str) -> String {
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ").chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pause(campaign: &str, reason: Option<&str>) -> Typed {
        Typed::Command(Command::CampaignPause { campaign: campaign.to_owned(), reason: reason.map(str::to_owned) })
    }

    #[test]
    fn a_pause_is_understood_however_it_is_put() {
        let wanted = pause("Autumn coupons", Some("they cost too much"));
        for line in [
            "campaign pause Autumn coupons because they cost too much",
            "/campaign pause \"Autumn coupons\" because they cost too much",
            "campaign pause “Autumn coupons” they cost too much",
            "Campaign PAUSE 'Autumn coupons': they cost too much",
            "  pause Autumn coupons BECAUSE  they cost too much ",
        ] {
            assert_eq!(parse(line), wanted, "{line}");
        }
        assert_eq!(parse("campaign pause 秋季满减 因为 成本过高"), pause("秋季满减", Some("成本过高")));
        assert_eq!(parse("campaign pause 「秋季 满减」成本过高"), pause("秋季 满减", Some("成本过高")));
        assert_eq!(parse("campaign pause \"Just because\" it is late"), pause("Just because", Some("it is late")));
        assert_eq!(parse("campaign pause 'tis the season"), pause("'tis the season", None));
        assert_eq!(parse("campaign pause rock'n'roll because loud"), pause("rock'n'roll", Some("loud")));
        assert_eq!(parse("campaign pause coupons-18"), pause("coupons-18", None));
        assert_eq!(parse("campaign pause coupons-18 because"), pause("coupons-18", None));
        assert_eq!(parse("campaign pause"), Typed::Incomplete(Topic::CampaignPause));
        assert_eq!(parse("campaign resume because all is well"), Typed::Incomplete(Topic::CampaignResume));
    }

    #[test]
    fn the_other_commands_are_understood() {
        let is = |line: &str, command: Command| assert_eq!(parse(line), Typed::Command(command), "{line}");
        is("campaigns", Command::CampaignList { page: 1 });
        is("/campaign list", Command::CampaignList { page: 1 });
        is("campaign list 3", Command::CampaignList { page: 3 });
        assert_eq!(parse("campaign list all"), Typed::Unknown("campaign list all".to_owned()));
        is("campaign show \"秋季满减\"", Command::CampaignShow { campaign: "秋季满减".to_owned() });
        is("kpi", Command::Kpi { metric: None });
        is("kpi coupon order rate", Command::Kpi { metric: Some("coupon order rate".to_owned()) });
        is("alerts", Command::AlertsList);
        is("alerts ack #3", Command::AlertAck { alert: "#3".to_owned() });
        is("alert 2", Command::AlertShow { alert: "2".to_owned() });
        let silence = |duration: Option<&str>, reason: Option<&str>| Command::AlertSilence {
            alert: "1".to_owned(),
            duration: duration.map(str::to_owned),
            reason: reason.map(str::to_owned),
        };
        is("alerts silence 1 for 2h because it is known", silence(Some("2h"), Some("it is known")));
        is("silence 1 2小时 因为正在处理", silence(Some("2小时"), Some("正在处理")));
        is("alerts silence 1 because known", silence(None, Some("known")));
        is("alerts silence 1", silence(None, None));
        is("alerts why #2", Command::AlertWhy { alert: "#2".to_owned() });
        assert_eq!(parse("alerts silence"), Typed::Incomplete(Topic::AlertsSilence));
        is("goals", Command::GoalsList);
        is("goals show “Autumn sales”", Command::GoalShow { goal: "Autumn sales".to_owned() });
        is("goal show 秋季拉新", Command::GoalShow { goal: "秋季拉新".to_owned() });
        assert_eq!(parse("goals show"), Typed::Incomplete(Topic::GoalsShow));
        assert_eq!(parse("goals score"), Typed::Unknown("goals score".to_owned()));
        is("digest", Command::Digest);
        is("/report", Command::Report);
        is("budget", Command::Budget);
        let schedule = |report: Option<&str>, at: Option<&str>, here: bool| Command::Schedule {
            report: report.map(str::to_owned),
            at: at.map(str::to_owned),
            here,
        };
        is("schedule", schedule(None, None, false));
        is("schedule daily 08:30", schedule(Some("daily"), Some("08:30"), false));
        is("schedule 周报 此处 08:30", schedule(Some("周报"), Some("08:30"), true));
        is("schedule weekly HERE", schedule(Some("weekly"), None, true));
        is("link ABCD-1234", Command::Link { code: "ABCD-1234".to_owned() });
        is("help campaign pause", Command::Help { topic: Some("campaign pause".to_owned()) });
        assert_eq!(parse(" / "), Typed::Nothing);
        assert_eq!(parse("exit"), Typed::Quit);
        assert_eq!(parse("link"), Typed::Incomplete(Topic::Link));
        assert_eq!(parse("campagn list all of them"), Typed::Unknown("campagn list".to_owned()));
        assert_eq!(parse("alerts sack 3"), Typed::Unknown("alerts sack".to_owned()));
    }

    proptest! {
        #[test]
        fn any_line_means_something(line in ".{0,60}") {
            let _typed = parse(&line);
            let _typed = parse(&format!("campaign pause {line}"));
        }

        #[test]
        fn a_quoted_name_comes_through_whole(name in "[a-z\u{4e00}-\u{4eff}][a-z \u{4e00}-\u{4eff}]{0,20}[a-z]", reason in "[a-z]{1,20}") {
            let line = format!("campaign pause \"{name}\" because {reason}");
            prop_assert_eq!(parse(&line), pause(&name, Some(&reason)));
        }
    }
}
