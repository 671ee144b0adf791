use proptest::prelude::*;

use super::super::Verdict;
use super::*;

const HOUR: i64 = 3_600;
/// A Monday.
const START: i64 = 1_699_833_600;

/// Noise that is the same every time, about normal, of standard deviation 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Fifty days of hours: about 2 with a wave of the day and 10 % of noise, changed as `change` says (row, value).
fn cost(change: impl Fn(usize, f64) -> f64) -> Vec<(i64, f64)> {
    let mut noise = Noise(7);
    (0..1_200)
        .map(|row| {
            let time = START + i64::try_from(row).unwrap() * HOUR;
            let wave = 0.3 * ((row % 24) as f64 / 24.0 * std::f64::consts::TAU).sin();
            (time, change(row, 2.0 * (wave + 0.1 * noise.next()).exp()))
        })
        .collect()
}

fn read(rows: &[(i64, f64)]) -> Vec<Reading> {
    let mut learned = Learned::new();
    rows.iter().map(|(time, value)| learned.judge(*time, *value)).collect()
}

fn fired(rows: &[(i64, f64)]) -> Vec<usize> {
    read(rows).iter().enumerate().filter(|(_, reading)| reading.fired).map(|(row, _)| row).collect()
}

#[test]
fn an_ordinary_series_is_quiet() {
    assert_eq!(fired(&cost(|_, value| value)), [0; 0]);
}

#[test]
fn half_a_year_of_nothing_but_chance_is_quiet() {
    // Counts for each five minutes without memory, season or trend, as uneven as waiting times are.
    let mut noise = Noise(1);
    let rows: Vec<(i64, f64)> =
        (0..180 * 288).map(|row| (START + row * 300, (-20.0 * noise.uniform().max(1e-9).ln()).floor())).collect();
    let alerts = fired(&rows).len();
    assert!(alerts <= 3, "{alerts} alerts in 180 days");
}

#[test]
fn a_spike_fires_at_once_and_explains_itself() {
    let rows = cost(|row, value| if row == 900 { value * 5.0 } else { value });
    let readings = read(&rows);
    let alarming: Vec<usize> = (0..rows.len()).filter(|row| readings[*row].score >= 0.5).collect();
    assert_eq!(alarming, [900], "the row that fires, and no other, has half the score or more");
    let spike = readings[900];
    assert!(spike.fired && spike.open && spike.voice == Some(Voice::Spike), "{spike:?}");
    let figures = spike.figures().unwrap();
    let (expected, low, high) = (figures.expected.unwrap(), figures.low.unwrap(), figures.high.unwrap());
    assert_eq!(figures.value.to_bits(), rows[900].1.to_bits());
    assert!((1.2..3.0).contains(&expected), "{figures:?}");
    assert!(0.0 < low && low < expected && expected < high && high < figures.value, "{figures:?}");
    assert_eq!((figures.n, figures.score.to_bits()), (Some(901), spike.score.to_bits()));
    assert!(matches!(spike.verdict(), Verdict::Firing(_)) && matches!(readings[901].verdict(), Verdict::Holding(_)));
    assert!((890..900).all(|row| matches!(readings[row].verdict(), Verdict::Quiet(_))));
    let ended = (901..1_200).find(|row| matches!(readings[*row].verdict(), Verdict::Recovered(_))).unwrap();
    assert!((924..940).contains(&ended), "calm for a day ends it: {ended}");
    assert!(readings[ended + 1..].iter().all(|reading| matches!(reading.verdict(), Verdict::Quiet(_))));
}

/// Name, rows, rows from the change to the latest alert, names that the change may be called by.
type Case = (&'static str, Vec<(i64, f64)>, usize, &'static [Voice]);

#[test]
fn each_kind_of_change_fires_once_by_its_name() {
    let noise = std::cell::RefCell::new(Noise(3));
    let cases: [Case; 6] = [
        ("drop", cost(|row, v| if row == 900 { v * 0.1 } else { v }), 2, &[Voice::Drop]),
        (
            "5 dear hours",
            cost(|row, v| if (900..905).contains(&row) { v * 1.9 } else { v }),
            4,
            &[Voice::Spike, Voice::Burst, Voice::Level],
        ),
        (
            "level",
            cost(|row, v| if row >= 900 { v * 1.45 } else { v }),
            24,
            &[Voice::Spike, Voice::Burst, Voice::Level, Voice::Trend],
        ),
        (
            "trend",
            cost(|row, v| v * (1.0 + 0.004 * row.saturating_sub(900) as f64)),
            240,
            &[Voice::Level, Voice::Trend, Voice::Burst],
        ),
        (
            "noise",
            cost(|row, v| if row >= 900 { v * (0.45 * noise.borrow_mut().next()).exp() } else { v }),
            24,
            &[Voice::Spread, Voice::Spike, Voice::Drop, Voice::Burst],
        ),
        ("flat line", cost(|row, v| if row >= 900 { 2.0 } else { v }), 48, &[Voice::Spread]),
    ];
    for (name, rows, within, voices) in cases {
        let readings = read(&rows[..1_100.min(rows.len())]);
        let alerts: Vec<usize> = (0..readings.len()).filter(|row| readings[*row].fired).collect();
        assert_eq!(alerts.len(), 1, "{name}: {alerts:?}");
        assert!((900..=900 + within).contains(&alerts[0]), "{name}: {alerts:?}");
        let voice = readings[alerts[0]].voice.unwrap();
        assert!(voices.contains(&voice), "{name}: {voice:?}");
    }
}

