//! Every word that the bot says, in every language.
//!
//! Cast: [`Wording`] lists what can be said, with typed arguments; `en` and `zh_cn` say it; [`figures`] prints
//! numbers, money and times. Pure. Invariants: a text that one language lacks does not compile; a text carries no
//! mark-up (a transport escapes it), and nothing that a reader may not see is passed in.

mod en;
pub mod figures;
mod pursuing;
mod quieting;
mod reporting;
mod sourcing;
mod telling;
mod zh_cn;

use tillwatch_shared::Locale;
use tillwatch_shared::permissions::{Permission, Role};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{Alert, AlertState, AlertStep, RuleBucket, Severity, Transport};

use figures::Step;

pub use pursuing::{GoalLabels, Pursuing};
pub use quieting::{Planned, Quieting, Route};
pub use reporting::Reporting;
pub use sourcing::Sourcing;
pub use telling::Telling;

/// A first line and the text under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The first line.
    pub title: String,
    /// The text; may be empty.
    pub body: String,
}

impl Said {
    /// From its two parts.
    pub(crate) fn new(title: impl Into<String>, body: impl Into<String>) -> Self {
        Self { title: title.into(), body: body.into() }
    }
}

macro_rules! lists {
    ($( $(#[$meta:meta])* $name:ident { $( $variant:ident ),+ $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the word that it names")]
        pub enum $name { $( $variant ),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];
        }
    )* };
}

lists! {
    /// Names of fields, buttons and the like.
    Label {
        Value, Line, StopLossLine, Expected, Sigma, Baseline, Score, Overshoot, Band, Forecast, Campaign, Channel, Channels, Window, Retailer,
        Raised, Acknowledged, Resolved, State, Since, Reason, Spend, Dates, Key, Id, By, Timeline, Severity, Metric,
        ButtonPause, ButtonPaused, ButtonAcknowledge, ButtonAcknowledged, ButtonSilence, ButtonOpen, None, AllChannels, Rules, Worst, Moved, Why, Messages, Lately,
        ButtonResume, Yesterday, Today, Blocked, Due, Alerts,
    }

    /// What is done to a campaign.
    Change { Pause, Resume }

    /// Which part of what was typed was refused.
    Input { Search, Reason, Code, Other }

    /// What is wrong with it.
    Fault { TooLong, Missing, Unreadable, Other }

    /// Why something could not be done that was no mistake of the asker.
    Failure { Gone, Busy, Unreachable, OwnCredential, EnrolFirst, Unexpected, Conflict }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The reader.
    You,
    /// A staff whose name is known.
    Named(String),
    /// A staff whose name is not known here.
    Colleague,
    /// A partner's program.
    Token,
    /// A rule: the stop-loss.
    Rule,
    /// The service itself, by date for instance.
    System,
}

/// How a figure moved against the same weekday a week before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// By how much.
    pub by: Step,
    /// `None` where neither way is better, or it has not moved.
    pub better: Option<bool>,
}

/// Labels, and the words of the closed lists.
pub trait Names: Sync {
    /// Which language it is.
    fn locale(&self) -> Locale;
    /// A name of a field or button.
    fn label(&self, label: Label) -> &'static str;
    /// A campaign's state.
    fn campaign_state(&self, state: CampaignState) -> &'static str;
    /// An alert's state.
    fn alert_state(&self, state: AlertState) -> &'static str;
    /// How loud an alert is.
    fn severity(&self, severity: Severity) -> &'static str;
    /// A role.
    fn role(&self, role: Role) -> &'static str;
    /// Who did it, as the end of a sentence: "by you", "由您操作".
    fn by(&self, by: &By) -> String;
    /// Name and text with a colon in between.
    fn pair(&self, name: &str, value: &str) -> String;
    /// Several names in a row.
    fn listed(&self, names: &[String]) -> String;
    /// A text with what is added to it in brackets.
    fn aside(&self, text: &str, added: &str) -> String;
    /// A chat's own name.
    fn chat(&self, transport: Transport) -> &'static str;
    /// So many more are not shown.
    fn more(&self, count: usize) -> String;
}

/// What is said of alerts. Names in the arguments come from people and are passed on as they are.
pub trait Alerting: Names {
    /// No alert is open.
    fn all_quiet(&self) -> Said;
    /// The list's first line.
    fn open_alerts(&self, count: usize) -> String;
    /// What can be done with a number of the list.
    fn alerts_hint(&self, show: &str, ack: &str) -> String;
    /// The last list had no such number; it had `shown`.
    fn unknown_number(&self, number: usize, shown: usize, list: &str) -> Said;
    /// Neither a number nor an alert's id.
    fn not_an_alert(&self, typed: &str, list: &str) -> Said;
    /// The reader has taken the alert.
    fn acknowledged(&self, rule: &str) -> Said;
    /// Somebody had it already.
    fn already_acknowledged(&self, rule: &str, by: &By, when: &str) -> Said;
    /// It is over.
    fn already_resolved(&self, rule: &str, when: &str) -> Said;
    /// When the judged figure was, as it stands in a sentence: `time` is its day or the begin of its hour, the last of
    /// `window` of them.
    fn when(&self, time: &str, window: u16, bucket: RuleBucket) -> String;
    /// Its campaign was paused for it, by a rule that was told to.
    fn paused_for_it(&self) -> &'static str;
    /// Nothing arrives for it since then.
    fn silent(&self, when: &str) -> String;
    /// Who takes care of it since when.
    fn taken(&self, by: &By, when: &str) -> String;
    /// It ended then.
    fn over(&self, when: &str) -> String;
    /// A step of the timeline.
    fn step(&self, step: AlertStep) -> &'static str;
    /// What the picture shows, for screen readers.
    fn picture_alt(&self, alert: &Alert) -> String;
    /// One line on what became of an alert that was shown before.
    fn update(&self, rule: &str, state: AlertState, by: Option<&str>) -> String;
}

