//! What is kept quiet, in English.

use tillwatch_shared::watch::{AlertDigest, DeliveryState, EvaluationOutcome, NoticeKind, QuietState, QuietWhy};

use super::super::{By, Names, Planned, Quieting, Route, Said};
use super::English;

impl Quieting for English {
    fn kept_quiet(&self, why: QuietWhy, until: Option<&str>, by: Option<&By>, reason: Option<&str>) -> String {
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        let by = by.map(|by| format!(" by {}", self.by(by))).unwrap_or_default();
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        match why {
            QuietWhy::Silence => format!("Silenced{by}{until}{reason}"),
            QuietWhy::Maintenance => format!("Kept quiet by a maintenance window{by}{until}{reason}"),
            QuietWhy::Inhibition => "Inhibited: the stop-loss of the same campaign speaks for it.".to_owned(),
            QuietWhy::QuietHours => format!("Kept quiet by the quiet hours of its rule{until}."),
        }
    }

    fn silenced(&self, rule: &str, until: &str) -> Said {
        let body = format!("Until {until}; it is judged on. If it still fires then, it speaks.");
        Said::new(format!("Silenced: {rule}"), body)
    }

    fn already_silenced(&self, rule: &str, until: &str) -> Said {
        Said::new(format!("Already silenced: {rule}"), format!("Until {until}. Nothing was changed."))
    }

    fn cannot_silence_stop_loss(&self, rule: &str) -> Said {
        let body =
            "A stop-loss speaks whenever it pauses a campaign. Acknowledge it, or have the line of its rule moved.";
        Said::new(format!("A stop-loss cannot be silenced: {rule}"), body)
    }

    fn silence_too_long(&self, longest: &str) -> Said {
        Said::new("That is too long", format!("An alert of this severity is silenced for at most {longest}."))
    }

    fn how_long(&self, typed: &str, example: &str) -> Said {
        let body = format!("Say 30m, 2h or 1d. For example: {example}");
        Said::new(format!("“{typed}” is not a length of time"), body)
    }

    fn silence_needs_reason(&self, rule: &str, example: &str) -> Said {
        Said::new(format!("Why is {rule} to be silenced?"), format!("Please say why. Type: {example}"))
    }

    fn length(&self, minutes: u32) -> String {
        let parts = [(minutes / 1_440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts = parts.map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        parts.collect::<Vec<_>>().join(" ")
    }

    fn silence_ending(&self, until: &str, by: &By, reason: &str) -> Said {
        let body = format!("It ends {until}; what still fires speaks then. It was made by {}: {reason}", self.by(by));
        Said::new("A silence ends soon", body)
    }

    fn window_announced(&self, planned: &Planned<'_>) -> Said {
        let Planned { from, until, reason, .. } = planned;
        let by = self.by(planned.by);
        match planned.state {
            _ if planned.called_off => {
                Said::new("Maintenance is called off", format!("It was announced by {by}: {reason}"))
            }
            QuietState::Planned => Said::new(
                "Maintenance is announced",
                format!(
                    "From {from} until {until}, by {by}: {reason}\nAlerts are kept quiet and told together when it is over. A stop-loss speaks all the same."
                ),
            ),
            QuietState::Active => Said::new(
                "Maintenance is going on",
                format!(
                    "Until {until}, by {by}: {reason}\nAlerts are kept quiet and told together when it is over. A stop-loss speaks all the same."
                ),
            ),
            QuietState::Over => {
                Said::new("Maintenance is over", format!("From {from} until {until}, by {by}: {reason}"))
            }
        }
    }

    fn window_over(&self, from: &str, until: &str, reason: &str) -> Said {
        Said::new("What happened during maintenance", format!("From {from} until {until}: {reason}"))
    }

    fn nothing_fired(&self) -> &'static str {
        "No alert fired."
    }

    fn many(&self, digest: &AlertDigest) -> String {
        let AlertDigest { alerts, firing, acknowledged, resolved, .. } = digest;
        let what = if *alerts == 1 { "alert" } else { "alerts" };
        format!("{alerts} {what}: {firing} firing, {acknowledged} acknowledged, {resolved} resolved")
    }

    fn storm(&self, digest: &AlertDigest, all: &str) -> Said {
        let title =
            if digest.firing + digest.acknowledged == 0 { "A storm of alerts is over" } else { "A storm of alerts" };
        Said::new(
            title,
            format!("{}\nThe first ones are told by themselves. All of these: GET {all}", self.many(digest)),
        )
    }

    fn nobody_took(&self, since: &str) -> String {
        format!("⏫ Nobody has acknowledged this since {since}.")
    }

    fn still_fires(&self, since: &str) -> String {
        format!("🔁 This still fires, since {since}.")
    }

    fn against_weeks(&self, change: &str, weeks: u32) -> String {
        if weeks == 1 {
            format!("{change} against the same weekday a week before; of it:")
        } else {
            format!("{change} against the same weekday of {weeks} weeks before; of it:")
        }
    }

    fn why_deduplicated(&self, updates: u32) -> String {
        match updates {
            0 => "One alert for this rule at this place while it is open.".to_owned(),
            1 => "Broken once more while it was open: brought up to date, no second alert.".to_owned(),
            many => format!("Broken {many} times more while it was open: brought up to date, no second alert."),
        }
    }

    fn why_not_quiet(&self) -> &'static str {
        "No silence, maintenance, inhibition or quiet hours hold it back."
    }

