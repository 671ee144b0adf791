//! The hands of the queue of messages: claim what is due, sign, send, write down what came of it.
//!
//! It has hands of its own, so that webhooks never take the jobs' (a stop-loss does not wait for somebody's server), and
//! many of them, since a hand that waits for an answer costs nothing and holds no connection to the database. Of these
//! one webhook gets a few and one retailer some more: who answers slowly or not at all waits for itself alone. A sender
//! that dies gives its messages back by the clock, and they are sent again under the same ids.

use super::model::{self, Verdict};
use super::store::attempts::{self, Tried};
use super::store::messages::{self as queue, Claimed, Due};
use super::{place, signature, stop_by_itself, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::events;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::hands::{self, Held, Queue, in_time};
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::RefCell;
use std::time::Duration;
use tillwatch_shared::ids::{EventId, MessageId, TenantId, WebhookId};
use tillwatch_shared::webhooks::{DisabledBecause, Event, Fault, Webhook, WebhookState};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// A claimed message comes back after this if its sender died.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// A message is let go after this, before somebody else may have claimed it.
const LONGEST: Duration = Duration::from_secs(25);
/// Messages sent at once.
const HANDS: usize = 128;
/// Messages of one retailer sent at once.
const OF_ONE_TENANT: usize = 6;
/// Messages sent at once to one webhook.
const TO_ONE_WEBHOOK: usize = 2;
/// Due messages that a claim looks at.
const CANDIDATES: i64 = 200;
/// Sends until `stopping` turns true; then what is in hand ends.
pub async fn run(app: &App, stopping: watch::Receiver<bool>) {
    hands::work(app, &Messages { app, taken: RefCell::default() }, stopping).await;
}

struct Messages<'a> {
    app: &'a App,
    taken: RefCell<Taken>,
}

impl Queue for Messages<'_> {
    type Piece = Claimed;
    const OF: &'static str = "messages";
    const TOPIC: Topic = Topic::Messages;
    const POLL: Duration = Duration::from_secs(1);

    async fn claim(&self, _: &Notify) -> Result<Vec<Claimed>> {
        let (at, taken) = (now(), self.taken.borrow().clone());
        if taken.left() == 0 {
            return Ok(Vec::new());
        }
        let claimed = self
            .app
            .db
            .system("claim messages to webhooks", async |tx| {
                // Who has a full share is left out, so that a long queue of theirs hides nobody else's.
                let (tenants, webhooks) = taken.served();
                let chosen = taken.choose(&queue::due(tx, at, tenants, webhooks, CANDIDATES).await?);
                if chosen.is_empty() { Ok(Vec::new()) } else { queue::claim(tx, chosen, at, at + LEASE).await }
            })
            .await?;
        let mut taken = self.taken.borrow_mut();
        for message in &claimed {
            taken.take(message.tenant, message.webhook);
        }
        Ok(claimed)
    }

    async fn perform(&self, message: &Claimed) {
        if let Err(error) = in_time(LONGEST, perform(self.app, message)).await {
            // Its lease ends by the clock, and then it is sent again.
            tracing::warn!(message = %MessageId(message.id), %error, "what came of a message could not be written down");
        }
    }

    fn free(&self, message: &Claimed) {
        self.taken.borrow_mut().free(message);
    }
}

/// What is being sent, counted by whose it is and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Taken {
    tenants: Held,
    webhooks: Held,
}

impl Taken {
    fn left(&self) -> usize {
        HANDS.saturating_sub(self.tenants.total())
    }

    /// The tenants and the webhooks that have their share.
    fn served(&self) -> (Vec<Uuid>, Vec<Uuid>) {
        (self.tenants.served(OF_ONE_TENANT), self.webhooks.served(TO_ONE_WEBHOOK))
    }

    /// The first of `due` that may be claimed.
    fn choose(&self, due: &[Due]) -> Vec<Uuid> {
        let mut taken = self.clone();
        let mut chosen = Vec::new();
        for (message, tenant, webhook) in due {
            let room = taken.tenants.of(*tenant) < OF_ONE_TENANT && taken.webhooks.of(*webhook) < TO_ONE_WEBHOOK;
            if room && taken.left() > 0 {
                taken.take(*tenant, *webhook);
                chosen.push(*message);
            }
        }
        chosen
    }

    fn take(&mut self, tenant: Uuid, webhook: Uuid) {
        self.tenants.take(tenant);
        self.webhooks.take(webhook);
    }

    fn free(&mut self, message: &Claimed) {
        self.tenants.free(message.tenant);
        self.webhooks.free(message.webhook);
    }
}

/// What is to be sent, and where.
struct Outgoing {
    webhook: Webhook,
    /// What opened of its secrets; none where they could not be read.
    secrets: Option<Vec<Vec<u8>>>,
    event: Event,
}

async fn perform(app: &App, message: &Claimed) -> Result<()> {
    let who = Who::system(TenantId(message.tenant), "webhooks", &MessageId(message.id).to_string());
    let Some(outgoing) = outgoing(app, &who, message).await? else {
        // Its webhook is not enabled, or its event is forgotten.
        return app.db.write(&who, async |tx| queue::given_up(tx, who.tenant, message).await).await;
    };
    let at = now();
    let outcome = match &outgoing.secrets {
        Some(secrets) => send(app, &outgoing, secrets, MessageId(message.id), at).await?,
        None => Err(Fault::SecretUnreadable),
    };
    let end = now();
    let duration_ms = i32::try_from((end - at).num_milliseconds().max(0)).unwrap_or(i32::MAX);
    let tried = Tried { outcome, at, duration_ms };
    app.db.write(&who, async |tx| write_down(tx, &who, message, &tried).await).await
}

