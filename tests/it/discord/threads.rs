//! The thread under an incident's message: begun once, each line once, and never in the way of the message.

use super::{account, delivery, showing, text, well_behaved};
use crate::fake_discord::FakeDiscord;
use crate::fake_discord::faults::{Fault, Route};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tillwatch_bot::deliver::ChatSink;
use tillwatch_bot::discord::Discord;
use tillwatch_bot::incident::incident;
use tillwatch_shared::watch::{AlertState, Delivery, DeliveryOutcome, DeliveryThread};

/// What happened behind version `told`: a step a version.
fn thread(told: i64, steps: &[(&str, &str)]) -> DeliveryThread {
    let step = |(version, (event, reason)): (i64, &(&str, &str))| {
        json!({ "version": version, "step": { "at": "2026-03-01T12:00:00Z", "event": event, "actor_kind": "staff",
            "actor": null, "actor_name": "Mei <@1>", "via": "api", "figures": null, "reason": reason } })
    };
    let steps: Vec<_> = (told + 1..).zip(steps).map(step).collect();
    serde_json::from_value(json!({ "told": told, "steps": steps })).unwrap()
}

fn with(delivery: &Delivery, thread: DeliveryThread, attempt: i32, message: Option<&str>) -> Delivery {
    let version = thread.steps.last().map_or(thread.told, |step| step.version);
    let message = message.map(str::to_owned);
    Delivery { thread: Some(thread), attempt, message, version, ..delivery.clone() }
}

async fn show(sink: &Arc<dyn ChatSink>, delivery: &Delivery) -> (String, Option<i64>) {
    match sink.show(delivery, &incident(delivery, None)).await {
        DeliveryOutcome::Posted { message, told, .. } => (message, told),
        failed @ DeliveryOutcome::Failed { .. } => panic!("{failed:?}"),
    }
}

fn told(fake: &FakeDiscord, message: &str) -> Vec<String> {
    let (_, lines) = fake.thread_of(message.parse().unwrap()).expect("a thread");
    let after_time = |line: &String| line.split_once(" · ").expect("a time first").1.to_owned();
    lines.iter().map(after_time).collect()
}

#[tokio::test]
async fn a_thread_is_begun_once_and_tells_each_step_once_whatever_is_lost_or_repeated() {
    let fake = FakeDiscord::start().await;
    let (one, other) = (Discord::new(account(&fake)).sink(), Discord::new(account(&fake)).sink());
    let first = delivery(fake.home());
    let begun = || thread(0, &[("opened", ""), ("campaign_paused", "It *costs* too much")]);
    fake.faults().next(Route::CreateThread, Fault::DropAfter);
    fake.faults().next(Route::CreateThread, Fault::Limit(Duration::from_millis(200)));
    fake.faults().next(Route::ThreadMessage, Fault::RefuseAfter(502));
    let (message, owed) = show(&one, &with(&first, begun(), 1, None)).await;
    assert_eq!(owed, None, "all of it is told");
    let lines =
        ["🔔 Raised · The campaign was paused for it.", r"⏸️ Campaign paused by Mei \<\@1\>: It \*costs\* too much"];
    assert_eq!(told(&fake, &message), lines, "what somebody wrote is text");
    assert_eq!(fake.thread_of(message.parse().unwrap()).unwrap().0, "Coupons stop at *1,500* · Spring <@1> coupons");

    // Its report was lost: another replica has it, long after the platform has forgotten what was said with which nonce.
    fake.forget_nonces();
    assert_eq!(show(&other, &with(&first, begun(), 2, None)).await, (message.clone(), None));
    assert_eq!(told(&fake, &message).len(), 2, "{:?}", told(&fake, &message));
    assert_eq!(showing(&fake, &first).len(), 1);

    // It goes on, with a connection that breaks behind a line, and an attempt that dies behind the next one.
    fake.faults().next(Route::ThreadMessage, Fault::DropAfter);
    let more = thread(2, &[("acknowledged", ""), ("resolved", "")]);
    let mut over = with(&first, more, 3, Some(&message));
    over.alert.as_mut().unwrap().state = AlertState::Resolved;
    show(&one, &over).await;
    fake.forget_nonces();
    show(&other, &Delivery { attempt: 4, ..over }).await;
    let all = told(&fake, &message);
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all[2].starts_with("👀 Acknowledged by") && all[3].starts_with("✅ Back to normal"), "{all:?}");
    let statuses: Vec<u16> = fake.recorder().of(Route::CreateThread).iter().map(|request| request.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 0, "its answer was lost: {statuses:?}");
    assert!(fake.recorder().of(Route::ThreadMessage).iter().all(|line| text(&line.body["nonce"]).len() == 24));
    well_behaved(&fake);
    fake.stop().await;
}

#[tokio::test]
async fn a_channel_without_threads_and_a_thread_that_is_gone_stand_in_nobodys_way() {
    let fake = FakeDiscord::start().await;
    let sink = Discord::new(account(&fake)).sink();
    // Discord is in trouble with threads: the message is shown, and the rest is told later.
    let first = delivery(fake.home());
    fake.faults().always(Route::CreateThread, Fault::Refuse(503));
    let opened = || thread(0, &[("opened", "")]);
    let (message, owed) = show(&sink, &with(&first, opened(), 1, None)).await;
    assert_eq!((showing(&fake, &first).len(), owed), (1, Some(0)));
    fake.faults().clear();
    assert_eq!(show(&sink, &with(&first, opened(), 2, Some(&message))).await.1, None);
    // The first line is told and the second one is not: that is what is said.
    fake.faults().next(Route::ThreadMessage, Fault::RefuseAfter(200));
    fake.faults().times(3, Route::ThreadMessage, Fault::Refuse(500));
    let more = || thread(1, &[("acknowledged", ""), ("campaign_resumed", "Cheaper now"), ("resolved", "")]);
    let (_, owed) = show(&sink, &with(&first, more(), 3, Some(&message))).await;
    assert_eq!(told(&fake, &message).len(), 2);
    assert!(owed.is_some_and(|told| told < 4), "{owed:?}");
    assert_eq!(show(&sink, &with(&first, more(), 4, Some(&message))).await.1, None);
    assert_eq!(told(&fake, &message).len(), 4);

    // Somebody deletes the thread, and somebody the message with what hangs on it.
    fake.delete_channel(message.parse().unwrap());
    let taken = thread(4, &[("acknowledged", "")]);
    assert_eq!(show(&sink, &with(&first, taken.clone(), 5, Some(&message))).await, (message.clone(), None));
    fake.delete_message(message.parse().unwrap());
    let (anew, owed) = show(&sink, &with(&first, taken, 6, Some(&message))).await;
    assert!(anew != message && owed.is_none());
    assert_eq!(told(&fake, &anew).len(), 1, "what is posted anew has a thread of its own");

    // The bot may begin none.
    let place = fake.open_server();
    fake.refuse_threads(place.channel);
    let second = delivery(place);
    let (message, owed) = show(&sink, &with(&second, opened(), 1, None)).await;
    assert_eq!((owed, showing(&fake, &second).len()), (None, 1));
    assert_eq!(show(&sink, &with(&second, thread(1, &[("resolved", "")]), 2, Some(&message))).await, (message, None));
    well_behaved(&fake);
    fake.stop().await;
}
