//! The learned anomaly: a detector that learns what is ordinary for a series while it reads it, row by row.
//!
//! One fixed setting for every series, no training, one pass, a state of fixed size ([`STATE_BYTES`], [`Learned`] is all of it).
//! Method, sources and measured quality: `docs/detector.md`; why it is our own: `docs/decisions/0201-learned-anomaly.md`.
//!
//! # How a row is judged
//! 1. The value goes onto a scale where factors are distances (`unit.rs`); what the hour and the weekday add is known from
//!    two profiles, as far as they have proved worth it (`season.rs`).
//! 2. Six *channels* look at the row: how far it is from the rows just before, and from the expectation; how far the means of
//!    half an hour, four hours and most of a day are from the level of ten days; how restless the rows are (`levels.rs`).
//! 3. Each channel knows how large its deviation usually is and how its tails run, so it can say how seldom one like this
//!    comes (`channel.rs`, `tail.rs`): the *surprise*, -ln of a share of rows.
//! 4. The greatest surprise L is held against the line L*, at which chance alone would raise an alert once in
//!    160 days, whatever the cadence (`cadence.rs`). The score is L / (L + L*): 0.5 on the line.
//! 5. One alert for one *episode* (`episode.rs`). Then everything learns from the row, less from one of a lasting episode.
//!
//! # Cast
//! [`Learned`] (the state; [`Learned::judge`] is all there is to call), [`Reading`] (what is said of a row, with its figures for
//! who asks), [`Voice`] (which kind of change it was).
//!
//! # Invariants
//! - *Causal*: a row is judged by what came before it, and changes nothing that was said.
//! - *Only the first row of an episode scores 0.5 or more.*
//! - *Nothing breaks it*: any number, any times; what is no number changes nothing; all that is kept stays finite.
//! - *Honest at first*: nothing is said of the first [`FIRST_ROWS`] rows; surprises of the first days count for less.
//! - The state can be stored and read again (serde) and goes on as if it had not been.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a detector's state is in f32 on purpose: seven digits are more than any of its estimates has"
)]

use serde::{Deserialize, Serialize};

mod cadence;
mod channel;
mod episode;
mod levels;
mod reading;
mod season;
mod tail;
mod unit;

use crate::watch::rules::detect::NoDataReason;
use cadence::Cadence;
use channel::Channel;
use episode::Episode;
use levels::{CHANNELS, Learning, Lengths, Levels, POINT, SUDDEN};
use reading::View;
use season::Season;
use unit::Unit;

pub use reading::{Reading, Voice};

/// Seconds of a day.
const DAY: f32 = 86_400.0;
/// Rows before the first judgement; the first twelve only tell the unit.
pub const FIRST_ROWS: u32 = 20;
/// Days in which chance alone may raise one alert, were the tails as they are estimated to be. Own choice, from the
/// development corpus: real series are worse than their estimated tails.
const BUDGET_DAYS: f32 = 160.0;
/// The budget is shared by about so many independent ways of looking.
const SHARED_BY: f32 = 4.0;
/// A row's part of the budget lies between these: rows of a second do not ask for the impossible, weeks are not cried wolf at.
const PARTS: (f32, f32) = (1e-6, 2.5e-3);
/// In the first days a surprise counts as n / (n + this share of a day's rows, at most 48): the season is not known yet.
const EARLY: f32 = 0.7;
const EARLY_ROWS: f32 = 48.0;
/// The score of a row that does not fire is at most this.
const QUIET: f64 = 0.499;
/// Days that scales and tails remember, and the rows that this makes at least and at most.
const WINDOW_DAYS: f32 = 18.0;
const WINDOW: (f32, f32) = (100.0, 3_000.0);
/// A channel's scale remembers at least this many of its own lengths: fewer waves would not tell how high waves are, and
/// from the third month on ordinary ones would alert.
const OWN_WINDOW: f32 = 60.0;
/// An event that lasts for so many days is the new ordinary (three days, at least nine rows).
const NEW_ORDINARY_DAYS: f32 = 3.0;
/// A profile learns from a row as from this many scales at most; rows of an event count this much, at least.
const SEASON_CUT: f32 = 4.0;
const SEASON_BELIEF: f32 = 0.2;
/// Values beyond this size are not judged: nothing that is counted or paid for has it, and the arithmetic would overflow.
pub const LARGEST: f64 = 1e30;

/// What is known of a series: all that the detector remembers, whatever came before. See the module for the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    cadence: Cadence,
    unit: Unit,
    /// Rows with a value, the first ones too.
    rows: u32,
    levels: Levels,
    season: Season,
    channels: [Channel; CHANNELS],
    episode: Episode,
}

