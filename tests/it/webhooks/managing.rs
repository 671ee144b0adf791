//! Making, changing and archiving webhooks: what is refused, who may, and what is shown.

use super::{Told, service, webhook};
use crate::harness::Tenant;
use crate::harness::tenant::{Style, text};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let owner = Tenant::sign_up_at(service(), Style::default()).await.owner;
    let refused = async |wish: Value| {
        let problem = owner.post("/v1/webhooks", wish).await.refused(Code::ValidationFailed);
        let fields = problem["errors"].as_array().unwrap();
        fields.iter().map(|field| format!("{} {}", text(&field["pointer"]), text(&field["code"]))).collect::<Vec<_>>()
    };
    let all = json!({ "name": " ", "url": "http://10.0.0.1/", "events": ["webhook.test"] });
    assert_eq!(refused(all).await, ["/name required", "/url not_https", "/events/0 not_for_webhooks"]);
    let wish = |url: &str| json!({ "name": "A", "url": url, "events": ["alert.opened"] });
    for (url, reason) in [
        ("https://10.0.0.1/", "not_public"),
        ("https://[::ffff:a00:1]/", "not_public"),
        ("https://intranet/", "not_public"),
        ("https://hooks.shop.example:25/", "port_refused"),
        ("https://a:b@hooks.shop.example/", "invalid"),
        ("", "invalid"),
        ("网址", "invalid"),
    ] {
        assert_eq!(refused(wish(url)).await, [format!("/url {reason}")], "{url}");
    }
    let long = format!("https://hooks.shop.example/{}", "a".repeat(3000));
    assert_eq!(refused(wish(&long)).await, ["/url too_long"]);
    assert_eq!(refused(json!({ "name": "A", "url": "https://a.example/", "events": [] })).await, ["/events required"]);
    let unknown = json!({ "name": "A", "url": "https://a.example/", "events": ["alert.invented"] });
    assert_eq!(refused(unknown).await, ["/events/0 invalid"]);
    let secret = json!({ "name": "A", "url": "https://a.example/", "events": ["alert.opened"], "secret": "mine" });
    assert_eq!(refused(secret).await, ["/secret unknown_field"]);
}

#[tokio::test]
async fn a_webhook_is_changed_over_its_version_and_its_secret_is_shown_once() {
    let told = Told::of(&["alert.opened", "alert.opened", "alert.resolved"]).await;
    let owner = &told.retailer.owner;
    assert!(told.secret.starts_with("whsec_") && told.secret.len() == 50);
    let shown = owner.get(&told.path("")).await;
    assert_eq!(shown.header("etag"), "\"1\"");
    let shown = shown.ok();
    assert_eq!(shown["events"], json!(["alert.opened", "alert.resolved"]), "each once");
    assert_eq!((&shown["name"], &shown["state"]), (&json!("订单 system"), &json!("enabled")));
    for page in [shown.to_string(), owner.get("/v1/webhooks").await.text(), owner.get("/v1/audit-entries").await.text()]
    {
        assert!(!page.contains("whsec_"), "{page}");
    }
    let change = json!({ "name": "Renamed", "events": ["campaign.paused"] });
    let changed = owner.patch(&told.path(""), 1, &change).await.ok();
    assert_eq!(
        (&changed["name"], &changed["events"], &changed["version"]),
        (&json!("Renamed"), &json!(["campaign.paused"]), &json!(2))
    );
    assert_eq!(owner.patch(&told.path(""), 2, &change).await.ok()["version"], 2, "the same again changes nothing");
    owner.patch(&told.path(""), 1, &change).await.refused(Code::VersionStale);
    let elsewhere = format!("{}/elsewhere", told.receiver.url.trim_end_matches('/'));
    owner.patch(&told.path(""), 2, json!({ "url": elsewhere })).await.ok();
    owner.patch(&told.path(""), 3, json!({ "url": "https://10.0.0.1/x" })).await.refused(Code::ValidationFailed);
    owner.patch(&told.path(""), 3, json!({ "name": null })).await.refused(Code::ValidationFailed);
    let disabled = owner.post(&told.path("/disable"), json!({})).await.ok();
    assert_eq!((&disabled["changed"], &disabled["webhook"]["disabled_because"]), (&json!(true), &json!("person")));
    assert_eq!(owner.post(&told.path("/disable"), json!({})).await.ok()["changed"], false);
    let archived = owner.post(&told.path("/archive"), json!({})).await.ok();
    assert_eq!((&archived["changed"], &archived["webhook"]["state"]), (&json!(true), &json!("archived")));
    assert_eq!(owner.post(&told.path("/archive"), json!({})).await.ok()["changed"], false);
    for verb in ["/enable", "/disable", "/test"] {
        owner.post(&told.path(verb), json!({})).await.refused(Code::StateConflict);
    }
    owner.post(&told.path("/rotate-secret"), json!({})).await.refused(Code::StateConflict);
    assert_eq!(owner.get("/v1/webhooks").await.ok()["data"], json!([]));
    assert_eq!(owner.get("/v1/webhooks?archived=true").await.ok()["data"][0]["id"], json!(told.id));
    let secrets = format!("SELECT count(secret) FROM webhooks WHERE tenant_id = '{}'", told.retailer.id.0);
    assert_eq!(service().database.number(&secrets).await, 0, "it is wiped");
    let entries = owner.get(&format!("/v1/audit-entries?object={}", told.id)).await.ok();
    let moved = &entries["data"][2];
    let (before, after) = (&moved["before"]["url_sha256"], &moved["after"]["url_sha256"]);
    assert!(before.is_string() && before != after, "an address that changed is seen: {moved}");
    assert_eq!(moved["before"]["host"], moved["after"]["host"], "also where the host stays");
    let audited = told.audited().await;
    assert_eq!(
        audited,
        ["webhook.archived", "webhook.disabled", "webhook.updated", "webhook.updated", "webhook.created"]
    );
}

