//! Silences: accountable, of bounded length, told of before they end, and never over a stop-loss.

use super::{Story, one};
use crate::harness::tenant::{Style, text};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn later(minutes: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::minutes(minutes)).to_rfc3339()
}

#[tokio::test]
async fn an_alert_that_somebody_silenced_in_chat_is_quiet_until_the_end_and_then_speaks() {
    let mut story = Story::begin().await;
    story.threshold("Sales sink", "sales", json!({})).await;
    story.day("sales", 2, 5.0, None).await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("?state=firing").await);
    assert_eq!(story.chat.of(&alert).state(), "firing");

    // Two hours, from the chat, with a reason.
    let place = format!("/v1/alerts/{}/silence", text(&alert["id"]));
    let wish = json!({ "minutes": 120, "reason": "The feed is being mended" });
    let silenced = story.chatting.post(&place, &wish).await.ok();
    assert_eq!((&silenced["changed"], &silenced["alert"]["state"]), (&json!(true), &json!("silenced")));
    assert_eq!(silenced["alert"]["quiet"]["owner"]["name"], "Olive Owner");
    story.retailer.settled().await;
    story.chat.catch_up().await;
    let said = story.chat.of(&alert).words();
    assert!(said.contains("Silenced by Olive Owner until") && said.contains("The feed is being mended"), "{said}");
    // Again, for no longer: nothing.
    assert_eq!(story.chatting.post(&place, &wish).await.ok()["changed"], false);
    let entries = story.retailer.audited().await;
    let made: Vec<&Value> = entries.iter().filter(|entry| entry["action"] == "silence.created").collect();
    assert_eq!((made.len(), &made[0]["reason"]), (1, &json!("The feed is being mended")));
    assert!(text(&made[0]["via"]).starts_with("discord/s1/"), "{}", made[0]);

    // It is judged on: the next day is low as well, and nobody is told anew.
    let messages = story.chat.messages.len();
    story.day("sales", 3, 4.0, None).await;
    assert_eq!(story.chat.catch_up().await, Vec::<usize>::new());
    assert_eq!(story.alerts("?state=silenced").await[0]["figures"]["value"], 4.0);
    assert_eq!(story.alerts("?state=firing").await, Vec::<Value>::new());

    // A quarter of an hour before its end the chat hears of it, once.
    let soon = "starts_at = now() - interval '2 hours', ends_at = now() + interval '10 minutes'";
    story.pass_time(soon, "silence_ending").await;
    assert_eq!(story.chat.catch_up().await, [messages]);
    let notice = one(story.chat.notices("silence_ending")).words();
    assert!(notice.starts_with("A silence ends soon") && notice.contains("Olive Owner"), "{notice}");

    // It ends, and the alert fires still.
    story.pass_time("ends_at = now()", "alerts_settle silence_ending").await;
    story.chat.catch_up().await;
    let alert = one(story.alerts("?state=firing").await);
    assert_eq!((story.chat.of(&alert).state(), &alert["quiet"]), ("firing", &Value::Null));
    assert_eq!(story.steps(&alert).await, ["opened", "silenced", "updated", "spoke"]);
    assert_eq!(story.chat.notices("silence_ending").len(), 1);
    story.service.stop().await;
}

#[tokio::test]
async fn what_is_raised_under_a_silence_speaks_when_somebody_ends_it() {
    let mut story = Story::begin().await;
    let owner = story.retailer.owner.clone();
    story.threshold("Sales sink", "sales", json!({})).await;
    story.threshold("Loud orders", "orders", json!({ "severity": "critical" })).await;
    let wish = json!({ "scope": { "severity": "warning" }, "ends_at": later(600), "reason": "Moving house" });
    let silence = owner.post("/v1/silences", wish).await.ok();
    assert_eq!((&silence["state"], &silence["scope"]["severity"]), (&json!("active"), &json!("warning")));
    story.day("sales", 2, 5.0, None).await;
    story.day("orders", 2, 5.0, None).await;
    // The louder one speaks; the other is there, with its timeline, for whoever looks.
    let shown = story.chat.catch_up().await;
    assert_eq!(shown.len(), 1);
    assert!(story.chat.messages[shown[0]].words().contains("Loud orders"));
    let quiet = one(story.alerts("?state=silenced").await);
    assert_eq!((&quiet["rule_name"], &quiet["quiet"]["silence"]), (&json!("Sales sink"), &silence["id"]));
    assert_eq!(story.steps(&quiet).await, ["opened", "silenced"]);

    let end = format!("/v1/silences/{}/end", text(&silence["id"]));
    let viewer = story.retailer.staff(Role::Viewer).await;
    viewer.post(&end, json!({})).await.refused(Code::PermissionDenied);
    let ended = owner.post(&end, json!({})).await.ok();
    assert_eq!((&ended["changed"], &ended["silence"]["state"]), (&json!(true), &json!("over")));
    assert_eq!(owner.post(&end, json!({})).await.ok()["changed"], false);
    story.retailer.settled().await;
    let shown = story.chat.catch_up().await;
    assert_eq!(shown.len(), 1);
    assert!(story.chat.messages[shown[0]].words().contains("Sales sink"));
    assert_eq!(story.steps(&quiet).await, ["opened", "silenced", "spoke"]);
    let listed = viewer.get("/v1/silences?state=over").await.ok();
    assert_eq!(listed["data"][0]["ended_early_by"]["name"], "Olive Owner");
    assert_eq!(viewer.get("/v1/silences?state=active").await.ok()["data"], json!([]));
    story.service.stop().await;
}

