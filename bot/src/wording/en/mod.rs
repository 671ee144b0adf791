//! The bot in English.

mod alerts;
mod feeds;
mod goals;
mod names;
mod quiet;
mod reports;
mod threads;

use std::cmp::Ordering;

use tillwatch_shared::Locale;
use tillwatch_shared::permissions::{Permission, Role};
use tillwatch_shared::plan::CampaignState;

use super::{By, Change, Failure, Fault, Input, Move, Names, Said, Wording};

/// English.
pub(super) struct English;

/// What a permission allows, as it stands behind "may not".
const fn deed(what: Permission) -> &'static str {
    match what {
        Permission::CampaignsPause => "pause campaigns",
        Permission::CampaignsResume => "resume campaigns",
        Permission::AlertsAcknowledge => "acknowledge alerts",
        Permission::AlertsSilence => "silence alerts",
        Permission::CampaignsRead => "see campaigns",
        Permission::AlertsRead => "see alerts",
        Permission::MetricsRead => "see figures",
        Permission::GoalsRead => "see goals",
        Permission::ReportsRead => "see reports",
        Permission::ReportsWrite => "change when reports appear",
        Permission::ChatManage => "link a chat server",
        _ => "do this",
    }
}

impl Wording for English {
    fn not_linked(&self, link: &str) -> Said {
        Said::new(
            "You are not linked to Tillwatch yet",
            format!(
                "Sign in to Tillwatch and ask for a one-time code (POST /v1/chat-links/code), then type here: {link}"
            ),
        )
    }

    fn may_not(&self, what: Permission, role: Option<Role>, who_may: &[Role]) -> Said {
        let what = deed(what);
        let roles: Vec<String> = who_may.iter().map(|role| self.role(*role).to_owned()).collect();
        let yours = role.map(|role| format!(" Your role is {}.", self.role(role))).unwrap_or_default();
        let ask =
            if roles.is_empty() { String::new() } else { format!(" Ask someone who may: {}.", self.listed(&roles)) };
        Said::new(format!("You may not {what}"), format!("{yours}{ask}").trim_start())
    }

    fn narrowed(&self, what: Permission) -> Said {
        Said::new(
            format!("You may not {}", deed(what)),
            "Your permissions are narrowed to some channels, and this is about the whole retailer. Ask someone who reaches \
             every channel.",
        )
    }

    fn out_of_reach(&self) -> Said {
        Said::new("Not found", "It does not exist, or your permissions are narrowed to other channels.")
    }

    fn failure(&self, failure: Failure) -> Said {
        match failure {
            Failure::Gone => Said::new("Not found", "It no longer exists, or it never did."),
            Failure::Busy => Said::new("Tillwatch is busy", "Nothing was changed. Please try again in a moment."),
            Failure::Unreachable => Said::new(
                "Tillwatch does not answer",
                "It is unknown whether anything was done. Please try again in a moment.",
            ),
            Failure::OwnCredential => Said::new(
                "The service does not accept this bot",
                "Nothing was changed. Whoever runs the bot must check its key (BOT_PRIVATE_KEY) and its clock.",
            ),
            Failure::EnrolFirst => Said::new(
                "A second factor is needed",
                "Your retailer asks for one. Sign in to Tillwatch and enrol an authenticator, then try again.",
            ),
            Failure::Unexpected => Said::new(
                "Something went wrong",
                "The answer could not be understood. Please look before you try again.",
            ),
            Failure::Conflict => Said::new("Not possible now", "The state changed meanwhile. Please look again."),
        }
    }

    fn invalid(&self, input: Input, fault: Fault) -> Said {
        let input = match input {
            Input::Search => "The name",
            Input::Reason => "The reason",
            Input::Code => "The code",
            Input::Other => "What you typed",
        };
        let fault = match fault {
            Fault::TooLong => "is too long. Please shorten it.",
            Fault::Missing => "is missing.",
            Fault::Unreadable => "holds characters that cannot be used. Please type it anew.",
            Fault::Other => "cannot be used.",
        };
        Said::new("That was not accepted", format!("{input} {fault}"))
    }

