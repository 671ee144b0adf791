//! One's own sessions: seen, ended, and proven anew for what is sensitive.

use super::{actions, at, owner, person, post_from, proof_ages, somewhere};
use crate::harness::tenant::{PASSWORD, Style, patiently, text};
use crate::harness::{Tenant, becomes, own_database, own_service};
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn a_session_tells_its_program_and_network_and_never_the_address() {
    let retailer = Tenant::sign_up().await;
    let email = retailer.add_staff(Role::Marketer).await;
    let wish = json!({ "email": email, "password": PASSWORD }).to_string();
    let agent = format!("浏览器/1.0 {}", "x".repeat(300));
    let sign_in = async |headers: &[(&str, &str)]| {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let body = wish.clone().into_bytes();
        patiently(async || retailer.anonymous.send("POST", "/v1/sessions", &all, Some(body.clone())).await).await.ok()
    };
    let first = sign_in(&[("user-agent", &agent), ("x-forwarded-for", "203.0.113.77")]).await;
    let second = sign_in(&[("x-forwarded-for", "2001:db8:1:2::9")]).await;
    let staff = retailer.anonymous.bearing(text(&second["access_token"]));
    let answer = staff.get("/v1/sessions").await;
    assert!(!answer.text().contains("203.0.113.77") && !answer.text().contains("db8:1:2"), "{}", answer.text());
    let page = answer.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 2, "{page}");
    let (one, two) = (&page["data"][0], &page["data"][1]);
    assert_eq!((&one["id"], &two["id"]), (&first["session"], &second["session"]));
    assert_eq!((&one["current"], &two["current"]), (&json!(false), &json!(true)));
    assert_eq!((&one["network"], &two["network"]), (&json!("203.0.113.0/24"), &json!("2001:db8:1::/48")));
    let shown = text(&one["client"]);
    assert!(shown.starts_with("浏览器/1.0 ") && shown.chars().count() == 200, "{shown}");
    assert_eq!((&two["client"], &one["opened_at"]), (&json!(null), &one["authenticated_at"]));

    // A page at a time, and nothing that was not asked for.
    let first_page = staff.get("/v1/sessions?limit=1").await.ok();
    let next = staff.get(&format!("/v1/sessions?cursor={}", text(&first_page["next_cursor"]))).await.ok();
    assert_eq!((next["data"].as_array().unwrap().len(), &next["data"][0]["id"]), (1, &two["id"]));
    staff.get("/v1/sessions?of=everybody").await.refused(Code::MalformedQuery);
    // Neither a token nor a chat user has a session.
    retailer.partner(&[Permission::TenantRead]).await.get("/v1/sessions").await.refused(Code::StateConflict);
    let chat = retailer.link(&retailer.owner, &format!("sessions-{}", retailer.id), "u").await;
    chat.get("/v1/sessions").await.refused(Code::StateConflict);
}

