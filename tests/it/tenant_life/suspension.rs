//! A suspended retailer: nobody of it gets in, its work waits, and nothing is lost.

use super::operator;
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::{Style, patiently, text};
use crate::harness::{Tenant, eventually, own_database, own_service, soon};
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn nobody_of_a_suspended_retailer_gets_in_and_all_of_it_works_again() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let other = Tenant::sign_up_at(&service, Style::default()).await;
    let partner = retailer.partner(&[Permission::ChannelsRead]).await;
    let in_chat = retailer.link(&retailer.owner, "server-1", "user-1").await;
    let (database, id) = (&service.database, retailer.id.to_string());
    // All of them are known to the gate by now.
    for caller in [&retailer.owner, &partner, &in_chat] {
        caller.get("/v1/channels").await.ok();
    }
    let suspend = ["suspend", &id, "--reason", "The bill was not paid"];
    assert_eq!(operator(database, &suspend).await, "changed");
    assert_eq!(operator(database, &suspend).await, "nothing changed");
    for caller in [&retailer.owner, &partner, &in_chat] {
        let refused = async || Some(caller.get("/v1/channels").await).filter(|answer| answer.status == 403);
        let refused = soon("the suspension to be seen", refused).await.refused(Code::TenantSuspended);
        assert!(text(&refused["detail"]).contains("nothing of it is lost"), "{refused}");
    }
    retailer.owner.get("/v1/me").await.refused(Code::TenantSuspended);
    // Who does not know the password learns nothing; the refresh token is not spent.
    retailer.sign_in(&retailer.email, "not the password").await.refused(Code::SignInFailed);
    retailer.sign_in(&retailer.email, crate::harness::tenant::PASSWORD).await.refused(Code::TenantSuspended);
    let refresh = json!({ "refresh_token": retailer.refresh_token });
    retailer.anonymous.post("/v1/sessions/refresh", &refresh).await.refused(Code::TenantSuspended);
    other.owner.get("/v1/channels").await.ok();

    operator(database, &["resume", &id, "--reason", "It was paid"]).await;
    for caller in [&retailer.owner, &partner, &in_chat] {
        let served = async || Some(caller.get("/v1/channels").await).filter(|answer| answer.status == 200);
        soon("the retailer to be served again", served).await;
    }
    retailer.anonymous.post("/v1/sessions/refresh", &refresh).await.ok();
    let told: Vec<(String, String)> = retailer
        .audited()
        .await
        .iter()
        .filter(|entry| entry["via"] == "operator")
        .map(|entry| (text(&entry["action"]).to_owned(), text(&entry["reason"]).to_owned()))
        .collect();
    let pair = |action: &str, reason: &str| (action.to_owned(), reason.to_owned());
    assert_eq!(told, [pair("tenant.resumed", "It was paid"), pair("tenant.suspended", "The bill was not paid")]);
}

#[tokio::test]
async fn jobs_and_messages_of_a_suspended_retailer_wait_and_then_go_on() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    retailer.link(&retailer.owner, "server-2", "user-2").await;
    let campaign = retailer.active_campaign("Coupons").await;
    retailer.stop_loss(&campaign, 100).await;
    retailer.settled().await;
    let (database, id) = (&service.database, retailer.id.to_string());
    let rows = of("campaign", &campaign, [sample("spend", "2026-02-03T15:00:00Z", "a", 150)]);
    feed(&retailer.owner, &rows).await.ok();
    operator(database, &["suspend", &id, "--reason", "Asked to"]).await;
    // Due work, and of another retailer too, which shows that the worker has been there.
    let other = Tenant::sign_up_at(&service, Style::default()).await;
    let job = |tenant: &Tenant| {
        format!(
            "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
             VALUES (gen_random_uuid(), '{}', 'no such kind', '{{}}', 'r', 'ready', now(), now())",
            tenant.id.0
        )
    };
    database.execute(&format!("{}; {}", job(&retailer), job(&other))).await;
    let attempts = |tenant: &Tenant| {
        format!(
            "SELECT coalesce(sum(attempt), 0) FROM queue_jobs WHERE kind = 'no such kind' AND for_tenant = '{}'",
            tenant.id.0
        )
    };
    eventually("the other's job to be tried", async || (database.number(&attempts(&other)).await > 1).then_some(()))
        .await;
    assert_eq!(database.number(&attempts(&retailer)).await, 0, "a suspended retailer's job was tried");
    let bot = retailer.bot().await;
    let wish = json!({ "transports": ["discord"], "max": 10, "wait_ms": 0 });
    let claimed = bot.post("/v1/deliveries/claim", &wish).await.ok();
    assert_eq!(claimed["data"], json!([]), "a suspended retailer's message was handed out");

    operator(database, &["resume", &id, "--reason", "Asked to"]).await;
    eventually("the job to be tried", async || (database.number(&attempts(&retailer)).await > 0).then_some(())).await;
    let claimed = bot.post("/v1/deliveries/claim", &wish).await.ok();
    assert_eq!(claimed["data"].as_array().map(Vec::len), Some(1), "{claimed}");
}