    fn no_text(&self) -> Said {
        Said::new("That is no text", "What came is not UTF-8. Set the terminal to UTF-8, or type it anew.")
    }

    fn discord_refused(&self) -> Said {
        Said::new(
            "Discord refuses the bot",
            "Nothing is answered or shown there until it is started anew with a working token (DISCORD_TOKEN).",
        )
    }

    fn request(&self, id: &str) -> String {
        format!("Request {id}")
    }

    fn no_campaigns(&self) -> Said {
        Said::new("No campaigns yet", "Create one over the API: POST /v1/campaigns.")
    }

    fn campaigns(&self, count: usize, at_least: bool) -> String {
        if at_least { format!("Campaigns (more than {count})") } else { format!("Campaigns ({count})") }
    }

    fn page(&self, page: usize, pages: usize, next: Option<&str>) -> String {
        let next = next.map(|next| format!(" · Next: {next}")).unwrap_or_default();
        format!("Page {page} of {pages}{next}")
    }

    fn unknown_campaign(&self, typed: &str, nearest: &[String], list: &str) -> Said {
        let hint = if nearest.is_empty() {
            format!("All of them: {list}")
        } else {
            format!("Did you mean {}?", self.listed(nearest))
        };
        Said::new(format!("There is no campaign “{typed}”"), hint)
    }

    fn ambiguous_campaign(&self, typed: &str, candidates: &[String]) -> Said {
        Said::new(
            format!("Several campaigns are called “{typed}”"),
            format!("Say which one, by its full name, key or id:\n{}", candidates.join("\n")),
        )
    }

    fn reason_needed(&self, change: Change, campaign: &str, example: &str) -> Said {
        let verb = match change {
            Change::Pause => "pause",
            Change::Resume => "resume",
        };
        Said::new(format!("Why {verb} “{campaign}”?"), format!("The reason is kept in the history. Type: {example}"))
    }

    fn reason_too_long(&self, limit: usize) -> Said {
        Said::new("The reason is too long", format!("At most {limit} characters, please."))
    }

    fn changed(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said {
        let by = self.by(by);
        match change {
            Change::Pause => Said::new(
                format!("Paused: {campaign}"),
                format!("Paused by {by} since {since}. No spend until it is resumed."),
            ),
            Change::Resume => {
                Said::new(format!("Resumed: {campaign}"), format!("Active again since {since}, resumed by {by}."))
            }
        }
    }

    fn already(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said {
        let by = self.by(by);
        let body = match change {
            Change::Pause => format!("It is already paused since {since} by {by}."),
            Change::Resume => format!("It is already active since {since}, set so by {by}."),
        };
        Said::new(format!("Nothing to do: {campaign}"), format!("{body} Nothing was changed."))
    }

    fn cannot(&self, change: Change, campaign: &str, state: CampaignState) -> Said {
        let state = self.campaign_state(state);
        let body = match change {
            Change::Pause => format!("Only an active campaign can be paused; this one is {state}."),
            Change::Resume => format!("Only a paused campaign can be resumed; this one is {state}."),
        };
        Said::new(format!("Not possible: {campaign}"), body)
    }

    fn second_wanted(&self, campaign: &str, by: &By, when: &str, reason: &str) -> Said {
        let body = format!(
            "A stop-loss paused it, and your retailer asks for two people. Asked by {} on {when}: {reason}\nSomebody else resumes it within a day.",
            self.by(by)
        );
        Said::new(format!("A second person is needed: {campaign}"), body)
    }

    fn since(&self, state: &str, since: &str) -> String {
        format!("{state} since {since}")
    }

    fn spent(&self, spend: &str, budget: Option<(&str, &str)>) -> String {
        match budget {
            Some((budget, share)) => format!("{spend} of {budget} ({share})"),
            None => format!("{spend}, no budget set"),
        }
    }

    fn dates(&self, from: Option<&str>, to: Option<&str>) -> String {
        match (from, to) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (Some(from), None) => format!("from {from}"),
            (None, Some(to)) => format!("until {to}"),
            (None, None) => "open-ended".to_owned(),
        }
    }

    fn stopped_by(&self) -> &'static str {
        "A rule paused it. Check the figures before you resume it."
    }