/// Everything that can be said.
pub trait Wording: Alerting + Quieting + Pursuing + Reporting + Sourcing + Telling {
    /// The chat user is linked to nobody.
    fn not_linked(&self, link: &str) -> Said;
    /// The reader's role lacks the permission; these roles have it.
    fn may_not(&self, what: Permission, role: Option<Role>, who_may: &[Role]) -> Said;
    /// The permission is about the whole retailer, and the reader's are narrowed to channels, whatever their role.
    fn narrowed(&self, what: Permission) -> Said;
    /// What a reader asked for whose permissions are narrowed to channels is not there, or it is out of their reach: the
    /// same words for both, so that nobody learns from them what there is.
    fn out_of_reach(&self) -> Said;
    /// Something else went wrong.
    fn failure(&self, failure: Failure) -> Said;
    /// A part of what was typed was refused.
    fn invalid(&self, input: Input, fault: Fault) -> Said;
    /// What was typed is no text.
    fn no_text(&self) -> Said;
    /// Discord refuses the bot for good.
    fn discord_refused(&self) -> Said;
    /// The small print that names a request.
    fn request(&self, id: &str) -> String;
    /// There are no campaigns.
    fn no_campaigns(&self) -> Said;
    /// The list's first line; `at_least` when not all were counted.
    fn campaigns(&self, count: usize, at_least: bool) -> String;
    /// Which page of the list this is, and how the next one is asked for.
    fn page(&self, page: usize, pages: usize, next: Option<&str>) -> String;
    /// No campaign is called so; these come near, and `list` shows all.
    fn unknown_campaign(&self, typed: &str, nearest: &[String], list: &str) -> Said;
    /// Several campaigns are called so.
    fn ambiguous_campaign(&self, typed: &str, candidates: &[String]) -> Said;
    /// A change needs a reason; `example` is the command in full.
    fn reason_needed(&self, change: Change, campaign: &str, example: &str) -> Said;
    /// The reason is longer than `limit` characters.
    fn reason_too_long(&self, limit: usize) -> Said;
    /// Done.
    fn changed(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said;
    /// It was so already.
    fn already(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said;
    /// This state does not allow it.
    fn cannot(&self, change: Change, campaign: &str, state: CampaignState) -> Said;
    /// The retailer asks for two people to resume what a stop-loss paused; this one has asked, a second one is wanted.
    fn second_wanted(&self, campaign: &str, by: &By, when: &str, reason: &str) -> Said;
    /// "… since …"
    fn since(&self, state: &str, since: &str) -> String;
    /// What was spent, of which budget, and the share of it.
    fn spent(&self, spend: &str, budget: Option<(&str, &str)>) -> String;
    /// First and last day.
    fn dates(&self, from: Option<&str>, to: Option<&str>) -> String;
    /// A stop-loss paused the campaign: what that means.
    fn stopped_by(&self) -> &'static str;
    /// No figures yet.
    fn no_kpis(&self) -> Said;
    /// The KPI screen's first line.
    fn kpis(&self, day: &str) -> String;
    /// "up 4.2 %, better".
    fn moved(&self, moved: Move, before: &str) -> String;
    /// Nothing to compare with.
    fn nothing_before(&self) -> &'static str;
    /// A metric's last days, first line.
    fn last_days(&self, metric: &str, days: usize) -> String;
    /// The sum of those days.
    fn in_all(&self, days: usize, total: &str) -> String;
    /// A day without a figure.
    fn no_figure(&self) -> &'static str;
    /// No metric is called so; these come near, and `screen` shows all that have figures.
    fn unknown_metric(&self, typed: &str, nearest: &[String], screen: &str) -> Said;
    /// Several metrics are called so.
    fn ambiguous_metric(&self, typed: &str, candidates: &[String]) -> Said;
    /// The code worked; alerts appear in this chat channel if the server was linked, or moved here.
    fn linked(&self, staff: &str, retailer: &str, server_too: bool, moved: bool) -> Said;
    /// The code did not.
    fn code_refused(&self) -> Said;
    /// Help's first lines; `more` asks for one command's.
    fn help(&self, more: &str) -> Said;
    /// No command is called so; these come near.
    fn unknown_command(&self, typed: &str, nearest: &[String], help: &str) -> Said;
    /// The command needs more words.
    fn incomplete(&self, usage: &str) -> Said;
    /// The first lines of the console.
    fn welcome(&self) -> &'static str;
    /// The console is left; the service goes on or not.
    fn goodbye(&self) -> &'static str;
    /// The same alert was perhaps shown before.
    fn shown_again(&self) -> &'static str;
    /// Where its picture is.
    fn picture_at(&self, path: &str) -> String;
    /// What can be typed about the alert.
    fn console_hint(&self, alert: &str, campaign: Option<&str>) -> String;
}

/// The words of a language.
pub fn of(locale: Locale) -> &'static dyn Wording {
    match locale {
        Locale::En => &en::English,
        Locale::ZhCn => &zh_cn::Chinese,
    }
}

#[cfg(test)]
pub(crate) mod terms;
#[cfg(test)]
mod tests;
