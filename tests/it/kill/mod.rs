//! kill -9 and SIGTERM: the built program and the bot as real processes, a partner who resends until it is answered,
//! and an account of everything at the end.
//!
//! [`endless`] is the loop of kills, [`graceful`] the orderly stop under load, [`plan`] what the partner sends and what
//! must have become of it.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod endless;
mod graceful;
mod plan;

use crate::harness::feed::ndjson;
use crate::harness::{Client, PATIENCE};
use serde_json::Value;
use std::time::{Duration, Instant};

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
