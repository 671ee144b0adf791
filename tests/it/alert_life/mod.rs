//! The life of an alert as a team lives it: silenced, hidden by a stop-loss, kept quiet by maintenance, told again.
//!
//! Each story has a service of its own, since the queue of deliveries is the whole service's, and a chat that shows what
//! the bot would show: it claims what is due, posts or edits, and remembers every message.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod contribution;
mod escalation;
mod inhibition;
mod maintenance;
mod silences;
mod storms;
mod why;

use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::{Style, bot, text};
use crate::harness::{Client, OwnService, Tenant, own_database, own_service};
use serde_json::{Value, json};
use tillwatch_bot::incident::incident;
use tillwatch_bot::reply::Reply;
use tillwatch_shared::watch::Delivery;

/// A retailer with a linked chat at a service of its own.
struct Story {
    service: OwnService,
    retailer: Tenant,
    /// The owner, in the chat.
    chatting: Client,
    chat: Chat,
}

impl Story {
    async fn begin() -> Self {
        Self::begin_in(Style::default()).await
    }

    async fn begin_in(style: Style) -> Self {
        let service = own_service(own_database().await, 8);
        let retailer = Tenant::sign_up_at(&service, style).await;
        let chatting = retailer.link(&retailer.owner, "s1", "boss").await;
        let chat = Chat { bot: bot(&service.anonymous()).await, messages: Vec::new() };
        Self { service, retailer, chatting, chat }
    }

    /// A rule that fires when a day's `metric` lies under 10, and what else is said of it.
    async fn threshold(&self, name: &str, metric: &str, more: Value) -> String {
        let mut wish = json!({
            "name": name, "severity": "warning",
            "spec": { "kind": "threshold", "metric": metric, "side": "below", "line": 10, "recover": 10 },
        });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let rule = self.retailer.owner.post("/v1/rules", wish).await.ok();
        self.retailer.settled().await;
        text(&rule["id"]).to_owned()
    }

    /// A day of March 2026 has this figure, and is over, since the next one has begun.
    async fn day(&self, metric: &str, day: u32, value: f64, place: Option<(&str, &str)>) {
        let at = |day: u32| format!("2026-03-{day:02}T17:00:00Z");
        let mut rows = vec![sample(metric, &at(day), "day", value)];
        if let Some((kind, id)) = place {
            rows = of(kind, id, rows);
        }
        rows.push(sample(metric, &at(day + 1), "opening", 0));
        let taken = feed(&self.retailer.owner, &rows).await.ok();
        assert_eq!(taken["refused"], 0, "{taken}");
        self.retailer.settled().await;
    }

    /// A cost of a campaign.
    async fn spend(&self, campaign: &str, key: &str, value: u32) -> Value {
        let rows = of("campaign", campaign, [sample("spend", "2026-03-03T15:00:00Z", key, value)]);
        let taken = feed(&self.retailer.owner, &rows).await.ok();
        self.retailer.settled().await;
        taken
    }

    /// The alerts, newest first.
    async fn alerts(&self, query: &str) -> Vec<Value> {
        self.retailer.owner.get(&format!("/v1/alerts{query}")).await.ok()["data"].as_array().unwrap().clone()
    }

    /// The steps of an alert's timeline, oldest first.
    async fn steps(&self, alert: &Value) -> Vec<String> {
        let timeline = self.retailer.owner.get(&format!("/v1/alerts/{}/timeline", text(&alert["id"]))).await.ok();
        let mut steps: Vec<String> =
            timeline["data"].as_array().unwrap().iter().map(|step| text(&step["event"]).to_owned()).collect();
        steps.reverse();
        steps
    }

    /// The times that are set by `set` on the quiet times, and the jobs of these kinds are due.
    async fn pass_time(&self, set: &str, kinds: &str) {
        let tenant = self.retailer.id.0;
        let database = &self.service.database;
        database.execute(&format!("UPDATE quiet_times SET {set} WHERE tenant_id = '{tenant}'")).await;
        self.due(kinds).await;
    }

    /// The jobs of these kinds are due, and done.
    async fn due(&self, kinds: &str) {
        let tenant = self.retailer.id.0;
        let kinds = kinds.split(' ').map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        self.service
            .database
            .execute(&format!(
                "UPDATE queue_jobs SET run_at = now() WHERE for_tenant = '{tenant}' AND kind IN ({kinds})"
            ))
            .await;
        self.retailer.settled().await;
    }
}

/// One message of the chat.
#[derive(Debug)]
struct Message {
    id: String,
    delivery: Value,
    edits: usize,
}

impl Message {
    /// The message as the bot shows it.
    fn reply(&self) -> Reply {
        let delivery: Delivery = serde_json::from_value(self.delivery.clone()).unwrap();
        incident(&delivery, None)
    }

    /// All its words.
    fn words(&self) -> String {
        let reply = self.reply();
        let fields = reply.fields.iter().map(|field| format!("{}: {}", field.name, field.value));
        [reply.title.clone(), reply.body.clone()].into_iter().chain(fields).collect::<Vec<_>>().join("\n")
    }

    /// The state of the alert that it shows.
    fn state(&self) -> &str {
        text(&self.delivery["alert"]["state"])
    }
}

/// A chat that shows what is due.
struct Chat {
    bot: Client,
    messages: Vec<Message>,
}

impl Chat {
    /// Shows everything that is due; the messages that are new.
    async fn catch_up(&mut self) -> Vec<usize> {
        let mut new = Vec::new();
        loop {
            let wish = json!({ "transports": ["discord"], "max": 50, "wait_ms": 0 });
            let claimed = self.bot.post("/v1/deliveries/claim", wish).await.ok();
            let claimed = claimed["data"].as_array().unwrap().clone();
            if claimed.is_empty() {
                return new;
            }
            for delivery in claimed {
                new.extend(self.show(delivery).await);
            }
        }
    }

    async fn show(&mut self, delivery: Value) -> Option<usize> {
        let known = delivery["message"].as_str().map(str::to_owned);
        let message = known.clone().unwrap_or_else(|| format!("m-{}", self.messages.len()));
        let outcome = json!({ "result": "posted", "message": message, "version": delivery["version"] });
        let report = json!({ "attempt": delivery["attempt"], "outcome": outcome });
        self.bot.post(&format!("/v1/deliveries/{}/report", text(&delivery["id"])), report).await.ok();
        if let Some(shown) = self.messages.iter_mut().find(|shown| shown.id == message) {
            shown.delivery = delivery;
            shown.edits += 1;
            return None;
        }
        assert!(known.is_none(), "an edit of a message that was never posted: {delivery}");
        self.messages.push(Message { id: message, delivery, edits: 0 });
        Some(self.messages.len() - 1)
    }

    /// The message that shows this alert, and not a notice about it.
    fn of(&self, alert: &Value) -> &Message {
        let shows =
            |message: &&Message| message.delivery["alert"]["id"] == alert["id"] && message.delivery["notice"].is_null();
        self.messages.iter().find(shows).unwrap_or_else(|| panic!("no message shows {alert}"))
    }

    /// The messages of notices of this kind.
    fn notices(&self, kind: &str) -> Vec<&Message> {
        self.messages.iter().filter(|message| message.delivery["notice"]["kind"] == kind).collect()
    }
}

/// The one that is there.
fn one<T>(mut many: Vec<T>) -> T
where
    T: std::fmt::Debug,
{
    assert_eq!(many.len(), 1, "{many:?}");
    many.remove(0)
}
