use super::*;
use crate::testing::command;
use proptest::prelude::*;

fn pause(campaign: &str, reason: Option<&str>) -> Typed {
    Typed::Command(command("campaign pause", &[("campaign", campaign), ("reason", reason.unwrap_or_default())]))
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
    assert_eq!(parse("campaign pause"), Typed::Incomplete(command("campaign pause", &[]).spec()));
    assert_eq!(parse("campaign resume because all is well"), Typed::Incomplete(command("campaign resume", &[]).spec()));
}

#[test]
fn the_other_commands_are_understood() {
    let is = |line: &str, command: Command| assert_eq!(parse(line), Typed::Command(command), "{line}");
    is("campaigns", command("campaign list", &[]));
    is("/campaign list", command("campaign list", &[]));
    is("campaign list 3", command("campaign list", &[("page", "3")]));
    assert_eq!(parse("campaign list all"), Typed::Unknown("campaign list all".to_owned()));
    is("campaign show \"秋季满减\"", command("campaign show", &[("campaign", "秋季满减")]));
    is("kpi", command("kpi", &[]));
    is("kpi coupon order rate", command("kpi", &[("metric", "coupon order rate")]));
    is("alerts", command("alerts list", &[]));
    is("alerts ack #3", command("alerts ack", &[("alert", "#3")]));
    is("alert 2", command("alerts show", &[("alert", "2")]));
    let silence = |duration: Option<&str>, reason: Option<&str>| {
        let (duration, reason) = (duration.unwrap_or_default(), reason.unwrap_or_default());
        command("alerts silence", &[("alert", "1"), ("duration", duration), ("reason", reason)])
    };
    is("alerts silence 1 for 2h because it is known", silence(Some("2h"), Some("it is known")));
    is("silence 1 2小时 因为正在处理", silence(Some("2小时"), Some("正在处理")));
    is("alerts silence 1 because known", silence(None, Some("known")));
    is("alerts silence 1", silence(None, None));
    is("alerts why #2", command("alerts why", &[("alert", "#2")]));
    assert_eq!(parse("alerts silence"), Typed::Incomplete(command("alerts silence", &[]).spec()));
    is("goals", command("goals list", &[]));
    is("goals show “Autumn sales”", command("goals show", &[("goal", "Autumn sales")]));
    is("goal show 秋季拉新", command("goals show", &[("goal", "秋季拉新")]));
    assert_eq!(parse("goals show"), Typed::Incomplete(command("goals show", &[]).spec()));
    assert_eq!(parse("goals score"), Typed::Unknown("goals score".to_owned()));
    is("digest", command("digest", &[]));
    is("/report", command("report", &[]));
    is("budget", command("budget", &[]));
    let schedule = |report: Option<&str>, at: Option<&str>, here: bool| {
        let (report, at) = (report.unwrap_or_default(), at.unwrap_or_default());
        command("schedule", &[("report", report), ("at", at), ("here", if here { "true" } else { "" })])
    };
    is("schedule", schedule(None, None, false));
    is("schedule daily 08:30", schedule(Some("daily"), Some("08:30"), false));
    is("schedule 周报 此处 08:30", schedule(Some("周报"), Some("08:30"), true));
    is("schedule weekly HERE", schedule(Some("weekly"), None, true));
    is("link ABCD-1234", command("link", &[("code", "ABCD-1234")]));
    is("help campaign pause", command("help", &[("command", "campaign pause")]));
    is("? kpi", command("help", &[("command", "kpi")]));
    is("alerts silence 1 because 2h is enough", silence(None, Some("2h is enough")));
    assert_eq!(parse("silence because it is known"), Typed::Incomplete(command("alerts silence", &[]).spec()));
    assert_eq!(parse(" / "), Typed::Nothing);
    assert_eq!(parse("exit"), Typed::Quit);
    assert_eq!(parse("link"), Typed::Incomplete(command("link", &[]).spec()));
    assert_eq!(parse("campagn list all of them"), Typed::Unknown("campagn list".to_owned()));
    assert_eq!(parse("alerts sack 3"), Typed::Unknown("alerts sack".to_owned()));
}

/// What is given to an option: its value, and how it is typed.
fn given(option: &OptionSpec) -> (&'static str, String) {
    let (value, typed) = match option.kind {
        Kind::Number => ("3", "3"),
        Kind::Flag(words) => ("true", words[0]),
        Kind::Text(_) | Kind::Reason => (option.name, option.name),
    };
    (value, option.before.first().map_or(typed.to_owned(), |word| format!("{word} {typed}")))
}

#[test]
fn whatever_discord_takes_can_be_typed_in_every_way_that_a_command_has() {
    for (way, spec) in ENTRIES.iter().flat_map(Entry::ways) {
        let typed: Vec<String> = spec.options.iter().map(|option| given(option).1).collect();
        let values: Vec<(&str, &str)> = spec.options.iter().map(|option| (option.name, given(option).0)).collect();
        for line in [format!("{way} {}", typed.join(" ")), format!("/{} {}", way.to_uppercase(), typed.join("  "))] {
            assert_eq!(parse(&line), Typed::Command(command(spec.path, &values)), "{line}");
        }
    }
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
