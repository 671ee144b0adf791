//! One retailer at ten times its quota, and what the others feel: the time that 99 of 100 of their requests stay under,
//! with the noise and without, in turns.
//!
//! The others send at an even pace, as shops do, so that a slow answer does not make them send less. The noise keeps
//! its pace whatever it is answered; the service has the limits that users get.

use super::Effort;
use super::http::{Connection, post, request};
use super::report::{Aim, Report, median, quantile};
use super::world::{APP_ROLE, Retailer, SECRET, SYSTEM_ROLE, World};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tillwatch_backend::config::Config;
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT};
use tillwatch_backend::platform::http::cors::Cors;
use tillwatch_backend::platform::limits::LimitsConfig;
use tillwatch_backend::platform::mail::MailConfig;
use tillwatch_backend::platform::outbound::AddressPolicy;
use tillwatch_backend::serve::{Service, ServiceOptions};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// The request of this number.
pub(crate) type Asked = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Retailers beside the noisy one.
const OTHERS: usize = 8;
/// Requests a second of each of them.
const PACE: u32 = 10;
/// Connections of the noisy one.
const NOISE: usize = 64;
/// Rows of a request of samples.
const ROWS: usize = 20;

/// Measures both kinds of noise.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let retailers = world.retailers(OTHERS + 1).await;
    let service = start(world).await;
    let address = service.address().expect("it listens");
    let (noisy, others) = retailers.split_first().expect("retailers");
    let list = |retailer: &Retailer| request("GET", "/v1/campaigns?limit=20", &retailer.owner, &[], b"");
    let others: Vec<Asked> = others.iter().map(|other| same(list(other))).collect();
    let mut connection = Connection::open(address).await;
    let partner = World::partner(&mut connection, noisy).await;
    for (what, noise) in [("reads", same(list(noisy))), ("samples", samples(partner))] {
        let seconds = Duration::from_secs(effort.seconds.max(3));
        // Connections and plans are warm before anything counts.
        round(address, &others, None, Duration::from_secs(1)).await;
        // All rounds of a kind are one: the machine's own pauses fall on both alike.
        let (mut quiet, mut loud, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..effort.rounds {
            let with = async || round(address, &others, Some(&noise), seconds).await;
            let without = async || round(address, &others, None, seconds).await;
            let ((heard, share), (unheard, _)) = if number % 2 == 0 {
                let first = without().await;
                (with().await, first)
            } else {
                let first = with().await;
                (first, without().await)
            };
            loud.extend(heard);
            quiet.extend(unheard);
            refused.push(share * 100.0);
        }
        let (loud, quiet) = (quantile(&loud, 0.99), quantile(&quiet, 0.99));
        let shown = |p99: f64| format!("p99 {p99:.2} ms");
        let name = format!("others' p99 beside ten times the quota of {what}");
        report.line(&name, &shown(loud), &shown(quiet), loud / quiet, "×", Aim::Below(2.0));
        report.note(format!("Of the noise of {what}, {:.0} % were told to wait (429, 503).", median(&refused)));
    }
    service.stop().await;
}

/// A service on the same database, with the limits that users get.
async fn start(world: &World) -> Service {
    let (app_url, system_url) = (world.url(APP_ROLE), world.url(SYSTEM_ROLE));
    let options = ServiceOptions {
        db: DbConfig { app_url, system_url, pool_size: 10, pool_wait: POOL_WAIT },
        listener: Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")),
        http_workers: 2,
        secret: SECRET,
        previous_secret: None,
        bot_key: None,
        worker: false,
        closing_days: 30,
        redis_url: None,
        limits: limits(),
        cors: Cors::default(),
        outbound: AddressPolicy::public_only(),
        mail: MailConfig::default(),
    };
    Service::start(options).await.expect("the service starts")
}

/// Requests of samples, each of which corrects every row of the one before.
fn samples(token: String) -> Asked {
    Arc::new(move |number| {
        let row = |key: usize| json!({ "metric": "orders", "at": "2026-01-05T10:00:00Z", "key": format!("r{key}"), "value": number });
        post("/v1/samples", &token, &json!({ "samples": (0..ROWS).map(row).collect::<Vec<_>>() }))
    })
}

/// The same request again and again.
pub(crate) fn same(request: Vec<u8>) -> Asked {
    Arc::new(move |_| request.clone())
}

/// The limits that users get.
fn limits() -> LimitsConfig {
    Config::load(None, |_| None).expect("the defaults are valid").limits
}

/// One round: the others' times in milliseconds, and the share of the noise that was refused. An answer to the others that
/// is a refusal counts as one that never came.
pub(crate) async fn round(
    address: SocketAddr,
    others: &[Asked],
    noise: Option<&Asked>,
    time: Duration,
) -> (Vec<f64>, f64) {
    let mut quiet = JoinSet::new();
    for request in others {
        quiet.spawn(paced(address, Arc::clone(request), Duration::from_secs(1) / PACE, time));
    }
    let mut loud = JoinSet::new();
    if let Some(noise) = noise {
        let pace = Duration::from_mins(1) * u32::try_from(NOISE).expect("few") / (limits().of_tenant * 10);
        for _ in 0..NOISE {
            loud.spawn(paced(address, Arc::clone(noise), pace, time));
        }
    }
    let heard: Vec<(f64, u16)> = quiet.join_all().await.into_iter().flatten().collect();
    let times: Vec<f64> =
        heard.into_iter().map(|(time, status)| if status == 200 { time } else { f64::INFINITY }).collect();
    let answers: Vec<(f64, u16)> = loud.join_all().await.into_iter().flatten().collect();
    let failed: Vec<&(f64, u16)> = answers.iter().filter(|(_, status)| ![200, 429, 503].contains(status)).collect();
    assert!(failed.is_empty(), "the noise is served or told to wait, but (milliseconds, status): {failed:?}");
    let refused = answers.iter().filter(|(_, status)| *status != 200).count();
    (times, refused as f64 / answers.len().max(1) as f64)
}

/// How many requests were sent in all, so that no two are alike.
static SENT: AtomicU64 = AtomicU64::new(1);

/// Sends requests at an even pace; the milliseconds from when each was due, and its status.
async fn paced(address: SocketAddr, request: Asked, pace: Duration, time: Duration) -> Vec<(f64, u16)> {
    let mut connection = Connection::open(address).await;
    let (begun, mut ticks, mut seen) = (Instant::now(), interval(pace), Vec::new());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while begun.elapsed() < time {
        let due = ticks.tick().await;
        let number = SENT.fetch_add(1, Ordering::Relaxed);
        let asked = request(number);
        let status = if let Ok(status) = connection.send(&asked).await {
            status
        } else {
            // Behind a refusal whose body the service did not read it closes the connection; a client opens another.
            connection = Connection::open(address).await;
            connection.send(&asked).await.expect("an answer")
        };
        seen.push((due.elapsed().as_secs_f64() * 1000.0, status));
    }
    seen
}
