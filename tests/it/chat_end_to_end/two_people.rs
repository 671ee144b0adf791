//! After a stop-loss two people resume, where the retailer asks for it: one alone does not, in chat or over the API.

use super::{Chat, OWNER, text};
use crate::harness::tenant::Style;
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

const WEI: u64 = 8;

#[tokio::test]
async fn the_first_asks_the_second_resumes_with_a_button_and_both_are_in_the_audit_log() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let wei = chat.linked_staff(Role::Marketer, WEI).await;
    chat.tenant.owner.patch("/v1/tenant", 1, json!({ "resume_needs_two": true })).await.ok();
    let campaign = chat.stopped("Autumn coupons", 1_100.0).await;

    let wish = [("campaign", campaign.as_str()), ("reason", "The line was too low")];
    let asked = chat.fake.slash(OWNER, "campaign resume", &wish).await.reply().await;
    assert!(!asked.ephemeral && asked.read().contains("A second person is needed: Autumn coupons"), "{}", asked.read());
    assert!(asked.read().contains("Asked by you") && asked.read().contains("The line was too low"), "{}", asked.read());
    assert_eq!(chat.campaign(&campaign).await["state"], "paused");

    // The same person again is no second one, by button or by command, and nothing is written twice.
    let button = asked.button("Resume campaign");
    let modal = chat.fake.press(asked.id, &button, OWNER).await.modal().await;
    assert_eq!(modal.json["title"], "Resume campaign");
    let again = chat.fake.submit_modal(&modal, &[("reason", "I said so")]).await.reply().await.read();
    assert!(again.contains("A second person is needed"), "{again}");
    assert_eq!(chat.audited("campaign.resume_asked", &campaign).await.len(), 1);

    let modal = chat.fake.press(asked.id, &button, WEI).await.modal().await;
    let resumed = chat.fake.submit_modal(&modal, &[("reason", "Looked at it, too")]).await.reply().await.read();
    assert!(resumed.contains("Resumed: Autumn coupons"), "{resumed}");
    let now = chat.campaign(&campaign).await;
    assert_eq!((text(&now["state"]), text(&now["state_reason"])), ("active", "Looked at it, too"));
    assert!(now["resume_asked"].is_null(), "{now}");
    let (first, second) =
        (chat.audited("campaign.resume_asked", &campaign).await, chat.audited("campaign.resumed", &campaign).await);
    assert_eq!((text(&first[0]["via"]), text(&second[0]["via"])), (chat.via(OWNER).as_str(), chat.via(WEI).as_str()));
    assert_eq!((text(&first[0]["reason"]), second.len()), ("The line was too low", 1));

    // What a person paused is resumed by one, as ever.
    wei.post(&format!("/v1/campaigns/{campaign}/pause"), json!({ "reason": "Lunch" })).await.ok();
    let one = wei.post(&format!("/v1/campaigns/{campaign}/resume"), json!({ "reason": "Back" })).await.ok();
    assert_eq!((&one["changed"], &one["campaign"]["state"]), (&json!(true), &json!("active")));
    chat.close(bot).await;
}

#[tokio::test]
async fn a_wish_ends_with_the_day_or_with_another_state_and_a_program_is_nobody() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let wei = chat.linked_staff(Role::Marketer, WEI).await;
    let owner = &chat.tenant.owner;
    owner.patch("/v1/tenant", 1, json!({ "resume_needs_two": true })).await.ok();
    let campaign = chat.stopped("双十一", 1_100.0).await;
    let path = format!("/v1/campaigns/{campaign}/resume");
    let reason = json!({ "reason": "预算已调整" });

    let program = chat.tenant.partner(&[Permission::CampaignsResume]).await;
    let refused = program.post(&path, &reason).await.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("two people"), "{refused}");

    let asked = owner.post(&path, &reason).await.ok();
    assert_eq!((&asked["changed"], &asked["campaign"]["state"]), (&json!(false), &json!("paused")));
    assert_eq!(asked["campaign"]["resume_asked"]["reason"], "预算已调整");
    // A day later it is nobody's wish any more: the next one is the first again.
    chat.service.database.execute("UPDATE campaigns SET resume_asked_at = now() - interval '25 hours'").await;
    let first = wei.post(&path, &reason).await.ok();
    assert_eq!(first["campaign"]["state"], "paused", "{first}");
    assert_eq!(chat.audited("campaign.resume_asked", &campaign).await.len(), 2);
    // Two seconds that race: one resumes, the other finds it done.
    let (one, other) = tokio::join!(owner.post(&path, &reason), owner.post(&path, &reason));
    let changed = [one.ok()["changed"] == true, other.ok()["changed"] == true];
    assert_eq!(changed.iter().filter(|changed| **changed).count(), 1);
    assert_eq!(chat.audited("campaign.resumed", &campaign).await.len(), 1);

    // Without the setting one is enough.
    owner.patch("/v1/tenant", 2, json!({ "resume_needs_two": false })).await.ok();
    let other = chat.stopped("Spring", 1_100.0).await;
    let alone = wei.post(&format!("/v1/campaigns/{other}/resume"), &reason).await.ok();
    assert_eq!(alone["campaign"]["state"], "active");
    chat.close(bot).await;
}
