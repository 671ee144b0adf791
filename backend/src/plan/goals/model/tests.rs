use super::*;

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
            edited(&[stage(first), stage(second)], &wanted, &goal, checks);
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
    let cap = spend(80, 100);
    check_way(&cap, &spend(99, 100)).unwrap();
    check_way(&cap, &spend(80, 300)).unwrap();
    for turned in [spend(100, 100), spend(120, 100), spend(80, 70)] {
        let refused = check_way(&cap, &turned).unwrap_err();
        assert_eq!((refused.fields[0].pointer.as_str(), refused.fields[0].code.as_str()), ("/target", "turns_round"));
    }
    assert!(check_way(&spend(120, 100), &cap).is_err());
    // A metric with a better way keeps it.
    let sales = |target| Goal { metric: Some("sales".to_owned()), ..spend(target, 100) };
    check_way(&sales(80), &sales(120)).unwrap();
}

#[test]
fn a_goal_takes_sums_and_ratios_of_sums_and_says_so_of_all_others() {
    let of = |key: &str, own| refused(|checks| check_metric(key, own, checks));
    for taken in ["sales", "orders", "ctr", "roi"] {
        assert!(of(taken, false).is_empty(), "{taken}");
    }
    for other in ["unique_visitors", "followers", "members", "queue_time", "ltv", "visit_frequency"] {
        let told = of(other, false);
        assert_eq!((told[0].0.as_str(), told[0].1.as_str()), ("/metric", "wrong_kind"), "{other}");
        assert!(told[0].2.contains("A goal takes a sum, or a ratio of sums"), "{told:?}");
    }
    let own = of("walk_ins", true);
    assert!(own[0].2.contains("metrics of the catalogue") && !own[0].2.contains("no such metric"), "{own:?}");
    assert_eq!(of("sale", false)[0].1, "unknown_metric");
}
