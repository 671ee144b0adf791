//! Everything that can be typed or pressed, in both languages, on Discord and at the console: what the bot says is kept.
//!
//! The list is the platform's own: each command and each option that is registered there must stand in [`TYPED`], each
//! action of a button must be met by pressing it ([`actions`]), or a test fails.

use super::lines::{AT_THE_CONSOLE, Line, TYPED, said};
use super::stub_api::{STRANGER, StubApi};
use super::things::alert_id;
use super::{account, text, well_behaved};
use crate::fake_discord::faults::Route;
use crate::fake_discord::{FakeDiscord, Message, Modal};
use crate::harness::program::{Program, tillwatch};
use crate::harness::redact::redacted;
use crate::harness::{PATIENCE, eventually};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use tillwatch_bot::command::Action;
use tillwatch_bot::discord::Discord;
use tillwatch_shared::ids::CampaignId;
use tokio::sync::watch;

/// Every action of a button. The match has no other arm, so that a new one does not compile without its line here.
fn actions(campaign: CampaignId) -> BTreeSet<String> {
    let all = [
        Action::Pause(campaign),
        Action::Resume(campaign),
        Action::Acknowledge(alert_id(1)),
        Action::Silence(alert_id(1)),
        Action::Open(alert_id(1)),
    ];
    for action in all {
        match action {
            Action::Pause(_) | Action::Resume(_) | Action::Acknowledge(_) | Action::Silence(_) | Action::Open(_) => {}
        }
    }
    all.iter().map(|action| word_of(&action.custom_id())).collect()
}

/// `pause` of `v1:pause:<id>`.
fn word_of(custom_id: &str) -> String {
    custom_id.split(':').nth(1).unwrap_or_default().to_owned()
}

/// A command that the platform knows: its words, its options, and which of them complete what is typed.
struct Registered {
    path: String,
    options: Vec<(String, bool)>,
}

fn registered(commands: &[Value]) -> Vec<Registered> {
    let mut all = Vec::new();
    for command in commands {
        let options = command["options"].as_array().cloned().unwrap_or_default();
        let subs: Vec<&Value> = options.iter().filter(|option| option["type"] == 1).collect();
        let one = |path: String, it: &Value| Registered {
            path,
            options: it["options"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|option| (text(&option["name"]), option["autocomplete"] == true))
                .collect(),
        };
        if subs.is_empty() {
            all.push(one(text(&command["name"]), command));
        }
        all.extend(subs.into_iter().map(|sub| one(format!("{} {}", text(&command["name"]), text(&sub["name"])), sub)));
    }
    all
}

/// Nothing is registered that is not typed here, and nothing typed that is not registered.
fn complete(known: &[Registered]) {
    for command in known {
        let mut lines = TYPED.iter().filter(|(path, ..)| *path == command.path).peekable();
        assert!(lines.peek().is_some(), "`/{}` has no line in TYPED: say how it is typed", command.path);
        let options: Vec<&str> = lines.flat_map(|(_, options, _)| options.iter().map(|(name, _)| *name)).collect();
        for (option, _) in &command.options {
            assert!(options.contains(&option.as_str()), "`/{} {option}:` has no line in TYPED", command.path);
        }
    }
    for (path, _, line) in TYPED {
        assert!(known.iter().any(|command| command.path == *path), "`/{path}` is not registered");
        assert!(line.starts_with(path), "the same words in both places: {line}");
    }
}

/// A message as its reader has it before them, and what its buttons are called within.
fn seen(message: &Message) -> String {
    let embed = &message.json["embeds"][0];
    let mut out = if message.ephemeral { "(for the asker alone)\n".to_owned() } else { String::new() };
    let mut line = |line: String| {
        // Writing to a String cannot fail.
        let _written = writeln!(out, "{line}");
    };
    let colour = embed["color"].as_u64().unwrap_or_default();
    line(format!("#{colour:06x} {}", text(&embed["title"])));
    for words in [text(&embed["description"]), text(&message.json["content"])] {
        words.lines().for_each(|words| line(format!("  {words}")));
    }
    for field in embed["fields"].as_array().into_iter().flatten() {
        let beside = if field["inline"] == true { "|" } else { "-" };
        line(format!("  {beside} {}: {}", text(&field["name"]), text(&field["value"]).replace('\n', "\n      ")));
    }
    for picture in message.json["attachments"].as_array().into_iter().flatten() {
        line(format!("  picture: {}", text(&picture["description"])));
    }
    for row in message.json["components"].as_array().into_iter().flatten() {
        for button in row["components"].as_array().into_iter().flatten() {
            let (label, id) = (text(&button["label"]), text(&button["custom_id"]));
            let dead = if button["disabled"] == true { ", dead" } else { "" };
            line(format!("  [{label}] {id}, style {}{dead}", button["style"]));
        }
    }
    let small = text(&embed["footer"]["text"]);
    if !small.is_empty() {
        line(format!("  ({small})"));
    }
    out
}

