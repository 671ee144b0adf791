//! What the bot does when it is asked: a command or a button in, a reply out, whatever chat it came from.
//!
//! Cast: [`handle`] for commands, [`press`] for buttons, [`complete`] for half-typed names; one file per subject.
//! Invariants: a handler never fails, an error becomes a reply in the reader's language; it decides no permission,
//! the service does, for each call; a reply tells only what the API gave to the person who asks.

mod alerts;
mod budget;
mod campaigns;
mod find;
mod goals;
mod help;
mod kpi;
mod link;
mod reports;
mod silence;
mod why;

use chrono_tz::Tz;
use tillwatch_shared::errors::{Code, FieldProblem, Problem};
use tillwatch_shared::identity::Me;
use tillwatch_shared::ids::StaffId;
use tillwatch_shared::permissions::{Permission, Role};
use tillwatch_shared::watch::Transport;

use crate::api::{Answer, Api, ApiError};
use crate::command::{Action, Actor, Command};
use crate::reply::{Reply, Tone};
use crate::wording::figures::{time, zone};
use crate::wording::{self, By, Change, Failure, Fault, Input, Said, Topic, Wording, spelled};

pub use find::Completing;
pub(crate) use find::{names, nearest};
pub(crate) use help::{WORDS, placeholder};

/// Does what is asked, and says what came of it.
pub async fn handle(command: Command, actor: &Actor, api: &Api) -> Reply {
    let reply = match command {
        Command::Help { topic } => help::help(topic.as_deref(), actor, language(actor, api).await),
        Command::Link { code } => link::link(&code, actor, api).await,
        other => match who(actor, api).await {
            Ok(me) => asked(other, &Asking::new(actor, api, me)).await,
            Err(error) => refused(&error, None, actor, language(actor, api).await, Permission::TenantRead),
        },
    };
    reply.within_limits()
}

/// Does what a button says. A pause needs a reason: without one the reply asks for it.
pub async fn press(action: Action, actor: &Actor, api: &Api, reason: Option<&str>) -> Reply {
    let command = match action {
        Action::Pause(id) => Command::CampaignPause { campaign: id.to_string(), reason: reason.map(str::to_owned) },
        Action::Resume(id) => Command::CampaignResume { campaign: id.to_string(), reason: reason.map(str::to_owned) },
        Action::Acknowledge(id) => Command::AlertAck { alert: id.to_string() },
        Action::Silence(id) => {
            Command::AlertSilence { alert: id.to_string(), duration: None, reason: reason.map(str::to_owned) }
        }
        Action::Open(id) => Command::AlertShow { alert: id.to_string() },
    };
    handle(command, actor, api).await
}

/// What a half-typed name may become: label and value, at most 100 characters each, at most 25; none on any error.
pub async fn complete(what: Completing, typed: &str, actor: &Actor, api: &Api) -> Vec<(String, String)> {
    find::complete(what, typed, actor, api).await.unwrap_or_default()
}

/// One person's question: who asks, and how to answer.
pub(crate) struct Asking<'a> {
    actor: &'a Actor,
    api: &'a Api,
    me: Me,
    words: &'static dyn Wording,
    zone: Tz,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(actor: &'a Actor, api: &'a Api, me: Me) -> Self {
        let (words, zone) = (wording::of(me.tenant.locale), zone(&me.tenant.time_zone));
        Self { actor, api, me, words, zone }
    }

    /// A time in the retailer's zone.
    fn time(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        time(at, self.zone, self.words.locale())
    }

    /// How a command is typed where the asker is.
    fn spelled(&self, topic: Topic, name: &str) -> String {
        spelled(self.actor.transport, topic, name)
    }

    /// A staff, by the name that is known here.
    fn staff(&self, id: StaffId, name: Option<&str>) -> By {
        if self.me.staff.as_ref().is_some_and(|me| me.id == id) {
            return By::You;
        }
        let known = name.map(str::to_owned).or_else(|| self.api.memory().name(id));
        known.map_or(By::Colleague, By::Named)
    }

    /// Who did a step of a history; `name` is the staff's.
    fn actor_of(&self, kind: &str, id: Option<&str>, name: Option<&str>) -> By {
        match kind {
            "staff" => id.and_then(|id| id.parse().ok()).map_or(By::Colleague, |id| self.staff(id, name)),
            "api_token" => By::Token,
            "rule" => By::Rule,
            _ => By::System,
        }
    }
}

