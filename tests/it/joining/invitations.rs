//! Inviting, joining, and all that a link must not open.

use super::{accept, actions, invited, retailer, service};
use crate::harness::tenant::{PASSWORD, text, unique};
use crate::harness::{Tenant, redacted, shared};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

async fn invite(retailer: &Tenant, email: &str, role: Role) -> Value {
    retailer.owner.post("/v1/invitations", json!({ "email": email, "role": role })).await.ok()
}

fn address() -> String {
    format!("new-{}@retailer.example", unique())
}

#[tokio::test]
async fn somebody_is_invited_joins_with_a_new_login_and_works() {
    let retailer = Tenant::sign_up().await;
    let email = address();
    let wish = json!({ "email": email.to_uppercase(), "name": "李雷", "role": "marketer", "locale": "zh-CN" });
    let made = retailer.owner.post("/v1/invitations", wish).await;
    assert_eq!(made.status, 201);
    let path = made.header("location").to_owned();
    let made = made.ok();
    insta::assert_json_snapshot!(redacted(&made));
    retailer.settled().await;
    let seen = retailer.owner.get(&path).await.ok();
    assert_eq!((&seen["state"], &seen["mail"], &seen["email"]), (&json!("pending"), &json!("kept"), &json!(email)));

    let token = invited(&retailer, &made).await;
    let signed = accept(&retailer.anonymous, &token, " 李雷 ", PASSWORD).await;
    assert_eq!((signed.status, signed.header("location")), (201, "/v1/me"));
    let signed = signed.ok();
    let staff = &signed["me"]["staff"];
    assert_eq!((&staff["name"], &staff["role"]), (&json!("李雷"), &json!("marketer")));
    assert_eq!(signed["me"]["tenant"]["name"], json!(retailer.name));
    let li = retailer.anonymous.bearing(text(&signed["access_token"]));
    li.post("/v1/channels", json!({ "name": "Li's channel", "kind": "email" })).await.ok();
    retailer.sign_in(&email, PASSWORD).await.ok();
    let over = retailer.owner.get(&path).await.ok();
    assert_eq!((&over["state"], &over["staff"]), (&json!("accepted"), &staff["id"]));

    let again = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.refused(Code::StateConflict);
    assert!(text(&again["detail"]).contains("accepted already"), "{again}");
    retailer.owner.post(&format!("{path}/resend"), json!({})).await.refused(Code::StateConflict);
    retailer.owner.post(&format!("{path}/withdraw"), json!({})).await.refused(Code::StateConflict);
    assert_eq!(actions(&retailer, "invitation.").await, ["invitation.made", "invitation.accepted"]);
    let log = retailer.owner.get("/v1/audit-entries?limit=200").await.text();
    assert!(!log.contains(&email) && !log.contains("李雷"), "the log holds no personal data: {log}");
}

#[tokio::test]
async fn a_login_of_another_retailer_joins_with_its_own_password() {
    let (one, two) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let email = one.add_staff(Role::Analyst).await;
    let token = invited(&two, &invite(&two, &email, Role::Viewer).await).await;
    // A good password, but not the one of the login that is there.
    accept(&two.anonymous, &token, "Guest", "staple battery horse").await.refused(Code::SignInFailed);
    let signed = accept(&two.anonymous, &token, "Guest", PASSWORD).await.ok();
    assert_eq!(signed["me"]["tenant"]["id"], json!(two.id));
    let places = two.sign_in(&email, PASSWORD).await.ok();
    assert_eq!(places["places"].as_array().unwrap().len(), 2, "one login, two places: {places}");
    let token = invited(&two, &invite(&two, &email, Role::Admin).await).await;
    accept(&two.anonymous, &token, "Guest", PASSWORD).await.refused(Code::StateConflict);
    let signed = two.anonymous.post("/v1/sessions", json!({ "email": email, "password": PASSWORD, "tenant": two.id }));
    assert_eq!(signed.await.ok()["me"]["staff"]["role"], "viewer", "the place is as it was");
}

#[tokio::test]
async fn nobody_invites_above_themselves() {
    let retailer = Tenant::sign_up().await;
    let admin = retailer.staff(Role::Admin).await;
    let wish = |role: Role| json!({ "email": address(), "role": role });
    let problem = admin.post("/v1/invitations", wish(Role::Owner)).await.refused(Code::PermissionDenied);
    assert!(text(&problem["detail"]).contains("`tenant:delete`"), "{problem}");
    let second = admin.post("/v1/invitations", wish(Role::Admin)).await.ok();
    let owners = retailer.owner.post("/v1/invitations", wish(Role::Owner)).await.ok();
    let path = |invitation: &Value, verb: &str| format!("/v1/invitations/{}/{verb}", text(&invitation["id"]));
    admin.post(&path(&owners, "resend"), json!({})).await.refused(Code::PermissionDenied);
    assert_eq!(admin.post(&path(&second, "withdraw"), json!({})).await.ok(), json!({ "changed": true }));
    for role in [Role::Marketer, Role::Compliance, Role::Viewer] {
        let staff = retailer.staff(role).await;
        staff.post("/v1/invitations", wish(Role::Viewer)).await.refused(Code::PermissionDenied);
        staff.get("/v1/invitations").await.refused(Code::PermissionDenied);
    }
    let problem = retailer.owner.post("/v1/api-tokens", json!({ "name": "t", "scopes": [Permission::StaffWrite] }));
    assert_eq!(problem.await.refused(Code::ValidationFailed)["errors"][0]["code"], "not_for_tokens");
    // Whoever signed in too long ago confirms who they are first.
    let old = format!(
        "UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE tenant_id = '{}'",
        retailer.id.0
    );
    retailer.database.execute(&old).await;
    tokio::time::sleep(crate::harness::SOON).await;
    admin.post("/v1/invitations", wish(Role::Viewer)).await.refused(Code::ReauthenticationRequired);
}