/// A modal as its reader has it before them.
fn asked(modal: &Modal) -> String {
    let mut out = format!("modal {} {}\n", modal.json["title"], modal.json["custom_id"]);
    for row in modal.json["components"].as_array().into_iter().flatten() {
        let input = &row["components"][0];
        let _written = writeln!(out, "  {} {}", input["label"], input["placeholder"]);
    }
    out
}

/// Somebody on Discord who tries everything: what they read, in order.
struct Reader<'a> {
    fake: &'a FakeDiscord,
    user: u64,
    chinese: bool,
    read: String,
    /// The live buttons that they saw, by their action: message and id.
    buttons: BTreeMap<String, (u64, String)>,
}

impl Reader<'_> {
    fn keep(&mut self, what: &str, said: &str) {
        let _written = writeln!(self.read, "> {what}\n{said}");
    }

    fn answered(&mut self, what: &str, message: &Message) {
        for (_, id) in message.buttons() {
            if let Some(id) = id {
                self.buttons.entry(word_of(&id)).or_insert((message.id, id));
            }
        }
        self.keep(what, &seen(message));
    }

    async fn filled(&mut self, what: &str, modal: &Modal) {
        self.keep(what, &asked(modal));
        let reason = said("{known}", self.chinese);
        let answer = self.fake.submit_modal(modal, &[("reason", &reason)]).await.reply().await;
        self.answered(&format!("{what}, filled"), &answer);
    }

    async fn types(&mut self, (path, options, _): &Line) {
        let options: Vec<(&str, String)> =
            options.iter().map(|(name, value)| (*name, said(value, self.chinese))).collect();
        let given: Vec<(&str, &str)> = options.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let what = options.iter().fold(format!("/{path}"), |what, (name, value)| format!("{what} {name}:{value}"));
        let question = self.fake.slash(self.user, path, &given).await;
        let wants_reason = ["pause", "resume", "silence"].iter().any(|verb| path.ends_with(verb));
        if wants_reason && !given.iter().any(|(name, _)| *name == "reason") {
            return self.filled(&what, &question.modal().await).await;
        }
        let answer = question.reply().await;
        self.answered(&what, &answer);
    }

    /// Presses one button of each action, until none brings a new one.
    async fn presses(&mut self) -> BTreeSet<String> {
        let mut pressed = BTreeSet::new();
        while let Some((action, (message, id))) =
            self.buttons.clone().into_iter().find(|(word, _)| !pressed.contains(word))
        {
            let question = self.fake.press(message, &id, self.user).await;
            let what = format!("button {action}");
            if ["pause", "resume", "silence"].contains(&action.as_str()) {
                self.filled(&what, &question.modal().await).await;
            } else {
                let answer = question.reply().await;
                self.answered(&what, &answer);
            }
            pressed.insert(action);
        }
        pressed
    }

    async fn completes(&mut self, known: &[Registered]) {
        for command in known {
            for (option, _) in command.options.iter().filter(|(_, completes)| *completes) {
                let choices = self.fake.autocomplete(self.user, &command.path, option, "").await;
                let lines: String = choices.iter().map(|(label, value)| format!("  {label} = {value}\n")).collect();
                self.keep(&format!("/{} {option}:", command.path), &lines);
            }
        }
    }

    /// Everything, in the order of the list.
    async fn everything(&mut self, known: &[Registered]) -> BTreeSet<String> {
        for line in TYPED {
            self.types(line).await;
        }
        let pressed = self.presses().await;
        self.completes(known).await;
        pressed
    }
}

