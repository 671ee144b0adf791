//! "Why did, or didn't, I get this?"

use super::{Story, one};
use crate::harness::tenant::text;
use serde_json::{Value, json};

#[tokio::test]
async fn a_rule_tells_what_it_said_of_each_day_and_why_it_raised_nothing() {
    let story = Story::begin().await;
    let spec = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 10, "recover": 20 });
    let rule = story.threshold("Sales sink", "sales", json!({ "spec": spec })).await;
    let path = format!("/v1/rules/{rule}/evaluations");
    for (day, value) in [(2, 50.0), (3, 5.0), (4, 4.0), (5, 15.0), (6, 30.0)] {
        story.day("sales", day, value, None).await;
    }
    let page = story.retailer.owner.get(&path).await.ok();
    let said: Vec<(&str, f64)> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["outcome"]), one["figures"]["value"].as_f64().unwrap()))
        .collect();
    // A day that was judged once more while its alert was open met it.
    let wanted = [("resolved", 30.0), ("holding", 15.0), ("already_open", 4.0), ("already_open", 5.0), ("fine", 50.0)];
    assert_eq!(said, wanted);
    let alert = one(story.alerts("").await);
    assert!(page["data"].as_array().unwrap()[..4].iter().all(|one| one["alert"] == alert["id"]), "{page}");
    // It is kept for 90 days.
    let old = "UPDATE evaluations SET at = now() - interval '91 days' WHERE outcome = 'fine'";
    story.service.database.execute(old).await;
    let app = tillwatch_backend::app::App::new(story.service.inside()).unwrap();
    tillwatch_backend::watch::trail::jobs::forget(&app).await.unwrap();
    assert_eq!(story.retailer.owner.get(&path).await.ok()["data"].as_array().unwrap().len(), 4);
    story.service.stop().await;
}

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
