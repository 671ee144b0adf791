//! A fake Discord on loopback, inside the test's process: REST over TLS, gateway over WebSocket, faults, recorder.
//!
//! Cast: [`world`] is the platform's state, [`effects`] and [`interactions`] its rules, [`validate`] its limits,
//! [`rest`] and [`gateway`] its two doors, [`handle`] what a test holds of a question, [`faults`] the script of what goes wrong, [`recorder`] what was seen.
//! A bot is pointed at it by [`FakeDiscord::client`] alone: an HTTP client that resolves `discord.com` to the fake
//! and trusts its certificate; the gateway's address comes from the fake's own REST answers.
//! Invariants: nothing leaves loopback; everything that was started ends with [`FakeDiscord::stop`] or at drop;
//! a wait for something that does not come fails after [`PATIENCE`] and names it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken fake must fail its test loudly")]

mod body;
mod effects;
pub(crate) mod faults;
mod gateway;
mod handle;
mod interactions;
pub(crate) mod recorder;
mod rest;
pub(crate) mod tls;
mod validate;
mod world;

use faults::Faults;
use interactions::Asked;
use recorder::Recorder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use world::{Access, World};

pub(crate) use handle::{InteractionHandle, Modal};
pub(crate) use world::{Message, Place};

/// The one host that the fake plays.
const HOST: &str = "discord.com";
/// The token of the fake's one bot.
pub(crate) const TOKEN: &str = "OTAwMDAwMDAwMDAwMDAwMDAx.fake.token";
/// How long a wait may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What the two doors share.
struct Inner {
    world: Mutex<World>,
    faults: Faults,
    recorder: Recorder,
    gateway: gateway::Gateway,
    token: String,
    gateway_url: String,
    version: watch::Sender<u64>,
}

impl Inner {
    /// Something changed: waits look again.
    fn changed(&self) {
        self.version.send_modify(|v| *v += 1);
    }

    /// Waits until `look` finds something.
    async fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let mut version = self.version.subscribe();
        let wait = async {
            loop {
                version.borrow_and_update();
                if let Some(found) = look(self) {
                    return found;
                }
                // The sender lives as long as `self`.
                version.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| {
            let (violations, gateway) = (self.recorder.violations(), self.recorder.gateway_log());
            panic!("waited in vain for {what}; violations: {violations:?}; gateway: {gateway:?}")
        })
    }
}

/// Where a fake is, and whom to trust for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Door {
    address: SocketAddr,
    authority_pem: String,
}

impl Door {
    /// An HTTP client for which `discord.com` is the fake behind this door, and which trusts it.
    pub(crate) fn client(&self) -> reqwest::Client {
        reqwest::Client::builder()
            .no_proxy()
            .resolve(HOST, self.address)
            .add_root_certificate(reqwest::Certificate::from_pem(self.authority_pem.as_bytes()).unwrap())
            .build()
            .unwrap()
    }
}

/// A running fake.
pub(crate) struct FakeDiscord {
    inner: Arc<Inner>,
    authority_pem: String,
    address: SocketAddr,
    home: Place,
    tasks: Vec<JoinHandle<()>>,
}

impl FakeDiscord {
    /// Starts one on free ports of 127.0.0.1, with one server.
    pub(crate) async fn start() -> Self {
        let rest = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = rest.local_addr().unwrap();
        let gateway = socket.local_addr().unwrap();
        assert!(address.ip().is_loopback() && gateway.ip().is_loopback());
        let mut world = World::default();
        let home = world.open_server();
        let inner = Arc::new(Inner {
            world: Mutex::new(world),
            faults: Faults::default(),
            recorder: Recorder::default(),
            gateway: gateway::Gateway::default(),
            token: TOKEN.to_owned(),
            gateway_url: format!("ws://{gateway}/"),
            version: watch::Sender::new(0),
        });
        let tls = tls::make(&[HOST]);
        let tasks = vec![
            tokio::spawn(rest::serve(Arc::clone(&inner), rest, tls.acceptor)),
            tokio::spawn(gateway::serve(Arc::clone(&inner), socket)),
        ];
        Self { inner, authority_pem: tls.authority_pem, address, home, tasks }
    }

    /// An HTTP client for which `discord.com` is this fake, and which trusts it.
    pub(crate) fn client(&self) -> reqwest::Client {
        self.door().client()
    }

    /// Where to find it from another process.
    pub(crate) fn door(&self) -> Door {
        Door { address: self.address, authority_pem: self.authority_pem.clone() }
    }

