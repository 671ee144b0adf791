//! Everything that can be typed or pressed, in both languages, on Discord and at the console: what the bot says is kept.
//!
//! The list is the platform's own: each command that is registered there must have a line in [`TYPED`], each action of a
//! button one in [`pressed`], or the test fails.

use super::stub_api::StubApi;
use super::things::alert_id;
use super::{account, well_behaved};
use crate::fake_discord::{FakeDiscord, Message};
use crate::harness::PATIENCE;
use crate::harness::program::{Program, tillwatch};
use crate::harness::redact::redacted;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tillwatch_bot::command::Action;
use tillwatch_bot::discord::Discord;
use tillwatch_shared::ids::CampaignId;
use tokio::sync::watch;

/// Each command as it is chosen on Discord, its options, and the same at the console.
const TYPED: &[(&str, &[(&str, &str)], &str)] = &[
    ("link", &[("code", "ABCD-1234")], "link ABCD-1234"),
    ("campaign list", &[], "campaign list"),
    ("campaign show", &[("campaign", "SPRING")], "campaign show SPRING"),
    ("campaign pause", &[("campaign", "SPRING"), ("reason", "too dear")], "campaign pause SPRING because too dear"),
    ("campaign resume", &[("campaign", "SPRING"), ("reason", "mended")], "campaign resume SPRING because mended"),
    ("kpi", &[], "kpi"),
    ("kpi", &[("metric", "sales")], "kpi sales"),
    ("alerts list", &[], "alerts list"),
    ("alerts show", &[("alert", "1")], "alerts show 1"),
    ("alerts ack", &[("alert", "1")], "alerts ack 1"),
    ("alerts why", &[("alert", "1")], "alerts why 1"),
    (
        "alerts silence",
        &[("alert", "1"), ("duration", "2h"), ("reason", "known")],
        "alerts silence 1 for 2h because known",
    ),
    ("budget", &[], "budget"),
    ("digest", &[], "digest"),
    ("report", &[], "report"),
    ("schedule", &[], "schedule"),
    ("schedule", &[("report", "daily"), ("at", "8:15")], "schedule daily 8:15"),
    ("help", &[], "help"),
];

/// Every action of a button; the match has no other arm, so that a new one does not compile without its line here.
fn pressed(campaign: CampaignId) -> Vec<Action> {
    let all = vec![
        Action::Pause(campaign),
        Action::Resume(campaign),
        Action::Acknowledge(alert_id()),
        Action::Silence(alert_id()),
        Action::Open(alert_id()),
    ];
    for action in &all {
        match action {
            Action::Pause(_) | Action::Resume(_) | Action::Acknowledge(_) | Action::Silence(_) | Action::Open(_) => {}
        }
    }
    all
}

/// The commands that the platform knows, with their subcommands.
fn registered(commands: &[Value]) -> Vec<String> {
    let name = |one: &Value| one["name"].as_str().unwrap_or_default().to_owned();
    let mut paths = Vec::new();
    for command in commands {
        let options = command["options"].as_array().cloned().unwrap_or_default();
        let subs: Vec<&Value> = options.iter().filter(|option| option["type"] == 1).collect();
        if subs.is_empty() {
            paths.push(name(command));
        }
        paths.extend(subs.into_iter().map(|sub| format!("{} {}", name(command), name(sub))));
    }
    paths
}

/// What of an answer is kept.
fn kept(message: &Message) -> Value {
    let mut embeds = message.json["embeds"].clone();
    // The address of a picture is the fake's own.
    for embed in embeds.as_array_mut().into_iter().flatten() {
        if let Some(embed) = embed.as_object_mut() {
            embed.remove("image");
        }
    }
    let files: Vec<Value> =
        message.json["attachments"].as_array().into_iter().flatten().map(|one| one["description"].clone()).collect();
    json!({ "private": message.ephemeral, "embeds": embeds, "components": message.json["components"], "pictures": files })
}

