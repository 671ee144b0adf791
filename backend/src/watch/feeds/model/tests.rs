use super::*;
use crate::platform::validate::Checks;
use serde_json::json;
use tillwatch_shared::feeds::FeedHeader;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn setup(every: FeedCadence) -> Setup {
    let mapping = json!({
        "measures": [{ "value": "v", "metric": { "constant": "spend" } }], "time": { "column": "t", "format": "rfc3339" },
    });
    Setup {
        name: "Costs".into(),
        kind: FeedKind::Ads,
        url: "https://a.example/x".into(),
        format: FeedFormat::Csv,
        mapping: serde_json::from_value(mapping).unwrap(),
        header_names: Vec::new(),
        every,
        minute: 6 * 60 + 30,
        grace_minutes: None,
        taken_from: None,
    }
}

fn ran(outcome: FeedOutcome) -> Ran {
    let fault = (outcome == FeedOutcome::Failed).then_some(FeedFault::Status);
    Ran { outcome, fault, mostly_refused: false, seen: None, newest_at: None }
}

/// An id whose moment within the minute is its first second.
const ID: FeedId = FeedId(uuid::Uuid::from_u128(1800));

#[test]
fn a_feed_is_fetched_at_the_steps_of_its_cadence_and_at_a_moment_of_its_own() {
    let zone = chrono_tz::America::New_York;
    let next = |every, text: &str| setup(every).next(ID, zone, at(text)).to_rfc3339();
    assert_eq!(next(FeedCadence::FiveMinutes, "2026-07-01T09:04:59Z"), "2026-07-01T09:05:00+00:00");
    assert_eq!(next(FeedCadence::FiveMinutes, "2026-07-01T09:05:00Z"), "2026-07-01T09:10:00+00:00");
    assert_eq!(next(FeedCadence::QuarterHour, "2026-07-01T09:05:00Z"), "2026-07-01T09:15:00+00:00");
    assert_eq!(next(FeedCadence::HalfHour, "2026-07-01T09:05:00Z"), "2026-07-01T09:30:00+00:00");
    assert_eq!(next(FeedCadence::Hour, "2026-07-01T09:05:00Z"), "2026-07-01T10:00:00+00:00");
    assert_eq!(next(FeedCadence::Day, "2026-07-01T10:00:00Z"), "2026-07-01T10:30:00+00:00");
    assert_eq!(next(FeedCadence::Day, "2026-07-01T10:30:00Z"), "2026-07-02T10:30:00+00:00");
    // The clocks change on that day, and skip the time of another.
    assert_eq!(next(FeedCadence::Day, "2026-03-07T12:00:00Z"), "2026-03-08T10:30:00+00:00");
    let skipped = Setup { minute: 2 * 60 + 30, ..setup(FeedCadence::Day) };
    assert_eq!(skipped.next(ID, zone, at("2026-03-07T12:00:00Z")).to_rfc3339(), "2026-03-08T07:30:00+00:00");
    let other = FeedId(uuid::Uuid::from_u128(77));
    let own = setup(FeedCadence::Hour).next(other, zone, at("2026-07-01T09:00:16Z"));
    assert_eq!(own.to_rfc3339(), "2026-07-01T09:00:17+00:00");
}

#[test]
fn failures_are_tried_again_with_growing_pauses_and_a_success_ends_them() {
    let (setup, begun) = (setup(FeedCadence::FiveMinutes), at("2026-07-01T09:00:00Z"));
    let mut is = Progress::new(begun);
    let mut minutes = Vec::new();
    for _ in 0..7 {
        is = is.after(&setup, &ran(FeedOutcome::Failed), begun).0;
        // Nothing is missed any more, so that only the pauses count.
        is.unwell_since = Some(begun);
        minutes.push((is.due(&setup, ID, chrono_tz::UTC, begun, 0.0) - begun).num_minutes());
    }
    assert_eq!(minutes, [5, 10, 20, 40, 60, 60, 60]);
    let late = is.due(&setup, ID, chrono_tz::UTC, begun, 1.0) - begun;
    assert_eq!(late, TimeDelta::minutes(66));
    is = is.after(&setup, &ran(FeedOutcome::Unchanged), begun).0;
    assert_eq!((is.failures, is.last_fault, is.last_success_at), (0, None, Some(begun)));
    assert_eq!(is.error_rate(), Some(7.0 / 8.0));
    for _ in 0..30 {
        is = is.after(&setup, &ran(FeedOutcome::Unchanged), begun).0;
    }
    assert_eq!((is.error_rate(), is.recent_runs), (Some(0.0), 20));
    // A document whose every row is refused is a failure, too.
    let refused = Ran { mostly_refused: true, ..ran(FeedOutcome::Refused) };
    assert_eq!(is.after(&setup, &refused, begun).0.failures, 1);
}

