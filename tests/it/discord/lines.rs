//! What is typed in the tests of [`super::surface`], on Discord and at the console in the same words.

use super::stub_api::{ASKS_A_SECOND, LINK_CODE};

/// A command: its words on Discord, its options there, and the same at the console. What stands in braces is said in the
/// reader's language.
pub(super) type Line = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Every command with every option, and what may be answered to it beside the usual.
pub(super) const TYPED: &[Line] = &[
    ("link", &[("code", LINK_CODE)], "link ABCD-1234"),
    ("link", &[("code", "WRONG")], "link WRONG"),
    ("campaign list", &[], "campaign list"),
    ("campaign list", &[("page", "2")], "campaign list 2"),
    ("campaign show", &[("campaign", "SPRING")], "campaign show SPRING"),
    ("campaign show", &[("campaign", "Autmn sale")], "campaign show Autmn sale"),
    ("campaign show", &[("campaign", "qqq")], "campaign show qqq"),
    (
        "campaign pause",
        &[("campaign", "SPRING"), ("reason", "{too dear}")],
        "campaign pause SPRING {because} {too dear}",
    ),
    ("campaign pause", &[("campaign", "SPRING")], "campaign pause SPRING"),
    ("campaign resume", &[("campaign", "SPRING"), ("reason", "{mended}")], "campaign resume SPRING {because} {mended}"),
    (
        "campaign resume",
        &[("campaign", "SPRING"), ("reason", ASKS_A_SECOND)],
        "campaign resume SPRING {because} a second person is asked",
    ),
    ("campaign resume", &[("campaign", "SPRING")], "campaign resume SPRING"),
    ("kpi", &[], "kpi"),
    ("kpi", &[("metric", "sales")], "kpi sales"),
    ("kpi", &[("metric", "sal")], "kpi sal"),
    ("kpi", &[("metric", "qqq")], "kpi qqq"),
    ("alerts show", &[("alert", "1")], "alerts show 1"),
    ("alerts list", &[], "alerts list"),
    ("alerts show", &[("alert", "1")], "alerts show 1"),
    ("alerts show", &[("alert", "2")], "alerts show 2"),
    ("alerts show", &[("alert", "3")], "alerts show 3"),
    ("alerts show", &[("alert", "4")], "alerts show 4"),
    ("alerts show", &[("alert", "9")], "alerts show 9"),
    ("alerts show", &[("alert", "qqq")], "alerts show qqq"),
    ("alerts ack", &[("alert", "1")], "alerts ack 1"),
    ("alerts ack", &[("alert", "3")], "alerts ack 3"),
    ("alerts why", &[("alert", "1")], "alerts why 1"),
    ("alerts why", &[("alert", "4")], "alerts why 4"),
    (
        "alerts silence",
        &[("alert", "1"), ("duration", "{2h}"), ("reason", "{known}")],
        "alerts silence 1 {for} {2h} {because} {known}",
    ),
    ("alerts silence", &[("alert", "1")], "alerts silence 1"),
    (
        "alerts silence",
        &[("alert", "1"), ("duration", "qqq"), ("reason", "{known}")],
        "alerts silence 1 {for} qqq {because} {known}",
    ),
    (
        "alerts silence",
        &[("alert", "1"), ("duration", "8d"), ("reason", "{known}")],
        "alerts silence 1 {for} 8d {because} {known}",
    ),
    ("alerts silence", &[("alert", "2"), ("reason", "{known}")], "alerts silence 2 {because} {known}"),
    ("alerts silence", &[("alert", "4"), ("reason", "{known}")], "alerts silence 4 {because} {known}"),
    ("goals list", &[], "goals list"),
    ("goals show", &[("goal", "Spring")], "goals show Spring"),
    ("goals show", &[("goal", "春季拉新")], "goals show 春季拉新"),
    ("goals show", &[("goal", "qqq")], "goals show qqq"),
    ("budget", &[], "budget"),
    ("digest", &[], "digest"),
    ("report", &[], "report"),
    ("schedule", &[], "schedule"),
    ("schedule", &[("report", "{daily}"), ("at", "8:15")], "schedule {daily} 8:15"),
    ("schedule", &[("report", "{weekly}"), ("here", "true")], "schedule {weekly} {here}"),
    ("schedule", &[("report", "{daily}"), ("at", "{off}")], "schedule {daily} {off}"),
    ("schedule", &[("report", "{daily}"), ("at", "qqq")], "schedule {daily} qqq"),
    ("schedule", &[("report", "qqq")], "schedule qqq"),
    ("help", &[], "help"),
    ("help", &[("command", "campaign pause")], "help campaign pause"),
    ("help", &[("command", "qqq")], "help qqq"),
];

/// What can be typed at the console only: help on each command is asked for beside.
pub(super) const AT_THE_CONSOLE: &[&str] = &["campagn list", "alerts", "campaign pause", "alerts silence"];

/// The words of a line in the reader's language.
pub(super) fn said(line: &str, chinese: bool) -> String {
    const WORDS: [(&str, &str, &str); 11] = [
        ("{because}", "because", "因为"),
        ("{for}", "for", "时长"),
        ("{too dear}", "too dear", "成本过高"),
        ("{mended}", "mended", "已修复"),
        ("{known}", "known", "已知问题"),
        ("{2h}", "2h", "2小时"),
        ("{daily}", "daily", "日报"),
        ("{weekly}", "weekly", "周报"),
        ("{off}", "off", "关闭"),
        ("{here}", "here", "此处"),
        ("{on}", "on", "开启"),
    ];
    WORDS.iter().fold(line.to_owned(), |line, (word, en, zh)| line.replace(word, if chinese { zh } else { en }))
}
