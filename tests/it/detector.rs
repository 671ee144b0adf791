//! The learned anomaly against the labelled corpus: it stays ahead of the usual baselines and above a floor.
//!
//! A small part of what `cargo bench -- detector` measures: one seed, so that it takes seconds in a debug build.

#![expect(clippy::expect_used, reason = "tests")]

#[path = "../corpus/mod.rs"]
#[expect(dead_code, reason = "the bench uses all of it")]
mod corpus;

use corpus::rivals::Rival;
use corpus::{Series, table};

/// A seed of neither the development nor the published corpus.
const SEED: u64 = 77;

#[test]
fn it_finds_more_and_cries_wolf_less_than_the_usual_baselines() {
    let corpus = corpus::all(SEED..SEED + 1);
    assert!(corpus.len() >= 40, "{} series", corpus.len());
    let ours = table::ours(&corpus);
    let all = ours.sum("");
    let (precision, recall) = (all.precision().expect("alerts"), all.recall().expect("windows"));
    assert!(precision > 0.62 && recall > 0.72, "precision {precision:.2}, recall {recall:.2}: {all:?}");
    assert_eq!(all.repeats.min(3), all.repeats, "one alert for one event: {all:?}");
    let f1 = all.f1().expect("windows");
    for rival in Rival::ALL {
        let (usual, tuned, setting) = table::rival(rival, &corpus);
        let (usual, tuned) = (usual.sum("").f1().expect("windows"), tuned.sum("").f1().expect("windows"));
        assert!(f1 > tuned + 0.05, "{}: ours {f1:.2}, tuned in hindsight {tuned:.2} ({setting:?})", rival.name());
        assert!(f1 > 2.0 * usual, "{}: ours {f1:.2}, usual {usual:.2}", rival.name());
    }
    for group in ["cost", "mentions"] {
        let group_f1 = ours.sum(group).f1().expect("windows");
        assert!(group_f1 > 0.65, "{group}: {group_f1:.2}");
    }
}

#[test]
fn the_corpus_is_the_same_every_time_and_of_every_shape() {
    let (once, again) = (corpus::all(SEED..SEED + 1), corpus::all(SEED..SEED + 1));
    for (series, same) in once.iter().zip(&again) {
        assert_eq!((&series.times, &series.windows), (&same.times, &same.windows));
        assert!(series.values.iter().zip(&same.values).all(|(one, other)| one.to_bits() == other.to_bits()));
        assert_sound(series);
    }
    let other = corpus::all(SEED + 1..SEED + 2);
    assert!(once.iter().zip(&other).all(|(one, other)| one.values != other.values), "another seed, another series");
    let calm = once.iter().filter(|series| series.windows.is_empty()).count();
    assert!(calm >= 8, "what must stay quiet: {calm}");
}

fn assert_sound(series: &Series) {
    let family = series.family;
    assert_eq!(series.times.len(), series.values.len(), "{family}");
    assert!(series.times.is_sorted(), "{family}: in order");
    assert!(series.values.iter().all(|value| value.is_finite() && *value >= 0.0), "{family}");
    let (first, last) = (series.times[0], series.times[series.times.len() - 1]);
    for (from, to) in &series.windows {
        assert!(first < *from && from < to && *from < last, "{family}: {from} to {to}");
    }
}