/// Bytes of a series' state in memory.
pub const STATE_BYTES: usize = size_of::<Learned>();
const _: () = assert!(STATE_BYTES < 2_048, "a detector's state stays under 2 KB");

impl Default for Learned {
    fn default() -> Self {
        Self::new()
    }
}

impl Learned {
    /// Knows nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            cadence: Cadence::NEW,
            unit: Unit::NEW,
            rows: 0,
            levels: Levels::NEW,
            season: Season::NEW,
            channels: [Channel::NEW; CHANNELS],
            episode: Episode::NEW,
        }
    }

    /// Judges a row and then learns from it. `second` counts seconds of the wall clock by which the series has its season
    /// (any beginning at a midnight of a Thursday will do, as 1970's). Rows come in their order; a late one, or another of
    /// the same moment, is judged like the next. A value that is no number, or a missing one, changes nothing.
    pub fn judge(&mut self, second: i64, value: f64) -> Reading {
        if !value.is_finite() {
            return Reading::nothing(self.episode.is_open(), NoDataReason::NoValue);
        }
        if value.abs() > LARGEST {
            return Reading::nothing(self.episode.is_open(), NoDataReason::OutOfRange);
        }
        self.rows = self.rows.saturating_add(1);
        let missing = self.cadence.take(second);
        if let Some(mean) = self.unit.take(value) {
            self.levels.begin(mean);
            return self.too_early();
        }
        self.known(second, value, missing)
    }

    /// Judges a row once the unit is known.
    fn known(&mut self, second: i64, value: f64, missing: f32) -> Reading {
        let rows = self.rows as f32;
        let (step, per_day) = (self.cadence.step(), self.cadence.per_day());
        let lengths = Lengths::of(per_day);
        let moment = self.season.at(second, step, per_day);
        let season = self.season.worth() * moment.adds;
        let expected = self.levels.slow + season;
        if missing > 0.5 {
            self.levels.forget(missing, expected, lengths);
        }
        let y = self.unit.scale.of(value);
        let chance = self.unit.chance(expected);
        let looks = self.levels.take(y, season, self.channels[SUDDEN].scale(0.0), chance, lengths);

        let (mut surprise, mut loudest) = (0.0, None);
        for (at, (channel, look)) in self.channels.iter().zip(looks).enumerate() {
            let own = channel.surprise(look);
            if own > surprise {
                (surprise, loudest) = (own, Some(Voice::of(at, look.deviation > 0.0)));
            }
        }
        let line = -((step / (BUDGET_DAYS * DAY)).clamp(PARTS.0, PARTS.1) / SHARED_BY).ln();
        let trust = rows / (rows + EARLY * per_day.min(EARLY_ROWS));
        let heard = if self.rows > FIRST_ROWS { surprise * trust } else { 0.0 };
        let was_open = self.episode.is_open();
        let fired = self.episode.take(second, heard, line, step);
        let open = self.episode.is_open();
        let score = f64::from(heard / (heard + line));
        let reading = Reading {
            score: if fired { score.max(0.5) } else { score.min(QUIET) },
            fired,
            open,
            voice: loudest,
            ended: was_open && !open,
            view: View::Band {
                value,
                rows: self.rows,
                scale: self.unit.scale,
                expected,
                point: self.channels[POINT],
                floor: looks[POINT].floor,
                line: line / trust,
            },
        };
        self.learn(y, moment, looks, lengths, per_day);
        if self.rows > FIRST_ROWS { reading } else { self.too_early() }
    }

    fn learn(
        &mut self,
        y: f32,
        moment: season::Moment,
        looks: [channel::Look; CHANNELS],
        lengths: Lengths,
        per_day: f32,
    ) {
        let rows = self.rows as f32;
        let belief = self.episode.belief();
        let window = (per_day * WINDOW_DAYS).clamp(WINDOW.0, WINDOW.1);
        for (channel, look) in self.channels.iter_mut().zip(looks) {
            channel.learn(look, window.max(OWN_WINDOW * look.memory), belief);
        }
        let scale = self.channels[POINT].scale(levels::FLOOR);
        let relearn = self.episode.lasts(NEW_ORDINARY_DAYS * per_day.max(3.0));
        self.levels.learn(y, &looks, lengths, Learning { rows, scale, window, belief, relearn });
        let limit = SEASON_CUT * scale;
        let above = (y - self.levels.slow).clamp(-limit, limit);
        self.season.learn(moment, above, limit, rows, per_day, belief.max(SEASON_BELIEF));
    }

    fn too_early(&self) -> Reading {
        let reason = NoDataReason::TooLittleHistory { have: self.rows.saturating_sub(1), need: FIRST_ROWS };
        Reading::nothing(self.episode.is_open(), reason)
    }
}

#[cfg(test)]
mod tests;
