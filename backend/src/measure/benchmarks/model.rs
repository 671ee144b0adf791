//! What a reference value may be. Pure.

use crate::error::Result;
use crate::measure::metrics::Book;
use crate::platform::validate::Checks;
use chrono::{DateTime, Datelike as _, Utc};
use std::collections::HashSet;
use tillwatch_shared::benchmarks::{Benchmark, NewBenchmark};
use tillwatch_shared::ids::BenchmarkId;

/// The most values of one request.
const MOST: usize = 500;

/// The most values of a retailer.
pub(super) const MOST_KEPT: i64 = 5_000;

/// Refuses values that nobody could compare with.
///
/// # Errors
/// 422 with every wrong field.
pub(super) fn check(benchmarks: &[NewBenchmark], book: &Book, now: DateTime<Utc>) -> Result<()> {
    let mut checks = Checks::default();
    if benchmarks.is_empty() || benchmarks.len() > MOST {
        checks.refuse(
            "/benchmarks",
            "out_of_range",
            format!("Takes 1 to {MOST} values. Send the rest in another request."),
        );
        return checks.done();
    }
    let mut seen = HashSet::new();
    for (place, new) in benchmarks.iter().enumerate() {
        let at = |field: &str| format!("/benchmarks/{place}/{field}");
        if book.find(&new.metric).is_none() {
            let hint = book.suggest(&new.metric).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
            checks.refuse(&at("metric"), "unknown_metric", format!("There is no such metric.{hint}"));
        }
        if book.own(&new.metric).is_some_and(|own| own.archived_at.is_some()) {
            let detail = "This metric is archived: it has no figures any more to stand beside. Take the value out.";
            checks.refuse(&at("metric"), "archived_metric", detail);
        }
        let year = i32::from(new.year);
        checks.ensure(
            (2000..=now.year()).contains(&year),
            &at("year"),
            "out_of_range",
            "Takes the year that the value is of, from 2000 to the present one.",
        );
        // As it is kept: blanks around it are no part of it.
        checks.line(&at("source"), new.source.trim(), 3, 300);
        let readable =
            |url: &String| url.starts_with("https://") && url.len() <= 500 && !url.contains(char::is_whitespace);
        checks.ensure(
            new.source_url.as_ref().is_none_or(readable),
            &at("source_url"),
            "invalid",
            "Takes an address that begins with https://, of at most 500 characters.",
        );
        for (field, value) in [("value", Some(new.value)), ("low", new.low), ("high", new.high)] {
            let sane = value.is_none_or(|value| !value.is_absurd());
            checks.ensure(sane, &at(field), "out_of_range", "Is at most 100 billion.");
        }
        let in_order = new.low.is_none_or(|low| low.e4() <= new.value.e4())
            && new.high.is_none_or(|high| new.value.e4() <= high.e4());
        checks.ensure(in_order, &at("value"), "out_of_range", "Lies between `low` and `high`.");
        if !seen.insert((new.group, new.metric.as_str(), new.year)) {
            checks.refuse(&at("metric"), "repeated", "The request has this group, metric and year twice. Keep one.");
        }
    }
    checks.done()
}

/// Refuses `created` values beside the `there` that a retailer has, where that is more than are kept.
///
/// # Errors
/// 422.
pub(super) fn check_room(there: i64, created: u32) -> Result<()> {
    let mut checks = Checks::default();
    if created > 0 && there + i64::from(created) > MOST_KEPT {
        let detail = format!(
            "There are {there} values, and {MOST_KEPT} are kept at most. Remove those of years that nobody looks at any \
             more (POST /v1/benchmarks/{{id}}/remove)."
        );
        checks.refuse("/benchmarks", "too_many", detail);
    }
    checks.done()
}

/// Whether both are of one group, metric and year.
pub(super) fn is_of_the_same(known: &Benchmark, new: &NewBenchmark) -> bool {
    (known.group, known.metric.as_str(), known.year) == (new.group, new.metric.as_str(), new.year)
}

/// Whether both say the same, whenever they were loaded.
pub(super) fn says_the_same(known: &Benchmark, other: &Benchmark) -> bool {
    *known == Benchmark { loaded_at: known.loaded_at, ..other.clone() }
}

