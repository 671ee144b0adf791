//! The states of a campaign, and what may be written in its plan. Pure.
//!
//! ```text
//! draft ──submit──▶ in_review ──schedule──▶ scheduled ──launch──▶ active ──complete──▶ completed
//!                                                          pause ▼  ▲ resume
//!                                                               paused ──complete──▶ completed
//! ```
//! A scheduled campaign is launched by itself when its first day begins in the retailer's time zone ([`is_due`]); its
//! last day ends nothing by itself. A draft may also be scheduled or launched at once, and a campaign in review launched; `cancel` leads from every
//! state that is not an end to `cancelled`. Only an active campaign is paused, so that `resume` has one meaning: back
//! to active.
//! Invariant: a verb whose aim is the present state changes nothing, so that it can be repeated safely.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use tillwatch_shared::Money;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::plan::CampaignState as State;

/// The most channels of one campaign.
pub const MOST_CHANNELS: usize = 100;
/// The largest budget, in the currency's minor unit.
pub const LARGEST_BUDGET: i64 = 1_000_000_000_000;

/// What can be done to a campaign's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Hand a draft in for sign-off.
    Submit,
    /// Sign off for its first day.
    Schedule,
    /// Start now.
    Launch,
    /// Hold.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End as planned.
    Complete,
    /// Give up.
    Cancel,
}

impl Verb {
    /// Every verb, in the order of a campaign's life.
    pub const ALL: [Self; 7] =
        [Self::Submit, Self::Schedule, Self::Launch, Self::Pause, Self::Resume, Self::Complete, Self::Cancel];

    /// The verb, as in the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Schedule => "schedule",
            Self::Launch => "launch",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
        }
    }

    /// The action in the audit log.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Submit => "campaign.submitted",
            Self::Schedule => "campaign.scheduled",
            Self::Launch => "campaign.launched",
            Self::Pause => "campaign.paused",
            Self::Resume => "campaign.resumed",
            Self::Complete => "campaign.completed",
            Self::Cancel => "campaign.cancelled",
        }
    }

    /// The state that it leads to.
    pub const fn aim(self) -> State {
        match self {
            Self::Submit => State::InReview,
            Self::Schedule => State::Scheduled,
            Self::Launch | Self::Resume => State::Active,
            Self::Pause => State::Paused,
            Self::Complete => State::Completed,
            Self::Cancel => State::Cancelled,
        }
    }
}

/// What a verb does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the campaign is there already.
    Already,
    /// Moves the campaign to this state.
    To(State),
}

/// The state does not allow the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The campaign is `{from}`, which does not allow `{}`. {}", .verb.as_str(), possible(*.from))]
pub struct Refused {
    /// The state.
    pub from: State,
    /// The verb.
    pub verb: Verb,
}

/// What `verb` does to a campaign in state `from`.
///
/// # Errors
/// When the state does not allow the verb; the text names what is possible.
pub fn step(from: State, verb: Verb) -> Result<Step, Refused> {
    use State::{Active, Draft, InReview, Paused, Scheduled};
    let aim = verb.aim();
    if from == aim {
        return Ok(Step::Already);
    }
    let allowed = match verb {
        Verb::Submit => matches!(from, Draft),
        Verb::Schedule => matches!(from, Draft | InReview),
        Verb::Launch => matches!(from, Draft | InReview | Scheduled),
        Verb::Pause => matches!(from, Active),
        Verb::Resume => matches!(from, Paused),
        Verb::Complete => matches!(from, Active | Paused),
        Verb::Cancel => matches!(from, Draft | InReview | Scheduled | Active | Paused),
    };
    if allowed { Ok(Step::To(aim)) } else { Err(Refused { from, verb }) }
}

/// A sentence that lists what can be done in state `from`.
fn possible(from: State) -> String {
    let verbs: Vec<_> = Verb::ALL
        .iter()
        .filter(|&&verb| matches!(step(from, verb), Ok(Step::To(_))))
        .map(|verb| format!("`{}`", verb.as_str()))
        .collect();
    if verbs.is_empty() {
        "It is at its end: nothing is possible any more.".to_owned()
    } else {
        format!("Possible now: {}.", verbs.join(", "))
    }
}

