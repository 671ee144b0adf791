//! What the detector says of a row, and why.
//!
//! Cast: [`Reading`] (score, fired, who spoke), [`Voice`] (which kind of change it was), and the way from it to the
//! [`Verdict`] that every rule answers with. The numbers that explain (expectation, band) cost more than the
//! judgement, so they are worked out only for who asks.

use serde::{Deserialize, Serialize};

use super::channel::{Channel, Look};
use super::levels::{LONG, MIDDLE, SHORT, SPREAD};
use super::unit::Scale;
use crate::watch::rules::detect::{Figures, NoDataReason, Verdict};

/// Which kind of change spoke loudest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// A row far above what was expected, or above the rows just before.
    Spike,
    /// A row far below, or half an hour of low ones.
    Drop,
    /// Half an hour (at least two rows) high together.
    Burst,
    /// Four hours (at least four rows) on another level.
    Level,
    /// Most of a day (at least six rows) away from where the series has been for ten days.
    Trend,
    /// The rows jump about more than they did, or less: a flat line, too.
    Spread,
}

impl Voice {
    pub(super) fn of(channel: usize, up: bool) -> Self {
        match (channel, up) {
            (MIDDLE, _) => Self::Level,
            (LONG, _) => Self::Trend,
            (SPREAD, _) => Self::Spread,
            (SHORT, true) => Self::Burst,
            (_, true) => Self::Spike,
            (_, false) => Self::Drop,
        }
    }
}

/// What is said of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// How alarming the row is, 0 to 1: at least 0.5 where it fires, below 0.5 anywhere else.
    pub score: f64,
    /// Whether an alert is raised here: the first row of an episode.
    pub fired: bool,
    /// Whether an episode is open after this row.
    pub open: bool,
    /// Which kind of change spoke loudest; `None` where nothing is out of the ordinary.
    pub voice: Option<Voice>,
    /// Whether an episode ended with this row.
    pub(super) ended: bool,
    pub(super) view: View,
}

/// What it takes to explain a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum View {
    /// The row has no value that could be judged.
    Nothing(NoDataReason),
    /// It has one.
    Band {
        value: f64,
        rows: u32,
        scale: Scale,
        /// The expectation, on the scale.
        expected: f32,
        /// The channel that compares a row with it, as it was when it judged.
        point: Channel,
        floor: f32,
        /// The surprise at which that channel would have fired.
        line: f32,
    },
}

impl Reading {
    pub(super) fn nothing(open: bool, reason: NoDataReason) -> Self {
        Self { score: 0.0, fired: false, open, voice: None, ended: false, view: View::Nothing(reason) }
    }

    /// The figures that explain it: the value, what was expected, the band in which a single row would have been
    /// ordinary (an alert inside the band speaks of several rows together), the score. `None` without a judgement.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        let View::Band { value, rows, scale, expected, point, floor, line } = self.view else {
            return None;
        };
        let (below, above) = point.band(line, Look { deviation: 0.0, floor, memory: 1.0 });
        Some(Figures {
            value,
            expected: Some(scale.back(expected)),
            n: Some(rows),
            low: Some(scale.back(expected + below)),
            high: Some(scale.back(expected + above)),
            score: self.score,
            ..Figures::default()
        })
    }

    /// The same as a rule's verdict. Only the first row of an episode is firing; the others hold.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let figures = match (self.view, self.figures()) {
            (View::Nothing(reason), _) => return Verdict::NoData(reason),
            (View::Band { .. }, figures) => figures.unwrap_or_default(),
        };
        match (self.fired, self.open, self.ended) {
            (true, _, _) => Verdict::Firing(figures),
            (false, true, _) => Verdict::Holding(figures),
            (false, false, true) => Verdict::Recovered(figures),
            (false, false, false) => Verdict::Quiet(figures),
        }
    }
}
