//! An alert that nobody takes is told again: in chat, then by mail; one that somebody took is reminded of only.

use super::{Story, one};
use crate::harness::tenant::text;
use serde_json::json;
use tillwatch_shared::permissions::Role;

impl Story {
    /// As if the open alerts had been told so long ago: what is due by then is done.
    async fn wait(&self) {
        self.due("alert_again").await;
    }

    /// The subjects' templates of the mails that were written.
    async fn mails(&self, template: &str) -> i64 {
        let count = format!("SELECT count(*) FROM mails WHERE template = '{template}'");
        self.service.database.number(&count).await
    }
}

#[tokio::test]
async fn a_critical_alert_that_nobody_takes_is_told_again_in_chat_and_then_by_mail() {
    let mut story = Story::begin().await;
    story.retailer.add_staff(Role::Analyst).await;
    story.retailer.add_staff(Role::Viewer).await;
    let campaign = story.retailer.active_campaign("Coupons").await;
    story.retailer.stop_loss(&campaign, 100).await;
    story.spend(&campaign, "a", 150).await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("").await);

    story.wait().await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.messages.len(), 2);
    let again = one(story.chat.notices("escalation"));
    assert!(again.words().contains("Nobody has acknowledged this since"), "{}", again.words());
    assert_eq!(again.reply().buttons.len(), story.chat.of(&alert).reply().buttons.len(), "it can be taken there");
    // A job that is done twice tells once.
    let tenant = story.retailer.id.0;
    let repeat = format!(
        "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
         SELECT gen_random_uuid(), '{tenant}', 'alert_again', jsonb_build_object('alert', '{}', 'spoke_at', \
         to_jsonb(spoke_at), 'step', 0), 'r', 'ready', now(), now() FROM alerts",
        text(&alert["id"])
    );
    story.service.database.execute(&repeat).await;
    story.retailer.settled().await;
    assert!(story.chat.catch_up().await.is_empty());

    // Then those who run the watching are written to: the owner and the analyst; then those who run the retailer.
    assert_eq!(story.mails("alert_escalated").await, 0);
    story.wait().await;
    assert_eq!(story.mails("alert_escalated").await, 2);
    story.wait().await;
    assert_eq!(story.mails("alert_escalated").await, 3);
    // The campaign's launch may be told behind the alert that its cost raised.
    let steps: Vec<String> = story.steps(&alert).await.into_iter().filter(|step| step != "campaign_launched").collect();
    assert_eq!(steps, ["opened", "escalated", "escalated", "escalated"]);

    // Somebody takes it: every message says so, nothing is escalated any more, and while it fires it is reminded of.
    let place = format!("/v1/alerts/{}/acknowledge", text(&alert["id"]));
    story.chatting.post(&place, json!({})).await.ok();
    story.chat.catch_up().await;
    assert!(one(story.chat.notices("escalation")).words().contains("Taken by Olive Owner"));
    story.wait().await;
    story.chat.catch_up().await;
    let reminder = one(story.chat.notices("reminder"));
    assert!(reminder.words().contains("This still fires, since"), "{}", reminder.words());
    assert_eq!(story.chat.messages.len(), 3);

    // It resolves by itself, and is not told again.
    story.spend(&campaign, "a", 10).await;
    story.chat.catch_up().await;
    assert!(story.chat.messages.iter().all(|message| message.state() == "resolved"));
    story.wait().await;
    assert!(story.chat.catch_up().await.is_empty());
    story.service.stop().await;
}

#[tokio::test]
async fn a_silenced_alert_is_not_escalated_and_begins_anew_when_it_speaks() {
    let mut story = Story::begin().await;
    story.threshold("Sales sink", "sales", json!({})).await;
    story.day("sales", 2, 5.0, None).await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("").await);
    let place = format!("/v1/alerts/{}/silence", text(&alert["id"]));
    story.retailer.owner.post(&place, json!({ "minutes": 60, "reason": "Known" })).await.ok();
    story.wait().await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.notices("escalation").len(), 0);
    story.pass_time("ends_at = now()", "alerts_settle").await;
    story.wait().await;
    story.chat.catch_up().await;
    assert_eq!(story.chat.notices("escalation").len(), 1);
    story.service.stop().await;
}
