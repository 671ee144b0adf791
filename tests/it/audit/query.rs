//! Asking the log.

use crate::harness::Tenant;
use crate::harness::tenant::text;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

async fn actions(retailer: &Tenant, query: &str) -> Vec<String> {
    let page = retailer.owner.get(&format!("/v1/audit-entries?{query}")).await.ok();
    page["data"].as_array().unwrap().iter().map(|entry| text(&entry["action"]).to_owned()).collect()
}

fn time(entry: &Value) -> DateTime<Utc> {
    text(&entry["at"]).parse().unwrap()
}

#[tokio::test]
async fn the_log_is_asked_by_actor_action_time_request_and_place() {
    let retailer = Tenant::sign_up().await;
    let marketer = retailer.staff(Role::Marketer).await;
    let campaign = retailer.active_campaign("秋季优惠券").await;
    let wish = serde_json::to_vec(&json!({ "reason": "停一下" })).unwrap();
    let headers = [("content-type", "application/json"), ("x-request-id", "a-request-of-mine")];
    let pause = format!("/v1/campaigns/{campaign}/pause");
    marketer.send("POST", &pause, &headers, Some(wish)).await.ok();
    let partner = retailer.partner(&[Permission::SamplesWrite]).await;
    let row = json!({ "metric": "sales", "at": "2026-02-03T15:00:00Z", "key": "k", "value": 1 });
    partner.post("/v1/samples", json!({ "samples": [row] })).await.ok();

    let me = marketer.get("/v1/me").await.ok();
    let by_marketer = format!("actor={}", text(&me["staff"]["id"]));
    assert_eq!(actions(&retailer, &by_marketer).await, ["campaign.paused", "session.opened"]);
    let token = retailer.owner.get("/v1/api-tokens").await.ok();
    let by_token = format!("actor={}", text(&token["data"][0]["id"]));
    assert_eq!(actions(&retailer, &by_token).await, ["samples.taken"]);
    assert_eq!(actions(&retailer, "action=campaign.paused").await, ["campaign.paused"]);
    let of_campaigns = actions(&retailer, "action=campaign.").await;
    assert!(
        of_campaigns.len() >= 3 && of_campaigns.iter().all(|action| action.starts_with("campaign.")),
        "{of_campaigns:?}"
    );
    assert_eq!(actions(&retailer, "action=campaign").await, Vec::<String>::new());
    assert_eq!(actions(&retailer, "request_id=a-request-of-mine").await, ["campaign.paused"]);
    assert_eq!(actions(&retailer, "via=console%2Fx%2Fy").await, Vec::<String>::new());
    assert!(!actions(&retailer, "via=api&limit=200").await.is_empty());
    // From a time to a time: the first belongs to it, the second does not.
    let all = retailer.audited().await;
    let paused = all.iter().find(|entry| entry["action"] == "campaign.paused").unwrap();
    let at = text(&paused["at"]).replace('+', "%2B");
    assert_eq!(actions(&retailer, &format!("from={at}&action=campaign.paused")).await, ["campaign.paused"]);
    assert_eq!(actions(&retailer, &format!("to={at}&action=campaign.paused")).await, Vec::<String>::new());
    let before: Vec<&Value> = all.iter().filter(|entry| time(entry) < time(paused)).collect();
    assert_eq!(actions(&retailer, &format!("to={at}&limit=200")).await.len(), before.len());

    // Another retailer's actor has done nothing here, and wrong questions are told all at once.
    let other = Tenant::sign_up().await;
    let theirs = text(&other.owner.get("/v1/me").await.ok()["staff"]["id"]).to_owned();
    assert_eq!(actions(&retailer, &format!("actor={theirs}")).await, Vec::<String>::new());
    let wrong = format!("/v1/audit-entries?actor=cmp_1&via={}&from={at}&to={at}", "x".repeat(201));
    let refused = retailer.owner.get(&wrong).await.refused(Code::ValidationFailed);
    let pointers: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
    assert_eq!(pointers, ["?via", "?actor", "?to"]);
    for beyond in ["from=-200000-01-01T00:00:00Z", "to=%2B262000-01-01T00:00:00Z"] {
        let answer = retailer.owner.get(&format!("/v1/audit-entries?{beyond}")).await;
        assert!(matches!(answer.status, 400 | 422), "{beyond}: {}", answer.text());
    }
    retailer.owner.get("/v1/audit-entries?from=yesterday").await.refused(Code::MalformedQuery);
    retailer.owner.get("/v1/audit-entries?reason=x").await.refused(Code::MalformedQuery);
    // A cursor belongs to its filter.
    let page = retailer.owner.get("/v1/audit-entries?action=campaign.&limit=1").await.ok();
    let cursor = text(&page["next_cursor"]);
    let next = retailer.owner.get(&format!("/v1/audit-entries?action=campaign.&limit=1&cursor={cursor}")).await.ok();
    assert_ne!(next["data"][0]["id"], page["data"][0]["id"]);
    retailer.owner.get(&format!("/v1/audit-entries?limit=1&cursor={cursor}")).await.refused(Code::InvalidCursor);
}
