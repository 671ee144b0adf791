//! What becomes of a receiver that does not accept, and that nobody else feels it.

use super::receiver::{Manner, Receiver};
use super::{Told, service, webhook};
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use crate::harness::{Tenant, eventually};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn who_answers_410_is_disabled_the_others_are_told_and_it_can_be_enabled_again() {
    let told = Told::of(&["alert.opened"]).await;
    let owner = &told.retailer.owner;
    let other = Receiver::start().await;
    webhook(&told.retailer, &other.url, &["webhook.disabled"]).await;
    told.receiver.answers(Manner::Status(410));
    let id = told.test().await;
    let notice = other.gets_type("webhook.disabled").await.json();
    assert_eq!(notice["data"], json!({ "webhook": told.id, "because": "gone" }));
    told.comes_to(&id, "dead", 1).await;
    let gone = told.webhook().await;
    assert_eq!((&gone["state"], &gone["disabled_because"]), (&json!("disabled"), &json!("gone")));
    assert!(told.audited().await.contains(&"webhook.disabled".to_owned()));
    let mails = format!(
        "SELECT fields::text FROM mails WHERE tenant_id = '{}' AND template = 'webhook_disabled'",
        told.retailer.id.0
    );
    let mails = service().database.texts(&mails).await;
    assert_eq!(mails.len(), 1, "its owner is told by mail, once: {mails:?}");
    for verb in ["/test", "/replay"] {
        let body = if verb == "/test" { json!({}) } else { json!({ "message": id }) };
        owner.post(&told.path(verb), body).await.refused(Code::StateConflict);
    }
    told.receiver.answers(Manner::Status(200));
    let enabled = owner.post(&told.path("/enable"), json!({})).await.ok();
    assert_eq!((&enabled["changed"], &enabled["webhook"]["disabled_because"]), (&json!(true), &Value::Null));
    assert_eq!(owner.post(&told.path("/enable"), json!({})).await.ok()["changed"], false);
    let id = told.test().await;
    told.comes_to(&id, "delivered", 0).await;
}

#[tokio::test]
async fn who_accepted_nothing_for_five_days_is_disabled_and_what_was_queued_is_given_up() {
    let told = Told::of(&["alert.opened"]).await;
    told.receiver.answers(Manner::Status(503));
    let (first, second) = (told.test().await, told.test().await);
    told.comes_to(&first, "pending", 1).await;
    told.comes_to(&second, "pending", 1).await;
    assert_eq!(told.webhook().await["state"], "enabled");
    let tenant = told.retailer.id.0;
    let days = |days: u32| {
        format!("UPDATE webhooks SET failing_since = now() - interval '{days} days' WHERE tenant_id = '{tenant}'")
    };
    service().database.execute(&days(4)).await;
    told.pass_time().await;
    told.comes_to(&first, "pending", 2).await;
    assert_eq!(told.webhook().await["state"], "enabled", "not yet");
    told.comes_to(&second, "pending", 2).await;
    service().database.execute(&days(5)).await;
    let one = format!(
        "UPDATE queue_messages SET due_at = now() WHERE for_tenant = '{tenant}' \
         AND message_id = (SELECT max(message_id::text)::uuid FROM queue_messages WHERE for_tenant = '{tenant}')"
    );
    service().database.execute(&one).await;
    let disabled = eventually("the webhook to be disabled", async || {
        Some(told.webhook().await).filter(|webhook| webhook["state"] == "disabled")
    })
    .await;
    assert_eq!(disabled["disabled_because"], "failing");
    let page = told.retailer.owner.get(&told.path("/messages?state=dead")).await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 2, "both are given up: {page}");
    // Enabled again it begins anew, and what was given up can be had.
    told.receiver.answers(Manner::Status(200));
    let enabled = told.retailer.owner.post(&told.path("/enable"), json!({})).await.ok();
    assert_eq!(enabled["webhook"]["failing_since"], Value::Null);
    told.retailer.owner.post(&told.path("/replay"), json!({ "message": first })).await.ok();
    told.comes_to(&first, "delivered", 0).await;
}

