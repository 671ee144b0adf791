//! What may be a metric of a retailer's own.

use super::*;

fn told(metric: &OwnMetric, book: &Book) -> Vec<(String, String)> {
    let mut checks = Checks::default();
    metric.check_new(&mut checks, book);
    let fields = checks.into_error().fields;
    fields.into_iter().map(|field| (field.pointer, field.code)).collect()
}

fn of(key: &str, unit: MetricUnit, formula: &str) -> OwnMetric {
    let formula = Some(formula.to_owned());
    OwnMetric { kind: MetricKind::Formula, unit, formula, ..OwnMetric::example(key) }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn a_sensible_one_is_taken() {
    let book = Book::default();
    assert_eq!(told(&OwnMetric::example("parking_fees"), &book), []);
    let rate = of("margin_rate", MetricUnit::Percent, "100 * (sales - cost_of_goods_sold) / sales");
    assert_eq!(told(&rate, &book), []);
    assert_eq!(told(&of("cost_per_share", MetricUnit::Money, "spend / shares"), &book), []);
    assert_eq!(told(&of("twice_roas", MetricUnit::Times, "2 * roas"), &book), []);
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let wrong = OwnMetric {
        key: "Sales Übersicht".to_owned(),
        name_zh: " ".to_owned(),
        kind: MetricKind::Duration,
        whole: true,
        adds_over_channels: true,
        ..OwnMetric::example("x")
    };
    let expected = [
        ("/key", "invalid"),
        ("/name_zh", "required"),
        ("/unit", "unit_mismatch"),
        ("/whole", "contradiction"),
        ("/adds_over_channels", "contradiction"),
        ("/may_be_negative", "contradiction"),
    ];
    assert_eq!(told(&wrong, &Book::default()), pairs(&expected));
    assert_eq!(told(&OwnMetric::example("sales"), &Book::default()), pairs(&[("/key", "taken")]));
    let ratio = OwnMetric { kind: MetricKind::Ratio, ..OwnMetric::example("x") };
    assert_eq!(told(&ratio, &Book::default()), pairs(&[("/kind", "not_yours")]));
}

#[test]
fn what_does_not_add_up_is_no_sum_and_what_is_never_below_zero_says_no_other() {
    let book = Book::default();
    let plain = |unit, kind| OwnMetric { unit, kind, may_be_negative: false, ..OwnMetric::example("x") };
    let odd = [MetricUnit::Percent, MetricUnit::Times, MetricUnit::Rank, MetricUnit::Points, MetricUnit::Per];
    for unit in odd {
        assert_eq!(told(&plain(unit, MetricKind::Sum), &book), pairs(&[("/kind", "unit_mismatch")]), "{unit}");
        for kind in [MetricKind::Level, MetricKind::Model] {
            assert_eq!(told(&plain(unit, kind), &book), [], "{unit}");
        }
        let added = OwnMetric { adds_over_channels: true, ..plain(unit, MetricKind::Level) };
        assert_eq!(told(&added, &book), pairs(&[("/adds_over_channels", "contradiction")]), "{unit}");
        // One that was made before can still be renamed.
        let mut checks = Checks::default();
        plain(unit, MetricKind::Sum).check(&mut checks, &book);
        assert!(checks.done().is_ok(), "{unit}");
    }
    for unit in [MetricUnit::Money, MetricUnit::Count, MetricUnit::Minutes] {
        assert_eq!(told(&plain(unit, MetricKind::Sum), &book), [], "{unit}");
    }
    for (unit, kind) in [(MetricUnit::Seconds, MetricKind::Duration), (MetricUnit::Count, MetricKind::Distinct)] {
        assert_eq!(told(&plain(unit, kind), &book), []);
        let below = OwnMetric { may_be_negative: true, ..plain(unit, kind) };
        assert_eq!(told(&below, &book), pairs(&[("/may_be_negative", "contradiction")]));
    }
}

#[test]
fn a_formula_adds_like_to_like_and_comes_to_its_unit() {
    let book = Book::default();
    for (unit, text, expected) in [
        (MetricUnit::Money, "sales - clicks", ("/formula", "unit_mismatch")),
        (MetricUnit::Money, "clicks / impressions", ("/unit", "unit_mismatch")),
        (MetricUnit::Percent, "spend / clicks", ("/unit", "unit_mismatch")),
        (MetricUnit::Money, "salez", ("/formula", "unknown_metric")),
        (MetricUnit::Money, "sales +", ("/formula", "not_a_formula")),
        (MetricUnit::Money, "x + sales", ("/formula", "cycle")),
        (MetricUnit::Seconds, "queue_time", ("/formula", "unit_mismatch")),
    ] {
        assert_eq!(told(&of("x", unit, text), &book), pairs(&[expected]), "{text}");
    }
    let archived = OwnMetric { archived_at: Some(DateTime::UNIX_EPOCH), ..OwnMetric::example("old") };
    let book = Book::with(vec![archived]);
    assert_eq!(told(&of("x", MetricUnit::Money, "old"), &book), pairs(&[("/formula", "archived_metric")]));
}

#[test]
fn a_circle_and_too_deep_a_chain_are_refused() {
    let book = Book::with(vec![
        of("a", MetricUnit::Money, "sales"),
        of("b", MetricUnit::Money, "a"),
        of("c", MetricUnit::Money, "b + spend"),
    ]);
    let mut checks = Checks::default();
    of("a", MetricUnit::Money, "c - spend").check(&mut checks, &book);
    let refused = checks.into_error();
    assert_eq!(refused.fields[0].code, "cycle");
    assert!(refused.detail.contains("a -> c -> b -> a"), "{}", refused.detail);
    // What stands on a metric is counted, too: m4 would be the sixth.
    let link = |n: usize| of(&format!("m{n}"), MetricUnit::Money, &format!("m{}", n - 1));
    let chain: Vec<OwnMetric> = std::iter::once(OwnMetric::example("m0")).chain((1..=DEEPEST).map(link)).collect();
    let book = Book::with(chain);
    assert_eq!(told(&of("m1", MetricUnit::Money, "m0 + m0"), &book), []);
    let longer = Book::with((1..=DEEPEST).map(link).chain([of("m0", MetricUnit::Money, "spend")]).collect());
    assert_eq!(told(&of("m0", MetricUnit::Money, "sales"), &longer), pairs(&[("/formula", "too_deep")]));
}

#[test]
fn a_formula_that_is_too_large_when_written_out_is_refused_also_where_another_stands_on_it() {
    let sum_of = |key: &str, times: usize| vec![key; times].join(" + ");
    let book = Book::with(vec![
        of("low", MetricUnit::Money, &sum_of("sales", 20)),
        of("high", MetricUnit::Money, &sum_of("low", 20)),
    ]);
    let too_large = pairs(&[("/formula", "too_large")]);
    assert_eq!(told(&of("top", MetricUnit::Money, &sum_of("high", 2)), &book), too_large);
    assert_eq!(told(&of("low", MetricUnit::Money, &sum_of("spend", 40)), &book), too_large, "`high` grows with it");
    assert_eq!(told(&of("low", MetricUnit::Money, &sum_of("spend", 20)), &book), []);
}

#[test]
fn a_platforms_roi_says_which_of_the_two_it_is() {
    let roi = OwnMetric { unit: MetricUnit::Times, kind: MetricKind::Model, ..OwnMetric::example("douyin_roi") };
    assert_eq!(told(&roi, &Book::default()), pairs(&[("/stands_for", "required")]));
    let named = |zh: &str| OwnMetric { name_zh: zh.to_owned(), ..OwnMetric::example("x") };
    let chinese = OwnMetric { unit: MetricUnit::Times, kind: MetricKind::Model, ..named("抖音投产比") };
    assert_eq!(told(&chinese, &Book::default()), pairs(&[("/stands_for", "required")]));
    let said = OwnMetric { stands_for: Some(StandsFor::Roas), ..roi };
    assert_eq!(told(&said, &Book::default()), []);
    let heroics = OwnMetric { unit: MetricUnit::Times, kind: MetricKind::Level, ..OwnMetric::example("heroics") };
    assert_eq!(told(&heroics, &Book::default()), []);
}

#[test]
fn the_rules_that_watch_a_metric_are_named_with_what_to_do_and_a_long_list_is_cut() {
    let rule = |name: &str| (RuleId::new(), name.to_owned());
    assert_eq!(still_watched(&[]), None);
    let one = rule("费用下降");
    let told = still_watched(std::slice::from_ref(&one)).unwrap();
    assert!(told.starts_with(&format!("The rule “费用下降” ({}) watches this metric", one.0)), "{told}");
    assert!(told.contains("Disable or archive the rule first"), "{told}");
    let told = still_watched(&["a", "b", "c", "d", "e"].map(rule)).unwrap();
    assert!(told.starts_with("The rules “a” (") && told.contains(") and 2 more watch this metric"), "{told}");
    assert!(!told.contains("“d”"), "{told}");
}

#[test]
fn the_goals_on_a_metric_are_named_with_what_to_do() {
    let goal = |name: &str| (GoalId::new(), name.to_owned());
    assert_eq!((still_pursued(&[]), keeps_its_way(&[])), (None, None));
    let one = goal("秋季进店");
    let told = still_pursued(std::slice::from_ref(&one)).unwrap();
    assert!(told.starts_with(&format!("The goal “秋季进店” ({}) counts this metric", one.0)), "{told}");
    assert!(told.ends_with("Archive the goal first."), "{told}");
    let told = keeps_its_way(&["a", "b"].map(goal)).unwrap();
    assert!(told.starts_with("The goals “a” (") && told.contains(") count this metric and would turn round"), "{told}");
}
