//! When an alert is told again: while nobody has taken it in hand, and while it fires on. Pure: the time is an argument.
//!
//! A schedule is a row of steps, each so long after the alert was first told. The first ones *escalate* (上报): a second
//! message in chat, then mails to people who run the watching, then to those who run the retailer. What follows
//! *reminds* that it still fires. An acknowledged alert is reminded of and not escalated.

use chrono::TimeDelta;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::Severity;

/// What is done at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A second message in chat: nobody has taken it.
    Chat,
    /// Mails to everybody who has this permission.
    Mail(Permission),
    /// A message in chat: it still fires.
    Remind,
}

impl Act {
    /// Whether it is for alerts that nobody has taken only.
    pub(super) fn escalates(self) -> bool {
        self != Self::Remind
    }
}

/// Who runs the watching: whoever may silence.
const WATCHERS: Act = Act::Mail(Permission::AlertsSilence);
/// Who runs the retailer.
const LEADERS: Act = Act::Mail(Permission::TenantWrite);

/// The steps before the reminders, in minutes after it was told.
const fn escalation(severity: Severity) -> &'static [(i64, Act)] {
    match severity {
        Severity::Critical => &[(10, Act::Chat), (30, WATCHERS), (120, LEADERS)],
        Severity::Warning => &[(240, Act::Chat), (1_440, WATCHERS)],
        Severity::Info => &[],
    }
}

/// How often it is reminded of, in hours; never of what is only good to know.
const fn reminders(severity: Severity) -> Option<i64> {
    match severity {
        Severity::Critical => Some(4),
        Severity::Warning => Some(24),
        Severity::Info => None,
    }
}

/// What is done at a step, counted from 0, and how long after the alert was told; `None` when nothing more is.
pub(super) fn step(severity: Severity, step: i32) -> Option<(TimeDelta, Act)> {
    let step = usize::try_from(step).ok()?;
    let first = escalation(severity);
    if let Some((minutes, act)) = first.get(step) {
        return Some((TimeDelta::minutes(*minutes), *act));
    }
    let hours = reminders(severity)?;
    // The reminders go on behind the last escalation.
    let begun = first.last().map_or(0, |(minutes, _)| minutes / (hours * 60));
    let nth = i64::try_from(step - first.len()).ok()? + begun + 1;
    Some((TimeDelta::hours(hours.checked_mul(nth)?), Act::Remind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(severity: Severity, steps: i32) -> Vec<(i64, Act)> {
        (0..steps).map_while(|n| step(severity, n)).map(|(after, act)| (after.num_minutes(), act)).collect()
    }

    #[test]
    fn the_louder_the_sooner_and_then_again_and_again() {
        assert_eq!(
            plan(Severity::Critical, 5),
            [(10, Act::Chat), (30, WATCHERS), (120, LEADERS), (240, Act::Remind), (480, Act::Remind)]
        );
        assert_eq!(
            plan(Severity::Warning, 4),
            [(240, Act::Chat), (1_440, WATCHERS), (2_880, Act::Remind), (4_320, Act::Remind)]
        );
        assert!(plan(Severity::Info, 9).is_empty());
        assert_eq!(step(Severity::Critical, -1), None);
    }

    #[test]
    fn every_step_is_later_than_the_one_before() {
        for severity in [Severity::Critical, Severity::Warning] {
            let times: Vec<i64> = plan(severity, 50).into_iter().map(|(after, _)| after).collect();
            assert!(times.len() == 50 && times.is_sorted_by(|a, b| a < b), "{times:?}");
        }
    }
}
