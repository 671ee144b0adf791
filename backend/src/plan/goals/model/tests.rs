use super::*;

fn refused(check: impl FnOnce(&mut Checks)) -> Vec<(String, String, String)> {
    let mut checks = Checks::default();
    check(&mut checks);
    let fields = checks.done().err().map(|error| error.fields).unwrap_or_default();
    fields.into_iter().map(|field| (field.pointer, field.code, field.detail)).collect()
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
