//! `tillwatch up`, the built program, as somebody without a terminal starts it: its screen, an alert of the replay, an
//! orderly end at any moment of the start, a killed start that the next one repairs, and the console over a pipe and on a
//! terminal ([`terminal`]).

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod terminal;

use crate::harness::program::{Program, tillwatch, without_input};
use crate::harness::{Client, eventually_within};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A first start makes a database and loads the history; in a debug build on a busy machine that takes a while.
const FIRST_START: Duration = Duration::from_mins(3);
const IN_TIME: Duration = Duration::from_mins(1);

/// A data folder of one's own, deleted in the end; what a failed test left running in it is ended before.
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
        if let Some(left) = Postgres::find(&self.0)
            && left.listens()
        {
            // At once: its data is thrown away. It may have ended just now.
            let _ = Command::new("sh").args(["-c", r#"kill -s QUIT "$0""#, &left.process.to_string()]).status();
        }
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
}

impl Screen {
    async fn of(command: Command) -> Self {
        let mut program = Program::start(command);
        let text = eventually_within(FIRST_START, "the screen", async || {
            assert_eq!(program.ended(), None, "{}", program.errors());
            Some(program.output()).filter(|text| text.contains("curl -s"))
        })
        .await;
        let word_after = |mark: &str| {
            let rest = text.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {text}")).1;
            rest.split_whitespace().next().expect("a word").to_owned()
        };
        let address = word_after("ready at http://").parse().expect("an address");
        Self { address, email: word_after("e-mail "), password: word_after("password "), program }
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
        Self::find(folder).expect("a pid file")
    }

    /// As far as the file is written.
    fn find(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join("postgres/data/postmaster.pid")).ok()?;
        let line = |n: usize| text.lines().nth(n).map(str::trim);
        Some(Self { process: line(0)?.parse().ok()?, port: line(3)?.parse().ok()? })
    }

    fn listens(self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

/// Waits until the replay has raised an alert.
async fn until_alert(owner: &Client) -> Value {
    eventually_within(FIRST_START, "an alert of the replay", async || {
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
    let (address, password, loaded) = (first.address, first.password.clone(), loaded(&owner).await);
    // In another terminal, without a setting of a database.
    for (words, said) in [
        (&["tenant", "list"][..], " active trial "),
        (&["audit", "verify"], " intact: "),
        (&["mail"], "No mail is kept"),
    ] {
        let mut command = tillwatch(words);
        command.env("DATA_DIR", &folder.0);
        let ended = tokio::task::spawn_blocking(move || command.output()).await.expect("its end").expect("it starts");
        let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && text.contains(said), "{words:?}: {text}");
    }
    assert!(postgres.listens(), "they leave it running");
    first.interrupted(postgres).await;

    let mut second = Screen::of(without_input(&folder.up("0.5"))).await;
    assert_eq!(second.password, password, "the same installation");
    assert_ne!(second.address, address);
    let owner = second.signed_in().await;
    let kept = owner.get(&format!("/v1/alerts/{}", alert["id"].as_str().expect("an id"))).await.ok();
    assert_eq!(kept["opened_at"], alert["opened_at"], "what was, is kept");
    assert_eq!(self::loaded(&owner).await, loaded, "and nothing is loaded again");

    // Killed, it leaves PostgreSQL behind; the next start adopts it and stops it in order.
    let postgres = Postgres::of(&folder.0);
    second.program.kill();
    assert!(postgres.listens(), "nobody stopped it");
    let third = Screen::of(without_input(&folder.up("0.5"))).await;
    assert_eq!(Postgres::of(&folder.0), postgres, "the same server");
    third.signed_in().await.get("/v1/campaigns").await.ok();
    third.interrupted(postgres).await;
}

/// The ids of everything that loading makes.
async fn loaded(owner: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    for list in ["channels", "campaigns", "rules"] {
        let page = owner.get(&format!("/v1/{list}?limit=200")).await.ok();
        let objects = page["data"].as_array().expect("a list");
        ids.extend(objects.iter().map(|object| object["id"].as_str().expect("an id").to_owned()));
    }
    assert!(ids.len() > 20, "{ids:?}");
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_any_moment_of_the_start_leaves_nothing_running_and_the_next_start_finishes_it() {
    let folder = Folder::new("stopped");
    // While the data is made, while PostgreSQL starts, while the history is loaded.
    for (moment, signal) in [("making a new", "TERM"), ("starting the", "INT"), ("Loading the", "TERM")] {
        let mut program = Program::start(without_input(&folder.up("0.5")));
        eventually_within(FIRST_START, moment, async || {
            assert_eq!(program.ended(), None, "{}", program.errors());
            program.errors().contains(moment).then_some(())
        })
        .await;
        program.signal(signal);
        let ended = program.until_ended(FIRST_START).await;
        assert_eq!(ended.code(), Some(0), "{moment}: {}", program.errors());
        assert_eq!(Postgres::find(&folder.0), None, "{moment}: PostgreSQL has ended with it");
    }
    let screen = Screen::of(without_input(&folder.up("0.5"))).await;
    let owner = screen.signed_in().await;
    loaded(&owner).await;
    until_alert(&owner).await;
    screen.interrupted(Postgres::of(&folder.0)).await;
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
    let alert = until_alert(&owner).await;
    screen.program.type_line("alerts");
    answered(&screen, "open alert").await;
    // By its id: further alerts may have come in front of it.
    let id = alert["id"].as_str().expect("an id");
    screen.program.type_line(&format!("alerts ack {id}"));
    answered(&screen, "Acknowledged: ").await;
    assert!(owner.get(&format!("/v1/alerts/{id}")).await.ok()["acknowledged_at"].is_string());

    let postgres = Postgres::of(&folder.0);
    screen.program.type_line("quit");
    let ended = screen.program.until_ended(IN_TIME).await;
    assert_eq!(ended.code(), Some(0), "{}", screen.program.errors());
    assert!(!postgres.listens());
}

async fn answered(screen: &Screen, words: &str) {
    eventually_within(IN_TIME, words, async || screen.program.output().contains(words).then_some(())).await;
}