    fn no_kpis(&self) -> Said {
        Said::new("No figures yet", "They appear with the first samples: POST /v1/samples.")
    }

    fn kpis(&self, day: &str) -> String {
        format!("KPIs of {day}")
    }

    fn moved(&self, moved: Move, before: &str) -> String {
        let way = match moved.by.way() {
            Ordering::Greater => "up",
            Ordering::Less => "down",
            Ordering::Equal => return format!("level with {before}"),
        };
        let verdict = match moved.better {
            Some(true) => ", better",
            Some(false) => ", worse",
            None => "",
        };
        format!("{way} {} from {before}{verdict}", moved.by.size(Locale::En))
    }

    fn nothing_before(&self) -> &'static str {
        "nothing a week before"
    }

    fn last_days(&self, metric: &str, days: usize) -> String {
        format!("{metric}: the last {days} days")
    }

    fn in_all(&self, days: usize, total: &str) -> String {
        format!("{days} days in all: {total}")
    }

    fn no_figure(&self) -> &'static str {
        "no figure"
    }

    fn unknown_metric(&self, typed: &str, nearest: &[String], screen: &str) -> Said {
        let hint = if nearest.is_empty() {
            format!("All that have figures: {screen}")
        } else {
            format!("Did you mean {}?", self.listed(nearest))
        };
        Said::new(format!("There is no metric “{typed}”"), hint)
    }

    fn ambiguous_metric(&self, typed: &str, candidates: &[String]) -> Said {
        Said::new(format!("Several metrics are called “{typed}”"), format!("Say which one:\n{}", candidates.join("\n")))
    }

    fn linked(&self, staff: &str, retailer: &str, server_too: bool, moved: bool) -> Said {
        let server = match (server_too, moved) {
            (true, _) => " This server is linked too: alerts appear in this channel.",
            (false, true) => " Alerts appear in this channel from now on.",
            (false, false) => "",
        };
        Said::new(
            format!("Linked to {retailer}"),
            format!("You act as {staff} from now on, with that account's rights.{server}"),
        )
    }

    fn code_refused(&self) -> Said {
        Said::new(
            "This code does not work",
            "A code works once and for a few minutes only. Ask for a fresh one (POST /v1/chat-links/code) and type it soon.",
        )
    }

    fn help(&self, more: &str) -> Said {
        Said::new(
            "What you can type",
            format!(
                "A campaign is named by its name, its key, or the first letters of either. More on one command: {more}"
            ),
        )
    }

    fn unknown_command(&self, typed: &str, nearest: &[String], help: &str) -> Said {
        let hint = if nearest.is_empty() { String::new() } else { format!("Did you mean {}? ", self.listed(nearest)) };
        Said::new(format!("There is no command “{typed}”"), format!("{hint}All of them: {help}"))
    }

    fn incomplete(&self, usage: &str) -> Said {
        Said::new("Something is missing", format!("Type: {usage}"))
    }

    fn welcome(&self) -> &'static str {
        "Type help for the commands, Tab to complete names, quit to leave. Alerts appear here."
    }

    fn goodbye(&self) -> &'static str {
        "Goodbye."
    }

    fn shown_again(&self) -> &'static str {
        "shown again: an earlier attempt may have shown it already"
    }

    fn picture_at(&self, path: &str) -> String {
        format!("Picture: GET {path}")
    }

    fn console_hint(&self, alert: &str, campaign: Option<&str>) -> String {
        match campaign {
            Some(pause) => format!("Type: {alert} · {pause}"),
            None => format!("Type: {alert}"),
        }
    }
}
