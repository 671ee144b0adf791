//! Many callers at once, each with one request in flight, for a fixed time.

use super::http::Connection;
use super::report::quantile;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What a round measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// Mean time of one, in milliseconds.
    pub(crate) mean: f64,
    /// Median time of one, in milliseconds.
    pub(crate) p50: f64,
    /// The time that 99 of 100 stay under, in milliseconds.
    pub(crate) p99: f64,
}

impl Measured {
    /// From each answer's milliseconds.
    pub(crate) fn new(times: &[f64], took: Duration) -> Self {
        Self {
            per_second: times.len() as f64 / took.as_secs_f64(),
            mean: times.iter().sum::<f64>() / times.len().max(1) as f64,
            p50: quantile(times, 0.5),
            p99: quantile(times, 0.99),
        }
    }
}

/// Has `clients` send the requests, each client round and round from a place of its own; every answer must be a 200.
pub(crate) async fn load(address: SocketAddr, requests: Arc<Vec<Vec<u8>>>, clients: usize, time: Duration) -> Measured {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(address).await);
    }
    let (begun, mut running) = (Instant::now(), JoinSet::new());
    for (number, mut connection) in connections.into_iter().enumerate() {
        let requests = Arc::clone(&requests);
        running.spawn(async move {
            let mut times = Vec::with_capacity(1 << 16);
            // A step that has no factor in common with the number of requests visits them all.
            let mut place = number * 7919;
            while begun.elapsed() < time {
                place += 7919;
                let sent = Instant::now();
                let status = connection.send(&requests[place % requests.len()]).await.expect("an answer");
                times.push(sent.elapsed().as_secs_f64() * 1000.0);
                assert_eq!(status, 200);
            }
            times
        });
    }
    let times: Vec<f64> = running.join_all().await.into_iter().flatten().collect();
    Measured::new(&times, begun.elapsed())
}
