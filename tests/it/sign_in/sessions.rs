//! Sign-up, sign-in, refresh, sign-out.

use crate::harness::tenant::{PASSWORD, patiently, text, unique};
use crate::harness::{Answer, SOON, Tenant, becomes, redacted, shared};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn sign_up_wish(email: &str) -> Value {
    json!({ "retailer": "Harbour", "name": "Mei Lin", "email": email, "password": PASSWORD, "time_zone": "Asia/Shanghai", "currency": "CNY", "locale": "zh-CN" })
}

#[tokio::test]
async fn a_retailer_signs_up_once_and_is_signed_in() {
    let anonymous = shared().anonymous();
    let email = format!("Mei-{}@Harbour.example", unique());
    let signed = patiently(async || anonymous.post("/v1/sign-up", sign_up_wish(&email)).await).await;
    assert_eq!((signed.status, signed.header("location")), (201, "/v1/me"));
    let signed = signed.ok();
    insta::assert_json_snapshot!(redacted(&signed));
    let me = anonymous.bearing(text(&signed["access_token"])).get("/v1/me").await.ok();
    assert_eq!(me, signed["me"]);
    // The address is taken, in any case of letters.
    let again = sign_up_wish(&email.to_uppercase());
    let answer = patiently(async || anonymous.post("/v1/sign-up", &again).await).await;
    answer.refused(Code::AlreadyExists);
}

