//! What the users do: commands, half-typed options, buttons and modals, as a client sends them.

use super::interactions::{self, Asked};
use super::{FakeDiscord, Inner, InteractionHandle, Modal, PATIENCE, Place};
use serde_json::{Value, json};
use std::sync::Arc;

impl FakeDiscord {
    /// A user sends a slash command in the home channel: `slash(7, "campaign pause", &[("campaign", "x")])`.
    pub(crate) async fn slash(&self, user: u64, command: &str, options: &[(&str, &str)]) -> InteractionHandle {
        self.slash_in(self.home, user, command, options).await
    }

    /// A user sends a slash command anywhere.
    pub(crate) async fn slash_in(
        &self,
        place: Place,
        user: u64,
        command: &str,
        options: &[(&str, &str)],
    ) -> InteractionHandle {
        let options = options.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let data = self.command_data(command, options).await;
        self.send(&Asked { place, user, kind: 2, data, source: None }).await
    }

    /// A user types into an option: the choices that are offered, label and value. A bot that was too slow offers none;
    /// the user types on.
    pub(crate) async fn autocomplete(
        &self,
        user: u64,
        command: &str,
        option: &str,
        typed: &str,
    ) -> Vec<(String, String)> {
        let options = vec![json!({"name": option, "value": typed, "focused": true})];
        let data = self.command_data(command, options).await;
        let typing = async {
            loop {
                let asked =
                    self.send(&Asked { place: self.home, user, kind: 4, data: data.clone(), source: None }).await;
                let look = |i: &Inner| i.world.lock().unwrap().interactions[&asked.id].choices.clone();
                let choices = self.inner.until("choices", look).await;
                if !choices.is_empty() {
                    return choices;
                }
            }
        };
        let choices = tokio::time::timeout(PATIENCE, typing).await.expect("a choice, sooner or later");
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        choices.iter().map(|c| (text(&c["name"]), text(&c["value"]))).collect()
    }

    /// A user presses a button that is there and alive.
    pub(crate) async fn press(&self, message: u64, custom_id: &str, user: u64) -> InteractionHandle {
        let place = {
            let mut world = self.inner.world.lock().unwrap();
            let message = world.message(message).expect("a message").clone();
            let buttons = message.json["components"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|row| row["components"].as_array().into_iter().flatten());
            let alive: Vec<&Value> = buttons.filter(|b| b["disabled"] != true).map(|b| &b["custom_id"]).collect();
            assert!(alive.iter().any(|id| **id == custom_id), "no live button {custom_id} among {alive:?}");
            world.place_of(message.channel)
        };
        let data = json!({"custom_id": custom_id, "component_type": 2});
        self.send(&Asked { place, user, kind: 3, data, source: Some(message) }).await
    }

    /// A user fills a modal and sends it.
    pub(crate) async fn submit_modal(&self, modal: &Modal, values: &[(&str, &str)]) -> InteractionHandle {
        let inputs = modal.json["components"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|row| row["components"].as_array().into_iter().flatten());
        let rows: Vec<Value> = inputs
            .map(|input| {
                let value = values.iter().find(|(id, _)| input["custom_id"] == *id).map_or("", |(_, v)| v);
                assert!(!value.is_empty() || input["required"] == false, "the client wants {}", input["custom_id"]);
                json!({"type": 1, "components": [{"type": 4, "custom_id": input["custom_id"], "value": value}]})
            })
            .collect();
        let data = json!({"custom_id": modal.json["custom_id"], "components": rows});
        self.send(&Asked { place: modal.place, user: modal.user, kind: 5, data, source: modal.source }).await
    }

    /// The data of a command interaction; the command and its options must be registered, since no client offers others.
    async fn command_data(&self, command: &str, mut options: Vec<Value>) -> Value {
        let commands = self.commands().await;
        let (name, sub) = command.split_once(' ').map_or((command, None), |(name, sub)| (name, Some(sub)));
        let top = commands.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("/{name} is not registered"));
        let leaf = match sub {
            Some(sub) => top["options"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|o| o["name"] == sub)
                .unwrap_or_else(|| panic!("/{command} is not registered")),
            None => top,
        };
        for option in &mut options {
            let mut known = leaf["options"].as_array().into_iter().flatten();
            let known = known.find(|o| o["name"] == option["name"]);
            let known = known.unwrap_or_else(|| panic!("/{command} has no option {}", option["name"]));
            option["type"] = known["type"].clone();
            option["value"] = typed(&known["type"], option["value"].as_str().unwrap_or_default());
        }
        let options = match sub {
            Some(sub) => json!([{"type": 1, "name": sub, "options": options}]),
            None => json!(options),
        };
        json!({"id": top["id"], "name": name, "type": 1, "options": options})
    }

    async fn send(&self, asked: &Asked) -> InteractionHandle {
        self.inner.until("a gateway session", |i| (i.gateway.connected() > 0).then_some(())).await;
        let (place, user) = (asked.place, asked.user);
        let (id, event) = interactions::open(&mut self.inner.world.lock().unwrap(), asked);
        self.inner.gateway.dispatch("INTERACTION_CREATE", &event);
        InteractionHandle { inner: Arc::clone(&self.inner), id, place, user }
    }
}

/// What a client sends for an option of this type: 4 is a whole number, 5 yes or no, 3 a text.
fn typed(kind: &Value, text: &str) -> Value {
    match kind.as_u64() {
        Some(4) => json!(text.parse::<i64>().expect("a whole number")),
        Some(5) => json!(text == "true"),
        _ => json!(text),
    }
}
