//! Commands, buttons, the modal, and the gateway's moods.

use super::stub_api::StubApi;
use super::{account, buttons, delivery, showing, well_behaved, words};
use crate::fake_discord::faults::{Fault, Route};
use crate::fake_discord::{FakeDiscord, PATIENCE};
use std::time::Duration;
use tillwatch_bot::BotConfig;
use tillwatch_bot::api::BotKey;
use tillwatch_bot::discord::{Discord, DiscordConfig, DiscordError};
use tillwatch_bot::incident::incident;
use tillwatch_shared::watch::DeliveryOutcome;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A bot that runs on a fake, and the stub that it asks.
struct Bot {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), DiscordError>>,
}

impl Bot {
    fn start(fake: &FakeDiscord, api: &StubApi) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Discord::new(account(fake)).run(api.api(), stopped));
        Self { stop, task }
    }

    async fn stop(self) -> Result<(), DiscordError> {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.task).await.expect("stops in time").unwrap()
    }
}

async fn start() -> (FakeDiscord, StubApi, Bot) {
    let (fake, api) = (FakeDiscord::start().await, StubApi::start().await);
    let bot = Bot::start(&fake, &api);
    (fake, api, bot)
}

#[tokio::test]
async fn commands_are_registered_in_both_languages_and_only_servers_are_listened_to() {
    let (fake, _api, bot) = start().await;
    let commands = fake.commands().await;
    let names: Vec<&str> = commands.iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["link", "campaign", "kpi", "alerts", "goals", "budget", "digest", "report", "schedule", "help"]);
    assert_eq!(commands[1]["name_localizations"]["zh-CN"], "营销活动");
    assert_eq!(commands[3]["options"][2]["name_localizations"]["zh-CN"], "认领");
    fake.until_gateway("ready", 1).await;
    assert_eq!(fake.recorder().gateway_log()[0], "identify 1", "intents: GUILDS only");
    bot.stop().await.unwrap();
    fake.until_gateway("closed", 1).await;
    assert_eq!(fake.connections(), 0);
    well_behaved(&fake);
    fake.stop().await;
}

