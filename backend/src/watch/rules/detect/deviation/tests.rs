use chrono::{NaiveDateTime, TimeDelta};
use proptest::prelude::*;

use super::*;

fn monday() -> NaiveDateTime {
    "2024-01-01T00:00:00".parse().unwrap()
}

/// Buckets a week apart, ending a week before the bucket of `judge`.
fn weeks(values: &[f64]) -> Vec<Bucket> {
    values.iter().zip(0..).map(|(value, week)| Bucket::plain(monday() + TimeDelta::weeks(week), *value)).collect()
}

fn judge(rule: &Deviation, history: &[f64], value: f64, open: bool) -> Verdict {
    let start = monday() + TimeDelta::weeks(i64::try_from(history.len()).unwrap());
    rule.judge(&weeks(history), &Bucket::plain(start, value), open)
}

fn close(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() < 1e-6)
}

#[test]
fn the_figures_are_those_computed_by_hand() {
    // Mean 40 / 8 = 5; squared deviations 9+1+1+1+0+0+4+16 = 32; sigma = sqrt(32 / 7).
    let history = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    let Verdict::Firing(figures) = judge(&Deviation::default(), &history, 0.5, false) else { panic!("0.5 fires") };
    assert_eq!((figures.n, figures.expected, figures.sigma_floored), (Some(8), Some(5.0), false));
    assert!(close(figures.sigma, 2.138_089_935), "{figures:?}");
    assert!(close(figures.z, -2.104_682_280), "{figures:?}");
    assert!(close(figures.line, 0.723_820_130) && close(figures.overshoot, 0.223_820_130), "{figures:?}");
    assert!(close(figures.overshoot_share, 0.309_220_648), "{figures:?}");
    assert!(close(figures.low, 0.723_820_130) && close(figures.high, 9.276_179_870), "{figures:?}");
    assert!(close(figures.recovery, 2.861_910_065), "{figures:?}");
    assert!(close(Some(figures.score), 0.512_751_4), "{figures:?}");
}

#[test]
fn more_than_two_sigma_means_more() {
    // Mean 10, squared deviations 9+1+0+0+1+9 = 20 over 5: sigma is exactly 2, the line exactly 6.
    let history = [7.0, 9.0, 10.0, 10.0, 11.0, 13.0];
    let rule = Deviation::default();
    let Verdict::Holding(on_line) = judge(&rule, &history, 6.0, false) else { panic!("6 is two sigma, not more") };
    assert_eq!((on_line.z, on_line.line, on_line.score), (Some(-2.0), Some(6.0), 0.5));
    assert!(matches!(judge(&rule, &history, 5.999, false), Verdict::Firing(_)));
    assert!(matches!(judge(&rule, &history, 30.0, false), Verdict::Quiet(_)), "one side only");
    let above = Deviation { side: Side::Above, ..rule };
    let Verdict::Firing(figures) = judge(&above, &history, 15.0, false) else { panic!("15 is 2.5 sigma above") };
    assert_eq!((figures.z, figures.line, figures.overshoot), (Some(2.5), Some(14.0), Some(1.0)));
}

#[test]
fn a_value_between_the_lines_keeps_things_as_they_are() {
    let history = [7.0, 9.0, 10.0, 10.0, 11.0, 13.0];
    let rule = Deviation::default();
    let mut open = false;
    let mut changes = Vec::new();
    for value in [6.1, 5.9, 6.1, 5.9, 7.9, 8.0, 6.1, 10.0] {
        let now = judge(&rule, &history, value, open).leaves_open(open);
        if now != open {
            changes.push((value, now));
        }
        open = now;
    }
    assert_eq!(changes, [(5.9, true), (8.0, false)], "opened once, closed once, at one sigma");
}

