//! The slash commands, made of the commands' own descriptions: each translates its options and hands over.
//!
//! Invariants: every command of [`ENTRIES`] is registered, at every first ready, which changes nothing when it is
//! registered already; a command begins with its first answer; without a reason a modal asks for one.

use super::answer::{Asker, Audience, LONGEST_REASON, actor};
use super::events;
use super::trouble::Trouble;
use super::words::{self, ZH};
use super::{Data, PAUSES};
use crate::command::Command;
use crate::commands as core;
use crate::commands::ENTRIES;
use crate::commands::spec::{Both, CommandSpec, Entry, Kind, OptionSpec};
use poise::ApplicationContext;
use serenity::all::{
    AutocompleteChoice, CommandOptionType, CreateAutocompleteResponse, CreateCommand, CreateCommandOption, Http,
    InteractionContext, ResolvedValue,
};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Handlers answer for themselves; nothing is left for the framework to report.
type Never = std::convert::Infallible;
type Context<'a> = ApplicationContext<'a, Data, Never>;

/// Choices are of use only while somebody types; the platform waits three seconds.
const COMPLETION: Duration = Duration::from_millis(2_500);

/// How long one registration may take; the platform is slow with it.
const REGISTRATION: Duration = Duration::from_secs(30);

/// Every command, as what comes from the platform is handed to it.
fn all() -> Vec<poise::Command<Data, Never>> {
    ENTRIES.iter().map(handed).collect()
}

fn handed(entry: &'static Entry) -> poise::Command<Data, Never> {
    match entry {
        Entry::One(spec) => leaf(spec),
        Entry::Group(group) => poise::Command {
            name: Cow::Borrowed(group.name),
            // The platform offers subcommands only.
            slash_action: Some(|_| Box::pin(async { Ok(()) })),
            subcommand_required: true,
            guild_only: true,
            subcommands: group.commands.iter().map(|spec| leaf(spec)).collect(),
            ..poise::Command::default()
        },
    }
}

fn leaf(spec: &'static CommandSpec) -> poise::Command<Data, Never> {
    let completed = spec.options.iter().filter(|option| option.completes.is_some());
    let parameters = completed.map(|option| poise::CommandParameter::<Data, Never> {
        name: Cow::Borrowed(option.name),
        name_localizations: Cow::default(),
        description: None,
        description_localizations: Cow::default(),
        required: option.required,
        channel_types: None,
        choices: Cow::default(),
        type_setter: None,
        autocomplete_callback: Some(|ctx, typed| Box::pin(choices(ctx, typed))),
        __non_exhaustive: (),
    });
    poise::Command {
        name: Cow::Borrowed(spec.word()),
        slash_action: Some(|ctx| {
            Box::pin(async move {
                asked(ctx).await;
                Ok(())
            })
        }),
        guild_only: true,
        parameters: parameters.collect(),
        custom_data: Box::new(spec),
        ..poise::Command::default()
    }
}

/// Every command, as the platform is told it.
fn registration() -> Vec<CreateCommand> {
    let told = |entry: &Entry| match entry {
        Entry::One(spec) => {
            let told = command(spec.path, spec.zh_name, spec.texts.about);
            spec.options.iter().map(option).fold(told, CreateCommand::add_option)
        }
        Entry::Group(group) => {
            let told = command(group.name, group.zh_name, group.about);
            group.commands.iter().map(|spec| subcommand(spec)).fold(told, CreateCommand::add_option)
        }
    };
    ENTRIES.iter().map(told).collect()
}

fn command(name: &str, zh_name: &str, about: Both) -> CreateCommand {
    CreateCommand::new(name)
        .name_localized(ZH, zh_name)
        .description(about.en)
        .description_localized(ZH, about.zh)
        .contexts(vec![InteractionContext::Guild])
}

fn subcommand(spec: &CommandSpec) -> CreateCommandOption {
    let told = named(CommandOptionType::SubCommand, spec.word(), spec.zh_name, spec.texts.about);
    spec.options.iter().map(option).fold(told, CreateCommandOption::add_sub_option)
}

fn option(spec: &OptionSpec) -> CreateCommandOption {
    let kind = match spec.kind {
        Kind::Text(_) | Kind::Reason => CommandOptionType::String,
        Kind::Number => CommandOptionType::Integer,
        Kind::Flag(_) => CommandOptionType::Boolean,
    };
    let told = named(kind, spec.name, spec.zh_name, spec.about);
    let told = told.required(spec.required).set_autocomplete(spec.completes.is_some());
    match spec.kind {
        Kind::Text(0) | Kind::Flag(_) => told,
        Kind::Text(most) => told.max_length(most),
        Kind::Reason => told.max_length(LONGEST_REASON),
        Kind::Number => told.min_number_value(1.0).max_number_value(f64::from(u16::MAX)),
    }
}

fn named(kind: CommandOptionType, name: &str, zh_name: &str, about: Both) -> CreateCommandOption {
    CreateCommandOption::new(kind, name, about.en).name_localized(ZH, zh_name).description_localized(ZH, about.zh)
}

