//! The Discord transport against the fake Discord, without the backend: a stub of the API answers the bot.
//!
//! [`posting`] is about deliveries, [`threads`] about what hangs on their messages, [`talking`] about commands, buttons and
//! the gateway, [`surface`] about everything that can be typed or pressed. Invariant of every test:
//! at most one visible message per delivery or question, and no breach of the platform's limits.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod lines;
mod posting;
mod stub_api;
mod surface;
mod talking;
mod things;
mod threads;

use crate::fake_discord::{FakeDiscord, Message, Place, TOKEN};
use serde_json::{Value, json};
use tillwatch_bot::discord::DiscordConfig;
use tillwatch_shared::ids::{AlertId, CampaignId, DeliveryId, RuleId};
use tillwatch_shared::watch::Delivery;

/// A bot account on this fake.
fn account(fake: &FakeDiscord) -> DiscordConfig {
    DiscordConfig::new(TOKEN).with_client(fake.client())
}

/// A first delivery of a stop-loss alert to a place.
fn delivery(place: Place) -> Delivery {
    let now = chrono::Utc::now();
    let alert = json!({
        "id": AlertId::new(), "rule": RuleId::new(), "rule_name": "Coupons stop at *1,500*",
        "spec": {"kind": "stop_loss", "metric": "spend", "line": 1500, "minimum_spend": 0},
        "timing": {"bucket": "day", "window": 1, "for": 1},
        "severity": "critical", "state": "firing", "metric": "spend", "metric_en": "Spend", "metric_zh": "花费", "unit": "money", "currency": "USD",
        "channel": null, "campaign": {"id": CampaignId::new(), "name": "Spring <@1> coupons", "state": "paused"},
        "figures": {"value": 1512.5, "line": 1500.0, "overshoot": 12.5, "score": 0.6},
        "window_start": now, "paused_campaign": true, "opened_at": now, "acknowledged_at": null, "acknowledged_by": null, "resolved_at": null, "version": 1
    });
    let delivery = json!({
        "id": DeliveryId::new(), "attempt": 1, "transport": "discord", "server": place.server.to_string(), "channel": place.channel.to_string(),
        "locale": "en", "retailer": "Harbour Grocers", "time_zone": "America/New_York", "version": 1, "message": null,
        "first_claimed_at": now, "claimed_at": now, "alert": alert
    });
    serde_json::from_value(delivery).unwrap()
}

/// The messages that show this delivery.
fn showing(fake: &FakeDiscord, delivery: &Delivery) -> Vec<Message> {
    let nonce = tillwatch_bot::incident::nonce(delivery);
    let channel = delivery.channel.parse().unwrap();
    fake.visible_messages(channel)
        .into_iter()
        .filter(|m| m.json["embeds"][0]["footer"]["text"] == nonce.as_str())
        .collect()
}

/// The words of a message's embed.
fn words(message: &Message) -> String {
    let embed = &message.json["embeds"][0];
    format!("{} {} {}", embed["title"], embed["description"], embed["fields"])
}

/// The live buttons' ids.
fn buttons(message: &Message) -> Vec<String> {
    let rows = message.json["components"].as_array().cloned().unwrap_or_default();
    let all = rows.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
    all.filter(|b| b["disabled"] != true).map(|b| text(&b["custom_id"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Nothing broke the platform's rules or the project's promises.
fn well_behaved(fake: &FakeDiscord) {
    assert_eq!(fake.recorder().violations(), Vec::<String>::new());
}