#[tokio::test]
async fn one_failure_long_after_others_disables_nobody() {
    let told = Told::of(&["alert.opened"]).await;
    told.receiver.answers(Manner::Status(503));
    let first = told.test().await;
    told.comes_to(&first, "pending", 1).await;
    // A month ago, as it were: the message was given up, and nothing was sent since then.
    let tenant = told.retailer.id.0;
    let month = "now() - interval '30 days'";
    service()
        .database
        .execute(&format!(
            "UPDATE queue_messages SET state = 'dead' WHERE for_tenant = '{tenant}'; \
             UPDATE webhooks SET failing_since = {month} WHERE tenant_id = '{tenant}'; \
             UPDATE webhook_attempts SET at = {month} WHERE tenant_id = '{tenant}'"
        ))
        .await;
    let second = told.test().await;
    told.comes_to(&second, "pending", 1).await;
    let webhook = told.webhook().await;
    assert_eq!(webhook["state"], "enabled", "{webhook}");
    let since: chrono::DateTime<chrono::Utc> = text(&webhook["failing_since"]).parse().expect("a time");
    assert!(chrono::Utc::now() - since < chrono::TimeDelta::hours(1), "it counts from now on: {since}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let told = Told::of(&["alert.opened"]).await;
    let elsewhere = Receiver::start().await;
    for to in [elsewhere.url.clone(), format!("http://127.0.0.1:{}/", elsewhere.port())] {
        told.receiver.answers(Manner::Redirect(to));
        let id = told.test().await;
        let message = told.comes_to(&id, "pending", 1).await;
        assert_eq!(message["last_status"], 302);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn broken_and_huge_answers_are_judged_by_their_status_or_named() {
    let told = Told::of(&["alert.opened"]).await;
    for (manner, faults) in [
        (Manner::HangUp, &["answer_broken", "connect_failed"][..]),
        (Manner::Babble, &["answer_broken"]),
        (Manner::NoTls, &["connect_failed", "tls_failed"]),
    ] {
        told.receiver.answers(manner.clone());
        let id = told.test().await;
        let message = told.comes_to(&id, "pending", 1).await;
        let fault = text(&message["last_fault"]);
        assert!(faults.contains(&fault), "{manner:?}: {fault}");
        assert_eq!(message["last_status"], Value::Null);
    }
    told.receiver.answers(Manner::Endless);
    let id = told.test().await;
    assert_eq!(told.comes_to(&id, "delivered", 0).await["last_status"], 200);
    // A name without an address.
    let made = webhook(&told.retailer, "https://nobody.example/", &["alert.opened"]).await;
    let path = format!("/v1/webhooks/{}", text(&made["webhook"]["id"]));
    told.retailer.owner.post(&format!("{path}/test"), json!({})).await.ok();
    let attempt = eventually("the attempt", async || {
        let page = told.retailer.owner.get(&format!("{path}/deliveries")).await.ok();
        page["data"].get(0).cloned()
    })
    .await;
    assert_eq!((&attempt["fault"], &attempt["status"]), (&json!("name_unknown"), &Value::Null));
}

#[tokio::test]
async fn one_who_never_answers_holds_up_neither_the_retailers_other_webhook_nor_its_stop_loss() {
    let told = Told::of(&["alert.opened"]).await;
    told.receiver.answers(Manner::Silent);
    let mut slow = Vec::new();
    for _ in 0..8 {
        slow.push(told.test().await);
    }
    told.receiver.gets(2).await;
    let quick = Receiver::start().await;
    webhook(&told.retailer, &quick.url, &["campaign.launched"]).await;
    let campaign = told.retailer.active_campaign("Meanwhile").await;
    quick.gets_type("campaign.launched").await;
    told.retailer.stop_loss(&campaign, 100).await;
    let rows = of("campaign", &campaign, [sample("spend", "2026-02-03T15:00:00Z", "all", 150)]);
    assert_eq!(feed(&told.retailer.owner, &rows).await.ok()["stopped"].as_array().map(Vec::len), Some(1));
    told.retailer.settled().await;
    let other = Tenant::sign_up_at(service(), crate::harness::tenant::Style::default()).await;
    webhook(&other, &quick.url, &["campaign.launched"]).await;
    other.active_campaign("Elsewhere").await;
    quick.gets(2).await;
    // A webhook has two hands, and its retailer six: the silent ones never held all.
    assert!(told.receiver.connections() < 8, "{}", told.receiver.connections());
    told.retailer.owner.post(&told.path("/disable"), json!({})).await.ok();
    for id in slow {
        assert_eq!(told.message(&id).await["state"], "dead");
    }
}
