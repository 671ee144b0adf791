//! Two bots with one token, as processes: one is connected to the gateway, both post, and what one does the other leaves
//! alone. When the connected one dies the other takes its place.

use super::{Chat, OWNER, a_moment};
use crate::bot_process;
use crate::harness::eventually;
use crate::harness::tenant::Style;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn two_bots_with_one_token_post_once_and_act_once() {
    let chat = Chat::open(Style::default()).await;
    let mut bots = [bot_process::start(&chat.url(), &chat.fake), bot_process::start(&chat.url(), &chat.fake)];
    chat.fake.until_gateway("ready", 1).await;
    chat.link(&chat.tenant.owner, OWNER).await;
    let autumn = chat.costly("Autumn coupons").await;
    let message = chat.shown(&["Autumn coupons (active)"]).await;
    for n in 0..6 {
        chat.stopped(&format!("Campaign {n}"), 1_100.0).await;
    }
    assert_eq!(chat.one_message_each().await, 7);

    for n in 0..3 {
        let now = chat.shown(&["Autumn coupons (active)"]).await;
        let modal = chat.fake.press(message.id, &now.button("Pause campaign"), OWNER).await.modal().await;
        let submitted = chat.fake.submit_modal(&modal, &[("reason", "Two bots")]).await;
        assert!(submitted.reply().await.read().contains("Paused: Autumn coupons"));
        chat.shown(&["Autumn coupons (paused)"]).await;
        let resume = [("campaign", autumn.as_str()), ("reason", "Two bots")];
        let resumed = chat.fake.slash(OWNER, "campaign resume", &resume).await;
        assert!(resumed.reply().await.read().contains("Resumed: Autumn coupons"));
        a_moment().await;
        assert_eq!((submitted.answers().len(), resumed.answers().len()), (1, 1), "one of the two answers");
        assert_eq!(chat.audited("campaign.paused", &autumn).await.len(), n + 1);
    }
    let acknowledge = chat.shown(&["Autumn coupons (active)"]).await.button("Acknowledge");
    chat.fake.press(message.id, &acknowledge, OWNER).await.reply().await;
    chat.shown(&["👀 acknowledged", "Autumn coupons"]).await;

    let sessions = chat.fake.recorder().gateway_log().into_iter().filter(|line| line.starts_with("identify")).count();
    assert_eq!(sessions, 1, "one of the two is connected, the other has waited all the time");

    // One dies; the other goes on.
    bots[0].kill();
    chat.stopped("The last one", 1_100.0).await;
    chat.shown(&["The last one (paused)"]).await;
    assert_eq!(chat.one_message_each().await, 8);
    let history = chat.tenant.owner.get(&format!("/v1/campaigns/{autumn}/history")).await.ok();
    assert_eq!(history["data"].as_array().map(Vec::len), Some(2 + 6), "{history}");
    bots[1].kill();
    chat.close_alone().await;
}

/// The longest that a chat may be without an answering bot when the connected one is killed.
const FAIL_OVER: Duration = Duration::from_secs(10);

#[tokio::test]
async fn when_the_connected_bot_is_killed_another_takes_its_place_within_ten_seconds() {
    let chat = Chat::open(Style::default()).await;
    let mut leader = bot_process::start(&chat.url(), &chat.fake);
    chat.fake.until_gateway("ready", 1).await;
    chat.link(&chat.tenant.owner, OWNER).await;
    let autumn = chat.tenant.active_campaign("Autumn coupons").await;
    let mut took = Vec::new();
    for n in 1..=3 {
        let follower = bot_process::start(&chat.url(), &chat.fake);
        // It is up once it posts: the leader may have done so, but then it had the time to start.
        chat.stopped(&format!("Campaign {n}"), 1_100.0).await;
        chat.shown(&[&format!("Campaign {n} (paused)")]).await;
        a_moment().await;
        assert_eq!(chat.fake.connections(), 1, "the follower waits");
        leader.kill();
        let killed = Instant::now();
        chat.fake.until_gateway("ready", n + 1).await;
        took.push(killed.elapsed());
        leader = follower;
        // It answers, once.
        let verb = if n % 2 == 1 { "pause" } else { "resume" };
        let wish = [("campaign", autumn.as_str()), ("reason", "Fail-over")];
        let asked = chat.fake.slash(OWNER, &format!("campaign {verb}"), &wish).await;
        asked.reply().await;
        assert_eq!(asked.answers().len(), 1);
        let history = chat.tenant.owner.get(&format!("/v1/campaigns/{autumn}/history")).await.ok();
        assert_eq!(history["data"].as_array().map(Vec::len), Some(2 + n), "acted on once: {history}");
    }
    assert_eq!(chat.one_message_each().await, 3);
    // A machine that is busy with other things may be late once, not each time.
    assert!(took.iter().any(|took| *took < FAIL_OVER), "{took:?}");
    leader.kill();
    chat.close_alone().await;
}

#[tokio::test]
async fn a_bot_that_ends_in_order_hands_the_gateway_over_at_once() {
    let (chat, one) = Chat::with_bot(Style::default()).await;
    let two = super::Bot::start(&chat);
    one.stop().await;
    chat.fake.until_gateway("ready", 2).await;
    let left = "(SELECT fence FROM directory_gateway_leases)";
    assert_eq!(chat.service.database.number(left).await, 2, "the second time in office, and one account");
    chat.close(two).await;
}

#[tokio::test]
async fn a_bot_that_hangs_up_while_it_waits_takes_no_delivery_with_it() {
    let chat = Chat::open(Style::default()).await;
    chat.tenant.link(&chat.tenant.owner, &chat.fake.home().server.to_string(), "7").await;
    let bot = chat.tenant.bot().await;
    let wish = json!({ "max": 8, "wait_ms": 8_000, "transports": ["discord"] });
    for _ in 0..4 {
        let waiting = bot.post("/v1/deliveries/claim", &wish);
        assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err(), "nothing is due");
    }
    a_moment().await;
    chat.stopped("Spring coupons", 1_100.0).await;
    let claimed = eventually("the delivery", async || {
        let claimed = bot.post("/v1/deliveries/claim", &wish).await.ok();
        claimed["data"].as_array().and_then(|list| list.first().cloned())
    })
    .await;
    assert_eq!(claimed["attempt"], 1, "nobody has leased it before");
    chat.close_alone().await;
}
