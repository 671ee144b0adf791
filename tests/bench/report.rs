//! The table that a run prints, in Markdown, and the arithmetic of medians.

use std::fmt;

/// The figures of a run.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<[String; 5]>,
    notes: Vec<String>,
}

/// Whether more or less is better, and the line to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// At least this.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// Shown for its own sake.
    Nothing,
}

impl Report {
    /// One line: what, ours, the yardstick's, the figure that is judged with its unit, and the aim.
    pub(crate) fn line(&mut self, what: &str, ours: &str, base: &str, figure: f64, unit: &str, aim: Aim) {
        let aim = match aim {
            Aim::AtLeast(least) => format!("≥ {least}{unit}: {}", met(figure >= least)),
            Aim::Below(most) => format!("< {most}{unit}: {}", met(figure < most)),
            Aim::Nothing => String::new(),
        };
        let figure = if figure.abs() >= 20.0 { format!("{figure:.0}{unit}") } else { format!("{figure:.2}{unit}") };
        eprintln!("  {what}: {ours} / {base} = {figure} {aim}");
        self.lines.push([what.to_owned(), ours.to_owned(), base.to_owned(), figure, aim]);
    }

    /// Something that the reader of the table has to know.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("  {text}");
        self.notes.push(text);
    }
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| measured | service | yardstick | figure | aim |\n|---|---|---|---|---|")?;
        for [what, ours, base, figure, aim] in &self.lines {
            writeln!(f, "| {what} | {ours} | {base} | {figure} | {aim} |")?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

/// The value below which `share` of `values` lie (nearest rank); 0 without values.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// The median.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
