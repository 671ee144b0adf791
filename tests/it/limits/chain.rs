//! A request's id goes with what it causes: into jobs, the alert's audit, the delivery, and to the bot that posts it.

use crate::harness::tenant::{Style, text};
use crate::harness::{Client, Tenant, eventually, own_database, own_service};
use serde_json::{Value, json};

/// What the bot is handed next.
async fn claimed(bot: &Client) -> Value {
    eventually("a delivery", async || {
        let wish = json!({ "transports": ["discord"], "max": 1, "wait_ms": 1000 });
        let page = bot.post("/v1/deliveries/claim", wish).await.ok();
        page["data"].as_array().and_then(|rows| rows.first().cloned())
    })
    .await
}

async fn posted(bot: &Client, delivery: &Value) {
    let path = format!("/v1/deliveries/{}/report", text(&delivery["id"]));
    let outcome = json!({ "result": "posted", "message": "1", "version": delivery["version"] });
    bot.post(&path, json!({ "attempt": delivery["attempt"], "outcome": outcome })).await.ok();
}

#[tokio::test]
async fn an_id_is_carried_from_the_request_to_the_message_in_the_chat() {
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    retailer.link(&retailer.owner, "s1", "u1").await;
    let bot = retailer.bot().await;
    let campaign = retailer.active_campaign("Coupons").await;
    retailer.stop_loss(&campaign, 100).await;
    // What the launch and the rule caused is done, so that whatever comes next is the next request's.
    retailer.settled().await;
    let headers = |id: &'static str, kind: &'static str| [("x-request-id", id), ("content-type", kind)];

    // The write that reaches the line opens the alert and pauses the campaign, in its own transaction.
    let rows = format!("metric,at,key,value,campaign\nspend,2026-01-05T10:00:00Z,r1,150,{campaign}\n");
    let sent = headers("the-costly-row", "text/csv");
    retailer.owner.send("POST", "/v1/samples", &sent, Some(rows.into_bytes())).await.ok();
    retailer.settled().await;
    let first = claimed(&bot).await;
    assert_eq!(first["request_id"], "the-costly-row");
    posted(&bot, &first).await;
    let audit = retailer.audited().await;
    for action in ["alert.opened", "campaign.paused"] {
        let entry = audit.iter().find(|entry| entry["action"] == action).expect(action);
        assert_eq!(entry["request_id"], "the-costly-row", "{entry}");
    }

    // Somebody resumes it: the change is shown in the chat by way of a job.
    let body = json!({ "reason": "Worth it" }).to_string().into_bytes();
    let path = format!("/v1/campaigns/{campaign}/resume");
    retailer.owner.send("POST", &path, &headers("why-resumed", "application/json"), Some(body)).await.ok();
    retailer.settled().await;
    let second = claimed(&bot).await;
    assert_eq!((&second["id"], &second["request_id"]), (&first["id"], &json!("why-resumed")));
    posted(&bot, &second).await;

    // The retailer finds it beside the message.
    let listed = retailer.owner.get("/v1/deliveries").await.ok();
    let beside: Vec<(&str, &str)> = listed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (text(&row["request_id"]), text(&row["message"])))
        .collect();
    assert_eq!(beside, [("why-resumed", "1")]);
    service.stop().await;
}
