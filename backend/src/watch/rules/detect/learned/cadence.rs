//! How far apart the rows are: learned from the first gaps, then followed slowly. Everything that lasts (a day, two weeks)
//! is counted in rows by it.

use serde::{Deserialize, Serialize};

use super::DAY;

/// Gaps whose median is the first guess: a hole among them does not move it.
const FIRST: usize = 11;
/// Later gaps move it by this share of their difference, and count as half or twice of it at most.
const FOLLOW: f32 = 0.02;
/// Rows of a day lie between these: seconds are treated as minutes, months as weeks.
const PER_DAY: (f32, f32) = (0.14, 1_440.0);

/// The distance of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Cadence {
    /// Second of the newest row; `None` before the first.
    newest: Option<i64>,
    /// Seconds from row to row.
    step: f32,
    /// The first gaps in order of size.
    first: [f32; FIRST],
    gaps: u8,
}

impl Cadence {
    pub(super) const NEW: Self = Self { newest: None, step: 0.0, first: [0.0; FIRST], gaps: 0 };

    /// Takes the second of a row; answers with how many rows seem to be missing before it.
    pub(super) fn take(&mut self, second: i64) -> f32 {
        let gap = self.newest.map_or(0.0, |newest| second.saturating_sub(newest).max(0) as f32);
        self.newest = Some(self.newest.map_or(second, |newest| newest.max(second)));
        // The first row, a late one, or another one of the same moment: nothing to learn.
        if gap <= 0.0 {
            return 0.0;
        }
        let have = usize::from(self.gaps);
        if have < FIRST {
            let place = self.first[..have].partition_point(|earlier| *earlier < gap);
            self.first.copy_within(place..have, place + 1);
            self.first[place] = gap;
            self.gaps += 1;
            self.step = self.first[have / 2];
            return 0.0;
        }
        let missing = (gap / self.step() - 1.0).max(0.0);
        self.step += FOLLOW * (gap.clamp(0.5 * self.step, 2.0 * self.step) - self.step);
        missing
    }

    /// Seconds from row to row.
    pub(super) fn step(&self) -> f32 {
        self.step.max(1.0)
    }

    /// Rows of a day.
    pub(super) fn per_day(&self) -> f32 {
        (DAY / self.step()).clamp(PER_DAY.0, PER_DAY.1)
    }
}
