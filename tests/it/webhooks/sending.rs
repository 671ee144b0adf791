//! What a receiver gets: signed events under ids that stay, again until it accepts, and again when it is asked for.

use super::receiver::{Manner, Receiver};
use super::{Told, service, webhook};
use crate::harness::eventually;
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tillwatch_backend::app::App;
use tillwatch_backend::platform::wake::Topic;
use tillwatch_backend::watch::webhooks::jobs::tidy;
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn what_happens_arrives_signed_and_the_public_verifier_accepts_it() {
    let told = Told::of(&["campaign.created", "campaign.launched", "campaign.paused"]).await;
    let campaign = told.retailer.active_campaign("春节 coupons").await;
    let launched = told.receiver.gets_type("campaign.launched").await;
    assert!(launched.verifies(&told.secret));
    assert!(!launched.verifies("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgh4Pbc6M="), "another's secret");
    let mut forged = launched.clone();
    forged.body.push(b' ');
    assert!(!forged.verifies(&told.secret), "another body");
    assert_eq!((launched.path.as_str(), launched.header("content-type")), ("/hook", "application/json"));
    assert!(launched.header("user-agent").starts_with("Tillwatch-Webhooks/"));
    for never in ["authorization", "cookie", "referer"] {
        assert_eq!(launched.header(never), "", "{never}");
    }
    let body = launched.json();
    assert_eq!(
        (&body["version"], &body["tenant"], &body["data"]),
        (
            &json!(1),
            &json!(told.retailer.id),
            &json!({ "campaign": campaign, "from": "draft", "to": "active", "stopped_by": null, "by": "staff" })
        )
    );
    assert!(launched.id().starts_with("msg_") && text(&body["id"]).starts_with("evt_"));
    // The same event stands in the list, word for word.
    let listed = told.retailer.owner.get("/v1/events?type=campaign.launched").await.ok();
    assert_eq!(listed["data"], json!([body]));
    let seen = String::from_utf8(launched.body).unwrap();
    assert!(!seen.contains("春节") && !seen.contains("Starts today") && !seen.contains("Olive"), "{seen}");
}

#[tokio::test]
async fn a_stop_loss_tells_of_the_alert_and_of_the_pause_and_others_types_are_not_sent() {
    let told = Told::of(&["alert.opened", "alert.acknowledged", "alert.resolved", "campaign.paused"]).await;
    let retailer = &told.retailer;
    let campaign = retailer.active_campaign("Coupons").await;
    let rule = retailer.stop_loss(&campaign, 100).await;
    let rows = of("campaign", &campaign, [sample("spend", "2026-02-03T15:00:00Z", "all", 150)]);
    let alert = feed(&retailer.owner, &rows).await.ok()["stopped"][0]["alert"].clone();
    let paused = told.receiver.gets_type("campaign.paused").await.json();
    assert_eq!(paused["data"]["stopped_by"], alert);
    assert_eq!((&paused["data"]["campaign"], &paused["data"]["by"]), (&json!(campaign), &json!("rule")));
    let opened = told.receiver.gets_type("alert.opened").await.json();
    assert_eq!((&opened["data"]["alert"], &opened["data"]["rule"]), (&alert, &json!(rule)));
    assert_eq!(
        (&opened["data"]["figures"]["value"], &opened["data"]["paused_campaign"]),
        (&json!(150.0), &json!(true))
    );
    retailer.owner.post(&format!("/v1/alerts/{}/acknowledge", text(&alert)), json!({})).await.ok();
    let taken = told.receiver.gets_type("alert.acknowledged").await.json();
    assert_eq!((&taken["data"]["state"], &taken["data"]["by"]), (&json!("acknowledged"), &json!("staff")));
    retailer.owner.post(&format!("/v1/rules/{rule}/archive"), json!({})).await.ok();
    told.receiver.gets_type("alert.resolved").await;
    retailer.settled().await;
    let kinds: BTreeSet<String> = told.receiver.got().iter().map(|got| text(&got.json()["type"]).to_owned()).collect();
    let asked = ["alert.acknowledged", "alert.opened", "alert.resolved", "campaign.paused"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), asked, "nothing else came");
    // Everything that was sent fits the catalogue.
    let catalogue = retailer.owner.get("/v1/webhook-events").await.ok();
    for got in told.receiver.got() {
        let body = got.json();
        let described = catalogue["data"].as_array().unwrap().iter().find(|one| one["type"] == body["type"]).unwrap();
        assert_eq!(described["version"], body["version"]);
        let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(fields(&described["schema"]["properties"]), fields(&body["data"]), "{body}");
    }
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_sign_and_afterwards_the_new_one() {
    let told = Told::of(&["alert.opened"]).await;
    let rotate = async |hours: u32| {
        let answer = told.retailer.owner.post(&told.path("/rotate-secret"), json!({ "overlap_hours": hours })).await;
        answer.ok()
    };
    let (old, rotated) = (told.secret.clone(), rotate(24).await);
    let new = text(&rotated["secret"]).to_owned();
    assert!(new != old && rotated["webhook"]["previous_secret_until"].is_string());
    told.test().await;
    let [both] = &told.receiver.gets(1).await[..] else { panic!("one message") };
    assert!(both.verifies(&old) && both.verifies(&new), "{}", both.header("webhook-signature"));
    // A day later.
    let tenant = told.retailer.id.0;
    let later =
        format!("UPDATE webhooks SET previous_until = now() - interval '1 second' WHERE tenant_id = '{tenant}'");
    service().database.execute(&later).await;
    told.test().await;
    let after = told.receiver.gets(2).await[1].clone();
    assert!(!after.verifies(&old) && after.verifies(&new));
    tidy(&App::new(service().inside()).unwrap()).await.unwrap();
    let kept = format!("SELECT count(*) FROM webhooks WHERE tenant_id = '{tenant}' AND previous_secret IS NOT NULL");
    assert_eq!(service().database.number(&kept).await, 0, "what signs no more is wiped");
    // Without an overlap the one before ends at once.
    let rotated = rotate(0).await;
    assert_eq!(rotated["webhook"]["previous_secret_until"], Value::Null);
    told.test().await;
    let last = told.receiver.gets(3).await[2].clone();
    assert!(!last.verifies(&new) && last.verifies(text(&rotated["secret"])));
    told.retailer
        .owner
        .post(&told.path("/rotate-secret"), json!({ "overlap_hours": 73 }))
        .await
        .refused(Code::ValidationFailed);
    // Nothing of a secret is kept in the open.
    let kept = format!("SELECT encode(secret, 'base64') FROM webhooks WHERE tenant_id = '{tenant}'");
    let bare = last.header("webhook-signature").to_owned();
    for sealed in service().database.texts(&kept).await {
        assert!(!sealed.contains(text(&rotated["secret"]).trim_start_matches("whsec_")) && !bare.contains(&sealed));
    }
}

