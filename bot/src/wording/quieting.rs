//! What can be said of what is kept quiet, told again and asked for: one list for every language.

use super::{By, Names, Said};
use tillwatch_shared::watch::{
    AlertDigest, DeliveryState, EvaluationOutcome, NoticeKind, QuietState, QuietWhy, Transport,
};

/// A maintenance window, printed.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// Where it is.
    pub state: QuietState,
    /// It was ended before it began.
    pub called_off: bool,
    /// From when.
    pub from: &'a str,
    /// Until when.
    pub until: &'a str,
    /// Whose it is.
    pub by: &'a By,
    /// What is being done.
    pub reason: &'a str,
}

/// One message about an alert, printed.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    /// Which chat.
    pub transport: Transport,
    /// The notice that it is; `None` for the alert's own message.
    pub notice: Option<NoticeKind>,
    /// Where it is.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempts: i32,
    /// The last error.
    pub error: Option<&'a str>,
    /// When it was ordered.
    pub at: &'a str,
}

/// What is said of what is kept quiet. Names and reasons in the arguments come from people and are passed on as they are.
pub trait Quieting: Names {
    /// What keeps an alert quiet, until when, by whom and why.
    fn kept_quiet(&self, why: QuietWhy, until: Option<&str>, by: Option<&By>, reason: Option<&str>) -> String;
    /// The reader has silenced the alert.
    fn silenced(&self, rule: &str, until: &str) -> Said;
    /// It was silenced for as long already.
    fn already_silenced(&self, rule: &str, until: &str) -> Said;
    /// A stop-loss cannot be silenced.
    fn cannot_silence_stop_loss(&self, rule: &str) -> Said;
    /// The silence would be longer than alerts of this severity may be silenced.
    fn silence_too_long(&self, longest: &str) -> Said;
    /// What was typed is no length of time.
    fn how_long(&self, typed: &str, example: &str) -> Said;
    /// A silence needs a reason; `example` is the command in full.
    fn silence_needs_reason(&self, rule: &str, example: &str) -> Said;
    /// So many minutes, in days, hours and minutes.
    fn length(&self, minutes: u32) -> String;
    /// A silence ends soon.
    fn silence_ending(&self, until: &str, by: &By, reason: &str) -> Said;
    /// A maintenance window that was announced, as it is now.
    fn window_announced(&self, planned: &Planned<'_>) -> Said;
    /// What is told when a maintenance window is over.
    fn window_over(&self, from: &str, until: &str, reason: &str) -> Said;
    /// No alert fired in it.
    fn nothing_fired(&self) -> &'static str;
    /// Many alerts in one line.
    fn many(&self, digest: &AlertDigest) -> String;
    /// A storm of alerts in one message; `all` is the address of the rest.
    fn storm(&self, digest: &AlertDigest, all: &str) -> Said;
    /// Nobody has acknowledged an alert.
    fn nobody_took(&self, since: &str) -> String;
    /// An alert is told again because it still fires.
    fn still_fires(&self, since: &str) -> String;
    /// What changed against the same weekday of so many weeks before.
    fn against_weeks(&self, change: &str, weeks: u32) -> String;
    /// A breach opens and resolves again and again.
    fn flapping(&self, times: u32, since: &str) -> String;
    /// What became of later breaches of the same rule at the same place.
    fn why_deduplicated(&self, updates: u32) -> String;
    /// Nothing keeps the alert quiet.
    fn why_not_quiet(&self) -> &'static str;
    /// It is told in the message of a storm.
    fn why_grouped(&self, group: &str) -> String;
    /// Since when the chats are told, and how often they were told again.
    fn why_told(&self, since: &str, again: u32) -> String;
    /// Nobody was ever told.
    fn why_never_told(&self) -> &'static str;
    /// No chat is linked.
    fn why_no_chat(&self, link: &str) -> String;
    /// What came of judging a day.
    fn outcome(&self, outcome: EvaluationOutcome) -> &'static str;
    /// A rule has judged no day yet.
    fn why_never_judged(&self) -> &'static str;
    /// What became of one message.
    fn why_route(&self, route: &Route<'_>) -> String;
    /// How many alerts, and how many of them are not resolved.
    fn of_them_open(&self, alerts: u32, open: u32) -> String;
}
