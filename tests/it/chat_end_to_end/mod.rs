//! The whole way to the chat and back: the real service, the real bot, and a fake Discord between them and the test.
//!
//! [`working`] is a good day in English, [`chinese`] one in Chinese, [`rights`] who may not, [`weather`] what fails on
//! the way, [`replicas`] two bots with one token, [`reports`] what comes
//! without being asked for, [`goals`] what is pursued, [`threads`] what is told under an incident, [`two_people`] what one alone may not. Invariant of every test: exactly one visible message per incident,
//! and no breach of the platform's rules.

#![expect(clippy::expect_used, reason = "tests")]

mod chinese;
mod goals;
mod replicas;
mod reports;
mod rights;
mod threads;
mod two_people;
mod weather;
mod working;

use crate::bot_process;
use crate::fake_discord::{FakeDiscord, Message, PATIENCE};
use crate::harness::feed::{days_ago, feed, of, sample};
use crate::harness::tenant::Style;
use crate::harness::{Client, OwnService, Tenant, eventually, own_database, own_service};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tillwatch_bot::BotError;
use tillwatch_shared::permissions::{Permission, Role};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The chat user who is linked to the owner.
const OWNER: u64 = 7;

/// A retailer with its partner, a chat server, and a bot that serves both. The service is its own: a bot claims the
/// deliveries of every retailer of a service.
struct Chat {
    fake: FakeDiscord,
    service: OwnService,
    tenant: Tenant,
    partner: Client,
}

/// The bot within this process.
struct Bot {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), BotError>>,
}

impl Bot {
    fn start(chat: &Chat) -> Self {
        let (stop, stopping) = watch::channel(false);
        let config = bot_process::config(&chat.url(), &chat.fake.door());
        Self { stop, task: tokio::spawn(tillwatch_bot::run(config, stopping)) }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it stops in time")
            .expect("no panic")
            .expect("no error");
    }
}

impl Chat {
    async fn open(style: Style) -> Self {
        let (fake, service) = (FakeDiscord::start().await, own_service(own_database().await, 6));
        let tenant = Tenant::sign_up_at(&service, style).await;
        let partner = tenant.partner(&[Permission::SamplesWrite]).await;
        Self { fake, service, tenant, partner }
    }

    /// With a bot, and the owner linked over the chat's own command.
    async fn with_bot(style: Style) -> (Self, Bot) {
        let chat = Self::open(style).await;
        let bot = Bot::start(&chat);
        chat.link(&chat.tenant.owner, OWNER).await;
        (chat, bot)
    }

    fn url(&self) -> String {
        format!("http://{}", self.service.address)
    }

    /// Somebody links a chat user to themselves; what the bot says to that.
    async fn link(&self, person: &Client, user: u64) -> Message {
        let code = person.post("/v1/chat-links/code", json!({})).await.ok();
        let code = code["code"].as_str().expect("a code").to_owned();
        let answer = self.fake.slash(user, "link", &[("code", &code)]).await.reply().await;
        assert!(answer.ephemeral, "a link is nobody else's business: {}", answer.read());
        answer
    }

    /// A staff of this role behind a chat user.
    async fn linked_staff(&self, role: Role, user: u64) -> Client {
        let staff = self.tenant.staff(role).await;
        self.link(&staff, user).await;
        staff
    }

    /// A campaign costs so much, so many days ago.
    async fn spend(&self, campaign: &str, ago: u64, amount: f64) -> Value {
        let day = days_ago(ago);
        let samples = of("campaign", campaign, [sample("spend", &format!("{day}T10:00:00Z"), "till", amount)]);
        let taken = feed(&self.partner, &samples).await.ok();
        assert_eq!(taken["refused"], 0, "{taken}");
        taken
    }

    /// A running campaign with a stop-loss line of 1,000, and what it has cost then: its id.
    async fn stopped(&self, name: &str, cost: f64) -> String {
        // Those before are long over: alerts of one minute would be told in one message.
        self.service.database.execute("UPDATE alerts SET opened_at = opened_at - interval '5 minutes'").await;
        let campaign = self.tenant.active_campaign(name).await;
        self.tenant.stop_loss(&campaign, 1_000).await;
        let taken = self.spend(&campaign, 1, cost).await;
        assert_eq!(taken["stopped"][0]["campaign"], campaign.as_str(), "paused when the write is answered: {taken}");
        campaign
    }