#[tokio::test]
async fn a_link_that_was_replaced_withdrawn_or_is_too_old_opens_nothing() {
    let retailer = Tenant::sign_up().await;
    let email = address();
    let first = invite(&retailer, &email, Role::Viewer).await;
    let path = format!("/v1/invitations/{}", text(&first["id"]));
    let duplicate = retailer.owner.post("/v1/invitations", json!({ "email": email, "role": "viewer" })).await;
    duplicate.refused(Code::AlreadyExists);
    let old = invited(&retailer, &first).await;
    let resend = async || retailer.owner.post(&format!("{path}/resend"), json!({})).await.ok();
    assert_eq!(resend().await, json!({ "changed": false }), "it went out just now");
    let id: tillwatch_shared::ids::InvitationId = text(&first["id"]).parse().expect("an id");
    let change = async |what: &str| {
        let row = format!("UPDATE invitations SET {what} WHERE invitation_id = '{}'", id.0);
        retailer.database.execute(&row).await;
    };
    change("mailed_at = now() - interval '2 minutes'").await;
    assert_eq!(resend().await, json!({ "changed": true }));
    let new = invited(&retailer, &first).await;
    accept(&retailer.anonymous, &old, "Li", PASSWORD).await.refused(Code::CredentialInvalid);

    let old_hash = format!("UPDATE directory_links SET expires_at = now() WHERE subject_id = '{}'", id.0);
    retailer.database.execute(&old_hash).await;
    change("expires_at = now()").await;
    accept(&retailer.anonymous, &new, "Li", PASSWORD).await.refused(Code::CredentialInvalid);
    assert_eq!(retailer.owner.get(&path).await.ok()["state"], "expired");
    // The address can be invited anew, and the second one taken back.
    let second = invite(&retailer, &email, Role::Viewer).await;
    assert_eq!(retailer.owner.get(&path).await.ok()["state"], "withdrawn");
    let token = invited(&retailer, &second).await;
    let withdraw = format!("/v1/invitations/{}/withdraw", text(&second["id"]));
    for changed in [true, false] {
        assert_eq!(retailer.owner.post(&withdraw, json!({})).await.ok(), json!({ "changed": changed }));
    }
    let problem = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.refused(Code::StateConflict);
    assert!(text(&problem["detail"]).contains("withdrawn"), "{problem}");
    for nonsense in ["twl_", "", "密码", &"x".repeat(256)] {
        accept(&retailer.anonymous, nonsense, "Li", PASSWORD).await.refused(Code::CredentialInvalid);
    }
    let listed = retailer.owner.get("/v1/invitations?limit=1").await.ok();
    assert_eq!((listed["data"].as_array().map(Vec::len), listed["next_cursor"].is_string()), (Some(1), true));
}

#[tokio::test]
async fn of_many_who_use_one_link_at_once_one_joins() {
    let service = service().await;
    let retailer = retailer(&service).await;
    let token = invited(&retailer, &invite(&retailer, &address(), Role::Viewer).await).await;
    let answers = join_all((0..8).map(|_| accept(&retailer.anonymous, &token, "Li", PASSWORD))).await;
    let joined = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(joined, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "the others are told");
    let staff = format!("SELECT count(*) FROM staff WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(retailer.database.number(&staff).await, 2);
    service.stop().await;
}

#[tokio::test]
async fn every_wrong_field_of_an_invitation_is_told_at_once() {
    let retailer = Tenant::sign_up().await;
    let pointers = |problem: &Value| -> Vec<String> {
        let errors = problem["errors"].as_array().expect("fields");
        errors.iter().map(|field| text(&field["pointer"]).to_owned()).collect()
    };
    let wish = json!({ "email": "no address", "name": "x".repeat(121), "role": "viewer" });
    let problem = retailer.owner.post("/v1/invitations", wish).await.refused(Code::ValidationFailed);
    assert_eq!(pointers(&problem), ["/email", "/name"]);
    let wish = json!({ "email": address(), "role": "emperor" });
    let problem = retailer.owner.post("/v1/invitations", wish).await.refused(Code::ValidationFailed);
    assert_eq!(pointers(&problem), ["/role"]);
    let wish = json!({ "token": "t", "name": " ", "password": "" });
    let problem = shared().anonymous().post("/v1/invitations/accept", wish).await.refused(Code::ValidationFailed);
    assert_eq!(pointers(&problem), ["/name", "/password"]);
    let token = invited(&retailer, &invite(&retailer, &address(), Role::Viewer).await).await;
    let problem = accept(&retailer.anonymous, &token, "Li", "password").await.refused(Code::ValidationFailed);
    assert_eq!(pointers(&problem), ["/password"], "a new login's password is a good one");
    accept(&retailer.anonymous, &token, "Li", PASSWORD).await.ok();
}
