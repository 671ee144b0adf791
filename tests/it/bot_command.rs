//! `tillwatch bot`, the built program: how it is left and what it says when it cannot go on.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::PATIENCE;
use crate::harness::program::{Program, tillwatch};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

/// The console bot of a service that is not there.
fn console() -> Command {
    // Bound and let go: nobody answers there.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port");
    let mut command = tillwatch(&["bot"]);
    command.env("API_URL", format!("http://{free}")).env("BOT_PRIVATE_KEY", "ab".repeat(32)).env("CONSOLE", "on");
    command
}

#[tokio::test]
async fn the_console_of_a_bot_can_be_left() {
    let mut bot = Program::start(console());
    bot.type_line("quit");
    let ended = bot.until_ended(PATIENCE).await;
    assert_eq!(ended.code(), Some(0), "{}", bot.errors());
}

#[tokio::test]
async fn a_signal_ends_a_bot_in_order() {
    let mut bot = Program::start(console());
    bot.type_line("help");
    crate::harness::eventually("the help", async || bot.output().contains("What you can type").then_some(())).await;
    bot.signal("TERM");
    let ended = bot.until_ended(PATIENCE).await;
    assert_eq!(ended.code(), Some(0), "{}", bot.errors());
}
