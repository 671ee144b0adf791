//! Alerts in English: what happened, and what became of it.

use tillwatch_shared::watch::{Alert, AlertState, AlertStep, Baseline, RuleSpec, Side};

use super::super::figures::{plain, share};
use super::super::{Alerting, By, Explained, Names, Said, side};
use super::English;

impl Alerting for English {
    fn all_quiet(&self) -> Said {
        Said::new("All quiet", "No alert is open.")
    }

    fn open_alerts(&self, count: usize) -> String {
        if count == 1 { "1 open alert".to_owned() } else { format!("{count} open alerts") }
    }

    fn alerts_hint(&self, show: &str, ack: &str) -> String {
        format!("More: {show} · Take it: {ack}")
    }

    fn unknown_number(&self, number: usize, shown: usize, list: &str) -> Said {
        let body = if shown == 0 {
            format!("Numbers come from the list. Type first: {list}")
        } else {
            format!("Your last list went from 1 to {shown}. A fresh one: {list}")
        };
        Said::new(format!("There is no alert number {number}"), body)
    }

    fn not_an_alert(&self, typed: &str, list: &str) -> Said {
        Said::new(
            format!("“{typed}” is not an alert"),
            format!("Use a number of the list or an id that starts with alr_. The list: {list}"),
        )
    }

    fn acknowledged(&self, rule: &str) -> Said {
        Said::new(format!("Acknowledged: {rule}"), "It is yours now; the team sees it.")
    }

    fn already_acknowledged(&self, rule: &str, by: &By, when: &str) -> Said {
        Said::new(format!("Already acknowledged: {rule}"), format!("By {}, {when}. Nothing was changed.", self.by(by)))
    }

    fn already_resolved(&self, rule: &str, when: &str) -> Said {
        Said::new(format!("Already resolved: {rule}"), format!("It ended {when}. Nothing is left to acknowledge."))
    }

    fn explained(&self, what: &Explained<'_>) -> String {
        let place = what.place.map(|place| format!(" of {place}")).unwrap_or_default();
        let (metric, value, day) = (what.metric, &what.value, &what.day);
        let by_share = what.alert.figures.overshoot_share.map(|part| format!(" ({})", share(part))).unwrap_or_default();
        let past = what.overshoot.as_ref().map(|over| format!(" by {over}{by_share}")).unwrap_or_default();
        let line = what.line.as_deref().unwrap_or("–");
        let way = match side(what.alert) {
            Side::Below => "below",
            Side::Above => "above",
        };
        match &what.alert.spec {
            RuleSpec::Threshold { .. } => {
                format!("{metric}{place} was {value} on {day}: {way} the line of {line}{past}.")
            }
            RuleSpec::StopLoss { .. } => {
                let then = if what.alert.paused_campaign {
                    "The campaign was paused at once."
                } else {
                    "The campaign was not running, so nothing had to be paused."
                };
                format!("{metric}{place} reached {value} and crossed the stop-loss line of {line}{past}. {then}")
            }
            RuleSpec::Deviation { baseline, .. } => {
                let middle = match baseline {
                    Baseline::MeanSigma => "mean",
                    Baseline::MedianMad => "median",
                };
                let expected = what.expected.as_deref().unwrap_or("–");
                let sigma = what.sigma.as_deref().unwrap_or("–");
                let n = what.alert.figures.n.map_or_else(|| "the last".to_owned(), |n| format!("the last {n}"));
                let z = what.alert.figures.z.map_or_else(|| "–".to_owned(), |z| plain(z.abs(), 2));
                format!(
                    "{metric}{place} was {value} on {day}: {z} standard deviations {way} what {n} days of the same weekday let expect ({middle} {expected}, standard deviation {sigma})."
                )
            }
        }
    }

    fn taken(&self, by: &By, when: &str) -> String {
        format!("Taken by {}, {when}.", self.by(by))
    }

    fn over(&self, when: &str) -> String {
        format!("Back to normal since {when}.")
    }

    fn step(&self, step: AlertStep) -> &'static str {
        match step {
            AlertStep::Opened => "raised",
            AlertStep::Updated => "new figures",
            AlertStep::Acknowledged => "acknowledged",
            AlertStep::CampaignLaunched => "campaign launched",
            AlertStep::CampaignPaused => "campaign paused",
            AlertStep::CampaignResumed => "campaign resumed",
            AlertStep::CampaignChanged => "campaign changed",
            AlertStep::Silenced => "silenced",
            AlertStep::UnderMaintenance => "kept quiet by maintenance",
            AlertStep::Inhibited => "inhibited by a stop-loss",
            AlertStep::InQuietHours => "kept quiet by quiet hours",
            AlertStep::Spoke => "no longer quiet",
            AlertStep::Escalated => "escalated",
            AlertStep::Reminded => "told again",
            AlertStep::Resolved => "resolved",
        }
    }

    fn picture_alt(&self, alert: &Alert) -> String {
        format!("Chart of {} with its usual band and the line of “{}”", alert.metric_en, alert.rule_name)
    }

    fn update(&self, rule: &str, state: AlertState, by: Option<&str>) -> String {
        let state = self.alert_state(state);
        match by {
            Some(by) => format!("{rule}: {state} by {by}"),
            None => format!("{rule}: {state}"),
        }
    }
}