#[tokio::test]
async fn what_fails_is_sent_again_under_the_same_id_until_it_is_given_up_and_a_replay_sends_it_once_more() {
    let told = Told::of(&["alert.opened"]).await;
    told.receiver.answers(Manner::Status(500));
    let id = told.test().await;
    for failures in 1..=9 {
        let message = told.comes_to(&id, "pending", failures).await;
        assert_eq!((&message["last_status"], &message["last_fault"]), (&json!(500), &Value::Null));
        assert!(message["next_attempt_at"].is_string());
        told.pass_time().await;
    }
    let dead = told.comes_to(&id, "dead", 10).await;
    assert_eq!(dead["next_attempt_at"], Value::Null);
    assert!(told.webhook().await["failing_since"].is_string());
    let dead_ones = told.retailer.owner.get(&told.path("/messages?state=dead")).await.ok();
    assert_eq!(dead_ones["data"].as_array().unwrap().len(), 1);

    told.receiver.answers(Manner::Status(200));
    let replay = json!({ "message": id });
    let answer = told.retailer.owner.post(&told.path("/replay"), &replay).await.ok();
    assert_eq!(answer, json!({ "queued": 1, "more_since": null }));
    let delivered = told.comes_to(&id, "delivered", 0).await;
    assert!(delivered["delivered_at"].is_string());
    assert_eq!(told.webhook().await["failing_since"], Value::Null);
    let got = told.receiver.got();
    assert_eq!(got.len(), 11);
    assert!(got.iter().all(|one| one.id() == id && one.body == got[0].body && one.verifies(&told.secret)));
    let attempts = told.attempts().await;
    assert_eq!(attempts.len(), 11);
    assert_eq!((&attempts[0]["status"], &attempts[10]["status"]), (&json!(200), &json!(500)));
    assert!(told.audited().await.contains(&"webhook.replayed".to_owned()));
}

#[tokio::test]
async fn a_sender_that_died_behind_the_answer_sends_again_under_the_same_id() {
    let told = Told::of(&["alert.opened"]).await;
    let id = told.test().await;
    told.comes_to(&id, "delivered", 0).await;
    // As the row was when it was claimed; its lease has ended.
    let claimed = format!(
        "UPDATE queue_messages SET state = 'pending', delivered_at = NULL, due_at = now() WHERE for_tenant = '{}'",
        told.retailer.id.0
    );
    service().database.execute(&claimed).await;
    service().inside().wake.wake(Topic::Messages);
    let got = told.receiver.gets(2).await;
    assert_eq!((got[0].id(), &got[0].body), (got[1].id(), &got[1].body));
    told.comes_to(&id, "delivered", 0).await;
}

#[tokio::test]
async fn a_time_is_replayed_with_what_was_never_sent_and_under_the_ids_that_it_had() {
    let told = Told::of(&["alert.opened"]).await;
    let retailer = &told.retailer;
    let begun = chrono::Utc::now();
    // Events from before the second webhook asked for them.
    let campaigns = [retailer.active_campaign("One").await, retailer.active_campaign("Two").await];
    retailer.settled().await;
    let late = Receiver::start().await;
    let made = webhook(retailer, &late.url, &["campaign.launched"]).await;
    let path = format!("/v1/webhooks/{}/replay", text(&made["webhook"]["id"]));
    let since = json!({ "since": begun });
    assert_eq!(retailer.owner.post(&path, &since).await.ok()["queued"], 2);
    let first = late.gets(2).await;
    let seen: BTreeSet<String> = first.iter().map(|got| text(&got.json()["data"]["campaign"]).to_owned()).collect();
    assert_eq!(seen, BTreeSet::from(campaigns));
    let ids = |got: &[super::receiver::Got]| got.iter().map(|one| one.id().to_owned()).collect::<BTreeSet<_>>();
    // Until they are written down as delivered they are still on their way, and would not be counted.
    let sent = format!("/v1/webhooks/{}/messages?state=delivered", text(&made["webhook"]["id"]));
    eventually("both to be delivered", async || {
        let page = retailer.owner.get(&sent).await.ok();
        (page["data"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    assert_eq!(retailer.owner.post(&path, &since).await.ok()["queued"], 2);
    let again = late.gets(4).await;
    assert_eq!(ids(&again), ids(&first), "no new ids");
    let none = json!({ "since": begun - chrono::TimeDelta::days(1), "until": begun });
    assert_eq!(retailer.owner.post(&path, none).await.ok(), json!({ "queued": 0, "more_since": null }));
    assert_eq!(told.receiver.got().len(), 0, "who did not ask gets nothing");
}
