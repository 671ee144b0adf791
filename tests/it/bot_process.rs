//! The bot in a process of its own, on a fake Discord that lives in the test's process.
//!
//! `tillwatch bot` speaks to discord.com and no setting can change that, on purpose. So this test binary runs itself
//! once more: the child runs the one test below, which is the bot when its parent asks for it, and else nothing.

#![expect(clippy::expect_used, reason = "tests")]

use crate::fake_discord::{Door, FakeDiscord, TOKEN};
use crate::harness::OwnService;
use crate::harness::program::Program;
use serde::{Deserialize, Serialize};
use std::process::Command;
use tillwatch_bot::BotConfig;
use tillwatch_bot::api::BotKey;
use tillwatch_bot::discord::DiscordConfig;
use tokio::sync::watch;

/// How a parent asks for the bot.
const WISH: &str = "TILLWATCH_TEST_BOT";

#[derive(Serialize, Deserialize)]
struct Wish {
    api_url: String,
    door: Door,
}

/// A bot between this service and this fake, as a process that can be killed.
pub(crate) fn start(api_url: &str, fake: &FakeDiscord) -> Program {
    let wish = Wish { api_url: api_url.to_owned(), door: fake.door() };
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(["--exact", "bot_process::is_the_bot_when_a_parent_asks_for_it", "--nocapture"])
        .env(WISH, serde_json::to_string(&wish).expect("a wish"));
    Program::start(command)
}

/// What a bot of the run is configured with.
pub(crate) fn config(api_url: &str, door: &Door) -> BotConfig {
    BotConfig {
        api_url: api_url.to_owned(),
        key: BotKey::from_seed(OwnService::keys().bot_seed()),
        discord: Some(DiscordConfig::new(TOKEN).with_client(door.client())),
        console: None,
        robots: None,
    }
}

#[test]
fn is_the_bot_when_a_parent_asks_for_it() {
    let Ok(wish) = std::env::var(WISH) else { return };
    let wish: Wish = serde_json::from_str(&wish).expect("a wish");
    tillwatch_backend::telemetry::start("warn", false);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Nobody stops it: its parent kills it.
    let (_stop, stopping) = watch::channel(false);
    runtime.block_on(tillwatch_bot::run(config(&wish.api_url, &wish.door), stopping)).expect("a bot that goes on");
}