#[tokio::test]
async fn a_wish_to_replay_names_one_message_or_a_time() {
    let told = Told::of(&["alert.opened"]).await;
    let owner = &told.retailer.owner;
    let replay = async |wish: Value| owner.post(&told.path("/replay"), wish).await;
    let at = "2026-02-03T00:00:00Z";
    replay(json!({})).await.refused(Code::ValidationFailed);
    replay(json!({ "until": at })).await.refused(Code::ValidationFailed);
    replay(json!({ "since": at, "until": at })).await.refused(Code::ValidationFailed);
    replay(json!({ "since": "yesterday" })).await.refused(Code::ValidationFailed);
    let other = Told::of(&["alert.opened"]).await;
    let foreign = other.test().await;
    replay(json!({ "message": foreign })).await.refused(Code::NotFound);
    replay(json!({ "message": foreign, "since": at })).await.refused(Code::ValidationFailed);
    other.retailer.owner.get(&told.path("")).await.refused(Code::NotFound);
    let mine = told.test().await;
    let own = webhook(&told.retailer, "https://nobody.example/", &["alert.opened"]).await;
    let path = format!("/v1/webhooks/{}/replay", text(&own["webhook"]["id"]));
    owner.post(&path, json!({ "message": mine })).await.refused(Code::NotFound);
}

#[tokio::test]
async fn a_partner_reads_what_happened_and_makes_no_webhook_and_a_stale_session_must_confirm_itself() {
    let told = Told::of(&["alert.opened"]).await;
    told.retailer.campaign("Draft").await;
    let partner = told.retailer.partner(&[Permission::WebhooksRead]).await;
    let events = partner.get("/v1/events").await.ok();
    assert_eq!(
        (&events["data"][0]["type"], &events["data"][0]["data"]["to"]),
        (&json!("campaign.created"), &json!("draft"))
    );
    assert_eq!(partner.get("/v1/webhooks").await.ok()["data"][0]["id"], json!(told.id));
    let wish = json!({ "name": "A", "url": "https://a.example/", "events": ["alert.opened"] });
    partner.post("/v1/webhooks", &wish).await.refused(Code::PermissionDenied);
    partner.get("/v1/events?type=alert.invented").await.refused(Code::MalformedQuery);

    let integrator = told.retailer.staff(Role::Integrator).await;
    let stale = format!(
        "UPDATE sessions SET authenticated_at = now() - interval '11 minutes', created_at = now() - interval '11 minutes' \
         WHERE tenant_id = '{}'",
        told.retailer.id.0
    );
    service().database.execute(&stale).await;
    integrator.post("/v1/webhooks", &wish).await.refused(Code::ReauthenticationRequired);
    integrator.post(&told.path("/rotate-secret"), json!({})).await.refused(Code::ReauthenticationRequired);
    // Whoever stole the session may rename, and not lead away what is sent and replayed.
    integrator.patch(&told.path(""), 1, json!({ "url": told.receiver.url, "name": "Renamed" })).await.ok();
    let elsewhere = json!({ "url": "https://127.0.0.1/elsewhere" });
    integrator.patch(&told.path(""), 2, &elsewhere).await.refused(Code::ReauthenticationRequired);
    assert_eq!(told.webhook().await["url"], json!(told.receiver.url));
    integrator.get("/v1/webhooks").await.ok();
}

#[tokio::test]
async fn a_retailer_has_no_more_than_fifty() {
    let retailer = Tenant::sign_up_at(service(), Style::default()).await;
    for number in 0..50 {
        webhook(&retailer, &format!("https://h{number}.example/"), &["alert.opened"]).await;
    }
    let wish = json!({ "name": "A", "url": "https://a.example/", "events": ["alert.opened"] });
    retailer.owner.post("/v1/webhooks", wish).await.refused(Code::StateConflict);
    let page = retailer.owner.get("/v1/webhooks?limit=30").await.ok();
    let rest = retailer.owner.get(&format!("/v1/webhooks?limit=30&cursor={}", text(&page["next_cursor"]))).await.ok();
    assert_eq!((page["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (30, 20));
}
