//! Where a goal will be at its deadline, with how sure that is. Pure.
//!
//! Method: simple exponential smoothing of whole weeks in its innovations form, ETS(A,N,N) (Hyndman, Koehler, Ord, Snyder,
//! Forecasting with Exponential Smoothing, 2008, chapters 5 and 6; Hyndman, Athanasopoulos, Forecasting: Principles and
//! Practice, 3rd edition, 8.1 and 8.7). A week holds each weekday once, so the season of the week is out of it; a part of a
//! week is shared by what its weekdays brought lately. What is to come is a weighted sum of weeks: with the level l and errors
//! e of variance s², week n + h is l + a (e₁ + … + e₍ₕ₋₁₎) + eₕ, so the variance of the weighted sum is that of its errors'
//! weights, plus that of the level itself, which n weeks have told. Few weeks do not tell how much to smooth, so no a is chosen: all
//! are averaged by their likelihood (Hoeting, Madigan, Raftery, Volinsky, Bayesian Model Averaging, Statistical Science 14,
//! 1999). Intervals take Student's t.
//!
//! It takes no trend further: the level follows one, some weeks behind. Bounded: the last [`MOST_WEEKS`] weeks are looked at.

use super::course::{Course, DayFigure, LEVEL_DAYS, ratio_between, sum_between};
use chrono::{Datelike as _, Days, NaiveDate};

/// The most weeks of history that a forecast rests on.
pub const MOST_WEEKS: i64 = 26;
/// The fewest.
pub const FEWEST_WEEKS: usize = 2;
/// Weeks that tell how the weekdays share a week.
const WEEKS_OF_SHAPE: u64 = 8;
/// The smoothings that are tried.
const SMOOTHINGS: [f64; 12] = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0];

/// Where it will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The middle.
    pub value: f64,
    /// The interval of 80 %.
    pub of_80: (f64, f64),
    /// The interval of 95 %.
    pub of_95: (f64, f64),
    /// How many weeks it rests on.
    pub weeks: usize,
}

/// The forecast at the deadline, seen from the end of the day `through`, which lies before it. `None` where fewer than two
/// whole weeks are stored.
pub fn forecast(course: &Course, days: &[DayFigure], through: NaiveDate) -> Option<Forecast> {
    let weeks = whole_weeks(course, days, through);
    if weeks.len() < FEWEST_WEEKS {
        return None;
    }
    let ahead = Ahead::of(course, days, through, mean(&weeks));
    let (to_come, variance) = averaged(&weeks, &ahead.weights, course.adds_up);
    let (value, deviation) = (ahead.known + to_come, variance.sqrt());
    // What was counted stays counted.
    let floor = if course.adds_up && weeks.iter().all(|week| *week >= 0.0) { ahead.known } else { f64::NEG_INFINITY };
    let around = |t: f64| ((value - t * deviation).max(floor), value + t * deviation);
    let (t_80, t_95) = student(weeks.len() - 1);
    let forecast = Forecast { value, of_80: around(t_80), of_95: around(t_95), weeks: weeks.len() };
    (value.is_finite() && forecast.of_95.1.is_finite()).then_some(forecast)
}

/// The figures of the whole weeks that end with `through`, oldest first; weeks without a ratio are left out.
fn whole_weeks(course: &Course, days: &[DayFigure], through: NaiveDate) -> Vec<f64> {
    let Some(first) = days.first().map(|one| one.day) else { return Vec::new() };
    let count = (((through - first).num_days() + 1) / 7).clamp(0, MOST_WEEKS);
    let week = |back: i64| {
        let end = through - chrono::TimeDelta::weeks(back);
        let begin = end - chrono::TimeDelta::days(6);
        if course.adds_up { Some(sum_between(days, begin, end)) } else { ratio_between(days, begin, end) }
    };
    (0..count).rev().filter_map(week).collect()
}

