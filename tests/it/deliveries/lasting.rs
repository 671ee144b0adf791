//! What a delivery outlives: an outage of its chat, a neighbour that cannot be read, a chat channel that is gone; and
//! what it must not reach: another console, more rights than the bot's.

use super::{AT, Linked, code};
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, eventually};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

fn failed() -> Value {
    json!({ "result": "failed", "error": "503 Service Unavailable" })
}

#[tokio::test]
async fn an_outage_of_the_chat_loses_nothing_and_the_next_version_revives_what_was_given_up() {
    let linked = Linked::new().await;
    linked.breach().await;
    for _ in 0..30 {
        let delivery = linked.due().await;
        linked.report(&delivery, failed()).await.ok();
        linked.pass_time().await;
    }
    assert!(linked.listed("dead").await.is_empty(), "the number of failures says nothing");
    let shown = linked.due().await;
    linked.posted(&shown).await;
    linked.acknowledge(&shown).await;
    let edit = linked.due().await;
    linked.service.database.execute("UPDATE queue_deliveries SET wanted_at = now() - interval '25 hours'").await;
    linked.report(&edit, failed()).await.ok();
    assert_eq!(linked.listed("dead").await.len(), 1, "an outage of a day is given up");

    let place = format!("/v1/campaigns/{}", linked.campaign);
    linked.retailer.owner.post(&format!("{place}/resume"), json!({ "reason": "Go on" })).await.ok();
    linked.retailer.settled().await;
    let revived = linked.due().await;
    assert_eq!((&revived["message"], &revived["alert"]["campaign"]["state"]), (&json!("m-1"), &json!("active")));
    // What the chat refuses for good is not asked again with every version.
    let gone = json!({ "result": "failed", "error": "Unknown Channel", "permanent": true });
    linked.report(&revived, gone).await.ok();
    linked.retailer.owner.post(&format!("{place}/pause"), json!({ "reason": "Stop" })).await.ok();
    linked.retailer.settled().await;
    assert!(linked.claim(0).await.is_empty());
    assert_eq!(linked.listed("dead").await.len(), 1);
    linked.service.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_holds_nobody_elses_alert_back() {
    let linked = Linked::new().await;
    let other = Tenant::sign_up_at(&linked.service, Style::default()).await;
    other.link(&other.owner, "s2", "boss").await;
    for (retailer, name) in [(&linked.retailer, "Second"), (&other, "Theirs")] {
        let campaign = retailer.active_campaign(name).await;
        retailer.stop_loss(&campaign, 100).await;
        feed(&retailer.owner, &of("campaign", &campaign, [sample("spend", AT, "all", 150)])).await.ok();
    }
    linked.breach().await;
    let alerts = linked.retailer.owner.get("/v1/alerts").await.ok();
    let broken = alerts["data"].as_array().unwrap().iter().find(|a| a["campaign"]["name"] == "Coupons").unwrap();
    let of_tenant = format!("tenant_id = '{}'", linked.retailer.id.0);
    let database = &linked.service.database;
    let spoil = "spec = jsonb_build_object('broken', spec)";
    let coupons = format!(
        "{of_tenant} AND campaign_id = (SELECT campaign_id FROM campaigns WHERE {of_tenant} AND name = 'Coupons')"
    );
    database.execute(&format!("UPDATE alerts SET {spoil} WHERE {coupons}")).await;

    let claimed = linked.claim(8000).await;
    let names: Vec<&str> = claimed.iter().map(|d| text(&d["alert"]["campaign"]["name"])).collect();
    assert!(names.contains(&"Second") && names.contains(&"Theirs") && names.len() == 2, "{names:?}");
    let pending = linked.listed("pending").await;
    let told = pending.iter().find(|delivery| delivery["alert"] == broken["id"]).expect("it is kept");
    assert!(text(&told["last_error"]).contains("could not read"), "{told}");
    // Mended, it is handed out.
    database.execute(&format!("UPDATE alerts SET spec = spec -> 'broken' WHERE {coupons}")).await;
    for delivery in &claimed {
        linked.posted(delivery).await;
    }
    linked.pass_time().await;
    let again = linked.due().await;
    assert_eq!((&again["alert"]["id"], &again["attempt"]), (&broken["id"], &json!(2)));
    linked.service.stop().await;
}

#[tokio::test]
async fn a_bot_that_stands_for_some_servers_gets_the_alerts_of_these_only() {
    let linked = Linked::new().await;
    linked.breach().await;
    let claim = async |servers: Value| {
        let wish = json!({ "transports": ["discord", "console"], "servers": servers, "max": 10 });
        linked.bot.post("/v1/deliveries/claim", wish).await
    };
    let none = claim(json!([{ "transport": "discord", "server": "another" }])).await.ok();
    assert_eq!(none["data"], json!([]), "another bot's alert stays due for it");
    // A chat that is not named is served whole.
    let found = claim(json!([{ "transport": "console", "server": "us" }])).await.ok();
    assert_eq!(found["data"][0]["attempt"], 1, "{found}");
    linked.pass_time().await;
    let found = claim(json!([{ "transport": "discord", "server": "s1" }])).await.ok();
    assert_eq!(found["data"][0]["attempt"], 2, "{found}");

    let wish = |servers: Value| json!({ "transports": ["console"], "servers": servers, "max": 1 });
    let many: Vec<Value> = (0..101).map(|n| json!({ "transport": "console", "server": format!("s{n}") })).collect();
    for wrong in [json!([{ "transport": "discord", "server": "s1" }]), json!(many)] {
        linked.bot.post("/v1/deliveries/claim", wish(wrong)).await.refused(Code::ValidationFailed);
    }
    linked.service.stop().await;
}

#[tokio::test]
async fn a_chat_channel_that_is_gone_is_replaced_by_linking_in_another() {
    let linked = Linked::new().await;
    linked.breach().await;
    let delivery = linked.due().await;
    let gone = json!({ "result": "failed", "error": "Unknown Channel", "permanent": true });
    linked.report(&delivery, gone).await.ok();
    let redeem = async |code: Value, channel: &str, user: &str| {
        let wish = json!({
            "code": code["code"], "transport": "discord", "server": "s1", "channel": channel, "user": user
        });
        linked.bot.post("/v1/chat-links/redeem", wish).await.ok()
    };
    // Who may not link servers links themselves and moves nothing.
    let viewer = linked.retailer.staff(Role::Viewer).await;
    assert_eq!(redeem(code(&viewer).await, "c9", "guest").await["channel_moved"], false);
    assert!(linked.claim(0).await.is_empty());

    let moved = redeem(code(&linked.retailer.owner).await, "c2", "boss").await;
    assert_eq!((&moved["channel_moved"], &moved["server_linked"]), (&json!(true), &json!(false)));
    linked.retailer.settled().await;
    let again = linked.due().await;
    assert_eq!((&again["id"], &again["channel"], &again["message"]), (&delivery["id"], &json!("c2"), &Value::Null));
    linked.posted(&again).await;
    let entries = linked.retailer.audited().await;
    let moved = entries.iter().find(|entry| entry["action"] == "chat.channel_moved").expect("an audit entry");
    assert_eq!((&moved["before"]["channel"], &moved["after"]["channel"]), (&json!("c1"), &json!("c2")));
    assert_eq!(redeem(code(&linked.retailer.owner).await, "c2", "boss").await["channel_moved"], false);
    linked.retailer.settled().await;
    assert!(linked.claim(0).await.is_empty(), "what is shown is not shown again");
    linked.service.stop().await;
}

#[tokio::test]
async fn an_owner_in_chat_makes_no_credential_and_no_link_code() {
    let retailer = Tenant::sign_up().await;
    let server = format!("server-{}", retailer.id);
    let owner = retailer.link(&retailer.owner, &server, "boss").await;
    let wish = json!({ "name": "mine", "scopes": [Permission::SamplesWrite] });
    owner.post("/v1/api-tokens", wish).await.refused(Code::PermissionDenied);
    owner.post("/v1/chat-links/code", json!({})).await.refused(Code::PermissionDenied);
    owner.get("/v1/audit-entries").await.refused(Code::PermissionDenied);
    let rights = owner.get("/v1/me").await.ok();
    assert!(rights["permissions"].as_array().unwrap().contains(&json!(Permission::CampaignsPause)), "{rights}");
    assert!(!rights["permissions"].as_array().unwrap().contains(&json!(Permission::RulesWrite)), "{rights}");
    eventually("the refusals in the audit log", async || {
        let entries = retailer.audited().await;
        (entries.iter().filter(|entry| entry["action"] == "permission.denied").count() == 3).then_some(())
    })
    .await;
}
