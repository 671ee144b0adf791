//! Reports as messages: each morning's on one screen, and each week's. Pure; the same for every chat.

use std::cmp::Ordering;

use chrono_tz::Tz;
use tillwatch_shared::Locale;
use tillwatch_shared::measure::{Direction, Kpi};
use tillwatch_shared::watch::{DailyReport, ReportCampaign, ReportCampaigns, Severity, WeeklyReport};

use crate::reply::{Reply, Tone};
use crate::wording::figures::{Step, day, figure, share, time};
use crate::wording::{Label, Move, Wording};

/// Campaigns that are named of each sort: the report is one screen.
const NAMED: usize = 4;
/// Figures of a day.
const FIGURES_OF_A_DAY: usize = 8;
/// Figures of a week.
const FIGURES: usize = 14;
/// Characters of a name or a reason.
const SHORT: usize = 60;

/// The morning's report: yesterday, today, what is blocked, what is due.
pub(crate) fn daily(report: &DailyReport, words: &dyn Wording, zone: Tz) -> Reply {
    let locale = words.locale();
    let figures = report.kpis.iter().take(FIGURES_OF_A_DAY);
    let mut yesterday: Vec<String> = figures.map(|kpi| kpi_line(kpi, &report.currency, words)).collect();
    if report.kpis.len() > FIGURES_OF_A_DAY {
        yesterday.push(words.more(report.kpis.len() - FIGURES_OF_A_DAY));
    }
    if yesterday.is_empty() {
        yesterday.push(words.nothing_counted().to_owned());
    }
    yesterday.push(words.alerts_raised(report.raised, report.resolved));

    let mut today = vec![words.running(report.running)];
    today.extend(lines(&report.starting, words, |one| words.begins(&short(&one.name))));
    today.extend(lines(&report.ending, words, |one| words.ends(&short(&one.name))));

    let mut blocked = lines(&report.paused, words, |one| {
        words.held(&short(&one.name), one.state_reason.as_deref().map(short).as_deref())
    });
    if report.untaken > 0 {
        blocked.push(words.untaken(report.untaken));
        blocked.extend(report.untaken_first.iter().map(|alert| {
            let mark = match alert.severity {
                Severity::Critical => "🔴",
                Severity::Warning => "🟠",
                Severity::Info => "🔵",
            };
            format!("{mark} {}", words.since(&short(&alert.rule_name), &time(alert.opened_at, zone, locale)))
        }));
    }

    let mut due = lines(&report.due, words, |one| {
        let (name, last) = (short(&one.name), one.ends_on.unwrap_or(report.day));
        let printed = day(last, locale);
        if last < report.day { words.overdue(&name, &printed) } else { words.ends_on(&name, &printed) }
    });
    due.extend(lines(&report.near_budget, words, |one| {
        words.near_budget(&short(&one.name), &share(one.spent_share.unwrap_or_default()))
    }));

    let urgent = report.untaken_first.first().is_some_and(|alert| alert.severity == Severity::Critical);
    let tone = if urgent {
        Tone::Critical
    } else if blocked.is_empty() {
        Tone::Good
    } else {
        Tone::Warning
    };
    let or_none = |lines: Vec<String>| {
        if lines.is_empty() { words.label(Label::None).to_owned() } else { lines.join("\n") }
    };
    Reply::say(tone, words.daily(&day(report.day, locale)), "")
        .field(words.label(Label::Yesterday), yesterday.join("\n"), false)
        .field(words.label(Label::Today), today.join("\n"), false)
        .field(words.label(Label::Blocked), or_none(blocked), false)
        .field(words.label(Label::Due), or_none(due), false)
}

/// The week's report.
pub(crate) fn weekly(report: &WeeklyReport, words: &dyn Wording) -> Reply {
    let locale = words.locale();
    let title = words.weekly(&day(report.first_day, locale), &day(report.last_day, locale));
    let mut figures: Vec<String> =
        report.kpis.iter().take(FIGURES).map(|kpi| week_line(kpi, &report.currency, words)).collect();
    if report.kpis.len() > FIGURES {
        figures.push(words.more(report.kpis.len() - FIGURES));
    }
    let body = if figures.is_empty() {
        words.nothing_counted().to_owned()
    } else {
        format!("{}\n{}", words.beside_the_week_before(), figures.join("\n"))
    };
    let mut alerts = vec![words.raised_and_resolved(report.raised, report.resolved)];
    if report.stopped > 0 {
        alerts.push(words.stopped_campaigns(report.stopped));
    }
    alerts.extend(report.rules.iter().map(|rule| words.pair(&short(&rule.name), &words.alerts(rule.alerts))));
    let tone = if report.stopped > 0 { Tone::Warning } else { Tone::Plain };
    Reply::say(tone, title, body).field(words.label(Label::Alerts), alerts.join("\n"), false)
}

