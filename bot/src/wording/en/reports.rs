//! Reports and budgets, in English.

use std::cmp::Ordering;

use tillwatch_shared::Locale;
use tillwatch_shared::watch::ReportKind;

use super::super::figures::Step;
use super::super::{Reporting, Said};
use super::English;

impl Reporting for English {
    fn report(&self, kind: ReportKind) -> &'static str {
        match kind {
            ReportKind::Daily => "Daily stand-up",
            ReportKind::Weekly => "Weekly report",
        }
    }

    fn daily(&self, day: &str) -> String {
        format!("Daily stand-up · {day}")
    }

    fn weekly(&self, from: &str, to: &str) -> String {
        format!("Weekly report · {from} to {to}")
    }

    fn week_moved(&self, by: Step, before: &str) -> String {
        match by.way() {
            Ordering::Equal => format!("level with {before}"),
            Ordering::Greater | Ordering::Less => format!("{} from {before}", by.signed(Locale::En)),
        }
    }

    fn here(&self) -> &'static str {
        "this server"
    }

    fn beside_the_week_before(&self) -> &'static str {
        "Each figure beside that of the week before."
    }

    fn nothing_counted(&self) -> &'static str {
        "No figures were counted."
    }

    fn raised_and_resolved(&self, raised: u32, resolved: u32) -> String {
        format!("{raised} raised, {resolved} resolved")
    }

    fn alerts_raised(&self, raised: u32, resolved: u32) -> String {
        format!("Alerts: {}", self.raised_and_resolved(raised, resolved))
    }

    fn stopped_campaigns(&self, count: u32) -> String {
        format!("Paused by a rule: {count}")
    }

    fn running(&self, count: u32) -> String {
        format!("Campaigns running: {count}")
    }

    fn begins(&self, campaign: &str) -> String {
        format!("▶ {campaign} begins")
    }

    fn ends(&self, campaign: &str) -> String {
        format!("■ {campaign}: last day")
    }

    fn held(&self, campaign: &str, reason: Option<&str>) -> String {
        reason.map_or_else(|| format!("⏸ {campaign} is paused"), |reason| format!("⏸ {campaign} is paused: {reason}"))
    }

    fn untaken(&self, count: u32) -> String {
        format!("Alerts that nobody has taken: {count}")
    }

    fn ends_on(&self, campaign: &str, day: &str) -> String {
        format!("■ {campaign} ends on {day}")
    }

    fn overdue(&self, campaign: &str, day: &str) -> String {
        format!("■ {campaign} goes on beyond its last day, {day}")
    }

    fn near_budget(&self, campaign: &str, share: &str) -> String {
        format!("{campaign} has spent {share} of its budget")
    }

    fn alerts(&self, count: u32) -> String {
        if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") }
    }

    fn metric_alt(&self, metric: &str) -> String {
        format!("{metric}: the last four weeks day by day, beside the same day a week before")
    }

    fn schedules(&self) -> &'static str {
        "When reports appear"
    }

    fn scheduled(&self, kind: ReportKind, at: &str, place: Option<&str>, next: Option<&str>) -> String {
        let days = match kind {
            ReportKind::Daily => "each day",
            ReportKind::Weekly => "on the first day of the week",
        };
        let place = place.map_or_else(|| "in the chat that was linked first".to_owned(), |place| format!("in {place}"));
        let next = next.map_or_else(|| "no chat is linked".to_owned(), |next| format!("next: {next}"));
        format!("{}: {days} at {at}, {place}; {next}", self.report(kind))
    }

    fn chosen_chat(&self) -> &'static str {
        "the chat that was chosen"
    }

    fn not_scheduled(&self, kind: ReportKind) -> String {
        format!("{}: off", self.report(kind))
    }

    fn schedule_changed(&self, line: &str) -> Said {
        Said::new("Scheduled", line)
    }

    fn unknown_report(&self, typed: &str, example: &str) -> Said {
        Said::new(format!("There is no report “{typed}”"), format!("Say daily or weekly. For example: {example}"))
    }

    fn no_time(&self, typed: &str, example: &str) -> Said {
        let body = format!("Say a time of 24 hours such as 08:30, or on, or off. For example: {example}");
        Said::new(format!("“{typed}” is no time"), body)
    }

    fn not_a_place(&self) -> Said {
        Said::new("Reports cannot appear here", "This chat server is not linked to your retailer.")
    }

    fn budgets(&self, count: usize) -> String {
        format!("Budgets ({count})")
    }

    fn no_budgets(&self) -> Said {
        Said::new(
            "No budgets",
            "No campaign that runs or is paused has one. Set it over the API: PATCH /v1/campaigns/{id}",
        )
    }

    fn time_used(&self, share: &str, days_left: i64) -> String {
        match days_left {
            ..0 => "beyond its last day".to_owned(),
            0 => "last day".to_owned(),
            1 => format!("{share} of its time, 1 day left"),
            days => format!("{share} of its time, {days} days left"),
        }
    }
}
