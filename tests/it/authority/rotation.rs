//! API tokens get a new secret while the old one still works.

use super::{allowed, give, refused_fields, role, staff_id};
use crate::harness::tenant::{parsed, text};
use crate::harness::{Client, Tenant, soon};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::ApiTokenId;
use tillwatch_shared::permissions::{Permission, Role};

async fn token(retailer: &Tenant) -> (String, Client) {
    let wish = json!({ "name": "Feed", "scopes": ["samples:write"] });
    let created = retailer.owner.post("/v1/api-tokens", wish).await.ok();
    (text(&created["token"]["id"]).to_owned(), retailer.anonymous.bearing(text(&created["secret"])))
}

async fn rotate(retailer: &Tenant, id: &str, wish: Value) -> (Value, Client) {
    let rotated = retailer.owner.post(&format!("/v1/api-tokens/{id}/rotate"), wish).await;
    assert_eq!((rotated.status, rotated.header("cache-control")), (200, "no-store"));
    let rotated = rotated.ok();
    let caller = retailer.anonymous.bearing(text(&rotated["secret"]));
    (rotated["token"].clone(), caller)
}

/// Within a second the secret works nowhere.
async fn ends(caller: &Client) {
    soon("the secret to end", async || (caller.get("/v1/me").await.status == 401).then_some(())).await;
    caller.get("/v1/me").await.refused(Code::CredentialInvalid);
}

#[tokio::test]
async fn the_old_secret_works_until_the_overlap_ends() {
    let retailer = Tenant::sign_up().await;
    let (id, old) = token(&retailer).await;
    let before = retailer.owner.get(&format!("/v1/api-tokens/{id}")).await.ok();
    assert_eq!((&before["previous"], &before["channels"]), (&json!(null), &json!(null)));
    let (after, new) = rotate(&retailer, &id, json!({})).await;
    assert_eq!(after["previous"]["starts_with"], before["starts_with"]);
    assert_ne!(after["starts_with"], before["starts_with"]);
    assert_eq!((&after["id"], &after["expires_at"]), (&before["id"], &before["expires_at"]));
    let hours = |at: &Value| (parsed::<chrono::DateTime<chrono::Utc>>(at) - chrono::Utc::now()).num_minutes();
    assert!((1430..=1440).contains(&hours(&after["previous"]["ends_at"])), "a day unless asked otherwise");
    for caller in [&old, &new] {
        assert_eq!(caller.get("/v1/me").await.ok()["api_token"], json!(id), "one token, two secrets");
    }
    let shown = retailer.owner.get(&format!("/v1/api-tokens/{id}")).await.ok();
    assert_eq!(shown["previous"], after["previous"]);
    let past = "UPDATE api_tokens SET previous_ends_at = now() - interval '1 second' WHERE api_token_id";
    let uuid = parsed::<ApiTokenId>(&json!(id)).0;
    retailer.database.execute(&format!("{past} = '{uuid}'")).await;
    ends(&old).await;
    new.get("/v1/me").await.ok();
    assert_eq!(retailer.owner.get(&format!("/v1/api-tokens/{id}")).await.ok()["previous"], json!(null));
    let entry = retailer.audited().await.remove(0);
    assert_eq!((&entry["action"], &entry["object"]), (&json!("api_token.rotated"), &json!(id)));
    assert!(!entry.to_string().contains("tw_live_"), "{entry}");
}

#[tokio::test]
async fn there_are_two_secrets_at_most_and_an_overlap_of_nothing_ends_at_once() {
    let retailer = Tenant::sign_up().await;
    let (id, first) = token(&retailer).await;
    let (_, second) = rotate(&retailer, &id, json!({ "overlap_hours": 72 })).await;
    first.get("/v1/me").await.ok();
    let (_, third) = rotate(&retailer, &id, json!({ "overlap_hours": 72, "expires_in_days": 365 })).await;
    ends(&first).await;
    second.get("/v1/me").await.ok();
    let (last, fourth) = rotate(&retailer, &id, json!({ "overlap_hours": 0 })).await;
    assert_eq!(last["previous"], json!(null));
    ends(&second).await;
    ends(&third).await;
    fourth.get("/v1/me").await.ok();
    retailer.owner.post(&format!("/v1/api-tokens/{id}/revoke"), json!({})).await.ok();
    ends(&fourth).await;
    let path = format!("/v1/api-tokens/{id}/rotate");
    retailer.owner.post(&path, json!({})).await.refused(Code::StateConflict);
    let wish = json!({ "overlap_hours": 73, "expires_in_days": 366 });
    let problem = retailer.owner.post(&path, wish).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/overlap_hours out_of_range", "/expires_in_days out_of_range"]);
    Tenant::sign_up().await.owner.post(&path, json!({})).await.refused(Code::NotFound);
}