/// The commands that need to know who asks.
async fn asked(command: Command, asking: &Asking<'_>) -> Reply {
    let (needs, answer) = match command {
        Command::CampaignList { page } => (Permission::CampaignsRead, campaigns::list(page, asking).await),
        Command::CampaignShow { campaign } => (Permission::CampaignsRead, campaigns::show(&campaign, asking).await),
        Command::CampaignPause { campaign, reason } => {
            (Permission::CampaignsPause, campaigns::change(Change::Pause, &campaign, reason.as_deref(), asking).await)
        }
        Command::CampaignResume { campaign, reason } => {
            (Permission::CampaignsResume, campaigns::change(Change::Resume, &campaign, reason.as_deref(), asking).await)
        }
        Command::Kpi { metric: None } => (Permission::MetricsRead, kpi::screen(asking).await),
        Command::Kpi { metric: Some(metric) } => (Permission::MetricsRead, kpi::one(&metric, asking).await),
        Command::AlertsList => (Permission::AlertsRead, alerts::list(asking).await),
        Command::AlertShow { alert } => (Permission::AlertsRead, alerts::show(&alert, asking).await),
        Command::AlertAck { alert } => (Permission::AlertsAcknowledge, alerts::acknowledge(&alert, asking).await),
        Command::AlertSilence { alert, duration, reason } => {
            (Permission::AlertsSilence, silence::silence(&alert, duration.as_deref(), reason.as_deref(), asking).await)
        }
        Command::GoalsList => (Permission::GoalsRead, goals::list(asking).await),
        Command::GoalShow { goal } => (Permission::GoalsRead, goals::show(&goal, asking).await),
        Command::AlertWhy { alert } => (Permission::AlertsRead, why::why(&alert, asking).await),
        Command::Digest => (Permission::ReportsRead, reports::daily(asking).await),
        Command::Report => (Permission::ReportsRead, reports::weekly(asking).await),
        Command::Schedule { report, at, here } => {
            let changes = report.is_some() && (at.is_some() || here);
            let needs = if changes { Permission::ReportsWrite } else { Permission::ReportsRead };
            (needs, reports::schedule(report.as_deref(), at.as_deref(), here, asking).await)
        }
        Command::Budget => (Permission::CampaignsRead, budget::screen(asking).await),
        // Answered before: neither needs to know who asks.
        Command::Help { topic } => return help::help(topic.as_deref(), asking.actor, asking.words),
        Command::Link { code } => return link::link(&code, asking.actor, asking.api).await,
    };
    answer.unwrap_or_else(|error| {
        let role = asking.me.staff.as_ref().map(|staff| staff.role);
        refused(&error, role, asking.actor, asking.words, needs)
    })
}

/// Who the actor is: remembered for a minute, else asked.
pub(crate) async fn who(actor: &Actor, api: &Api) -> Answer<Me> {
    if let Some(me) = api.memory().me(actor) {
        return Ok(me);
    }
    let me = api.me(actor).await?;
    api.memory().remember_me(actor, &me);
    Ok(me)
}

/// The language to answer in; English for who is not known.
pub(crate) async fn language(actor: &Actor, api: &Api) -> &'static dyn Wording {
    let known = match api.memory().me(actor) {
        Some(me) => Some(me),
        None => who(actor, api).await.ok(),
    };
    wording::of(known.map(|me| me.tenant.locale).unwrap_or_default())
}

/// Words for a reply whose reader only is concerned.
fn only_you(tone: Tone, said: Said) -> Reply {
    Reply::say(tone, said.title, said.body).private()
}

/// What a failed call means for the person who asked; `needs` is the permission that the call asks for.
fn refused(error: &ApiError, role: Option<Role>, actor: &Actor, words: &dyn Wording, needs: Permission) -> Reply {
    let (said, request) = match error {
        ApiError::Problem(problem) => (problem_said(problem, role, actor.transport, words, needs), Some(problem)),
        ApiError::Unreachable(_) => (words.failure(Failure::Unreachable), None),
        ApiError::Unexpected(why) => {
            tracing::error!(error = why, "the API was not understood");
            (words.failure(Failure::Unexpected), None)
        }
    };
    let mut reply = only_you(Tone::Refused, said);
    reply.footer = request.map(|problem| words.request(&problem.request_id));
    reply
}

fn problem_said(
    problem: &Problem,
    role: Option<Role>,
    transport: Transport,
    words: &dyn Wording,
    needs: Permission,
) -> Said {
    match problem.code {
        Code::ChatUserNotLinked => words.not_linked(&spelled(transport, Topic::Link, "CODE")),
        Code::PermissionDenied => {
            let may: Vec<Role> = Role::ALL.iter().copied().filter(|role| role.allows(needs)).collect();
            words.may_not(needs, role, &may)
        }
        Code::NotFound => words.failure(Failure::Gone),
        Code::StateConflict | Code::VersionStale | Code::AlreadyExists | Code::LeaseLost => {
            words.failure(Failure::Conflict)
        }
        Code::Overloaded | Code::DatabaseUnavailable | Code::TooManyRequests => words.failure(Failure::Busy),
        Code::CredentialMissing | Code::CredentialInvalid | Code::CredentialExpired => {
            words.failure(Failure::OwnCredential)
        }
        Code::EnrolmentRequired => words.failure(Failure::EnrolFirst),
        Code::ValidationFailed => {
            let (input, fault) = problem.errors.first().map_or((Input::Other, Fault::Other), mistake);
            words.invalid(input, fault)
        }
        _ => words.failure(Failure::Unexpected),
    }
}

/// What was wrong with which part: the service says it in English only.
fn mistake(field: &FieldProblem) -> (Input, Fault) {
    let input = match field.pointer.trim_start_matches(['/', '?']) {
        "q" => Input::Search,
        "reason" => Input::Reason,
        "code" => Input::Code,
        _ => Input::Other,
    };
    let fault = match field.code.as_str() {
        "too_long" => Fault::TooLong,
        "required" => Fault::Missing,
        "control_character" | "invalid" => Fault::Unreadable,
        _ => Fault::Other,
    };
    (input, fault)
}

#[cfg(test)]
mod tests;
