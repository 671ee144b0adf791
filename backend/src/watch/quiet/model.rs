//! What a quiet time covers, how long it may be, and when its end is told. Pure: the time is an argument.

use super::Wish;
use crate::platform::validate::Checks;
use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, SilenceId, StaffId, WindowId};
use tillwatch_shared::watch::{QuietState, Severity};
use uuid::Uuid;

/// How far ahead a quiet time may begin.
const AHEAD: TimeDelta = TimeDelta::days(90);
/// The longest maintenance window.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(7);
/// How long before its end a silence is told of, at most.
const NOTICE: TimeDelta = TimeDelta::minutes(15);

/// A silence or a maintenance window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody does not want to be told.
    Silence,
    /// What is measured means nothing.
    Maintenance,
}

impl Kind {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Maintenance => "maintenance",
        }
    }

    /// What a refusal calls it.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Maintenance => "maintenance window",
        }
    }
}

/// A silence or a maintenance window as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct QuietTime {
    /// Its id.
    pub id: Uuid,
    /// Which of the two.
    pub kind: Kind,
    /// Only alerts of this rule.
    pub rule: Option<RuleId>,
    /// Only alerts that speak of this channel.
    pub channel: Option<ChannelId>,
    /// Only alerts that speak of this campaign.
    pub campaign: Option<CampaignId>,
    /// The loudest alert that it covers.
    pub severity: Severity,
    /// Why.
    pub reason: String,
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// Whose it is; `None` for a partner's program.
    pub owner: Option<StaffId>,
    /// Who ended it before its time.
    pub ended_early_by: Option<StaffId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i64,
}

/// What an alert speaks of, as far as quiet times ask.
#[derive(Clone, Copy, Debug)]
pub struct Spoken {
    /// Its rule.
    pub rule: RuleId,
    /// Its channel.
    pub channel: Option<ChannelId>,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// How loud it is.
    pub severity: Severity,
    /// Whether its rule is a stop-loss.
    pub stop_loss: bool,
}

impl QuietTime {
    /// Whether it keeps such an alert quiet at `at`.
    pub fn covers(&self, alert: &Spoken, at: DateTime<Utc>) -> bool {
        self.state(at) == QuietState::Active
            && !alert.stop_loss
            && alert.severity <= self.severity
            && self.rule.is_none_or(|rule| rule == alert.rule)
            && self.channel.is_none_or(|channel| alert.channel == Some(channel))
            && self.campaign.is_none_or(|campaign| alert.campaign == Some(campaign))
    }

    /// Where it is at `at`. Its end is no longer part of it.
    pub fn state(&self, at: DateTime<Utc>) -> QuietState {
        if at >= self.ends_at {
            QuietState::Over
        } else if at < self.starts_at {
            QuietState::Planned
        } else {
            QuietState::Active
        }
    }

    /// Its id as people see it.
    pub fn shown_id(&self) -> String {
        match self.kind {
            Kind::Silence => SilenceId(self.id).to_string(),
            Kind::Maintenance => WindowId(self.id).to_string(),
        }
    }
}

/// The longest silence over alerts up to this severity: nobody may forget what is burning.
pub fn longest(severity: Severity) -> TimeDelta {
    match severity {
        Severity::Critical => TimeDelta::hours(4),
        Severity::Warning => TimeDelta::days(3),
        Severity::Info => TimeDelta::days(14),
    }
}

/// When it is told that a silence ends: a quarter of an hour before, or behind three quarters of a short one.
pub(super) fn notice_at(time: &QuietTime) -> DateTime<Utc> {
    time.ends_at - NOTICE.min((time.ends_at - time.starts_at) / 4)
}

