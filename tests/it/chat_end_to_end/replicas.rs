//! Two bots with one token, as processes: what one does the other leaves alone.

use super::{Chat, OWNER, a_moment};
use crate::bot_process;
use crate::harness::eventually;
use crate::harness::tenant::Style;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn two_bots_with_one_token_post_once_and_act_once() {
    let chat = Chat::open(Style::default()).await;
    let mut bots = [bot_process::start(&chat.url(), &chat.fake), bot_process::start(&chat.url(), &chat.fake)];
    chat.fake.until_gateway("ready", 2).await;
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
