//! One login at several retailers: chosen at sign-in, and switched by a session.

use super::{code, enrol, post_from, proof_ages, signed_in, somewhere, step_passes};
use crate::harness::service::shared;
use crate::harness::tenant::{PASSWORD, Style, text, unique};
use crate::harness::{Client, SOON, Tenant};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

/// A retailer with a Chinese name.
async fn retailer(name: &str) -> Tenant {
    Tenant::sign_up_named(shared(), Style::default(), &format!("{name} {}", unique())).await
}

/// Gives the login of `email`, who has a place at `one`, a place at `other` too.
async fn second_place(email: &str, other: &Tenant, role: Role) {
    let tenant = other.id.0;
    other
        .database
        .execute(&format!(
            "INSERT INTO directory_staff SELECT login_id, '{tenant}', login_id FROM directory_logins WHERE email = '{email}'; \
             INSERT INTO staff (tenant_id, staff_id, login_id, name, role, created_at) \
             SELECT '{tenant}', login_id, login_id, 'Agency 代理', '{role}', now() FROM directory_logins WHERE email = '{email}'"
        ))
        .await;
}

async fn sign_in(tenant: &Tenant, wish: &Value) -> crate::harness::Answer {
    post_from(&tenant.anonymous, &somewhere(), "/v1/sessions", wish).await
}

fn places(list: &Value) -> Vec<(String, String)> {
    let place = |place: &Value| (text(&place["tenant"]).to_owned(), text(&place["name"]).to_owned());
    let mut places: Vec<_> = list.as_array().unwrap().iter().map(place).collect();
    places.sort();
    places
}

fn both(one: &Tenant, two: &Tenant) -> Vec<(String, String)> {
    let mut both = [one, two].map(|tenant| (tenant.id.to_string(), tenant.name.clone())).to_vec();
    both.sort();
    both
}

#[tokio::test]
async fn signing_in_names_the_places_and_takes_one() {
    let (one, two) = (retailer("Harbour").await, retailer("沃尔玛超市").await);
    let email = two.add_staff(Role::Analyst).await;
    second_place(&email, &one, Role::Viewer).await;
    let wish = json!({ "email": email, "password": PASSWORD });
    let choice = sign_in(&two, &wish).await;
    assert_eq!(choice.status, 200);
    assert_eq!((places(&choice.body["places"]), choice.body["access_token"].is_null()), (both(&one, &two), true));
    let wrong = json!({ "email": email, "password": "not the password" });
    sign_in(&two, &wrong).await.refused(Code::SignInFailed);

    // A code is used up by the session that it opens, not by the choice.
    let there = json!({ "email": email, "password": PASSWORD, "tenant": two.id });
    let staff = signed_in(&two, &email, &sign_in(&two, &there).await.ok());
    let (secret, _) = enrol(&staff.client).await;
    step_passes(&two, &email).await;
    sign_in(&two, &wish).await.refused(Code::SecondFactorRequired);
    let with = |wish: &Value, code: &str| {
        let mut wish = wish.clone();
        wish["code"] = json!(code);
        wish
    };
    let shown = code(&secret);
    assert_eq!(places(&sign_in(&two, &with(&wish, &shown)).await.ok()["places"]), both(&one, &two));
    let signed = sign_in(&two, &with(&there, &shown)).await.ok();
    assert_eq!(signed["me"]["tenant"]["name"], json!(two.name));
    sign_in(&two, &with(&there, &shown)).await.refused(Code::SecondFactorRequired);

    // A place that is closed to them is not offered; with one left there is nothing to choose.
    let disable = format!("UPDATE staff SET disabled_at = now() WHERE tenant_id = '{}' AND role = 'analyst'", two.id.0);
    two.database.execute(&disable).await;
    step_passes(&two, &email).await;
    let signed = sign_in(&two, &with(&wish, &code(&secret))).await.ok();
    assert_eq!(signed["me"]["tenant"]["name"], json!(one.name));
}

