use super::*;
use crate::measure::metrics::own::OwnMetric;
use tillwatch_shared::measure::{MetricKind, MetricUnit};

fn refused(check: impl FnOnce(&mut Checks)) -> Vec<(String, String, String)> {
    let mut checks = Checks::default();
    check(&mut checks);
    let fields = checks.done().err().map(|error| error.fields).unwrap_or_default();
    fields.into_iter().map(|field| (field.pointer, field.code, field.detail)).collect()
}

#[test]
fn a_period_takes_what_a_target_takes() {
    let [first, second] = [1, 8].map(|day| NaiveDate::from_ymd_opt(2026, 6, day).unwrap());
    let stage = |starts_on| Stage { starts_on, ends_on: starts_on, target: Quantity::ZERO };
    let told = |metric: &str, targets: [i64; 2]| {
        let goal = Goal { metric: Some(metric.to_owned()), target: Some(Quantity::from_e4(20_000)), ..spend(2, 9) };
        let wanted = [first, second].into_iter().zip(targets);
        let wanted: Vec<PeriodTarget> =
            wanted.map(|(starts_on, e4)| PeriodTarget { starts_on, target: Quantity::from_e4(e4) }).collect();
        let told = refused(|checks| {
            edited(&[stage(first), stage(second)], &wanted, &goal, Book::shipped(), checks);
        });
        told.into_iter().map(|(pointer, code, _)| (pointer, code)).collect::<Vec<_>>()
    };
    let at = |place: &str, code: &str| (place.to_owned(), code.to_owned());
    assert_eq!(told("orders", [-10_000, 30_000]), [at("/periods/0/target", "negative")]);
    assert_eq!(
        told("orders", [15_000, 5_000]),
        [at("/periods/0/target", "not_whole"), at("/periods/1/target", "not_whole")]
    );
    assert!(told("spend", [5_000, 15_000]).is_empty());
}

fn spend(target: i64, baseline: i64) -> Goal {
    let wanted = serde_json::json!({ "name": "Less", "metric": "spend", "target": target, "baseline": baseline });
    draft(serde_json::from_value(wanted).unwrap(), DateTime::UNIX_EPOCH)
}

#[test]
fn an_active_goal_is_not_turned_round() {
    let turned = |before: &Goal, after: &Goal| check_way(before, after, Book::shipped());
    let cap = spend(80, 100);
    turned(&cap, &spend(99, 100)).unwrap();
    turned(&cap, &spend(80, 300)).unwrap();
    for round in [spend(100, 100), spend(120, 100), spend(80, 70)] {
        let refused = turned(&cap, &round).unwrap_err();
        assert_eq!((refused.fields[0].pointer.as_str(), refused.fields[0].code.as_str()), ("/target", "turns_round"));
    }
    assert!(turned(&spend(120, 100), &cap).is_err());
    // A metric with a better way keeps it.
    let sales = |target| Goal { metric: Some("sales".to_owned()), ..spend(target, 100) };
    turned(&sales(80), &sales(120)).unwrap();
}

#[test]
fn a_goal_takes_sums_and_ratios_of_sums_and_says_so_of_all_others() {
    let shipped = |key: &str| refused(|checks| check_metric(key, Book::shipped(), checks));
    for taken in ["sales", "orders", "ctr", "roi"] {
        assert!(shipped(taken).is_empty(), "{taken}");
    }
    for other in ["unique_visitors", "followers", "members", "queue_time", "ltv", "visit_frequency"] {
        let told = shipped(other);
        assert_eq!((told[0].0.as_str(), told[0].1.as_str()), ("/metric", "wrong_kind"), "{other}");
        assert!(told[0].2.contains("A goal takes a sum, of the catalogue or your own, or a ratio of sums"), "{told:?}");
    }
    assert_eq!(shipped("sale")[0].1, "unknown_metric");
    assert_eq!(shipped("walk_ins")[0].1, "unknown_metric");
}

#[test]
fn a_goal_takes_a_retailers_own_sums_and_neither_its_formulas_nor_what_it_archived() {
    let sum = OwnMetric { unit: MetricUnit::Count, whole: true, ..OwnMetric::example("walk_ins") };
    let level = OwnMetric { kind: MetricKind::Level, ..OwnMetric::example("stock_value") };
    let margin = OwnMetric { kind: MetricKind::Formula, ..OwnMetric::example("margin") };
    let margin = OwnMetric { formula: Some("sales - refunds".to_owned()), ..margin };
    let gone = OwnMetric { archived_at: Some(DateTime::UNIX_EPOCH), ..OwnMetric::example("old_fees") };
    let book = Book::with(vec![sum, level, margin, gone]);
    let of = |key: &str| refused(|checks| check_metric(key, &book, checks));
    assert!(of("walk_ins").is_empty() && of("sales").is_empty());
    assert_eq!(of("stock_value")[0].1, "wrong_kind");
    let formula = &of("margin")[0];
    assert!(formula.1 == "wrong_kind" && formula.2.starts_with("`margin` is a formula"), "{formula:?}");
    assert_eq!(of("old_fees")[0].1, "archived_metric");
    let slip = &of("walk_inns")[0];
    assert!(slip.1 == "unknown_metric" && slip.2.contains("Did you mean `walk_ins`?"), "{slip:?}");
    // What its figures may be is the metric's own.
    let half = Goal { target: Some(Quantity::from_e4(15_000)), metric: Some("walk_ins".to_owned()), ..spend(2, 9) };
    assert_eq!(refused(|checks| check(&half, &book, checks))[0].1, "not_whole");
    let loss = Goal { target: Quantity::from_units(-5), metric: Some("old_fees".to_owned()), ..spend(2, 9) };
    assert!(refused(|checks| check(&loss, &book, checks)).is_empty());
}