/// A metric's name in the reader's language.
pub(crate) fn name_of(kpi: &Kpi, locale: Locale) -> &str {
    match locale {
        Locale::En => &kpi.name_en,
        Locale::ZhCn => &kpi.name_zh,
    }
}

/// A figure beside the one of the same weekday a week before.
pub(crate) fn kpi_line(kpi: &Kpi, currency: &str, words: &dyn Wording) -> String {
    let text = |value: f64| figure(value, &kpi.unit, currency, words.locale());
    let value = kpi.value.map_or_else(|| words.no_figure().to_owned(), text);
    let by = Step::of(kpi.value, kpi.week_before, kpi.change, &kpi.unit);
    let (arrow, against) = told(by, kpi.week_before.map(text), kpi.direction, words);
    format!("{arrow} {} · {against}", words.pair(name_of(kpi, words.locale()), &value))
}

/// A week's figure and by how much it moved.
fn week_line(kpi: &Kpi, currency: &str, words: &dyn Wording) -> String {
    let text = |value: f64| figure(value, &kpi.unit, currency, words.locale());
    let value = kpi.value.map_or_else(|| words.no_figure().to_owned(), text);
    let line = words.pair(name_of(kpi, words.locale()), &value);
    match (Step::of(kpi.value, kpi.week_before, kpi.change, &kpi.unit), kpi.week_before) {
        (Some(by), Some(before)) => {
            format!("{} {}", arrow(by.way()), words.aside(&line, &words.week_moved(by, &text(before))))
        }
        _ => format!("· {line}"),
    }
}

const fn arrow(way: Ordering) -> &'static str {
    match way {
        Ordering::Greater => "▲",
        Ordering::Less => "▼",
        Ordering::Equal => "=",
    }
}

/// An arrow and words for a change against a week before.
pub(crate) fn told(
    by: Option<Step>,
    before: Option<String>,
    direction: Direction,
    words: &dyn Wording,
) -> (&'static str, String) {
    let (Some(by), Some(before)) = (by, before) else {
        return ("·", words.nothing_before().to_owned());
    };
    (arrow(by.way()), words.moved(Move { by, better: better(by.way(), direction) }, &before))
}

/// Whether to go this way is better; `None` where neither way is, or it goes nowhere.
fn better(way: Ordering, direction: Direction) -> Option<bool> {
    match (way, direction) {
        (Ordering::Equal, _) | (_, Direction::Neutral) => None,
        (_, Direction::HigherIsBetter) => Some(way == Ordering::Greater),
        (_, Direction::LowerIsBetter) => Some(way == Ordering::Less),
    }
}

/// The first campaigns of a sort, a line each, and how many more there are.
fn lines(some: &ReportCampaigns, words: &dyn Wording, line: impl Fn(&ReportCampaign) -> String) -> Vec<String> {
    let mut lines: Vec<String> = some.first.iter().take(NAMED).map(line).collect();
    let total = usize::try_from(some.total).unwrap_or(usize::MAX);
    if total > lines.len() {
        lines.push(words.more(total - lines.len()));
    }
    lines
}

