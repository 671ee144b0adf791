//! What a failed attempt means for its delivery. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// The pause after the first failure; doubled by each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(500);
/// The longest pause, so that a chat that is back is served within minutes.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(2);
/// What could not be shown for so long is given up: an outage of a chat lasts hours, not days.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// What becomes of a delivery whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Failures in a row.
    pub(super) failures: i32,
    /// Nobody tries it any more, by itself.
    pub(super) dead: bool,
    /// The chat refused it for good: a newer version does not help either.
    pub(super) refused: bool,
    /// When it is tried again, if it is not dead.
    pub(super) due_at: DateTime<Utc>,
}

impl Failed {
    /// One more failure, after `before` in a row, of a version that is wanted since `wanted_at`. A refusal for good
    /// (`permanent`) ends it at once; what may pass is tried until it is too old, however often it has failed, not
    /// before `retry_after`.
    pub(super) fn of(
        before: i32,
        wanted_at: DateTime<Utc>,
        permanent: bool,
        retry_after: Option<TimeDelta>,
        at: DateTime<Utc>,
    ) -> Self {
        let failures = before.saturating_add(1);
        let pause = pause(before).max(retry_after.unwrap_or_default());
        let dead = permanent || at - wanted_at >= GIVEN_UP_AFTER;
        Self { failures, dead, refused: permanent, due_at: at + pause }
    }
}

/// The longest pause before a thread is told the rest: a newer version of its message may have to wait for that.
const LONGEST_FOR_THREADS: TimeDelta = TimeDelta::seconds(15);
/// What a thread could not be told for so long stands in the alert's timeline alone.
const THREADS_GIVEN_UP_AFTER: TimeDelta = TimeDelta::minutes(10);

/// When the thread of a message that is shown is told the rest, after `before` failures in a row; `None` once that is
/// given up.
pub(super) fn told_again(before: i32, wanted_at: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (at - wanted_at < THREADS_GIVEN_UP_AFTER).then(|| at + pause(before).min(LONGEST_FOR_THREADS))
}

/// The pause after so many failures before this one.
fn pause(before: i32) -> TimeDelta {
    // Eight doublings are beyond the longest pause already.
    (FIRST_PAUSE * (1 << before.clamp(0, 8))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_for_a_day_with_growing_pauses_however_often_it_fails() {
        let (begun, mut at, mut failures) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH, 0);
        loop {
            let failed = Failed::of(failures, begun, false, None, at);
            assert!(!failed.refused, "a newer version revives it");
            if failed.dead {
                break;
            }
            assert!(failed.due_at > at && failed.due_at - at <= LONGEST_PAUSE);
            (failures, at) = (failed.failures, failed.due_at);
        }
        assert!(failures > 700 && at - begun >= GIVEN_UP_AFTER, "{failures} failures in {}", at - begun);
    }

    #[test]
    fn a_refusal_for_good_ends_it_at_once_and_a_named_time_is_waited_for() {
        let at = DateTime::UNIX_EPOCH;
        let refused = Failed::of(0, at, true, None, at);
        assert!(refused.dead && refused.refused);
        assert_eq!(Failed::of(0, at, false, Some(TimeDelta::seconds(40)), at).due_at, at + TimeDelta::seconds(40));
        assert_eq!(Failed::of(3, at, false, Some(TimeDelta::zero()), at).due_at, at + TimeDelta::seconds(4));
        assert_eq!(Failed::of(i32::MAX, at, false, None, at).due_at, at + LONGEST_PAUSE);
    }

    #[test]
    fn a_thread_is_told_the_rest_soon_or_not_at_all_since_its_message_is_shown_already() {
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(told_again(0, at, at), Some(at + FIRST_PAUSE));
        assert_eq!(told_again(i32::MAX, at, at), Some(at + LONGEST_FOR_THREADS));
        assert_eq!(told_again(40, at, at + THREADS_GIVEN_UP_AFTER), None);
    }
}
