//! What moved a figure: an alert names the channels, with what each contributed.

use super::{Story, one};
use crate::harness::feed::{feed, of, sample};
use serde_json::{Value, json};

#[tokio::test]
async fn an_alert_says_which_channel_moved_it_and_by_how_much() {
    let mut story = Story::begin().await;
    let (north, south) = (story.retailer.channel("North store").await, story.retailer.channel("South store").await);
    let on = |channel: &str, day: &str, value: f64| {
        of("channel", channel, [sample("sales", &format!("{day}T17:00:00Z"), "day", value)])
    };
    let mut rows: Vec<Value> = Vec::new();
    for day in ["2026-03-02", "2026-03-09"] {
        rows.extend([on(&north, day, 60.0), on(&south, day, 40.0)].concat());
    }
    rows.extend([on(&north, "2026-03-16", 4.0), on(&south, "2026-03-16", 45.0)].concat());
    feed(&story.retailer.owner, &rows).await.ok();
    story
        .threshold(
            "Sales sink",
            "sales",
            json!({ "spec": {
        "kind": "threshold", "metric": "sales", "side": "below", "line": 60, "recover": 60,
    } }),
        )
        .await;
    feed(&story.retailer.owner, &[sample("sales", "2026-03-17T17:00:00Z", "opening", 100)]).await.ok();
    story.retailer.settled().await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("?state=firing").await);
    let moved = &alert["contribution"];
    assert_eq!((&moved["before"], &moved["change"], &moved["days"]), (&json!(100.0), &json!(-51.0), &json!(2)));
    let parts: Vec<(&Value, &Value)> =
        moved["parts"].as_array().unwrap().iter().map(|part| (&part["channel"]["name"], &part["change"])).collect();
    assert_eq!(parts, [(&json!("North store"), &json!(-56.0)), (&json!("South store"), &json!(5.0))]);
    let said = story.chat.of(&alert).words();
    assert!(said.contains("What moved it: −$51.00 against the same weekday of 2 weeks before"), "{said}");
    assert!(said.contains("North store: −$56.00"), "{said}");
    story.service.stop().await;
}