/// Refuses a quiet time that is too long, too far ahead, over already, or unexplained.
pub(super) fn check(checks: &mut Checks, wish: &Wish, loudest: Severity, starts_at: DateTime<Utc>, at: DateTime<Utc>) {
    checks.text("/reason", &wish.reason, 1, 500);
    if starts_at > at + AHEAD {
        checks.refuse("/starts_at", "out_of_range", "Begins at most 90 days ahead.");
    }
    if wish.ends_at <= starts_at {
        checks.refuse("/ends_at", "out_of_range", "Ends after it begins, and after the present.");
        return;
    }
    let longest = match wish.kind {
        Kind::Silence => longest(loudest),
        Kind::Maintenance => LONGEST_WINDOW,
    };
    if wish.ends_at - starts_at > longest {
        let hours = longest.num_hours();
        let detail = match wish.kind {
            Kind::Silence => format!(
                "A silence that covers {loudest} alerts lasts at most {hours} hours. End it sooner, or narrow it to \
                 quieter alerts with `scope.severity`."
            ),
            Kind::Maintenance => format!("A maintenance window lasts at most {hours} hours. Announce several."),
        };
        checks.refuse("/ends_at", "too_long", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn time(from: i64, to: i64) -> QuietTime {
        QuietTime {
            id: Uuid::nil(),
            kind: Kind::Silence,
            rule: None,
            channel: None,
            campaign: None,
            severity: Severity::Warning,
            reason: "r".to_owned(),
            starts_at: at(from),
            ends_at: at(to),
            owner: None,
            ended_early_by: None,
            created_at: at(0),
            version: 1,
        }
    }

    fn alert() -> Spoken {
        let (channel, campaign) = (Some(ChannelId::new()), Some(CampaignId::new()));
        Spoken { rule: RuleId::new(), channel, campaign, severity: Severity::Warning, stop_loss: false }
    }

    #[test]
    fn it_covers_what_fits_everything_that_it_names_and_nothing_louder() {
        let (all, one) = (time(0, 2), alert());
        assert!(all.covers(&one, at(1)));
        assert!(!all.covers(&Spoken { severity: Severity::Critical, ..one }, at(1)), "louder");
        assert!(all.covers(&Spoken { severity: Severity::Info, ..one }, at(1)));
        assert!(QuietTime { rule: Some(one.rule), channel: one.channel, ..all.clone() }.covers(&one, at(1)));
        assert!(
            !QuietTime { rule: Some(one.rule), channel: Some(ChannelId::new()), ..all.clone() }.covers(&one, at(1))
        );
        assert!(!QuietTime { campaign: Some(CampaignId::new()), ..all.clone() }.covers(&one, at(1)));
        let of_campaign = QuietTime { campaign: one.campaign, ..all };
        assert!(!of_campaign.covers(&Spoken { campaign: None, ..one }, at(1)), "what speaks of no campaign");
    }

    #[test]
    fn a_stop_loss_speaks_through_everything() {
        let all = QuietTime { severity: Severity::Critical, ..time(0, 2) };
        for kind in [Kind::Silence, Kind::Maintenance] {
            let stop = Spoken { severity: Severity::Info, stop_loss: true, ..alert() };
            assert!(!QuietTime { kind, ..all.clone() }.covers(&stop, at(1)));
        }
    }

    #[test]
    fn its_beginning_is_part_of_it_and_its_end_is_not() {
        let one = time(1, 2);
        let states = [0, 1, 2].map(|hour| one.state(at(hour)));
        assert_eq!(states, [QuietState::Planned, QuietState::Active, QuietState::Over]);
        assert_eq!(
            states.map(|state| state == QuietState::Active),
            [0, 1, 2].map(|hour| one.covers(&alert(), at(hour)))
        );
        assert_eq!(time(3, 3).state(at(3)), QuietState::Over, "called off");
    }

    #[test]
    fn an_end_is_told_of_beforehand_even_of_a_short_silence() {
        assert_eq!(notice_at(&time(0, 4)), at(4) - TimeDelta::minutes(15));
        let short = QuietTime { ends_at: at(0) + TimeDelta::minutes(4), ..time(0, 1) };
        assert_eq!(notice_at(&short), at(0) + TimeDelta::minutes(3));
    }

    #[test]
    fn the_louder_the_shorter() {
        let refused = |severity, kind, hours: i64| {
            let mut checks = Checks::default();
            let wish = Wish {
                kind,
                scope: tillwatch_shared::watch::QuietScope::default(),
                starts_at: None,
                ends_at: at(hours),
                reason: "因为在维护".to_owned(),
            };
            check(&mut checks, &wish, severity, at(0), at(0));
            checks.done().err().map(|error| error.fields.into_iter().map(|field| field.code).collect::<Vec<_>>())
        };
        for (severity, hours) in [(Severity::Critical, 4), (Severity::Warning, 72), (Severity::Info, 336)] {
            assert_eq!(refused(severity, Kind::Silence, hours), None);
            assert_eq!(refused(severity, Kind::Silence, hours + 1), Some(vec!["too_long".to_owned()]));
        }
        assert_eq!(refused(Severity::Critical, Kind::Maintenance, 168), None);
        assert_eq!(refused(Severity::Info, Kind::Maintenance, 169), Some(vec!["too_long".to_owned()]));
        assert_eq!(refused(Severity::Info, Kind::Silence, 0), Some(vec!["out_of_range".to_owned()]));
    }
}
