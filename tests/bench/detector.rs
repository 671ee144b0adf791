//! The learned anomaly: how well it finds what is labelled in the generated corpus, next to three usual baselines, and
//! what a row costs.
//!
//! `cargo bench -- detector` prints both; it needs no PostgreSQL. How a hit is counted: `tests/corpus/scoring.rs`; what the
//! figures mean: `docs/detector.md`.

use std::hint::black_box;
use std::time::Instant;

use tillwatch_backend::watch::rules::detect::Learned;
use tillwatch_backend::watch::rules::detect::learned::STATE_BYTES;

use crate::corpus::rivals::Rival;
use crate::corpus::{self, HELD_OUT, Series, table};
use crate::report::{Aim, Report};

/// Groups of families, by the beginnings of their names; the last is all of them.
const GROUPS: [&str; 8] = ["cost", "mentions", "orders", "days", "hours", "rate", "stock", ""];
/// Retailers and series of each that are judged every minute.
const RETAILERS: usize = 10_000;
const SERIES_EACH: usize = 20;
/// Cores that this may take a share of, and seconds in which all must be done.
const CORES: f64 = 2.0;
const MINUTE: f64 = 60.0;
/// Rows of the series whose speed is measured.
const ROWS: usize = 100_000;
/// Rounds; the quickest of them counts, since whatever else runs on the machine only makes one slower.
const ROUNDS: i64 = 15;

/// Prints the table of detection and adds the figures of speed to the report.
pub(crate) fn measure(report: &mut Report) {
    let corpus = corpus::all(HELD_OUT);
    let mut columns = vec![table::ours(&corpus)];
    let mut chosen = Vec::new();
    for rival in Rival::ALL {
        let (usual, tuned, setting) = table::rival(rival, &corpus);
        chosen.push(format!("{}: {} days, {} sigmas", rival.name(), setting.days, setting.line));
        columns.extend([usual, tuned]);
    }
    let (families, windows) =
        (columns[0].families.len(), corpus.iter().map(|series| series.windows.len()).sum::<usize>());
    println!(
        "\n{families} families, {} series, {windows} labelled windows. Cells: precision, recall, F1, hours from the begin of a window to its alert.\n",
        corpus.len()
    );
    println!("{}", table::markdown(&columns, &GROUPS));
    println!("Tuned in hindsight, on these very series: {}.", chosen.join("; "));
    let seeds = HELD_OUT.map(|seed| table::ours(&corpus::all(seed..seed + 1)).sum("").f1().unwrap_or_default());
    let seeds: Vec<String> = seeds.map(|f1| format!("{f1:.2}")).collect();
    println!("F1 of the learned anomaly seed by seed: {}.", seeds.join(", "));
    speed(&corpus, report);
}

/// What a row costs: in a cache that holds the state, and with states that must be fetched from memory and put back.
fn speed(corpus: &[Series], report: &mut Report) {
    let rows: Vec<(i64, f64)> = corpus
        .iter()
        .filter(|series| series.family.starts_with("mentions"))
        .flat_map(|series| series.times.iter().copied().zip(series.values.iter().copied()))
        .take(ROWS)
        .collect();
    let mut states = vec![Learned::new(); RETAILERS * SERIES_EACH];
    // Every series has a past: a state that knows nothing costs less.
    for (at, state) in states.iter_mut().enumerate() {
        for (minute, (_, value)) in (0..64).zip(&rows[at % 1_000..]) {
            state.judge(minute * 60, *value);
        }
    }
    let (mut ours, mut plain, mut all) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for minute in 64..64 + ROUNDS {
        let begin = Instant::now();
        black_box(sum_of_distances(black_box(&rows)));
        plain = plain.min(begin.elapsed().as_secs_f64() / rows.len() as f64);
        let begin = Instant::now();
        let mut state = Learned::new();
        black_box(rows.iter().filter(|(time, value)| state.judge(*time, *value).fired).count());
        ours = ours.min(begin.elapsed().as_secs_f64() / rows.len() as f64);
        let begin = Instant::now();
        let fired = states
            .iter_mut()
            .enumerate()
            .filter_map(|(at, state)| state.judge(minute * 60, rows[at % rows.len()].1).fired.then_some(()));
        black_box(fired.count());
        all = all.min(begin.elapsed().as_secs_f64());
    }
    let million = 1.0 / ours / 1e6;
    report.line(
        "learned anomaly, million rows a second on one core",
        &format!("{:.0} ns a row", ours * 1e9),
        &format!("{:.1} ns: exponentially weighted mean and deviation, nothing else", plain * 1e9),
        million,
        " M/s",
        Aim::AtLeast(1.0),
    );
    report.line(
        "learned anomaly, cost of a row next to a plain loop",
        &format!("{:.0} ns", ours * 1e9),
        &format!("{:.1} ns", plain * 1e9),
        ours / plain,
        " x",
        Aim::Nothing,
    );
    let share = all / (CORES * MINUTE) * 100.0;
    report.line(
        "10,000 retailers x 20 series each minute, states fetched from memory and put back",
        &format!("{:.0} ms a minute", all * 1e3),
        "two cores",
        share,
        " % of their time",
        Aim::Below(25.0),
    );
    report.note(format!("State of a series: {STATE_BYTES} bytes."));
}

/// The least that a streaming detector does: an exponentially weighted mean and deviation, and a comparison.
fn sum_of_distances(rows: &[(i64, f64)]) -> usize {
    let (mut mean, mut variance, mut far) = (0.0, 1.0, 0);
    for (_, value) in rows {
        let distance = value - mean;
        far += usize::from(distance * distance > 9.0 * variance);
        mean += 0.01 * distance;
        variance += 0.01 * (distance * distance - variance);
    }
    far
}
