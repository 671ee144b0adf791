//! kill -9 and SIGTERM: the built program and the bot as real processes, a partner who resends until it is answered,
//! and an account of everything at the end.
//!
//! [`endless`] is the loop of kills, [`graceful`] the orderly stop under load, [`plan`] what the partner sends and what
//! must have become of it. Invariants: the server's port lies below the range from which the kernel gives ports to
//! outgoing connections, so nobody takes it while the server is down and nobody connects to themselves.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod endless;
mod graceful;
mod plan;

use crate::harness::feed::ndjson;
use crate::harness::program::{Program, tillwatch};
use crate::harness::service::SECRET;
use crate::harness::{Client, Database, OwnService, PATIENCE, eventually};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// The server as a process, on a port that it keeps.
pub(crate) struct Server {
    database: Database,
    address: SocketAddr,
    program: Program,
}

impl Server {
    pub(crate) async fn start(database: Database) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let program = Self::serve(&database, address);
        let mut server = Self { database, address, program };
        server.until_ready().await;
        server
    }

    fn serve(database: &Database, address: SocketAddr) -> Program {
        let mut command = tillwatch(&["serve", "--worker"]);
        command
            .env("DATABASE_URL", &database.app_url)
            .env("DATABASE_SYSTEM_URL", &database.system_url)
            .env("DATABASE_POOL", "6")
            .env("SECRET_KEY", hex(SECRET))
            .env("BOT_PUBLIC_KEY", hex(OwnService::keys().bot_public()))
            .env("HOST", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .env("LOG", "warn")
            // The partner here sends as fast as it can.
            .env("REQUESTS_PER_MINUTE", "1000000")
            .env("REQUESTS_PER_MINUTE_TOKEN", "1000000");
        Program::start(command)
    }

    /// kill -9, and started again at once.
    pub(crate) fn kill(&mut self) {
        assert_eq!(self.program.ended(), None, "it ended by itself: {}", self.program.errors());
        self.program.kill();
        self.restart();
    }

    fn restart(&mut self) {
        self.program = Self::serve(&self.database, self.address);
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) async fn until_ready(&mut self) {
        let client = self.client();
        eventually("the server to be ready", async || {
            assert_eq!(self.program.ended(), None, "it ended by itself: {}", self.program.errors());
            let answer = client.request("GET", "/readyz", &[], None).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

/// What became of a batch that was sent once.
enum Sent {
    /// It was answered 200: this.
    Taken(Value),
    /// Nobody knows: no answer, or a 5xx.
    Unknown,
}

/// Sends a batch once. Any answer but 200 and 5xx fails the test: a kill must not look like a refusal.
async fn send_once(partner: &Client, samples: &[Value]) -> Sent {
    let headers = [("content-type", "application/x-ndjson")];
    let request = partner.request("POST", "/v1/samples", &headers, Some(ndjson(samples).into_bytes()));
    let Ok(answer) = request.send().await else { return Sent::Unknown };
    let status = answer.status().as_u16();
    let Ok(body) = answer.bytes().await else { return Sent::Unknown };
    match status {
        200 => {
            let taken: Value = serde_json::from_slice(&body).expect("a whole answer");
            assert_eq!(taken["refused"], 0, "{taken}");
            Sent::Taken(taken)
        }
        500.. => {
            assert_eq!(status, 503, "no 5xx but 503: {}", String::from_utf8_lossy(&body));
            Sent::Unknown
        }
        other => panic!("{other}: {}", String::from_utf8_lossy(&body)),
    }
}

/// How long a batch may stay without an answer while servers come and go.
const UNANSWERED: Duration = PATIENCE.saturating_mul(3);

/// Sends a batch again and again until it is answered.
async fn send(partner: &Client, samples: &[Value]) -> Value {
    let end = Instant::now() + UNANSWERED;
    loop {
        if let Sent::Taken(taken) = send_once(partner, samples).await {
            return taken;
        }
        assert!(Instant::now() < end, "a batch was not answered for {UNANSWERED:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn hex(key: [u8; 32]) -> String {
    key.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A port that nobody else has, in this process or another.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).expect("below 10,000");
    let mut next = || first + TAKEN.fetch_add(1, Ordering::Relaxed);
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(&mut next).take(2_000).find(free).expect("a free port")
}