#[test]
fn an_ordinary_value_at_the_wrong_hour_is_an_anomaly() {
    // A shop sells by day only; one night it sells as if it were noon, and one noon nothing.
    let mut noise = Noise(11);
    let mut rows: Vec<(i64, f64)> = (0..24 * 50)
        .map(|hour| {
            let open = (8..20).contains(&(hour % 24));
            (START + hour * HOUR, if open { (100.0 + 8.0 * noise.next()).round() } else { 0.0 })
        })
        .collect();
    assert_eq!(fired(&rows), [0; 0], "nights are no incidents");
    for hour in 2..5 {
        rows[24 * 30 + hour].1 = 100.0;
    }
    for hour in 11..15 {
        rows[24 * 40 + hour].1 = 0.0;
    }
    let alerts = fired(&rows);
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert!((24 * 30 + 2..24 * 30 + 5).contains(&alerts[0]), "{alerts:?}");
    assert!((24 * 40 + 11..24 * 40 + 15).contains(&alerts[1]), "{alerts:?}");
}

#[test]
fn one_order_a_week_is_no_incident_but_five_in_an_hour_are() {
    let mut rows: Vec<(i64, f64)> =
        (0..1_500).map(|hour| (START + hour * HOUR, f64::from(u8::from(hour % 61 == 7)))).collect();
    assert_eq!(fired(&rows), [0; 0]);
    rows[1_200].1 = 6.0;
    assert_eq!(fired(&rows), [1_200]);
}

#[test]
fn a_series_that_stands_still_fires_when_it_moves() {
    for (still, moved) in [(0.0, 0.004), (0.0, 25.0), (17.0, 3.0), (-2.5, 2.5)] {
        let mut rows: Vec<(i64, f64)> = (0..400).map(|hour| (START + hour * HOUR, still)).collect();
        assert_eq!(fired(&rows), [0; 0], "{still}");
        rows[300].1 = moved;
        assert_eq!(fired(&rows), [300], "{still} then {moved}");
    }
}

#[test]
fn the_first_rows_are_not_judged_and_say_so() {
    let rows = cost(|row, value| if row < 20 { value * [1.0, 40.0][row % 2] } else { value });
    let readings = read(&rows);
    for (row, reading) in readings.iter().enumerate().take(20) {
        let Verdict::NoData(NoDataReason::TooLittleHistory { have, need }) = reading.verdict() else {
            panic!("{row}: {reading:?}");
        };
        assert_eq!((have as usize, need, reading.score.to_bits()), (row, FIRST_ROWS, 0));
        assert!(reading.figures().is_none() && !reading.fired);
    }
    assert!(readings[20].figures().is_some());
}

#[test]
fn the_same_spike_is_less_sure_in_the_first_days() {
    let score = |at: usize| read(&cost(|row, value| if row == at { value * 5.0 } else { value }))[at].score;
    let (second_day, fifth_day, later) = (score(40), score(110), score(900));
    assert!(second_day < fifth_day && fifth_day < later, "{second_day} {fifth_day} {later}");
    assert!(fifth_day >= 0.5, "but a great one is seen in the first week: {fifth_day}");
}

#[test]
fn hours_without_rows_do_not_make_the_next_one_strange() {
    // An office's series: high by day, next to nothing by night; from the evening to the next noon nothing comes.
    let mut noise = Noise(5);
    let rows: Vec<(i64, f64)> = (0..24 * 50_i64)
        .map(|hour| (hour, if (8..20).contains(&(hour % 24)) { 50.0 } else { 2.0 } * (0.08 * noise.next()).exp()))
        .filter(|(hour, _)| !(24 * 30 + 22..24 * 31 + 12).contains(hour))
        .map(|(hour, value)| (START + hour * HOUR, value))
        .collect();
    assert_eq!(fired(&rows), [0; 0]);
}

#[test]
fn times_that_stand_still_or_go_back_are_judged_all_the_same() {
    let spiked = |row: usize, value: f64| if row == 900 { value * 6.0 } else { value };
    let mut rows = cost(spiked);
    for row in 400..404 {
        rows[row].0 = rows[399].0;
    }
    rows.swap(600, 601);
    let doubled: Vec<(i64, f64)> =
        cost(spiked).iter().flat_map(|(time, value)| [(*time, *value), (*time, *value)]).collect();
    assert_eq!(fired(&rows), [900]);
    assert_eq!(fired(&doubled), [1_800]);
}

