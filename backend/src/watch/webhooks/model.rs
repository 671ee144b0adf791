//! What an outcome means for a message and its webhook, and what a sensible webhook is. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::webhooks::{EventType, Fault, ReplayMessages};

/// The pauses behind the first failure, the second, and so on; a failure behind the last one is the end.
const PAUSES: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// A pause is longer by up to this share, so that what failed together does not come back together.
const JITTER: f64 = 0.1;
/// A webhook that accepted nothing for so long is disabled, if it was tried [`FEWEST_TRIES`] times meanwhile.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(5);
/// The fewest tries for which a webhook is disabled.
pub(super) const FEWEST_TRIES: usize = 5;
/// Longer than any pause between two tries of a message: without a try for so long, what failed before is another story.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(2);
/// The status that says: never again.
const GONE: u16 = 410;
/// The most types that a webhook asks for, as the wire says it.
const MOST_TYPES: usize = 64;

/// What becomes of a message after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was accepted.
    Accepted,
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It is given up.
    Dead,
    /// It is given up, and its webhook is disabled.
    Gone,
}

/// Judges a try of a message that had failed `before` times; `chance` lies between 0 and 1. Only 2xx accepts: a redirect
/// is a failure, since it is not followed.
pub(super) fn judge(outcome: Result<u16, Fault>, before: i32, chance: f64, at: DateTime<Utc>) -> Verdict {
    match outcome {
        Ok(200..=299) => Verdict::Accepted,
        Ok(GONE) => Verdict::Gone,
        _ => match usize::try_from(before).ok().and_then(|before| PAUSES.get(before)) {
            Some(pause) => Verdict::Again(at + *pause + share(*pause, JITTER * chance.clamp(0.0, 1.0))),
            None => Verdict::Dead,
        },
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "at most a tenth of a day, in milliseconds"
)]
fn share(pause: TimeDelta, share: f64) -> TimeDelta {
    TimeDelta::milliseconds((pause.num_milliseconds() as f64 * share) as i64)
}

