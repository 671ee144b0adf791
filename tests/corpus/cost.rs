//! Cost: what an ad exchange takes for a click or for a thousand views. Small irregular real numbers, hourly or
//! half-hourly, lognormal, with memory, some single dear hours that mean nothing, a weak season.

use super::random::Random;
use super::{HOUR, START, Series, daily, stream, weekly};

/// What happens in a series of costs.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Event {
    Spike,
    Burst,
    Drop,
    ShiftUp,
    ShiftDown,
    Noise,
    Flat,
    High,
    Drift,
    ShiftThenSpike,
    Nothing,
}

/// How such a series is told.
#[derive(Clone, Copy)]
struct Shape {
    family: &'static str,
    event: Event,
    step: i64,
    days: usize,
    /// Share of rows that never came, and whether the clock trembles.
    missing: f64,
    /// Single dear rows: how often, and how far up (a logarithm, exponentially distributed).
    stray: (f64, f64),
}

/// The ordinary one.
const PLAIN: Shape =
    Shape { family: "", event: Event::Nothing, step: HOUR, days: 67, missing: 0.0, stray: (0.004, 0.4) };

/// The families.
pub(super) fn families(seed: u64, series: &mut Vec<Series>) {
    let rough = (0.02, 0.5);
    for shape in [
        Shape { family: "cost: spike", event: Event::Spike, ..PLAIN },
        Shape { family: "cost: 5 dear hours", event: Event::Burst, ..PLAIN },
        Shape { family: "cost: 6 cheap hours", event: Event::Drop, ..PLAIN },
        Shape { family: "cost: level up", event: Event::ShiftUp, ..PLAIN },
        Shape { family: "cost: level down", event: Event::ShiftDown, ..PLAIN },
        Shape { family: "cost: noise", event: Event::Noise, ..PLAIN },
        Shape { family: "cost: flat line", event: Event::Flat, ..PLAIN },
        Shape { family: "cost: 30 dear hours", event: Event::High, ..PLAIN },
        Shape { family: "cost: drift", event: Event::Drift, ..PLAIN },
        Shape { family: "cost: level, then spike", event: Event::ShiftThenSpike, ..PLAIN },
        Shape { family: "cost: calm", ..PLAIN },
        Shape { family: "cost: rough, spike", event: Event::Spike, stray: rough, ..PLAIN },
        Shape { family: "cost: rough, 5 dear hours", event: Event::Burst, stray: rough, ..PLAIN },
        Shape { family: "cost: rough, calm", stray: rough, ..PLAIN },
        Shape { family: "cost: half-hourly, spike", event: Event::Spike, step: HOUR / 2, days: 40, ..PLAIN },
        Shape { family: "cost: rows missing, spike", event: Event::Spike, missing: 0.12, ..PLAIN },
        Shape { family: "cost: rows missing, level up", event: Event::ShiftUp, missing: 0.12, ..PLAIN },
        Shape { family: "cost: first days, spike", event: Event::Spike, days: 12, ..PLAIN },
        Shape { family: "cost: first days, 5 dear hours", event: Event::Burst, days: 12, ..PLAIN },
    ] {
        series.push(make(shape, seed));
    }
}

fn make(shape: Shape, seed: u64) -> Series {
    let mut random = stream(shape.family, seed);
    let mut series = Series::new(shape.family, shape.step);
    let per_day = series.per_day();
    let rows = shape.days * per_day;
    let price = random.pick(&[0.1, 0.9, 2.5, 40.0]);
    let (memory, noise) = (random.between(0.3, 0.8), random.between(0.12, 0.28));
    let (day, week) = (random.between(0.0, 0.35), random.between(0.0, 0.2));
    let jitter = if shape.missing > 0.0 { shape.step / 10 } else { 0 };
    let begins = begins(shape, rows, &mut random);
    let mut strength: Vec<f64> = begins.iter().map(|_| random.uniform()).collect();
    if shape.event == Event::ShiftThenSpike {
        // The second is the spike on the new level.
        strength[1] = strength[1].max(0.4);
    }
    let mut drift = 0.0;
    for row in 0..rows {
        let time = START + row as i64 * shape.step;
        drift = memory * drift + (1.0 - memory * memory).sqrt() * noise * random.normal();
        let season = daily(time, day) + weekly(time, week);
        let stray = if random.happens(shape.stray.0) { shape.stray.1 * random.exponential() } else { 0.0 };
        let mut log = drift + season + stray;
        for (at, (begin, strength)) in begins.iter().zip(&strength).enumerate() {
            if row >= *begin {
                let since = row - begin;
                log = happen(shape.event, at, since, *strength, log, drift + daily(time, day), &mut random, per_day);
            }
        }
        if !random.happens(shape.missing) {
            let late = if jitter > 0 { (random.uniform() * jitter as f64) as i64 } else { 0 };
            series.push(time + late, price * log.exp());
        }
    }
    for (at, begin) in begins.iter().enumerate() {
        if let Some(length) = label(shape.event, at, per_day) {
            series.label(*begin, length);
        }
    }
    series
}

/// Where it happens, in rows.
fn begins(shape: Shape, rows: usize, random: &mut Random) -> Vec<usize> {
    let at = |share: f64| (rows as f64 * share) as usize;
    if shape.days < 20 {
        // Within the second week, or just before it.
        return vec![at(random.between(0.4, 0.85))];
    }
    let first = at(random.between(0.3, 0.45));
    match shape.event {
        Event::ShiftThenSpike => vec![first, first + at(random.between(0.08, 0.15))],
        Event::Drift => vec![first],
        _ => vec![first, at(random.between(0.65, 0.85))],
    }
}

#[expect(clippy::too_many_arguments, reason = "what one row of an event depends on, in one place")]
fn happen(
    event: Event,
    at: usize,
    since: usize,
    strength: f64,
    log: f64,
    ordinary: f64,
    random: &mut Random,
    per_day: usize,
) -> f64 {
    let spike = if since == 0 { 1.8 + strength } else { 0.0 };
    let shift = 0.6 + 0.4 * strength;
    match event {
        Event::Burst if since < 5 => log + 1.0 + 0.5 * strength,
        Event::Drop if since < 6 => log - 2.0 - strength,
        Event::ShiftUp => log + shift,
        Event::ShiftDown => log - shift,
        Event::Noise if since < 2 * per_day => log + (0.6 + 0.3 * strength) * random.normal(),
        Event::Flat if since < 60 => log - ordinary,
        Event::High if since < 30 => log + 0.8 + 0.3 * strength,
        Event::Drift => log + (since as f64 / per_day as f64 * 0.08).min(1.6),
        Event::ShiftThenSpike if at == 0 => log + shift,
        Event::Spike | Event::ShiftThenSpike => log + spike,
        _ => log,
    }
}

/// Rows that deserve the alert; `None` where nothing does.
fn label(event: Event, at: usize, per_day: usize) -> Option<usize> {
    match event {
        Event::Spike => Some(3),
        Event::ShiftThenSpike if at == 1 => Some(3),
        Event::ShiftThenSpike | Event::ShiftUp | Event::ShiftDown | Event::Noise => Some(2 * per_day),
        Event::Burst => Some(6),
        Event::Drop => Some(8),
        Event::Flat => Some(60),
        Event::High => Some(30),
        Event::Drift => Some(20 * per_day),
        Event::Nothing => None,
    }
}
