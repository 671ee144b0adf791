//! Who may not: a viewer, a stranger, somebody whose code is used up.

use super::{Chat, OWNER, text};
use crate::harness::tenant::Style;
use serde_json::json;
use tillwatch_shared::permissions::Role;

const VIEWER: u64 = 8;
const STRANGER: u64 = 9;

#[tokio::test]
async fn a_viewer_is_told_no_by_command_and_by_button_and_it_is_audited() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    chat.linked_staff(Role::Viewer, VIEWER).await;
    let autumn = chat.costly("Autumn coupons").await;
    let message = chat.shown(&["Autumn coupons (active)"]).await;

    let wish = [("campaign", autumn.as_str()), ("reason", "I would like to")];
    let answer = chat.fake.slash(VIEWER, "campaign pause", &wish).await.reply().await;
    assert!(answer.ephemeral, "a refusal is for the asker alone");
    let read = answer.read();
    assert!(read.contains("You may not pause campaigns") && read.contains("Your role is viewer"), "{read}");
    let denied = chat.audited("permission.denied", &autumn).await;
    assert_eq!((denied.len(), text(&denied[0]["via"])), (1, chat.via(VIEWER).as_str()));
    assert_eq!(denied[0]["after"]["permission"], "campaigns:pause");

    let modal = chat.fake.press(message.id, &message.button("Pause campaign"), VIEWER).await.modal().await;
    let answer = chat.fake.submit_modal(&modal, &[("reason", "Again")]).await.reply().await;
    assert!(answer.ephemeral && answer.read().contains("You may not pause campaigns"), "{}", answer.read());
    let answer = chat.fake.press(message.id, &message.button("Acknowledge"), VIEWER).await.reply().await;
    assert!(answer.read().contains("You may not acknowledge alerts"), "{}", answer.read());
    assert_eq!(chat.audited("permission.denied", &autumn).await.len(), 2);

    let now = chat.campaign(&autumn).await;
    assert_eq!((text(&now["state"]), chat.incidents()[0].edits), ("active", 0), "nothing happened");
    let list = chat.fake.slash(VIEWER, "campaign list", &[]).await.reply().await;
    assert!(list.read().contains("Autumn coupons"), "looking is allowed: {}", list.read());
    assert_eq!(chat.one_message_each().await, 1);
    chat.close(bot).await;
}

#[tokio::test]
async fn a_stranger_is_told_how_to_link_and_a_code_works_once_for_its_own_retailer_only() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let autumn = chat.tenant.active_campaign("Autumn coupons").await;
    let wish = [("campaign", autumn.as_str()), ("reason", "Hello")];
    let answer = chat.fake.slash(STRANGER, "campaign pause", &wish).await.reply().await;
    assert!(answer.ephemeral && answer.read().contains("You are not linked"), "{}", answer.read());
    assert!(answer.read().contains("/link"), "{}", answer.read());
    assert_eq!(chat.campaign(&autumn).await["state"], "active");

    let code = chat.tenant.owner.post("/v1/chat-links/code", json!({})).await.ok();
    let code = text(&code["code"]);
    let first = chat.fake.slash(STRANGER, "link", &[("code", code)]).await.reply().await;
    assert!(first.read().contains("You act as Olive Owner"), "{}", first.read());
    let second = chat.fake.slash(10, "link", &[("code", code)]).await.reply().await;
    assert!(second.ephemeral && second.read().contains("This code does not work"), "{}", second.read());
    let nobody = chat.fake.slash(10, "campaign list", &[]).await.reply().await;
    assert!(nobody.read().contains("You are not linked"), "{}", nobody.read());

    // Another retailer's owner in this retailer's server.
    let other = crate::harness::Tenant::sign_up_at(&chat.service, Style::default()).await;
    let answer = chat.link(&other.owner, 11).await;
    assert!(!answer.read().contains("Linked to"), "{}", answer.read());
    let kept = chat.fake.slash(OWNER, "campaign list", &[]).await.reply().await;
    assert!(kept.read().contains("Autumn coupons"), "{}", kept.read());
    chat.close(bot).await;
}
