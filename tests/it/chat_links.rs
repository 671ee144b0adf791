//! Chat links of one's own: made with a fresh sign-in, seen, removed, and ended with whatever else a thief may hold.

#![expect(clippy::expect_used, reason = "tests")]

use crate::authority::staff_id;
use crate::harness::tenant::text;
use crate::harness::{Client, Tenant, eventually};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

async fn links(person: &Client) -> Vec<Value> {
    person.get("/v1/me/chat-links").await.ok()["data"].as_array().expect("a list").clone()
}

async fn nobody(chat: &Client) {
    eventually("the chat user to be nobody", async || (chat.get("/v1/me").await.status == 403).then_some(())).await;
    chat.get("/v1/me").await.refused(Code::ChatUserNotLinked);
}

#[tokio::test]
async fn a_person_sees_and_removes_their_own_links_and_nobody_elses() {
    let retailer = Tenant::sign_up().await;
    let server = format!("own-{}", retailer.id);
    let boss = retailer.link(&retailer.owner, &server, "boss").await;
    let viewer = retailer.staff(Role::Viewer).await;
    let guest = retailer.link(&viewer, &server, "guest").await;
    let [own] = &links(&viewer).await[..] else { panic!("one link") };
    assert_eq!((&own["user_ref"], &own["staff"]["id"]), (&json!("guest"), &json!(staff_id(&viewer).await)));
    let [owners] = &links(&retailer.owner).await[..] else { panic!("one link") };
    let remove = |link: &Value| format!("/v1/me/chat-links/{}/remove", text(&link["id"]));
    viewer.post(&remove(owners), json!({})).await.refused(Code::NotFound);
    guest.get("/v1/me/chat-links").await.refused(Code::PermissionDenied);
    assert_eq!(viewer.post(&remove(own), json!({})).await.ok(), json!({ "changed": true }));
    viewer.post(&remove(own), json!({})).await.refused(Code::NotFound);
    nobody(&guest).await;
    boss.get("/v1/me").await.ok();
    assert_eq!((links(&viewer).await.len(), links(&retailer.owner).await.len()), (0, 1));
    let of = format!("/v1/audit-entries?object={}", text(&own["id"]));
    let entries = retailer.owner.get(&of).await.ok();
    assert_eq!(
        (&entries["data"][0]["action"], &entries["data"][0]["actor"]),
        (&json!("chat.unlinked"), &own["staff"]["id"])
    );
}

#[tokio::test]
async fn a_stolen_session_gets_no_code_and_what_it_linked_ends_when_its_owner_is_signed_out() {
    let retailer = Tenant::sign_up().await;
    let server = format!("stolen-{}", retailer.id);
    retailer.link(&retailer.owner, &server, "boss").await;
    let staff = retailer.staff(Role::Marketer).await;
    let chat = retailer.link(&staff, &server, "thief").await;
    chat.get("/v1/me").await.ok();
    let unused = staff.post("/v1/chat-links/code", json!({})).await.ok();

    let old = "UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE tenant_id";
    retailer
        .database
        .execute(&format!(
            "{old} = '{}' AND staff_id <> (SELECT staff_id FROM staff WHERE tenant_id = '{}' AND role = 'owner')",
            retailer.id.0, retailer.id.0
        ))
        .await;
    eventually("the proof to be too old", async || {
        (staff.post("/v1/chat-links/code", json!({})).await.status == 403).then_some(())
    })
    .await;
    staff.post("/v1/chat-links/code", json!({})).await.refused(Code::ReauthenticationRequired);

    let id = staff_id(&staff).await;
    let out = format!("/v1/staff/{id}/sign-out-everywhere");
    assert_eq!(retailer.owner.post(&out, json!({})).await.ok(), json!({ "changed": true }));
    nobody(&chat).await;
    staff.get("/v1/me").await.refused(Code::CredentialInvalid);
    let wish = json!({
        "code": unused["code"], "transport": "discord", "server": server, "channel": "c1", "user": "thief",
    });
    retailer.bot().await.post("/v1/chat-links/redeem", wish).await.refused(Code::NotFound);
    assert_eq!(retailer.owner.post(&out, json!({})).await.ok(), json!({ "changed": false }));
    let entries = retailer.owner.get(&format!("/v1/audit-entries?object={id}&limit=2")).await.ok();
    let actions: Vec<&str> = entries["data"].as_array().expect("a list").iter().map(|e| text(&e["action"])).collect();
    assert_eq!(actions, ["chat.links_ended", "staff.signed_out_everywhere"]);
    assert_eq!(entries["data"][0]["after"], json!({ "links": 1 }));
}