async fn send(
    app: &App,
    outgoing: &Outgoing,
    secrets: &[Vec<u8>],
    id: MessageId,
    at: DateTime<Utc>,
) -> Result<Result<u16, Fault>> {
    let body = serde_json::to_vec(&outgoing.event).map_err(Error::internal)?;
    let mut headers = signature::headers(secrets, &id.to_string(), at, &body).to_vec();
    headers.push(("content-type", "application/json".to_owned()));
    Ok(app.outbound.post(&outgoing.webhook.url, &headers, body).await.map(|answer| answer.status))
}

/// Reads what is to be sent; `None` when nothing is.
async fn outgoing(app: &App, who: &Who, message: &Claimed) -> Result<Option<Outgoing>> {
    let id = WebhookId(message.webhook);
    let read = app.db.read(who, async |tx| {
        let kept = store::get(tx, who.tenant, id, false).await?;
        Ok((kept, events::find(tx, who.tenant, EventId(message.event)).await?))
    });
    let (store::Kept { webhook, secret, previous }, event) = read.await?;
    let (WebhookState::Enabled, Some(event), Some(secret)) = (webhook.state, event, secret) else { return Ok(None) };
    let previous = previous.filter(|_| webhook.previous_secret_until.is_some_and(|until| until > now()));
    let open = |sealed: &Vec<u8>| app.sealer.open(place(who.tenant, id), sealed);
    let secrets: Result<_> = [Some(&secret), previous.as_ref()].into_iter().flatten().map(open).collect();
    if let Err(error) = &secrets {
        tracing::error!(webhook = %id, %error, "a webhook's secret cannot be read; was SECRET_KEY_PREVIOUS taken away?");
    }
    let secrets = secrets.ok();
    Ok(Some(Outgoing { webhook, secrets, event }))
}

/// Writes down what came of a try, for the message and for its webhook.
async fn write_down(tx: &mut Tx, who: &Who, message: &Claimed, tried: &Tried) -> Result<()> {
    let (id, at) = (WebhookId(message.webhook), now());
    let verdict = model::judge(tried.outcome, message.failures, rand::random(), at);
    if verdict == Verdict::Accepted {
        store::recovered(tx, who.tenant, id).await?;
        queue::delivered(tx, who.tenant, message, tried, at).await?;
        return attempts::add(tx, who.tenant, message, tried).await;
    }
    // The webhook first, as everybody locks them.
    let webhook = store::get(tx, who.tenant, id, true).await?.webhook;
    let due = match verdict {
        Verdict::Again(due) => Some(due),
        _ => None,
    };
    let last_tried = attempts::last_at(tx, who.tenant, id).await?;
    queue::failed(tx, who.tenant, message, tried, due).await?;
    attempts::add(tx, who.tenant, message, tried).await?;
    // Whose secret cannot be read is not to blame for it.
    if webhook.state != WebhookState::Enabled || tried.outcome == Err(Fault::SecretUnreadable) {
        return Ok(());
    }
    let since = model::failing_since(webhook.failing_since, last_tried, tried.at);
    if webhook.failing_since != Some(since) {
        store::failing(tx, who.tenant, id, since).await?;
    }
    let webhook = Webhook { failing_since: Some(since), ..webhook };
    if verdict == Verdict::Gone {
        stop_by_itself(tx, who, webhook, DisabledBecause::Gone, at).await
    } else if model::is_given_up(since, at) && tried_enough(tx, who, id, since).await? {
        stop_by_itself(tx, who, webhook, DisabledBecause::Failing, at).await
    } else {
        Ok(())
    }
}

async fn tried_enough(tx: &mut Tx, who: &Who, id: WebhookId, since: DateTime<Utc>) -> Result<bool> {
    let most = i64::try_from(model::FEWEST_TRIES).unwrap_or(i64::MAX);
    Ok(attempts::count_since(tx, who.tenant, id, since, most).await? >= model::FEWEST_TRIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_and_a_retailer_get_their_share_however_much_of_theirs_is_due() {
        let id = Uuid::from_u128;
        let (busy, other, dead) = (id(1), id(2), id(10));
        let mut due: Vec<Due> = (0..50).map(|n| (id(1000 + n), busy, dead)).collect();
        due.extend((0..20).map(|n| (id(2000 + n), busy, id(20 + n))));
        due.push((id(3000), other, id(99)));
        let chosen: Vec<u128> = Taken::default().choose(&due).iter().map(Uuid::as_u128).collect();
        assert_eq!(chosen, [1000, 1001, 2000, 2001, 2002, 2003, 3000]);

        let mut taken = Taken::default();
        for _ in 0..2 {
            taken.take(busy, dead);
        }
        assert_eq!((taken.served(), taken.left()), ((vec![], vec![dead]), HANDS - 2));
        let message = Claimed { id: id(0), tenant: busy, webhook: dead, event: id(0), attempt: 1, failures: 0 };
        taken.free(&message);
        assert_eq!(taken.served().1, Vec::<Uuid>::new());
        taken.free(&message);
        assert_eq!(taken, Taken::default());
    }
}
