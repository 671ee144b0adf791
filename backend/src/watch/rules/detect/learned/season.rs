//! The season: what the hour of the day and the day of the week add to the level.
//!
//! Two additive profiles on the scale of `unit.rs` (so they are factors of the value), each value a mean of what came at
//! that hour or on that weekday, shrunk towards 0 while little came. How much of them is believed is measured: the share of
//! the squared error that they take away from a forecast without them. A series without a season so has none, whatever
//! its noise wrote into the profiles.

use serde::{Deserialize, Serialize};

/// Rows closer than this many seconds: the hours' profile is interpolated between the middles of the hours.
const INTERPOLATE_BELOW: f32 = 3_000.0;
/// Rows of an hour and more may come so many seconds early and are still counted to the hour, and day, that they mean.
const EARLY_CLOCK: i64 = 300;
/// Rows of a day from which on it has hours; and weekdays.
const HOURS_FROM: f32 = 2.0;
const WEEKDAYS_FROM: f32 = 0.9;
/// Days that an hour's mean remembers, weeks that a weekday's does, and days that the gain does.
const HOUR_DAYS: f32 = 14.0;
const WEEKDAY_WEEKS: f32 = 6.0;
const GAIN_DAYS: f32 = 7.0;

/// The moment of a row in the season.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    hour: usize,
    weekday: usize,
    /// What the profiles add here, not weighted.
    pub(super) adds: f32,
}

/// Profiles and what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    hours: [f32; 24],
    /// Rows behind each hour, at most what it remembers.
    hours_seen: [f32; 24],
    weekdays: [f32; 7],
    weekdays_seen: [f32; 7],
    /// Mean squared error with the profiles, and without.
    error_with: f32,
    error_without: f32,
}

impl Season {
    pub(super) const NEW: Self = Self {
        hours: [0.0; 24],
        hours_seen: [0.0; 24],
        weekdays: [0.0; 7],
        weekdays_seen: [0.0; 7],
        error_with: 0.0,
        error_without: 0.0,
    };

    /// What the profiles say of a second of the wall clock.
    pub(super) fn at(&self, time: i64, step: f32, per_day: f32) -> Moment {
        // A clock that runs a little early still means the hour that it nearly is.
        let meant = if step >= INTERPOLATE_BELOW { time.saturating_add(EARLY_CLOCK) } else { time };
        let second = meant.rem_euclid(86_400);
        let hour = (second / 3_600) as usize;
        // 1970 began on a Thursday; Monday is 0.
        let weekday = (meant.div_euclid(86_400) + 3).rem_euclid(7) as usize;
        let mut adds = 0.0;
        if per_day >= WEEKDAYS_FROM {
            adds += self.weekdays[weekday];
        }
        if per_day >= HOURS_FROM {
            adds += if step >= INTERPOLATE_BELOW { self.hours[hour] } else { self.between_hours(second) };
        }
        Moment { hour, weekday, adds }
    }

    fn between_hours(&self, second: i64) -> f32 {
        let from_half = (second + 86_400 - 1_800).rem_euclid(86_400);
        let (hour, part) = ((from_half / 3_600) as usize, (from_half % 3_600) as f32 / 3_600.0);
        self.hours[hour] * (1.0 - part) + self.hours[(hour + 1) % 24] * part
    }

    /// How much of the profiles is to be believed, 0 to 1.
    pub(super) fn worth(&self) -> f32 {
        if self.error_without <= 1e-9 {
            return 0.0;
        }
        (1.0 - self.error_with / self.error_without).clamp(0.0, 1.0).sqrt()
    }

    /// Learns from what a row is above the level (cut to a few scales, `limit`), after `rows` rows.
    pub(super) fn learn(&mut self, moment: Moment, above: f32, limit: f32, rows: f32, per_day: f32, weight: f32) {
        if rows > 2.0 * per_day {
            let memory = (GAIN_DAYS * per_day).clamp(30.0, 4_000.0).min(rows);
            let error = (above - moment.adds).clamp(-limit, limit);
            self.error_with += (error * error - self.error_with) / memory;
            self.error_without += (above * above - self.error_without) / memory;
        }
        let Moment { hour, weekday, .. } = moment;
        if per_day >= HOURS_FROM {
            let per_hour = (per_day / 24.0).max(1.0);
            self.hours_seen[hour] = (self.hours_seen[hour] + 1.0).min(per_hour * HOUR_DAYS);
            self.hours[hour] +=
                (above - self.weekdays[weekday] - self.hours[hour]) / (self.hours_seen[hour] + per_hour) * weight;
        }
        if per_day >= WEEKDAYS_FROM {
            let rows_of_day = per_day.max(1.0);
            self.weekdays_seen[weekday] = (self.weekdays_seen[weekday] + 1.0).min(rows_of_day * WEEKDAY_WEEKS);
            self.weekdays[weekday] += (above - self.hours[hour] - self.weekdays[weekday])
                / (self.weekdays_seen[weekday] + 2.0 * rows_of_day)
                * weight;
        }
    }
}