/// Since when a webhook has accepted nothing whose newest try, at `at`, failed: one that failed long ago and was not tried
/// since then begins anew.
pub(super) fn failing_since(
    before: Option<DateTime<Utc>>,
    last_tried: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> DateTime<Utc> {
    let recent = last_tried.is_some_and(|tried| at - tried < FORGOTTEN_AFTER);
    before.filter(|_| recent).unwrap_or(at)
}

/// Whether a webhook that accepted nothing since `failing_since` may be given up: if it was tried [`FEWEST_TRIES`] times.
pub(super) fn is_given_up(failing_since: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    at - failing_since >= GIVEN_UP_AFTER
}

/// One refused field: pointer, machine-readable word, and how to mend it.
pub(super) type FieldFault = (String, &'static str, &'static str);

/// Faults of the types that a webhook asks for.
pub(super) fn judge_types(types: &[EventType]) -> Vec<FieldFault> {
    if types.is_empty() {
        return vec![("/events".to_owned(), "required", "Names nothing, so nothing would be sent. Name a type.")];
    }
    if types.len() > MOST_TYPES {
        return vec![("/events".to_owned(), "too_many", "Names more types than there are. Name each once.")];
    }
    let tests = types.iter().enumerate().filter(|(_, kind)| !kind.can_be_asked_for());
    tests
        .map(|(index, _)| {
            let detail = "Is sent by `POST /v1/webhooks/{id}/test` only. Leave it out.";
            (format!("/events/{index}"), "not_for_webhooks", detail)
        })
        .collect()
}

/// Faults of a wish to replay: one message or a time, not both and not neither.
pub(super) fn judge_replay(wish: &ReplayMessages) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if wish.message.is_some() == wish.since.is_some() {
        faults.push(("/message".to_owned(), "one_of", "Give either `message` or `since`."));
    }
    if wish.until.is_some() && wish.since.is_none() {
        faults.push(("/until".to_owned(), "needs_since", "Give `since`, too."));
    }
    if let (Some(since), Some(until)) = (wish.since, wish.until)
        && until <= since
    {
        faults.push(("/until".to_owned(), "out_of_order", "Lies before `since`. Give a later time."));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::MessageId;

    #[test]
    fn what_fails_is_tried_ten_times_over_three_days_and_then_given_up() {
        for chance in [0.0, 0.5, 1.0] {
            let (begun, mut at) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
            let mut pauses = Vec::new();
            for before in 0.. {
                match judge(Ok(500), before, chance, at) {
                    Verdict::Again(due) => {
                        pauses.push((due - at).num_seconds());
                        at = due;
                    }
                    verdict => {
                        assert_eq!((verdict, before), (Verdict::Dead, 9));
                        break;
                    }
                }
            }
            let plain = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
            for (pause, plain) in pauses.iter().zip(plain) {
                assert!((plain..=plain + plain / 10).contains(pause), "{pause} for {plain}");
            }
            assert_eq!(pauses.len(), plain.len());
            assert!(at - begun >= TimeDelta::hours(75) && at - begun < GIVEN_UP_AFTER);
        }
    }

    #[test]
    fn only_2xx_accepts_410_ends_it_and_everything_else_is_tried_again() {
        let at = DateTime::UNIX_EPOCH;
        let verdict = |outcome| judge(outcome, 0, 0.0, at);
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(Ok(status)), Verdict::Accepted, "{status}");
        }
        assert_eq!(verdict(Ok(410)), Verdict::Gone);
        let soon = Verdict::Again(at + TimeDelta::seconds(5));
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 409, 411, 429, 500, 503, 599] {
            assert_eq!(verdict(Ok(status)), soon, "{status}");
        }
        for &fault in Fault::ALL {
            assert_eq!(verdict(Err(fault)), soon, "{fault}");
        }
        assert_eq!(judge(Ok(500), -1, 0.0, at), Verdict::Dead);
        assert_eq!(judge(Ok(500), i32::MAX, f64::NAN, at), Verdict::Dead);
    }

    #[test]
    fn a_webhook_is_given_up_after_five_days() {
        let since = DateTime::UNIX_EPOCH;
        assert!(!is_given_up(since, since + TimeDelta::days(5) - TimeDelta::seconds(1)));
        assert!(is_given_up(since, since + TimeDelta::days(5)));
    }

    #[test]
    fn what_failed_in_january_is_not_held_against_it_in_february() {
        let since = DateTime::UNIX_EPOCH;
        let day = |days| since + TimeDelta::days(days);
        assert_eq!(failing_since(None, None, day(0)), day(0));
        // The longest pause with its jitter is no break.
        let longest = TimeDelta::minutes(24 * 60 * 11 / 10);
        assert_eq!(failing_since(Some(since), Some(day(3)), day(3) + longest), since);
        assert_eq!(failing_since(Some(since), Some(day(3)), day(31)), day(31));
        assert_eq!(failing_since(Some(since), None, day(31)), day(31));
    }

    #[test]
    fn wishes_that_make_no_sense_are_refused_field_by_field() {
        assert_eq!(judge_types(&[])[0].1, "required");
        assert_eq!(judge_types(&[EventType::AlertOpened; 65])[0].1, "too_many");
        let test = judge_types(&[EventType::AlertOpened, EventType::WebhookTest]);
        assert_eq!((test[0].0.as_str(), test[0].1), ("/events/1", "not_for_webhooks"));
        assert!(judge_types(&[EventType::AlertOpened, EventType::WebhookDisabled]).is_empty());

        let at = Some(DateTime::UNIX_EPOCH);
        let later = at.map(|at| at + TimeDelta::days(1));
        let replay = |message: Option<MessageId>, since, until| {
            let faults = judge_replay(&ReplayMessages { message, since, until });
            faults.iter().map(|fault| fault.1).collect::<Vec<_>>()
        };
        let one = Some(MessageId::new());
        assert_eq!(replay(None, None, None), ["one_of"]);
        assert_eq!(replay(one, at, None), ["one_of"]);
        assert_eq!(replay(one, None, at), ["needs_since"]);
        assert_eq!(replay(None, later, at), ["out_of_order"]);
        assert_eq!(replay(None, at, at), ["out_of_order"]);
        assert!(replay(one, None, None).is_empty() && replay(None, at, later).is_empty());
    }
}
