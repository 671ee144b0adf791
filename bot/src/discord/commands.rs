//! The slash commands: each translates its options and hands over. Their words stand in [`super::words`].
//!
//! Invariants: the list here is what is registered, at every first ready, which changes nothing when it is
//! registered already; a command begins with its first answer; without a reason a modal asks for one.

use super::answer::{Asker, Audience, actor};
use super::events::{self, Ask};
use super::trouble::Trouble;
use super::words::{self, ZH};
use super::{Data, PAUSES};
use crate::command::Command;
use crate::commands::{self as core, Completing};
use poise::{ApplicationContext, CommandParameter};
use serenity::all::{AutocompleteChoice, CreateAutocompleteResponse, Http};
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

/// Every command, with its words in both languages.
pub(crate) fn all() -> Vec<poise::Command<Data, Never>> {
    let mut commands =
        vec![link(), campaign(), kpi(), alerts(), goals(), budget(), digest(), report(), schedule(), help()];
    for command in &mut commands {
        word(command, "");
    }
    commands
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
        let list = poise::builtins::create_application_commands(&all());
        let set = tokio::time::timeout(REGISTRATION, serenity::all::Command::set_global_commands(&http, list)).await;
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

/// Gives a command, its subcommands and its options their words.
fn word(command: &mut poise::Command<Data, Never>, parent: &str) {
    let path = format!("{parent} {}", command.name).trim().to_owned();
    if let Some(words) = words::at(&path) {
        command.description = Some(Cow::Borrowed(words.en));
        command.name_localizations = localised(words.zh_name);
        command.description_localizations = localised(words.zh);
    }
    for CommandParameter { name, name_localizations, description, description_localizations, .. } in
        &mut command.parameters
    {
        if let Some(words) = words::at(&format!("{path} {name}")) {
            *description = Some(Cow::Borrowed(words.en));
            *name_localizations = localised(words.zh_name);
            *description_localizations = localised(words.zh);
        }
    }
    for sub in &mut command.subcommands {
        word(sub, &path);
    }
}

fn localised(text: &'static str) -> Cow<'static, [(Cow<'static, str>, Cow<'static, str>)]> {
    Cow::Owned(vec![(Cow::Borrowed(ZH), Cow::Borrowed(text))])
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

/// Who sees the answer of a command, as long as nothing was refused.
fn audience(command: &Command) -> Audience {
    match command {
        Command::Link { .. } | Command::Help { .. } | Command::AlertShow { .. } | Command::AlertWhy { .. } => {
            Audience::Asker
        }
        _ => Audience::Channel,
    }
}

/// First answer, work, final answer.
async fn run(ctx: Context<'_>, command: Command) -> Result<(), Never> {
    let (data, asker) = (ctx.data(), asker(ctx));
    let _running = data.running.enter();
    perform(&asker, command, data).await;
    Ok(())
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

/// A change with its reason, or the modal that asks for it.
async fn change(ctx: Context<'_>, ask: Ask, what: String, reason: Option<String>) -> Result<(), Never> {
    let Some(reason) = reason.filter(|r| !r.trim().is_empty()) else {
        let (asker, _running) = (asker(ctx), ctx.data().running.enter());
        asker.ask(ask.title(&asker.words()), ask.custom_id(&what)).await;
        return Ok(());
    };
    run(ctx, ask.command(what, reason)).await
}

async fn choices(ctx: Context<'_>, what: Completing, typed: &str) -> CreateAutocompleteResponse {
    let asker = asker(ctx);
    let none = CreateAutocompleteResponse::new();
    let Some(actor) = &asker.actor else { return none };
    let found =
        tokio::time::timeout(COMPLETION, core::complete(what, typed, actor, &ctx.data().api)).await.unwrap_or_default();
    none.set_choices(found.into_iter().map(|(label, value)| AutocompleteChoice::new(label, value)).collect())
}

async fn campaigns(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    choices(ctx, Completing::Campaign, typed).await
}

async fn alert_names(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    choices(ctx, Completing::Alert, typed).await
}

async fn report_names(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    choices(ctx, Completing::Report, typed).await
}

async fn metrics(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    choices(ctx, Completing::Metric, typed).await
}

async fn goal_names(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    choices(ctx, Completing::Goal, typed).await
}

#[poise::command(slash_command, guild_only)]
async fn link(ctx: Context<'_>, code: String) -> Result<(), Never> {
    run(ctx, Command::Link { code }).await
}

#[poise::command(
    slash_command,
    guild_only,
    subcommand_required,
    subcommands("campaign_list", "campaign_show", "campaign_pause", "campaign_resume")
)]
#[expect(clippy::unused_async, reason = "the framework wants one")]
async fn campaign(_ctx: Context<'_>) -> Result<(), Never> {
    // The platform offers subcommands only.
    Ok(())
}

#[poise::command(slash_command, guild_only, rename = "list")]
async fn campaign_list(ctx: Context<'_>, #[min = 1] page: Option<u16>) -> Result<(), Never> {
    run(ctx, Command::CampaignList { page: page.map_or(1, usize::from) }).await
}

#[poise::command(slash_command, guild_only, rename = "show")]
async fn campaign_show(ctx: Context<'_>, #[autocomplete = "campaigns"] campaign: String) -> Result<(), Never> {
    run(ctx, Command::CampaignShow { campaign }).await
}

#[poise::command(slash_command, guild_only, rename = "pause")]
async fn campaign_pause(
    ctx: Context<'_>,
    #[autocomplete = "campaigns"] campaign: String,
    #[max_length = 500] reason: Option<String>,
) -> Result<(), Never> {
    change(ctx, Ask::Pause, campaign, reason).await
}

#[poise::command(slash_command, guild_only, rename = "resume")]
async fn campaign_resume(
    ctx: Context<'_>,
    #[autocomplete = "campaigns"] campaign: String,
    #[max_length = 500] reason: Option<String>,
) -> Result<(), Never> {
    change(ctx, Ask::Resume, campaign, reason).await
}

#[poise::command(slash_command, guild_only)]
async fn kpi(ctx: Context<'_>, #[autocomplete = "metrics"] metric: Option<String>) -> Result<(), Never> {
    run(ctx, Command::Kpi { metric }).await
}

#[poise::command(
    slash_command,
    guild_only,
    subcommand_required,
    subcommands("alerts_list", "alerts_show", "alerts_ack", "alerts_silence", "alerts_why")
)]
#[expect(clippy::unused_async, reason = "the framework wants one")]
async fn alerts(_ctx: Context<'_>) -> Result<(), Never> {
    // The platform offers subcommands only.
    Ok(())
}