#[tokio::test]
async fn switching_opens_a_session_there_and_leaves_the_one_here() {
    let (one, two) = (retailer("Harbour").await, retailer("沃尔玛超市").await);
    let email = one.add_staff(Role::Marketer).await;
    second_place(&email, &two, Role::Viewer).await;
    let wish = json!({ "email": email, "password": PASSWORD, "tenant": one.id });
    let here = signed_in(&one, &email, &sign_in(&one, &wish).await.ok());
    assert_eq!(places(&here.client.get("/v1/me/places").await.ok()["data"]), both(&one, &two));
    let switch = async |who: &Client, to: &Tenant| who.post("/v1/sessions/switch", json!({ "tenant": to.id })).await;
    let signed = switch(&here.client, &two).await;
    assert_eq!(signed.status, 201);
    let there = signed_in(&two, &email, &signed.ok());
    let me = there.client.get("/v1/me").await.ok();
    assert_eq!((&me["tenant"]["name"], &me["staff"]["role"]), (&json!(two.name), &json!("viewer")));
    assert_eq!(here.client.get("/v1/me").await.ok()["tenant"]["name"], json!(one.name));
    there.client.post("/v1/channels", json!({ "name": "X", "kind": "email" })).await.refused(Code::PermissionDenied);
    // Told at both, and at neither for whom else they work.
    for (tenant, session, action) in
        [(&one, &here.session, "session.switched"), (&two, &there.session, "session.opened")]
    {
        let other = if tenant.id == one.id { &two } else { &one };
        let entries = tenant.owner.get(&format!("/v1/audit-entries?object={session}")).await;
        assert_eq!(entries.body["data"][0]["action"], action);
        assert!(
            !entries.text().contains(&other.id.to_string()) && !entries.text().contains(&other.name),
            "{}",
            entries.text()
        );
    }

    let elsewhere = Tenant::sign_up().await;
    switch(&here.client, &elsewhere).await.refused(Code::NotFound);
    switch(&here.client, &one).await.refused(Code::StateConflict);
    switch(&one.owner, &two).await.refused(Code::NotFound);
    // The one here is signed out by itself.
    here.client.post("/v1/sessions/sign-out", json!({})).await.ok();
    there.client.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_switch_proves_nothing_and_does_not_lengthen_a_sign_in() {
    let (one, two) = (retailer("Harbour").await, retailer("沃尔玛超市").await);
    let email = one.add_staff(Role::Admin).await;
    second_place(&email, &two, Role::Admin).await;
    let wish = json!({ "email": email, "password": PASSWORD, "tenant": one.id });
    let here = signed_in(&one, &email, &sign_in(&one, &wish).await.ok());
    let id: tillwatch_shared::ids::SessionId = here.session.parse().unwrap();
    let aged = format!("UPDATE sessions SET created_at = now() - interval '29 days' WHERE session_id = '{}'", id.0);
    one.database.execute(&aged).await;
    proof_ages(&one, &here.session).await;
    let switch = json!({ "tenant": two.id });
    let there = signed_in(&two, &email, &here.client.post("/v1/sessions/switch", &switch).await.ok());
    let token = json!({ "name": "A feed", "scopes": [] });
    there.client.post("/v1/api-tokens", token).await.refused(Code::ReauthenticationRequired);
    let listed = there.client.get("/v1/sessions").await.ok();
    let end: chrono::DateTime<chrono::Utc> = text(&listed["data"][0]["expires_at"]).parse().unwrap();
    assert!(end < chrono::Utc::now() + chrono::TimeDelta::hours(25), "{listed}");

    // The retailer there may ask for a second factor, and may close its door.
    two.owner.post("/v1/tenant/second-factor", json!({ "required": "everybody" })).await.ok();
    tokio::time::sleep(SOON).await;
    here.client.post("/v1/sessions/switch", &switch).await.refused(Code::EnrolmentRequired);
    two.database.execute(&format!("UPDATE staff SET disabled_at = now() WHERE tenant_id = '{}'", two.id.0)).await;
    here.client.post("/v1/sessions/switch", &switch).await.refused(Code::NotFound);
    assert_eq!(here.client.get("/v1/me/places").await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_is_over_or_of_an_old_password_opens_none_elsewhere() {
    let (one, two) = (retailer("Harbour").await, retailer("沃尔玛超市").await);
    let email = one.add_staff(Role::Marketer).await;
    second_place(&email, &two, Role::Viewer).await;
    let wish = json!({ "email": email, "password": PASSWORD, "tenant": one.id });
    let switch = json!({ "tenant": two.id });
    let here = signed_in(&one, &email, &sign_in(&one, &wish).await.ok());
    // The password is another one by now, and this retailer has not heard of it.
    let changed = format!("UPDATE directory_logins SET password_changed_at = now() WHERE email = '{email}'");
    one.database.execute(&changed).await;
    here.client.get("/v1/me").await.ok();
    here.client.post("/v1/sessions/switch", &switch).await.refused(Code::CredentialInvalid);

    let here = signed_in(&one, &email, &sign_in(&one, &wish).await.ok());
    here.client.get("/v1/me").await.ok();
    let id: tillwatch_shared::ids::SessionId = here.session.parse().unwrap();
    // The gate of this process may believe in it for a second.
    one.database.execute(&format!("UPDATE sessions SET ended_at = now() WHERE session_id = '{}'", id.0)).await;
    here.client.post("/v1/sessions/switch", &switch).await.refused(Code::CredentialInvalid);
    let opened = format!(
        "SELECT count(*) FROM sessions WHERE tenant_id = '{}' AND staff_id IN (SELECT login_id FROM directory_logins WHERE email = '{email}')",
        two.id.0
    );
    assert_eq!(two.database.number(&opened).await, 0);
}
