use super::*;
use crate::plan::goals::periods::Stage;
use tillwatch_shared::goals::GoalAim;
use tillwatch_shared::quantity::Quantity;

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + chrono::TimeDelta::days(number)
}

/// A goal from day `first` to day `last`.
fn course(adds_up: bool, first: i64, last: i64) -> Course {
    let target = Quantity::from_units(1).unwrap();
    Course {
        adds_up,
        aim: GoalAim::AtLeast,
        baseline: None,
        target: 1.0,
        starts_on: day(first),
        ends_on: day(last),
        stages: vec![Stage { starts_on: day(first), ends_on: day(last), target }],
        active: true,
    }
}

fn sums(values: &[f64]) -> Vec<DayFigure> {
    (0..).zip(values).map(|(number, value)| DayFigure { day: day(number), above: *value, below: None }).collect()
}

/// The same numbers in every run (splitmix64), evenly from 0 to 1.
struct Chance(u64);

impl Chance {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// About normal, with mean 0 and deviation 1 (a sum of twelve).
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// Daily figures of one shape.
fn series(shape: &str, length: usize, chance: &mut Chance) -> Vec<f64> {
    const WEEK: [f64; 7] = [0.8, 0.85, 0.9, 1.0, 1.2, 1.4, 0.85];
    let mut level = 1_000.0;
    let mut values = Vec::with_capacity(length);
    for number in 0..length {
        let season = WEEK[number % 7];
        values.push(match shape {
            "steady" => level * season * (1.0 + 0.15 * chance.normal()),
            // The level wanders by three per cent a week.
            "wandering" => {
                level *= 1.0 + 0.03 / 7.0_f64.sqrt() * chance.normal();
                level * season * (1.0 + 0.08 * chance.normal())
            }
            // Seldom anything, mostly nothing.
            "sparse" => f64::from(u8::from(chance.even() < 0.3)) * (1.0 + (9.0 * chance.even()).floor()),
            // Half a per cent more a week.
            "growing" => {
                #[expect(clippy::cast_precision_loss, reason = "a few hundred days")]
                let weeks = number as f64 / 7.0;
                level * 1.005_f64.powf(weeks) * season * (1.0 + 0.12 * chance.normal())
            }
            other => panic!("{other}"),
        });
    }
    values
}

/// Which shares of what really came lay within the intervals of 80 % and 95 %, over many series of a shape.
fn covered(shape: &str, history: usize, to_come: usize) -> (f64, f64) {
    const RUNS: u32 = 400;
    let mut chance = Chance(7);
    let (mut within_80, mut within_95) = (0, 0);
    for _ in 0..RUNS {
        let values = series(shape, history + to_come, &mut chance);
        let (begin, end) = (i64::try_from(history).unwrap() - 14, i64::try_from(history + to_come).unwrap() - 1);
        let course = course(true, begin, end);
        let through = day(i64::try_from(history).unwrap() - 1);
        let forecast = forecast(&course, &sums(&values[..history]), through).unwrap();
        let came: f64 = values[history - 14..].iter().sum();
        within_80 += u32::from(forecast.of_80.0 <= came && came <= forecast.of_80.1);
        within_95 += u32::from(forecast.of_95.0 <= came && came <= forecast.of_95.1);
    }
    (f64::from(within_80) / f64::from(RUNS), f64::from(within_95) / f64::from(RUNS))
}

#[test]
fn the_intervals_hold_what_they_say_over_series_of_many_shapes() {
    let mut all = Vec::new();
    for shape in ["steady", "wandering", "sparse", "growing"] {
        for (history, to_come) in [(28, 30), (70, 45), (182, 30), (182, 90)] {
            let (of_80, of_95) = covered(shape, history, to_come);
            println!("{shape:10} {history:4} days of history, {to_come:3} to come: {of_80:.2} {of_95:.2}");
            all.push((of_80, of_95));
            assert!((0.58..=0.98).contains(&of_80) && of_95 >= 0.83, "{shape} {history} {to_come}: {of_80} {of_95}");
        }
    }
    let count = f64::from(u32::try_from(all.len()).unwrap());
    let (of_80, of_95) = all.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0 / count, sum.1 + one.1 / count));
    println!("all: {of_80:.3} {of_95:.3}");
    assert!((0.76..=0.88).contains(&of_80), "{of_80}");
    assert!((0.92..=0.99).contains(&of_95), "{of_95}");
}

#[test]
fn two_weeks_are_the_least_and_say_how_little_they_know() {
    let course = course(true, 0, 60);
    let values: Vec<f64> = (0..14).map(|number| 100.0 + f64::from(number)).collect();
    assert_eq!(forecast(&course, &sums(&values[..13]), day(12)), None);
    let two = forecast(&course, &sums(&values), day(13)).unwrap();
    assert_eq!(two.weeks, 2);
    let width = |(low, high): (f64, f64)| high - low;
    assert!(width(two.of_95) > width(two.of_80) && width(two.of_80) > 0.2 * two.value, "{two:?}");
    assert!(two.of_95.0 >= values.iter().sum(), "what was counted stays counted");
    assert_eq!(forecast(&course, &[], day(13)), None);
}

#[test]
fn a_part_of_a_week_brings_what_its_weekdays_bring() {
    // Saturdays and Sundays only; day 0 is a Monday.
    let values: Vec<f64> = (0..70).map(|number| if number % 7 >= 5 { 500.0 } else { 0.0 }).collect();
    let until = |last| forecast(&course(true, 70, last), &sums(&values), day(69)).unwrap().value;
    assert!((until(74) - 0.0).abs() < 1e-6 && (until(75) - 500.0).abs() < 1e-6 && (until(83) - 2_000.0).abs() < 1e-6);
    // Days before the goal's first one are no part of it.
    let later = forecast(&course(true, 77, 83), &sums(&values), day(69)).unwrap();
    assert!((later.value - 1_000.0).abs() < 1e-6, "{later:?}");
}

#[test]
fn a_ratio_is_forecast_as_the_level_of_its_last_days() {
    let mut chance = Chance(11);
    let days: Vec<DayFigure> = (0..140)
        .map(|number| {
            let visitors = 1_000.0 + 200.0 * chance.normal();
            DayFigure { day: day(number), above: visitors * (3.0 + 0.3 * chance.normal()), below: Some(visitors) }
        })
        .collect();
    let far = forecast(&course(false, 100, 200), &days, day(139)).unwrap();
    assert!((2.8..3.2).contains(&far.value) && far.of_95.1 - far.of_95.0 < 1.0, "{far:?}");
    // Most of the last 28 days are known already.
    let near = forecast(&course(false, 100, 142), &days, day(139)).unwrap();
    assert!(near.of_80.1 - near.of_80.0 < (far.of_80.1 - far.of_80.0) / 2.0, "{near:?} {far:?}");
}

#[test]
fn no_figure_makes_it_panic_or_say_infinity() {
    for wild in [0.0, -5.0, 1e15, -1e15, f64::MAX] {
        let values = vec![wild; 60];
        if let Some(found) = forecast(&course(true, 30, 90), &sums(&values), day(59)) {
            assert!(found.value.is_finite() && found.of_95.1.is_finite(), "{found:?}");
        }
    }
}
