//! The pure part of judging days: a rule, the days of one series, and what it says of some of them.

use crate::measure::samples::query::DayBucket;
use crate::watch::rules::detect::{Bucket, Verdict};
use crate::watch::rules::model;
use chrono::{NaiveDate, NaiveTime};
use tillwatch_shared::watch::RuleSpec;

/// The detector's view of a day.
fn bucket(day: &DayBucket) -> Bucket {
    let start = day.day.and_time(NaiveTime::MIN);
    match day.denominator {
        None => Bucket::plain(start, day.numerator),
        Some(denominator) => Bucket::ratio(start, day.numerator, denominator),
    }
}

/// How many days of history a rule looks back from the day that it judges.
pub fn look_back(spec: &RuleSpec) -> i64 {
    match spec {
        RuleSpec::Deviation { window, .. } => (i64::from(*window) + 1) * 7,
        _ => 0,
    }
}

/// What a rule says of each of `days` from `first` on, in order, given whether an alert was open before. A day without
/// samples is not judged: missing data is not a low figure.
pub fn judge(spec: &RuleSpec, days: &[DayBucket], first: NaiveDate, mut open: bool) -> Vec<(NaiveDate, Verdict)> {
    let buckets: Vec<Bucket> = days.iter().map(bucket).collect();
    let (threshold, deviation) = (model::threshold(spec), model::deviation(spec));
    let mut verdicts = Vec::new();
    for (index, day) in days.iter().enumerate().filter(|(_, day)| day.day >= first) {
        let verdict = match (&threshold, &deviation) {
            (Some(rule), _) => rule.judge(&buckets[index], open),
            (_, Some(rule)) => rule.judge(&buckets[..index], &buckets[index], open),
            _ => continue,
        };
        open = verdict.leaves_open(open);
        verdicts.push((day.day, verdict));
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    fn days(values: impl IntoIterator<Item = f64>) -> Vec<DayBucket> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        values
            .into_iter()
            .enumerate()
            .map(|(i, numerator)| DayBucket {
                day: first + TimeDelta::days(i64::try_from(i).unwrap()),
                numerator,
                denominator: None,
                samples: 1,
            })
            .collect()
    }

    #[test]
    fn a_low_day_fires_and_the_next_ordinary_one_recovers() {
        let spec: RuleSpec =
            serde_json::from_value(json!({"kind": "deviation", "metric": "sales", "side": "below"})).unwrap();
        // Nine weeks with a weekly season and a little noise; then a collapse, then an ordinary day.
        let ordinary =
            |i: usize| 1000.0 + 300.0 * f64::from(u8::from(i % 7 >= 5)) + f64::from(u8::try_from(i * 37 % 50).unwrap());
        let mut values: Vec<f64> = (0..63).map(ordinary).collect();
        values.extend([200.0, ordinary(64)]);
        let series = days(values);
        let verdicts = judge(&spec, &series, series[60].day, false);
        assert_eq!(verdicts.len(), 5);
        assert!(verdicts[..3].iter().all(|(_, v)| !matches!(v, Verdict::Firing(_))), "{verdicts:?}");
        assert!(matches!(verdicts[3].1, Verdict::Firing(_)), "{:?}", verdicts[3]);
        assert!(matches!(verdicts[4].1, Verdict::Recovered(_)), "{:?}", verdicts[4]);
        assert!(look_back(&spec) >= 63);
    }

    #[test]
    fn a_threshold_needs_no_history_and_holds_between_its_lines() {
        let spec: RuleSpec = serde_json::from_value(
            json!({"kind": "threshold", "metric": "sales", "side": "below", "line": 100.0, "recover": 150.0}),
        )
        .unwrap();
        let series = days([90.0, 120.0, 160.0]);
        let verdicts: Vec<Verdict> = judge(&spec, &series, series[0].day, false).into_iter().map(|(_, v)| v).collect();
        assert!(
            matches!(verdicts[..], [Verdict::Firing(_), Verdict::Holding(_), Verdict::Recovered(_)]),
            "{verdicts:?}"
        );
    }
}
