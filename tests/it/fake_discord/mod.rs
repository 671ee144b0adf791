//! A fake Discord on loopback, inside the test's process: REST over TLS, gateway over WebSocket, faults, recorder.
//!
//! Cast: [`world`] is the platform's state, [`effects`] and [`interactions`] its rules, [`validate`] its limits,
//! [`rest`] and [`gateway`] its two doors, [`asking`] what users do, [`handle`] what a test holds of a question, [`faults`] the script of what goes wrong, [`recorder`] what was seen.
//! A bot is pointed at it by [`FakeDiscord::client`] alone: an HTTP client that resolves `discord.com` to the fake
//! and trusts its certificate; the gateway's address comes from the fake's own REST answers.
//! Invariants: nothing leaves loopback; everything that was started ends with [`FakeDiscord::stop`] or at drop;
//! a wait for something that does not come fails after [`PATIENCE`] and names it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken fake must fail its test loudly")]

mod asking;
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
}

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