async fn on_discord(locale: &'static str) -> Value {
    let (fake, api) = (FakeDiscord::start().await, StubApi::start().await);
    api.speak(locale);
    fake.set_locale(7, locale);
    let (stop, stopped) = watch::channel(false);
    let bot = tokio::spawn(Discord::new(account(&fake)).run(api.api(), stopped));
    let known = registered(&fake.commands().await);
    for path in &known {
        assert!(TYPED.iter().any(|(typed, ..)| typed == path), "`/{path}` has no line in TYPED: say how it is typed");
    }
    for (typed, ..) in TYPED {
        assert!(known.iter().any(|path| path == typed), "`/{typed}` is not registered");
    }
    let mut said = BTreeMap::new();
    for (place, (path, options, _)) in TYPED.iter().enumerate() {
        let answer = fake.slash(7, path, options).await.reply().await;
        said.insert(format!("{place:02} /{path}"), kept(&answer));
        if *path == "alerts list" {
            let buttons = fake.slash(7, "alerts show", &[("alert", "1")]).await.reply().await;
            for action in pressed(api.campaign) {
                let name = format!("button {}", action.custom_id().split(':').nth(1).unwrap_or_default());
                let question = fake.press(buttons.id, &action.custom_id(), 7).await;
                let answer = match action {
                    Action::Pause(_) | Action::Resume(_) | Action::Silence(_) => {
                        let modal = question.modal().await;
                        said.insert(format!("{name}, modal"), modal.json.clone());
                        fake.submit_modal(&modal, &[("reason", "known")]).await.reply().await
                    }
                    Action::Acknowledge(_) | Action::Open(_) => question.reply().await,
                };
                said.insert(name, kept(&answer));
            }
        }
    }
    stop.send_replace(true);
    bot.await.unwrap().unwrap();
    well_behaved(&fake);
    fake.stop().await;
    redacted(&serde_json::to_value(said).unwrap())
}

#[tokio::test]
async fn every_command_and_button_is_answered_on_discord_in_english() {
    insta::assert_json_snapshot!(on_discord("en").await);
}

#[tokio::test]
async fn every_command_and_button_is_answered_on_discord_in_chinese() {
    insta::assert_json_snapshot!(on_discord("zh-CN").await);
}

/// Everything typed at a console that is no terminal: what it says, with each line before its answer.
async fn at_the_console(locale: &'static str) -> String {
    let api = StubApi::start().await;
    api.speak(locale);
    let mut command = tillwatch(&["bot"]);
    command
        .env("API_URL", api.url())
        .env("BOT_PRIVATE_KEY", "ab".repeat(32))
        .env("CONSOLE", "on")
        .env_remove("DISCORD_TOKEN");
    let mut bot = Program::start(command);
    let mut told = String::new();
    for (.., line) in TYPED {
        let before = bot.output().len();
        bot.type_line(line);
        // A line that is unknown is answered in one way, so its answer marks the end of the one before.
        bot.type_line("nonsense");
        let answered = crate::harness::eventually(line, async || {
            let output = bot.output();
            let new = output.get(before..).unwrap_or_default().to_owned();
            let end = new.find("nonsense")?;
            // The whole of the last answer: it ends in a line break.
            (new.ends_with('\n') && new[end..].lines().count() >= 2).then_some(new)
        })
        .await;
        let end = answered.find("nonsense").unwrap_or(answered.len());
        let end = answered[..end].rfind('\n').map_or(0, |at| at + 1);
        told.push_str(&format!("> {line}\n{}", &answered[..end]));
    }
    bot.type_line("quit");
    let ended = bot.until_ended(PATIENCE).await;
    assert_eq!(ended.code(), Some(0), "{}", bot.errors());
    redacted(&Value::String(told)).as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_command_is_answered_at_the_console_in_english() {
    insta::assert_snapshot!(at_the_console("en").await);
}

#[tokio::test]
async fn every_command_is_answered_at_the_console_in_chinese() {
    insta::assert_snapshot!(at_the_console("zh-CN").await);
}
