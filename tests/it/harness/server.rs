//! `tillwatch serve --worker` as a process, which can be killed and started again.
//!
//! Invariants: its port lies below the range from which the kernel gives ports to outgoing connections, so nobody takes
//! it while the server is down and nobody connects to themselves.

use super::program::{Program, tillwatch};
use super::service::SECRET;
use super::{Client, Database, OwnService, eventually};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// The server as a process, on a port that it keeps.
pub(crate) struct Server {
    // First, so that it ends before its database is dropped.
    pub(crate) program: Program,
    database: Database,
    address: SocketAddr,
    settings: Vec<(&'static str, String)>,
}

impl Server {
    /// Starts it with a worker, and waits until it serves.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, vec![("LOG", "warn".to_owned())]).await
    }

    /// With settings of its own.
    pub(crate) async fn start_with(database: Database, settings: Vec<(&'static str, String)>) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let program = Self::serve(&database, address, &settings);
        let mut server = Self { program, database, address, settings };
        server.until_ready().await;
        server
    }

    fn serve(database: &Database, address: SocketAddr, settings: &[(&'static str, String)]) -> Program {
        let mut command = tillwatch(&["serve", "--worker"]);
        command
            .env("DATABASE_URL", &database.app_url)
            .env("DATABASE_SYSTEM_URL", &database.system_url)
            .env("DATABASE_POOL", "6")
            .env("SECRET_KEY", hex(SECRET))
            .env("BOT_PUBLIC_KEY", hex(OwnService::keys().bot_public()))
            .env("HOST", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .envs(settings.iter().map(|(name, value)| (*name, value)));
        Program::start(command)
    }

    /// kill -9, and started again at once.
    pub(crate) fn kill(&mut self) {
        assert_eq!(self.program.ended(), None, "it ended by itself: {}", self.program.errors());
        self.program.kill();
        self.restart();
    }

    /// Starts it again, once it has ended.
    pub(crate) fn restart(&mut self) {
        self.program = Self::serve(&self.database, self.address, &self.settings);
    }

    /// Its database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A caller without a credential.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Waits until it serves.
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