#[test]
fn one_bad_week_hides_the_next_from_the_mean_but_not_from_the_median() {
    let history = [10.0, 10.2, 9.8, 10.1, 9.9, 10.0, 10.3, 1.0];
    let mean = Deviation::default();
    assert!(matches!(judge(&mean, &history, 8.5, false), Verdict::Quiet(_)));
    let median = Deviation { method: Method::MedianMad, ..mean };
    let Verdict::Firing(figures) = judge(&median, &history, 8.5, false) else { panic!("the median sees it") };
    // Median 10; deviations 0, 0, .1, .1, .2, .2, .3, 9: their median is 0.15.
    assert!(close(figures.expected, 10.0) && close(figures.sigma, 0.222_39), "{figures:?}");
}

#[test]
fn a_flat_baseline_does_not_fire_on_noise() {
    let rule = Deviation::default();
    for quiet in [100.0, 99.5, 98.5, 98.0] {
        assert!(!matches!(judge(&rule, &[100.0; 8], quiet, false), Verdict::Firing(_)), "{quiet}");
    }
    let Verdict::Firing(figures) = judge(&rule, &[100.0; 8], 97.0, false) else { panic!("3 % under a flat line") };
    assert_eq!((figures.sigma, figures.sigma_floored, figures.z), (Some(1.0), true, Some(-3.0)));
    let coarse = Deviation { sigma_floor: 5.0, ..rule };
    assert!(!matches!(judge(&coarse, &[100.0; 8], 97.0, false), Verdict::Firing(_)));
}

#[test]
fn constant_zeros_give_nothing_to_measure_by() {
    let rule = Deviation { side: Side::Above, ..Deviation::default() };
    assert_eq!(judge(&rule, &[0.0; 8], 1.0, false), Verdict::NoData(NoDataReason::NoSpread));
    assert!(matches!(judge(&rule, &[0.0; 8], 0.0, true), Verdict::Recovered(_)));
    let one_is_noise = Deviation { sigma_floor: 1.0, ..rule };
    assert!(matches!(judge(&one_is_noise, &[0.0; 8], 1.0, false), Verdict::Quiet(_)));
    assert!(matches!(judge(&one_is_noise, &[0.0; 8], 3.0, false), Verdict::Firing(_)));
}

#[test]
fn without_history_there_is_no_verdict() {
    let few = judge(&Deviation::default(), &[10.0; 5], 0.0, false);
    assert_eq!(few, Verdict::NoData(NoDataReason::TooLittleHistory { have: 5, need: 6 }));
    assert!(matches!(judge(&Deviation::default(), &[10.0; 6], 0.0, false), Verdict::Firing(_)));
}

#[test]
fn only_the_last_weeks_of_the_same_weekday_are_the_baseline() {
    let rule = Deviation::default();
    let mut history = weeks(&[1_000.0, 1_000.0, 9.0, 11.0, 9.0, 11.0, 9.0, 11.0, 9.0, 11.0]);
    let judged = Bucket::plain(monday() + TimeDelta::weeks(10), 9.5);
    let tuesdays: Vec<Bucket> = history.iter().map(|b| Bucket::plain(b.start + TimeDelta::days(1), 500.0)).collect();
    history.extend(tuesdays);
    // The judged bucket itself and later ones are in the store too: they must not count.
    history.push(judged);
    history.extend((11..20).map(|week| Bucket::plain(monday() + TimeDelta::weeks(week), 0.0)));
    history.sort_by_key(|bucket| bucket.start);
    let verdict = rule.judge(&history, &judged, false);
    let figures = verdict.figures().unwrap();
    assert_eq!((figures.n, figures.expected), (Some(8), Some(10.0)));
}

#[test]
fn a_ratio_needs_volume_in_the_bucket_and_in_its_witnesses() {
    let rule = Deviation { min_volume: 100.0, ..Deviation::default() };
    let start = |week| monday() + TimeDelta::weeks(week);
    let mut history: Vec<Bucket> = (0..6).map(|week| Bucket::ratio(start(week), 20.0, 1_000.0)).collect();
    history.push(Bucket::ratio(start(6), 9.0, 10.0));
    history.push(Bucket::missing(start(7)));
    let verdict = |visitors| rule.judge(&history, &Bucket::ratio(start(8), 0.0, visitors), false);
    assert_eq!(verdict(99.0), Verdict::NoData(NoDataReason::TooLittleVolume { have: 99.0, need: 100.0 }));
    let Verdict::Firing(figures) = verdict(100.0) else { panic!("none of a hundred bought") };
    assert_eq!((figures.n, figures.expected), (Some(6), Some(0.02)), "90 % of ten visitors is no witness");
}