#[tokio::test]
async fn a_campaign_is_paused_by_command_with_completion_and_reason() {
    let (fake, api, bot) = start().await;
    let choices = fake.autocomplete(7, "campaign pause", "campaign", "spr").await;
    assert!(choices.len() == 1 && choices[0].0.contains("Spring coupons"), "{choices:?}");
    let asked = fake.slash(7, "campaign pause", &[("campaign", &choices[0].1), ("reason", "too dear")]).await;
    let answer = asked.reply().await;
    assert!(!answer.ephemeral && words(&answer).contains("Spring coupons"), "{}", words(&answer));
    let calls = api.calls("/pause");
    let home = fake.home();
    assert_eq!((calls.len(), calls[0].actor.as_str()), (1, format!("discord/{}/7", home.server).as_str()));
    assert_eq!(calls[0].body["reason"], "too dear");
    assert_eq!((asked.answers().len(), fake.visible_messages(home.channel).len()), (1, 1));
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn without_a_reason_a_modal_asks_in_the_users_language() {
    let (fake, api, bot) = start().await;
    api.speak("zh-CN");
    fake.set_locale(7, "zh-CN");
    let modal = fake.slash(7, "campaign resume", &[("campaign", "SPRING")]).await.modal().await;
    assert_eq!(modal.json["title"], "恢复营销活动");
    let answer = fake.submit_modal(&modal, &[("reason", "预算已调整")]).await.reply().await;
    assert!(words(&answer).contains("Spring coupons") && !words(&answer).contains("resumed"), "{}", words(&answer));
    assert_eq!(api.calls("/resume")[0].body["reason"], "预算已调整");
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn the_pause_button_asks_why_and_then_pauses() {
    let (fake, api, bot) = start().await;
    let mut delivery = delivery(fake.home());
    let campaign = delivery.alert.as_mut().unwrap().campaign.as_mut().unwrap();
    (campaign.id, campaign.state) = (api.campaign, "active".parse().unwrap());
    let outcome = Discord::new(account(&fake)).sink().show(&delivery, &incident(&delivery, None)).await;
    assert!(matches!(outcome, DeliveryOutcome::Posted { .. }), "{outcome:?}");
    let [message] = showing(&fake, &delivery).try_into().unwrap();
    let pause = buttons(&message).into_iter().find(|id| id.contains(":pause:")).unwrap();
    let modal = fake.press(message.id, &pause, 7).await.modal().await;
    assert_eq!(modal.json["title"], "Pause campaign");
    let answer = fake.submit_modal(&modal, &[("reason", "too dear")]).await.reply().await;
    assert!(answer.ephemeral && words(&answer).contains("Spring coupons"), "{}", words(&answer));
    assert_eq!(api.calls("/pause")[0].body["reason"], "too dear");
    // Open answers the asker alone, even when there is nothing to open.
    let open = buttons(&message).into_iter().find(|id| id.contains(":open:")).unwrap();
    assert!(fake.press(message.id, &open, 7).await.reply().await.ephemeral);
    assert_eq!(fake.visible_messages(fake.home().channel).len(), 1);
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn a_refusal_is_told_to_the_asker_alone() {
    let (fake, api, bot) = start().await;
    api.forbid();
    let asked = fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await;
    assert!(asked.reply().await.ephemeral);
    assert_eq!(fake.visible_messages(fake.home().channel).len(), 0, "no public trace");
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn two_replicas_answer_once_and_act_once() {
    let (fake, api, one) = start().await;
    let two = Bot::start(&fake, &api);
    fake.until_gateway("ready", 2).await;
    for n in 1..=3 {
        let asked = fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await;
        asked.reply().await;
        assert_eq!((asked.answers().len(), api.calls("/pause").len()), (1, n));
    }
    one.stop().await.unwrap();
    two.stop().await.unwrap();
    let refused = fake.recorder().of(Route::Callback).iter().filter(|r| r.status == 400).count();
    assert_eq!(refused, 3, "the other replica was told 40060 each time, and dropped it");
    well_behaved(&fake);
}

#[tokio::test]
async fn first_answers_that_are_lost_or_late_and_final_ones_that_fail_still_answer_once() {
    let (fake, api, bot) = start().await;
    let faults = [
        (Route::Callback, Fault::RefuseAfter(503)),
        (Route::Callback, Fault::Refuse(500)),
        (Route::Callback, Fault::LateAnswer(Duration::from_secs(20))),
        (Route::EditOriginal, Fault::RefuseAfter(502)),
        (Route::EditOriginal, Fault::Drop),
        (Route::EditOriginal, Fault::Limit(Duration::from_millis(200))),
    ];
    for (n, (route, fault)) in faults.into_iter().enumerate() {
        fake.faults().next(route, fault);
        let asked = fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await;
        assert!(words(&asked.reply().await).contains("Spring coupons"), "{fault:?}");
        assert_eq!((asked.answers().len(), api.calls("/pause").len()), (1, n + 1), "{fault:?}");
    }
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn a_question_that_is_too_old_to_be_answered_is_not_acted_on() {
    let (fake, api, bot) = start().await;
    fake.faults().next(Route::Callback, Fault::Expire);
    let late = fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await;
    fake.until_taken(Route::Callback).await;
    // The next one is answered as ever; by then the first would have been acted on.
    fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await.reply().await;
    assert_eq!((late.answers().len(), api.calls("/pause").len()), (0, 1));
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn commands_survive_disconnects_reconnects_and_invalid_sessions() {
    let (fake, api, bot) = start().await;
    fake.commands().await;
    for (n, trouble) in ["cut", "reconnect", "invalid but resumable"].into_iter().enumerate() {
        match trouble {
            "cut" => fake.disconnect_gateway(),
            "reconnect" => fake.reconnect_gateway(),
            _ => fake.invalidate_session(true),
        }
        fake.until_gateway("resumed", n + 1).await;
        fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await.reply().await;
        assert_eq!(api.calls("/pause").len(), n + 1, "{trouble}");
    }
    fake.invalidate_session(false);
    fake.until_gateway("ready", 2).await;
    fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await.reply().await;
    assert_eq!(api.calls("/pause").len(), 4);
    bot.stop().await.unwrap();
    well_behaved(&fake);
}

#[tokio::test]
async fn stopping_waits_for_the_handler_that_runs() {
    let (fake, api, bot) = start().await;
    api.slow_down(Duration::from_secs(1));
    let asked = fake.slash(7, "campaign pause", &[("campaign", "SPRING"), ("reason", "r")]).await;
    let begun = async {
        while api.calls("/pause").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("the handler begins");
    bot.stop().await.unwrap();
    assert_eq!(asked.answers().len(), 1, "answered before the bot was gone");
    well_behaved(&fake);
}

#[tokio::test]
async fn a_start_in_bad_weather_waits_and_a_wrong_token_ends() {
    let (fake, api) = (FakeDiscord::start().await, StubApi::start().await);
    fake.faults().next(Route::GatewayBot, Fault::Refuse(503));
    // The library's own question fails, too: it must not fall back to an address outside.
    fake.faults().always(Route::Gateway, Fault::Refuse(503));
    fake.faults().times(2, Route::Commands, Fault::Refuse(503));
    let bot = Bot::start(&fake, &api);
    assert_eq!(fake.commands().await.len(), 10);
    bot.stop().await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let wrong = Discord::new(DiscordConfig::new("wrong").with_client(fake.client()));
    let sink = wrong.sink();
    assert!(sink.is_open());
    let ended = tokio::time::timeout(PATIENCE, wrong.run(api.api(), stopped)).await.unwrap();
    assert!(matches!(ended, Err(DiscordError::Token)), "{ended:?}");
    assert!(!sink.is_open(), "its deliveries stay due for a bot that is let in");
}

#[tokio::test]
async fn a_refused_token_ends_a_bot_that_has_nothing_else_to_serve() {
    let (fake, api) = (FakeDiscord::start().await, StubApi::start().await);
    let (_stop, stopped) = watch::channel(false);
    let config = BotConfig {
        api_url: api.url(),
        key: BotKey::from_seed([7; 32]),
        discord: Some(DiscordConfig::new("wrong").with_client(fake.client())),
        console: None,
        robots: None,
    };
    let ended =
        tokio::time::timeout(PATIENCE, Box::pin(tillwatch_bot::run(config, stopped))).await.expect("it ends by itself");
    assert!(ended.unwrap_err().to_string().contains("DISCORD_TOKEN"), "it says what to set");
}