/// The weighted sum of the weeks to come and its variance, averaged over all smoothings by how likely the weeks make each.
fn averaged(weeks: &[f64], weights: &[f64], parts_err_alone: bool) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "26 at most")]
    let count = weeks.len() as f64;
    let tried = SMOOTHINGS.map(|smoothing| (smoothing, smoothed(weeks, smoothing)));
    let least = tried.iter().map(|(_, (_, squares))| *squares).fold(f64::INFINITY, f64::min);
    let all: f64 = weights.iter().sum();
    let mut models = Vec::with_capacity(tried.len());
    for (smoothing, (level, squares)) in tried {
        // Against the best one; where that errs in nothing, the others do not count.
        let likely = if squares <= least { 1.0 } else { (least / squares).powf(count / 2.0) };
        let (mut left, mut variance) = (all, 0.0);
        for weight in weights {
            left -= weight;
            // Days of one week err by themselves: part of a week errs by the root of its part.
            let own = if parts_err_alone && *weight > 0.0 && *weight < 1.0 { weight.sqrt() } else { *weight };
            variance += (own + smoothing * left).powi(2);
        }
        let of_level = (1.0 - smoothing) * all;
        variance = (variance + of_level * of_level / count) * squares / (count - 1.0);
        models.push((likely, level * all, variance));
    }
    let likely: f64 = models.iter().map(|(likely, ..)| likely).sum();
    let value = models.iter().map(|(part, value, _)| part * value).sum::<f64>() / likely;
    let spread = |(part, own, variance): &(f64, f64, f64)| part * (variance + (own - value).powi(2));
    (value, models.iter().map(spread).sum::<f64>() / likely)
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "26 at most")]
    let count = values.len().max(1) as f64;
    values.iter().sum::<f64>() / count
}

/// The level in the end, and the sum of the squares of the errors of one week ahead.
fn smoothed(weeks: &[f64], smoothing: f64) -> (f64, f64) {
    // Without smoothing the level is one and the same, the mean of all.
    let begin = if smoothing > 0.0 { &weeks[..weeks.len().min(4)] } else { weeks };
    let mut level = mean(begin);
    let mut squares = 0.0;
    for week in weeks {
        let error = week - level;
        squares += error * error;
        level += smoothing * error;
    }
    (level, squares)
}

/// What is known of the figure at the deadline, and how much each week to come adds to it.
struct Ahead {
    known: f64,
    weights: Vec<f64>,
}

impl Ahead {
    fn of(course: &Course, days: &[DayFigure], through: NaiveDate, level: f64) -> Self {
        let to_come = (course.ends_on - through).num_days().max(0);
        let weeks = usize::try_from(to_come.unsigned_abs().div_ceil(7)).unwrap_or(0);
        let mut weights = vec![0.0; weeks];
        let shares = weekday_shares(course, days, through);
        #[expect(clippy::cast_precision_loss, reason = "28")]
        let level_days = LEVEL_DAYS as f64;
        // The days that count: of a sum all of the goal, of a ratio the last ones.
        let counts_from = if course.adds_up { course.starts_on } else { course.level_begins(course.ends_on) };
        for ahead in 1..=to_come.unsigned_abs() {
            let Some(day) = through.checked_add_days(Days::new(ahead)).filter(|day| *day >= counts_from) else {
                continue;
            };
            let weekday = day.weekday().num_days_from_monday() as usize;
            let week = usize::try_from((ahead - 1) / 7).unwrap_or(0);
            weights[week] += if course.adds_up { shares[weekday] } else { 1.0 / level_days };
        }
        let known = if course.adds_up {
            sum_between(days, course.starts_on, through)
        } else {
            let part = 1.0 - weights.iter().sum::<f64>();
            part.max(0.0) * ratio_between(days, counts_from, through).unwrap_or(level)
        };
        Self { known, weights }
    }
}

/// Which share of a week each weekday brings, Monday first, as lately.
fn weekday_shares(course: &Course, days: &[DayFigure], through: NaiveDate) -> [f64; 7] {
    const EVEN: [f64; 7] = [1.0 / 7.0; 7];
    if !course.adds_up {
        return EVEN;
    }
    let mut shares = [0.0; 7];
    let first = days.first().map_or(through, |one| one.day);
    // Whole weeks only, so that each weekday is there as often.
    let weeks = u64::try_from((through - first).num_days() + 1).unwrap_or(0) / 7;
    let back = Days::new(7 * weeks.min(WEEKS_OF_SHAPE));
    let Some(after) = through.checked_sub_days(back) else { return EVEN };
    for one in days.iter().filter(|one| one.day > after && one.day <= through) {
        shares[one.day.weekday().num_days_from_monday() as usize] += one.above.max(0.0);
    }
    let all: f64 = shares.iter().sum();
    if all > 0.0 { shares.map(|share| share / all) } else { EVEN }
}

/// The quantiles of Student's t that 80 % and 95 % lie within, by degrees of freedom (from 1).
fn student(freedom: usize) -> (f64, f64) {
    const OF_80: [f64; 25] = [
        3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341, 1.337,
        1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316,
    ];
    const OF_95: [f64; 25] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060,
    ];
    let place = freedom.clamp(1, OF_80.len()) - 1;
    (OF_80[place], OF_95[place])
}

#[cfg(test)]
mod tests;
