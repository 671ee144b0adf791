//! A stop-loss hides the softer alerts of its campaign: pausing it was the answer to all of them.

use super::{Story, one};
use serde_json::{Value, json};

#[tokio::test]
async fn a_stop_loss_hides_the_softer_alerts_of_its_campaign_until_it_is_resolved() {
    let mut story = Story::begin().await;
    let campaign = story.retailer.active_campaign("Coupons").await;
    story.retailer.stop_loss(&campaign, 100).await;
    story.threshold("Too few clicks", "clicks", json!({ "campaign": campaign })).await;
    story.threshold("Too few orders", "orders", json!({ "campaign": campaign, "severity": "critical" })).await;
    story.threshold("Sales sink", "sales", json!({})).await;
    let here = Some(("campaign", campaign.as_str()));
    // One softer alert is in the chat already.
    story.day("clicks", 2, 5.0, here).await;
    story.day("sales", 2, 5.0, None).await;
    assert_eq!(story.chat.catch_up().await.len(), 2);

    story.spend(&campaign, "a", 150).await;
    story.chat.catch_up().await;
    let stop = one(story.alerts("").await.into_iter().filter(|alert| alert["metric"] == "spend").collect());
    let clicks = one(story.alerts("").await.into_iter().filter(|alert| alert["metric"] == "clicks").collect());
    assert_eq!((&clicks["quiet"]["why"], &clicks["quiet"]["alert"]), (&json!("inhibition"), &stop["id"]));
    assert!(story.chat.of(&clicks).words().contains("Inhibited: the stop-loss"), "{}", story.chat.of(&clicks).words());

    // What fires now on the campaign is not told at all; what fires elsewhere is.
    let before = story.chat.messages.len();
    story.day("orders", 2, 5.0, here).await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), before);
    let orders = one(story.alerts("").await.into_iter().filter(|alert| alert["metric"] == "orders").collect());
    assert_eq!(story.steps(&orders).await, ["opened", "inhibited"]);
    let sales = one(story.alerts("").await.into_iter().filter(|alert| alert["metric"] == "sales").collect());
    assert_eq!(sales["quiet"], Value::Null);

    // The cost was a mistake: the stop-loss resolves, and what still fires speaks.
    story.spend(&campaign, "a", 50).await;
    let shown = story.chat.catch_up().await;
    assert_eq!(shown.len(), 1, "the one that was never told");
    assert!(story.chat.messages[shown[0]].words().contains("Too few orders"));
    assert_eq!(story.chat.of(&clicks).state(), "firing");
    assert_eq!(story.chat.of(&stop).state(), "resolved");
    assert_eq!(story.steps(&clicks).await, ["opened", "inhibited", "spoke"]);
    story.service.stop().await;
}
