//! What happened to an incident, told in the thread of its message.

use super::{Chat, OWNER};
use crate::fake_discord::faults::Route;
use crate::harness::tenant::Style;
use serde_json::json;

#[tokio::test]
async fn a_thread_tells_what_happened_while_its_message_shows_how_it_is() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let campaign = chat.tenant.active_campaign("Autumn coupons").await;
    for (severity, line) in [("warning", 500.0), ("info", 400.0)] {
        let wish = json!({
            "name": format!("Over {line} a day"), "severity": severity, "campaign": campaign,
            "spec": { "kind": "threshold", "metric": "spend", "side": "above", "line": line },
        });
        chat.tenant.owner.post("/v1/rules", wish).await.ok();
    }
    // The launch is no part of it.
    chat.tenant.settled().await;
    chat.spend(&campaign, 4, 600.0).await;
    chat.spend(&campaign, 3, 510.0).await;
    let message = chat.shown(&["firing", "Over 500 a day"]).await;
    let raised = chat.fake.until_told(message.id, 1).await;
    assert_eq!(raised, ["🔔 Raised · Marketing spend: $600.00 · Line: $500.00"]);
    let (name, _) = chat.fake.thread_of(message.id).expect("a thread");
    assert_eq!(name, "Over 500 a day · Autumn coupons");

    // Each surface has its line, with who and why.
    let modal = chat.fake.press(message.id, &message.button("Pause campaign"), OWNER).await.modal().await;
    chat.fake.submit_modal(&modal, &[("reason", "It costs too much")]).await.reply().await;
    chat.fake.until_told(message.id, 2).await;
    let owner = &chat.tenant.owner;
    let resume = format!("/v1/campaigns/{campaign}/resume");
    owner.post(&resume, json!({ "reason": "Cheaper now" })).await.ok();
    chat.fake.until_told(message.id, 3).await;
    let open = owner.get("/v1/alerts").await.ok();
    let of = |name: &str| open["data"].as_array().into_iter().flatten().find(|a| a["rule_name"] == name).cloned();
    let alert = of("Over 500 a day").expect("an alert")["id"].as_str().expect("an id").to_owned();
    let silence = json!({ "minutes": 60, "reason": "Known" });
    owner.post(&format!("/v1/alerts/{alert}/silence"), silence).await.ok();
    chat.fake.until_told(message.id, 4).await;
    let taken = chat.shown(&["Over 500 a day", "Silenced"]).await;
    chat.fake.press(taken.id, &taken.button("Acknowledge"), OWNER).await.reply().await;
    chat.fake.until_told(message.id, 5).await;
    // New figures are shown, not told; that it is over is.
    chat.spend(&campaign, 2, 20.0).await;
    chat.spend(&campaign, 1, 20.0).await;
    let all = chat.fake.until_told(message.id, 6).await;
    let day = |line: &str| line.split(" · ").next().unwrap_or_default().to_owned();
    assert_eq!(
        all.iter().skip(1).map(|line| day(line)).collect::<Vec<_>>(),
        [
            "⏸️ Campaign paused by Olive Owner: It costs too much",
            "▶️ Campaign resumed by Olive Owner: Cheaper now",
            "🔕 Silenced by Olive Owner: Known",
            "👀 Acknowledged by Olive Owner",
            "✅ Back to normal",
        ]
    );
    let timeline = owner.get(&format!("/v1/alerts/{alert}/timeline?limit=200")).await.ok();
    let reasons: Vec<&str> =
        timeline["data"].as_array().into_iter().flatten().filter_map(|s| s["reason"].as_str()).collect();
    assert_eq!(reasons, ["Known", "Cheaper now", "It costs too much"], "the timeline says why, too");

    // What is only good to know has no thread, and nothing was told twice.
    assert_eq!(chat.one_message_each().await, 2);
    assert_eq!(chat.fake.recorder().of(Route::CreateThread).len(), 1);
    assert_eq!(chat.fake.thread_of(message.id).map(|(_, lines)| lines.len()), Some(6));
    chat.close(bot).await;
}
