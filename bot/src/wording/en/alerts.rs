//! Alerts in English: what happened, and what became of it.

use tillwatch_shared::watch::{Alert, AlertState, AlertStep, RuleBucket};

use super::super::{Alerting, By, Names, Said};
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
        Said::new(format!("Already resolved: {rule}"), format!("It ended {when}. Nothing is left to do."))
    }

    fn when(&self, time: &str, window: u16, bucket: RuleBucket) -> String {
        match (bucket, window) {
            (RuleBucket::Day, 0 | 1) => format!("on {time}"),
            (RuleBucket::Day, days) => format!("in the {days} days to {time}"),
            (RuleBucket::Hour, 0 | 1) => format!("in the hour from {time}"),
            (RuleBucket::Hour, hours) => format!("in the {hours} hours that end with the one from {time}"),
        }
    }

    fn paused_for_it(&self) -> &'static str {
        "The campaign was paused for it."
    }

    fn silent(&self, when: &str) -> String {
        format!("No data since {when}: whether it is over is not known.")
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
            AlertStep::NoData => "no data",
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