fn short(text: &str) -> String {
    if text.chars().count() <= SHORT {
        return text.to_owned();
    }
    text.chars().take(SHORT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::limits;
    use crate::testing::things::{daily_report, weekly_report};
    use crate::wording;

    #[test]
    fn less_is_better_only_where_less_is_better() {
        use Ordering::{Equal, Greater, Less};
        assert_eq!(better(Greater, Direction::HigherIsBetter), Some(true));
        assert_eq!(better(Greater, Direction::LowerIsBetter), Some(false));
        assert_eq!(better(Less, Direction::LowerIsBetter), Some(true));
        assert_eq!(better(Less, Direction::Neutral), None);
        assert_eq!(better(Equal, Direction::HigherIsBetter), None);
    }

    #[test]
    fn a_morning_is_one_screen_in_both_languages() {
        for (locale, titles, held, overdue) in [
            (
                Locale::En,
                ["Yesterday", "Today", "Blocked", "Due"],
                "is paused: too dear",
                "goes on beyond its last day",
            ),
            (Locale::ZhCn, ["昨日", "今日", "受阻", "到期"], "已暂停，too dear", "仍未结束"),
        ] {
            let reply = daily(&daily_report(), wording::of(locale), Tz::UTC);
            let names: Vec<&str> = reply.fields.iter().map(|field| field.name.as_str()).collect();
            assert_eq!(names, titles);
            assert!(reply.fields[2].value.contains(held), "{}", reply.fields[2].value);
            assert!(reply.fields[3].value.contains(overdue), "{}", reply.fields[3].value);
            assert!(reply.fields[2].value.contains('🔴'));
            assert_eq!(reply.tone, Tone::Critical);
            assert!(reply.fields.iter().all(|field| field.value.chars().count() <= limits::VALUE));
            assert!(reply.fields.iter().map(|field| field.value.lines().count()).sum::<usize>() <= 30, "one screen");
        }
    }

    #[test]
    fn an_empty_morning_says_so_and_is_green() {
        let none = ReportCampaigns { total: 0, first: Vec::new() };
        let report = DailyReport {
            kpis: Vec::new(),
            untaken: 0,
            untaken_first: Vec::new(),
            starting: none.clone(),
            ending: none.clone(),
            paused: none.clone(),
            due: none.clone(),
            near_budget: none,
            ..daily_report()
        };
        let reply = daily(&report, wording::of(Locale::En), Tz::UTC);
        assert_eq!(reply.tone, Tone::Good);
        assert!(reply.fields[0].value.starts_with("No figures were counted."));
        assert_eq!((reply.fields[2].value.as_str(), reply.fields[3].value.as_str()), ("none", "none"));
    }

    #[test]
    fn a_long_list_and_long_names_stay_within_a_message() {
        let mut report = daily_report();
        let mut one = report.paused.first[0].clone();
        one.name = "双十一会员拉新".repeat(20);
        one.state_reason = Some("很长的原因".repeat(60));
        report.paused = ReportCampaigns { total: 57, first: vec![one; 10] };
        let reply = daily(&report, wording::of(Locale::ZhCn), Tz::Asia__Shanghai);
        let blocked = &reply.fields[2].value;
        assert!(blocked.contains("53") && blocked.chars().count() <= limits::VALUE, "{blocked}");
    }

    #[test]
    fn a_morning_with_many_figures_shows_the_first_and_says_how_many_it_leaves_out() {
        let mut report = daily_report();
        report.kpis = vec![report.kpis[0].clone(); 61];
        for (locale, name, more) in [(Locale::En, "Sales", "… and 53 more"), (Locale::ZhCn, "销售额", "……另有 53 项")]
        {
            let reply = daily(&report, wording::of(locale), Tz::UTC);
            let yesterday = &reply.fields[0].value;
            assert_eq!(yesterday.matches(name).count(), FIGURES_OF_A_DAY, "{yesterday}");
            assert!(yesterday.contains(more) && yesterday.chars().count() <= limits::VALUE, "{yesterday}");
        }
    }

    #[test]
    fn a_week_tells_each_figure_beside_the_week_before() {
        let reply = weekly(&weekly_report(), wording::of(Locale::En));
        assert_eq!(reply.title, "Weekly report · Mon 3 Nov 2025 to Sun 9 Nov 2025");
        assert!(reply.body.contains("▲ Sales: $12,000.00 (+20% from $10,000.00)"), "{}", reply.body);
        let alerts = &reply.fields[0].value;
        assert!(alerts.contains("Conversion falls: 2 alerts"), "{alerts}");
        assert!(alerts.starts_with("3 raised, 3 resolved"), "the field is named Alerts: {alerts}");
        let zh = weekly(&weekly_report(), wording::of(Locale::ZhCn));
        assert!(zh.title.starts_with("周报") && zh.fields[0].name == "预警", "{zh:?}");
        assert!(zh.fields[0].value.starts_with("触发 3 条，恢复 3 条"), "{zh:?}");
    }

    #[test]
    fn a_percentage_moves_by_points_and_a_change_too_small_to_read_is_none() {
        let sales = weekly_report().kpis.remove(0);
        let moved = |unit: &str, value: f64, before: f64| Kpi {
            unit: unit.to_owned(),
            value: Some(value),
            week_before: Some(before),
            change: Some((value - before) / before),
            ..sales.clone()
        };
        let lines = |kpi: &Kpi, locale| {
            let words = wording::of(locale);
            [kpi_line(kpi, "USD", words), week_line(kpi, "USD", words)]
        };
        let (rate, still) = (moved("percent", 3.2, 2.0), moved("count", 9_999.0, 10_000.0));
        assert_eq!(
            lines(&rate, Locale::En),
            ["▲ Sales: 3.20% · up 1.2 points from 2.00%, better", "▲ Sales: 3.20% (+1.2 points from 2.00%)"]
        );
        assert_eq!(
            lines(&rate, Locale::ZhCn),
            [
                "▲ 销售额：3.20% · 较上周同日（2.00%）上升 1.2 个百分点，变好",
                "▲ 销售额：3.20%（+1.2 个百分点，前一周 2.00%）"
            ]
        );
        assert_eq!(
            lines(&still, Locale::En),
            ["= Sales: 9,999 · level with 10,000", "= Sales: 9,999 (level with 10,000)"]
        );
        assert_eq!(
            lines(&still, Locale::ZhCn),
            ["= 销售额：9,999 · 与上周同日（10,000）持平", "= 销售额：9,999（持平，前一周 10,000）"]
        );
    }
}