#[test]
fn a_collapse_of_sales_is_not_hidden_by_its_own_small_volume() {
    let rule = Deviation { min_volume: 50.0, ..Deviation::default() };
    assert!(matches!(judge(&rule, &[100.0; 8], 0.0, false), Verdict::Firing(_)));
    let small = judge(&rule, &[40.0; 8], 0.0, false);
    assert_eq!(small, Verdict::NoData(NoDataReason::TooLittleVolume { have: 40.0, need: 50.0 }));
}

#[test]
fn numbers_that_overflow_are_no_verdict() {
    let verdict = judge(&Deviation::default(), &[f64::MAX, -f64::MAX, f64::MAX, 0.0, f64::MAX, f64::MAX], 1.0, false);
    assert_eq!(verdict, Verdict::NoData(NoDataReason::OutOfRange));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let good = Deviation::default();
    assert!(good.check().is_ok() && Deviation { k: 1.0, ..good }.check().is_ok());
    for bad in [
        Deviation { k: 0.0, ..good },
        Deviation { k: f64::NAN, ..good },
        Deviation { k_recover: Some(2.5), ..good },
        Deviation { min_history: 9, ..good },
        Deviation { min_history: 1, ..good },
        Deviation { window: 1_001, ..good },
        Deviation { min_volume: f64::NAN, ..good },
        Deviation { sigma_floor_share: -0.1, ..good },
        Deviation { sigma_floor: f64::INFINITY, ..good },
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
    assert_eq!(serde_json::from_str::<Deviation>(r#"{"k":3.0}"#).unwrap(), Deviation { k: 3.0, ..good });
    assert!(serde_json::from_str::<Deviation>(r#"{"sigma":3.0}"#).is_err());
}

fn any_rule() -> impl Strategy<Value = Deviation> {
    (any::<bool>(), 0.5..4.0, any::<bool>()).prop_map(|(above, k, median)| Deviation {
        side: if above { Side::Above } else { Side::Below },
        k,
        method: if median { Method::MedianMad } else { Method::MeanSigma },
        ..Deviation::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn verdict_score_and_figures_agree(
        rule in any_rule(),
        history in prop::collection::vec(-1e6..1e6_f64, 6..9),
        value in -2e6..2e6_f64,
        open: bool,
    ) {
        let verdict = judge(&rule, &history, value, open);
        let figures = verdict.figures().copied().unwrap();
        let past = rule.side.past(value, figures.line.unwrap());
        prop_assert_eq!(matches!(verdict, Verdict::Firing(_)), past > 0.0);
        prop_assert!((past > 0.0 && figures.score >= 0.5) || (past <= 0.0 && figures.score <= 0.5));
        prop_assert_eq!(figures.overshoot.is_some(), past >= 0.0);
        let json = serde_json::to_string(&verdict).unwrap();
        prop_assert!(!json.contains("null"), "all figures are finite: {}", json);
    }

    #[test]
    fn unit_and_origin_of_the_scale_do_not_change_the_score(
        history in prop::collection::vec(50.0..150.0_f64, 6..9),
        value in 0.0..200.0_f64,
        factor in 0.01..100.0_f64,
    ) {
        let rule = Deviation { sigma_floor_share: 0.0, ..Deviation::default() };
        let scaled: Vec<f64> = history.iter().map(|x| x * factor).collect();
        let (plain, scaled) = (judge(&rule, &history, value, false), judge(&rule, &scaled, value * factor, false));
        prop_assert!((plain.score() - scaled.score()).abs() < 1e-6);
    }
}
