//! What somebody is invited to: roles of the retailer's own, a department, channels; and whether it still stands when they
//! come.

use super::{accept, actions, invited, retailer, service};
use crate::authority::{give, staff_id};
use crate::harness::tenant::{PASSWORD, text, unique};
use crate::harness::{Answer, Client, Tenant};
use serde_json::{Value, json};
use tillwatch_backend::app::App;
use tillwatch_backend::router::sweeps;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn address() -> String {
    format!("invited-{}@retailer.example", unique())
}

async fn invite(by: &Client, more: Value) -> Answer {
    let mut wish = json!({ "email": address() });
    wish.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    by.post("/v1/invitations", wish).await
}

async fn made(retailer: &Tenant, path: &str, wish: Value) -> String {
    text(&retailer.owner.post(path, wish).await.ok()["id"]).to_owned()
}

fn fields(problem: &Value) -> Vec<String> {
    let fields = problem["errors"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|field| format!("{} {}", text(&field["pointer"]), text(&field["code"]))).collect()
}

#[tokio::test]
async fn an_agency_is_invited_with_a_role_a_department_and_channels_from_the_start() {
    let retailer = Tenant::sign_up().await;
    let channel = retailer.channel("微信小店").await;
    retailer.channel("Another").await;
    let permissions = json!(["channels:read", "campaigns:read"]);
    let role = made(&retailer, "/v1/roles", json!({ "name": "代理商", "permissions": permissions })).await;
    let department = made(&retailer, "/v1/departments", json!({ "name": "市场部" })).await;
    let wish = json!({ "custom_role": role, "department": department, "channels": [channel] });
    let invitation = invite(&retailer.owner, wish).await.ok();
    assert_eq!(
        (&invitation["role"], &invitation["custom_role"]["name"], &invitation["department"]["name"]),
        (&json!("viewer"), &json!("代理商"), &json!("市场部"))
    );
    assert_eq!(invitation["channels"], json!([channel]));
    let listed = retailer.owner.get("/v1/invitations").await.ok();
    assert_eq!(listed["data"][0]["custom_role"], json!({ "id": role, "name": "代理商" }));
    let named = "SELECT fields -> 'invitation' ->> 'custom_role' FROM mails WHERE tenant_id";
    assert_eq!(retailer.database.texts(&format!("{named} = '{}'", retailer.id.0)).await, ["代理商"]);

    let signed = accept(&retailer.anonymous, &invited(&retailer, &invitation).await, "李雷", PASSWORD).await.ok();
    let me = &signed["me"];
    assert_eq!((&me["permissions"], &me["channels"]), (&permissions, &json!([channel])));
    assert_eq!(me["staff"]["custom_role"]["name"], "代理商");
    let li = retailer.anonymous.bearing(text(&signed["access_token"]));
    let seen = li.get("/v1/channels").await.ok();
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(1), "no other channel from the first moment: {seen}");
    let member = retailer.owner.get(&format!("/v1/staff/{}", text(&me["staff"]["id"]))).await.ok();
    assert_eq!((&member["department"]["name"], &member["channels"]), (&json!("市场部"), &json!([channel])));
}

