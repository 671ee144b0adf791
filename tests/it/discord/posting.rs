//! Deliveries: one visible message each, whatever fails.

use super::{account, buttons, delivery, showing, well_behaved, words};
use crate::fake_discord::FakeDiscord;
use crate::fake_discord::faults::{Fault, Route};
use std::sync::Arc;
use std::time::Duration;
use tillwatch_bot::deliver::ChatSink;
use tillwatch_bot::discord::Discord;
use tillwatch_bot::incident::incident;
use tillwatch_bot::reply::{Picture, Reply};
use tillwatch_shared::watch::{AlertState, Delivery, DeliveryOutcome};

async fn start() -> (FakeDiscord, Arc<dyn ChatSink>, Delivery) {
    let fake = FakeDiscord::start().await;
    let sink = Discord::new(account(&fake)).sink();
    let delivery = delivery(fake.home());
    (fake, sink, delivery)
}

fn reply(delivery: &Delivery) -> Reply {
    incident(
        delivery,
        Some(Picture { png: vec![0x89, b'P', b'N', b'G', 1, 2, 3], alt: "Spend over its line".to_owned() }),
    )
}

async fn show(sink: &Arc<dyn ChatSink>, delivery: &Delivery) -> DeliveryOutcome {
    sink.show(delivery, &reply(delivery)).await
}

fn posted(outcome: &DeliveryOutcome) -> String {
    match outcome {
        DeliveryOutcome::Posted { message, .. } => message.clone(),
        failed @ DeliveryOutcome::Failed { .. } => panic!("{failed:?}"),
    }
}

/// As the service has it tried until it is shown: on a busy machine an attempt may run out of its time.
async fn shown_at_last(sink: &Arc<dyn ChatSink>, delivery: &Delivery) {
    while !matches!(show(sink, delivery).await, DeliveryOutcome::Posted { .. }) {}
}

/// The same delivery, claimed again after somebody else's attempt.
fn again(delivery: &Delivery, minutes_later: i64) -> Delivery {
    let first_claimed_at = delivery.first_claimed_at - chrono::TimeDelta::minutes(minutes_later);
    Delivery { attempt: delivery.attempt + 1, first_claimed_at, ..delivery.clone() }
}

/// The attempt dies (with its process, say) once the post has arrived.
async fn die_after_posting(fake: &FakeDiscord, sink: &Arc<dyn ChatSink>, delivery: &Delivery) {
    fake.faults().next(Route::CreateMessage, Fault::LateAnswer(Duration::from_mins(1)));
    let reply = reply(delivery);
    tokio::select! {
        _ = sink.show(delivery, &reply) => unreachable!("the answer is a minute away"),
        () = fake.until_visible("the post", fake.home().channel, |seen| (!seen.is_empty()).then_some(())) => {}
    }
}

#[tokio::test]
async fn an_alert_is_posted_with_picture_and_buttons_and_later_edited() {
    let (fake, sink, mut delivery) = start().await;
    delivery.alert.as_mut().unwrap().campaign.as_mut().unwrap().state = "active".parse().unwrap();
    let outcome = show(&sink, &delivery).await;
    let [message] = showing(&fake, &delivery).try_into().unwrap();
    assert_eq!(posted(&outcome), message.id.to_string());
    assert_eq!(message.json["attachments"][0]["description"], "Spend over its line");
    assert!(message.json["embeds"][0]["image"]["url"].as_str().unwrap().starts_with("https://cdn."));
    assert!(words(&message).contains(r"Coupons stop at \\*1,500\\*"), "{}", words(&message));
    assert_eq!(buttons(&message).len(), 3, "{:?}", buttons(&message));
    let sent = fake.recorder().of(Route::CreateMessage);
    assert_eq!(sent[0].body["nonce"], tillwatch_bot::incident::nonce(&delivery));
    assert_eq!(sent[0].files[0].bytes, [0x89, b'P', b'N', b'G', 1, 2, 3]);

    delivery.message = Some(posted(&outcome));
    delivery.version = 2;
    delivery.alert.as_mut().unwrap().state = AlertState::Acknowledged;
    assert_eq!(
        show(&sink, &delivery).await,
        DeliveryOutcome::Posted { message: posted(&outcome), version: 2, told: None }
    );
    let [edited] = showing(&fake, &delivery).try_into().unwrap();
    assert_eq!((edited.id, edited.edits), (message.id, 1));
    assert!(words(&edited).contains("👀"), "{}", words(&edited));
    assert_eq!(edited.json["attachments"].as_array().unwrap().len(), 1, "the new picture replaces the old one");
    well_behaved(&fake);
    fake.stop().await;
}

