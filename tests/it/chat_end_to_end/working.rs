//! A good day: a stop-loss, an acknowledgement, a pause by button and by command, a resumption, and questions.

use super::{Chat, OWNER, text};
use crate::fake_discord::faults::Route;
use crate::harness::tenant::Style;

#[tokio::test]
async fn a_stop_loss_is_told_with_picture_and_buttons_and_acknowledging_changes_its_message() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let again = chat.link(&chat.tenant.owner, OWNER).await;
    assert!(again.read().contains(&format!("Linked to {}", chat.tenant.name)), "{}", again.read());

    let campaign = chat.stopped("Spring coupons", 1_250.0).await;
    let message = chat.shown(&["firing"]).await;
    let read = message.read();
    for part in ["⛔", "Stop at 1000", "$1,250.00", "$1,000.00", "Spring coupons (paused)", &chat.tenant.name] {
        assert!(read.contains(part), "no {part:?} in {read}");
    }
    let labels: Vec<String> = message.buttons().into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["Campaign is not running", "Acknowledge", "Open"]);
    assert_eq!(message.buttons()[0].1, None, "what is paused cannot be paused");
    assert_eq!(message.footer().len(), 22);
    let posts = chat.fake.recorder().of(Route::CreateMessage);
    assert_eq!(posts[0].body["nonce"], message.footer());
    assert!(posts[0].files[0].bytes.starts_with(b"\x89PNG"), "a picture");
    assert!(text(&message.json["attachments"][0]["description"]).contains("Marketing spend"), "with words for it");

    let answer = chat.fake.press(message.id, &message.button("Acknowledge"), OWNER).await.reply().await;
    assert!(answer.ephemeral && answer.read().contains("Acknowledged: Stop at 1000"), "{}", answer.read());
    let edited = chat.shown(&["acknowledged", "Taken by Olive Owner"]).await;
    assert_eq!(edited.id, message.id, "the same message, not another one");
    assert_eq!(edited.buttons()[1], ("Acknowledged".to_owned(), None));
    assert_eq!(edited.json["attachments"].as_array().map(Vec::len), Some(1), "one picture, the new one");

    let opened = chat.fake.press(message.id, &edited.button("Open"), OWNER).await.reply().await;
    assert!(opened.ephemeral && opened.read().contains("Timeline"), "{}", opened.read());
    assert_eq!(chat.one_message_each().await, 1);
    assert_eq!(chat.campaign(&campaign).await["state"], "paused");
    chat.close(bot).await;
}

#[tokio::test]
async fn a_campaign_is_paused_by_button_and_by_command_and_resumed_and_its_message_follows() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let (autumn, winter) = (chat.costly("Autumn coupons").await, chat.costly("Winter coupons").await);
    let message = chat.shown(&["Autumn coupons (active)", "firing"]).await;

    let modal = chat.fake.press(message.id, &message.button("Pause campaign"), OWNER).await.modal().await;
    assert_eq!(modal.json["title"], "Pause campaign");
    let answer = chat.fake.submit_modal(&modal, &[("reason", "It costs *too* much")]).await.reply().await;
    assert!(answer.ephemeral && answer.read().contains("Paused: Autumn coupons"), "{}", answer.read());
    let paused = chat.campaign(&autumn).await;
    assert_eq!((text(&paused["state"]), text(&paused["state_reason"])), ("paused", "It costs *too* much"));
    let entries = chat.audited("campaign.paused", &autumn).await;
    assert_eq!((entries.len(), text(&entries[0]["via"])), (1, chat.via(OWNER).as_str()));
    assert_eq!(entries[0]["reason"], "It costs *too* much");
    let edited = chat.shown(&["Autumn coupons (paused)"]).await;
    assert_eq!((edited.id, edited.buttons()[0].1.as_deref()), (message.id, None));

    // By command, with the name completed.
    let choices = chat.fake.autocomplete(OWNER, "campaign pause", "campaign", "win").await;
    assert_eq!(choices, [("Winter coupons · active".to_owned(), winter.clone())]);
    let wish = [("campaign", choices[0].1.as_str()), ("reason", "Stock is out")];
    let answer = chat.fake.slash(OWNER, "campaign pause", &wish).await.reply().await;
    assert!(
        !answer.ephemeral && answer.read().contains("Paused: Winter coupons"),
        "the team sees it: {}",
        answer.read()
    );
    assert_eq!(chat.campaign(&winter).await["state"], "paused");
    chat.shown(&["Winter coupons (paused)"]).await;

    let wish = [("campaign", "autumn"), ("reason", "Cheaper now")];
    let answer = chat.fake.slash(OWNER, "campaign resume", &wish).await.reply().await;
    assert!(answer.read().contains("Resumed: Autumn coupons"), "{}", answer.read());
    let resumed = chat.shown(&["Autumn coupons (active)"]).await;
    assert_eq!(resumed.id, message.id);
    assert!(resumed.buttons()[0].1.is_some(), "it can be paused again");
    let history = chat.tenant.owner.get(&format!("/v1/campaigns/{autumn}/history")).await.ok();
    let states: Vec<&str> = history["data"].as_array().into_iter().flatten().map(|step| text(&step["to"])).collect();
    assert_eq!(states, ["draft", "active", "paused", "active"]);

    // A day under the line ends the incident; its message says so.
    chat.spend(&winter, 2, 20.0).await;
    chat.spend(&winter, 1, 20.0).await;
    let over = chat.shown(&["✅", "Winter coupons: over 500 a day", "Back to normal"]).await;
    assert_eq!(over.buttons()[1].1, None, "nothing is left to acknowledge");
    assert_eq!(chat.one_message_each().await, 2);
    chat.close(bot).await;
}

#[tokio::test]
async fn questions_are_answered_with_the_retailers_own_figures() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let quiet = chat.fake.slash(OWNER, "alerts list", &[]).await.reply().await;
    assert!(quiet.read().contains("All quiet"), "{}", quiet.read());
    chat.stopped("Spring coupons", 1_250.0).await;

    let kpi = chat.fake.slash(OWNER, "kpi", &[]).await.reply().await.read();
    assert!(kpi.contains("KPIs of") && kpi.contains("Marketing spend: $1,250.00"), "{kpi}");
    let campaigns = chat.fake.slash(OWNER, "campaign list", &[]).await.reply().await.read();
    assert!(campaigns.contains("Campaigns (1)") && campaigns.contains("⏸ Spring coupons"), "{campaigns}");
    let shown = chat.fake.slash(OWNER, "campaign show", &[("campaign", "spring")]).await.reply().await.read();
    assert!(shown.contains("A rule paused it") && shown.contains("$1,250.00"), "{shown}");
    let alerts = chat.fake.slash(OWNER, "alerts list", &[]).await.reply().await.read();
    assert!(alerts.contains("1 open alert") && alerts.contains("1. ⛔ Stop at 1000"), "{alerts}");
    let taken = chat.fake.slash(OWNER, "alerts ack", &[("alert", "1")]).await.reply().await.read();
    assert!(taken.contains("Acknowledged: Stop at 1000"), "{taken}");
    let help = chat.fake.slash(OWNER, "help", &[]).await.reply().await;
    assert!(help.ephemeral && help.read().contains("What you can type"), "{}", help.read());
    assert!(
        help.read().contains("/campaign pause") && help.read().contains("open alerts, numbered"),
        "{}",
        help.read()
    );
    chat.shown(&["acknowledged"]).await;
    assert_eq!(chat.one_message_each().await, 1);
    chat.close(bot).await;
}