/// The value as it is kept.
pub(super) fn benchmark(id: BenchmarkId, new: &NewBenchmark, at: DateTime<Utc>) -> Benchmark {
    Benchmark {
        id,
        group: new.group,
        metric: new.metric.clone(),
        value: new.value,
        low: new.low,
        high: new.high,
        year: new.year,
        source: new.source.trim().to_owned(),
        source_url: new.source_url.clone(),
        loaded_at: at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::metrics::own::OwnMetric;
    use tillwatch_shared::benchmarks::BenchmarkGroup;
    use tillwatch_shared::quantity::Quantity;

    fn new(metric: &str) -> NewBenchmark {
        NewBenchmark {
            group: BenchmarkGroup::Apparel,
            metric: metric.to_owned(),
            value: Quantity::from_e4(25_000),
            low: None,
            high: None,
            year: 2025,
            source: "An example".to_owned(),
            source_url: None,
        }
    }

    fn told(list: &[NewBenchmark]) -> Vec<(String, String)> {
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        let Err(refused) = check(list, Book::shipped(), now) else { return Vec::new() };
        refused.fields.into_iter().map(|field| (field.pointer, field.code)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn a_value_needs_a_source_a_year_and_a_metric() {
        assert_eq!(told(&[new("ctr")]), []);
        let hearsay = NewBenchmark { source: "  ".to_owned(), year: 2027, ..new("ctrr") };
        let expected = [
            ("/benchmarks/0/metric", "unknown_metric"),
            ("/benchmarks/0/year", "out_of_range"),
            ("/benchmarks/0/source", "required"),
        ];
        assert_eq!(told(&[hearsay]), pairs(&expected));
        let short = NewBenchmark { source: "ab ".to_owned(), ..new("ctr") };
        assert_eq!(told(&[short])[0].0, "/benchmarks/0/source", "two characters, however many blanks are around them");
        let inverted = NewBenchmark { low: Some(Quantity::from_e4(30_000)), ..new("ctr") };
        assert_eq!(told(&[new("cpc"), inverted]), pairs(&[("/benchmarks/1/value", "out_of_range")]));
        let twice = [new("ctr"), new("ctr")];
        assert_eq!(told(&twice), pairs(&[("/benchmarks/1/metric", "repeated")]));
        let address = NewBenchmark { source_url: Some("javascript:alert(1)".to_owned()), ..new("ctr") };
        assert_eq!(told(&[address]), pairs(&[("/benchmarks/0/source_url", "invalid")]));
        assert_eq!(told(&[]), pairs(&[("/benchmarks", "out_of_range")]));
    }

    #[test]
    fn a_value_of_an_archived_metric_is_refused() {
        let archived = OwnMetric { archived_at: Some(DateTime::UNIX_EPOCH), ..OwnMetric::example("old") };
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        let refused = check(&[new("old")], &Book::with(vec![archived]), now).unwrap_err();
        let fields: Vec<(&str, &str)> =
            refused.fields.iter().map(|field| (field.pointer.as_str(), field.code.as_str())).collect();
        assert_eq!(fields, [("/benchmarks/0/metric", "archived_metric")]);
        assert!(check(&[new("old")], &Book::with(vec![OwnMetric::example("old")]), now).is_ok());
    }

    #[test]
    fn no_more_values_are_kept_than_there_is_room_for() {
        assert!(check_room(MOST_KEPT - 1, 1).is_ok() && check_room(MOST_KEPT, 0).is_ok());
        assert_eq!(check_room(MOST_KEPT, 1).unwrap_err().fields[0].code, "too_many");
    }

    #[test]
    fn what_is_loaded_again_says_the_same() {
        let id = BenchmarkId::new();
        let kept = benchmark(id, &new("ctr"), "2026-01-01T00:00:00Z".parse().unwrap());
        let again = benchmark(id, &new("ctr"), "2026-02-01T00:00:00Z".parse().unwrap());
        assert!(is_of_the_same(&kept, &new("ctr")) && says_the_same(&kept, &again));
        let other = NewBenchmark { source: "Another".to_owned(), ..new("ctr") };
        assert!(!says_the_same(&kept, &benchmark(id, &other, kept.loaded_at)));
    }
}
