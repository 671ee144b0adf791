//! What the bot does when it is asked: a command or a button in, a reply out, whatever chat it came from.
//!
//! Cast: [`handle`] for commands, [`press`] for buttons, [`complete`] for half-typed names; one file per subject, which
//! holds its commands' descriptions (`spec`) beside what does them; `ENTRIES` lists them.
//! Invariants: a handler never fails, an error becomes a reply in the reader's language; it decides no permission,
//! the service does, for each call; a reply tells only what the API gave to the person who asks.
//!
//! To add a command, write `commands/X.rs` with a `static X: CommandSpec` (or a `GroupSpec` of several): its words, texts
//! and options in both languages, the permission, and what does it, `async fn(…, &Asking<'_>) -> Answer<Reply>`. Then name
//! it in `ENTRIES`, where the help shall show it: what is typed at the console, what Discord is told, completion and help
//! follow from it. Last, type it in `tests/it/discord/lines.rs`; the test `discord::surface` fails until somebody has tried
//! it in both languages, in both places, and `spec/tests.rs` fails when a text lacks a language or keeps no limit.
//!
//! Beside that: the calls that it makes stand in `api/X.rs`; the sentences of its answers in a trait of
//! [`crate::wording`] with a file for each language; a thing that is completed while it is typed is a [`Completing`];
//! a button is an [`Action`], which `asked_by` turns into a command.

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
pub(crate) mod spec;
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
use crate::wording::{self, By, Failure, Fault, Input, Said, Wording};
use spec::{CommandSpec, Entry, Run};

pub(crate) use alerts::ACK;
pub(crate) use campaigns::PAUSE;
pub use find::Completing;
pub(crate) use find::{names, nearest};
pub(crate) use help::HELP;

/// Every command, in the order of the help: a line for each file.
pub(crate) static ENTRIES: &[Entry] = &[
    Entry::One(&link::LINK),
    Entry::Group(&campaigns::CAMPAIGN),
    Entry::One(&kpi::KPI),
    Entry::Group(&alerts::ALERTS),
    Entry::Group(&goals::GOALS),
    Entry::One(&budget::BUDGET),
    Entry::One(&reports::DIGEST),
    Entry::One(&reports::REPORT),
    Entry::One(&reports::SCHEDULE),
    Entry::One(&HELP),
];

/// Every command.
pub(crate) fn all() -> impl Iterator<Item = &'static CommandSpec> {
    ENTRIES.iter().flat_map(Entry::commands)
}

/// Does what is asked, and says what came of it.
pub async fn handle(command: Command, actor: &Actor, api: &Api) -> Reply {
    let reply = match command.spec().run {
        Run::Anyone(run) => run(command.given(), actor, api).await,
        Run::Staff { needs, run } => match who(actor, api).await {
            Ok(me) => {
                let standing =
                    Standing { role: me.staff.as_ref().map(|staff| staff.role), narrowed: me.channels.is_some() };
                let asking = Asking::new(actor, api, me);
                let answer = run(command.given(), &asking).await;
                answer.unwrap_or_else(|error| refused(&error, standing, actor, asking.words, needs(command.given())))
            }
            Err(error) => {
                let words = language(actor, api).await;
                refused(&error, Standing::default(), actor, words, Permission::TenantRead)
            }
        },
    };
    reply.within_limits()
}

/// The command that a button stands for.
pub(crate) fn asked_by(action: Action) -> Command {
    let (spec, id): (&'static CommandSpec, String) = match action {
        Action::Pause(id) => (&PAUSE, id.to_string()),
        Action::Resume(id) => (&campaigns::RESUME, id.to_string()),
        Action::Acknowledge(id) => (&ACK, id.to_string()),
        Action::Silence(id) => (&silence::SILENCE, id.to_string()),
        Action::Open(id) => (&alerts::SHOW, id.to_string()),
    };
    let about = spec.options.first().map_or("", |option| option.name);
    Command::new(spec).with(about, &id)
}

/// Does what a button says. A pause needs a reason: without one the reply asks for it.
pub async fn press(action: Action, actor: &Actor, api: &Api, reason: Option<&str>) -> Reply {
    let command = asked_by(action);
    let command = match reason {
        Some(reason) => command.with("reason", reason),
        None => command,
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
    fn spelled(&self, spec: &CommandSpec, name: &str) -> String {
        spec.spelled(self.actor.transport, name)
    }

    /// The same with what stands for a name.
    fn usage(&self, spec: &CommandSpec) -> String {
        spec.usage(self.actor.transport)
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

/// What a refusal says of whom it refuses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// The role, where it is known.
    role: Option<Role>,
    /// Whether it holds for some channels only.
    narrowed: bool,
}

/// What a failed call means for the person who asked; `needs` is the permission that the call asks for.
fn refused(error: &ApiError, standing: Standing, actor: &Actor, words: &dyn Wording, needs: Permission) -> Reply {
    let (said, request) = match error {
        ApiError::Problem(problem) => (problem_said(problem, standing, actor.transport, words, needs), Some(problem)),
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
    Standing { role, narrowed }: Standing,
    transport: Transport,
    words: &dyn Wording,
    needs: Permission,
) -> Said {
    match problem.code {
        Code::ChatUserNotLinked => words.not_linked(&link::LINK.usage(transport)),
        // Who reached every channel would be refused as well, where the role has it not.
        Code::PermissionDenied if narrowed && !needs.by_channel() && role.is_none_or(|role| role.allows(needs)) => {
            words.narrowed(needs)
        }
        Code::NotFound if narrowed => words.out_of_reach(),
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