/// One refused field of a campaign's plan: pointer, machine-readable word, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer.
    pub pointer: String,
    /// The machine-readable word.
    pub reason: &'static str,
    /// What is wrong and how to mend it.
    pub detail: String,
}

fn fault(pointer: impl Into<String>, reason: &'static str, detail: impl Into<String>) -> Fault {
    Fault { pointer: pointer.into(), reason, detail: detail.into() }
}

/// Faults of a campaign's days: years outside 2000 to 2100, and an end before the start. The end is blamed, unless
/// only the start was given (`blame_start`).
pub fn judge_days(starts_on: Option<NaiveDate>, ends_on: Option<NaiveDate>, blame_start: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (pointer, day) in [("/starts_on", starts_on), ("/ends_on", ends_on)] {
        if day.is_some_and(|day| !(2000..=2100).contains(&day.year())) {
            faults.push(fault(pointer, "out_of_range", "A campaign's days lie in the years 2000 to 2100."));
        }
    }
    if let (Some(start), Some(end)) = (starts_on, ends_on)
        && end < start
    {
        let pointer = if blame_start { "/starts_on" } else { "/ends_on" };
        faults.push(fault(pointer, "out_of_order", format!("The last day {end} lies before the first day {start}.")));
    }
    faults
}

/// Faults of the first day of a campaign in `state`: one that waits for its first day has one.
pub fn judge_start(state: State, starts_on: Option<NaiveDate>) -> Vec<Fault> {
    if state == State::Scheduled && starts_on.is_none() {
        let detail = "The campaign is scheduled for its first day. Give another day, or cancel the campaign.";
        return vec![fault("/starts_on", "required", detail)];
    }
    Vec::new()
}

/// Whether a campaign in `state` starts by itself on the local day `today`: it waits for its first day, which has come,
/// and its last is not over. One that slept through its last day (the service was down) is left to people.
pub fn is_due(state: State, starts_on: Option<NaiveDate>, ends_on: Option<NaiveDate>, today: NaiveDate) -> bool {
    let begun = starts_on.is_some_and(|first| first <= today);
    state == State::Scheduled && begun && !is_over(ends_on, today)
}

/// Whether the last day lies before `today`.
pub fn is_over(ends_on: Option<NaiveDate>, today: NaiveDate) -> bool {
    ends_on.is_some_and(|last| last < today)
}

/// Faults of a budget in a retailer that counts in `currency`.
pub fn judge_budget(budget: &Money, currency: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(0..=LARGEST_BUDGET).contains(&budget.amount_minor) {
        let detail = format!("A budget lies between 0 and {LARGEST_BUDGET}, in the currency's minor unit.");
        faults.push(fault("/budget/amount_minor", "out_of_range", detail));
    }
    if budget.currency != currency {
        let detail = format!("The retailer counts in {currency}; give the budget in {currency} too.");
        faults.push(fault("/budget/currency", "wrong_currency", detail));
    }
    faults
}

/// Faults of a list of channels: too long, the same twice, or one that `exists` denies.
pub fn judge_channels(channels: &[ChannelId], exists: impl Fn(&ChannelId) -> bool) -> Vec<Fault> {
    if channels.len() > MOST_CHANNELS {
        let detail = format!("A campaign runs on at most {MOST_CHANNELS} channels; here are {}.", channels.len());
        return vec![fault("/channels", "too_many", detail)];
    }
    let mut faults = Vec::new();
    for (i, channel) in channels.iter().enumerate() {
        let pointer = format!("/channels/{i}");
        if channels[..i].contains(channel) {
            faults.push(fault(pointer, "duplicate", format!("{channel} is listed twice. Remove one.")));
        } else if !exists(channel) {
            faults.push(fault(pointer, "not_found", format!("There is no channel {channel}.")));
        }
    }
    faults
}

#[cfg(test)]
mod tests;
