//! The memory of the program as it is shipped: `tillwatch serve --worker` on the run's database, without PostgreSQL.

use super::Effort;
use super::http::{Connection, request};
use super::load::load;
use super::report::{Aim, Report};
use super::world::{APP_ROLE, SECRET, World};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long it rests before it is looked at.
const REST: Duration = Duration::from_secs(10);

/// Measures it at rest after the start, and at rest again after work.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let address = {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        free.local_addr().expect("its number")
    };
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_tillwatch"))
        .args(["serve", "--worker"])
        .env_clear()
        .env("PORT", address.port().to_string())
        .env("DATABASE_URL", world.url(APP_ROLE))
        .env("DATABASE_SYSTEM_URL", world.url("tillwatch_system"))
        .env("SECRET_KEY", SECRET.map(|byte| format!("{byte:02x}")).concat())
        .env("LOG", "warn")
        // One retailer asks for all.
        .env("REQUESTS_PER_MINUTE", "1000000")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let id = program.id().expect("it runs");
    until_it_serves(address).await;
    sleep(REST).await;
    let Some(rest) = resident(id) else {
        report.note("No /proc on this machine, so memory was not measured.");
        program.kill().await.expect("it ends");
        return;
    };
    report.line("memory at rest", "`tillwatch serve --worker`", "", rest, " MB", Aim::Below(60.0));

    // A retailer made just now: its token lives ten minutes.
    let retailer = world.new_retailer().await;
    let get = request("GET", "/v1/campaigns?limit=20", &retailer.owner, &[], b"");
    let busy = load(address, Arc::new(vec![get]), 16, Duration::from_secs(effort.seconds)).await;
    sleep(REST).await;
    let after = resident(id).unwrap_or_default();
    let what = format!("after {:.0} reads/s for {} s", busy.per_second, effort.seconds);
    report.line("memory at rest again", &what, "", after, " MB", Aim::Nothing);
    program.kill().await.expect("it ends");
}

async fn until_it_serves(address: SocketAddr) {
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).await.is_err() {
        assert!(Instant::now() < end, "the program does not serve");
        sleep(Duration::from_millis(50)).await;
    }
    let mut connection = Connection::open(address).await;
    let ready = connection.send(&request("GET", "/readyz", "", &[], b"")).await.expect("an answer");
    assert_eq!(ready, 200);
}

/// The resident memory of a process in MB (2^20 bytes), shared pages included.
fn resident(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
