//! Maintenance windows: announced, kept quiet, judged to the end, and told together when they are over.

use super::{Story, one};
use crate::harness::tenant::text;
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn later(minutes: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::minutes(minutes)).to_rfc3339()
}

#[tokio::test]
async fn what_fires_during_maintenance_is_told_together_when_it_is_over() {
    let mut story = Story::begin().await;
    for (name, metric) in [("Sales sink", "sales"), ("Orders sink", "orders")] {
        story.threshold(name, metric, json!({})).await;
    }
    let wish = json!({ "starts_at": later(60), "ends_at": later(180), "reason": "The tills are updated" });
    let analyst = story.retailer.staff(Role::Analyst).await;
    analyst.post("/v1/maintenance-windows", &wish).await.refused(Code::PermissionDenied);
    let window = story.retailer.owner.post("/v1/maintenance-windows", &wish).await.ok();
    assert_eq!(window["state"], "planned");
    // It is announced, and the same message says when it is open.
    assert_eq!(story.chat.catch_up().await, [0]);
    assert!(
        story.chat.messages[0].words().starts_with("Maintenance is announced"),
        "{}",
        story.chat.messages[0].words()
    );
    story.pass_time("starts_at = now() - interval '1 hour'", "maintenance_opened").await;
    story.chat.catch_up().await;
    assert!(story.chat.messages[0].words().starts_with("Maintenance is going on"));

    // Two alerts fire within; one of them is over before the window is.
    story.day("sales", 2, 5.0, None).await;
    story.day("orders", 2, 5.0, None).await;
    story.day("orders", 3, 50.0, None).await;
    assert!(story.chat.catch_up().await.is_empty());
    let sales = one(story.alerts("?state=firing").await);
    assert_eq!((&sales["quiet"]["why"], &sales["quiet"]["window"]), (&json!("maintenance"), &window["id"]));
    assert_eq!(one(story.alerts("?state=resolved").await)["metric"], "orders");

    story.pass_time("ends_at = now()", "maintenance_over alerts_settle").await;
    story.chat.catch_up().await;
    assert!(story.chat.messages[0].words().starts_with("Maintenance is over"));
    let digest = one(story.chat.notices("maintenance_over"));
    let said = digest.words();
    assert!(said.starts_with("What happened during maintenance") && said.contains("The tills are updated"), "{said}");
    assert!(said.contains("2 alerts: 1 firing, 0 acknowledged, 1 resolved"), "{said}");
    assert!(said.contains("Sales sink: 1, 1 open") && said.contains("Orders sink: 1, all resolved"), "{said}");
    assert!(said.contains(text(&sales["id"])), "{said}");
    // What still fires speaks for itself, once.
    assert_eq!(story.chat.of(&sales).state(), "firing");
    assert_eq!(story.steps(&sales).await, ["opened", "under_maintenance", "spoke"]);
    assert_eq!(story.chat.messages.len(), 3);
    story.due("maintenance_over alerts_settle").await;
    assert!(story.chat.catch_up().await.is_empty());
    story.service.stop().await;
}

#[tokio::test]
async fn maintenance_that_is_called_off_never_begins_and_one_that_ends_early_is_told_at_once() {
    let mut story = Story::begin().await;
    let owner = story.retailer.owner.clone();
    let wish = |from: i64, to: i64| json!({ "starts_at": later(from), "ends_at": later(to), "reason": "门店盘点" });
    let planned = owner.post("/v1/maintenance-windows", wish(60, 120)).await.ok();
    let open = owner.post("/v1/maintenance-windows", wish(0, 120)).await.ok();
    assert_eq!(open["state"], "active");
    for window in [&planned, &open] {
        let place = format!("/v1/maintenance-windows/{}", text(&window["id"]));
        assert_eq!(owner.post(&format!("{place}/end"), json!({})).await.ok()["changed"], true);
        assert_eq!(owner.get(&place).await.ok()["state"], "over");
    }
    story.retailer.settled().await;
    story.chat.catch_up().await;
    let mut said: Vec<String> = story.chat.messages.iter().map(|message| message.reply().title).collect();
    said.sort();
    assert_eq!(said, ["Maintenance is called off", "Maintenance is over", "What happened during maintenance"]);
    assert!(one(story.chat.notices("maintenance_over")).words().contains("No alert fired."));
    let too_long = owner.post("/v1/maintenance-windows", wish(0, 8 * 1_440)).await.refused(Code::ValidationFailed);
    assert_eq!(too_long["errors"][0]["code"], "too_long");
    story.service.stop().await;
}
