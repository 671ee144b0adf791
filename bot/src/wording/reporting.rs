//! What can be said of reports and budgets: one list for every language.

use super::figures::Step;
use super::{Names, Said};
use tillwatch_shared::watch::ReportKind;

/// What is said of reports and budgets. Names in the arguments come from people and are passed on as they are.
pub trait Reporting: Names {
    /// A report's name.
    fn report(&self, kind: ReportKind) -> &'static str;
    /// The first line of the daily report of this day.
    fn daily(&self, day: &str) -> String;
    /// The first line of the weekly report from this day to that.
    fn weekly(&self, from: &str, to: &str) -> String;
    /// By how much a week's figure moved, and from what: it stands in brackets behind the figure.
    fn week_moved(&self, by: Step, before: &str) -> String;
    /// A report appears in the chat server in which it is asked for.
    fn here(&self) -> &'static str;
    /// What the weekly report compares with.
    fn beside_the_week_before(&self) -> &'static str;
    /// Nothing was counted in the time of the report.
    fn nothing_counted(&self) -> &'static str;
    /// How many alerts were raised and how many ended, where it is said already that it is about alerts.
    fn raised_and_resolved(&self, raised: u32, resolved: u32) -> String;
    /// How many alerts were raised and how many ended.
    fn alerts_raised(&self, raised: u32, resolved: u32) -> String;
    /// How often a rule paused a campaign.
    fn stopped_campaigns(&self, count: u32) -> String;
    /// How many campaigns run.
    fn running(&self, count: u32) -> String;
    /// This campaign begins today.
    fn begins(&self, campaign: &str) -> String;
    /// It is this campaign's last day.
    fn ends(&self, campaign: &str) -> String;
    /// This campaign is paused, for this reason.
    fn held(&self, campaign: &str, reason: Option<&str>) -> String;
    /// So many alerts fire and nobody has taken them.
    fn untaken(&self, count: u32) -> String;
    /// This campaign ends on this day.
    fn ends_on(&self, campaign: &str, day: &str) -> String;
    /// This campaign should have ended on this day.
    fn overdue(&self, campaign: &str, day: &str) -> String;
    /// This campaign has spent this share of its budget.
    fn near_budget(&self, campaign: &str, share: &str) -> String;
    /// So many alerts.
    fn alerts(&self, count: u32) -> String;
    /// What the picture of a metric shows, for screen readers.
    fn metric_alt(&self, metric: &str) -> String;
    /// The first line of when reports appear.
    fn schedules(&self) -> &'static str;
    /// When a report appears, where, and when next; `place` is none for the chat that was linked first.
    fn scheduled(&self, kind: ReportKind, at: &str, place: Option<&str>, next: Option<&str>) -> String;
    /// A chat that was chosen for a report, to whoever is not told which.
    fn chosen_chat(&self) -> &'static str;
    /// A report is off.
    fn not_scheduled(&self, kind: ReportKind) -> String;
    /// The schedule was changed; `line` is what it says now.
    fn schedule_changed(&self, line: &str) -> Said;
    /// The words name no report.
    fn unknown_report(&self, typed: &str, example: &str) -> Said;
    /// The words are no time of the day.
    fn no_time(&self, typed: &str, example: &str) -> Said;
    /// Reports cannot appear here: the server is not linked.
    fn not_a_place(&self) -> Said;
    /// The first line of the budgets.
    fn budgets(&self, count: usize) -> String;
    /// No campaign that runs or is held has a budget.
    fn no_budgets(&self) -> Said;
    /// How much of its time a campaign has used, and how many days are left.
    fn time_used(&self, share: &str, days_left: i64) -> String;
}
