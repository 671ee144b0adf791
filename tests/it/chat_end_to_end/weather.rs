//! What fails on the way: rate limits, refusals before and after the effect, lost and late answers, a gateway that
//! breaks, asks for a reconnect, or forgets its sessions.

use super::{Chat, OWNER, a_moment, text};
use crate::fake_discord::Message;
use crate::fake_discord::faults::{Fault, Route};
use crate::harness::tenant::Style;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(400);
/// Longer than the bot waits for an answer.
const LATE: Duration = Duration::from_secs(8);

const FAULTS: [Fault; 8] = [
    Fault::Limit(SHORT),
    Fault::GlobalLimit(SHORT),
    Fault::Refuse(503),
    Fault::RefuseAfter(503),
    Fault::Drop,
    Fault::DropAfter,
    Fault::LateAnswer(LATE),
    Fault::LateEffect(LATE),
];

#[tokio::test]
async fn every_incident_has_one_message_and_shows_its_newest_version_whatever_fails() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let message_of = |seen: &[Message]| seen.iter().filter(|m| m.footer().len() == 22).count();
    for fault in FAULTS {
        chat.fake.faults().next(Route::CreateMessage, fault);
    }
    for n in 0..FAULTS.len() {
        chat.stopped(&format!("Campaign {n}"), 1_100.0).await;
    }
    assert_eq!(chat.one_message_each().await, FAULTS.len());

    for fault in FAULTS {
        chat.fake.faults().next(Route::EditMessage, fault);
    }
    let alerts = chat.tenant.owner.get("/v1/alerts?limit=200").await.ok();
    for alert in alerts["data"].as_array().into_iter().flatten() {
        let path = format!("/v1/alerts/{}/acknowledge", text(&alert["id"]));
        assert_eq!(chat.tenant.owner.send("POST", &path, &[], None).await.ok()["changed"], true);
    }
    assert_eq!(chat.one_message_each().await, FAULTS.len());
    // What comes late, one post and one edit, must not show an older version, nor a second message.
    chat.fake.until_late(2).await;
    let seen = chat.incidents();
    assert_eq!((seen.len(), message_of(&seen)), (FAULTS.len(), FAULTS.len()));
    assert!(seen.iter().all(|message| message.read().contains("👀 acknowledged")), "{:?}", seen[0].read());
    let statuses: Vec<u16> = chat.fake.recorder().of(Route::CreateMessage).iter().map(|post| post.status).collect();
    assert!([429, 503, 0].iter().all(|status| statuses.contains(status)), "the faults were met: {statuses:?}");
    chat.close(bot).await;
}

#[tokio::test]
async fn the_gateway_may_break_reconnect_and_forget_and_everything_happens_once() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let autumn = chat.costly("Autumn coupons").await;
    let message = chat.shown(&["Autumn coupons (active)"]).await;
    let fake = &chat.fake;
    for (n, trouble) in ["cut", "reconnect", "invalid but resumable", "invalid"].into_iter().enumerate() {
        match trouble {
            "cut" => fake.disconnect_gateway(),
            "reconnect" => fake.reconnect_gateway(),
            "invalid" => fake.invalidate_session(false),
            _ => fake.invalidate_session(true),
        }
        // Posting needs no gateway: an incident is told meanwhile.
        chat.stopped(&format!("Campaign {n}"), 1_100.0).await;
        chat.shown(&[&format!("Campaign {n} (paused)")]).await;
        match trouble {
            "invalid" => fake.until_gateway("ready", 2).await,
            _ => fake.until_gateway("resumed", n + 1).await,
        }
        let now = chat.shown(&["Autumn coupons (active)"]).await;
        let modal = fake.press(message.id, &now.button("Pause campaign"), OWNER).await.modal().await;
        let paused = fake.submit_modal(&modal, &[("reason", trouble)]).await.reply().await;
        assert!(paused.read().contains("Paused: Autumn coupons"), "{trouble}: {}", paused.read());
        chat.shown(&["Autumn coupons (paused)"]).await;
        let resume = [("campaign", autumn.as_str()), ("reason", trouble)];
        let resumed = fake.slash(OWNER, "campaign resume", &resume).await;
        assert!(resumed.reply().await.read().contains("Resumed: Autumn coupons"), "{trouble}");
        assert_eq!(resumed.answers().len(), 1, "{trouble}");
        chat.shown(&["Autumn coupons (active)"]).await;
        assert_eq!(chat.one_message_each().await, n + 2, "{trouble}");
    }
    let history = chat.tenant.owner.get(&format!("/v1/campaigns/{autumn}/history")).await.ok();
    let reasons: Vec<&str> = history["data"].as_array().into_iter().flatten().map(|s| text(&s["reason"])).collect();
    let twice = |reason| [reason, reason];
    let wanted = ["cut", "reconnect", "invalid but resumable", "invalid"].map(twice).concat();
    assert_eq!(reasons[2..], wanted, "each pause and each resumption once");
    chat.close(bot).await;
}

#[tokio::test]
async fn answers_that_are_lost_or_late_leave_one_answer_and_one_action() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let autumn = chat.tenant.active_campaign("Autumn coupons").await;
    let faults = [
        (Route::Callback, Fault::RefuseAfter(503)),
        (Route::Callback, Fault::Refuse(503)),
        (Route::Callback, Fault::LateAnswer(LATE)),
        (Route::EditOriginal, Fault::RefuseAfter(503)),
        (Route::EditOriginal, Fault::DropAfter),
        (Route::EditOriginal, Fault::Limit(SHORT)),
        (Route::EditOriginal, Fault::GlobalLimit(SHORT)),
        (Route::EditOriginal, Fault::LateAnswer(LATE)),
    ];
    for (n, (route, fault)) in faults.into_iter().enumerate() {
        let (verb, done) = if n % 2 == 0 { ("pause", "Paused: ") } else { ("resume", "Resumed: ") };
        chat.fake.faults().next(route, fault);
        let wish = [("campaign", autumn.as_str()), ("reason", "Weather")];
        let asked = chat.fake.slash(OWNER, &format!("campaign {verb}"), &wish).await;
        let answer = asked.reply().await.read();
        assert!(answer.contains(done), "{route:?} {fault:?}: {answer}");
        assert_eq!(asked.answers().len(), 1, "{route:?} {fault:?}");
    }
    a_moment().await;
    let history = chat.tenant.owner.get(&format!("/v1/campaigns/{autumn}/history")).await.ok();
    assert_eq!(history["data"].as_array().map(Vec::len), Some(2 + faults.len()), "each once: {history}");
    chat.close(bot).await;
}