#[tokio::test]
async fn a_retailer_that_is_being_closed_can_be_read_and_signed_in_to() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let viewer = retailer.staff(Role::Viewer).await;
    let close = format!("UPDATE tenants SET state = 'closing' WHERE tenant_id = '{}'", retailer.id.0);
    service.database.execute(&close).await;
    for caller in [&retailer.owner, &viewer] {
        let refused = async || Some(caller.post("/v1/chat-links/code", json!({})).await).filter(|a| a.status == 403);
        let refused = soon("the closing to be seen", refused).await.refused(Code::TenantSuspended);
        assert!(text(&refused["detail"]).contains("can be read and copied, not changed"), "{refused}");
        caller.get("/v1/channels").await.ok();
        assert_eq!(caller.get("/v1/tenant").await.ok()["state"], "closing");
        caller.get("/v1/me").await.ok();
    }
    retailer.owner.patch("/v1/tenant", 1, json!({ "name": "B" })).await.refused(Code::TenantSuspended);
    retailer.sign_in(&retailer.email, crate::harness::tenant::PASSWORD).await.ok();
    let args = ["suspend", &retailer.id.to_string(), "--reason", "r"];
    let (code, _, errors) = super::try_operator(&service.database, &args).await;
    assert!(code == 1 && errors.contains("being closed"), "{errors}");
    let silent = ["suspend", &retailer.id.to_string(), "--reason", " "];
    let (code, _, errors) = super::try_operator(&service.database, &silent).await;
    assert!(code == 1 && errors.contains("/reason"), "{errors}");
}

#[tokio::test]
async fn the_operator_closes_a_suspended_retailer_and_keeps_it_open_as_it_was() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (database, id) = (&service.database, retailer.id.to_string());
    operator(database, &["suspend", &id, "--reason", "The bill was not paid"]).await;
    let close = |name: &str| ["close", &id, "--confirm", name, "--reason", "Asked to"].map(str::to_owned);
    let wrong = close("Another Name");
    let (code, _, errors) = super::try_operator(database, &wrong.each_ref().map(String::as_str)).await;
    assert!(code == 1 && errors.contains("/confirm"), "{errors}");
    let right = close(&retailer.name);
    let right = right.each_ref().map(String::as_str);
    let said = operator(database, &right).await;
    let erasure = said.split("erasure ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an erasure");
    assert!(said.ends_with("\nchanged"), "{said}");
    let again = operator(database, &right).await;
    assert!(again.contains(erasure) && again.ends_with("nothing changed"), "{again}");
    let shown = service.anonymous().get(&format!("/v1/erasures/{erasure}")).await.ok();
    assert_eq!(shown["state"], "closing");
    // Its owner is told by mail and may take a copy, though all else of it waited.
    let letter = format!(
        "SELECT count(*) FROM mails WHERE tenant_id = '{}' AND template = 'tenant_closing' AND state = 'kept'",
        retailer.id.0
    );
    eventually("the mail", async || (database.number(&letter).await > 0).then_some(())).await;
    let copy = patiently(async || retailer.owner.post("/v1/tenant/export", json!({})).await).await;
    let place = format!("/v1/jobs/{}", text(&copy.ok()["id"]));
    let made = async || (retailer.owner.get(&place).await.ok()["state"] == "succeeded").then_some(());
    eventually("the copy", made).await;
    // Two at once: the second finds what the first has done, and neither serves again who was suspended.
    let ask = async || retailer.owner.post("/v1/tenant/keep-open", json!({})).await.status;
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert!([one, two, three].contains(&200), "{one} {two} {three}");
    assert_eq!(operator(database, &["keep-open", &id]).await, "nothing changed");
    assert!(operator(database, &["show", &id]).await.contains(" suspended "));
    let rests = format!("SELECT count(*) FROM directory_resting WHERE for_tenant = '{}'", retailer.id.0);
    assert_eq!(database.number(&rests).await, 1, "its work waits again");
}