#[tokio::test]
async fn a_token_of_before_is_rotated_too() {
    let retailer = Tenant::sign_up().await;
    let (id, old) = token(&retailer).await;
    // As it was kept before secrets could be changed.
    let uuid = parsed::<ApiTokenId>(&json!(id)).0;
    retailer.database.execute(&format!("UPDATE api_tokens SET secret_hash = NULL WHERE api_token_id = '{uuid}'")).await;
    old.get("/v1/me").await.ok();
    let (_, new) = rotate(&retailer, &id, json!({ "overlap_hours": 1 })).await;
    old.get("/v1/me").await.ok();
    rotate(&retailer, &id, json!({ "overlap_hours": 1 })).await;
    ends(&old).await;
    new.get("/v1/me").await.ok();
}

#[tokio::test]
async fn nobody_rotates_their_way_to_what_they_may_not() {
    let retailer = Tenant::sign_up().await;
    let integrator = retailer.staff(Role::Integrator).await;
    let wish = json!({ "name": "Mighty", "scopes": ["campaigns:pause"] });
    let mighty = retailer.owner.post("/v1/api-tokens", wish).await.ok();
    let path = format!("/v1/api-tokens/{}", text(&mighty["token"]["id"]));
    integrator.get(&path).await.ok();
    integrator.post(&format!("{path}/rotate"), json!({})).await.refused(Code::PermissionDenied);
    // With a role that allows it, it is theirs.
    let wider = role(&retailer, "Wider", &allowed(Role::Integrator, &[Permission::CampaignsPause])).await;
    give(&retailer, &staff_id(&integrator).await, json!({ "custom_role": wider })).await.ok();
    soon("the wider role", async || {
        (integrator.post(&format!("{path}/rotate"), json!({})).await.status == 200).then_some(())
    })
    .await;
    retailer.staff(Role::Viewer).await.post(&format!("{path}/rotate"), json!({})).await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn fifty_rotations_at_once_leave_one_secret_and_one_before() {
    let retailer = Tenant::sign_up().await;
    let (id, _) = token(&retailer).await;
    let path = format!("/v1/api-tokens/{id}/rotate");
    let answers = futures_util::future::join_all((0..50).map(|_| retailer.owner.post(&path, json!({})))).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 503)));
    let mut works = 0;
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let caller = retailer.anonymous.bearing(text(&answer.body["secret"]));
        works += usize::from(caller.get("/v1/me").await.status == 200);
    }
    assert_eq!(works, 2);
}

#[tokio::test]
async fn an_old_secret_ends_when_it_was_to_end_and_who_rotates_has_proven_who_they_are() {
    let retailer = Tenant::sign_up().await;
    let (id, old) = token(&retailer).await;
    let uuid = parsed::<ApiTokenId>(&json!(id)).0;
    let shorter = format!(
        "UPDATE api_tokens SET expires_at = now() + interval '1 hour' WHERE api_token_id = '{uuid}'; \
         UPDATE directory_credentials SET expires_at = now() + interval '1 hour' WHERE subject_id = '{uuid}'"
    );
    retailer.database.execute(&shorter).await;
    let (after, new) = rotate(&retailer, &id, json!({ "overlap_hours": 72, "expires_in_days": 90 })).await;
    let left = |at: &Value| parsed::<chrono::DateTime<chrono::Utc>>(at) - chrono::Utc::now();
    assert!(left(&after["previous"]["ends_at"]) <= chrono::TimeDelta::hours(1), "{after}");
    assert!(left(&after["expires_at"]) > chrono::TimeDelta::days(89), "{after}");
    for caller in [&old, &new] {
        caller.get("/v1/me").await.ok();
    }
    // A session that lies about cannot take a token over.
    let age = "UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE tenant_id";
    retailer.database.execute(&format!("{age} = '{}'", retailer.id.0)).await;
    let path = format!("/v1/api-tokens/{id}/rotate");
    let refused = async || Some(retailer.owner.post(&path, json!({})).await).filter(|answer| answer.status == 403);
    let refused = soon("the proof to be too old", refused).await;
    refused.refused(Code::ReauthenticationRequired);
}
