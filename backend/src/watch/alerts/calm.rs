//! How an alert is told without drowning a chat: by itself, in the one message of a storm, or in the message of the alerts
//! that it repeats. Pure: the time is an argument.
//!
//! A *storm* is more than [`ALONE`] alerts told by themselves within [`STORM`]; what comes beyond joins one group, whose
//! message is edited, until nothing has joined it for [`LASTS`]. Critical alerts and the others are looked at apart, so
//! that no number of softer ones has a stopped campaign told in passing. A breach *flaps* when it is opened [`FLAPS`] times within
//! [`LATELY`]: it takes over the message of the alert before it, which says so.

use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::ids::AlertId;
use uuid::Uuid;

/// Alerts that are told by themselves within [`STORM`].
pub(super) const ALONE: usize = 5;
/// How long a storm is looked back upon.
pub(super) const STORM: TimeDelta = TimeDelta::minutes(1);
/// A storm lasts until nothing has joined it for so long.
pub(super) const LASTS: TimeDelta = TimeDelta::minutes(3);
/// How often the same breach is opened to flap.
pub(super) const FLAPS: usize = 3;
/// How long flapping is looked back upon.
pub(super) const LATELY: TimeDelta = TimeDelta::days(7);

/// An alert that was raised not long ago.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    pub(super) id: AlertId,
    /// Whether it is of the same breach.
    pub(super) same_breach: bool,
    pub(super) opened_at: DateTime<Utc>,
    /// Whether anybody was told.
    pub(super) told: bool,
    /// The group in which it is told.
    pub(super) group: Option<Uuid>,
}

/// How an alert is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// In a message of its own.
    Alone,
    /// In the message of this group; of a new one if `None`.
    Grouped(Option<Uuid>),
    /// In the message of the last alert of the same breach, which was opened so often since then.
    Flapping { before: AlertId, times: i32, since: DateTime<Utc> },
}

/// How an alert that speaks at `at` is told, by what was raised before it: `recent`, newest first.
pub(super) fn telling(recent: &[Recent], at: DateTime<Utc>) -> Telling {
    let same: Vec<&Recent> = recent.iter().filter(|one| one.same_breach && one.opened_at > at - LATELY).collect();
    if let (Some(before), Some(first)) = (same.first(), same.last())
        && same.len() + 1 >= FLAPS
    {
        let times = i32::try_from(same.len() + 1).unwrap_or(i32::MAX);
        return Telling::Flapping { before: before.id, times, since: first.opened_at };
    }
    if let Some(group) = recent.iter().filter(|one| one.opened_at > at - LASTS).find_map(|one| one.group) {
        return Telling::Grouped(Some(group));
    }
    let told = recent.iter().filter(|one| one.told && one.opened_at > at - STORM);
    if told.count() < ALONE { Telling::Alone } else { Telling::Grouped(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn recent(seconds: i64) -> Recent {
        Recent { id: AlertId::new(), same_breach: false, opened_at: at(seconds), told: true, group: None }
    }

    #[test]
    fn a_few_are_told_by_themselves_and_the_rest_of_a_storm_together() {
        let few: Vec<Recent> = (0..4).map(|_| recent(10)).collect();
        assert_eq!(telling(&few, at(20)), Telling::Alone);
        let many: Vec<Recent> = (0..5).map(|_| recent(10)).collect();
        assert_eq!(telling(&many, at(20)), Telling::Grouped(None));
        let group = Uuid::now_v7();
        let joined: Vec<Recent> =
            [Recent { group: Some(group), ..recent(15) }].into_iter().chain(many.clone()).collect();
        assert_eq!(telling(&joined, at(20)), Telling::Grouped(Some(group)));
        assert_eq!(telling(&joined, at(194)), Telling::Grouped(Some(group)), "it goes on");
        assert_eq!(telling(&joined, at(195)), Telling::Alone, "the storm is over");
        let quiet: Vec<Recent> = many.into_iter().map(|one| Recent { told: false, ..one }).collect();
        assert_eq!(telling(&quiet, at(20)), Telling::Alone, "what nobody is told of is no storm");
    }

    #[test]
    fn the_third_opening_of_one_breach_within_a_week_flaps() {
        let before = |seconds| Recent { same_breach: true, ..recent(seconds) };
        let twice = [before(200), recent(150), before(100)];
        let flapping = Telling::Flapping { before: twice[0].id, times: 3, since: at(100) };
        assert_eq!(telling(&twice, at(300)), flapping);
        assert_eq!(telling(&twice[..2], at(300)), Telling::Alone, "twice is not often");
        assert_eq!(telling(&twice, at(100) + LATELY), Telling::Alone, "the first is long ago");
    }
}
