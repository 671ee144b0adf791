//! Many alerts at once, and one alert again and again: a chat stays readable, and nothing is lost.

use super::{Story, one};
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use serde_json::{Value, json};

/// Ten rules that judge each of fifty channels by itself.
const RULES: usize = 10;
const CHANNELS: usize = 50;
const MANY: usize = RULES * CHANNELS;

impl Story {
    /// The rules and the channels.
    async fn channels(&self, count: usize) {
        for rule in 1..=RULES {
            self.threshold(&format!("Sales sink {rule}"), "sales", json!({ "per_channel": true })).await;
        }
        let tenant = self.retailer.id.0;
        // Sooner than by as many requests.
        let make = format!(
            "INSERT INTO channels (tenant_id, channel_id, name, external_key, kind, online, domain, stage, created_at, updated_at) \
             SELECT '{tenant}', gen_random_uuid(), 'Store ' || n, 'store-' || n, 'store', false, 'public', 'active', now(), now() \
             FROM generate_series(1, {count}) n"
        );
        self.service.database.execute(&make).await;
    }

    /// The figure of a day in each of these channels.
    async fn everywhere(&self, count: usize, day: u32, value: f64) {
        let at = |day: u32| format!("2026-03-{day:02}T17:00:00Z");
        let mut rows: Vec<Value> = (1..=count)
            .map(|n| {
                let mut row = sample("sales", &at(day), "day", value);
                row["channel"] = json!(format!("store-{n}"));
                row
            })
            .collect();
        rows.push(sample("sales", &at(day + 1), "opening", 0));
        let taken = feed(&self.retailer.owner, &rows).await.ok();
        assert_eq!(taken["refused"], 0, "{taken}");
        self.retailer.settled().await;
        self.due("alert_group").await;
    }
}

#[tokio::test]
async fn five_hundred_breaches_at_once_are_a_handful_of_messages_and_all_of_them_resolve_there() {
    let mut story = Story::begin().await;
    story.channels(CHANNELS).await;
    story.everywhere(CHANNELS, 2, 5.0).await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 6, "five by themselves, and one for the rest");
    let storm = one(story.chat.notices("alert_group"));
    let said = storm.words();
    assert!(said.contains("495 alerts: 495 firing, 0 acknowledged, 0 resolved"), "{said}");
    assert!(said.contains("Sales sink 10: 50, 50 open") && said.contains("… and 485 more"), "{said}");
    assert!(storm.edits < 20, "{} edits", storm.edits);

    // Nothing is lost: each breach is an alert, and the rest of the storm can be asked for.
    let count = "SELECT count(*) FROM alerts WHERE state = 'firing'";
    assert_eq!(story.service.database.number(count).await, i64::try_from(MANY).unwrap());
    let group = text(&storm.delivery["notice"]["id"]).to_owned();
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let path = format!("/v1/alerts?limit=200&group={group}{cursor}");
        let page = story.retailer.owner.get(&path).await.ok();
        let rows = page["data"].as_array().unwrap();
        assert!(rows.iter().all(|alert| alert["group"] == group.as_str()));
        seen += rows.len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, MANY - 5);

    // A campaign that is stopped meanwhile is told by itself.
    let campaign = story.retailer.active_campaign("Coupons").await;
    story.retailer.stop_loss(&campaign, 100).await;
    let cost = of("campaign", &campaign, [sample("spend", "2026-03-03T15:00:00Z", "all", 150)]);
    assert_eq!(feed(&story.retailer.owner, &cost).await.ok()["stopped"].as_array().unwrap().len(), 1);
    story.retailer.settled().await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 7, "the stop-loss has a message of its own");

    // It is over: the same messages say so.
    story.everywhere(CHANNELS, 3, 50.0).await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 7);
    let said = one(story.chat.notices("alert_group")).words();
    assert!(said.starts_with("A storm of alerts is over") && said.contains("495 resolved"), "{said}");
    let alone = story.chat.messages.iter().filter(|message| message.delivery["notice"].is_null());
    assert_eq!(alone.filter(|message| message.state() == "resolved").count(), 5);
    story.service.stop().await;
}

#[tokio::test]
async fn an_alert_that_opens_and_resolves_again_and_again_becomes_one_message_that_says_so() {
    let mut story = Story::begin().await;
    story.threshold("Sales sink", "sales", json!({})).await;
    for (day, value) in [(2, 5.0), (3, 50.0), (4, 5.0), (5, 50.0)] {
        story.day("sales", day, value, None).await;
        story.chat.catch_up().await;
    }
    assert_eq!(story.chat.messages.len(), 2, "twice is no flapping");
    story.day("sales", 6, 5.0, None).await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 2, "the third is told where the second was");
    let third = one(story.alerts("?state=firing").await);
    assert_eq!(third["flapping"]["times"], 3);
    let message = story.chat.of(&third);
    let said = message.words();
    assert!(said.contains("Flapping: opened 3 times since") && message.state() == "firing", "{said}");
    // And it goes on there.
    story.day("sales", 7, 50.0, None).await;
    story.day("sales", 8, 5.0, None).await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 2);
    let fourth = one(story.alerts("?state=firing").await);
    assert!(story.chat.of(&fourth).words().contains("Flapping: opened 4 times since"));
    story.service.stop().await;
}
