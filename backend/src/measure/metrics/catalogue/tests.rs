//! The catalogue holds what it promises.

use super::super::{Book, find, formula};
use super::*;
use std::collections::HashSet;
use tillwatch_shared::quantity::Quantity;

#[test]
fn keys_are_unique_snake_case_and_found() {
    let mut seen = HashSet::new();
    for metric in all() {
        let key = metric.key;
        assert!(seen.insert(key), "{key} twice");
        assert!(key.starts_with(|c: char| c.is_ascii_lowercase()), "{key}");
        assert!(key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{key}");
        assert!(!key.ends_with('_') && !key.contains("__") && key.len() <= 40, "{key}");
        assert_eq!(find(key), Some(metric));
    }
    assert_eq!(find("Clicks"), None);
    assert_eq!(find(""), None);
}

#[test]
fn names_are_there_in_both_languages_and_say_one_thing() {
    let (mut english, mut chinese) = (HashSet::new(), HashSet::new());
    for metric in all() {
        let Text { en, zh } = metric.name;
        assert!(en.is_ascii() && en.starts_with(|c: char| c.is_ascii_uppercase()), "{en}");
        assert!(zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{zh}");
        assert!(english.insert(en), "{en} twice");
        assert!(chinese.insert(zh), "{zh} twice");
    }
}

#[test]
fn every_part_of_a_ratio_takes_samples_and_units_fit_the_factor() {
    for metric in all() {
        let Kind::Ratio { numerator, denominator, factor } = metric.kind else {
            assert!(!metric.whole || matches!(metric.unit, Count(_)), "{}", metric.key);
            assert_eq!(
                metric.kind == Kind::Duration,
                metric.unit.is_time() && metric.key != "page_seconds",
                "{}",
                metric.key
            );
            continue;
        };
        assert!(!numerator.is_empty() && !denominator.is_empty(), "{}", metric.key);
        let units: Vec<Unit<'_>> = numerator
            .iter()
            .chain(denominator)
            .map(|term| {
                let part = find(term.key()).unwrap_or_else(|| panic!("{}: {}", metric.key, term.key()));
                assert!(matches!(part.kind, Kind::Sum | Kind::Distinct), "{}: {}", metric.key, part.key);
                part.unit
            })
            .collect();
        let is_money = |unit: &&Unit<'_>| matches!(unit, Money);
        let money = (units.iter().filter(is_money).count(), units.len());
        // Money over money is a pure number; money over things is money; things over things never is.
        let expect_money = matches!(units[0], Money) && money.0 != money.1;
        assert_eq!(metric.unit == Money, expect_money, "{}", metric.key);
        assert_eq!(matches!(metric.unit, Percent | Points), (factor - 100.0).abs() < 1e-9, "{}", metric.key);
        assert!(!metric.whole, "{}", metric.key);
        let takes_away = numerator.iter().any(|term| matches!(term, Minus(_)));
        assert_eq!(metric.may_be_negative, takes_away, "{}", metric.key);
    }
}

#[test]
fn every_formula_of_the_catalogue_is_one_and_its_unit_fits() {
    let book = Book::shipped();
    for metric in all() {
        let Kind::Formula(text) = metric.kind else { continue };
        let dimension = formula::parse(text).unwrap().dimension(&|key| find(key).unwrap().unit.dimension());
        assert!(metric.unit.shows(dimension.unwrap()), "{}", metric.key);
        assert!(book.plan(*metric).is_some(), "{}", metric.key);
    }
    // 3 of 10 members and 2 of 10 others buy again: half as much more.
    let lift = book.plan(*find("member_lift").unwrap()).unwrap();
    let value = lift.figure(&|key| {
        let buyers = match key {
            "member_buyers" => 10,
            "buyers" => 20,
            "member_repeat_buyers" => 3,
            _ => 5,
        };
        Quantity::from_units(buyers)
    });
    assert!((value.unwrap() - 50.0).abs() < 1e-9, "{value:?}");
}

#[test]
fn every_kind_of_the_catalogue_is_there_in_its_unit() {
    for (key, kind, unit, zh) in [
        ("unique_visitors", Kind::Distinct, "count", "独立访客数"),
        ("active_users", Kind::Distinct, "count", "活跃用户数"),
        ("participants", Kind::Distinct, "count", "参与人数"),
        ("followers", Kind::Level { adds: true }, "count", "粉丝数"),
        ("members", Kind::Level { adds: false }, "count", "会员数"),
        ("keyword_position", Kind::Level { adds: false }, "rank", "关键词位次"),
        ("page_load_time", Kind::Duration, "milliseconds", "页面加载时间"),
        ("queue_time", Kind::Duration, "seconds", "排队时长"),
        ("first_response", Kind::Duration, "minutes", "首次响应时长"),
        ("time_to_launch", Kind::Duration, "days", "上线周期"),
        ("alert_to_acknowledgement", Kind::Duration, "minutes", "预警认领时长"),
        ("alert_to_action", Kind::Duration, "minutes", "处置时长"),
        ("ltv", Kind::Model, "money", "用户生命周期价值"),
    ] {
        let metric = find(key).unwrap();
        assert_eq!((metric.kind, metric.unit.code(), metric.name.zh), (kind, unit, zh));
        assert!(metric.base().is_some() && !metric.is_sum() && metric.formula().is_none());
    }
}

#[test]
fn the_metrics_of_the_field_are_there() {
    for (key, formula) in [
        ("ctr", "100 * clicks / impressions"),
        ("conversion_rate", "100 * buyers / visitors"),
        ("cpm", "1000 * spend / impressions"),
        ("cac", "spend / new_customers"),
        ("aov", "sales / orders"),
        ("cost_to_sales", "100 * spend / sales"),
        ("nps", "100 * (promoters - detractors) / nps_answers"),
    ] {
        assert_eq!(find(key).and_then(Metric::formula).as_deref(), Some(formula));
    }
    assert!(find("net_new_followers").unwrap().may_be_negative);
    assert!(!find("spend").unwrap().may_be_negative && !find("spend").unwrap().whole);
    assert!(find("clicks").unwrap().whole);
    assert_eq!(find("cost_to_sales").unwrap().direction, LowerIsBetter);
    assert_eq!(find("orders").unwrap().unit.suffix().zh, "单");
}