#[tokio::test]
async fn every_wrong_right_of_an_invitation_is_told_at_once() {
    let (retailer, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let role = made(&retailer, "/v1/roles", json!({ "name": "R", "permissions": ["audit:read"] })).await;
    let theirs = made(&other, "/v1/roles", json!({ "name": "R", "permissions": [] })).await;
    let department = made(&other, "/v1/departments", json!({ "name": "D" })).await;
    let (channel, foreign) = (retailer.channel("A").await, other.channel("B").await);
    for (wish, told) in [
        (json!({}), vec!["/role one_of"]),
        (json!({ "role": "viewer", "custom_role": role }), vec!["/role one_of"]),
        (
            json!({ "custom_role": theirs, "department": department, "channels": [channel, channel, foreign] }),
            vec!["/custom_role not_found", "/department not_found", "/channels/1 duplicate", "/channels/2 not_found"],
        ),
        (json!({ "role": "owner", "channels": [] }), vec!["/channels owner"]),
        (json!({ "role": "viewer", "name": "李\n雷" }), vec!["/name control_character"]),
    ] {
        let problem = invite(&retailer.owner, wish.clone()).await.refused(Code::ValidationFailed);
        assert_eq!(fields(&problem), told, "{wish}");
    }
    // Nobody gives what they lack, in whatever role it comes.
    let keeping = json!({ "name": "Keeper", "permissions": ["staff:read", "staff:write"] });
    let keeping = made(&retailer, "/v1/roles", keeping).await;
    let keeper = retailer.staff(Role::Admin).await;
    give(&retailer, &staff_id(&keeper).await, json!({ "custom_role": keeping })).await.ok();
    crate::harness::eventually("the role to count", async || {
        (keeper.get("/v1/me").await.ok()["permissions"] == json!(["staff:read", "staff:write"])).then_some(())
    })
    .await;
    let problem = invite(&keeper, json!({ "custom_role": role })).await.refused(Code::ValidationFailed);
    assert_eq!(fields(&problem), ["/custom_role not_yours"]);
    invite(&keeper, json!({ "role": "viewer" })).await.refused(Code::PermissionDenied);
    let own = invite(&keeper, json!({ "custom_role": keeping })).await.ok();
    let owners = invite(&retailer.owner, json!({ "custom_role": role })).await.ok();
    let resend = |invitation: &Value| format!("/v1/invitations/{}/resend", text(&invitation["id"]));
    keeper.post(&resend(&owners), json!({})).await.refused(Code::PermissionDenied);
    assert_eq!(keeper.post(&resend(&own), json!({})).await.ok(), json!({ "changed": false }));
    assert!(!actions(&retailer, "invitation.sent_again").await.contains(&"invitation.sent_again".to_owned()));
    let taken = json!({ "email": own["email"], "role": "viewer" });
    let problem = retailer.owner.post("/v1/invitations", taken).await.refused(Code::AlreadyExists);
    assert_eq!(fields(&problem), ["/email taken"]);
}

#[tokio::test]
async fn an_invitation_does_not_outlive_the_rights_of_who_gave_it() {
    let retailer = Tenant::sign_up().await;
    let inviters =
        [retailer.staff(Role::Admin).await, retailer.staff(Role::Admin).await, retailer.staff(Role::Admin).await];
    let mut ids = Vec::new();
    for inviter in &inviters {
        ids.push(staff_id(inviter).await);
    }
    let mut invitations = Vec::new();
    for inviter in &inviters {
        invitations.push(invite(inviter, json!({ "role": "marketer" })).await.ok());
    }
    let owner = &retailer.owner;
    owner.post(&format!("/v1/staff/{}/disable", ids[0]), json!({})).await.ok();
    owner.patch(&format!("/v1/staff/{}", ids[1]), 1, json!({ "role": "viewer" })).await.ok();
    give(&retailer, &ids[2], json!({ "channels": [] })).await.ok();
    for invitation in &invitations {
        let token = invited(&retailer, invitation).await;
        let problem = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.refused(Code::StateConflict);
        assert!(text(&problem["detail"]).contains("new invitation"), "{problem}");
        assert_eq!(owner.get(&format!("/v1/invitations/{}", text(&invitation["id"]))).await.ok()["state"], "pending");
    }
    // Sent again by somebody who may, it stands again.
    let ago = "UPDATE invitations SET mailed_at = now() - interval '2 minutes' WHERE tenant_id";
    retailer.database.execute(&format!("{ago} = '{}'", retailer.id.0)).await;
    owner.post(&format!("/v1/invitations/{}/resend", text(&invitations[0]["id"])), json!({})).await.ok();
    let token = invited(&retailer, &invitations[0]).await;
    let signed = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.ok();
    assert_eq!(signed["me"]["staff"]["role"], "marketer");
}

#[tokio::test]
async fn what_was_archived_meanwhile_is_not_given() {
    let retailer = Tenant::sign_up().await;
    let role = made(&retailer, "/v1/roles", json!({ "name": "店长", "permissions": ["channels:read"] })).await;
    let department = made(&retailer, "/v1/departments", json!({ "name": "市场部" })).await;
    let with_role = invite(&retailer.owner, json!({ "custom_role": role })).await.ok();
    let placed = invite(&retailer.owner, json!({ "role": "viewer", "department": department })).await.ok();
    retailer.owner.post(&format!("/v1/roles/{role}/archive"), json!({})).await.ok();
    retailer.owner.post(&format!("/v1/departments/{department}/archive"), json!({})).await.ok();
    let token = invited(&retailer, &with_role).await;
    let problem = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.refused(Code::StateConflict);
    assert!(text(&problem["detail"]).contains("archived"), "{problem}");
    let resend = format!("/v1/invitations/{}/resend", text(&with_role["id"]));
    retailer.owner.post(&resend, json!({})).await.refused(Code::StateConflict);
    // A department gives no rights, so its end keeps nobody out.
    let token = invited(&retailer, &placed).await;
    let signed = accept(&retailer.anonymous, &token, "Li", PASSWORD).await.ok();
    let member = retailer.owner.get(&format!("/v1/staff/{}", text(&signed["me"]["staff"]["id"]))).await.ok();
    assert_eq!((&member["department"], &member["role"]), (&json!(null), &json!("viewer")));
}

#[tokio::test]
async fn a_full_retailer_invites_and_enables_nobody() {
    let retailer = Tenant::sign_up().await;
    let leaver = retailer.staff(Role::Viewer).await;
    let leaver = format!("/v1/staff/{}", staff_id(&leaver).await);
    retailer.owner.post(&format!("{leaver}/disable"), json!({})).await.ok();
    let early = invite(&retailer.owner, json!({ "role": "viewer" })).await.ok();
    let limit = format!("UPDATE tenants SET limit_staff = 1 WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&limit).await;
    for refused in [
        retailer.owner.post(&format!("{leaver}/enable"), json!({})).await,
        invite(&retailer.owner, json!({ "role": "viewer" })).await,
        accept(&retailer.anonymous, &invited(&retailer, &early).await, "Li", PASSWORD).await,
    ] {
        let problem = refused.refused(Code::StateConflict);
        assert!(text(&problem["detail"]).contains("limit is 1 staff"), "{problem}");
    }
    assert_eq!(retailer.owner.get(&leaver).await.ok()["state"], "disabled");
}

#[tokio::test]
async fn nobody_joins_or_goes_over_to_a_suspended_retailer() {
    let (retailer, home) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let email = home.add_staff(Role::Analyst).await;
    let wish = json!({ "email": email, "role": "viewer" });
    let joined = retailer.owner.post("/v1/invitations", wish).await.ok();
    accept(&retailer.anonymous, &invited(&retailer, &joined).await, "Agency", PASSWORD).await.ok();
    let late = invite(&retailer.owner, json!({ "role": "viewer" })).await.ok();
    let token = invited(&retailer, &late).await;
    let suspend = format!("UPDATE tenants SET state = 'suspended' WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&suspend).await;
    accept(&retailer.anonymous, &token, "Li", PASSWORD).await.refused(Code::TenantSuspended);
    let at_home = json!({ "email": email, "password": PASSWORD, "tenant": home.id });
    let signed = home.anonymous.post("/v1/sessions", at_home).await.ok();
    let agency = home.anonymous.bearing(text(&signed["access_token"]));
    let switch = json!({ "tenant": retailer.id });
    agency.post("/v1/sessions/switch", &switch).await.refused(Code::TenantSuspended);
    // Nothing of it was kept: served again, both come in.
    let resume = format!("UPDATE tenants SET state = 'active' WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&resume).await;
    accept(&retailer.anonymous, &token, "Li", PASSWORD).await.ok();
    agency.post("/v1/sessions/switch", &switch).await.ok();
}

#[tokio::test]
async fn what_was_over_long_ago_is_removed_and_nothing_else() {
    let service = service().await;
    let retailer = retailer(&service).await;
    retailer.staff(Role::Viewer).await;
    let old = invite(&retailer.owner, json!({ "role": "viewer" })).await.ok();
    let recent = invite(&retailer.owner, json!({ "role": "viewer" })).await.ok();
    for _ in 0..2 {
        retailer.owner.post("/v1/chat-links/code", json!({})).await.ok();
    }
    let id: tillwatch_shared::ids::InvitationId = text(&old["id"]).parse().expect("an id");
    let (long, lately) = ("now() - interval '91 days'", "now() - interval '89 days'");
    let last = |table: &str, id: &str| format!("{id} = (SELECT max({id}::text)::uuid FROM {table})");
    retailer
        .database
        .execute(&format!(
            "UPDATE invitations SET expires_at = {lately}; \
             UPDATE invitations SET expires_at = {long} WHERE invitation_id = '{}'; \
             UPDATE link_codes SET expires_at = {lately}; UPDATE link_codes SET expires_at = {long} WHERE {}; \
             UPDATE sessions SET ended_at = {long} WHERE {}",
            id.0,
            last("link_codes", "link_code_id"),
            last("sessions", "session_id"),
        ))
        .await;
    let app = App::new(service.inside()).expect("a view of the service");
    for name in ["invitations.over", "chat.codes_over", "auth.sessions_over"] {
        let sweep = sweeps().into_iter().find(|sweep| sweep.name == name).expect("a sweep");
        (sweep.perform)(&app).await.expect("a round");
    }
    retailer.owner.get(&format!("/v1/invitations/{}", text(&old["id"]))).await.refused(Code::NotFound);
    retailer.owner.get(&format!("/v1/invitations/{}", text(&recent["id"]))).await.ok();
    for table in ["invitations", "link_codes", "sessions"] {
        assert_eq!(service.database.number(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}");
    }
    service.stop().await;
}