#[tokio::test]
async fn every_command_button_and_completion_is_answered_on_discord_in_both_languages() {
    let (fake, api) = (FakeDiscord::start().await, StubApi::start().await);
    let (stop, stopped) = watch::channel(false);
    let bot = tokio::spawn(Discord::new(account(&fake)).run(api.api(), stopped));
    let commands = fake.commands().await;
    insta::assert_snapshot!("discord_registration", registration(&commands, ""));
    let known = registered(&commands);
    complete(&known);
    // A user each: who somebody is, is remembered for a minute.
    for (locale, user, name) in [("en", 7, "discord_en"), ("zh-CN", 8, "discord_zh_cn")] {
        api.speak(locale);
        fake.set_locale(user, locale);
        let chinese = locale == "zh-CN";
        let mut reader = Reader { fake: &fake, user, chinese, read: String::new(), buttons: BTreeMap::new() };
        assert_eq!(reader.everything(&known).await, actions(api.campaign), "each action is met in some answer");
        // The language of a stranger's retailer is not known.
        let told = fake.slash(STRANGER, "kpi", &[]).await.reply().await;
        reader.answered("/kpi, by somebody who is linked to nobody", &told);
        // As it is shown: marks that keep `_` from being markup are not seen.
        let read = redacted(&Value::String(reader.read.replace("\\_", "_")));
        insta::assert_snapshot!(name, text(&read).replace(&fake.home().server.to_string(), "[server]"));
    }
    // With names and lists as long as they may be, whatever is sent keeps the platform's limits, too.
    api.speak("en");
    api.swell();
    let mut reader = Reader { fake: &fake, user: 9, chinese: false, read: String::new(), buttons: BTreeMap::new() };
    reader.everything(&known).await;
    let sent = fake.recorder().of(Route::EditOriginal);
    let longest = sent.iter().map(|one| one.body["embeds"][0].to_string().len()).max().unwrap_or_default();
    assert!(longest > 4_000, "something long was said: {longest}");
    api.forbid();
    let options = [("campaign", "SPRING"), ("reason", "r")];
    let refused = fake.slash(9, "campaign pause", &options).await.reply().await;
    assert!(refused.ephemeral && refused.read().contains("Your role is marketer"), "{}", refused.read());
    stop.send_replace(true);
    bot.await.unwrap().unwrap();
    well_behaved(&fake);
    fake.stop().await;
}

/// What is registered, a line each: words, name in Chinese, descriptions, and the rest of what the platform is told.
fn registration(all: &[Value], parent: &str) -> String {
    let mut out = String::new();
    for one in all {
        let mut rest = one.as_object().cloned().unwrap_or_default();
        let path = format!("{parent} {}", text(&one["name"])).trim().to_owned();
        let zh = |key: &str| text(&one[key]["zh-CN"]);
        let names = [zh("name_localizations"), text(&one["description"]), zh("description_localizations")].join(" · ");
        for known in ["id", "application_id", "version", "name", "options", "description"] {
            rest.remove(known);
        }
        rest.retain(|key, value| !key.ends_with("_localizations") && !value.is_null());
        let _written = writeln!(out, "{path} · {names} {}", Value::Object(rest));
        out.push_str(&registration(one["options"].as_array().map_or(&[][..], Vec::as_slice), &path));
    }
    out
}

/// Help on each command, in the console's own words.
fn helped() -> Vec<String> {
    let mut paths: Vec<&str> = TYPED.iter().map(|(path, ..)| *path).collect();
    paths.dedup();
    let mut seen = BTreeSet::new();
    paths.into_iter().filter(|path| seen.insert(*path)).map(|path| format!("help {path}")).collect()
}

/// Everything typed at a console that is no terminal: what it says, with each line before its answer.
async fn at_the_console(locale: &'static str) -> String {
    let api = StubApi::start().await;
    api.speak(locale);
    let mut command = tillwatch(&["bot"]);
    command.env("API_URL", api.url()).env("BOT_PRIVATE_KEY", "ab".repeat(32)).env("CONSOLE", "on");
    let mut bot = Program::start(command);
    let chinese = locale == "zh-CN";
    let typed = TYPED.iter().map(|(.., line)| said(line, chinese));
    let lines: Vec<String> =
        typed.chain(AT_THE_CONSOLE.iter().map(|line| (*line).to_owned())).chain(helped()).collect();
    for (place, line) in lines.iter().enumerate() {
        bot.type_line(line);
        // Nobody knows this command, and it is repeated: so the end of the answer before it is known.
        bot.type_line(&format!("≠{place}"));
    }
    bot.type_line("quit");
    let ended = bot.until_ended(PATIENCE).await;
    assert_eq!(ended.code(), Some(0), "{}", bot.errors());
    let last = format!("≠{}”\n", lines.len() - 1);
    let output = eventually("the last answer", async || Some(bot.output()).filter(|said| said.contains(&last))).await;
    let mut rest = output.as_str();
    let mut told = String::new();
    for (place, line) in lines.iter().enumerate() {
        let mark = rest.find(&format!("≠{place}")).unwrap_or_else(|| panic!("no answer to {line}: {output}"));
        let end = rest[..mark].rfind('\n').map_or(0, |at| at + 1);
        let _written = writeln!(told, "> {line}\n{}", &rest[..end]);
        // The answer to the mark: its first line, and those that are indented.
        let marked = rest[end..].split_inclusive('\n').skip(1).take_while(|line| line.starts_with(' '));
        let first = rest[end..].find('\n').map_or(rest.len() - end, |at| at + 1);
        rest = &rest[end + first + marked.map(str::len).sum::<usize>()..];
    }
    text(&redacted(&Value::String(told)))
}

#[tokio::test]
async fn every_command_is_answered_at_the_console_in_both_languages() {
    let (english, chinese) = tokio::join!(at_the_console("en"), at_the_console("zh-CN"));
    insta::assert_snapshot!("console_en", english);
    insta::assert_snapshot!("console_zh_cn", chinese);
}