#[tokio::test]
async fn a_revoked_session_is_out_here_at_once_and_on_every_replica_within_a_second() {
    let database = own_database().await;
    let (here, there) = (own_service(database.clone(), 4), own_service(database, 4));
    let retailer = Tenant::sign_up_at(&here, Style::default()).await;
    let (mine, lost) = (owner(&retailer).await, owner(&retailer).await);
    let elsewhere = at(&there, &lost.client);
    elsewhere.get("/v1/me").await.ok();
    lost.client.get("/v1/me").await.ok();
    let path = format!("/v1/sessions/{}/revoke", lost.session);
    assert_eq!(mine.client.post(&path, json!({})).await.ok(), json!({ "changed": true }));
    lost.client.get("/v1/me").await.refused(Code::CredentialInvalid);
    becomes(401, async || elsewhere.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    let refresh = json!({ "refresh_token": lost.refresh_token });
    retailer.anonymous.post("/v1/sessions/refresh", refresh).await.refused(Code::CredentialInvalid);
    assert_eq!(mine.client.post(&path, json!({})).await.ok(), json!({ "changed": false }));
    assert_eq!(actions(&mine.client, &lost.session).await, ["session.revoked", "session.opened"]);
    mine.client.get("/v1/me").await.ok();

    // Somebody else's session does not exist, nor does one that is none.
    let other = person(&retailer, Role::Admin).await;
    other.client.post(&format!("/v1/sessions/{}/revoke", mine.session), json!({})).await.refused(Code::NotFound);
    other.client.post("/v1/sessions/nothing/revoke", json!({})).await.refused(Code::NotFound);
    mine.client.get("/v1/me").await.ok();
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn all_other_sessions_of_mine_end_and_nobody_elses() {
    let retailer = Tenant::sign_up().await;
    let (mine, lost, other) = (owner(&retailer).await, owner(&retailer).await, person(&retailer, Role::Viewer).await);
    for session in [&retailer.owner, &lost.client] {
        session.get("/v1/me").await.ok();
    }
    let ended = mine.client.post("/v1/sessions/revoke-others", json!({})).await.ok();
    assert_eq!(ended, json!({ "changed": true }));
    for session in [&retailer.owner, &lost.client] {
        session.get("/v1/me").await.refused(Code::CredentialInvalid);
    }
    other.client.get("/v1/me").await.ok();
    let left = mine.client.get("/v1/sessions").await.ok();
    assert_eq!((left["data"].as_array().unwrap().len(), &left["data"][0]["id"]), (1, &json!(mine.session)));
    let again = mine.client.post("/v1/sessions/revoke-others", json!({})).await.ok();
    assert_eq!(again, json!({ "changed": false }));
    assert_eq!(actions(&mine.client, &mine.id).await, ["session.others_revoked"]);
}

#[tokio::test]
async fn what_is_sensitive_asks_for_a_fresh_proof() {
    let retailer = Tenant::sign_up().await;
    let admin = person(&retailer, Role::Admin).await;
    let other = person(&retailer, Role::Viewer).await;
    let (from, token) = (somewhere(), json!({ "name": "A feed", "scopes": ["samples:write"] }));
    admin.client.post("/v1/api-tokens", &token).await.ok();
    proof_ages(&retailer, &admin.session).await;
    admin.client.get("/v1/staff").await.ok();
    let change = json!({ "role": "analyst" });
    let path = format!("/v1/staff/{}", other.id);
    admin.client.post("/v1/api-tokens", &token).await.refused(Code::ReauthenticationRequired);
    admin.client.patch(&path, 1, &change).await.refused(Code::ReauthenticationRequired);
    for verb in ["disable", "enable"] {
        let verb = format!("{path}/{verb}");
        admin.client.post(&verb, json!({})).await.refused(Code::ReauthenticationRequired);
    }
    admin.client.post("/v1/second-factor", json!({})).await.refused(Code::ReauthenticationRequired);
    let rule = json!({ "required": "owners" });
    admin.client.post("/v1/tenant/second-factor", rule).await.refused(Code::ReauthenticationRequired);

    // Refreshing is no proof, and a wrong password is none either.
    let signed = retailer.anonymous.post("/v1/sessions/refresh", json!({ "refresh_token": admin.refresh_token })).await;
    let refreshed = retailer.anonymous.bearing(text(&signed.ok()["access_token"]));
    refreshed.patch(&path, 1, &change).await.refused(Code::ReauthenticationRequired);
    let reauthenticate = "/v1/sessions/reauthenticate";
    let wrong = post_from(&admin.client, &from, reauthenticate, &json!({ "password": "not the password" })).await;
    wrong.refused(Code::SignInFailed);
    admin.client.patch(&path, 1, &change).await.refused(Code::ReauthenticationRequired);
    let problem = admin.client.post(reauthenticate, json!({ "password": "", "code": "1" })).await;
    assert_eq!(problem.refused(Code::ValidationFailed)["errors"].as_array().unwrap().len(), 2);

    let right = post_from(&admin.client, &from, reauthenticate, &json!({ "password": PASSWORD })).await.ok();
    assert_eq!(right, json!({ "changed": true }));
    assert_eq!(admin.client.patch(&path, 1, &change).await.ok()["role"], "analyst");
    assert_eq!(actions(&retailer.owner, &admin.session).await, ["session.reauthenticated", "session.opened"]);
    // A token has nothing to prove.
    let partner = retailer.partner(&[Permission::TenantRead]).await;
    partner.post(reauthenticate, json!({ "password": PASSWORD })).await.refused(Code::StateConflict);
}