#[test]
fn the_team_is_told_once_when_a_feed_fails_and_once_when_it_is_well() {
    use FeedOutcome::{Failed, Taken, Unchanged};
    let setup = setup(FeedCadence::Hour);
    let (begun, mut is, mut told) = (at("2026-07-01T09:00:00Z"), Progress::new(at("2026-07-01T09:00:00Z")), Vec::new());
    for outcome in [Taken, Failed, Failed, Failed, Failed, Unchanged, Failed, Failed, Failed, Taken] {
        let (next, said) = is.after(&setup, &ran(outcome), begun);
        is = next;
        told.extend(said.map(|said| (said, is.episode, is.trouble)));
    }
    let failing = Some(FeedTrouble::Failing);
    assert_eq!(
        told,
        [(Told::Unwell, 1, failing), (Told::Well, 1, failing), (Told::Unwell, 2, failing), (Told::Well, 2, failing)]
    );
    assert_eq!(is.state(Life::Active), FeedState::Active);
}

#[test]
fn a_feed_that_brings_nothing_new_is_missed_when_its_grace_ends_and_not_before() {
    let setup = Setup { grace_minutes: Some(100), ..setup(FeedCadence::Hour) };
    let begun = at("2026-07-01T09:00:00Z");
    let (is, _) = Progress::new(begun).after(&setup, &ran(FeedOutcome::Taken), begun);
    let due = |is: &Progress, text: &str| is.due(&setup, ID, chrono_tz::UTC, at(text), 0.0).to_rfc3339();
    assert_eq!(due(&is, "2026-07-01T09:00:00Z"), "2026-07-01T10:00:00+00:00");
    // One more try when the grace ends.
    assert_eq!(due(&is, "2026-07-01T10:00:05Z"), "2026-07-01T10:40:00+00:00");
    let (is, told) = is.after(&setup, &ran(FeedOutcome::Unchanged), at("2026-07-01T10:39:59Z"));
    assert_eq!(told, None);
    let (is, told) = is.after(&setup, &ran(FeedOutcome::Unchanged), at("2026-07-01T10:40:00Z"));
    assert_eq!((told, is.state(Life::Active)), (Some(Told::Unwell), FeedState::Silent));
    assert_eq!(due(&is, "2026-07-01T10:40:01Z"), "2026-07-01T11:00:00+00:00");
    let (is, told) = is.after(&setup, &ran(FeedOutcome::Unchanged), at("2026-07-01T11:00:00Z"));
    assert_eq!(told, None, "once");
    let (is, told) = is.after(&setup, &ran(FeedOutcome::Taken), at("2026-07-01T12:00:00Z"));
    assert_eq!((told, is.state(Life::Active)), (Some(Told::Well), FeedState::Active));
    assert_eq!((is.state(Life::Paused), is.state(Life::Archived)), (FeedState::Paused, FeedState::Archived));
    // Resumed after a month: the month is not held against it.
    let again = is.begun_again(at("2026-08-01T00:00:00Z"));
    assert_eq!(again.after(&setup, &ran(FeedOutcome::Unchanged), at("2026-08-01T00:01:00Z")).1, None);
}

#[test]
fn the_lag_is_that_of_the_newest_sample() {
    let (setup, now) = (setup(FeedCadence::Hour), at("2026-07-01T09:00:00Z"));
    let is = Progress::new(now);
    assert_eq!(is.lag(now), None);
    let (is, _) = is.after(&setup, &ran(FeedOutcome::Unchanged), now);
    assert_eq!(is.lag(now + TimeDelta::seconds(9)), Some(9));
    let newest = |text: &str| Ran { newest_at: Some(at(text)), ..ran(FeedOutcome::Taken) };
    let (is, _) = is.after(&setup, &newest("2026-07-01T08:00:00Z"), now);
    let (is, _) = is.after(&setup, &newest("2026-06-01T08:00:00Z"), now);
    assert_eq!(is.lag(now), Some(3600));
}

