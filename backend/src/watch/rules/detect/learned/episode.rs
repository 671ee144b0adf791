//! Episodes: one alert for one event, however many rows it lasts.
//!
//! A row whose surprise reaches the line opens an episode and fires; what follows belongs to it until the surprise has been
//! well below the line for a day (at least [`CALM_ROWS`] rows). Rows of a lasting episode are believed less when the
//! detector learns, so that a storm does not become the ordinary weather before it is over.

use serde::{Deserialize, Serialize};

use super::DAY;

/// The line counts as left below this share of it.
const CALM_SHARE: f32 = 0.7;
/// Rows of calm that end an episode, at least; and a day.
const CALM_ROWS: f32 = 5.0;
/// Uneasy rows that are believed like any other; later ones by [`DOUBTED`].
const BELIEVED: u32 = 3;
const DOUBTED: f32 = 0.1;

/// Whether an episode is open, and how uneasy the last rows were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Episode {
    open: bool,
    /// Second of the last uneasy row.
    uneasy_at: i64,
    /// Uneasy rows without a quarter of the calm time between them.
    uneasy: u32,
}

impl Episode {
    pub(super) const NEW: Self = Self { open: false, uneasy_at: 0, uneasy: 0 };

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Takes a row's surprise; answers whether it fires.
    pub(super) fn take(&mut self, time: i64, surprise: f32, line: f32, step: f32) -> bool {
        let calm_seconds = DAY.max(CALM_ROWS * step) as i64;
        let uneasy = surprise >= CALM_SHARE * line;
        let since = time.saturating_sub(self.uneasy_at);
        if uneasy {
            self.uneasy = self.uneasy.saturating_add(1);
            self.uneasy_at = time;
        } else if since > calm_seconds / 4 {
            self.uneasy = 0;
        }
        if surprise >= line {
            let fires = !self.open;
            self.open = true;
            return fires;
        }
        if !uneasy && since >= calm_seconds {
            self.open = false;
        }
        false
    }

    /// How far the row is to be believed when learning.
    pub(super) fn belief(&self) -> f32 {
        if self.uneasy <= BELIEVED { 1.0 } else { DOUBTED }
    }

    /// Whether the episode has lasted for more than this many rows: then what it shows is the new ordinary.
    pub(super) fn lasts(&self, rows: f32) -> bool {
        self.uneasy as f32 > rows
    }
}