#[test]
fn missing_values_change_nothing() {
    let rows = cost(|row, value| if row == 900 { value * 5.0 } else { value });
    let mut holed = Vec::new();
    for (time, value) in &rows {
        holed.push((*time, *value));
        holed.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200, -1e31].map(|nothing| (*time + 1, nothing)));
    }
    let (plain, with_holes) = (read(&rows), read(&holed));
    for (row, reading) in plain.iter().enumerate() {
        assert_eq!(*reading, with_holes[6 * row]);
        assert_eq!(with_holes[6 * row + 1].verdict(), Verdict::NoData(NoDataReason::NoValue));
        assert_eq!(with_holes[6 * row + 4].verdict(), Verdict::NoData(NoDataReason::OutOfRange));
    }
}

#[test]
fn the_unit_of_the_figures_makes_no_difference() {
    let rows = cost(|row, value| if row == 700 { value * 4.0 } else { value });
    let alerts = fired(&rows);
    assert_eq!(alerts, [700]);
    for factor in [1e-9, 1e-3, 1e4, 1e20] {
        let scaled: Vec<(i64, f64)> = rows.iter().map(|(time, value)| (*time, value * factor)).collect();
        assert_eq!(fired(&scaled), alerts, "times {factor}");
    }
}

#[test]
fn every_cadence_has_its_spike() {
    for step in [1, 10, 60, 300, 1_800, HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR] {
        let mut noise = Noise(step as u64);
        let rows: Vec<(i64, f64)> = (0..900)
            .map(|row| (START + row * step, 40.0 * (0.1 * noise.next()).exp() * if row == 700 { 6.0 } else { 1.0 }))
            .collect();
        // Nine hundred rows of six hours are seven months: chance may have its one alert.
        let alerts = fired(&rows);
        assert!(alerts.contains(&700) && alerts.len() <= 2, "every {step} seconds: {alerts:?}");
    }
}

#[test]
fn the_size_of_the_state_is_what_the_documents_say() {
    assert_eq!(STATE_BYTES, 704);
}

#[test]
fn a_state_that_was_stored_goes_on_as_if_it_had_not_been() {
    let rows = cost(|row, value| if row == 900 { value * 5.0 } else { value });
    let (mut kept, mut stored) = (Learned::new(), Learned::new());
    for (row, (time, value)) in rows.iter().enumerate() {
        if row % 97 == 0 || row < 30 {
            let json = serde_json::to_string(&stored).unwrap();
            stored = serde_json::from_str(&json).unwrap();
        }
        assert_eq!(kept.judge(*time, *value), stored.judge(*time, *value), "row {row}");
    }
    assert_eq!(kept, stored);
}

/// Any number at all, and often one of the kinds that series are made of.
fn values() -> impl Strategy<Value = f64> {
    prop_oneof![3 => 0.0..100.0, 1 => (0_u8..4).prop_map(f64::from), 1 => any::<f64>(), 1 => Just(0.0)]
}

/// Steps of time, mostly an hour.
fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(HOUR), 1 => -HOUR..HOUR * 50, 1 => any::<i64>()]
}

proptest! {
    #[test]
    fn nothing_breaks_it(rows in proptest::collection::vec((steps(), values()), 0..300)) {
        let mut learned = Learned::new();
        let (mut time, mut open) = (START, false);
        for (step, value) in rows {
            time = time.wrapping_add(step);
            let reading = learned.judge(time, value);
            prop_assert!((0.0..=1.0).contains(&reading.score));
            prop_assert_eq!(reading.fired, reading.score >= 0.5);
            prop_assert_eq!(reading.fired, reading.open && !open);
            open = reading.open;
            if let Some(figures) = reading.figures() {
                let (low, high) = (figures.low.unwrap(), figures.high.unwrap());
                prop_assert!(low.is_finite() && high.is_finite() && low <= high, "{:?}", figures);
                prop_assert!(figures.expected.unwrap().is_finite());
            }
        }
        let json = serde_json::to_string(&learned).unwrap();
        prop_assert!(!json.contains("null") || learned.rows == 0, "every number stays finite: {}", json);
    }

    #[test]
    fn what_comes_later_changes_nothing(
        rows in proptest::collection::vec((steps(), values()), 2..300),
        cut in 0.0..1.0_f64,
    ) {
        let mut time = START;
        let rows: Vec<(i64, f64)> = rows.iter().map(|(step, value)| { time = time.wrapping_add(*step); (time, *value) }).collect();
        let cut = (cut * rows.len() as f64) as usize;
        let (whole, prefix) = (read(&rows), read(&rows[..cut]));
        for (row, reading) in prefix.iter().enumerate() {
            prop_assert_eq!(format!("{reading:?}"), format!("{:?}", whole[row]));
        }
    }
}