#[test]
fn an_address_shows_no_secret_and_secrets_stay_with_their_server() {
    for (whole, open, query, shown) in [
        ("https://a.example/x?key=canary", "https://a.example/x?", Some("key=canary"), "https://a.example/x?…"),
        ("https://a.example?a?b", "https://a.example?", Some("a?b"), "https://a.example?…"),
        ("https://a.example/x?", "https://a.example/x?", Some(""), "https://a.example/x?…"),
        ("https://a.example/x", "https://a.example/x", None, "https://a.example/x"),
    ] {
        assert_eq!(parted(whole), (open, query));
        assert_eq!((shown_url(open).as_str(), hides(open)), (shown, query.is_some()));
    }
    assert!(same_server("https://a.example/x", "https://A.example:443/y?z"));
    for other in ["https://b.example/x", "https://a.example:8443/x", "https://a.example.b.example/x", "no address"] {
        assert!(!same_server("https://a.example/x", other), "{other}");
    }
}

#[test]
fn headers_and_mappings_that_make_no_sense_are_refused_field_by_field() {
    let pointers = |checks: Checks| {
        let refused = checks.done().err();
        refused.map(|error| error.fields.into_iter().map(|field| field.pointer).collect::<Vec<_>>()).unwrap_or_default()
    };
    let header = |name: &str, value: &str| FeedHeader { name: name.into(), value: value.into() };
    let mut checks = Checks::default();
    let wrong = [header("Host", "a"), header("X-Key", "a\nb"), header("x-key", "密"), header("a b", " c")];
    check_headers(&mut checks, &wrong);
    assert_eq!(
        pointers(checks),
        [
            "/headers/0/name",
            "/headers/1/value",
            "/headers/2/name",
            "/headers/2/value",
            "/headers/3/name",
            "/headers/3/value"
        ]
    );
    let mut checks = Checks::default();
    check_headers(&mut checks, &[header("Authorization", "Bearer 1"), header("X-Shop", "7")]);
    assert_eq!(pointers(checks), Vec::<String>::new());
    let wrong = serde_json::from_value(json!({
        "rows": "data", "measures": [{ "value": "", "metric": {} }], "key_columns": ["a "],
        "time": { "column": "t", "format": "date", "time_zone": "Mars" }, "channel": { "column": "a", "constant": "b" },
    }));
    let mut checks = Checks::default();
    check_mapping(&mut checks, FeedFormat::Csv, &wrong.unwrap());
    assert_eq!(
        pointers(checks),
        [
            "/mapping/rows",
            "/mapping/rows",
            "/mapping/measures/0/value",
            "/mapping/measures/0/metric",
            "/mapping/time/time_zone",
            "/mapping/channel",
            "/mapping/key_columns/0",
        ]
    );
}

#[test]
fn what_nobody_looked_at_is_not_missed_and_a_longer_grace_is_no_new_data() {
    let hourly = setup(FeedCadence::Hour);
    let begun = at("2026-07-01T09:00:00Z");
    let (is, _) = Progress::new(begun).after(&hourly, &ran(FeedOutcome::Taken), begun);
    // The service was down for a day, or the retailer rested.
    let back = at("2026-07-02T09:00:00Z");
    let (rested, told) = is.after(&hourly, &ran(FeedOutcome::Unchanged), back);
    assert_eq!((told, rested.watched_since), (None, back));
    // Fetched all the time it is missed, and with a longer grace nobody is told that it brings data again.
    let mut silent = is;
    for hour in 1..=3 {
        silent = silent.after(&hourly, &ran(FeedOutcome::Unchanged), begun + TimeDelta::hours(hour)).0;
    }
    assert_eq!(silent.state(Life::Active), FeedState::Silent);
    let patient = Setup { grace_minutes: Some(600), ..setup(FeedCadence::Hour) };
    let (well, told) = silent.after(&patient, &ran(FeedOutcome::Unchanged), at("2026-07-01T13:00:00Z"));
    assert_eq!((told, well.state(Life::Active)), (None, FeedState::Active));
    // Another cadence or source begins anew, and another source without the failures of the one before.
    let failed = Progress { failures: 2, ..silent };
    assert_eq!(failed.watched_anew(back, false).failures, 2);
    let anew = failed.watched_anew(back, true);
    assert_eq!((anew.failures, anew.watched_since), (0, back));
    let mut checks = Checks::default();
    check_times(&mut checks, &Setup { grace_minutes: Some(59), ..hourly }, None);
    assert_eq!(checks.done().unwrap_err().fields[0].code, "too_short");
}
