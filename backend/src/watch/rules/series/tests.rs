use super::*;
use crate::watch::rules::kinds::SpendPlan;
use chrono::NaiveDate;
use chrono_tz::America::New_York;
use serde_json::{Value, json};

fn day(number: i64) -> DateTime<Utc> {
    day_start(New_York, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(number))
}

/// Days from the first on; one that is not a number was not counted.
fn days(values: impl IntoIterator<Item = f64>) -> Vec<Counted> {
    let counted = |(i, numerator): (usize, f64)| Counted {
        start: day(i64::try_from(i).unwrap()),
        numerator,
        denominator: None,
        samples: 1,
    };
    values.into_iter().enumerate().map(counted).filter(|one| !one.numerator.is_nan()).collect()
}

fn judged(spec: Value, timing: &Value, values: Vec<f64>, first: i64, open: bool) -> Vec<Verdict> {
    let spec: RuleSpec = serde_json::from_value(spec).unwrap();
    let timing: Timing = serde_json::from_value(timing.clone()).unwrap();
    let how = How { spec: &spec, timing: &timing, zone: New_York };
    let through = day(i64::try_from(values.len()).unwrap() - 1);
    let prepared = Prepared::new(how, vec![(None, days(values))], None, through);
    prepared.judge(0, day(first), open).into_iter().map(|(_, verdict)| verdict).collect()
}

fn below(line: f64) -> Value {
    json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": line, "recover": line + 50.0 })
}

#[test]
fn a_low_day_fires_and_the_next_ordinary_one_recovers() {
    let spec = json!({ "kind": "deviation", "metric": "sales", "side": "below" });
    // Nine weeks with a weekly season and a little noise; then a collapse, then an ordinary day.
    let ordinary =
        |i: usize| 1000.0 + 300.0 * f64::from(u8::from(i % 7 >= 5)) + f64::from(u8::try_from(i * 37 % 50).unwrap());
    let mut values: Vec<f64> = (0..63).map(ordinary).collect();
    values.extend([200.0, ordinary(64)]);
    let verdicts = judged(spec, &json!({}), values, 60, false);
    assert_eq!(verdicts.len(), 5);
    assert!(verdicts[..3].iter().all(|v| !matches!(v, Verdict::Firing(_))), "{verdicts:?}");
    assert!(matches!(verdicts[3], Verdict::Firing(_)), "{:?}", verdicts[3]);
    assert!(matches!(verdicts[4], Verdict::Recovered(_)), "{:?}", verdicts[4]);
}

#[test]
fn a_threshold_needs_no_history_and_holds_between_its_lines() {
    let verdicts = judged(below(100.0), &json!({}), vec![90.0, 120.0, 160.0], 0, false);
    assert!(matches!(verdicts[..], [Verdict::Firing(_), Verdict::Holding(_), Verdict::Recovered(_)]), "{verdicts:?}");
}

#[test]
fn with_for_the_third_breach_in_a_row_fires_wherever_judging_begins() {
    let timing = json!({ "for": 3 });
    let values = || vec![90.0, 90.0, 200.0, 90.0, f64::NAN, 90.0, 90.0, 90.0, 200.0];
    let fires = |first, open| -> Vec<bool> {
        let verdicts = judged(below(100.0), &timing, values(), first, open);
        verdicts.iter().map(|verdict| matches!(verdict, Verdict::Firing(_))).collect()
    };
    // The day without samples neither counts nor breaks the row.
    assert_eq!(fires(0, false), [false, false, false, false, false, true, true, false]);
    assert_eq!(fires(6, false), [true, true, false], "the row before is known");
    assert_eq!(fires(5, false), [false, true, true, false]);
    assert_eq!(fires(5, true), [true, true, true, false], "an open alert goes on at once");
}

#[test]
fn a_window_of_days_is_one_figure_and_a_day_without_samples_is_nothing_in_it() {
    let timing = json!({ "window": 3 });
    let values = |days: Vec<f64>| -> Vec<Option<f64>> {
        let verdicts = judged(below(100.0), &timing, days, 0, false);
        verdicts.iter().map(|verdict| verdict.figures().map(|figures| figures.value)).collect()
    };
    let days = vec![50.0, 60.0, 70.0, f64::NAN, 20.0, 80.0];
    // The first two days are no three.
    assert_eq!(values(days), [None, None, Some(180.0), Some(90.0), Some(100.0)]);
}

#[test]
fn a_window_over_an_outage_is_no_figure_that_could_fire_or_recover() {
    let timing = json!({ "window": 7 });
    let mut days = vec![100.0; 10];
    days.extend([f64::NAN; 3]);
    days.extend([100.0; 8]);
    let verdicts = judged(below(400.0), &timing, days, 0, false);
    let silent: Vec<usize> = verdicts
        .iter()
        .enumerate()
        .filter(|(_, verdict)| matches!(verdict, Verdict::NoData(_)))
        .map(|(place, _)| place)
        .collect();
    // The first six, and those whose week has more than two days of the hole in it.
    assert_eq!(silent, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]);
    assert!(!verdicts.iter().any(|verdict| matches!(verdict, Verdict::Firing(_))), "{verdicts:?}");
}

#[test]
fn a_budget_is_judged_on_days_without_spend_from_the_campaigns_first_day_on() {
    let spec: RuleSpec = serde_json::from_value(json!({ "kind": "budget_pace", "side": "below" })).unwrap();
    let timing = Timing::default();
    let how = How { spec: &spec, timing: &timing, zone: New_York };
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let plan = Plan::Spend(SpendPlan { starts_on: first, ends_on: first + TimeDelta::days(9), budget: 100.0 });
    let prepared = Prepared::new(how, vec![(None, Vec::new())], Some(plan), day(4));
    let verdicts = prepared.judge(0, day(0), false);
    assert_eq!(verdicts.len(), 5);
    assert!(matches!(verdicts[1].1, Verdict::NoData(_)) && matches!(verdicts[2].1, Verdict::Firing(_)));
}