#[tokio::test]
async fn a_wrong_sign_up_is_told_every_field_at_once() {
    let wish = json!({
        "retailer": " ", "name": "x".repeat(121), "email": "no address", "password": "password", "time_zone": "Mars/Olympus", "currency": "usd",
    });
    let problem = shared().anonymous().post("/v1/sign-up", wish).await.refused(Code::ValidationFailed);
    insta::assert_json_snapshot!(redacted(&problem));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let retailer = Tenant::sign_up().await;
    retailer.sign_in(&retailer.email.to_uppercase(), PASSWORD).await.ok();
    let mut wrong = retailer.sign_in(&retailer.email, "not the password").await.refused(Code::SignInFailed);
    let mut unknown = retailer.sign_in("nobody@retailer.example", PASSWORD).await.refused(Code::SignInFailed);
    for problem in [&mut wrong, &mut unknown] {
        problem["request_id"] = Value::Null;
    }
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_one_is_refused_before_it_is_tried() {
    let anonymous = shared().anonymous();
    for (pointer, wish) in [
        ("/email", json!({ "email": "nobody\0@retailer.example", "password": PASSWORD })),
        ("/email", json!({ "email": "x".repeat(255), "password": PASSWORD })),
        ("/password", json!({ "email": "nobody@retailer.example", "password": "x".repeat(129) })),
        ("/password", json!({ "email": "nobody@retailer.example", "password": "" })),
    ] {
        let problem = anonymous.post("/v1/sessions", wish).await.refused(Code::ValidationFailed);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let problem = anonymous.post("/v1/sign-up", sign_up_wish("nobody\0@retailer.example")).await;
    assert_eq!(problem.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/email");
}

#[tokio::test]
async fn a_retailer_that_is_named_must_be_one_of_the_logins() {
    let (retailer, elsewhere) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let wish = |tenant: &Tenant| json!({ "email": retailer.email, "password": PASSWORD, "tenant": tenant.id });
    let signed = retailer.anonymous.post("/v1/sessions", wish(&retailer)).await.ok();
    assert_eq!(signed["me"]["tenant"]["name"], json!(retailer.name));
    elsewhere.anonymous.post("/v1/sessions", wish(&elsewhere)).await.refused(Code::SignInFailed);
}

async fn refresh(retailer: &Tenant, token: &str) -> Answer {
    retailer.anonymous.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_refresh_token_rotates_and_a_lost_answer_is_forgiven() {
    let retailer = Tenant::sign_up().await;
    let second = refresh(&retailer, &retailer.refresh_token).await.ok();
    assert_ne!(text(&second["refresh_token"]), retailer.refresh_token);
    // The answer was lost and the same token is shown again: the same successor.
    let once_more = refresh(&retailer, &retailer.refresh_token).await.ok();
    assert_eq!(once_more["refresh_token"], second["refresh_token"]);
    assert_eq!(once_more["session"], second["session"]);
    let third = refresh(&retailer, text(&second["refresh_token"])).await.ok();
    assert_ne!(third["refresh_token"], second["refresh_token"]);
    retailer.anonymous.bearing(text(&third["access_token"])).get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_session_and_is_audited() {
    let retailer = Tenant::sign_up().await;
    let second = refresh(&retailer, &retailer.refresh_token).await.ok();
    let third = refresh(&retailer, text(&second["refresh_token"])).await.ok();
    retailer.owner.get("/v1/me").await.ok();
    refresh(&retailer, &retailer.refresh_token).await.refused(Code::CredentialInvalid);
    // Whoever holds the newest token is out as well: nobody can tell the thief from the owner.
    refresh(&retailer, text(&third["refresh_token"])).await.refused(Code::CredentialInvalid);
    becomes(401, async || retailer.owner.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    let signed = retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    let owner = retailer.anonymous.bearing(text(&signed["access_token"]));
    let session = text(&third["session"]);
    let entries = owner.get(&format!("/v1/audit-entries?object={session}")).await.ok();
    let actions: Vec<&str> = entries["data"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["session.reuse_detected", "session.opened"]);
}

#[tokio::test]
async fn refreshes_at_once_make_one_successor() {
    let retailer = Tenant::sign_up().await;
    let calls = (0..12).map(|_| patiently(async || refresh(&retailer, &retailer.refresh_token).await));
    let answers = futures_util::future::join_all(calls).await;
    let mut successors: Vec<String> = answers.into_iter().map(|a| text(&a.ok()["refresh_token"]).to_owned()).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1, "{successors:?}");
}

#[tokio::test]
async fn signing_out_ends_the_session_within_a_second_and_no_other() {
    let retailer = Tenant::sign_up().await;
    let other = retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    let other = retailer.anonymous.bearing(text(&other["access_token"]));
    assert_eq!(retailer.owner.post("/v1/sessions/sign-out", json!({})).await.ok(), json!({ "changed": true }));
    becomes(401, async || retailer.owner.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    refresh(&retailer, &retailer.refresh_token).await.refused(Code::CredentialInvalid);
    other.get("/v1/me").await.ok();
    // A partner's token has no session to end.
    let partner = Tenant::sign_up().await.partner(&[]).await;
    partner.post("/v1/sessions/sign-out", json!({})).await.refused(Code::StateConflict);
}

#[tokio::test]
async fn a_disabled_staff_is_out_and_a_changed_role_counts_within_a_second() {
    let retailer = Tenant::sign_up().await;
    let email = retailer.add_staff(Role::Marketer).await;
    let signed = retailer.sign_in(&email, PASSWORD).await.ok();
    let staff = retailer.anonymous.bearing(text(&signed["access_token"]));
    let wish = json!({ "name": "A channel", "kind": "email" });
    staff.post("/v1/channels", &wish).await.ok();
    let change =
        |what: &str| format!("UPDATE staff SET {what} WHERE tenant_id = '{}' AND name = 'A marketer'", retailer.id.0);
    retailer.database.execute(&change("role = 'viewer'")).await;
    tokio::time::sleep(SOON).await;
    staff.post("/v1/channels", &wish).await.refused(Code::PermissionDenied);
    retailer.database.execute(&change("disabled_at = now()")).await;
    becomes(401, async || staff.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    retailer.sign_in(&email, PASSWORD).await.refused(Code::SignInFailed);
    let token = text(&signed["refresh_token"]);
    refresh(&retailer, token).await.refused(Code::CredentialInvalid);
}
