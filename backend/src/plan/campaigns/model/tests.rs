use super::*;
use proptest::prelude::*;

/// The whole table, state by state: what each verb leads to, `.` for nothing, `-` for a refusal. The columns are
/// submit, schedule, launch, pause, resume, complete, cancel.
const TABLE: [(State, [&str; 7]); 7] = [
    (State::Draft, ["in_review", "scheduled", "active", "-", "-", "-", "cancelled"]),
    (State::InReview, [".", "scheduled", "active", "-", "-", "-", "cancelled"]),
    (State::Scheduled, ["-", ".", "active", "-", "-", "-", "cancelled"]),
    (State::Active, ["-", "-", ".", "paused", ".", "completed", "cancelled"]),
    (State::Paused, ["-", "-", "-", ".", "active", "completed", "cancelled"]),
    (State::Completed, ["-", "-", "-", "-", "-", ".", "-"]),
    (State::Cancelled, ["-", "-", "-", "-", "-", "-", "."]),
];

#[test]
fn every_state_meets_every_verb_as_the_table_says() {
    assert_eq!(TABLE.map(|(state, _)| state), State::ALL);
    for (from, row) in TABLE {
        for (verb, expected) in Verb::ALL.into_iter().zip(row) {
            let got = match step(from, verb) {
                Ok(Step::Already) => ".",
                Ok(Step::To(state)) => state.as_str(),
                Err(refused) => {
                    assert_eq!(refused, Refused { from, verb });
                    "-"
                }
            };
            assert_eq!(got, expected, "{from} {}", verb.as_str());
        }
    }
}

#[test]
fn a_refusal_names_the_state_the_verb_and_what_is_possible() {
    let told = |from, verb| step(from, verb).unwrap_err().to_string();
    assert_eq!(
        told(State::Paused, Verb::Launch),
        "The campaign is `paused`, which does not allow `launch`. Possible now: `resume`, `complete`, `cancel`."
    );
    assert_eq!(
        told(State::Completed, Verb::Cancel),
        "The campaign is `completed`, which does not allow `cancel`. It is at its end: nothing is possible any more."
    );
}

#[test]
fn the_audit_action_tells_the_verb() {
    for verb in Verb::ALL {
        assert!(verb.action().starts_with(&format!("campaign.{}", &verb.as_str()[..5])), "{verb:?}");
    }
}

proptest! {
    /// Whatever is tried: an end is never left, a repetition changes nothing, and pauses alternate with resumptions.
    #[test]
    fn any_sequence_of_verbs_keeps_the_rules(verbs in prop::collection::vec(0..Verb::ALL.len(), 0..40)) {
        let mut state = State::Draft;
        let mut held = false;
        for verb in verbs.into_iter().map(|i| Verb::ALL[i]) {
            let Ok(Step::To(next)) = step(state, verb) else { continue };
            prop_assert!(!matches!(state, State::Completed | State::Cancelled));
            prop_assert_ne!(next, state);
            prop_assert_eq!(step(next, verb), Ok(Step::Already));
            match verb {
                Verb::Pause => { prop_assert!(!held); held = true; }
                Verb::Resume => { prop_assert!(held); held = false; }
                _ => {}
            }
            state = next;
        }
    }
}

fn days(starts_on: &str, ends_on: &str, blame_start: bool) -> Vec<Fault> {
    judge_days(starts_on.parse().ok(), ends_on.parse().ok(), blame_start)
}

fn pointers(faults: &[Fault]) -> Vec<(&str, &str)> {
    faults.iter().map(|f| (f.pointer.as_str(), f.reason)).collect()
}

#[test]
fn days_are_in_order_and_in_our_time() {
    assert!(days("2026-11-01", "2026-11-01", false).is_empty());
    assert!(days("", "2026-11-01", false).is_empty());
    let swapped = |blame| days("2026-11-02", "2026-11-01", blame);
    assert_eq!(pointers(&swapped(false)), [("/ends_on", "out_of_order")]);
    assert_eq!(pointers(&swapped(true)), [("/starts_on", "out_of_order")]);
    assert_eq!(
        pointers(&days("1999-12-31", "2101-01-01", false)),
        [("/starts_on", "out_of_range"), ("/ends_on", "out_of_range"),]
    );
}

#[test]
fn a_budget_is_in_the_retailers_currency_and_not_absurd() {
    let judge = |amount_minor, currency: &str| judge_budget(&Money { amount_minor, currency: currency.into() }, "CNY");
    assert!(judge(0, "CNY").is_empty());
    assert!(judge(LARGEST_BUDGET, "CNY").is_empty());
    assert_eq!(
        pointers(&judge(-1, "USD")),
        [("/budget/amount_minor", "out_of_range"), ("/budget/currency", "wrong_currency"),]
    );
    assert_eq!(judge(LARGEST_BUDGET + 1, "CNY").len(), 1);
    assert_eq!(judge(1, "cny").len(), 1);
}

#[test]
fn channels_exist_and_are_listed_once() {
    let (known, unknown) = (ChannelId::new(), ChannelId::new());
    let faults = judge_channels(&[known, unknown, known], |id| *id == known);
    assert_eq!(pointers(&faults), [("/channels/1", "not_found"), ("/channels/2", "duplicate")]);
    let many: Vec<_> = (0..=MOST_CHANNELS).map(|_| ChannelId::new()).collect();
    assert_eq!(pointers(&judge_channels(&many, |_| true)), [("/channels", "too_many")]);
    assert!(judge_channels(&many[1..], |_| true).is_empty());
}

#[test]
fn a_scheduled_campaign_is_due_from_its_first_day_to_its_last() {
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day);
    let today = day(10).unwrap();
    let due = |first, last| is_due(State::Scheduled, first, last, today);
    assert!(due(day(10), None) && due(day(1), day(10)) && due(day(10), day(10)));
    assert!(!due(day(11), None), "its first day has not come");
    assert!(!due(day(1), day(9)), "its last day is over");
    assert!(!due(None, None));
    for state in State::ALL.iter().copied().filter(|state| *state != State::Scheduled) {
        assert!(!is_due(state, day(1), None, today), "{state}");
    }
}

#[test]
fn what_waits_for_its_first_day_has_one() {
    assert_eq!(judge_start(State::Scheduled, None).len(), 1);
    assert!(judge_start(State::Draft, None).is_empty());
}
