//! Brand mentions: counts for each five minutes. Overdispersed, with a strong season of the day, memory, and ripples: small
//! cascades that come and go and mean nothing.

use super::random::Random;
use super::{START, Series, daily, stream, weekly};

const STEP: i64 = 300;
/// Six weeks.
const ROWS: usize = 12_000;

/// What happens in a series of mentions.
#[derive(Clone, Copy)]
enum Event {
    Cascade,
    Blip,
    Outage,
    Plateau,
    Doubling,
    Nothing,
}

/// How such a series is told.
#[derive(Clone, Copy)]
struct Shape {
    family: &'static str,
    event: Event,
    /// Mentions in five minutes; one is picked.
    usual: &'static [f64],
    /// Share of rows that never came.
    missing: f64,
    /// Ripples: how often in a row, how high (a logarithm, exponentially distributed).
    ripple: (f64, f64),
}

const PLAIN: Shape =
    Shape { family: "", event: Event::Nothing, usual: &[3.0, 12.0, 60.0, 300.0], missing: 0.0, ripple: (0.0008, 0.6) };

/// The families.
pub(super) fn families(seed: u64, series: &mut Vec<Series>) {
    let wild = (0.004, 0.7);
    let rare: &[f64] = &[0.15, 0.4, 0.9];
    for shape in [
        Shape { family: "mentions: cascade", event: Event::Cascade, ..PLAIN },
        Shape { family: "mentions: 10 minutes", event: Event::Blip, ..PLAIN },
        Shape { family: "mentions: 6 h outage", event: Event::Outage, ..PLAIN },
        Shape { family: "mentions: 16 h plateau", event: Event::Plateau, ..PLAIN },
        Shape { family: "mentions: doubled for good", event: Event::Doubling, ..PLAIN },
        Shape { family: "mentions: calm", ..PLAIN },
        Shape { family: "mentions: wild, cascade", event: Event::Cascade, ripple: wild, ..PLAIN },
        Shape { family: "mentions: wild, calm", ripple: wild, ..PLAIN },
        Shape { family: "mentions: rare, cascade", event: Event::Cascade, usual: rare, ..PLAIN },
        Shape { family: "mentions: rare, calm", usual: rare, ..PLAIN },
        Shape { family: "mentions: rows missing, cascade", event: Event::Cascade, missing: 0.15, ..PLAIN },
    ] {
        series.push(make(shape, seed));
    }
}

fn make(shape: Shape, seed: u64) -> Series {
    let mut random = stream(shape.family, seed);
    let mut series = Series::new(shape.family, STEP);
    let usual = random.pick(shape.usual);
    let (day, week) = (random.between(0.2, 0.8), random.between(0.0, 0.4));
    let (memory, noise, shape_of_noise) = (0.97, random.between(0.03, 0.08), random.between(3.0, 12.0));
    let (height, fades) = (random.between(2.0, 3.0), random.between(15.0, 45.0));
    let begins = begins(shape.event, &mut random);
    let (mut drift, mut ripple, mut ripple_fades) = (0.0, 0.0_f64, 0.9);
    for row in 0..ROWS {
        let time = START + row as i64 * STEP;
        drift = memory * drift + noise * random.normal();
        if random.happens(shape.ripple.0) {
            ripple = ripple.max(shape.ripple.1 * random.exponential());
            ripple_fades = random.between(0.3, 0.92);
        }
        ripple *= ripple_fades;
        let mut log = drift + daily(time, day) + weekly(time, week) + ripple;
        for begin in &begins {
            if row >= *begin {
                log += happen(shape.event, (row - begin) as f64, height, fades);
            }
        }
        let mean = usual * log.exp() * random.gamma(shape_of_noise);
        let count = random.poisson(mean);
        if !random.happens(shape.missing) {
            series.push(time, count);
        }
    }
    for begin in begins {
        let rows = match shape.event {
            Event::Cascade => (2.0 * fades) as usize,
            Event::Blip => 6,
            Event::Outage => 72,
            Event::Plateau => 200,
            Event::Doubling => 288,
            Event::Nothing => continue,
        };
        series.label(begin, rows);
    }
    series
}

/// Where it happens, in rows.
fn begins(event: Event, random: &mut Random) -> Vec<usize> {
    let shares: &[f64] = match event {
        Event::Doubling => &[0.5],
        _ => &[0.3, 0.55, 0.8],
    };
    shares.iter().map(|share| (ROWS as f64 * (share + 0.1 * random.uniform())) as usize).collect()
}

/// What an event adds to the logarithm `since` rows after it began.
fn happen(event: Event, since: f64, height: f64, fades: f64) -> f64 {
    match event {
        Event::Cascade => height * (-since / fades).exp(),
        Event::Blip if since < 2.0 => height + 0.3,
        Event::Outage if since < 72.0 => -2.5,
        Event::Plateau if since < 200.0 => 0.9,
        Event::Doubling => 0.75,
        _ => 0.0,
    }
}