/// The framework, which tells once that the bot is ready.
pub(crate) fn framework(data: Data, ready: oneshot::Sender<Arc<Http>>) -> poise::Framework<Data, Never> {
    let options = poise::FrameworkOptions {
        commands: all(),
        event_handler: |framework, event| Box::pin(events::handle(framework, event)),
        on_error: |error| Box::pin(failed(error)),
        allowed_mentions: Some(serenity::all::CreateAllowedMentions::new()),
        // Nothing here is for the account's owner alone; this saves a request.
        initialize_owners: false,
        ..poise::FrameworkOptions::default()
    };
    poise::Framework::builder()
        .options(options)
        .setup(move |context, account, _| {
            Box::pin(async move {
                tracing::info!(name = %account.user.name, servers = account.guilds.len(), "on Discord");
                // Nobody listens only when the transport is stopping.
                let _stopping = ready.send(Arc::clone(&context.http));
                Ok(data)
            })
        })
        .build()
}

/// Registers the commands for every server; tries until it works or the caller gives up.
pub(crate) async fn register(http: Arc<Http>) {
    let mut pause = PAUSES.0;
    loop {
        let set = serenity::all::Command::set_global_commands(&http, registration());
        let set = tokio::time::timeout(REGISTRATION, set).await;
        let trouble = match set {
            Ok(Ok(_)) => {
                tracing::info!("slash commands are registered");
                return;
            }
            Ok(Err(error)) => Trouble::of(&error),
            Err(_) => Trouble::Passing("no answer in time".to_owned()),
        };
        let Trouble::Passing(why) = trouble else {
            tracing::error!(%trouble, "the slash commands cannot be registered");
            return;
        };
        tracing::warn!(why, wait_ms = pause.as_millis(), "the slash commands are registered later");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Errors of the framework itself: none of ours can fail.
async fn failed(error: poise::FrameworkError<'_, Data, Never>) {
    match error {
        poise::FrameworkError::GuildOnly { ctx: poise::Context::Application(ctx), .. } => {
            let asker = asker(ctx);
            asker.tell(asker.words().server_only).await;
        }
        error => tracing::warn!(%error, "a Discord command could not be run"),
    }
}

fn asker(ctx: Context<'_>) -> Asker {
    let i = ctx.interaction;
    Asker {
        http: Arc::clone(&ctx.serenity_context().http),
        id: i.id,
        token: i.token.clone(),
        locale: words::locale_of(&i.locale),
        actor: actor(i.guild_id, i.channel_id, i.user.id),
        came: Instant::now(),
    }
}

/// Which command it is.
fn spec(ctx: Context<'_>) -> Option<&'static CommandSpec> {
    ctx.command().custom_data.downcast_ref::<&'static CommandSpec>().copied()
}

/// Who sees the answer of a command, as long as nothing was refused.
fn audience(command: &Command) -> Audience {
    if command.spec().private { Audience::Asker } else { Audience::Channel }
}

/// A command: first answer, work, final answer; or the modal that asks for the reason that was left out.
async fn asked(ctx: Context<'_>) {
    let Some(spec) = spec(ctx) else { return };
    let (data, asker) = (ctx.data(), asker(ctx));
    let _running = data.running.enter();
    let command = ctx.args.iter().fold(Command::new(spec), |command, given| match &given.value {
        ResolvedValue::String(text) => command.with(given.name, text),
        ResolvedValue::Integer(number) => command.with(given.name, &number.to_string()),
        ResolvedValue::Boolean(said) => command.with(given.name, &said.to_string()),
        _ => command,
    });
    match spec.asks.filter(|_| command.given().reason().is_none()) {
        Some(asks) => asker.ask(asks.title.of(asker.locale), events::ask_id(asks.word, &command)).await,
        None => perform(&asker, command, data).await,
    }
}

/// As a slash command or a filled modal asks.
pub(crate) async fn perform(asker: &Asker, command: Command, data: &Data) {
    let Some(actor) = &asker.actor else { return asker.tell(asker.words().server_only).await };
    let audience = audience(&command);
    if asker.defer(audience).await {
        let reply = core::handle(command, actor, &data.api).await;
        asker.finish(&reply, audience).await;
    }
}

/// What the option that is being typed may become.
async fn choices(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let asker = asker(ctx);
    let none = CreateAutocompleteResponse::new();
    let typing = ctx.args.iter().find(|given| matches!(given.value, ResolvedValue::Autocomplete { .. }));
    let option = typing.and_then(|typing| spec(ctx)?.options.iter().find(|option| option.name == typing.name));
    let (Some(actor), Some(what)) = (&asker.actor, option.and_then(|option| option.completes)) else { return none };
    let found =
        tokio::time::timeout(COMPLETION, core::complete(what, typed, actor, &ctx.data().api)).await.unwrap_or_default();
    none.set_choices(found.into_iter().map(|(label, value)| AutocompleteChoice::new(label, value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::command;

    #[test]
    fn what_is_registered_is_handed_on() {
        let told = serde_json::to_value(registration()).unwrap();
        let handed = all();
        assert_eq!(told.as_array().unwrap().len(), handed.len());
        for (told, handed) in told.as_array().unwrap().iter().zip(&handed) {
            assert_eq!((&told["name"], &told["contexts"]), (&serde_json::json!(handed.name), &serde_json::json!([0])));
            let subs = told["options"].as_array().unwrap().iter().filter(|option| option["type"] == 1);
            let names: Vec<&str> = subs.map(|sub| sub["name"].as_str().unwrap()).collect();
            assert_eq!(names, handed.subcommands.iter().map(|sub| &*sub.name).collect::<Vec<&str>>());
        }
    }

    #[test]
    fn what_concerns_one_person_is_shown_to_one_person() {
        assert_eq!(audience(&command("link", &[("code", "c")])), Audience::Asker);
        assert_eq!(audience(&command("campaign pause", &[("campaign", "c")])), Audience::Channel);
    }
}
