//! Partners' API tokens.

use crate::harness::tenant::text;
use crate::harness::{SOON, Tenant, becomes, eventually, own_database, own_service, redacted};
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn a_token_is_shown_once_and_never_again() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": "POS feed", "scopes": [Permission::SamplesWrite, Permission::ChannelsRead, Permission::SamplesWrite] });
    let created = retailer.owner.post("/v1/api-tokens", wish).await;
    assert_eq!((created.status, created.header("cache-control")), (201, "no-store"));
    let created = created.ok();
    insta::assert_json_snapshot!(redacted(&created));
    let secret = text(&created["secret"]);
    assert!(secret.starts_with("tw_live_") && secret.len() == 44, "{secret}");
    let list = retailer.owner.get("/v1/api-tokens").await;
    assert!(!list.text().contains(secret) && list.text().contains(&secret[..12]));
    assert_eq!(list.ok()["data"][0]["id"], created["token"]["id"]);
    // Nowhere in the database: not in the token's row, not in the directory, not in the audit log.
    let rows = retailer
        .database
        .texts("SELECT t::text FROM api_tokens t UNION ALL SELECT d::text FROM directory_credentials d UNION ALL SELECT a::text FROM audit_entries a")
        .await;
    assert!(rows.iter().all(|row| !row.contains(&secret[12..])), "the secret is stored");
    let me = retailer.anonymous.bearing(secret).get("/v1/me").await.ok();
    assert_eq!((&me["api_token"], &me["staff"]), (&created["token"]["id"], &json!(null)));
    assert_eq!(me["permissions"], json!(["channels:read", "samples:write"]));
}

#[tokio::test]
async fn an_empty_scope_list_may_do_nothing() {
    let retailer = Tenant::sign_up().await;
    let partner = retailer.partner(&[]).await;
    assert_eq!(partner.get("/v1/me").await.ok()["permissions"], json!([]));
    partner.get("/v1/channels").await.refused(Code::PermissionDenied);
    let action = retailer.audited().await.remove(0);
    assert_eq!((&action["action"], &action["actor_kind"]), (&json!("permission.denied"), &json!("api_token")));
}

#[tokio::test]
async fn a_revoked_token_stops_within_a_second_and_an_expired_one_too() {
    let retailer = Tenant::sign_up().await;
    let (revoked, expired, rest) =
        (retailer.partner(&[]).await, retailer.partner(&[]).await, retailer.partner(&[]).await);
    for partner in [&revoked, &expired, &rest] {
        partner.get("/v1/me").await.ok();
    }
    let id = revoked.get("/v1/me").await.ok();
    let path = format!("/v1/api-tokens/{}/revoke", text(&id["api_token"]));
    assert_eq!(retailer.owner.post(&path, json!({})).await.ok()["changed"], true);
    assert_eq!(retailer.owner.post(&path, json!({})).await.ok()["changed"], false, "again changes nothing");
    becomes(401, async || revoked.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    let id = expired.get("/v1/me").await.ok();
    let id: tillwatch_shared::ids::ApiTokenId = crate::harness::tenant::parsed(&id["api_token"]);
    retailer
        .database
        .execute(&format!(
            "UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE api_token_id = '{}'",
            id.0
        ))
        .await;
    becomes(401, async || expired.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    rest.get("/v1/me").await.ok();
    let actions: Vec<_> = retailer.audited().await.iter().map(|entry| text(&entry["action"]).to_owned()).collect();
    assert_eq!(actions.iter().filter(|action| *action == "api_token.revoked").count(), 1, "{actions:?}");
}

#[tokio::test]
async fn the_last_use_is_seen() {
    let retailer = Tenant::sign_up().await;
    let partner = retailer.partner(&[]).await;
    assert!(retailer.owner.get("/v1/api-tokens").await.ok()["data"][0]["last_used_at"].is_null());
    partner.get("/v1/me").await.ok();
    let used = eventually("the last use", async || {
        let list = retailer.owner.get("/v1/api-tokens").await.ok();
        Some(list["data"][0]["last_used_at"].clone()).filter(|at| !at.is_null())
    });
    let used = used.await;
    tokio::time::sleep(SOON).await;
    partner.get("/v1/me").await.ok();
    let list = retailer.owner.get("/v1/api-tokens").await.ok();
    assert_eq!(list["data"][0]["last_used_at"], used, "once a minute is enough");
}

#[tokio::test]
async fn nobody_gives_a_token_what_they_do_not_have_nor_what_tokens_never_have() {
    let retailer = Tenant::sign_up().await;
    let integrator = retailer.staff(Role::Integrator).await;
    let wish = json!({ "name": "x", "scopes": ["samples:write", "campaigns:pause", "api_tokens:write"], "expires_in_days": 366 });
    let problem = integrator.post("/v1/api-tokens", wish).await.refused(Code::ValidationFailed);
    insta::assert_json_snapshot!(redacted(&problem));
    assert_eq!(retailer.owner.get("/v1/api-tokens").await.ok()["data"], json!([]), "nothing was made");
}

#[tokio::test]
async fn what_has_expired_is_swept_and_nothing_else() {
    let database = own_database().await;
    let hash = |letter: &str| format!("decode(repeat('{letter}', 64), 'hex')");
    let row = |letter: &str, expiry: &str| {
        format!("({}, 'refresh', gen_random_uuid(), gen_random_uuid(), now() + interval '{expiry}')", hash(letter))
    };
    let rows = [row("a", "-1 second"), row("b", "1 hour")].join(", ");
    database.execute(&format!("INSERT INTO directory_credentials VALUES {rows}")).await;
    let many = "SELECT 'used-' || n, now() - interval '1 minute' FROM generate_series(1, 2500) n";
    database.execute(&format!("INSERT INTO directory_bot_assertions {many}")).await;
    database.execute("INSERT INTO directory_bot_assertions VALUES ('fresh', now() + interval '1 hour')").await;
    let service = own_service(database, 2);
    let left = "(SELECT count(*) FROM directory_credentials) * 10000 + (SELECT count(*) FROM directory_bot_assertions)";
    eventually("the sweep", async || (service.database.number(left).await == 10_001).then_some(())).await;
    let credential = format!("SELECT count(*) FROM directory_credentials WHERE hash = {}", hash("b"));
    assert_eq!(service.database.number(&credential).await, 1);
    service.stop().await;
}
