use proptest::prelude::*;

use super::super::{SeasonLength, Side};
use super::*;

fn day(n: i64) -> NaiveDateTime {
    "2024-01-01T00:00:00".parse::<NaiveDateTime>().unwrap() + TimeDelta::days(n)
}

fn replay(rule: ReplayRule, values: &[Option<f64>]) -> (Vec<Step>, Summary) {
    let mut replay = Replay::new(rule).unwrap();
    let steps = values
        .iter()
        .zip(0..)
        .map(|(value, n)| replay.step(&value.map_or_else(|| Bucket::missing(day(n)), |v| Bucket::plain(day(n), v))))
        .collect();
    (steps, replay.finish())
}

fn line_at_100() -> ReplayRule {
    ReplayRule::Threshold(Threshold { recovery_line: Some(90.0), ..Threshold::new(Side::Above, 100.0) })
}

#[test]
fn a_breach_fires_once_and_lasts_until_recovery() {
    let values = [50.0, 110.0, 95.0, 120.0, 89.0, 100.0, 10.0, 130.0].map(Some);
    let (steps, summary) = replay(line_at_100(), &values);
    let fired: Vec<bool> = steps.iter().map(|step| step.fired).collect();
    assert_eq!(fired, [false, true, false, false, false, true, false, true]);
    let open: Vec<bool> = steps.iter().map(|step| step.open).collect();
    assert_eq!(open, [false, true, true, true, false, true, false, true]);
    assert_eq!((summary.episodes, summary.open, summary.judged), (3, true, 8));
    let longest = summary.longest.unwrap();
    assert_eq!((longest.from, longest.to, longest.buckets), (day(1), day(3), 3));
    assert_eq!(summary.first, summary.longest);
    assert_eq!(summary.last.unwrap().from, day(7));
}

#[test]
fn a_hole_in_the_data_neither_opens_nor_closes() {
    let (steps, summary) = replay(line_at_100(), &[None, Some(110.0), None, Some(105.0), Some(20.0), None]);
    assert_eq!(steps.iter().filter(|step| step.fired).count(), 1);
    assert!(steps[2].open && !steps[5].open);
    assert_eq!((summary.episodes, summary.without_value, summary.longest.unwrap().buckets), (1, 3, 3));
}

/// Twelve weeks of a shop that sells 100 on weekdays and 40 at weekends, give or take 2.
fn shop() -> Vec<Option<f64>> {
    (0..84).map(|n| Some(if n % 7 >= 5 { 40.0 } else { 100.0 } + [0.0, 2.0, -1.0, 1.0, -2.0][n % 5])).collect()
}

#[test]
fn a_weekend_is_no_incident_but_a_bad_monday_is() {
    let rule = Deviation::default();
    let (_, summary) = replay(ReplayRule::Deviation(rule), &shop());
    assert_eq!((summary.episodes, summary.too_little_history, summary.judged), (0, 42, 42));
    let mut bad = shop();
    bad[70] = Some(40.0);
    let (steps, summary) = replay(ReplayRule::Deviation(rule), &bad);
    assert_eq!(summary.episodes, 1);
    assert!(steps[70].fired && steps[71].verdict.leaves_open(false) == steps[71].open);
    // Without a season, against the five days before, each Saturday is one.
    let season = Season::of_cadence(SeasonLength::None, TimeDelta::days(1));
    let blind = Deviation { season, window: 5, min_history: 5, ..rule };
    let (steps, summary) = replay(ReplayRule::Deviation(blind), &shop());
    assert!(summary.episodes > 0 && steps[75].fired, "the season is what keeps weekends quiet");
}

#[test]
fn days_closed_around_noon_keep_their_weekday() {
    let mut replay = Replay::new(ReplayRule::Deviation(Deviation::default())).unwrap();
    let mut values = shop();
    values[77] = Some(40.0);
    let jitter = [0, 3, -2, 1, -4].into_iter().cycle();
    let steps: Vec<Step> = values
        .into_iter()
        .zip(0..)
        .zip(jitter)
        .map(|((value, n), minutes)| {
            let noon = day(n) + TimeDelta::hours(12) + TimeDelta::minutes(minutes);
            replay.step(&Bucket::plain(noon, value.unwrap()))
        })
        .collect();
    assert!(steps[77].fired, "a Monday closed at 11:58 is no Sunday");
    assert_eq!(replay.finish().episodes, 1);
}

