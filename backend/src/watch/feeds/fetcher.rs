//! The fetcher's loop: claim due feeds, fetch, write down what came of it.
//!
//! It has hands of its own, as the sender of webhooks has: a source that is slow or dead holds up neither jobs nor other
//! retailers. A fetcher that dies gives its feeds back by the clock; what it had not written down is fetched again.

use super::runs::{give_back, perform};
use super::store::queue::{self, Claimed};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::jobs::unharmed;
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use tillwatch_shared::ids::FeedId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// A claimed feed comes back after this if its fetcher died.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// A feed is let go after this, before somebody else may have claimed it.
const LONGEST: Duration = Duration::from_secs(50);
/// Feeds fetched at once. Each may hold a document of 10 MiB.
const HANDS: usize = 8;
/// Feeds of one retailer fetched at once.
const OF_ONE_TENANT: usize = 2;
/// Due feeds that a claim looks at.
const CANDIDATES: i64 = 100;
/// How often the queue is looked at without a wake-up.
const POLL: Duration = Duration::from_secs(1);

/// Fetches until `stopping` turns true; then what is in hand is given back.
pub async fn run(app: &App, stopping: watch::Receiver<bool>) {
    let hands = Hands::default();
    let (give, given) = mpsc::unbounded_channel();
    let fetches = stream::unfold(given, async |mut given| given.recv().await.map(|claimed| (claimed, given)));
    let ending = stopping.clone();
    let working = fetches.for_each_concurrent(None, async |claimed: Claimed| {
        let late = |_| Err(Error::internal(format!("it took longer than {} s", LONGEST.as_secs())));
        let mut ending = ending.clone();
        let done = tokio::select! {
            done = timeout(LONGEST, unharmed(perform(app, &claimed))) => done.unwrap_or_else(late),
            // Nobody waits for a slow source: nothing is written yet, and another process begins anew.
            _ = ending.wait_for(|ending| *ending) => give_back(app, &claimed).await,
        };
        if let Err(error) = done {
            // Its lease ends by the clock, and then it is fetched again.
            tracing::warn!(feed = %FeedId(claimed.feed), %error, "what came of a fetch could not be written down");
        }
        hands.free(claimed.tenant);
    });
    tokio::join!(claim_on(app, &hands, give, stopping), working);
}

async fn claim_on(app: &App, hands: &Hands, give: mpsc::UnboundedSender<Claimed>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        match claim(app, hands, &give).await {
            // There may be more.
            Ok(1..) => {}
            Ok(0) => tokio::select! {
                () = app.wake.wait(Topic::Fetches, POLL) => {}
                () = hands.freed.notified() => {}
                _ = stopping.changed() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "the queue of fetches cannot be reached");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

async fn claim(app: &App, hands: &Hands, give: &mpsc::UnboundedSender<Claimed>) -> Result<usize> {
    let (at, taken) = (now(), hands.taken.borrow().clone());
    if left(&taken) == 0 {
        return Ok(0);
    }
    let claimed = app
        .db
        .system("claim fetches", async |tx| {
            let full = taken.iter().filter(|(_, own)| **own >= OF_ONE_TENANT).map(|(tenant, _)| *tenant).collect();
            let chosen = choose(&taken, &queue::due(tx, at, full, CANDIDATES).await?);
            if chosen.is_empty() { Ok(Vec::new()) } else { queue::claim(tx, chosen, at, at + LEASE).await }
        })
        .await?;
    let count = claimed.len();
    for claimed in claimed {
        *hands.taken.borrow_mut().entry(claimed.tenant).or_default() += 1;
        // The other end is open as long as this one.
        let _ = give.send(claimed);
    }
    Ok(count)
}

/// For whom is fetched, by tenant.
type Taken = HashMap<Uuid, usize>;

fn left(taken: &Taken) -> usize {
    HANDS.saturating_sub(taken.values().sum())
}

/// The first of `due` (feed and tenant) that may be claimed.
fn choose(taken: &Taken, due: &[(Uuid, Uuid)]) -> Vec<Uuid> {
    let (mut taken, most) = (taken.clone(), left(taken));
    let fits = due.iter().filter(|(_, tenant)| {
        let own = taken.entry(*tenant).or_default();
        *own += 1;
        *own <= OF_ONE_TENANT
    });
    fits.map(|(feed, _)| *feed).take(most).collect()
}

#[derive(Default)]
struct Hands {
    taken: RefCell<Taken>,
    freed: Notify,
}

impl Hands {
    fn free(&self, tenant: Uuid) {
        let mut taken = self.taken.borrow_mut();
        if let Some(own) = taken.get_mut(&tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&tenant);
            }
        }
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_retailer_never_has_all_hands() {
        let id = Uuid::from_u128;
        let due: Vec<(Uuid, Uuid)> = (0..20).map(|n| (id(n), id(if n < 15 { 100 } else { 200 + n }))).collect();
        let chosen: Vec<u128> = choose(&Taken::new(), &due).iter().map(Uuid::as_u128).collect();
        assert_eq!(chosen, [0, 1, 15, 16, 17, 18, 19]);
        let taken = Taken::from([(id(100), 1), (id(300), 6)]);
        assert_eq!(choose(&taken, &due), [id(0)]);
    }
}
