//! Each robot's pace: its chat's limit, and one message for what waits meanwhile.
//!
//! Whoever has something to say puts it in the robot's queue and asks for its turn; whoever has the turn says all that
//! waits. So a quiet robot posts at once, and a storm becomes a few messages. Invariant: what nobody waits for any more is
//! not said, since its delivery is claimed again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tillwatch_shared::watch::DeliveryOutcome;
use tokio::sync::{Mutex as Turn, oneshot};

use super::{Limit, Said};

/// Robots that are remembered before those with nothing to say are forgotten.
const MANY: usize = 1_000;

/// Something to be said, and who waits to hear what became of it.
pub(super) struct Waiting {
    pub(super) said: Said,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) tell: oneshot::Sender<DeliveryOutcome>,
}

/// One robot.
pub(super) struct Robot {
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever posts.
    pub(super) turn: Turn<Allowance>,
}

impl Robot {
    /// Puts something in the queue.
    pub(super) fn wait(&self, waiting: Waiting) {
        self.queue().push(waiting);
    }

    /// Takes up to `most` that are still waited for, those that came first.
    pub(super) fn take(&self, most: usize) -> Vec<Waiting> {
        let mut queue = self.queue();
        queue.retain(|waiting| !waiting.tell.is_closed());
        let most = most.min(queue.len());
        queue.drain(..most).collect()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        // Entries are put in and taken out whole, so a panic elsewhere leaves the queue valid.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a robot may post (a token bucket as in RFC 2697, told by the moment at which it is full).
#[derive(Debug)]
pub(super) struct Allowance {
    limit: Limit,
    full_at: Option<Instant>,
}

impl Allowance {
    /// A full one.
    pub(super) fn new(limit: Limit) -> Self {
        Self { limit, full_at: None }
    }

    /// How long until the next post is allowed.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let until_full = self.full_at.map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        until_full.saturating_sub(self.limit.every * (self.limit.burst - 1))
    }

    /// Counts a post.
    pub(super) fn spend(&mut self, now: Instant) {
        let from = self.full_at.map_or(now, |full| full.max(now));
        self.full_at = Some(from + self.limit.every);
    }

    /// The chat says that it was too much: nothing more before `after`.
    pub(super) fn shut(&mut self, now: Instant, after: Duration) {
        self.full_at = Some(now + after + self.limit.every * (self.limit.burst - 1));
    }
}

/// The robots of a chat, by their addresses.
pub(super) struct Robots {
    limit: Limit,
    robots: Mutex<HashMap<String, Arc<Robot>>>,
}

impl Robots {
    /// None yet.
    pub(super) fn new(limit: Limit) -> Self {
        Self { limit, robots: Mutex::default() }
    }

    /// The robot at `address`.
    pub(super) fn at(&self, address: &str) -> Arc<Robot> {
        let mut robots = self.robots.lock().unwrap_or_else(PoisonError::into_inner);
        if robots.len() >= MANY && !robots.contains_key(address) {
            robots.retain(|_, robot| Arc::strong_count(robot) > 1);
        }
        let new = || Arc::new(Robot { waiting: Mutex::default(), turn: Turn::new(Allowance::new(self.limit)) });
        Arc::clone(robots.entry(address.to_owned()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_after_the_other() {
        let (every, now) = (Duration::from_secs(4), Instant::now());
        let mut allowance = Allowance::new(Limit { burst: 3, every });
        for _ in 0..3 {
            assert_eq!(allowance.wait(now), Duration::ZERO);
            allowance.spend(now);
        }
        assert_eq!(allowance.wait(now), every);
        assert_eq!(allowance.wait(now + every), Duration::ZERO);
        // In no minute are there more posts than the burst and those that were earned meanwhile.
        let (mut posts, mut at) = (0, now);
        while at < now + Duration::from_mins(1) {
            if allowance.wait(at).is_zero() {
                allowance.spend(at);
                posts += 1;
            }
            at += Duration::from_millis(100);
        }
        assert!(posts <= 15, "{posts}");
        allowance.shut(at, Duration::from_mins(10));
        assert_eq!(allowance.wait(at), Duration::from_mins(10));
    }

    #[test]
    fn no_chat_is_posted_to_more_often_than_it_allows() {
        use tillwatch_shared::watch::Transport;
        for (chat, in_a_minute) in
            [(Transport::Slack, 65), (Transport::Feishu, 105), (Transport::Dingtalk, 20), (Transport::Wecom, 20)]
        {
            let limit = super::super::limit(chat);
            let earned = Duration::from_mins(1).as_millis() / limit.every.as_millis();
            assert!(earned + u128::from(limit.burst) <= in_a_minute, "{chat}");
        }
    }
}