#[tokio::test]
async fn a_stop_loss_speaks_through_a_silence_over_everything() {
    let mut story = Story::begin_in(Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" }).await;
    let owner = story.retailer.owner.clone();
    let campaign = story.retailer.active_campaign("秋季满减").await;
    let rule = story.retailer.stop_loss(&campaign, 100).await;
    let everything = json!({ "ends_at": later(230), "reason": "全员团建" });
    owner.post("/v1/silences", everything).await.ok();
    story.spend(&campaign, "a", 150).await;
    let shown = story.chat.catch_up().await;
    let said = story.chat.messages[one(shown)].words();
    assert!(said.contains("告警中") && said.contains("止损暂停"), "{said}");

    // Neither the alert nor its rule can be silenced, and the refusal says what to do.
    let alert = one(story.alerts("").await);
    let place = format!("/v1/alerts/{}/silence", text(&alert["id"]));
    let refused = owner.post(&place, json!({ "minutes": 10, "reason": "安静" })).await;
    refused.refused(Code::ValidationFailed);
    let wish = json!({ "scope": { "rule": rule }, "ends_at": later(10), "reason": "安静" });
    let refused = owner.post("/v1/silences", wish).await;
    let refused = refused.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["pointer"]),
        (&json!("stop_loss"), &json!("/scope/rule"))
    );
    story.service.stop().await;
}

#[tokio::test]
async fn a_silence_that_makes_no_sense_is_refused_with_every_reason() {
    let story = Story::begin().await;
    let owner = &story.retailer.owner;
    let rule = story.threshold("Sales sink", "sales", json!({})).await;
    for (wish, pointers) in [
        (json!({ "ends_at": later(5 * 60), "reason": "r" }), vec!["/ends_at"]),
        (json!({ "scope": { "rule": rule }, "ends_at": later(73 * 60), "reason": " " }), vec!["/reason", "/ends_at"]),
        (json!({ "ends_at": later(-5), "reason": "r".repeat(501) }), vec!["/reason", "/ends_at"]),
        (
            json!({ "starts_at": later(91 * 1_440), "ends_at": later(91 * 1_440 + 5), "reason": "r" }),
            vec!["/starts_at"],
        ),
        (
            json!({ "scope": { "rule": "rul_1C4GZiMNL8NiCCPWZwHAHX", "channel": "chn_1C4GZiMNL8NiCCPWZwHAHX" }, "ends_at": later(5), "reason": "r" }),
            vec!["/scope/rule", "/scope/channel"],
        ),
    ] {
        let refused = owner.post("/v1/silences", &wish).await.refused(Code::ValidationFailed);
        let found: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|one| text(&one["pointer"])).collect();
        assert_eq!(found, pointers, "{wish}");
    }
    // Three days over the warnings of one rule, and its severity is the rule's.
    let wish = json!({ "scope": { "rule": rule }, "ends_at": later(72 * 60 - 1), "reason": "因为在维护" });
    assert_eq!(owner.post("/v1/silences", wish).await.ok()["scope"]["severity"], "warning");
    owner
        .post("/v1/silences", json!({ "scope": { "tag": 1 }, "ends_at": later(5), "reason": "r" }))
        .await
        .refused(Code::ValidationFailed);
    story.service.stop().await;
}
