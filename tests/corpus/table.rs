//! The table: every detector on every family.

use std::fmt::Write as _;

use super::Series;
use super::rivals::{self, LINES, Rival, Setting};
use super::scoring::Tally;
use tillwatch_backend::watch::rules::detect::Learned;

/// A detector's counts, family by family in the order of the corpus.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) families: Vec<(&'static str, Tally)>,
}

impl Column {
    /// Runs something that names the rows of its alerts.
    pub(crate) fn of(
        name: impl Into<String>,
        corpus: &[Series],
        alerts: impl Fn(usize, &Series) -> Vec<usize>,
    ) -> Self {
        let mut families: Vec<(&'static str, Tally)> = Vec::new();
        for (at, series) in corpus.iter().enumerate() {
            let tally = Tally::of(series, &alerts(at, series));
            match families.iter_mut().find(|(family, _)| *family == series.family) {
                Some((_, sum)) => sum.add(tally),
                None => families.push((series.family, tally)),
            }
        }
        Self { name: name.into(), families }
    }

    /// Counts of the families whose names begin so; of all for an empty beginning.
    pub(crate) fn sum(&self, beginning: &str) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in self.families.iter().filter(|(family, _)| family.starts_with(beginning)) {
            sum.add(*tally);
        }
        sum
    }
}

/// Ours, with its one setting.
pub(crate) fn ours(corpus: &[Series]) -> Column {
    Column::of("learned", corpus, |_, series| learned_alerts(series))
}

/// The rows at which the learned anomaly fires.
pub(crate) fn learned_alerts(series: &Series) -> Vec<usize> {
    let mut learned = Learned::new();
    let rows = series.times.iter().zip(&series.values).enumerate();
    rows.filter(|(_, (time, value))| learned.judge(**time, **value).fired).map(|(row, _)| row).collect()
}

/// A baseline with its usual setting, and with the one that is best on this very corpus.
pub(crate) fn rival(rival: Rival, corpus: &[Series]) -> (Column, Column, Setting) {
    let column = |setting: Setting, distances: &[Vec<f64>], how: &str| {
        Column::of(format!("{}, {how}", rival.name()), corpus, |at, series| {
            rivals::alerts(series, &distances[at], setting.line)
        })
    };
    let usual = rival.usual();
    let mut shown = None;
    let mut best: Option<(f64, Setting, Column)> = None;
    for &days in rival.days() {
        let distances: Vec<Vec<f64>> = corpus.iter().map(|series| rival.distances(series, days)).collect();
        for line in LINES {
            let setting = Setting { days, line };
            let tried = column(setting, &distances, "tuned");
            let f1 = tried.sum("").f1().unwrap_or_default();
            if best.as_ref().is_none_or(|(most, _, _)| f1 > *most) {
                best = Some((f1, setting, tried));
            }
            if setting == usual {
                shown = Some(column(setting, &distances, "usual"));
            }
        }
    }
    let (_, setting, tuned) = best.expect("settings to choose from");
    (shown.expect("the usual setting is one of them"), tuned, setting)
}

/// The table in Markdown: precision, recall, F1 and hours to the alert; where nothing is to be found, the false alerts.
pub(crate) fn markdown(columns: &[Column], groups: &[&str]) -> String {
    let mut text = String::from("| family |");
    for column in columns {
        write!(text, " {} |", column.name).expect("a text");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(columns.len()));
    text.push('\n');
    let families = columns[0].families.iter().map(|(family, _)| (*family, *family));
    let groups = groups.iter().map(|group| (*group, if group.is_empty() { "**all**" } else { group }));
    for (beginning, name) in families.chain(groups) {
        write!(text, "| {name} |").expect("a text");
        for column in columns {
            write!(text, " {} |", cell(&column.sum(beginning))).expect("a text");
        }
        text.push('\n');
    }
    text
}

fn cell(tally: &Tally) -> String {
    let (Some(recall), Some(f1)) = (tally.recall(), tally.f1()) else {
        return format!("{} false", tally.false_alerts);
    };
    let precision = tally.precision().unwrap_or_default();
    let delay = tally.mean_delay().map_or_else(String::new, |hours| format!(" {hours:.1} h"));
    format!("{precision:.2} {recall:.2} **{f1:.2}**{delay}")
}
