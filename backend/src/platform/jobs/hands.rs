//! The loop that every queue is worked by: claim for the hands that are free, work side by side, free the hand.
//!
//! Vocabulary: a *hand* does one piece of work at a time; what is *held* is in hand. Cast: [`Queue`] (what a queue is
//! asked for), [`work`] (the loop), [`Held`] and [`Share`] (who has how much in hand, and how much more they may have),
//! [`in_time`] (a piece of work that cannot take a hand for ever). The queues are jobs ([`super::worker`]), messages to
//! webhooks and fetches of feeds, each with hands of its own, so that none takes another's.
//! Invariants: a claim never waits for a piece of work, nor a piece of work for a claim; a hand that becomes free takes
//! the next piece whatever the others do; nobody has all hands; at the end no more is claimed, and what is in hand ends.

use super::unharmed;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::wake::Topic;
use futures_util::{StreamExt as _, stream};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// A queue that is worked by hands.
pub trait Queue {
    /// A claimed piece of work.
    type Piece;
    /// What lies in it, for the log: `jobs`.
    const OF: &'static str;
    /// What wakes it.
    const TOPIC: Topic;
    /// How often it is looked at without a wake-up.
    const POLL: Duration;

    /// Claims what is due for the hands that are free, none where all are full, and holds it. `freed` tells of a hand
    /// that becomes free, for who would wait for more of them.
    fn claim(&self, freed: &Notify) -> impl Future<Output = Result<Vec<Self::Piece>>>;

    /// Does a piece of work and writes down what came of it. Where it cannot, the piece comes back when its lease ends.
    fn perform(&self, piece: &Self::Piece) -> impl Future<Output = ()>;

    /// Holds a piece no longer.
    fn free(&self, piece: &Self::Piece);
}

/// Works `queue` until `stopping` turns true; then finishes what is in hand.
pub async fn work<Q: Queue>(app: &App, queue: &Q, stopping: watch::Receiver<bool>) {
    let freed = Notify::new();
    let (give, given) = mpsc::unbounded_channel();
    let pieces = stream::unfold(given, async |mut given| given.recv().await.map(|piece| (piece, given)));
    let working = pieces.for_each_concurrent(None, async |piece: Q::Piece| {
        queue.perform(&piece).await;
        queue.free(&piece);
        freed.notify_one();
    });
    // Side by side: see the invariants.
    tokio::join!(claim_on(app, queue, &freed, give, stopping), working);
}

/// Claims for free hands until the end.
async fn claim_on<Q: Queue>(
    app: &App,
    queue: &Q,
    freed: &Notify,
    give: mpsc::UnboundedSender<Q::Piece>,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        match queue.claim(freed).await {
            Ok(pieces) if pieces.is_empty() => tokio::select! {
                () = app.wake.wait(Q::TOPIC, Q::POLL) => {}
                () = freed.notified() => {}
                _ = stopping.changed() => {}
            },
            // There may be more.
            Ok(pieces) => {
                for piece in pieces {
                    // The other end is open as long as this one.
                    let _ = give.send(piece);
                }
            }
            Err(error) => {
                tracing::warn!(queue = Q::OF, %error, "a queue cannot be reached");
                tokio::time::sleep(Q::POLL).await;
            }
        }
    }
}

/// Does `work` within `longest`, which is shorter than the lease of what it works on.
///
/// # Errors
/// What `work` returns, and 500 when it panics or takes longer.
pub async fn in_time(longest: Duration, work: impl Future<Output = Result<()>>) -> Result<()> {
    let late = |_| Err(Error::internal(format!("it took longer than {} s", longest.as_secs())));
    timeout(longest, unharmed(work)).await.unwrap_or_else(late)
}

/// What is in hand, counted by whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held(HashMap<Uuid, usize>);

impl Held {
    /// How much is.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// How much of `owner`'s is.
    pub fn of(&self, owner: Uuid) -> usize {
        self.0.get(&owner).copied().unwrap_or_default()
    }

    /// One more of `owner`'s is.
    pub fn take(&mut self, owner: Uuid) {
        *self.0.entry(owner).or_default() += 1;
    }

    /// One of `owner`'s is no longer.
    pub fn free(&mut self, owner: Uuid) {
        if let Some(own) = self.0.get_mut(&owner) {
            *own -= 1;
            if *own == 0 {
                self.0.remove(&owner);
            }
        }
    }

    /// Who has `share` or more in hand.
    pub fn served(&self, share: usize) -> Vec<Uuid> {
        self.0.iter().filter(|(_, own)| **own >= share).map(|(owner, _)| *owner).collect()
    }
}

/// How much may be claimed: in all, and of a tenant that has some in hand already.
#[derive(Clone, Debug)]
pub struct Share {
    /// In all.
    pub most: usize,
    /// Of one tenant, what is in hand included.
    pub of_one: usize,
    /// What is in hand, by tenant.
    pub held: Held,
}

impl Share {
    /// The first of `due` (id and tenant) that may be claimed.
    pub fn choose(&self, due: &[(Uuid, Uuid)]) -> Vec<Uuid> {
        let mut held = self.held.clone();
        let fits = due.iter().filter(|(_, tenant)| {
            held.take(*tenant);
            held.of(*tenant) <= self.of_one
        });
        fits.map(|(id, _)| *id).take(self.most).collect()
    }

    /// The tenants who have their share in hand: left out of what is due, so that a long queue of theirs hides nobody
    /// else's work.
    pub fn served(&self) -> Vec<Uuid> {
        self.held.served(self.of_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_gets_its_share_and_what_it_has_in_hand_counts() {
        let [busy, idle, full] = [1, 2, 3].map(Uuid::from_u128);
        let mut held = Held::default();
        for owner in [busy, full, full, full] {
            held.take(owner);
        }
        let share = Share { most: 4, of_one: 3, held };
        let due: Vec<(Uuid, Uuid)> = [busy, busy, busy, full, busy, idle, idle, idle]
            .into_iter()
            .zip(10_u128..)
            .map(|(tenant, n)| (Uuid::from_u128(n), tenant))
            .collect();
        let chosen: Vec<u128> = share.choose(&due).iter().map(Uuid::as_u128).collect();
        assert_eq!(chosen, [10, 11, 15, 16]);
        assert_eq!(share.served(), [full]);
    }

    #[test]
    fn what_was_held_and_freed_leaves_nothing() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut held = Held::default();
        for owner in [one, one, other] {
            held.take(owner);
        }
        held.free(one);
        assert_eq!((held.total(), held.of(one), held.of(other)), (2, 1, 1));
        held.free(one);
        held.free(other);
        assert_eq!(held, Held::default());
    }
}
