use super::*;
use crate::measure::metrics;
use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::goals::{GoalPeriod, GoalSpread, GoalState};
use tillwatch_shared::ids::{GoalId, StaffId};
use tillwatch_shared::quantity::Quantity;

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(number)
}

/// A draft with a name and nothing else.
fn draft() -> Goal {
    let at = DateTime::<Utc>::UNIX_EPOCH;
    Goal {
        id: GoalId::new(),
        name: "Autumn".to_owned(),
        metric: None,
        channel: None,
        campaign: None,
        baseline: None,
        baseline_source: None,
        target: None,
        starts_on: None,
        ends_on: None,
        owner: None,
        relevance: String::new(),
        campaigns: Vec::new(),
        period: GoalPeriod::Week,
        spread: GoalSpread::Days,
        state: GoalState::Draft,
        state_since: at,
        achievable_anyway: None,
        activated_at: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

/// With everything: 100 days from day 100 on.
fn whole() -> Goal {
    Goal {
        metric: Some("sales".to_owned()),
        target: Quantity::from_units(10_000),
        starts_on: Some(day(100)),
        ends_on: Some(day(199)),
        owner: Some(StaffId::new()),
        relevance: "It pays the shop.".to_owned(),
        ..draft()
    }
}

fn checked(goal: &Goal, newest: Option<i64>, best: Option<Best>, anyway: Option<&str>) -> SmartCheck {
    check(&facts(goal, newest, best, anyway))
}

fn facts<'a>(goal: &'a Goal, newest: Option<i64>, best: Option<Best>, anyway: Option<&'a str>) -> Facts<'a> {
    let metric = goal.metric.as_deref().and_then(metrics::find);
    let newest = newest.map(day);
    Facts { goal, metric, archived: false, anyway, today: day(90), newest, best, currency: "USD" }
}

const ENOUGH: Option<Best> = Some(Best { needed: 2_800.0, best: Some(3_000.0), days: 28, is_enough: true });
const TOO_MUCH: Option<Best> = Some(Best { needed: 2_800.0, best: Some(2_000.0), days: 28, is_enough: false });

fn passed(check: &SmartCheck) -> Vec<bool> {
    check.lines.iter().map(|line| line.passed).collect()
}

#[test]
fn a_name_alone_lacks_every_letter_and_each_says_how_to_mend_it() {
    let check = checked(&draft(), None, None, None);
    assert_eq!(passed(&check), [false; 5]);
    assert!(!check.complete);
    let letters: Vec<SmartLetter> = check.lines.iter().map(|line| line.letter).collect();
    assert_eq!(letters, SmartLetter::ALL);
    let said: Vec<&str> = check.lines.iter().map(|line| line.detail_en.as_str()).collect();
    assert_eq!(said[0], "Say which metric it is about. Say who answers for it.");
    assert_eq!(said[4], "Set its first day and its deadline.");
    assert!(check.lines.iter().all(|line| line.detail_zh.ends_with('。')));
}

#[test]
fn a_whole_goal_passes_with_its_figures() {
    let check = checked(&whole(), Some(89), ENOUGH, None);
    assert!(check.complete, "{check:?}");
    assert_eq!(check.lines[2].detail_en, "It needs $2,800 in 28 days; the best 28 days so far had $3,000.");
    assert_eq!(check.lines[2].detail_zh, "每28天需要达到US$2,800；历史最好的28天为US$3,000。");
}

#[test]
fn what_was_never_reached_needs_a_reason_and_nothing_else_takes_one() {
    let check = checked(&whole(), Some(89), TOO_MUCH, None);
    assert_eq!(passed(&check), [true, true, false, true, true]);
    let anyway = checked(&whole(), Some(89), TOO_MUCH, Some("Two new stores open"));
    assert!(anyway.complete && anyway.lines[2].overridden);
    assert!(anyway.lines[2].detail_zh.ends_with("理由：Two new stores open"), "{anyway:?}");
    let gap = checked(&Goal { owner: None, ..whole() }, Some(89), TOO_MUCH, Some("Two new stores open"));
    assert_eq!(passed(&gap), [false, true, true, true, true]);
}

#[test]
fn an_archived_metric_is_a_gap_however_lately_it_was_counted() {
    let whole = whole();
    let check = check(&Facts { archived: true, ..facts(&whole, Some(89), ENOUGH, None) });
    assert_eq!(passed(&check), [true, false, true, true, true]);
    let line = &check.lines[1];
    assert_eq!(line.detail_en, "Sales is archived: it takes no samples any more. Choose another metric.");
    assert_eq!(line.detail_zh, "销售额已归档，不再接收数据点。请另选指标。");
}

#[test]
fn old_data_and_days_that_are_over_or_too_few_are_gaps() {
    assert!(passed(&checked(&whole(), Some(62), ENOUGH, None))[1], "28 days ago");
    assert!(!passed(&checked(&whole(), Some(61), ENOUGH, None))[1]);
    let days = |from, to| {
        passed(&checked(
            &Goal { starts_on: Some(day(from)), ends_on: Some(day(to)), ..whole() },
            Some(89),
            ENOUGH,
            None,
        ))[4]
    };
    assert_eq!(
        [days(85, 91), days(86, 91), days(80, 90), days(91, 91 + 1_095), days(91, 91 + 1_096)],
        [true, false, false, true, false]
    );
    let linked =
        Goal { relevance: "  ".to_owned(), campaigns: vec![tillwatch_shared::ids::CampaignId::new()], ..whole() };
    assert!(passed(&checked(&linked, Some(89), ENOUGH, None))[3]);
}

#[test]
fn the_needed_pace_is_held_against_the_best_stretch() {
    // 80 days of ten, and one good week.
    let days: Vec<DayFigure> = (0..87)
        .map(|number| DayFigure {
            day: day(number),
            above: if (40..47).contains(&number) { 30.0 } else { 10.0 },
            below: None,
        })
        .collect();
    let wanted = |target: f64, from, to| Wanted {
        adds_up: true,
        aim: GoalAim::AtLeast,
        target,
        starts_on: day(from),
        ends_on: day(to),
    };
    let found = best(&wanted(1_500.0, 100, 199), &days, day(87)).unwrap();
    assert_eq!((found.needed, found.best, found.days, found.is_enough), (420.0, Some(420.0), 28, true));
    // Seven days are held against the best seven.
    let short = best(&wanted(211.0, 100, 106), &days, day(87)).unwrap();
    assert_eq!((short.needed, short.best, short.is_enough), (211.0, Some(210.0), false));
    // Of one that has begun, what is left.
    let begun = best(&wanted(470.0, 77, 106), &days, day(87)).unwrap();
    assert_eq!((begun.needed, begun.days), (370.0, 20));
    assert_eq!(best(&wanted(1.0, 10, 20), &days, day(87)), None);
    let new = best(&wanted(1.0, 100, 199), &days[..5], day(87)).unwrap();
    assert_eq!((new.best, new.is_enough), (None, false));
}
