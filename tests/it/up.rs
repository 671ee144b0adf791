//! `tillwatch up`, the built program, as somebody without a terminal starts it: its screen, an alert of the replay, an
//! orderly end, a killed start that the next one repairs, and the console over a pipe.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use crate::harness::program::{Program, tillwatch, without_input};
use crate::harness::{Client, eventually_within};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A first start makes a database and loads the history; in a debug build on a busy machine that takes a while.
const FIRST_START: Duration = Duration::from_secs(90);
const IN_TIME: Duration = Duration::from_secs(20);

/// A data folder of one's own, deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tillwatch-up-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// `tillwatch up` in this folder, a replayed day taking `day` seconds.
    fn up(&self, day: &str) -> Command {
        let mut command = tillwatch(&["up"]);
        command.env("DATA_DIR", &self.0).env("PORT", "0").env("DEMO_SECONDS_PER_DAY", day).env("LOG", "warn");
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A test that failed has told why; its folder is only in the way.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the screen says.
struct Screen {
    program: Program,
    address: SocketAddr,
    email: String,
    password: String,
    after: Duration,
}

impl Screen {
    async fn of(command: Command) -> Self {
        let begun = Instant::now();
        let mut program = Program::start(command);
        let text = eventually_within(FIRST_START, "the screen", async || {
            assert_eq!(program.ended(), None, "{}", program.errors());
            Some(program.output()).filter(|text| text.contains("curl -s"))
        })
        .await;
        let after = begun.elapsed();
        let word_after = |mark: &str| {
            let rest = text.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {text}")).1;
            rest.split_whitespace().next().expect("a word").to_owned()
        };
        let address = word_after("ready at http://").parse().expect("an address");
        Self { address, email: word_after("e-mail "), password: word_after("password "), program, after }
    }

    /// Signed in as the screen says.
    async fn signed_in(&self) -> Client {
        let anonymous = Client::new(self.address);
        let wish = json!({ "email": self.email, "password": self.password });
        let signed = anonymous.post("/v1/sessions", wish).await.ok();
        anonymous.bearing(signed["access_token"].as_str().expect("a token"))
    }

    /// Ctrl-C, and everything that was started is gone.
    async fn interrupted(mut self, postgres: Postgres) {
        self.program.signal("INT");
        let ended = self.program.until_ended(IN_TIME).await;
        assert_eq!(ended.code(), Some(0), "{}", self.program.errors());
        assert!(self.program.errors().contains("Stopped."), "{}", self.program.errors());
        assert!(TcpStream::connect(self.address).is_err(), "nobody listens any more");
        assert!(!postgres.listens(), "PostgreSQL has ended with it");
    }
}

/// The local PostgreSQL, by its own pid file: first line its process, fourth its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Postgres {
    process: u32,
    port: u16,
}

impl Postgres {
    fn of(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("postgres/data/postmaster.pid")).expect("a pid file");
        let line = |n: usize| text.lines().nth(n).expect("a line").trim().to_owned();
        Self { process: line(0).parse().expect("a process"), port: line(3).parse().expect("a port") }
    }

    fn listens(self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

/// Waits until the replay has raised an alert.
async fn until_alert(owner: &Client) -> Value {
    eventually_within(Duration::from_mins(1), "an alert of the replay", async || {
        let alerts = owner.get("/v1/alerts").await.ok();
        alerts["data"].as_array().expect("a list").first().cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_without_a_terminal_serves_alerts_stops_in_order_and_survives_a_kill() {
    let folder = Folder::new("plain");
    let first = Screen::of(without_input(&folder.up("0.5"))).await;
    let postgres = Postgres::of(&folder.0);
    let owner = first.signed_in().await;
    let alert = until_alert(&owner).await;
    assert!(alert["figures"]["value"].is_number() && alert["rule_name"].is_string(), "{alert}");
    let (address, first_took, password) = (first.address, first.after, first.password.clone());
    first.interrupted(postgres).await;

    let mut second = Screen::of(without_input(&folder.up("0.5"))).await;
    assert!(second.after < first_took, "a later start is faster: {:?}, {first_took:?}", second.after);
    assert_eq!(second.password, password, "the same installation");
    assert_ne!(second.address, address);
    let owner = second.signed_in().await;
    let kept = owner.get(&format!("/v1/alerts/{}", alert["id"].as_str().expect("an id"))).await.ok();
    assert_eq!(kept["opened_at"], alert["opened_at"], "what was, is kept");

    // Killed, it leaves PostgreSQL behind; the next start adopts it and stops it in order.
    let postgres = Postgres::of(&folder.0);
    second.program.kill();
    assert!(postgres.listens(), "nobody stopped it");
    let third = Screen::of(without_input(&folder.up("0.5"))).await;
    assert_eq!(Postgres::of(&folder.0), postgres, "the same server");
    third.signed_in().await.get("/v1/campaigns").await.ok();
    third.interrupted(postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_over_a_pipe_answers_and_pauses() {
    let folder = Folder::new("console");
    let mut command = folder.up("1");
    command.env("CONSOLE", "on");
    let mut screen = Screen::of(command).await;
    let hint = "campaign pause \"";
    let text = eventually_within(IN_TIME, "the hint", async || {
        Some(screen.program.output()).filter(|text| text.contains("quit  "))
    })
    .await;
    let name = text.split_once(hint).and_then(|(_, rest)| rest.split_once('"')).expect("a campaign to pause").0;

    screen.program.type_line(&format!("{hint}{name}\" because the test says so"));
    answered(&screen, &format!("Paused: {name}")).await;
    let owner = screen.signed_in().await;
    let campaigns = owner.get("/v1/campaigns?limit=200").await.ok();
    let mut all = campaigns["data"].as_array().into_iter().flatten();
    let paused = all.find(|campaign| campaign["name"] == name).expect("the campaign");
    assert_eq!((paused["state"].as_str(), paused["state_reason"].as_str()), (Some("paused"), Some("the test says so")));
    let path = format!("/v1/audit-entries?object={}", paused["id"].as_str().expect("an id"));
    let entries = owner.get(&path).await.ok();
    assert_eq!(entries["data"][0]["action"], "campaign.paused");
    assert_eq!(entries["data"][0]["via"], "console/us/you");

    screen.program.type_line("campaign list");
    answered(&screen, &format!("⏸ {name}")).await;
    screen.program.type_line("help");
    answered(&screen, "What you can type").await;
    screen.program.type_line("campagn list");
    answered(&screen, "There is no command “campagn list”").await;
    until_alert(&owner).await;
    screen.program.type_line("alerts");
    answered(&screen, "open alert").await;
    screen.program.type_line("alerts ack 1");
    answered(&screen, "Acknowledged: ").await;

    let postgres = Postgres::of(&folder.0);
    screen.program.type_line("quit");
    let ended = screen.program.until_ended(IN_TIME).await;
    assert_eq!(ended.code(), Some(0), "{}", screen.program.errors());
    assert!(!postgres.listens());
}

async fn answered(screen: &Screen, words: &str) {
    eventually_within(IN_TIME, words, async || screen.program.output().contains(words).then_some(())).await;
}
