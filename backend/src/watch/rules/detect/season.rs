//! Season: which earlier buckets a bucket may be compared with.
//!
//! A shop's Sunday is compared with Sundays and its Sunday evening with Sunday evenings; anything else would call every
//! weekend an incident.
//!
//! Cast: [`Season`] (a number for each slot: equal numbers are comparable), [`SeasonLength`] (what one asks for before
//! the width of a bucket is known).
//!
//! Invariants: local wall-clock time decides, so that a change to summer time moves nothing; times that miss their slot
//! by less than half its width still count as in it.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::RuleError;

const DAY: i64 = 86_400;

/// Widths that clocks are commonly set to, in seconds; a measured cadence close to one of them is meant to be it.
const COMMON: [i64; 20] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200];

/// The length after which a series is expected to repeat itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeasonLength {
    /// Same weekday and, within it, same time of day.
    #[default]
    Week,
    /// Same time of day on any day.
    Day,
    /// No season: all earlier buckets are comparable.
    None,
}

impl FromStr for SeasonLength {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        match text {
            "week" => Ok(Self::Week),
            "day" => Ok(Self::Day),
            "none" => Ok(Self::None),
            _ => Err(RuleError::UnknownWord { field: "season", expected: "week, day, none" }),
        }
    }
}

/// A season cut into slots as wide as the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "length")]
pub enum Season {
    /// Same weekday, same slot of the day.
    Week {
        /// Width of a slot: a day (86 400) or less.
        slot_seconds: u32,
    },
    /// Same slot of the day, whatever the day.
    Day {
        /// Width of a slot: a day (86 400) or less.
        slot_seconds: u32,
    },
    /// Everything is comparable.
    None,
}

impl Default for Season {
    fn default() -> Self {
        Self::WEEKDAY
    }
}

impl Season {
    /// For buckets of a day: same weekday.
    pub const WEEKDAY: Self = Self::Week { slot_seconds: 86_400 };
    /// For buckets of an hour: same weekday, same hour.
    pub const WEEKDAY_HOUR: Self = Self::Week { slot_seconds: 3_600 };

    /// The season for buckets that follow each other every `cadence`. From 18 to 36 hours they are days; wider ones
    /// (weeks, months) have no weekday to compare.
    #[must_use]
    pub fn of_cadence(length: SeasonLength, cadence: TimeDelta) -> Self {
        let seconds = cadence.num_seconds().max(1);
        if length == SeasonLength::None || seconds >= DAY * 3 / 2 {
            return Self::None;
        }
        let meant = COMMON.into_iter().find(|common| (seconds - common).abs() * 10 <= *common);
        let slot = if seconds >= DAY * 3 / 4 { DAY } else { meant.unwrap_or(seconds) };
        // Between 1 and 86 400 by the lines above.
        let slot_seconds = u32::try_from(slot).unwrap_or(86_400);
        match length {
            SeasonLength::Day => Self::Day { slot_seconds },
            SeasonLength::Week | SeasonLength::None => Self::Week { slot_seconds },
        }
    }

    /// How far into its slot a series begins, judged by its first bucket: a series of hours that begins at 10:30 has
    /// its slots around half past. To be taken off each time before asking for its [`slot`](Self::slot).
    #[must_use]
    pub fn phase(self, first: NaiveDateTime) -> TimeDelta {
        self.width().map_or(TimeDelta::zero(), |width| {
            TimeDelta::seconds(first.and_utc().timestamp().rem_euclid(DAY).rem_euclid(width))
        })
    }

    /// The slot whose middle is nearest to `start` (local time); equal slots are comparable.
    #[must_use]
    pub fn slot(self, start: NaiveDateTime) -> u32 {
        let Some(width) = self.width() else { return 0 };
        let seconds = start.and_utc().timestamp() + width / 2;
        let in_day = seconds.rem_euclid(DAY) / width;
        let slots_a_day = (DAY + width - 1) / width;
        let weekday = match self {
            Self::Week { .. } => seconds.div_euclid(DAY).rem_euclid(7),
            Self::Day { .. } | Self::None => 0,
        };
        // At most 7 x 86 400.
        u32::try_from(weekday * slots_a_day + in_day).unwrap_or(0)
    }

    fn width(self) -> Option<i64> {
        match self {
            Self::Week { slot_seconds } | Self::Day { slot_seconds } => Some(i64::from(slot_seconds).clamp(1, DAY)),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_compared_with_the_same_hour_of_the_same_weekday() {
        let season = Season::of_cadence(SeasonLength::Week, TimeDelta::hours(1));
        assert_eq!(season, Season::WEEKDAY_HOUR);
        let monday_ten = season.slot(at("2024-03-04T10:00:00"));
        assert_eq!(monday_ten, season.slot(at("2024-03-11T10:00:00")));
        assert_eq!(monday_ten, season.slot(at("2024-03-11T09:59:58")), "a clock two seconds early");
        assert_ne!(monday_ten, season.slot(at("2024-03-11T11:00:00")));
        assert_ne!(monday_ten, season.slot(at("2024-03-12T10:00:00")));
        let any_day = Season::of_cadence(SeasonLength::Day, TimeDelta::hours(1));
        assert_eq!(any_day.slot(at("2024-03-11T10:00:00")), any_day.slot(at("2024-03-12T10:00:00")));
    }

    #[test]
    fn a_week_of_hours_has_168_slots() {
        let first = at("2024-03-04T00:00:00");
        let slots: std::collections::BTreeSet<u32> =
            (0..24 * 28).map(|hour| Season::WEEKDAY_HOUR.slot(first + TimeDelta::hours(hour))).collect();
        assert_eq!(slots.len(), 168);
    }

    #[test]
    fn days_written_at_noon_stay_on_their_weekday_whatever_the_jitter() {
        let season = Season::of_cadence(SeasonLength::Week, TimeDelta::hours(23));
        assert_eq!(season, Season::WEEKDAY);
        let first = at("2024-03-04T12:00:00");
        let slot = |text| season.slot(at(text) - season.phase(first));
        assert_eq!(slot("2024-03-11T11:58:00"), slot("2024-03-18T12:02:00"));
        assert_ne!(slot("2024-03-11T12:00:00"), slot("2024-03-12T12:00:00"));
    }

    #[test]
    fn the_width_follows_the_cadence() {
        let week = |seconds| Season::of_cadence(SeasonLength::Week, TimeDelta::seconds(seconds));
        assert_eq!(week(298), Season::Week { slot_seconds: 300 });
        assert_eq!(week(420), Season::Week { slot_seconds: 420 });
        assert_eq!(week(0), Season::Week { slot_seconds: 1 });
        assert_eq!(week(7 * DAY), Season::None);
        assert_eq!(Season::of_cadence(SeasonLength::None, TimeDelta::hours(1)), Season::None);
        assert_eq!(Season::of_cadence(SeasonLength::Day, TimeDelta::days(1)), Season::Day { slot_seconds: 86_400 });
    }
}