#[tokio::test]
async fn rate_limits_are_waited_out() {
    let (fake, sink, delivery) = start().await;
    fake.faults().next(Route::CreateMessage, Fault::Limit(Duration::from_millis(300)));
    fake.faults().next(Route::CreateMessage, Fault::GlobalLimit(Duration::from_millis(300)));
    let begun = std::time::Instant::now();
    posted(&show(&sink, &delivery).await);
    assert!(begun.elapsed() >= Duration::from_millis(600), "came back after {:?}", begun.elapsed());
    assert_eq!(showing(&fake, &delivery).len(), 1);
    let statuses: Vec<u16> = fake.recorder().of(Route::CreateMessage).iter().map(|r| r.status).collect();
    assert_eq!(statuses, [429, 429, 200]);
    well_behaved(&fake);
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_repeated_and_shown_once() {
    for fault in [Fault::RefuseAfter(503), Fault::DropAfter, Fault::Refuse(502), Fault::Drop] {
        let (fake, sink, delivery) = start().await;
        fake.faults().next(Route::CreateMessage, fault);
        let message = posted(&show(&sink, &delivery).await);
        let shown: Vec<String> = showing(&fake, &delivery).iter().map(|m| m.id.to_string()).collect();
        assert_eq!(shown, [message], "{fault:?}");
        assert_eq!(fake.recorder().of(Route::CreateMessage).len(), 2);
        well_behaved(&fake);
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leaves_one_message() {
    let (fake, sink, delivery) = start().await;
    fake.faults().next(Route::CreateMessage, Fault::LateAnswer(Duration::from_secs(30)));
    let message = posted(&show(&sink, &delivery).await);
    let shown: Vec<String> = showing(&fake, &delivery).iter().map(|m| m.id.to_string()).collect();
    assert_eq!(shown, [message]);
    well_behaved(&fake);
}

#[tokio::test]
async fn an_outage_is_reported_and_the_next_attempt_shows_it_once() {
    let (fake, sink, delivery) = start().await;
    fake.faults().always(Route::CreateMessage, Fault::RefuseAfter(503));
    let outcome = show(&sink, &delivery).await;
    let DeliveryOutcome::Failed { error, retry_after_ms, permanent } = outcome else { panic!("{outcome:?}") };
    assert!(
        !permanent && retry_after_ms.is_none() && error.contains("503"),
        "the service's own pauses grow with the outage: {error}"
    );
    fake.faults().clear();
    let mut later = again(&delivery, 0);
    later.version = 2;
    later.alert.as_mut().unwrap().state = AlertState::Resolved;
    posted(&show(&sink, &later).await);
    let [message] = showing(&fake, &delivery).try_into().unwrap();
    assert!(words(&message).contains('✅'), "the newest version is shown: {}", words(&message));
    well_behaved(&fake);
}

#[tokio::test]
async fn a_killed_attempts_message_is_found_again_when_the_nonce_is_forgotten() {
    let (fake, sink, delivery) = start().await;
    die_after_posting(&fake, &sink, &delivery).await;
    for n in 0..150 {
        fake.say(fake.home(), 77, &format!("chatter {n}"));
    }
    fake.forget_nonces();
    let message = posted(&show(&sink, &again(&delivery, 10)).await);
    let [shown] = showing(&fake, &delivery).try_into().unwrap();
    assert_eq!((shown.id.to_string(), shown.edits), (message, 1));
    well_behaved(&fake);
}

#[tokio::test]
async fn a_post_that_arrives_after_its_sender_died_is_not_shown_beside_the_next() {
    let (fake, sink, delivery) = start().await;
    fake.faults().next(Route::CreateMessage, Fault::LateEffect(Duration::from_millis(600)));
    let first = reply(&delivery);
    tokio::select! {
        // On a slow machine it may have ended by itself, with the second of two posts; both count below.
        _ = sink.show(&delivery, &first) => {}
        () = fake.until_taken(Route::CreateMessage) => {}
    }
    posted(&show(&sink, &again(&delivery, 0)).await);
    fake.until_late(1).await;
    assert!(fake.recorder().of(Route::CreateMessage).len() >= 2, "both arrived");
    assert_eq!(showing(&fake, &delivery).len(), 1);
    well_behaved(&fake);
}

#[tokio::test]
async fn nothing_is_posted_unseen_once_the_nonce_may_be_forgotten() {
    let (fake, sink, delivery) = start().await;
    die_after_posting(&fake, &sink, &delivery).await;
    fake.forget_nonces();
    fake.faults().always(Route::ListMessages, Fault::Refuse(503));
    let outcome = show(&sink, &again(&delivery, 10)).await;
    assert!(matches!(outcome, DeliveryOutcome::Failed { permanent: false, .. }), "{outcome:?}");
    assert_eq!(showing(&fake, &delivery).len(), 1);
    // Within the window the nonce protects, so the look may fail.
    let (fake, sink, delivery) = start().await;
    die_after_posting(&fake, &sink, &delivery).await;
    fake.faults().always(Route::ListMessages, Fault::Refuse(503));
    posted(&show(&sink, &again(&delivery, 0)).await);
    assert_eq!(showing(&fake, &delivery).len(), 1);
}

#[tokio::test]
async fn an_empty_look_counts_only_where_the_bot_may_read_what_it_posted() {
    let (fake, sink, delivery) = start().await;
    die_after_posting(&fake, &sink, &delivery).await;
    fake.forget_nonces();
    fake.hide_history(fake.home().channel);
    let outcome = show(&sink, &again(&delivery, 10)).await;
    let DeliveryOutcome::Failed { error, permanent: false, .. } = outcome else { panic!("{outcome:?}") };
    assert!(error.contains("Read Message History"), "{error}");
    assert_eq!(showing(&fake, &delivery).len(), 1, "not posted a second time");
    // Where it may read and nothing was said, it posts.
    let quiet = super::delivery(fake.open_server());
    posted(&show(&sink, &again(&quiet, 10)).await);
    assert_eq!(showing(&fake, &quiet).len(), 1);
    well_behaved(&fake);
}

#[tokio::test]
async fn an_edit_that_comes_late_does_not_stay_over_a_newer_one() {
    let (fake, sink, mut delivery) = start().await;
    delivery.message = Some(posted(&show(&sink, &delivery).await));
    // The second version's edit is given up, done again, and happens once more after the third version's.
    fake.faults().next(Route::EditMessage, Fault::LateEffect(Duration::from_secs(9)));
    delivery.version = 2;
    delivery.alert.as_mut().unwrap().state = AlertState::Acknowledged;
    shown_at_last(&sink, &delivery).await;
    delivery.version = 3;
    delivery.alert.as_mut().unwrap().state = AlertState::Resolved;
    shown_at_last(&sink, &delivery).await;
    fake.until_late(1).await;
    fake.until_visible("the newest version", fake.home().channel, |seen| {
        seen.first().filter(|message| words(message).contains('✅')).map(|_| ())
    })
    .await;
    assert_eq!(showing(&fake, &delivery).len(), 1);
    well_behaved(&fake);
}

#[tokio::test]
async fn a_deleted_message_is_posted_anew_once() {
    let (fake, sink, mut delivery) = start().await;
    let first = posted(&show(&sink, &delivery).await);
    fake.delete_message(first.parse().unwrap());
    delivery.message = Some(first.clone());
    fake.faults().next(Route::CreateMessage, Fault::DropAfter);
    let second = posted(&show(&sink, &delivery).await);
    assert_ne!(first, second);
    // The report of the second was lost: the service still names the first.
    assert_eq!(posted(&show(&sink, &again(&delivery, 0)).await), second);
    assert_eq!(showing(&fake, &delivery).len(), 1);
    well_behaved(&fake);
}

#[tokio::test]
async fn a_channel_without_access_is_a_permanent_failure_that_says_so() {
    for (close, words) in [
        (FakeDiscord::forbid as fn(&FakeDiscord, u64), "Missing Access"),
        (FakeDiscord::delete_channel, "Unknown Channel"),
    ] {
        let (fake, sink, delivery) = start().await;
        close(&fake, fake.home().channel);
        let outcome = show(&sink, &delivery).await;
        let DeliveryOutcome::Failed { error, permanent: true, retry_after_ms: None } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.contains(words) && error.contains(&delivery.channel), "{error}");
        assert_eq!(fake.recorder().of(Route::CreateMessage).len(), 1, "not tried again");
    }
}

#[tokio::test]
async fn many_deliveries_to_many_channels_are_shown_once_each_under_trouble() {
    let (fake, sink, _) = start().await;
    let faults =
        [Fault::RefuseAfter(503), Fault::Limit(Duration::from_millis(50)), Fault::DropAfter, Fault::Refuse(500)];
    for fault in faults {
        fake.faults().times(2, Route::CreateMessage, fault);
    }
    let deliveries: Vec<Delivery> = (0..12).map(|_| delivery(fake.open_server())).collect();
    let shown = futures_util::future::join_all(deliveries.iter().map(|d| show(&sink, d))).await;
    assert!(shown.iter().filter(|o| matches!(o, DeliveryOutcome::Posted { .. })).count() >= 10, "{shown:?}");
    for (delivery, outcome) in deliveries.iter().zip(&shown) {
        let expected = usize::from(matches!(outcome, DeliveryOutcome::Posted { .. }));
        assert!(showing(&fake, delivery).len() <= 1 && showing(&fake, delivery).len() >= expected);
    }
    well_behaved(&fake);
}
