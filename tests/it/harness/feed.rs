//! Numbers on their way in and out: feeding samples, reading series.

use super::client::{Answer, Client};
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One sample as the wire takes it.
pub(crate) fn sample(metric: &str, at: &str, key: &str, value: impl Into<Value>) -> Value {
    json!({ "metric": metric, "at": at, "key": key, "value": value.into() })
}

/// The same samples, all of this channel or campaign.
pub(crate) fn of(place: &str, id: &str, samples: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let placed = |mut sample: Value| {
        sample[place] = json!(id);
        sample
    };
    samples.into_iter().map(placed).collect()
}

/// The samples as one JSON object a line.
pub(crate) fn ndjson(samples: &[Value]) -> String {
    samples.iter().fold(String::new(), |mut text, sample| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{sample}");
        text
    })
}

/// Sends a body of this content type to the samples.
pub(crate) async fn send(client: &Client, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.send("POST", "/v1/samples", &[("content-type", kind)], Some(body.into())).await
}

/// Sends samples as NDJSON.
pub(crate) async fn feed(client: &Client, samples: &[Value]) -> Answer {
    send(client, "application/x-ndjson", ndjson(samples)).await
}

/// The four counts of an answer: accepted, corrected, unchanged, refused.
#[track_caller]
pub(crate) fn counts(taken: &Value) -> [u64; 4] {
    ["accepted", "corrected", "unchanged", "refused"]
        .map(|count| taken[count].as_u64().unwrap_or_else(|| panic!("no {count} in {taken}")))
}

/// The points of a series: the start of each, and its figure.
pub(crate) async fn series(client: &Client, question: &str) -> Vec<(String, Value)> {
    let answer = client.get(&format!("/v1/series?{question}")).await.ok();
    let points = answer["data"].as_array().unwrap_or_else(|| panic!("no points in {answer}"));
    points.iter().map(|point| (point["at"].as_str().unwrap_or_default().to_owned(), point["value"].clone())).collect()
}

/// Points as [`series`] returns them.
pub(crate) fn points<const N: usize>(points: [(&str, f64); N]) -> Vec<(String, Value)> {
    points.into_iter().map(|(at, value)| (at.to_owned(), json!(value))).collect()
}

/// The day so long ago where most test retailers live: near midnight UTC it is not UTC's.
pub(crate) fn days_ago(days: u64) -> NaiveDate {
    Utc::now().with_timezone(&chrono_tz::America::New_York).date_naive() - Days::new(days)
}