    /// A running campaign with one day over the line of a rule that only notifies: its id.
    async fn costly(&self, name: &str) -> String {
        let campaign = self.tenant.active_campaign(name).await;
        let wish = json!({
            "name": format!("{name}: over 500 a day"), "severity": "warning", "campaign": campaign,
            "spec": { "kind": "threshold", "metric": "spend", "side": "above", "line": 500.0 },
        });
        self.tenant.owner.post("/v1/rules", wish).await.ok();
        self.spend(&campaign, 4, 600.0).await;
        // A later day closes it.
        self.spend(&campaign, 3, 510.0).await;
        campaign
    }

    /// Waits until the chat shows a message in which all of this can be read.
    async fn shown(&self, words: &[&str]) -> Message {
        let look = |seen: &[Message]| {
            let mut fitting = seen.iter().filter(|message| {
                let read = message.read();
                !message.footer().is_empty() && words.iter().all(|word| read.contains(word))
            });
            fitting.next().cloned()
        };
        self.fake.until_visible(&format!("a message with {words:?}"), self.fake.home().channel, look).await
    }

    /// The messages that show incidents; answers to commands are left out.
    fn incidents(&self) -> Vec<Message> {
        let all = self.fake.visible_messages(self.fake.home().channel);
        all.into_iter().filter(|message| message.json["webhook_id"].is_null()).collect()
    }

    /// Waits until every delivery is done, then checks that each incident has exactly one message, whose small print
    /// names its delivery; gives how many there are.
    async fn one_message_each(&self) -> usize {
        let all_done = async || {
            let page = self.tenant.owner.get("/v1/deliveries?limit=200").await.ok();
            let all = page["data"].as_array().expect("a list").clone();
            all.iter().all(|delivery| delivery["state"] == "done").then_some(all)
        };
        let deliveries = crate::harness::eventually_within(PATIENCE * 2, "all deliveries to be done", all_done).await;
        let alerts = self.tenant.owner.get("/v1/alerts?limit=200").await.ok();
        assert_eq!(alerts["data"].as_array().map(Vec::len), Some(deliveries.len()), "an alert, a delivery");
        let messages = self.incidents();
        let shown: BTreeSet<(String, String)> =
            messages.iter().map(|m| (m.footer().to_owned(), m.id.to_string())).collect();
        let wanted: BTreeSet<(String, String)> = deliveries
            .iter()
            .map(|d| (text(&d["id"]).trim_start_matches("dlv_").to_owned(), text(&d["message"]).to_owned()))
            .collect();
        assert_eq!(shown, wanted, "one visible message per incident, and the service knows it");
        assert_eq!(messages.len(), shown.len());
        assert!(shown.iter().all(|(footer, _)| footer.len() == 22), "{shown:?}");
        messages.len()
    }

    async fn campaign(&self, id: &str) -> Value {
        self.tenant.owner.get(&format!("/v1/campaigns/{id}")).await.ok()
    }

    /// Waits until the audit log has an entry of this action on this object, and gives them all, newest first.
    async fn audited(&self, action: &str, object: &str) -> Vec<Value> {
        eventually(&format!("an audit entry {action}"), async || {
            let entries = self.tenant.audited().await;
            let fitting = entries.into_iter().filter(|e| e["action"] == action && e["object"] == object);
            Some(fitting.collect::<Vec<_>>()).filter(|found| !found.is_empty())
        })
        .await
    }

    /// How the audit log names this chat user.
    fn via(&self, user: u64) -> String {
        format!("discord/{}/{user}", self.fake.home().server)
    }

    /// Ends in order and looks at what the platform thinks of the bot.
    async fn close(self, bot: Bot) {
        bot.stop().await;
        self.close_alone().await;
    }

    async fn close_alone(self) {
        assert_eq!(self.fake.recorder().violations(), Vec::<String>::new());
        self.fake.stop().await;
        self.service.stop().await;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A moment in which what must not happen would happen.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}
