//! "Why did, or didn't, I get this?"

use super::{Story, one};
use crate::harness::tenant::text;
use serde_json::{Value, json};

#[tokio::test]
async fn an_alert_tells_why_somebody_was_told_and_why_not() {
    let mut story = Story::begin().await;
    let why = async |story: &Story, alert: &Value| {
        story.chatting.get(&format!("/v1/alerts/{}/why", text(&alert["id"]))).await.ok()
    };
    story.threshold("Sales sink", "sales", json!({})).await;
    story.day("sales", 2, 5.0, None).await;
    story.day("sales", 3, 4.0, None).await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("").await);
    let told = why(&story, &alert).await;
    assert_eq!((&told["updates"], &told["linked_chats"], &told["told_again"]), (&json!(1), &json!(1), &json!(0)));
    assert!(told["told_since"].is_string() && text(&told["breach"]).starts_with(text(&alert["rule"])), "{told}");
    let message = &told["messages"][0];
    assert_eq!(
        (&message["state"], &message["message"], &message["server"]),
        (&json!("done"), &json!("m-0"), &json!("s1"))
    );
    assert_eq!(told["steps"].as_array().unwrap().len(), 2);

    // One that is raised under a silence: nobody was told, and it says by whose wish.
    let ends_at = (chrono::Utc::now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    let wish = json!({ "ends_at": ends_at, "reason": "Known outage" });
    story.retailer.owner.post("/v1/silences", wish).await.ok();
    story.threshold("Orders sink", "orders", json!({})).await;
    story.day("orders", 2, 5.0, None).await;
    story.chat.catch_up().await;
    let quiet = story.alerts("").await.remove(0);
    let silent = why(&story, &quiet).await;
    assert_eq!((&silent["told_since"], &silent["messages"]), (&Value::Null, &json!([])));
    let kept = &silent["alert"]["quiet"];
    assert_eq!(
        (&kept["why"], &kept["reason"], &kept["owner"]["name"]),
        (&json!("silence"), &json!("Known outage"), &json!("Olive Owner"))
    );
    story.service.stop().await;
}
