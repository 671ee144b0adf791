use super::*;
use crate::commands::{ENTRIES, all};
use crate::reply::limits;
use crate::wording::terms::{all_chinese, han};
use crate::wording::{self, Label};
use std::collections::HashSet;

/// Name in both languages, and description, of every group, command and option, with what it stands under.
fn named() -> Vec<(String, &'static str, &'static str, Both)> {
    let mut all = Vec::new();
    for entry in ENTRIES {
        if let Entry::Group(group) = entry {
            all.push((String::new(), group.name, group.zh_name, group.about));
        }
        for spec in entry.commands() {
            let parent = spec.path.rsplit_once(' ').map_or("", |(parent, _)| parent);
            all.push((parent.to_owned(), spec.word(), spec.zh_name, spec.texts.about));
            all.extend(spec.options.iter().map(|one| (spec.path.to_owned(), one.name, one.zh_name, one.about)));
        }
    }
    all
}

#[test]
fn every_name_keeps_the_platforms_limits_and_is_its_own() {
    let (mut english, mut chinese) = (HashSet::new(), HashSet::new());
    for (parent, name, zh_name, about) in named() {
        for one in [name, zh_name] {
            assert!((1..=32).contains(&one.chars().count()), "{parent} {one}");
            assert!(one.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase()), "{parent} {one}");
        }
        for text in [about.en, about.zh] {
            assert!((1..=100).contains(&text.chars().count()), "{text}");
        }
        assert!(english.insert((parent.clone(), name)) && chinese.insert((parent.clone(), zh_name)), "{parent} {name}");
    }
}

#[test]
fn every_command_has_its_texts_and_its_help_in_both_languages() {
    let texts =
        all().flat_map(|spec| [spec.texts.line, spec.texts.help].into_iter().chain(spec.asks.map(|asks| asks.title)));
    for text in texts.chain(named().into_iter().map(|(.., about)| about)) {
        assert!(!text.en.trim().is_empty() && !text.en.chars().any(han), "{}", text.en);
        all_chinese(text.zh);
    }
    for (_, _, zh_name, _) in named() {
        all_chinese(zh_name);
    }
}

#[test]
fn a_command_and_its_answer_use_the_same_chinese_terms() {
    let words = wording::of(Locale::ZhCn);
    let spec = |path: &str| all().find(|spec| spec.path == path).unwrap();
    let link = spec("link");
    assert!([link.zh_name, link.options[0].zh_name].iter().all(|name| link.texts.line.zh.contains(name)));
    assert!(spec("alerts show").texts.about.zh.contains(words.label(Label::Timeline)));
    for label in [Label::Key, Label::Id] {
        assert!(spec("campaign show").options[0].about.zh.contains(words.label(label)));
    }
    assert_eq!(spec("alerts ack").zh_name, words.label(Label::ButtonAcknowledge));
    assert_eq!(spec("campaign pause").options[1].zh_name, words.label(Label::Reason));
}

#[test]
fn discord_has_room_for_every_command_and_option() {
    assert!(ENTRIES.len() <= 100, "the platform takes 100 commands");
    for entry in ENTRIES {
        let commands = entry.commands();
        assert!((1..=25).contains(&commands.len()), "a group of {} commands", commands.len());
        for spec in commands {
            assert!(spec.options.len() <= 25, "{spec:?}");
            let longest = |both: Both| both.en.len().max(both.zh.len());
            let said = longest(spec.texts.line) + 1 + longest(spec.texts.help);
            assert!(said <= limits::VALUE, "{spec:?}: its help would be cut");
        }
    }
}

#[test]
fn what_asks_for_a_reason_takes_one_and_names_itself() {
    let mut words = HashSet::new();
    for spec in all() {
        let takes = spec.options.iter().any(|option| option.kind == Kind::Reason);
        assert_eq!(takes, spec.asks.is_some(), "{spec:?}");
        if let Some(asks) = spec.asks {
            assert!(words.insert(asks.word), "{spec:?}: the word is another's");
            assert!([asks.title.en, asks.title.zh].iter().all(|title| (1..=45).contains(&title.chars().count())));
            // What is given with the command waits in the form's id, which carries texts alone.
            let carried = |option: &&OptionSpec| matches!(option.kind, Kind::Text(_) | Kind::Reason);
            assert!(spec.options.iter().filter(|option| !carried(option)).count() == 0, "{spec:?}: it would be lost");
        }
        let required: Vec<bool> = spec.options.iter().map(|option| option.required).collect();
        assert!(required.is_sorted_by(|before, after| before >= after), "{spec:?}: required options come first");
    }
}

#[test]
fn no_two_commands_are_typed_alike() {
    let mut seen = HashSet::new();
    for (way, spec) in ENTRIES.iter().flat_map(Entry::ways) {
        assert!(seen.insert(way.clone()), "{way}: {spec:?} and another");
        assert_eq!(way, way.to_lowercase());
    }
    for spec in all() {
        assert!(seen.contains(spec.path), "{spec:?}: the group's word is not that of the path");
    }
}

#[test]
fn a_command_is_spelled_as_its_chat_takes_it() {
    let spec = |path: &str| all().find(|spec| spec.path == path).unwrap();
    let pause = spec("campaign pause");
    assert_eq!(pause.spelled(Transport::Console, "Autumn coupons"), "campaign pause \"Autumn coupons\" because …");
    assert_eq!(pause.spelled(Transport::Console, "秋季满减"), "campaign pause 秋季满减 because …");
    assert_eq!(spec("alerts ack").usage(Transport::Discord), "/alerts ack alert:1");
    assert_eq!(spec("alerts silence").usage(Transport::Console), "alerts silence 1 for 2h because …");
    assert_eq!(spec("alerts silence").usage(Transport::Discord), "/alerts silence alert:1 duration:2h reason:…");
    assert_eq!(spec("schedule").usage(Transport::Console), "schedule daily 08:30");
    assert_eq!(
        (spec("kpi").spelled(Transport::Console, ""), spec("kpi").usage(Transport::Discord)),
        ("kpi".to_owned(), "/kpi metric:METRIC".to_owned())
    );
    for spec in all() {
        assert!(spec.spelled(Transport::Discord, "x").starts_with('/'));
    }
}