#[test]
fn a_lasting_change_of_level_becomes_the_new_normal() {
    let values: Vec<Option<f64>> =
        (0..40).map(|n| Some(if n < 20 { 100.0 } else { 50.0 } + f64::from(n % 3))).collect();
    let rule = Deviation { season: Season::None, ..Deviation::default() };
    let (steps, summary) = replay(ReplayRule::Deviation(rule), &values);
    assert_eq!((summary.episodes, summary.open), (1, false));
    assert!(steps[20].fired && !steps[28].open, "within a window of eight");
}

#[test]
fn the_summary_reads_well() {
    let (_, summary) = replay(line_at_100(), &[Some(110.0), Some(20.0), None, Some(110.0), Some(200.0)]);
    let text = summary.with_cadence(Some(TimeDelta::days(1))).to_string();
    assert_eq!(
        text,
        "5 rows, one every day, from 2024-01-01 00:00:00 to 2024-01-05 00:00:00.\n\
         4 judged, 1 without a value.\n\
         The rule would have fired 2 times.\n\
         \x20 first:   2024-01-01 00:00:00 to 2024-01-01 00:00:00 (1 row, highest score 0.52)\n\
         \x20 last:    2024-01-04 00:00:00 to 2024-01-05 00:00:00 (2 rows, highest score 0.67)\n\
         \x20 longest: 2024-01-04 00:00:00 to 2024-01-05 00:00:00 (2 rows, highest score 0.67)\n\
         The last one is still open at the end."
    );
    let (_, summary) = replay(ReplayRule::Deviation(Deviation::default()), &[Some(1.0); 20]);
    assert!(summary.to_string().contains("a row needs 6 earlier ones"), "{summary}");
    assert_eq!(Summary::default().to_string(), "No rows: there is nothing to judge.");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    assert!(Replay::new(ReplayRule::Deviation(Deviation { k: -1.0, ..Deviation::default() })).is_err());
    assert!(Replay::new(ReplayRule::Threshold(Threshold::new(Side::Above, f64::NAN))).is_err());
}

fn series(longest: usize) -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::weighted(0.9, -100.0..100.0_f64), 1..longest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_comes_later_changes_nothing_earlier(
        past in series(120),
        one_future in series(40),
        other_future in series(40),
        seasonal: bool,
    ) {
        let season = if seasonal { Season::WEEKDAY } else { Season::None };
        let rule = ReplayRule::Deviation(Deviation { season, ..Deviation::default() });
        let steps = |future: &[Option<f64>]| replay(rule, &[&past[..], future].concat()).0[..past.len()].to_vec();
        prop_assert_eq!(steps(&one_future), steps(&other_future));
        prop_assert_eq!(steps(&one_future), steps(&[]));
    }

    #[test]
    fn the_replay_says_what_the_live_rule_says(values in series(100), at in 0..100_usize) {
        let rule = Deviation::default();
        let (steps, _) = replay(ReplayRule::Deviation(rule), &values);
        let at = at % values.len();
        let buckets: Vec<Bucket> = values.iter().zip(0..)
            .map(|(value, n)| value.map_or_else(|| Bucket::missing(day(n)), |v| Bucket::plain(day(n), v)))
            .collect();
        let open = at > 0 && steps[at - 1].open;
        prop_assert_eq!(&rule.judge(&buckets, &buckets[at], open), &steps[at].verdict);
    }

    #[test]
    fn episodes_are_the_rows_that_fired(values in series(200)) {
        let rule = ReplayRule::Deviation(Deviation { season: Season::None, k: 1.0, ..Deviation::default() });
        let (steps, summary) = replay(rule, &values);
        let fired = steps.iter().filter(|step| step.fired).count();
        prop_assert_eq!(u64::try_from(fired).unwrap(), summary.episodes);
        for pair in steps.windows(2) {
            prop_assert_eq!(pair[1].fired, pair[1].open && !pair[0].open);
        }
    }
}