#[poise::command(slash_command, guild_only, rename = "list")]
async fn alerts_list(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::AlertsList).await
}

#[poise::command(slash_command, guild_only, rename = "show")]
async fn alerts_show(ctx: Context<'_>, #[autocomplete = "alert_names"] alert: String) -> Result<(), Never> {
    run(ctx, Command::AlertShow { alert }).await
}

#[poise::command(slash_command, guild_only, rename = "ack")]
async fn alerts_ack(ctx: Context<'_>, #[autocomplete = "alert_names"] alert: String) -> Result<(), Never> {
    run(ctx, Command::AlertAck { alert }).await
}

#[poise::command(slash_command, guild_only, rename = "why")]
async fn alerts_why(ctx: Context<'_>, #[autocomplete = "alert_names"] alert: String) -> Result<(), Never> {
    run(ctx, Command::AlertWhy { alert }).await
}

#[poise::command(slash_command, guild_only, rename = "silence")]
async fn alerts_silence(
    ctx: Context<'_>,
    #[autocomplete = "alert_names"] alert: String,
    #[max_length = 30] duration: Option<String>,
    #[max_length = 500] reason: Option<String>,
) -> Result<(), Never> {
    // No blank in it: it stands before the length in the modal's id.
    let alert: String = alert.split_whitespace().collect();
    change(ctx, Ask::Silence, format!("{alert} {}", duration.unwrap_or_default()), reason).await
}

#[poise::command(slash_command, guild_only, subcommand_required, subcommands("goals_list", "goals_show"))]
#[expect(clippy::unused_async, reason = "the framework wants one")]
async fn goals(_ctx: Context<'_>) -> Result<(), Never> {
    // The platform offers subcommands only.
    Ok(())
}

#[poise::command(slash_command, guild_only, rename = "list")]
async fn goals_list(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::GoalsList).await
}

#[poise::command(slash_command, guild_only, rename = "show")]
async fn goals_show(ctx: Context<'_>, #[autocomplete = "goal_names"] goal: String) -> Result<(), Never> {
    run(ctx, Command::GoalShow { goal }).await
}

#[poise::command(slash_command, guild_only)]
async fn budget(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::Budget).await
}

#[poise::command(slash_command, guild_only)]
async fn digest(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::Digest).await
}

#[poise::command(slash_command, guild_only)]
async fn report(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::Report).await
}

#[poise::command(slash_command, guild_only)]
async fn schedule(
    ctx: Context<'_>,
    #[autocomplete = "report_names"] report: Option<String>,
    #[max_length = 20] at: Option<String>,
    here: Option<bool>,
) -> Result<(), Never> {
    run(ctx, Command::Schedule { report, at, here: here.unwrap_or_default() }).await
}

#[poise::command(slash_command, guild_only)]
async fn help(ctx: Context<'_>) -> Result<(), Never> {
    run(ctx, Command::Help { topic: None }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn paths(it: &Value, parent: &str, into: &mut Vec<String>) {
        let path = format!("{parent} {}", it["name"].as_str().unwrap()).trim().to_owned();
        for option in it["options"].as_array().into_iter().flatten() {
            paths(option, &path, into);
        }
        assert!(
            it["name_localizations"][ZH].is_string() && it["description_localizations"][ZH].is_string(),
            "{path} has no {ZH} words"
        );
        into.push(path);
    }

    #[test]
    fn exactly_the_worded_commands_are_registered_in_both_languages() {
        let list = serde_json::to_value(poise::builtins::create_application_commands(&all())).unwrap();
        let mut found = Vec::new();
        for command in list.as_array().unwrap() {
            assert_eq!(command["contexts"], serde_json::json!([0]), "in servers only");
            paths(command, "", &mut found);
        }
        let mut wanted: Vec<&str> = words::ALL.iter().map(|w| w.path).collect();
        found.sort();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_concerns_one_person_is_shown_to_one_person() {
        assert_eq!(audience(&Command::Link { code: "c".to_owned() }), Audience::Asker);
        assert_eq!(audience(&Command::CampaignPause { campaign: "c".to_owned(), reason: None }), Audience::Channel);
    }
}