    fn why_grouped(&self, group: &str) -> String {
        format!("It came in a storm and is told in the message of the group {group}.")
    }

    fn why_told(&self, since: &str, again: u32) -> String {
        match again {
            0 => format!("The chats are told since {since}."),
            1 => format!("The chats are told since {since}; it was due to be told again once."),
            many => format!("The chats are told since {since}; it was due to be told again {many} times."),
        }
    }

    fn why_never_told(&self) -> &'static str {
        "Nobody was told."
    }

    fn why_no_chat(&self, link: &str) -> String {
        format!("No chat server is linked now. Link one: {link}")
    }

    fn outcome(&self, outcome: EvaluationOutcome) -> &'static str {
        match outcome {
            EvaluationOutcome::Raised => "raised an alert",
            EvaluationOutcome::AlreadyOpen => "broken, its alert was open already",
            EvaluationOutcome::Resolved => "resolved its alert",
            EvaluationOutcome::Holding => "between the lines, nothing changed",
            EvaluationOutcome::Fine => "nothing is wrong",
            EvaluationOutcome::NotJudged => "could not be judged",
        }
    }

    fn why_never_judged(&self) -> &'static str {
        "It has judged no day in the last 90 days."
    }

    fn why_route(&self, route: &Route<'_>) -> String {
        let what = match route.notice {
            None => "the alert",
            Some(NoticeKind::AlertGroup) => "the group",
            Some(NoticeKind::Escalation) => "the escalation",
            Some(_) => "the reminder",
        };
        let state = match route.state {
            DeliveryState::Pending => "waiting",
            DeliveryState::Done => "shown",
            DeliveryState::Dead => "given up",
        };
        let error = route.error.map(|error| format!(": {error}")).unwrap_or_default();
        let attempts = if route.attempts == 1 { "attempt" } else { "attempts" };
        format!(
            "{} · {what} · {state} · {} {attempts} · {}{error}",
            self.chat(route.transport),
            route.attempts,
            route.at
        )
    }

    fn flapping(&self, times: u32, since: &str) -> String {
        format!("Flapping: opened {times} times since {since}. This one message shows all of them.")
    }

    fn of_them_open(&self, alerts: u32, open: u32) -> String {
        if open == 0 { format!("{alerts}, all resolved") } else { format!("{alerts}, {open} open") }
    }
}
