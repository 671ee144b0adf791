//! The shop: orders that are few, sales with hours of opening, days with a week, rates, stocks that stand still.

use super::random::Random;
use super::{DAY, HOUR, START, Series, daily, stream, weekly};

/// The families.
pub(super) fn families(seed: u64, series: &mut Vec<Series>) {
    for (family, event) in [("orders: few, burst", true), ("orders: few, calm", false)] {
        series.push(few_orders(family, event, seed));
    }
    for (family, event) in [
        ("days: spike", Daily::Spike),
        ("days: level down", Daily::Shift),
        ("days: trend", Daily::Trend),
        ("days: dead weekend", Daily::DeadWeekend),
        ("days: calm", Daily::Nothing),
    ] {
        series.push(days(family, event, seed));
    }
    for (family, event) in
        [("hours: shut at noon", Hourly::Shut), ("hours: night sales", Hourly::Night), ("hours: calm", Hourly::Nothing)]
    {
        series.push(hours(family, event, seed));
    }
    for (family, event) in [("rate: halved for 12 h", true), ("rate: calm", false)] {
        series.push(rate(family, event, seed));
    }
    for (family, event) in [("stock: falls at once", true), ("stock: sells out slowly", false)] {
        series.push(stock(family, event, seed));
    }
}

/// Orders of a small shop for each hour: mostly none.
fn few_orders(family: &'static str, event: bool, seed: u64) -> Series {
    let mut random = stream(family, seed);
    let mut series = Series::new(family, HOUR);
    let usual = random.between(0.08, 0.4);
    let begin = 600 + (random.uniform() * 500.0) as usize;
    for row in 0..1_500 {
        let mean = if event && (begin..begin + 8).contains(&row) { 2.5 } else { usual };
        series.push(START + row as i64 * HOUR, random.poisson(mean));
    }
    if event {
        series.label(begin, 12);
    }
    series
}

#[derive(Clone, Copy)]
enum Daily {
    Spike,
    Shift,
    Trend,
    DeadWeekend,
    Nothing,
}

/// A day's sales for a year: better at the weekend, growing.
fn days(family: &'static str, event: Daily, seed: u64) -> Series {
    let mut random = stream(family, seed);
    let mut series = Series::new(family, DAY);
    let (noise, growth, week) = (random.between(0.05, 0.12), random.between(0.0, 0.003), random.between(0.2, 0.5));
    let mut begin = 200 + (random.uniform() * 120.0) as usize;
    if matches!(event, Daily::DeadWeekend) {
        // To the next Saturday: the first row is a Monday.
        begin += (12 - begin % 7) % 7;
    }
    for row in 0..400_usize {
        let time = START + row as i64 * DAY;
        let mut log = 7.0 + row as f64 * growth - weekly(time, week) + noise * random.normal();
        if row >= begin {
            let since = row - begin;
            log += match event {
                Daily::Spike if since == 0 => 0.8,
                Daily::Shift => -0.35,
                Daily::Trend => since as f64 * 0.02,
                Daily::DeadWeekend if since < 2 => -0.2 - week,
                _ => 0.0,
            };
        }
        series.push(time, log.exp());
    }
    let rows = match event {
        Daily::Spike => 1,
        Daily::Shift => 7,
        Daily::Trend => 30,
        Daily::DeadWeekend => 2,
        Daily::Nothing => return series,
    };
    series.label(begin, rows);
    series
}

#[derive(Clone, Copy)]
enum Hourly {
    Shut,
    Night,
    Nothing,
}

/// An hour's sales: next to none at night. Ordinary values at the wrong time are what is wrong.
fn hours(family: &'static str, event: Hourly, seed: u64) -> Series {
    let mut random = stream(family, seed);
    let mut series = Series::new(family, HOUR);
    let usual = random.pick(&[8.0, 40.0, 200.0]);
    let begins: Vec<usize> = [25, 45].map(|day| (day + (random.uniform() * 8.0) as usize) * 24).to_vec();
    for row in 0..1_600_usize {
        let time = START + row as i64 * HOUR;
        let mut log = daily(time, 1.8) + weekly(time, -0.3) + 0.1 * random.normal();
        for day in &begins {
            let since = row as i64 - *day as i64;
            match event {
                Hourly::Shut if (11..17).contains(&since) => log -= 3.0,
                Hourly::Night if (1..5).contains(&since) => log += 2.6,
                _ => {}
            }
        }
        series.push(time, random.poisson(usual * log.exp()));
    }
    for day in begins {
        match event {
            Hourly::Shut => series.label(day + 11, 8),
            Hourly::Night => series.label(day + 1, 6),
            Hourly::Nothing => {}
        }
    }
    series
}

/// A conversion rate for each hour: orders over a few hundred visitors.
fn rate(family: &'static str, event: bool, seed: u64) -> Series {
    let mut random = stream(family, seed);
    let mut series = Series::new(family, HOUR);
    let (usual, crowd) = (random.between(0.015, 0.05), random.pick(&[300.0, 1_000.0, 5_000.0]));
    let begins = [400, 1_000].map(|row| row + (random.uniform() * 300.0) as usize);
    for row in 0..1_600_usize {
        let time = START + row as i64 * HOUR;
        let visitors = random.poisson(crowd * daily(time, 0.6).exp()).max(1.0);
        let bad = event && begins.iter().any(|begin| (*begin..begin + 12).contains(&row));
        let rate = usual * daily(time, 0.15).exp() * (0.08 * random.normal()).exp() * if bad { 0.45 } else { 1.0 };
        series.push(time, (random.poisson(visitors * rate) / visitors).min(1.0));
    }
    if event {
        for begin in begins {
            series.label(begin, 14);
        }
    }
    series
}

/// Pieces in stock for each hour: sinks, jumps up with a delivery each week.
fn stock(family: &'static str, event: bool, seed: u64) -> Series {
    let mut random: Random = stream(family, seed);
    let mut series = Series::new(family, HOUR);
    let mut pieces: f64 = 20_000.0;
    let begin = 800 + (random.uniform() * 400.0) as usize;
    for row in 0..1_500_usize {
        let time = START + row as i64 * HOUR;
        pieces -= random.poisson(12.0 * daily(time, 0.8).exp());
        if row % 168 == 9 {
            pieces = 20_000.0;
        }
        if event && row == begin {
            pieces *= 0.5;
        }
        series.push(time, pieces.max(0.0));
    }
    if event {
        series.label(begin, 4);
    }
    series
}
