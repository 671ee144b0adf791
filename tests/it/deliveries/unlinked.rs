//! A chat server that was linked to the wrong retailer, and what was on its way there.

use super::{Linked, code, redeem};
use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, eventually};
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

#[tokio::test]
async fn an_unlinked_server_gets_nothing_more_and_another_retailer_may_link_it() {
    let linked = Linked::new().await;
    let retailer = &linked.retailer;
    let other = Tenant::sign_up_at(&linked.service, Style::default()).await;
    let boss = linked.bot.on_behalf_of("discord/s1/boss");
    assert_eq!(boss.get("/v1/me").await.ok()["tenant"]["name"], json!(retailer.name));
    linked.breach().await;
    retailer.settled().await;
    assert_eq!(linked.listed("pending").await.len(), 1);

    // The other retailer is told who mends it, and how.
    let theirs = code(&other.owner).await;
    let refused = linked.bot.post("/v1/chat-links/redeem", redeem(&theirs, "s1", "chef")).await;
    let refused = refused.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("POST /v1/chat-servers/{id}/unlink"), "{refused}");

    let servers = retailer.owner.get("/v1/chat-servers").await.ok();
    let server = &servers["data"][0];
    assert_eq!(
        (&server["transport"], &server["server_ref"], &server["channel_ref"], &servers["next_cursor"]),
        (&json!("discord"), &json!("s1"), &json!("c1"), &json!(null))
    );
    let unlink = format!("/v1/chat-servers/{}/unlink", text(&server["id"]));
    retailer.staff(Role::Marketer).await.post(&unlink, json!({})).await.refused(Code::PermissionDenied);
    other.owner.post(&unlink, json!({})).await.refused(Code::NotFound);
    assert_eq!(retailer.owner.post(&unlink, json!({})).await.ok(), json!({ "changed": true }));
    retailer.owner.post(&unlink, json!({})).await.refused(Code::NotFound);
    assert_eq!(retailer.owner.get("/v1/chat-servers").await.ok()["data"], json!([]));
    assert_eq!(retailer.owner.get("/v1/chat-links").await.ok()["data"], json!([]));
    assert_eq!(text(&retailer.audited().await[0]["action"]), "chat.server_unlinked");

    // What waited is given up, and neither a newer version nor a replay revives it.
    assert!(linked.claim(0).await.is_empty(), "nothing is handed out for a server that is not the retailer's");
    retailer.settled().await;
    let [dead] = &linked.listed("dead").await[..] else { panic!("one was given up") };
    assert_eq!(dead["last_error"], "the chat server was unlinked");
    linked.acknowledge(&json!({ "alert": { "id": dead["alert"] } })).await;
    assert_eq!(linked.listed("pending").await.len(), 0);
    let replay = format!("/v1/deliveries/{}/replay", text(&dead["id"]));
    let refused = retailer.owner.post(&replay, json!({})).await.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("linked no more"), "{refused}");
    eventually("the boss to be nobody", async || (boss.get("/v1/me").await.status == 403).then_some(())).await;
    boss.get("/v1/me").await.refused(Code::ChatUserNotLinked);

    // The same code links it to the other retailer now, whose server it is from then on.
    linked.bot.post("/v1/chat-links/redeem", redeem(&theirs, "s1", "chef")).await.ok();
    let chef = linked.bot.on_behalf_of("discord/s1/chef");
    assert_eq!(chef.get("/v1/me").await.ok()["tenant"]["name"], json!(other.name));
    linked.pass_time().await;
    assert!(linked.claim(0).await.is_empty());
    let ours = code(&retailer.owner).await;
    linked.bot.post("/v1/chat-links/redeem", redeem(&ours, "s1", "boss")).await.refused(Code::StateConflict);
}

#[tokio::test]
async fn a_delivery_that_slipped_in_behind_the_unlinking_is_handed_to_nobody() {
    let linked = Linked::new().await;
    linked.breach().await;
    linked.retailer.settled().await;
    let servers = linked.retailer.owner.get("/v1/chat-servers").await.ok();
    let unlink = format!("/v1/chat-servers/{}/unlink", text(&servers["data"][0]["id"]));
    linked.retailer.owner.post(&unlink, json!({})).await.ok();
    linked.retailer.settled().await;
    linked.service.database.execute("UPDATE queue_deliveries SET state = 'pending', refused = false").await;
    linked.pass_time().await;
    assert!(linked.claim(0).await.is_empty());
}