    /// The script of faults.
    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// What was seen.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    /// The first server and its channel.
    pub(crate) fn home(&self) -> Place {
        self.home
    }

    /// One more server; bots that are connected are told.
    pub(crate) fn open_server(&self) -> Place {
        let place = self.inner.world.lock().unwrap().open_server();
        self.inner.gateway.dispatch("GUILD_CREATE", &gateway::server(place));
        place
    }

    /// What everybody in the channel sees, oldest first, edits applied.
    pub(crate) fn visible_messages(&self, channel: u64) -> Vec<Message> {
        self.inner.world.lock().unwrap().visible(channel)
    }

    /// Waits until a channel shows something.
    pub(crate) async fn until_visible<T>(
        &self,
        what: &str,
        channel: u64,
        mut look: impl FnMut(&[Message]) -> Option<T>,
    ) -> T {
        self.inner.until(what, |i| look(&i.world.lock().unwrap().visible(channel))).await
    }

    /// Waits until the commands are registered, and gives them.
    pub(crate) async fn commands(&self) -> Vec<Value> {
        let look = |i: &Inner| Some(i.world.lock().unwrap().commands.clone()).filter(|c| !c.is_empty());
        self.inner.until("registered commands", look).await
    }

    /// Waits until the gateway log has `n` entries like this one.
    pub(crate) async fn until_gateway(&self, entry: &str, n: usize) {
        let look =
            |i: &Inner| (i.recorder.gateway_log().iter().filter(|e| e.starts_with(entry)).count() >= n).then_some(());
        self.inner.until(&format!("{n} times {entry:?} on the gateway"), look).await;
    }

    /// How many gateway connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.inner.gateway.connected()
    }

    /// Somebody else writes into the channel.
    pub(crate) fn say(&self, place: Place, user: u64, content: &str) {
        let mut world = self.inner.world.lock().unwrap();
        let mut json = effects::shown(&mut world, &json!({"content": content}), &[], &json!({}));
        json["author"] = world::person(user);
        world.post(place, json, None, false);
    }

    /// The user's client speaks this language (`zh-CN`); `en-US` otherwise.
    pub(crate) fn set_locale(&self, user: u64, locale: &str) {
        self.inner.world.lock().unwrap().locales.insert(user, locale.to_owned());
    }

    /// Somebody deletes a message.
    pub(crate) fn delete_message(&self, id: u64) {
        self.inner.world.lock().unwrap().message(id).expect("a message").deleted = true;
        self.inner.changed();
    }

    /// The bot may no longer read what was said in the channel.
    pub(crate) fn hide_history(&self, channel: u64) {
        self.inner.world.lock().unwrap().access.insert(channel, Access::NoHistory);
    }

    /// Waits until requests of this kind have met every fault that was queued for them.
    pub(crate) async fn until_taken(&self, route: faults::Route) {
        let look = |i: &Inner| i.faults.all_taken(route).then_some(());
        self.inner.until(&format!("the faults of {route:?} to be met"), look).await;
    }

    /// Waits until so many effects have come late.
    pub(crate) async fn until_late(&self, n: usize) {
        let look = |i: &Inner| (i.recorder.late_effects() >= n).then_some(());
        self.inner.until(&format!("{n} late effects"), look).await;
    }

    /// The bot may no longer see the channel: 403 from now on.
    pub(crate) fn forbid(&self, channel: u64) {
        self.inner.world.lock().unwrap().access.insert(channel, Access::Forbidden);
    }

    /// The channel is deleted: 404 from now on.
    pub(crate) fn delete_channel(&self, channel: u64) {
        self.inner.world.lock().unwrap().access.insert(channel, Access::Gone);
    }

    /// As if the few minutes had passed for which enforced nonces are remembered.
    pub(crate) fn forget_nonces(&self) {
        self.inner.world.lock().unwrap().forget_nonces();
    }

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

    /// Every gateway connection breaks, as when a network fails. Sessions can be resumed.
    pub(crate) fn disconnect_gateway(&self) {
        self.inner.gateway.cut();
    }

    /// The gateway asks every connection to reconnect (op 7).
    pub(crate) fn reconnect_gateway(&self) {
        self.inner.gateway.reconnect();
    }

    /// The gateway invalidates every session (op 9).
    pub(crate) fn invalidate_session(&self, resumable: bool) {
        self.inner.gateway.invalidate(resumable);
    }

    /// Ends everything that was started.
    pub(crate) async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            let _aborted = task.await;
        }
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

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
