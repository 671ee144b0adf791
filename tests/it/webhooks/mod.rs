//! Webhooks as their receivers see them, and the client that goes nowhere but to public addresses.
//!
//! Cast: [`receiver`] (a customer's own system), `sending` (what it gets, and when again), `failing` (what becomes of one
//! that does not accept), `managing` (the endpoints), `outbound` (addresses that get no connection). The tests share one
//! service whose policy takes loopback for public; time passes by moving what the database says is due.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod failing;
mod managing;
mod outbound;
pub(crate) mod receiver;
mod sending;

use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{OwnService, Tenant, eventually, own_database};
use futures_util::future::BoxFuture;
use receiver::{DOMAIN, Receiver};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};
use tillwatch_backend::platform::outbound::{AddressPolicy, Lookup};
use tillwatch_backend::platform::wake::Topic;

/// Every name below [`DOMAIN`] is this machine; no other name has an address.
struct Loopback;

impl Lookup for Loopback {
    fn lookup(&self, host: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let known = host.ends_with(DOMAIN);
        Box::pin(async move { Ok(Vec::from_iter(known.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)))) })
    }
}

/// The service of these tests.
fn service() -> &'static OwnService {
    static SERVICE: OnceLock<OwnService> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let database = std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(own_database()));
        let policy = AddressPolicy::for_tests(|ip| ip.is_loopback(), Arc::new(Loopback), Some(receiver::authority()));
        own_service_with(database.join().expect("a database"), 8, |options| options.outbound = policy)
    })
}

/// A retailer with a receiver that a webhook of its points to.
struct Told {
    retailer: Tenant,
    receiver: Receiver,
    id: String,
    secret: String,
}

impl Told {
    /// Told of these types.
    async fn of(events: &[&str]) -> Self {
        let retailer = Tenant::sign_up_at(service(), Style::default()).await;
        let receiver = Receiver::start().await;
        let made = webhook(&retailer, &receiver.url, events).await;
        let (id, secret) = (text(&made["webhook"]["id"]).to_owned(), text(&made["secret"]).to_owned());
        Self { retailer, receiver, id, secret }
    }

    /// The path of the webhook, with what stands behind it.
    fn path(&self, rest: &str) -> String {
        format!("/v1/webhooks/{}{rest}", self.id)
    }

    /// The webhook as it is now.
    async fn webhook(&self) -> Value {
        self.retailer.owner.get(&self.path("")).await.ok()
    }

    /// Sends a test; its message.
    async fn test(&self) -> String {
        text(&self.retailer.owner.post(&self.path("/test"), json!({})).await.ok()["message"]).to_owned()
    }

    /// One message as it is now.
    async fn message(&self, id: &str) -> Value {
        let page = self.retailer.owner.get(&self.path("/messages?limit=200")).await.ok();
        page["data"].as_array().unwrap().iter().find(|message| message["id"] == id).expect("the message").clone()
    }

    /// Waits until a message is in a state after so many failures, or more: the first pause is short.
    async fn comes_to(&self, id: &str, state: &str, failures: i64) -> Value {
        let what = format!("{id} to be {state} after {failures} failures");
        eventually(&what, async || {
            let message = self.message(id).await;
            let enough = message["failures"].as_i64().unwrap() >= failures;
            (message["state"] == state && enough).then_some(message)
        })
        .await
    }

    /// The tries, newest first.
    async fn attempts(&self) -> Vec<Value> {
        let page = self.retailer.owner.get(&self.path("/deliveries?limit=200")).await.ok();
        page["data"].as_array().unwrap().clone()
    }

    /// The pauses of this retailer's messages pass.
    async fn pass_time(&self) {
        let now = format!("UPDATE queue_messages SET due_at = now() WHERE for_tenant = '{}'", self.retailer.id.0);
        service().database.execute(&now).await;
        service().inside().wake.wake(Topic::Messages);
    }

    /// The actions in the audit log about the webhook, newest first.
    async fn audited(&self) -> Vec<String> {
        let page = self.retailer.owner.get(&format!("/v1/audit-entries?object={}&limit=200", self.id)).await.ok();
        page["data"].as_array().unwrap().iter().map(|entry| text(&entry["action"]).to_owned()).collect()
    }
}

/// A new webhook of a retailer, with its secret.
async fn webhook(retailer: &Tenant, url: &str, events: &[&str]) -> Value {
    let wish = json!({ "name": "订单 system", "url": url, "events": events });
    retailer.owner.post("/v1/webhooks", wish).await.ok()
}
