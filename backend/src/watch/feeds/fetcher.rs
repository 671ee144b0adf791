//! The hands of the queue of fetches: claim due feeds, fetch, write down what came of it.
//!
//! They do nothing else, as those of webhooks: a source that is slow or dead holds up neither jobs nor other
//! retailers. A fetcher that dies gives its feeds back by the clock; what it had not written down is fetched again.

use super::runs::{give_back, perform};
use super::store::queue::{self, Claimed};
use crate::app::App;
use crate::error::Result;
use crate::platform::clock::now;
use crate::platform::jobs::hands::{self, Held, Queue, Share, in_time};
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use std::cell::RefCell;
use std::time::Duration;
use tillwatch_shared::ids::FeedId;
use tokio::sync::{Notify, watch};

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

/// Fetches until `stopping` turns true; then what is in hand is given back.
pub async fn run(app: &App, stopping: watch::Receiver<bool>) {
    let fetches = Fetches { app, ending: stopping.clone(), held: RefCell::default() };
    hands::work(app, &fetches, stopping).await;
}

struct Fetches<'a> {
    app: &'a App,
    ending: watch::Receiver<bool>,
    held: RefCell<Held>,
}

impl Queue for Fetches<'_> {
    type Piece = Claimed;
    const OF: &'static str = "fetches";
    const TOPIC: Topic = Topic::Fetches;
    const POLL: Duration = Duration::from_secs(1);

    async fn claim(&self, _: &Notify) -> Result<Vec<Claimed>> {
        let (at, held) = (now(), self.held.borrow().clone());
        let share = Share { most: HANDS.saturating_sub(held.total()), of_one: OF_ONE_TENANT, held };
        if share.most == 0 {
            return Ok(Vec::new());
        }
        let claimed = self
            .app
            .db
            .system("claim fetches", async |tx| {
                let chosen = share.choose(&queue::due(tx, at, share.served(), CANDIDATES).await?);
                if chosen.is_empty() { Ok(Vec::new()) } else { queue::claim(tx, chosen, at, at + LEASE).await }
            })
            .await?;
        let mut held = self.held.borrow_mut();
        for one in &claimed {
            held.take(one.tenant);
        }
        Ok(claimed)
    }

    async fn perform(&self, claimed: &Claimed) {
        let mut ending = self.ending.clone();
        let done = tokio::select! {
            done = in_time(LONGEST, perform(self.app, claimed)) => done,
            // Nobody waits for a slow source: nothing is written yet, and another process begins anew.
            _ = ending.wait_for(|ending| *ending) => give_back(self.app, claimed).await,
        };
        if let Err(error) = done {
            // Its lease ends by the clock, and then it is fetched again.
            tracing::warn!(feed = %FeedId(claimed.feed), %error, "what came of a fetch could not be written down");
        }
    }

    fn free(&self, claimed: &Claimed) {
        self.held.borrow_mut().free(claimed.tenant);
    }
}
